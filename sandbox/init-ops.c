/*
 * The caller's flat list of operations, walked twice: first the sources are opened with the
 * caller's own rights, later everything is put in place as id 0 of the first user namespace.
 * A new kind of mount is one enum value, one function and one row here.
 * Source: mount_namespaces(7), pivot_root(2), proc(5), overlayfs in the kernel's documentation.
 */
#include "sandbox/init.h"

#include <fcntl.h>
#include <linux/errno.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <sys/stat.h>

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif

static long open_dir(const char *path)
{
	return sys(openat, AT_FDCWD, path, O_PATH | O_CLOEXEC | O_DIRECTORY);
}

static int open_source(struct init *x, struct wire_op *op, bool by_monitor)
{
	int ns = (op->flags & WIRE_OPF_IDMAP) ? x->idmap_ns : -1;
	int call;
	long fd;

	if (op->type == WIRE_OP_OVERLAY)
		return init_overlay_open(x, op, by_monitor);
	if (op->fd[0] >= 0)
		return 0;
	fd = init_tree_open(x, init_text(x, op->src), op->attr, ns, &call);
	if (!by_monitor && !x->old_bind && (fd == -ENOSYS || fd == -EPERM)) {
		x->old_bind = true; /* only a filter says so here */
		fd = init_tree_open(x, init_text(x, op->src), op->attr, ns, &call);
	}
	if (fd < 0)
		return init_fail(x, op->stage, call, fd);
	op->fd[0] = (int)fd;
	return init_same(x, op, op->fd[0]);
}

static bool has_source(const struct wire_op *op)
{
	return op->type == WIRE_OP_ROOT || op->type == WIRE_OP_BIND ||
	       op->type == WIRE_OP_NODE || op->type == WIRE_OP_SYS ||
	       op->type == WIRE_OP_OVERLAY;
}

int init_ops_open(struct init *x, bool by_monitor)
{
	for (uint32_t i = 0; i < x->open->op_len; i++) {
		struct wire_op *op = &x->op[i];

		if (!has_source(op) || open_source(x, op, by_monitor) == 0)
			continue;
		/* What the monitor may not do, pid 1 tries again by itself, but no id map. */
		if (by_monitor && x->fail.call != WIRE_CALL_IDMAP &&
		    x->fail.call != WIRE_CALL_SAME)
			continue;
		if ((op->flags & WIRE_OPF_OPTIONAL) || op->type == WIRE_OP_SYS) {
			init_warn(x, op->warn);
			continue;
		}
		x->fail.op = (int32_t)i;
		return -1;
	}
	x->fail.stage = 0;
	return 0;
}

static int target(struct init *x, const struct wire_op *op, unsigned flags)
{
	int call;
	long fd;

	if (op->flags & WIRE_OPF_REAL)
		flags |= INIT_TARGET_REAL;
	if (op->flags & WIRE_OPF_PLAIN)
		flags |= INIT_TARGET_PLAIN;
	fd = init_target_open(x->root, init_text(x, op->dst), flags, &call);
	return fd < 0 ? init_fail(x, op->stage, call, fd) : (int)fd;
}

/* After mounting: does the path really lead to what was mounted? */
static int check_same(struct init *x, const struct wire_op *op, int source)
{
	struct statx a, b;
	int call;
	long fd = init_target_open(x->root, init_text(x, op->dst), 0, &call);
	long r = fd;

	if (fd >= 0) {
		r = sys(statx, source, "", AT_EMPTY_PATH, STATX_INO, &a);
		if (r == 0)
			r = sys(statx, fd, "", AT_EMPTY_PATH, STATX_INO, &b);
		if (r == 0 && (a.stx_ino != b.stx_ino || a.stx_dev_major != b.stx_dev_major ||
			       a.stx_dev_minor != b.stx_dev_minor))
			r = -ESTALE;
		sys(close, fd);
	}
	return r < 0 ? init_fail(x, op->stage, WIRE_CALL_SAME, r) : 0;
}

