/* Files by directory fd: see fs.h. */
#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/vec.h"

int mel_openat(int dirfd, const char *path, int flags, mode_t mode)
{
	return openat(dirfd, path, flags | O_CLOEXEC, mode);
}

/* Component by component with O_NOFOLLOW, for kernels and filters without openat2. */
static int open_by_steps(int dirfd, const char *path, int flags, mode_t mode)
{
	MEL_AUTO_CLOSE int at = openat(dirfd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	MEL_AUTO_FREE char *copy = mel_strdup(path);
	char *rest = copy, *name;

	if (at < 0 || path[0] == '/') {
		errno = at < 0 ? errno : EXDEV;
		return -1;
	}
	while ((name = strsep(&rest, "/"))) {
		if (name[0] == '\0' && rest)
			continue;
		if (mel_text_eq(name, "..")) {
			errno = EXDEV;
			return -1;
		}

		int is_last = !rest;
		int next = openat(at, name[0] ? name : ".",
				  (is_last ? flags : O_PATH | O_DIRECTORY) | O_NOFOLLOW |
					  O_CLOEXEC,
				  mode);
		if (next < 0) {
			struct stat st;

			/* A link in place of a directory: say so as openat2 does. */
			if (errno == ENOTDIR &&
			    fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
				errno = S_ISLNK(st.st_mode) ? ELOOP : ENOTDIR;
			return -1;
		}
		close(at);
		at = next;
	}
	return mel_steal_fd(&at);
}

int mel_openat_beneath(int dirfd, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (unsigned long long)(unsigned)(flags | O_CLOEXEC),
		.mode = flags & (O_CREAT | __O_TMPFILE) ? mode : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	int fd;

	do {
		fd = (int)syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
	} while (fd < 0 && (errno == EAGAIN || errno == EINTR));
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		return open_by_steps(dirfd, path, flags, mode);
	return fd;
}

int mel_file_read(int dirfd, const char *path, struct mel_buf *buf, struct mel_err **err)
{
	/* O_NONBLOCK: a FIFO must not stall us before its type is known. */
	MEL_AUTO_CLOSE int fd = mel_openat(dirfd, path, O_RDONLY | O_NONBLOCK, 0);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return mel_err_sys(err, "cannot open '%s'", path);
	if (S_ISDIR(st.st_mode))
		return mel_err_set(err, MEL_ERR_INPUT, "'%s' is a directory, not a file", path);
	return mel_read_all(fd, path, buf, err);
}

int mel_file_write(int dirfd, const char *path, const void *bytes, size_t len, mode_t mode,
		   struct mel_err **err)
{
	MEL_AUTO_CLOSE int fd =
		mel_openat(dirfd, path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode);

	if (fd < 0 || mel_write_full(fd, bytes, len) < 0)
		return mel_err_sys(err, "cannot write '%s'", path);
	return 0;
}

int mel_mkdirs(int dirfd, const char *path, mode_t mode, struct mel_err **err)
{
	MEL_AUTO_FREE char *copy = mel_strdup(path);

	for (char *p = copy + 1; *copy && *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdirat(dirfd, copy, 0755) < 0 && errno != EEXIST)
			return mel_err_sys(err, "cannot make directory '%s'", copy);
		*p = '/';
	}
	if (mkdirat(dirfd, copy, mode) < 0 && errno != EEXIST)
		return mel_err_sys(err, "cannot make directory '%s'", path);

	struct stat st;

	if (fstatat(dirfd, copy, &st, 0) < 0)
		return mel_err_sys(err, "cannot make directory '%s'", path);
	if (!S_ISDIR(st.st_mode))
		return mel_err_set(err, MEL_ERR_INPUT, "'%s' is not a directory", path);
	return 0;
}

enum { RMTREE_OPEN_MAX = 64 }; /* directories held open at a time */

/* One directory being emptied; name is its name in the one above. */
struct level {
	DIR *dir; /* NULL while closed: many levels are below */
	char *name;
	dev_t dev;
	ino_t ino;
};

typedef MEL_VEC(struct level) level_stack;

static DIR *open_level(int dirfd, const char *name)
{
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dirfd, name, flags);

	if (fd < 0 && errno == EACCES && fchmodat(dirfd, name, 0700, 0) == 0)
		fd = openat(dirfd, name, flags);
	if (fd < 0)
		return NULL;
	if (fchmod(fd, 0700) < 0) {
		/* not ours: the removals below tell */
	}

	DIR *dir = fdopendir(fd);

	if (!dir)
		close(fd);
	return dir;
}

