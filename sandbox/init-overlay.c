/*
 * An overlay of a lower directory and the caller's private upper one. Layers are named by
 * descriptor, so their paths need no escape and no second look. Where the lower one is to be
 * seen id-mapped it comes as a detached tree, and so does the folder of the upper layer, which
 * pid 1 could not reach by itself; both are attached below the overlay, at its own place, where
 * nobody can reach them.
 * Source: Documentation/filesystems/overlayfs.rst, fsopen(2), fsconfig(2), fsmount(2).
 */
#include "sandbox/init.h"

#include <fcntl.h>
#include <linux/errno.h>
#include <linux/mount.h>
#include <sys/stat.h>

#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif

/* What the places of wire_op.fd hold for an overlay. */
enum { LOWER, UPPER, WORK, TREE };

static long open_dir(int at, const char *path, int flags)
{
	return sys(openat, at, path, O_PATH | O_CLOEXEC | O_DIRECTORY | flags);
}

/* --- opening the layers ---------------------------------------------------------------------
 */

int init_same(struct init *x, const struct wire_op *op, int fd)
{
	struct statx stx;
	long r;

	if (op->ino == 0)
		return 0;
	r = sys(statx, fd, "", AT_EMPTY_PATH, STATX_INO, &stx);
	if (r == 0 && (stx.stx_ino != op->ino ||
		       ((uint64_t)stx.stx_dev_major << 32 | stx.stx_dev_minor) != op->dev))
		r = -ESTALE;
	return r < 0 ? init_fail(x, op->stage, WIRE_CALL_SAME, r) : 0;
}

static int open_plain(struct init *x, struct wire_op *op)
{
	const uint32_t path[3] = { op->src, op->aux, op->aux2 };

	for (size_t i = LOWER; i <= WORK; i++) {
		long fd = open_dir(AT_FDCWD, init_text(x, path[i]), 0);

		if (fd < 0)
			return init_fail(x, op->stage, WIRE_CALL_OPEN, fd);
		op->fd[i] = (int)fd;
	}
	return init_same(x, op, op->fd[LOWER]);
}

static char *last_slash(char *path)
{
	char *at = path;

	for (char *p = path; *p; p++)
		if (*p == '/')
			at = p;
	return at;
}

/* The folder of the upper directory as a detached tree, and both directories in it. */
static int open_layer(struct init *x, struct wire_op *op)
{
	char *upper = x->payload + op->aux, *work = x->payload + op->aux2;
	char *end = last_slash(upper);
	int call;
	long r;

	*end = '\0';
	r = init_tree_open(x, end == upper ? "/" : upper, op->attr, -1, &call);
	*end = '/';
	if (r < 0)
		return init_fail(x, op->stage, call, r);
	op->fd[TREE] = (int)r;
	r = open_dir(op->fd[TREE], end + 1, O_NOFOLLOW);
	if (r >= 0) {
		op->fd[UPPER] = (int)r;
		r = open_dir(op->fd[TREE], last_slash(work) + 1, O_NOFOLLOW);
	}
	if (r < 0)
		return init_fail(x, op->stage, WIRE_CALL_OPEN, r);
	op->fd[WORK] = (int)r;
	return 0;
}

static int open_mapped(struct init *x, struct wire_op *op)
{
	int call;
	long fd = init_tree_open(x, init_text(x, op->src), op->attr, x->idmap_ns, &call);

	if (fd < 0)
		return init_fail(x, op->stage, call, fd);
	op->fd[LOWER] = (int)fd;
	return init_same(x, op, op->fd[LOWER]) < 0 ? -1 : open_layer(x, op);
}

int init_overlay_open(struct init *x, struct wire_op *op, bool by_monitor)
{
	if (op->fd[WORK] >= 0)
		return 0;
	if (op->flags & WIRE_OPF_IDMAP)
		return open_mapped(x, op);
	return by_monitor ? 0 : open_plain(x, op);
}

/* --- mounting -------------------------------------------------------------------------------
 */