static int attach_and_close(struct init *x, const struct wire_op *op, int tree, int to)
{
	int r = init_attach(x, op, tree, to);

	sys(close, to);
	return r;
}

static int op_private(struct init *x, struct wire_op *op)
{
	long r = sys(mount, 0, "/", 0, MS_REC | MS_PRIVATE, 0);

	return r < 0 ? init_fail(x, op->stage, WIRE_CALL_MOUNT, r) : 0;
}

/* The new root is stacked on the old one: that needs no right to any directory on its path. */
static int op_root(struct init *x, struct wire_op *op)
{
	long to = sys(openat, AT_FDCWD, "/", O_PATH | O_CLOEXEC | O_DIRECTORY);

	if (to < 0)
		return init_fail(x, op->stage, WIRE_CALL_OPEN, to);
	if (attach_and_close(x, op, op->fd[0], (int)to) < 0)
		return -1;
	x->root = op->fd[0];
	if (x->old_bind) /* upwards from the root is what lies on it */
		x->root = (int)open_dir("/..");
	return x->root < 0 ? init_fail(x, op->stage, WIRE_CALL_OPEN, x->root) : 0;
}

/* The /proc outside is covered by other mounts, so the kernel gives no fresh one. */
static int proc_outer(struct init *x, const struct wire_op *op, int to)
{
	int call, r;
	long tree = init_tree_open(x, "/proc", op->attr, -1, &call);

	if (tree < 0)
		return init_fail(x, op->stage, call, tree);
	x->tier = 2;
	init_warn(x, SBX_HINT_PROC);
	r = init_attach(x, op, (int)tree, to);
	sys(close, tree);
	return r;
}

static int op_proc(struct init *x, struct wire_op *op)
{
	int to = target(x, op, INIT_TARGET_DIR | INIT_TARGET_CREATE);
	int r;

	if (to < 0)
		return -1;
	r = init_mount_fs(x, op, "proc", to, NULL);
	if (r < 0 && x->fail.errnum == EPERM)
		r = proc_outer(x, op, to);
	sys(close, to);
	if (r < 0)
		return r;
	x->guest_proc = target(x, op, INIT_TARGET_DIR);
	return x->guest_proc < 0 ? -1 : 0;
}

static int op_sys(struct init *x, struct wire_op *op)
{
	int to = target(x, op, INIT_TARGET_DIR | INIT_TARGET_CREATE);

	if (to < 0)
		return -1;
	if (op->fd[0] < 0 || !init_is_fs(op->fd[0], SYSFS_MAGIC)) {
		sys(close, to);
		return 0; /* none outside, none inside */
	}
	return attach_and_close(x, op, op->fd[0], to);
}

static int op_fs(struct init *x, struct wire_op *op)
{
	int to = target(x, op, INIT_TARGET_DIR | INIT_TARGET_CREATE);
	int r;

	if (to < 0)
		return -1;
	r = init_mount_fs(x, op, init_text(x, op->src), to,
			  op->aux ? init_text(x, op->aux) : NULL);
	sys(close, to);
	return r;
}

static int op_bind(struct init *x, struct wire_op *op)
{
	struct statx stx;
	unsigned flags = INIT_TARGET_CREATE;
	int to;

	if (op->fd[0] < 0)
		return 0; /* optional, and not there */
	if (sys(statx, op->fd[0], "", AT_EMPTY_PATH, STATX_TYPE, &stx) < 0)
		return init_fail(x, op->stage, WIRE_CALL_TYPE, -EINVAL);
	flags |= S_ISDIR(stx.stx_mode) ? INIT_TARGET_DIR : INIT_TARGET_FILE;
	to = target(x, op, flags);
	if (to < 0 || attach_and_close(x, op, op->fd[0], to) < 0)
		return -1;
	return check_same(x, op, op->fd[0]);
}

static int op_overlay(struct init *x, struct wire_op *op)
{
	int to, r;

	if (op->fd[2] < 0)
		return 0;
	to = target(x, op, INIT_TARGET_DIR | INIT_TARGET_CREATE);
	if (to < 0)
		return -1;
	r = init_overlay_mount(x, op, to);
	sys(close, to);
	return r;
}