/* Go one level down; the level far above is closed meanwhile. */
static int push_level(level_stack *stack, int at, const char *name)
{
	DIR *dir = open_level(at, name);
	struct stat st;

	if (!dir)
		return -1;
	if (fstat(dirfd(dir), &st) < 0) {
		closedir(dir);
		return -1;
	}
	if (stack->len >= RMTREE_OPEN_MAX) {
		struct level *far = &stack->at[stack->len - RMTREE_OPEN_MAX];

		if (far->dir)
			closedir(far->dir);
		far->dir = NULL;
	}
	mel_vec_push(stack, (struct level){ dir, mel_strdup(name), st.st_dev, st.st_ino });
	return 0;
}

/* The level above again, from the one below, if it is still the same directory. */
static int reopen_level(struct level *level, int below)
{
	struct stat st;

	if (level->dir)
		return 0;
	level->dir = open_level(below, "..");
	if (!level->dir || fstat(dirfd(level->dir), &st) < 0)
		return -1;
	if (st.st_dev == level->dev && st.st_ino == level->ino)
		return 0;
	errno = ESTALE;
	return -1;
}

/* The directory on top is empty: remove it from the one above. */
static int pop_level(level_stack *stack, int at)
{
	struct level done = stack->at[--stack->len];
	int result = 0;

	if (stack->len)
		result = reopen_level(&stack->at[stack->len - 1], dirfd(done.dir));
	closedir(done.dir);
	if (result == 0)
		result = unlinkat(stack->len ? dirfd(stack->at[stack->len - 1].dir) : at,
				  done.name, AT_REMOVEDIR);
	free(done.name);
	return result;
}

/* Remove the next entry of the directory on top, or go down into it, or up when it is empty. */
static int rmtree_step(level_stack *stack, int at)
{
	DIR *dir = stack->at[stack->len - 1].dir;
	const struct dirent *entry = readdir(dir);

	if (!entry)
		return pop_level(stack, at);
	if (mel_text_eq(entry->d_name, ".") || mel_text_eq(entry->d_name, ".."))
		return 0;
	if (entry->d_type != DT_DIR && unlinkat(dirfd(dir), entry->d_name, 0) == 0)
		return 0;
	return push_level(stack, dirfd(dir), entry->d_name);
}

int mel_rmtree(int at, const char *path, struct mel_err **err)
{
	level_stack stack = { 0 };
	int result = 0;

	if (unlinkat(at, path, 0) == 0 || errno == ENOENT)
		return 0;
	if ((errno != EISDIR && errno != EPERM) || push_level(&stack, at, path) < 0)
		return mel_err_sys(err, "cannot remove '%s'", path);
	while (stack.len && result == 0) {
		result = rmtree_step(&stack, at);
		if (result < 0)
			mel_err_sys(err, "cannot remove '%s'", path);
	}
	for (size_t i = 0; i < stack.len; i++) {
		if (stack.at[i].dir)
			closedir(stack.at[i].dir);
		free(stack.at[i].name);
	}
	mel_vec_clear(&stack);
	return result;
}

int mel_file_copy(int from_dirfd, const char *from_path, int to_dirfd, const char *to_path,
		  mode_t mode, struct mel_err **err)
{
	MEL_AUTO_CLOSE int from = mel_openat(from_dirfd, from_path, O_RDONLY | O_NONBLOCK, 0);

	if (from < 0)
		return mel_err_sys(err, "cannot open '%s'", from_path);

	MEL_AUTO_CLOSE int to =
		mel_openat(to_dirfd, to_path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);

	if (to < 0 || fchmod(to, mode) < 0)
		return mel_err_sys(err, "cannot create '%s'", to_path);
	if (mel_copy_fd(to, from, NULL, err) < 0)
		return mel_err_wrap(err, "cannot copy '%s'", from_path);
	return 0;
}

enum { SWEPT_TRIES = 20 };

static char *temp_name(const char *name)
{
	static unsigned counter;

	return mel_asprintf(".%s.%ld.%u.tmp", name, (long)getpid(), counter++);
}

