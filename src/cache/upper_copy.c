/* A private copy of the cache directory in place of an overlay: see upper.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/slice.h"
#include "base/units.h"
#include "base/vec.h"
#include "cache/journal.h"
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

/* What the merge of another build is making at the moment. */
static bool is_unfinished(const struct mel_cache_entry *entry)
{
	return mel_text_starts(entry->name, MEL_CACHE_TEMP_PREFIX);
}

static int copy_entry(void *user, const struct mel_cache_entry *entry, struct mel_err **err)
{
	struct copier *c = user;

	if (is_unfinished(entry))
		return S_ISDIR(entry->st->st_mode);
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

struct marker {
	int upper_fd, cache_dirfd;
	const struct timespec *copied;
	MEL_VEC(char *) folder; /* paths, each owned */
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

/* A character device 0:0, or, where that is an overlay's own (the folder lies on one), the form
 * that overlays of users have: an empty file with an attribute. */
static int make_whiteout(int dirfd, const char *path, struct mel_err **err)
{
	MEL_AUTO_CLOSE int fd = -1;

	if (mknodat(dirfd, path, S_IFCHR, makedev(0, 0)) == 0)
		return 0;
	fd = mel_openat_beneath(dirfd, path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd >= 0 && fsetxattr(fd, "user.overlay.whiteout", "y", 1, 0) == 0)
		return 0;
	return mel_err_sys(err, "cannot note that '%s' was removed", path);
}

/* What the build removed from the copy, as an overlay would say it. */
static int mark_deleted(void *user, const struct mel_cache_entry *entry, struct mel_err **err)
{
	const struct marker *m = user;
	bool is_dir = S_ISDIR(entry->st->st_mode);
	struct stat st;

	if (is_unfinished(entry))
		return is_dir;
	/* Not there when the copy was made, or nothing that is copied. */
	if (is_after(&entry->st->st_ctim, m->copied) ||
	    (!is_dir && !S_ISREG(entry->st->st_mode) && !S_ISLNK(entry->st->st_mode)))
		return 0;
	if (S_ISREG(entry->st->st_mode) && faccessat(entry->dirfd, entry->name, R_OK, 0) < 0)
		return 0;
	if (fstatat(m->upper_fd, entry->path, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return is_dir && !S_ISDIR(st.st_mode);
	if (errno != ENOENT)
		return is_dir;
	return make_whiteout(m->upper_fd, entry->path, err) < 0 ? -1 : is_dir;
}

/* A folder that the cache has, too, and in which nothing changed, is none of the build's. */
static int note_folder(void *user, const struct mel_cache_entry *entry, struct mel_err **err)
{
	struct marker *m = user;
	struct stat st;

	(void)err;
	if (S_ISDIR(entry->st->st_mode) &&
	    fstatat(m->cache_dirfd, entry->path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(st.st_mode))
		mel_vec_push(&m->folder, mel_strdup(entry->path));
	return 0;
}

static int drop_folders(struct marker *m, struct mel_err **err)
{
	const struct mel_cache_walk walk = { note_folder, NULL, m };
	int r = mel_cache_walk(m->upper_fd, &walk, err);

	/* The innermost ones first; those with something in them stay. */
	for (size_t i = m->folder.len; i-- > 0; free(m->folder.at[i]))
		unlinkat(m->upper_fd, m->folder.at[i], AT_REMOVEDIR);
	mel_vec_clear(&m->folder);
	return r;
}

int mel_cache_upper_prune(const struct mel_cache_upper *upper, int cache_dirfd,
			  bool with_deletes, struct mel_err **err)
{
	MEL_AUTO_CLOSE int fd =
		mel_openat_beneath(upper->dirfd, "upper", O_RDONLY | O_DIRECTORY, 0);
	struct pruner p = { &upper->copied };
	struct marker m = { .upper_fd = fd,
			    .cache_dirfd = cache_dirfd,
			    .copied = &upper->copied };
	const struct mel_cache_walk deleted = { mark_deleted, NULL, &m };
	const struct mel_cache_walk unchanged = { prune_entry, NULL, &p };

	if (fd < 0)
		return mel_err_sys(err, "cannot open '%s/upper'", upper->path);
	if ((with_deletes && mel_cache_walk(cache_dirfd, &deleted, err) < 0) ||
	    mel_cache_walk(fd, &unchanged, err) < 0)
		return -1;
	return drop_folders(&m, err);
}
