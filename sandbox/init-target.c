/*
 * A path inside the guest's root, which strangers filled: links lead nowhere but into the root,
 * the target's type is checked, and what is missing is made one component at a time.
 * Source: openat2(2), open(2), path_resolution(7).
 */
#include "sandbox/init.h"

#include <fcntl.h>
#include <linux/errno.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#define AT_EMPTY_PATH 0x1000
#define LINKS_MAX     40
#define DEPTH_MAX     64
#define TEXT_MAX      4096

struct walk {
	int depth; /* fd[0] is the root and not ours */
	int links;
	int fd[DEPTH_MAX];
	size_t rest; /* position in text of what is still to be walked */
	char text[2 * TEXT_MAX];
};

bool init_is_fs(int fd, long magic)
{
	struct statfs fs;

	return sys(fstatfs, fd, &fs) == 0 && fs.f_type == magic;
}

static long mode_of(int fd)
{
	struct statx stx;
	long r = sys(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE, &stx);

	return r < 0 ? r : stx.stx_mode & S_IFMT;
}

/* Replace what is left to walk by link + "/" + rest; the text is filled from its end. */
static long walk_push_text(struct walk *w, const char *text, size_t len)
{
	size_t need = len + (w->text[w->rest] ? 1 : 0);

	if (w->rest < need)
		return -ENAMETOOLONG;
	if (need > len)
		w->text[--w->rest] = '/';
	w->rest -= len;
	for (size_t i = 0; i < len; i++)
		w->text[w->rest + i] = text[i];
	return 0;
}

static void walk_pop_to(struct walk *w, int depth)
{
	while (w->depth > depth)
		sys(close, w->fd[w->depth--]);
}

/* Take the next component, at most 255 bytes, into name; 0 at the end. */
static long walk_next(struct walk *w, char *name)
{
	size_t n = 0;

	while (w->text[w->rest] == '/')
		w->rest++;
	while (w->text[w->rest] && w->text[w->rest] != '/') {
		if (n == 255)
			return -ENAMETOOLONG;
		name[n++] = w->text[w->rest++];
	}
	name[n] = '\0';
	while (w->text[w->rest] == '/')
		w->rest++;
	return (long)n;
}

static long walk_link(struct walk *w, int link, unsigned flags)
{
	char INIT_RAW text[TEXT_MAX];
	long n;

	if ((flags & INIT_TARGET_REAL) || ++w->links > LINKS_MAX ||
	    init_is_fs(link, PROC_SUPER_MAGIC))
		return -ELOOP;
	n = sys(readlinkat, link, "", text, sizeof(text));
	if (n < 0)
		return n;
	if (n > 0 && text[0] == '/')
		walk_pop_to(w, 0);
	return walk_push_text(w, text, (size_t)n);
}

static long make(int dir, const char *name, bool as_file, int *call)
{
	long r;

	*call = WIRE_CALL_CREATE;
	if (!as_file)
		return sys(mkdirat, dir, name, 0755);
	r = sys(openat, dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (r >= 0)
		sys(close, r);
	return r < 0 ? r : 0;
}

static long walk_step(struct walk *w, const char *name, unsigned flags, int *call)
{
	bool last = w->text[w->rest] == '\0';
	int dir = w->fd[w->depth];
	long fd, mode, r;

	fd = sys(openat, dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -ENOENT && (flags & INIT_TARGET_CREATE)) {
		r = make(dir, name, last && (flags & INIT_TARGET_FILE), call);
		if (r < 0 && r != -EEXIST)
			return r;
		*call = WIRE_CALL_TARGET;
		fd = sys(openat, dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	}
	if (fd < 0)
		return fd;
	mode = mode_of((int)fd);
	if (mode == S_IFLNK) {
		r = walk_link(w, (int)fd, flags);
		sys(close, fd);
		return r;
	}
	if (mode < 0 || (!last && mode != S_IFDIR) || w->depth + 1 == DEPTH_MAX) {
		sys(close, fd);
		return mode < 0 ? mode : mode != S_IFDIR ? -ENOTDIR : -ENAMETOOLONG;
	}
	w->fd[++w->depth] = (int)fd;
	return 0;
}

static long walk(int root, const char *path, unsigned flags, int *call)
{
	struct walk INIT_RAW w;
	char name[256];
	long r;

	w.depth = 0;
	w.links = 0;
	w.fd[0] = root;
	w.rest = sizeof(w.text) - 1;
	w.text[w.rest] = '\0';
	r = walk_push_text(&w, path, sys_strlen(path));
	while (r >= 0 && (r = walk_next(&w, name)) > 0) {
		if (name[0] == '.' && name[1] == '\0')
			continue;
		if (name[0] == '.' && name[1] == '.' && name[2] == '\0')
			walk_pop_to(&w, w.depth > 0 ? w.depth - 1 : 0);
		else
			r = walk_step(&w, name, flags, call);
	}
	if (r == 0)
		r = w.depth > 0 ? w.fd[w.depth--]
				: sys(openat, root, ".", O_PATH | O_CLOEXEC | O_DIRECTORY);
	walk_pop_to(&w, 0);
	return r;
}

static long check(int fd, unsigned flags, int *call)
{
	long mode = mode_of(fd);

	*call = WIRE_CALL_TYPE;
	if (mode < 0)
		return mode;
	if ((flags & INIT_TARGET_DIR) && mode != S_IFDIR)
		return -ENOTDIR;
	if ((flags & INIT_TARGET_FILE) && mode != S_IFREG)
		return mode == S_IFDIR ? -EISDIR : -EINVAL;
	if ((flags & INIT_TARGET_PLAIN) &&
	    (init_is_fs(fd, PROC_SUPER_MAGIC) || init_is_fs(fd, SYSFS_MAGIC) ||
	     init_is_fs(fd, DEVPTS_SUPER_MAGIC)))
		return -EINVAL;
	return 0;
}

long init_target_open(int root, const char *path, unsigned flags, int *call)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC,
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	long fd, r;

	*call = WIRE_CALL_TARGET;
	if (flags & INIT_TARGET_REAL)
		how.resolve |= RESOLVE_NO_SYMLINKS;
	fd = sys(openat2, root, path, &how, sizeof(how));
	if (fd == -ENOSYS || fd == -EPERM || fd == -EAGAIN ||
	    (fd == -ENOENT && (flags & INIT_TARGET_CREATE)))
		fd = walk(root, path, flags, call);
	if (fd < 0)
		return fd;
	r = check((int)fd, flags, call);
	if (r < 0) {
		sys(close, fd);
		return r;
	}
	return fd;
}