/* ".NAME.PID.COUNTER.tmp", as temp_name makes them */
static bool is_temp_name(const char *name)
{
	size_t len = strlen(name), end = strlen(".tmp");

	if (name[0] != '.' || len <= end || strcmp(name + len - end, ".tmp") != 0)
		return false;
	len -= end;
	for (int i = 0; i < 2; i++) {
		size_t digits = 0;

		for (; len > 1 && name[len - 1] >= '0' && name[len - 1] <= '9'; len--)
			digits++;
		if (digits == 0 || len <= 1 || name[--len] != '.')
			return false;
	}
	return len > 1;
}

static void sweep_one(int dirfd, const char *name)
{
	MEL_AUTO_CLOSE int fd = mel_openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		unlinkat(dirfd, name, 0);
}

void mel_publish_sweep(int dirfd)
{
	int own = mel_openat(dirfd, ".", O_RDONLY | O_DIRECTORY, 0);
	DIR *dir = own < 0 ? NULL : fdopendir(own);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (is_temp_name(entry->d_name))
			sweep_one(dirfd, entry->d_name);
	if (dir)
		closedir(dir);
	else if (own >= 0)
		close(own);
}

/* With a temporary name; once more if another process swept it away before it was locked. */
static void open_named(struct mel_publish *out, mode_t mode)
{
	struct stat st;

	for (int i = 0; i < SWEPT_TRIES; i++) {
		out->temp = temp_name(out->name);
		out->fd = mel_openat(out->dirfd, out->temp, O_RDWR | O_CREAT | O_EXCL, mode);
		if (out->fd < 0)
			break;
		if (flock(out->fd, LOCK_EX | LOCK_NB) == 0 && fstat(out->fd, &st) == 0 &&
		    st.st_nlink > 0)
			return;
		close(out->fd);
		free(out->temp);
		out->fd = -1;
		out->temp = NULL;
		errno = EBUSY;
	}
	free(out->temp); /* the name is not ours */
	out->temp = NULL;
}

int mel_publish_open(struct mel_publish *out, int dirfd, const char *name, mode_t mode,
		     struct mel_err **err)
{
	*out = (struct mel_publish){ .dirfd = dirfd, .fd = -1, .name = mel_strdup(name) };
	out->fd = mel_openat(dirfd, ".", O_TMPFILE | O_RDWR, mode);
	if (out->fd >= 0)
		flock(out->fd, LOCK_EX | LOCK_NB); /* without a name nobody else can */
	else
		open_named(out, mode);
	if (out->fd < 0) {
		mel_err_sys(err, "cannot create '%s'", name);
		mel_publish_abort(out);
		return mel_err_as(err, MEL_ERR_OUTPUT);
	}
	return 0;
}

int mel_publish_prepare(struct mel_publish *pub, struct mel_err **err)
{
	if (fsync(pub->fd) < 0 && errno != EINVAL && errno != EROFS) {
		mel_err_sys(err, "cannot write '%s'", pub->name);
		return mel_err_as(err, MEL_ERR_OUTPUT);
	}
	return 0;
}

/* The unnamed file gets its final name, or a temporary one when the name is taken. */
static int link_name(struct mel_publish *pub)
{
	char self[32];

	snprintf(self, sizeof(self), "/proc/self/fd/%d", pub->fd);
	if (linkat(AT_FDCWD, self, pub->dirfd, pub->name, AT_SYMLINK_FOLLOW) == 0)
		return 0;
	if (errno != EEXIST)
		return -1;
	pub->temp = temp_name(pub->name);
	if (linkat(AT_FDCWD, self, pub->dirfd, pub->temp, AT_SYMLINK_FOLLOW) == 0)
		return 0;
	free(pub->temp);
	pub->temp = NULL;
	return -1;
}

int mel_publish_commit(struct mel_publish *pub, struct mel_err **err)
{
	if ((!pub->temp && link_name(pub) < 0) ||
	    (pub->temp && renameat(pub->dirfd, pub->temp, pub->dirfd, pub->name) < 0)) {
		mel_err_sys(err, "cannot create '%s'", pub->name);
		return mel_err_as(err, MEL_ERR_OUTPUT);
	}
	free(pub->temp);
	pub->temp = NULL;
	mel_publish_abort(pub);
	return 0;
}

void mel_publish_abort(struct mel_publish *pub)
{
	if (pub->temp)
		unlinkat(pub->dirfd, pub->temp, 0);
	if (pub->fd >= 0)
		close(pub->fd);
	free(pub->temp);
	free(pub->name);
	*pub = (struct mel_publish)MEL_PUBLISH_INIT;
}
