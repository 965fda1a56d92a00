/* A layer becomes part of the cache: see commit.h. */
#include "cache/commit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "cache/journal.h"
#include "cache/manifest.h"
#include "cache/merge.h"
#include "codec/digest.h"
#include "sandbox/sbx.h"

#define ADDED_FILE "added"
#define LOCK_FILE  "lock"
#define PLACE_FILE "place"

#define DEAD_PREFIX ".dead-" /* layers that are being removed */

enum { PLACE_MAX_BYTES = 4096, YOUNG_S = 60, ANY_ID = 1000 /* the build user of guests */ };

static bool has_state(const struct mel_cache_commit_opts *opts)
{
	return opts->state && opts->state->dirfd >= 0;
}

/* One committer at a time; without a state the directory itself is the lock. */
static int take_lock(const struct mel_cache_commit_opts *opts, int *fd, struct mel_err **err)
{
	int r;

	if (has_state(opts))
		return mel_cache_lock(opts->state, MEL_CACHE_LOCK, true, false, fd, err);
	*fd = mel_openat(opts->cache_dirfd, ".", O_RDONLY | O_DIRECTORY, 0);
	if (*fd < 0)
		return mel_err_sys(err, "cannot open cache directory '%s'", opts->cache_path);
	do
		r = flock(*fd, LOCK_EX);
	while (r < 0 && errno == EINTR);
	return r < 0 ? mel_err_sys(err, "cannot lock cache directory '%s'", opts->cache_path)
		     : 0;
}