static long set_layers(int fs, const struct wire_op *op)
{
	static const char *const name[] = { "lowerdir+", "upperdir", "workdir" };
	long r = sys(fsconfig, fs, FSCONFIG_SET_FLAG, "userxattr", 0, 0);

	if (r == 0)
		r = sys(fsconfig, fs, FSCONFIG_SET_FLAG, "volatile", 0, 0);
	for (size_t i = LOWER; i <= WORK && r == 0; i++)
		r = sys(fsconfig, fs, FSCONFIG_SET_FD, name[i], 0, op->fd[i]);
	return r == 0 ? sys(fsconfig, fs, FSCONFIG_CMD_CREATE, 0, 0, 0) : r;
}

/* Linux 6.13 takes descriptors as layers; what fails here is tried again by text. */
static bool mount_by_fd(struct init *x, const struct wire_op *op, int to)
{
	long fs = sys(fsopen, "overlay", FSOPEN_CLOEXEC);
	long tree;
	int r = -1;

	if (fs < 0)
		return false;
	tree = set_layers((int)fs, op);
	if (tree == 0)
		tree = sys(fsmount, fs, FSMOUNT_CLOEXEC, op->attr);
	sys(close, fs);
	if (tree >= 0) {
		r = init_attach(x, op, (int)tree, to);
		sys(close, tree);
	}
	return r == 0;
}

static int mount_by_text(struct init *x, const struct wire_op *op, int to, const char *first)
{
	static const char *const name[3] = { "userxattr,lowerdir=", ",upperdir=", ",workdir=" };
	char options[160] = "";

	sys_append(options, sizeof(options), first);
	for (size_t i = LOWER; i <= WORK; i++) {
		sys_append(options, sizeof(options), name[i]);
		sys_append(options, sizeof(options), "/proc/self/fd/");
		sys_append_number(options, sizeof(options), (unsigned long)op->fd[i]);
	}
	return init_mount_fs(x, op, "overlay", to, options);
}

/* Put the detached trees on the target: as layers only mounts of this namespace will do. */
static int stage(struct init *x, struct wire_op *op, int to)
{
	static const int part[] = { TREE, LOWER };

	for (size_t i = 0; i < 2; i++)
		if (op->fd[part[i]] >= 0 && init_attach(x, op, op->fd[part[i]], to) < 0)
			return -1;
	op->flags &= (uint16_t)~WIRE_OPF_IDMAP;
	return 0;
}

/*
 * What has to be kept of the upper layer is written out by the caller, so nothing else of it
 * has to reach the disk: without "volatile" (Linux 5.10) unmounting would wait for all of the
 * upper layer's file system.
 */
static int mount_overlay(struct init *x, struct wire_op *op, int to)
{
	int r;

	if ((op->flags & WIRE_OPF_IDMAP) && stage(x, op, to) < 0)
		return -1;
	if (mount_by_fd(x, op, to))
		return 0;
	r = mount_by_text(x, op, to, "volatile,");
	return r < 0 && x->fail.errnum == EINVAL ? mount_by_text(x, op, to, "") : r;
}

/* The layers move to a tmpfs below the overlay. */
static int overlay_in_memory(struct init *x, struct wire_op *op, int to)
{
	int call, r;
	long on;

	if (init_upper_mount(x, op, to) < 0)
		return -1;
	on = init_target_open(x->root, init_text(x, op->dst), INIT_TARGET_DIR, &call);
	if (on < 0)
		return init_fail(x, op->stage, call, on);
	if (op->fd[TREE] >= 0)
		sys(close, op->fd[TREE]);
	op->fd[TREE] = -1;
	r = init_upper_fill(x, op, (int)on);
	if (r == 0)
		r = mount_overlay(x, op, (int)on);
	sys(close, on);
	return r;
}

int init_overlay_mount(struct init *x, struct wire_op *op, int to)
{
	int r;

	if (op->flags & WIRE_OPF_IN_MEMORY)
		return overlay_in_memory(x, op, to);
	r = mount_overlay(x, op, to);
	if (r < 0 && (op->flags & WIRE_OPF_MEMORY) && x->fail.errnum == EINVAL) {
		r = overlay_in_memory(x, op, to);
		if (r == 0)
			init_warn(x, SBX_HINT_UPPER);
	}
	return r;
}
