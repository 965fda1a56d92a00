/* A private copy of the cache directory in place of an overlay: see upper.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/units.h"
#include "cache/upper.h"
#include "cache/walk.h"

enum { TICK_NS = 20000000, LINK_BYTES = 4096 };

struct copier {
	int to_fd; /* upper */
	uint64_t files, bytes, left_out;
};

static int copy_file(struct copier *c, const struct mel_cache_entry *entry,
		     struct mel_err **err)
{
	const struct timespec times[2] = { entry->st->st_atim, entry->st->st_mtim };
	MEL_AUTO_CLOSE int from = mel_openat_beneath(
		entry->dirfd, entry->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
	MEL_AUTO_CLOSE int to = -1;
	struct stat st;

	if (from < 0 || fstat(from, &st) < 0 || !S_ISREG(st.st_mode)) {
		c->left_out++;
		return 0;
	}
	to = mel_openat_beneath(c->to_fd, entry->path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (to < 0)
		return mel_err_sys(err, "cannot create '%s'", entry->path);
	if (ioctl(to, FICLONE, from) < 0 && mel_copy_fd(to, from, NULL, err) < 0)
		return -1;
	if (fchmod(to, st.st_mode & 0777) < 0 || futimens(to, times) < 0)
		return mel_err_sys(err, "cannot set the mode of '%s'", entry->path);
	c->files++;
	c->bytes += (uint64_t)st.st_size;
	return 0;
}

static int copy_link(struct copier *c, const struct mel_cache_entry *entry,
		     struct mel_err **err)
{
	char text[LINK_BYTES];
	ssize_t len = readlinkat(entry->dirfd, entry->name, text, sizeof(text) - 1);

	if (len < 0) {
		c->left_out++;
		return 0;
	}
	text[len] = '\0';
	return symlinkat(text, c->to_fd, entry->path) < 0
		       ? mel_err_sys(err, "cannot make the link '%s'", entry->path)
		       : 0;
}

static int copy_entry(void *user, const struct mel_cache_entry *entry, struct mel_err **err)
{
	struct copier *c = user;

	switch (entry->st->st_mode & S_IFMT) {
	case S_IFDIR:
		/* Writable, so that it can be filled; read-only folders only keep tools from
		 * mistakes. */
		return mkdirat(c->to_fd, entry->path, (entry->st->st_mode & 0777) | 0700) < 0
			       ? mel_err_sys(err, "cannot make '%s'", entry->path)
			       : 0;
	case S_IFLNK:
		return copy_link(c, entry, err);
	case S_IFREG:
		return copy_file(c, entry, err);
	default:
		c->left_out++;
		return 0;
	}
}

static void count_odd(void *user, const char *path, enum mel_cache_odd odd)
{
	struct copier *c = user;

	(void)path;
	(void)odd;
	c->left_out++;
}

/* The time of the file system when all is copied, and a moment more: what changes later has
 * another one. */
static int stamp(struct mel_cache_upper *upper, struct mel_err **err)
{
	const struct timespec tick = { .tv_nsec = TICK_NS };
	struct stat st;

	if (mel_file_write(upper->dirfd, "copied", "", 0, 0600, err) < 0)
		return -1;
	if (fstatat(upper->dirfd, "copied", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return mel_err_sys(err, "cannot read '%s/copied'", upper->path);
	upper->copied = st.st_ctim;
	nanosleep(&tick, NULL);
	return 0;
}

int mel_cache_upper_copy(struct mel_cache_upper *upper, int cache_dirfd, const char *cache_path,
			 struct mel_err **err)
{
	MEL_AUTO_CLOSE int to_fd =
		mel_openat_beneath(upper->dirfd, "upper", O_RDONLY | O_DIRECTORY, 0);
	struct copier c = { .to_fd = to_fd };
	const struct mel_cache_walk walk = { copy_entry, count_odd, &c };
	struct mel_buf size MEL_AUTO_BUF = MEL_BUF_INIT(64);

	if (to_fd < 0)
		return mel_err_sys(err, "cannot open '%s/upper'", upper->path);
	/* The copy is the build user's through an id-mapped mount, as the directory would be.
	 */
	if (fchown(to_fd, geteuid(), getegid()) < 0 ||
	    mel_cache_walk(cache_dirfd, &walk, err) < 0) {
		if (!*err)
			mel_err_sys(err, "cannot take '%s/upper'", upper->path);
		return mel_err_wrap(err, "cannot copy cache directory '%s'", cache_path);
	}
	mel_size_write(&size, c.bytes);
	mel_log(MEL_LOG_WARN,
		"no overlay can be mounted on the cache here: the build gets a copy of it "
		"(%llu files, %s)%s",
		(unsigned long long)c.files, mel_buf_text(&size),
		c.left_out ? ", without what could not be read" : "");
	upper->is_copy = true;
	upper->base = mel_cache_upper_bytes(upper);
	return stamp(upper, err);
}

struct pruner {
	const struct timespec *copied;
};

static bool is_after(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

static int prune_entry(void *user, const struct mel_cache_entry *entry, struct mel_err **err)
{
	const struct pruner *p = user;

	if (S_ISDIR(entry->st->st_mode) || is_after(&entry->st->st_ctim, p->copied))
		return 0;
	return unlinkat(entry->dirfd, entry->name, 0) < 0 && errno != ENOENT
		       ? mel_err_sys(err, "cannot remove '%s'", entry->path)
		       : 0;
}

int mel_cache_upper_prune(const struct mel_cache_upper *upper, struct mel_err **err)
{
	MEL_AUTO_CLOSE int fd =
		mel_openat_beneath(upper->dirfd, "upper", O_RDONLY | O_DIRECTORY, 0);
	struct pruner p = { &upper->copied };
	const struct mel_cache_walk walk = { prune_entry, NULL, &p };

	if (fd < 0)
		return mel_err_sys(err, "cannot open '%s/upper'", upper->path);
	return mel_cache_walk(fd, &walk, err);
}