static int open_folder(int dirfd, const char *name)
{
	return mel_openat_beneath(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
}

/* Did the build write anything? */
static bool is_empty(int upper_fd)
{
	int fd = open_folder(upper_fd, ".");
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry = NULL;

	if (!dir)
		return false; /* the merge will say why */
	while ((entry = readdir(dir)) && entry->d_name[strspn(entry->d_name, ".")] == '\0')
		;
	closedir(dir);
	return !entry;
}

/* When the layer was made: what changed in the cache later was not seen by its build. */
static struct timespec made_at(int layer_dirfd)
{
	struct stat st;

	if (fstatat(layer_dirfd, LOCK_FILE, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return (struct timespec){ 0 };
	return st.st_mtim;
}

/* The journal is there: merge, then account for it. The lock is held. */
static int merge(const struct mel_cache_commit_opts *opts, int layer_dirfd, int upper_fd,
		 const struct mel_cache_journal *journal, bool is_recovery,
		 struct mel_cache_tally *tally, struct mel_err **err)
{
	MEL_AUTO_CLOSE int added_fd = -1;
	struct mel_cache_merge merging = { .cache_dirfd = opts->cache_dirfd,
					   .journal = journal,
					   .is_recovery = is_recovery,
					   .tally = tally };

	if (has_state(opts)) {
		added_fd = mel_openat_beneath(
			layer_dirfd, ADDED_FILE,
			O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK, 0600);
		if (added_fd < 0)
			return mel_err_sys(err, "cannot create '%s'", ADDED_FILE);
	}
	merging.added_fd = added_fd;
	if (mel_cache_merge(&merging, upper_fd, err) < 0)
		return -1;
	if (added_fd < 0)
		return 0;
	if (mel_cache_manifest_add_file(opts->state, layer_dirfd, ADDED_FILE, err) < 0)
		return -1;
	unlinkat(layer_dirfd, ADDED_FILE, 0);
	return 0;
}

int mel_cache_commit(const struct mel_cache_commit_opts *opts, int layer_dirfd,
		     struct mel_cache_tally *tally, struct mel_err **err)
{
	MEL_AUTO_CLOSE int lock_fd = -1;
	MEL_AUTO_CLOSE int upper_fd = open_folder(layer_dirfd, "upper");
	struct mel_cache_journal journal = { .verified_only = opts->verified_only,
					     .apply_deletes = opts->apply_deletes,
					     .since = made_at(layer_dirfd) };
	struct mel_err *late MEL_AUTO_ERR = NULL;
	int r;

	mel_crypto_init();
	if (upper_fd < 0)
		return mel_err_sys(err, "cannot open the layer of the build");
	if (is_empty(upper_fd))
		return 0;
	if (take_lock(opts, &lock_fd, err) < 0 ||
	    mel_cache_journal_begin(&journal, layer_dirfd, err) < 0)
		return -1;
	r = merge(opts, layer_dirfd, upper_fd, &journal, false, tally, err);
	if (r < 0)
		mel_err_wrap(err, "cannot merge into cache directory '%s'", opts->cache_path);
	/* After a failure too: what is left is given up, nothing of it is half done. */
	return mel_cache_journal_end(layer_dirfd, r < 0 ? &late : err) < 0 ? -1 : r;
}

/* --- after a kill --- */

static void warn(const char *what, const char *name, struct mel_err **err)
{
	mel_log(MEL_LOG_WARN,
		"cache: cannot finish with the %s of a build that was killed (%s): %s", what,
		name, (*err)->text);
	mel_err_free(*err);
	*err = NULL;
}

/* Finish the merge that had begun in the layer, if one had. */
static int finish(const struct mel_cache_commit_opts *opts, int layer_dirfd, const char *name,
		  struct mel_err **err)
{
	struct mel_cache_tally tally MEL_AUTO_CACHE_TALLY = { 0 };
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	MEL_AUTO_CLOSE int lock_fd = -1;
	MEL_AUTO_CLOSE int upper_fd = -1;
	struct mel_cache_journal journal;
	int has = mel_cache_journal_read(&journal, layer_dirfd, err);

	if (has <= 0)
		return has;
	mel_crypto_init();
	upper_fd = open_folder(layer_dirfd, "upper");
	if (upper_fd < 0)
		return mel_err_sys(err, "cannot open the layer");
	if (take_lock(opts, &lock_fd, err) < 0 ||
	    merge(opts, layer_dirfd, upper_fd, &journal, true, &tally, err) < 0 ||
	    mel_cache_journal_end(layer_dirfd, err) < 0)
		return -1;
	mel_cache_tally_text(&tally, &text);
	mel_log(MEL_LOG_INFO, "cache: finished what a killed build had begun to merge (%s): %s",
		name, mel_buf_text(&text));
	return 0;
}

/* Was the folder made at least YOUNG_S ago, by the clock of its file system? */
static bool is_old(int layers_fd, int dirfd)
{
	struct stat st, now;

	return fstat(dirfd, &st) == 0 && futimens(layers_fd, NULL) == 0 &&
	       fstat(layers_fd, &now) == 0 && st.st_mtime + YOUNG_S < now.st_mtime;
}

/*
 * The lock of a layer whose build is gone; -1: it lives, or is only being started. A layer
 * elsewhere loses its lock when it is removed; its note was written when it was locked.
 */
static int lock_dead(int layers_fd, int dirfd, bool is_elsewhere)
{
	int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK;
	int fd = mel_openat_beneath(dirfd, LOCK_FILE, flags, 0);

	if (fd < 0 && errno == ENOENT && (is_elsewhere || is_old(layers_fd, dirfd)))
		fd = mel_openat_beneath(dirfd, LOCK_FILE, flags | O_CREAT, 0600);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Files of a guest with many ids may belong to ids that only such a guest may touch. */
static int remove_tree(const struct mel_cache_commit_opts *opts, const char *path,
		       struct mel_err **err)
{
	struct sbx_ids ids;
	struct sbx_err why = { 0 };

	if (mel_rmtree(AT_FDCWD, path, err) == 0)
		return 0;
	if (sbx_ids_choose(&ids, ANY_ID, ANY_ID, opts->state->dirfd, true, &why) < 0 ||
	    sbx_rmtree(&ids, path, &why) < 0)
		return -1;
	mel_err_free(*err);
	*err = NULL;
	return 0;
}

/*
 * Remove the folder of a layer, so that a removal that is killed can go on: under a name that
 * says what it is.
 */
static int remove_layer(const struct mel_cache_commit_opts *opts, int layers_fd,
			const char *name, struct mel_err **err)
{
	bool is_dead = mel_text_starts(name, DEAD_PREFIX);
	MEL_AUTO_FREE char *dead = mel_asprintf("%s%s", is_dead ? "" : DEAD_PREFIX, name);
	MEL_AUTO_FREE char *path = mel_asprintf("%s/layers/%s", opts->state->path, dead);

	if (!is_dead && renameat(layers_fd, name, layers_fd, dead) < 0)
		return mel_err_sys(err, "cannot rename");
	return remove_tree(opts, path, err);
}

/* The layer's folder when it lies elsewhere; owned, NULL: it is the one of the state. */
static char *read_place(int dirfd)
{
	MEL_AUTO_CLOSE int fd =
		mel_openat_beneath(dirfd, PLACE_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(PLACE_MAX_BYTES);
	struct mel_err *err MEL_AUTO_ERR = NULL;

	if (fd < 0 || mel_read_all(fd, PLACE_FILE, &text, &err) < 0)
		return NULL;
	while (text.len && text.ptr[text.len - 1] == '\n')
		mel_buf_truncate(&text, text.len - 1);
	return text.len && text.ptr[0] == '/' ? mel_buf_steal(&text, NULL) : NULL;
}

/* Its merge is finished where one had begun; true: it can be removed. */
static bool recover_layer(const struct mel_cache_commit_opts *opts, int layers_fd,
			  const char *name)
{
	MEL_AUTO_CLOSE int note_fd = open_folder(layers_fd, name);
	MEL_AUTO_CLOSE int layer_fd = -1;
	MEL_AUTO_CLOSE int lock_fd = -1;
	MEL_AUTO_FREE char *place = note_fd < 0 ? NULL : read_place(note_fd);
	struct mel_err *err MEL_AUTO_ERR = NULL;

	if (note_fd < 0)
		return false;
	layer_fd = place ? mel_openat(AT_FDCWD, place, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0)
			 : mel_openat_beneath(note_fd, ".", O_RDONLY | O_DIRECTORY, 0);
	if (layer_fd < 0)
		return place && errno == ENOENT; /* its place is gone already */
	lock_fd = lock_dead(layers_fd, layer_fd, place != NULL);
	if (lock_fd < 0)
		return false;
	if (finish(opts, layer_fd, name, &err) < 0 ||
	    (place && remove_tree(opts, place, &err) < 0)) {
		warn("layer", name, &err);
		return false;
	}
	if (!place && remove_layer(opts, layers_fd, name, &err) < 0) /* while it is locked */
		warn("layer", name, &err);
	return place != NULL;
}

static void recover_entry(const struct mel_cache_commit_opts *opts, int layers_fd,
			  const char *name)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;

	if (name[0] == '.' && !mel_text_starts(name, DEAD_PREFIX))
		return;
	if (name[0] != '.' && !recover_layer(opts, layers_fd, name))
		return;
	if (remove_layer(opts, layers_fd, name, &err) < 0)
		warn("layer", name, &err);
}

int mel_cache_recover(const struct mel_cache_commit_opts *opts, struct mel_err **err)
{
	struct dirent *entry;
	DIR *dir;
	int fd;

	if (!has_state(opts))
		return 0;
	fd = open_folder(opts->state->dirfd, "layers");
	if (fd < 0 && errno == ENOENT)
		return 0;
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		mel_err_sys(err, "cannot read '%s/layers'", opts->state->path);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	/* One at a time; the others need not wait for what it does. */
	if (flock(dirfd(dir), LOCK_EX | LOCK_NB) == 0)
		while ((entry = readdir(dir)))
			recover_entry(opts, dirfd(dir), entry->d_name);
	closedir(dir);
	return 0;
}
