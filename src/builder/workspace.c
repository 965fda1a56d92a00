/* The directories of one build: see workspace.h. Source: flock(2), mkdtemp(3). */
#include "builder/workspace.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/slice.h"
#include "base/vec.h"
#include "builder/ignore.h"
#include "cache/walk.h"
#include "sandbox/sbx.h"

#define STATE_PREFIX     "melange."
#define MEMORY_DIR       "/dev/shm"          /* shm_overview(7), tmpfs(5) */
#define MEMORY_MIN_BYTES ((uint64_t)3 << 30) /* that must be free */
#define MEMORY_MAX_BYTES ((uint64_t)2 << 30) /* that a build may take */
#define LOCK_NAME        "lock"
#define MARKER_NAME      ".melange-workspace"

enum { TRIES = 100 /* to make a state directory that other builds leave alone */ };

static char *absolute(const char *path)
{
	return realpath(path, NULL);
}

/* Remove what is in a state directory, the lock last: half of one is still a stale one. */
static int empty_state(int dirfd, int (*remove_one)(void *user, int dirfd, const char *name),
		       void *user)
{
	int own = mel_openat(dirfd, ".", O_RDONLY | O_DIRECTORY, 0);
	DIR *dir = own < 0 ? NULL : fdopendir(own);
	const struct dirent *entry;
	int result = 0;

	while (dir && (entry = readdir(dir)))
		if (!mel_text_eq(entry->d_name, ".") && !mel_text_eq(entry->d_name, "..") &&
		    !mel_text_eq(entry->d_name, LOCK_NAME) &&
		    remove_one(user, dirfd, entry->d_name) < 0)
			result = -1;
	if (dir)
		closedir(dir);
	else if (own >= 0)
		close(own);
	if (result == 0)
		unlinkat(dirfd, LOCK_NAME, 0);
	return result;
}

static int remove_plain(void *user, int dirfd, const char *name)
{
	MEL_AUTO_ERR struct mel_err *ignored = NULL;

	(void)user;
	return mel_rmtree(dirfd, name, &ignored);
}

/*
 * Remove one state directory if nobody holds its lock. One without a lock is kept for somebody,
 * unless it is empty: then its build was killed at its very beginning or end (or has just
 * begun, and will see that the directory is lost).
 */