static int op_node(struct init *x, struct wire_op *op)
{
	struct statx stx;
	int to;

	if (op->fd[0] < 0)
		return 0;
	if (sys(statx, op->fd[0], "", AT_EMPTY_PATH, STATX_TYPE, &stx) < 0 ||
	    !S_ISCHR(stx.stx_mode) ||
	    op->num != ((uint64_t)stx.stx_rdev_major << 32 | stx.stx_rdev_minor))
		return init_fail(x, op->stage, WIRE_CALL_TYPE, -ENODEV);
	to = target(x, op, INIT_TARGET_FILE | INIT_TARGET_CREATE);
	return to < 0 ? -1 : attach_and_close(x, op, op->fd[0], to);
}

static int op_link(struct init *x, struct wire_op *op)
{
	/* dst lies in a directory that was just mounted: "/dev/x" */
	long r = sys(symlinkat, init_text(x, op->src), x->root, init_text(x, op->dst) + 1);

	return r < 0 ? init_fail(x, op->stage, WIRE_CALL_SYMLINK, r) : 0;
}

/* Put the tree at source, seen with op->attr, on to; both are descriptors in the guest. */
static int cover(struct init *x, const struct wire_op *op, int source, int to)
{
	struct mount_attr attr = { .attr_set = op->attr, .propagation = MS_PRIVATE };
	long tree;
	int r;

	if (x->old_bind)
		return init_attach(x, op, source, to);
	tree = sys(open_tree, source, "",
		   OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
	if (tree < 0)
		return init_fail(x, op->stage, WIRE_CALL_OPEN_TREE, tree);
	/* A refusal is made good later. */
	sys(mount_setattr, tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr));
	r = init_attach(x, op, (int)tree, to);
	sys(close, tree);
	return r;
}

static int op_freeze(struct init *x, struct wire_op *op)
{
	int at = target(x, op, 0);
	int r;

	if (at < 0)
		return x->fail.errnum == ENOENT ? 0 : -1;
	r = cover(x, op, at, at);
	sys(close, at);
	return r;
}

static int mask_file(struct init *x, struct wire_op *op, int at)
{
	int call;
	long null = init_target_open(x->root, "/dev/null", INIT_TARGET_REAL, &call);
	struct statx stx;
	int r;

	if (null < 0)
		return init_fail(x, op->stage, call, null);
	if (sys(statx, null, "", AT_EMPTY_PATH, STATX_TYPE, &stx) < 0 ||
	    !S_ISCHR(stx.stx_mode) || stx.stx_rdev_major != 1 || stx.stx_rdev_minor != 3)
		r = init_fail(x, op->stage, WIRE_CALL_TYPE, -ENODEV);
	else
		r = cover(x, op, (int)null, at);
	sys(close, null);
	return r;
}

static int op_mask(struct init *x, struct wire_op *op)
{
	int at = target(x, op, 0);
	struct statx stx;
	int r;

	if (at < 0)
		return x->fail.errnum == ENOENT ? 0 : -1;
	if (sys(statx, at, "", AT_EMPTY_PATH, STATX_TYPE, &stx) == 0 && S_ISDIR(stx.stx_mode))
		r = init_mount_fs(x, op, "tmpfs", at, "mode=0555,nr_inodes=1");
	else
		r = mask_file(x, op, at);
	sys(close, at);
	return r;
}

static int op_pivot(struct init *x, struct wire_op *op)
{
	long r = sys(fchdir, x->root);

	if (r < 0)
		return init_fail(x, op->stage, WIRE_CALL_CHDIR, r);
	r = sys(pivot_root, ".", ".");
	if (r < 0)
		return init_fail(x, op->stage, WIRE_CALL_PIVOT, r);
	r = sys(umount2, ".", 2 /* MNT_DETACH */);
	if (r < 0)
		return init_fail(x, op->stage, WIRE_CALL_UMOUNT, r);
	r = sys(chdir, "/");
	if (r < 0)
		return init_fail(x, op->stage, WIRE_CALL_CHDIR, r);
	return x->old_bind || x->no_setattr ? init_restrict_late(x, op) : 0;
}

