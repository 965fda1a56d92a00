/* The private layer of a build: see upper.h. */
#include "cache/upper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/units.h"
#include "cache/walk.h"
#include "sandbox/sbx.h"

enum { TRIES = 100, CHECK_S = 2, CHECK_SHARE = 20 };

#define LIMIT_LEAST   (UINT64_C(1) << 30)
#define RESERVE_BYTES (UINT64_C(16) << 20) /* what has to be left of a disk */

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static uint64_t free_bytes(int fd)
{
	struct statvfs fs;

	return fstatvfs(fd, &fs) == 0 ? (uint64_t)fs.f_bavail * fs.f_frsize : UINT64_MAX;
}

/* --- place ----------------------------------------------------------------------------------
 */

static char *new_name(void)
{
	uint32_t random = 0;

	(void)!getrandom(&random, sizeof(random), 0);
	return mel_asprintf("%ld.%08x", (long)getpid(), random);
}

/* The folder and its lock; *is_lost: another build took it for one of a dead build. */
static int make_locked(struct mel_cache_upper *upper, int at, const char *name, bool *is_lost,
		       struct mel_err **err)
{
	struct stat st;

	if (mkdirat(at, name, 0700) < 0 && errno != EEXIST)
		return mel_err_sys(err, "cannot make a layer for the cache in '%s'",
				   upper->path);
	upper->dirfd = mel_openat_beneath(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (upper->dirfd < 0)
		return mel_err_sys(err, "cannot open the layer '%s'", upper->path);
	upper->lock_fd =
		mel_openat(upper->dirfd, "lock", O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	*is_lost = upper->lock_fd < 0 && errno == EEXIST;
	if (upper->lock_fd < 0)
		return *is_lost ? 0 : mel_err_sys(err, "cannot lock '%s'", upper->path);
	*is_lost = flock(upper->lock_fd, LOCK_EX | LOCK_NB) < 0 ||
		   fstatat(upper->dirfd, "lock", &st, AT_SYMLINK_NOFOLLOW) < 0;
	return 0;
}

static void forget(struct mel_cache_upper *upper)
{
	if (upper->lock_fd >= 0)
		close(upper->lock_fd);
	if (upper->dirfd >= 0)
		close(upper->dirfd);
	free(upper->path);
	upper->path = NULL;
	upper->lock_fd = upper->dirfd = -1;
}

/* A folder of a new name in the directory at, whose path is base. */
static int make_layer(struct mel_cache_upper *upper, int at, const char *base,
		      struct mel_err **err)
{
	for (int i = 0; i < TRIES; i++) {
		MEL_AUTO_FREE char *name = new_name();
		bool is_lost = false;

		upper->path = mel_asprintf("%s/%s", base, name);
		if (make_locked(upper, at, name, &is_lost, err) < 0)
			return -1;
		if (!is_lost)
			return 0;
		forget(upper);
	}
	return mel_err_set(err, MEL_ERR_SYSTEM, "other builds remove every new layer in '%s'",
			   base);
}

static bool has_state(const struct mel_cache_upper_opts *opts)
{
	return opts->state && opts->state->dirfd >= 0;
}

static bool is_same_fs(int a, int b)
{
	struct stat st_a, st_b;

	return fstat(a, &st_a) == 0 && fstat(b, &st_b) == 0 && st_a.st_dev == st_b.st_dev;
}

static int open_layers(struct mel_cache_upper *upper, const struct mel_cache_upper_opts *opts,
		       struct mel_err **err)
{
	if (mel_mkdirs(opts->state->dirfd, "layers", 0700, err) < 0)
		return -1;
	upper->layers_fd = mel_openat_beneath(opts->state->dirfd, "layers",
					      O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	return upper->layers_fd < 0
		       ? mel_err_sys(err, "cannot open '%s/layers'", opts->state->path)
		       : 0;
}

/* A note in the state says where the layer is, for whoever recovers after a kill. */
static int leave_note(struct mel_cache_upper *upper, struct mel_err **err)
{
	MEL_AUTO_FREE char *line = mel_asprintf("%s\n", upper->path);
	MEL_AUTO_CLOSE int fd = -1;

	upper->note = new_name();
	if (mel_mkdirs(upper->layers_fd, upper->note, 0700, err) < 0)
		return -1;
	fd = mel_openat_beneath(upper->layers_fd, upper->note, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return mel_err_sys(err, "cannot open '%s'", upper->note);
	return mel_file_write(fd, "place", line, strlen(line), 0600, err);
}

static int choose_place(struct mel_cache_upper *upper, const struct mel_cache_upper_opts *opts,
			struct mel_err **err)
{
	MEL_AUTO_CLOSE int temp_fd = -1;

	if (has_state(opts) && open_layers(upper, opts, err) < 0)
		return -1;
	if (has_state(opts) && is_same_fs(upper->layers_fd, opts->cache_dirfd)) {
		MEL_AUTO_FREE char *base = mel_asprintf("%s/layers", opts->state->path);

		return make_layer(upper, upper->layers_fd, base, err);
	}
	temp_fd = mel_openat(AT_FDCWD, opts->temp_path, O_RDONLY | O_DIRECTORY, 0);
	if (temp_fd < 0)
		return mel_err_sys(err, "cannot open '%s'", opts->temp_path);
	if (make_layer(upper, temp_fd, opts->temp_path, err) < 0)
		return -1;
	return has_state(opts) ? leave_note(upper, err) : 0;
}

int mel_cache_upper_open(struct mel_cache_upper *out, const struct mel_cache_upper_opts *opts,
			 struct mel_err **err)
{
	*out = (struct mel_cache_upper)MEL_CACHE_UPPER_INIT;
	if (choose_place(out, opts, err) < 0)
		return -1;
	if (mkdirat(out->dirfd, "upper", 0755) < 0 || mkdirat(out->dirfd, "work", 0755) < 0)
		return mel_err_sys(err, "cannot make the layer '%s'", out->path);
	out->upper_path = mel_asprintf("%s/upper", out->path);
	out->work_path = mel_asprintf("%s/work", out->path);
	out->in_memory = opts->in_memory;
	out->free_before = free_bytes(out->dirfd);
	out->limit = opts->max_bytes;
	if (!out->limit && out->free_before != UINT64_MAX)
		out->limit = out->free_before / 10;
	if (!opts->max_bytes && out->limit < LIMIT_LEAST)
		out->limit = LIMIT_LEAST;
	return 0;
}

int mel_cache_upper_give(const struct mel_cache_upper *upper, const struct sbx_ids *ids,
			 struct mel_err **err)
{
	static const char *const folder[] = { "upper", "work" };

	if (ids->host_uid == geteuid() && ids->host_gid == getegid())
		return 0;
	for (size_t i = 0; i < MEL_COUNTOF(folder); i++)
		if (fchownat(upper->dirfd, folder[i], ids->host_uid, ids->host_gid,
			     AT_SYMLINK_NOFOLLOW) < 0)
			return mel_err_sys(err, "cannot give the layer '%s' to uid %u",
					   upper->path, ids->host_uid);
	return 0;
}

/* --- size -----------------------------------------------------------------------------------
 */

struct size {
	uint64_t bytes;
	bool is_hidden; /* part of it cannot be seen */
};

static int add_size(void *user, const struct mel_cache_entry *entry, struct mel_err **err)
{
	struct size *size = user;

	(void)err;
	size->bytes += (uint64_t)entry->st->st_blocks * 512;
	return 0;
}

static void hidden(void *user, const char *path, enum mel_cache_odd odd)
{
	struct size *size = user;

	(void)path;
	(void)odd;
	size->is_hidden = true;
}

uint64_t mel_cache_upper_bytes(const struct mel_cache_upper *upper)
{
	MEL_AUTO_CLOSE int fd =
		mel_openat_beneath(upper->dirfd, "upper", O_RDONLY | O_DIRECTORY, 0);
	struct size size = { 0 };
	const struct mel_cache_walk walk = { add_size, hidden, &size };
	struct mel_err *ignored MEL_AUTO_ERR = NULL;
	uint64_t left = free_bytes(upper->dirfd);

	if (fd < 0 || mel_cache_walk(fd, &walk, &ignored) < 0)
		size.is_hidden = true;
	/* What builds hide has to be on the disk all the same. */
	if (size.is_hidden && left < upper->free_before &&
	    size.bytes < upper->base + (upper->free_before - left))
		size.bytes = upper->base + (upper->free_before - left);
	return size.bytes > upper->base ? size.bytes - upper->base : 0;
}

static int check_space(const struct mel_cache_upper *upper, struct mel_err **err)
{
	uint64_t reserve = upper->free_before / 16;
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(64);
	uint64_t left = free_bytes(upper->dirfd);

	if (left > (reserve < RESERVE_BYTES ? reserve : RESERVE_BYTES))
		return 0;
	mel_size_write(&text, left);
	return mel_err_set(err, MEL_ERR_LIMIT,
			   "only %s are left in the file system of the build's layer of the "
			   "cache (%s)",
			   mel_buf_text(&text), upper->path);
}

int mel_cache_upper_check(struct mel_cache_upper *upper, bool force, struct mel_err **err)
{
	struct mel_buf has MEL_AUTO_BUF = MEL_BUF_INIT(64);
	struct mel_buf limit MEL_AUTO_BUF = MEL_BUF_INIT(64);
	int64_t begin = now_ns(), took;
	uint64_t bytes;

	if (!upper->path || upper->in_memory || (!force && begin < upper->next_ns))
		return 0;
	if (check_space(upper, err) < 0)
		return -1;
	bytes = mel_cache_upper_bytes(upper);
	took = now_ns() - begin;
	upper->next_ns = begin + (int64_t)CHECK_S * 1000000000 + CHECK_SHARE * took;
	if (bytes <= upper->limit)
		return 0;
	mel_size_write(&has, bytes);
	mel_size_write(&limit, upper->limit);
	return mel_err_set(err, MEL_ERR_LIMIT,
			   "the build wrote %s into the cache, more than its layer may hold "
			   "(%s); --cache-upper=SIZE raises the limit",
			   mel_buf_text(&has), mel_buf_text(&limit));
}

/* --- end ------------------------------------------------------------------------------------
 */

/* Out of the reach of those who remove layers of dead builds; NULL: it could not be. */
static char *move_away(const struct mel_cache_upper *upper)
{
	const char *slash = strrchr(upper->path, '/');
	MEL_AUTO_FREE char *parent = mel_strndup(upper->path, (size_t)(slash - upper->path));
	char *up = strrchr(parent, '/');
	char *to;

	if (!up || up == parent)
		return NULL;
	*up = '\0';
	to = mel_asprintf("%s/" MEL_CACHE_KEPT_PREFIX "%s", parent, slash + 1);
	if (rename(upper->path, to) == 0) {
		unlinkat(upper->dirfd, "lock", 0);
		return to;
	}
	mel_log(MEL_LOG_WARN, "cannot keep the layer '%s': %m", upper->path);
	free(to);
	return NULL;
}

static void remove_layer(const struct mel_cache_upper *upper, const struct sbx_ids *ids)
{
	struct mel_err *why MEL_AUTO_ERR = NULL;
	struct sbx_err sbx_why = { 0 };

	if (mel_rmtree(AT_FDCWD, upper->path, &why) == 0)
		return;
	if (ids && sbx_rmtree(ids, upper->path, &sbx_why) == 0)
		return;
	mel_log(MEL_LOG_WARN, "cannot remove the layer '%s': %s", upper->path, why->text);
}

void mel_cache_upper_close(struct mel_cache_upper *upper, const struct sbx_ids *ids, bool keep,
			   char **kept)
{
	struct mel_err *ignored MEL_AUTO_ERR = NULL;
	char *at = NULL;

	if (upper->path && keep && !upper->in_memory)
		at = move_away(upper);
	if (upper->path && !at)
		remove_layer(upper, ids);
	if (upper->note && upper->layers_fd >= 0)
		mel_rmtree(upper->layers_fd, upper->note, &ignored);
	if (kept)
		*kept = at;
	else
		free(at);
	forget(upper);
	free(upper->upper_path);
	free(upper->work_path);
	free(upper->note);
	if (upper->layers_fd >= 0)
		close(upper->layers_fd);
	*upper = (struct mel_cache_upper)MEL_CACHE_UPPER_INIT;
}