static void remove_stale(int temp_fd, const char *name)
{
	MEL_AUTO_CLOSE int fd =
		mel_openat(temp_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	MEL_AUTO_CLOSE int lock =
		fd < 0 ? -1 : mel_openat(fd, LOCK_NAME, O_RDWR | O_NOFOLLOW, 0);
	struct stat st;

	if (lock < 0 && fd >= 0 && errno == ENOENT && fstat(fd, &st) == 0 &&
	    st.st_uid == geteuid())
		unlinkat(temp_fd, name, AT_REMOVEDIR);
	if (lock < 0 || fstat(lock, &st) < 0 || st.st_uid != geteuid() ||
	    flock(lock, LOCK_EX | LOCK_NB) < 0)
		return;
	if (empty_state(fd, remove_plain, NULL) == 0 &&
	    unlinkat(temp_fd, name, AT_REMOVEDIR) == 0)
		mel_log(MEL_LOG_DEBUG, "removed %s, left by a build that was killed", name);
}

static void remove_all_stale(const char *temp_dir)
{
	DIR *dir = opendir(temp_dir);
	const struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (mel_text_starts(entry->d_name, STATE_PREFIX))
			remove_stale(dirfd(dir), entry->d_name);
	closedir(dir);
}

/* Make a state directory and lock it; *is_lost when another build took it for a stale one
 * before it was locked, and has removed it or is about to. */
static int make_state(struct mel_state_dir *state, const char *temp, bool *is_lost,
		      struct mel_err **err)
{
	struct stat st = { .st_nlink = 1 };

	state->path = mel_asprintf("%s/" STATE_PREFIX "%ld.XXXXXX", temp, (long)getpid());
	if (!mkdtemp(state->path)) {
		mel_err_sys(err, "cannot make a directory in '%s'", temp);
		free(state->path);
		state->path = NULL;
		return -1;
	}
	state->dirfd = mel_openat(AT_FDCWD, state->path, O_RDONLY | O_DIRECTORY, 0);
	state->lock_fd = state->dirfd < 0
				 ? -1
				 : mel_openat(state->dirfd, LOCK_NAME,
					      O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	if (state->lock_fd < 0 && errno == ENOENT) {
		*is_lost = true;
		return 0;
	}
	if (state->lock_fd < 0)
		return mel_err_sys(err, "cannot make a lock in '%s'", state->path);
	*is_lost = flock(state->lock_fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
	if (!*is_lost && fstat(state->lock_fd, &st) < 0)
		return mel_err_sys(err, "cannot lock '%s'", state->path);
	*is_lost |= st.st_nlink == 0;
	return 0;
}

static void forget_state(struct mel_state_dir *state)
{
	if (state->lock_fd >= 0)
		close(state->lock_fd);
	if (state->dirfd >= 0)
		close(state->dirfd);
	free(state->path);
	*state = (struct mel_state_dir)MEL_STATE_DIR_INIT;
}

static int open_state(struct mel_state_dir *state, const char *temp_dir, struct mel_err **err)
{
	MEL_AUTO_FREE char *temp = absolute(temp_dir);

	if (!temp)
		return mel_err_sys(err, "cannot use temporary directory '%s'", temp_dir);
	remove_all_stale(temp);
	for (int i = 0; i < TRIES; i++) {
		bool is_lost = false;

		if (make_state(state, temp, &is_lost, err) < 0)
			return -1;
		if (!is_lost)
			return 0;
		forget_state(state);
	}
	return mel_err_set(err, MEL_ERR_SANDBOX,
			   "other builds remove every new directory in '%s'", temp);
}

/* A tmpfs for what a guest's root needs: large enough, for programs, and fit for an overlay. */
static void open_memory(struct mel_state_dir *state, uint64_t *free_bytes)
{
	MEL_AUTO_ERR struct mel_err *ignored = NULL;
	struct statfs fs;

	if (statfs(MEMORY_DIR, &fs) < 0 || fs.f_type != TMPFS_MAGIC ||
	    (fs.f_flags & (ST_NOEXEC | ST_RDONLY)) ||
	    (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize < MEMORY_MIN_BYTES ||
	    open_state(state, MEMORY_DIR, &ignored) < 0)
		return;
	/* Kernels before 6.6 have no such attributes there. */
	if (fsetxattr(state->dirfd, "user.melange", "", 0, 0) == 0) {
		*free_bytes = (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize;
		return;
	}
	unlinkat(state->dirfd, LOCK_NAME, 0);
	rmdir(state->path);
	forget_state(state);
}

static int add_bytes(void *user, const struct mel_cache_entry *entry, struct mel_err **err)
{
	(void)err;
	*(uint64_t *)user += (uint64_t)entry->st->st_blocks * 512;
	return 0;
}

/* What cannot be looked into may be large. */
static void take_as_full(void *user, const char *path, enum mel_cache_odd odd)
{
	(void)path;
	(void)odd;
	*(uint64_t *)user += MEMORY_MAX_BYTES;
}

int mel_workspace_check(const struct mel_workspace *ws, struct mel_err **err)
{
	MEL_AUTO_ERR struct mel_err *ignored = NULL;
	uint64_t bytes = 0;
	const struct mel_cache_walk walk = { add_bytes, take_as_full, &bytes };
	struct statfs fs;
	uint64_t left;

	if (!ws->memory.path || fstatfs(ws->memory.dirfd, &fs) < 0)
		return 0;
	left = (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize;
	/* Looking closer costs time, and others write there, too. */
	if (left + MEMORY_MAX_BYTES > ws->memory_free)
		return 0;
	if (mel_cache_walk(ws->memory.dirfd, &walk, &ignored) == 0 && bytes < MEMORY_MAX_BYTES)
		return 0;
	return mel_err_set(
		err, MEL_ERR_LIMIT,
		"the build wrote more than 2 GiB into the system folders of its guest, "
		"which lie in memory; set TMPDIR to a folder on disk, and they lie there");
}

const struct mel_state_dir *mel_workspace_system(const struct mel_workspace *ws)
{
	return ws->memory.path ? &ws->memory : &ws->state;
}

static bool is_empty_dir(int fd)
{
	int own = dup(fd);
	DIR *dir = own < 0 ? NULL : fdopendir(own);
	const struct dirent *entry;
	bool is_empty = dir != NULL;

	while (dir && is_empty && (entry = readdir(dir)))
		is_empty = mel_text_eq(entry->d_name, ".") || mel_text_eq(entry->d_name, "..");
	if (dir)
		closedir(dir);
	else if (own >= 0)
		close(own);
	return is_empty;
}

/* The user's workspace: ours only when it is empty or carries our marker from before. */
static int open_user_work(struct mel_workspace *ws, const char *user_dir, const char *arch,
			  struct mel_err **err)
{
	MEL_AUTO_FREE char *typed = mel_asprintf("%s/%s", user_dir, arch);

	if (mel_mkdirs(AT_FDCWD, typed, 0755, err) < 0)
		return mel_err_wrap(err, "--workspace-dir");
	ws->work_path = absolute(typed);
	ws->work_fd = mel_openat(AT_FDCWD, typed, O_RDONLY | O_DIRECTORY, 0);
	if (!ws->work_path || ws->work_fd < 0)
		return mel_err_sys(err, "cannot open workspace '%s'", typed);

	if (faccessat(ws->work_fd, MARKER_NAME, F_OK, 0) < 0) {
		if (!is_empty_dir(ws->work_fd))
			return mel_err_set(
				err, MEL_ERR_INPUT,
				"'%s' is not empty and was not made by a build; name "
				"another --workspace-dir or empty it",
				typed);
	}
	ws->is_user_dir = true;
	return mel_file_write(ws->work_fd, MARKER_NAME, "", 0, 0644, err);
}

int mel_workspace_open(struct mel_workspace *out, const struct mel_workspace_opts *opts,
		       struct mel_err **err)
{
	*out = (struct mel_workspace)MEL_WORKSPACE_INIT;
	if (open_state(&out->state, opts->temp_dir, err) < 0)
		return -1;
	if (opts->in_memory)
		open_memory(&out->memory, &out->memory_free);
	if (opts->user_dir)
		return open_user_work(out, opts->user_dir, opts->arch, err);
	if (mkdirat(out->state.dirfd, "work", 0755) < 0)
		return mel_err_sys(err, "cannot make workspace in '%s'", out->state.path);
	out->work_path = mel_asprintf("%s/work", out->state.path);
	out->work_fd = mel_openat(out->state.dirfd, "work", O_RDONLY | O_DIRECTORY, 0);
	if (out->work_fd < 0)
		return mel_err_sys(err, "cannot open workspace '%s'", out->work_path);
	return 0;
}

/* chown everything at and below dirfd, by fds, without following links; iterative. */
static int give_tree(int dirfd_, uid_t uid, gid_t gid, struct mel_err **err)
{
	MEL_VEC(DIR *) stack = { 0 };
	int own = openat(dirfd_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *top = own < 0 ? NULL : fdopendir(own);
	int result = 0;

	if (!top || fchown(own, uid, gid) < 0)
		result = mel_err_sys(err, "cannot give the workspace to uid %u", uid);
	if (top)
		mel_vec_push(&stack, top);
	while (stack.len) {
		DIR *dir = stack.at[stack.len - 1];
		const struct dirent *entry = result == 0 ? readdir(dir) : NULL;

		if (!entry) {
			closedir(dir);
			stack.len--;
			continue;
		}
		if (mel_text_eq(entry->d_name, ".") || mel_text_eq(entry->d_name, ".."))
			continue;
		if (fchownat(dirfd(dir), entry->d_name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0) {
			result = mel_err_sys(err, "cannot give '%s' to uid %u", entry->d_name,
					     uid);
			continue;
		}

		int below = openat(dirfd(dir), entry->d_name,
				   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		DIR *next = below < 0 ? NULL : fdopendir(below);

		if (next)
			mel_vec_push(&stack, next);
	}
	mel_vec_clear(&stack);
	return result;
}

int mel_workspace_give(struct mel_workspace *ws, const struct sbx_ids *ids,
		       struct mel_err **err)
{
	static const char *const own[] = { "root", "upper", "layer-work" };

	if (ids->host_uid == geteuid() && ids->host_gid == getegid())
		return 0;
	/* The state directory itself stays the caller's: nobody else may pass it. */
	for (size_t i = 0; i < MEL_COUNTOF(own); i++) {
		MEL_AUTO_CLOSE int fd = mel_openat(mel_workspace_system(ws)->dirfd, own[i],
						   O_RDONLY | O_DIRECTORY, 0);

		if (fd >= 0 && give_tree(fd, ids->host_uid, ids->host_gid, err) < 0)
			return -1;
	}
	return ids->idmap_mounts ? 0
				 : give_tree(ws->work_fd, ids->host_uid, ids->host_gid, err);
}

/* Directories that are not copied. */
typedef MEL_VEC(struct stat) skip_list;

static void add_skip(skip_list *list, const char *path)
{
	struct stat st;

	if (path && stat(path, &st) == 0)
		mel_vec_push(list, st);
}

static bool is_skipped(const skip_list *list, const struct stat *st)
{
	for (size_t i = 0; S_ISDIR(st->st_mode) && i < list->len; i++)
		if (st->st_dev == list->at[i].st_dev && st->st_ino == list->at[i].st_ino)
			return true;
	return false;
}

/* A directory pair on the way through the source; prefix is its path below the source. */
struct copy_level {
	DIR *from;
	int to_fd;
	char *prefix;
};

typedef MEL_VEC(struct copy_level) copy_stack;

static int copy_enter(copy_stack *stack, int from_at, const char *from_name, int to_at,
		      const char *to_name, char *prefix, struct mel_err **err)
{
	int from = openat(from_at, from_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int to = openat(to_at, to_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = from < 0 ? NULL : fdopendir(from);

	if (!dir || to < 0) {
		mel_err_sys(err, "cannot copy directory '%s'", *prefix ? prefix : from_name);
		if (dir)
			closedir(dir);
		else if (from >= 0)
			close(from);
		if (to >= 0)
			close(to);
		free(prefix);
		return -1;
	}
	mel_vec_push(stack, (struct copy_level){ dir, to, prefix });
	return 0;
}

static int copy_link(int from, int to, const char *name, struct mel_err **err)
{
	char target[4096];
	ssize_t len = readlinkat(from, name, target, sizeof(target) - 1);

	if (len < 0)
		return mel_err_sys(err, "cannot read link '%s'", name);
	target[len] = '\0';
	unlinkat(to, name, 0);
	if (symlinkat(target, to, name) < 0)
		return mel_err_sys(err, "cannot make link '%s'", name);
	return 0;
}

static int copy_entry(copy_stack *stack, const char *name, const struct mel_ignore *ignore,
		      const skip_list *skip, struct mel_err **err)
{
	struct copy_level level = stack->at[stack->len - 1];
	MEL_AUTO_FREE char *path =
		mel_asprintf("%s%s%s", level.prefix, *level.prefix ? "/" : "", name);
	int from = dirfd(level.from);
	struct stat st;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return mel_err_sys(err, "cannot read source '%s'", path);
	if (is_skipped(skip, &st) || mel_ignore_match(ignore, path, S_ISDIR(st.st_mode)))
		return 0;
	switch (st.st_mode & S_IFMT) {
	case S_IFDIR:
		if (mkdirat(level.to_fd, name, 0755) < 0 && errno != EEXIST)
			return mel_err_sys(err, "cannot make directory '%s'", path);
		return copy_enter(stack, from, name, level.to_fd, name, mel_steal_ptr(&path),
				  err);
	case S_IFLNK:
		return copy_link(from, level.to_fd, name, err);
	case S_IFREG:
		unlinkat(level.to_fd, name, 0);
		/* A source tree may be read-only; its copy is for the build to work in. */
		return mel_file_copy(from, name, level.to_fd, name, (st.st_mode & 0777) | 0200,
				     err);
	default:
		return 0; /* sockets, pipes and devices are no sources */
	}
}

static int copy_tree(struct mel_workspace *ws, int top, const struct mel_ignore *ignore,
		     const skip_list *skip, struct mel_err **err)
{
	copy_stack stack = { 0 };
	int result = copy_enter(&stack, top, ".", ws->work_fd, ".", mel_strdup(""), err);

	while (stack.len) {
		struct copy_level *level = &stack.at[stack.len - 1];
		const struct dirent *entry = result == 0 ? readdir(level->from) : NULL;

		if (!entry) {
			closedir(level->from);
			close(level->to_fd);
			free(level->prefix);
			stack.len--;
		} else if (!mel_text_eq(entry->d_name, ".") &&
			   !mel_text_eq(entry->d_name, "..")) {
			result = copy_entry(&stack, entry->d_name, ignore, skip, err);
		}
	}
	mel_vec_clear(&stack);
	return result;
}

int mel_workspace_populate(struct mel_workspace *ws, const char *source_dir,
			   const char *const *skip, size_t skip_len, struct mel_err **err)
{
	struct mel_ignore ignore MEL_AUTO_IGNORE = { 0 };
	skip_list skipped = { 0 };
	MEL_AUTO_CLOSE int top = mel_openat(AT_FDCWD, source_dir, O_RDONLY | O_DIRECTORY, 0);
	int result;

	if (top < 0) {
		mel_err_sys(err, "cannot open source directory '%s'", source_dir);
		return mel_err_as(err, MEL_ERR_INPUT);
	}
	if (mel_ignore_load(&ignore, top, err) < 0)
		return mel_err_wrap(err, "'%s/.melangeignore'", source_dir);
	add_skip(&skipped, ws->state.path);
	add_skip(&skipped, ws->work_path);
	for (size_t i = 0; i < skip_len; i++)
		add_skip(&skipped, skip[i]);
	result = copy_tree(ws, top, &ignore, &skipped, err);
	mel_vec_clear(&skipped);
	return result;
}

/* Remove the tree path, which is name in the directory at; files of mapped ids need the map. */
static int remove_path(const struct sbx_ids *ids, int at, const char *name, const char *path)
{
	MEL_AUTO_ERR struct mel_err *why = NULL;
	struct sbx_err sbx_why = { 0 };

	if (mel_rmtree(at, name, &why) == 0)
		return 0;
	if (ids && sbx_rmtree(ids, path, &sbx_why) == 0)
		return 0;
	mel_log(MEL_LOG_WARN, "%s", why->text);
	return -1;
}

struct closing {
	const char *path; /* of the state directory */
	const struct sbx_ids *ids;
};

static int remove_own(void *user, int dirfd, const char *name)
{
	const struct closing *closing = user;
	MEL_AUTO_FREE char *path = mel_asprintf("%s/%s", closing->path, name);

	return remove_path(closing->ids, dirfd, name, path);
}

static void close_state(struct mel_state_dir *state, const struct sbx_ids *ids, bool keep)
{
	struct closing closing = { state->path, ids };

	if (!state->path)
		return;
	if (keep)
		unlinkat(state->dirfd, LOCK_NAME,
			 0); /* without a lock file it is never stale */
	else if (state->dirfd < 0 || empty_state(state->dirfd, remove_own, &closing) == 0)
		rmdir(state->path);
	forget_state(state);
}

void mel_workspace_close(struct mel_workspace *ws, const struct sbx_ids *ids, bool keep)
{
	if (ws->is_user_dir && ws->work_fd >= 0 && !keep)
		remove_path(ids, AT_FDCWD, ws->work_path, ws->work_path);
	close_state(&ws->memory, ids, false);
	close_state(&ws->state, ids, keep);
	if (ws->work_fd >= 0)
		close(ws->work_fd);
	free(ws->work_path);
	*ws = (struct mel_workspace)MEL_WORKSPACE_INIT;
}