static int op_hostname(struct init *x, struct wire_op *op)
{
	const char *name = init_text(x, op->src);
	long r = sys(sethostname, name, sys_strlen(name));

	if (r == 0)
		r = sys(setdomainname, "(none)", 6);
	return r < 0 ? init_fail(x, op->stage, WIRE_CALL_HOSTNAME, r) : 0;
}

static int op_nslimit(struct init *x, struct wire_op *op)
{
	static const char path[] = "sys/user/max_user_namespaces";
	long r = init_write_file(x->proc, path, "1");

	if (r < 0 && x->guest_proc >= 0)
		r = init_write_file(x->guest_proc, path, "1");
	return r < 0 ? init_fail(x, op->stage, WIRE_CALL_WRITE, r) : 0;
}

static int op_remove(struct init *x, struct wire_op *op)
{
	int call = WIRE_CALL_NONE;
	long r = sbx_remove_tree(AT_FDCWD, init_text(x, op->src), &call);

	return r < 0 ? init_fail(x, op->stage, call, r) : 0;
}

/* For the probe: a root of nothing, over a directory that every system has. */
static int op_empty_root(struct init *x, struct wire_op *op)
{
	long r = sys(mount, "tmpfs", "/dev", "tmpfs", op->attr, "mode=0755");

	if (r < 0)
		return init_fail(x, op->stage, WIRE_CALL_MOUNT, r);
	r = open_dir("/dev");
	if (r < 0)
		return init_fail(x, op->stage, WIRE_CALL_OPEN, r);
	x->root = (int)r;
	return 0;
}

static int op_try_overlay(struct init *x, struct wire_op *op)
{
	static const char *const layer[3] = { "lower", "upper", "work" };

	for (size_t i = 0; i < 3; i++) {
		sys(mkdirat, x->root, layer[i], 0755);
		op->fd[i] =
			(int)sys(openat, x->root, layer[i], O_PATH | O_CLOEXEC | O_DIRECTORY);
	}
	return op_overlay(x, op);
}

static int (*const op_run[])(struct init *, struct wire_op *) = {
	[WIRE_OP_PRIVATE] = op_private,
	[WIRE_OP_ROOT] = op_root,
	[WIRE_OP_PROC] = op_proc,
	[WIRE_OP_SYS] = op_sys,
	[WIRE_OP_FS] = op_fs,
	[WIRE_OP_BIND] = op_bind,
	[WIRE_OP_OVERLAY] = op_overlay,
	[WIRE_OP_NODE] = op_node,
	[WIRE_OP_LINK] = op_link,
	[WIRE_OP_MASK] = op_mask,
	[WIRE_OP_FREEZE] = op_freeze,
	[WIRE_OP_PIVOT] = op_pivot,
	[WIRE_OP_HOSTNAME] = op_hostname,
	[WIRE_OP_NSLIMIT] = op_nslimit,
	[WIRE_OP_REMOVE] = op_remove,
	[WIRE_OP_EMPTY_ROOT] = op_empty_root,
	[WIRE_OP_TRY_OVERLAY] = op_try_overlay,
};

_Static_assert(sizeof(op_run) / sizeof(op_run[0]) == WIRE_OP_COUNT, "every op has a function");

int init_ops_run(struct init *x)
{
	for (uint32_t i = 0; i < x->open->op_len; i++) {
		struct wire_op *op = &x->op[i];

		if (op->type >= WIRE_OP_COUNT)
			return init_fail(x, SBX_STAGE_SPEC, WIRE_CALL_MESSAGE, -EBADMSG);
		if (op_run[op->type](x, op) == 0)
			continue;
		if (!(op->flags & WIRE_OPF_OPTIONAL)) {
			x->fail.op = (int32_t)i;
			return -1;
		}
		init_warn(x, op->warn);
	}
	x->fail.stage = 0;
	return 0;
}
