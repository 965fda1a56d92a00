/*
 * An upper layer in memory, for where the caller's upper directory cannot be one: it lies on an
 * overlay itself, as everything in a container does that is not on a volume. The tmpfs is put
 * on the target first and the overlay on top of it, so it needs no place of its own.
 * Source: Documentation/filesystems/overlayfs.rst, tmpfs(5), getdents64(2).
 */
#include "sandbox/init.h"

#include <fcntl.h>
#include <linux/errno.h>
#include <sys/stat.h>

#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif

#define DEPTH_MAX  16
#define DT_DIR     4
#define ENTRY_NAME 19 /* offset of d_name in struct linux_dirent64 */

static long copy_dirs(int from, int to, int depth);

/* Make the directory name in to with the mode that from has, and fill it. */
static long copy_dir(int from, int to, const char *name, int depth)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	long source = sys(openat, from, name, flags), made, r;
	struct statx stx;

	if (source < 0)
		return source;
	r = sys(statx, source, "", AT_EMPTY_PATH, STATX_MODE, &stx);
	if (r == 0)
		r = sys(mkdirat, to, name, 0755);
	made = r < 0 ? r : sys(openat, to, name, flags);
	if (made >= 0) {
		r = sys(fchmod, made, stx.stx_mode & 07777);
		if (r == 0)
			r = copy_dirs((int)source, (int)made, depth + 1);
		sys(close, made);
	}
	sys(close, source);
	return made < 0 ? made : r;
}

static bool is_dot(const char *name)
{
	return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

/* The directories below from, without anything else; both are open for reading. */
static long copy_dirs(int from, int to, int depth)
{
	char INIT_RAW buf[1024] __attribute__((aligned(8)));
	long n;

	if (depth > DEPTH_MAX)
		return -ELOOP;
	while ((n = sys(getdents64, from, buf, sizeof(buf))) > 0)
		for (long at = 0; at < n; at += *(uint16_t *)(void *)(buf + at + 16)) {
			const char *name = buf + at + ENTRY_NAME;
			long r = 0;

			if (buf[at + ENTRY_NAME - 1] == DT_DIR && !is_dot(name))
				r = copy_dir(from, to, name, depth);
			if (r < 0)
				return r;
		}
	return n;
}

/* The directory name of the tmpfs takes the place of the descriptor *fd. */
static long make_layer(int tmpfs, const char *name, int *fd)
{
	long r = sys(mkdirat, tmpfs, name, 0755);

	if (r == 0)
		r = sys(openat, tmpfs, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r < 0)
		return r;
	sys(close, *fd);
	*fd = (int)r;
	return 0;
}

int init_upper_mount(struct init *x, const struct wire_op *op, int target)
{
	char options[64] = "mode=0755";

	if (op->num) {
		sys_append(options, sizeof(options), ",size=");
		sys_append_number(options, sizeof(options), (unsigned long)op->num);
	}
	return init_mount_fs(x, op, "tmpfs", target, options);
}

int init_upper_fill(struct init *x, struct wire_op *op, int tmpfs)
{
	long upper = sys(openat, op->fd[1], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long r = upper;

	if (r >= 0)
		r = make_layer(tmpfs, "upper", &op->fd[1]);
	if (r == 0)
		r = make_layer(tmpfs, "work", &op->fd[2]);
	if (r == 0)
		r = copy_dirs((int)upper, op->fd[1], 0);
	if (upper >= 0)
		sys(close, upper);
	return r < 0 ? init_fail(x, op->stage, WIRE_CALL_CREATE, r) : 0;
}
