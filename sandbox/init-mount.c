/*
 * One mount: a detached tree is cloned, restricted as a whole while nobody can see it, and then
 * attached by descriptor. Kernels before 5.12 and some filters refuse parts of that; then the
 * tree is bound as it is, and restrict.c follows.
 * Source: open_tree(2), mount_setattr(2), move_mount(2), mount(2).
 */
#include "sandbox/init.h"

#include <fcntl.h>
#include <linux/errno.h>
#include <linux/mount.h>
#include <sys/stat.h>

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif

_Static_assert(MOUNT_ATTR_RDONLY == MS_RDONLY && MOUNT_ATTR_NOSUID == MS_NOSUID &&
		       MOUNT_ATTR_NODEV == MS_NODEV && MOUNT_ATTR_NOEXEC == MS_NOEXEC,
	       "the same bits in both interfaces");

static char *fd_path(char buf[32], int fd)
{
	buf[0] = '\0';
	return sys_append_number(sys_append(buf, 32, "/proc/self/fd/"), 32, (unsigned long)fd);
}

static long restrict_tree(int tree, uint32_t attr, int idmap_ns)
{
	struct mount_attr a = { .attr_set = attr, .propagation = MS_PRIVATE };

	if (idmap_ns >= 0) {
		a.attr_set |= MOUNT_ATTR_IDMAP;
		a.userns_fd = (uint64_t)idmap_ns;
	}
	return sys(mount_setattr, tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &a, sizeof(a));
}

/* Devices must stay usable when a single one is bound. */
static uint32_t attr_for(int tree, uint32_t attr)
{
	struct statx stx;

	if ((attr & MOUNT_ATTR_NODEV) &&
	    sys(statx, tree, "", AT_EMPTY_PATH, STATX_TYPE, &stx) == 0 &&
	    ((stx.stx_mode & S_IFMT) == S_IFCHR || (stx.stx_mode & S_IFMT) == S_IFBLK))
		attr &= ~(uint32_t)MOUNT_ATTR_NODEV;
	return attr;
}

/*
 * A detached copy of the tree at path, restricted by attr and seen through idmap_ns if that is
 * not -1. With x->old_bind it is only opened.
 */
long init_tree_open(struct init *x, const char *path, uint32_t attr, int idmap_ns, int *call)
{
	long tree, r;

	if (x->old_bind && idmap_ns < 0) {
		*call = WIRE_CALL_OPEN;
		return sys(openat, AT_FDCWD, path, O_PATH | O_CLOEXEC);
	}
	*call = WIRE_CALL_OPEN_TREE;
	tree = sys(open_tree, AT_FDCWD, path,
		   OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	if (tree < 0)
		return tree;
	r = restrict_tree((int)tree, attr_for((int)tree, attr), idmap_ns);
	if (idmap_ns < 0 && (r == -ENOSYS || r == -EPERM)) {
		x->no_setattr = true;
	} else if (r < 0) {
		*call = idmap_ns >= 0 ? WIRE_CALL_IDMAP : WIRE_CALL_SETATTR;
		sys(close, tree);
		return r;
	}
	return tree;
}

int init_attach(struct init *x, const struct wire_op *op, int tree, int target)
{
	char from[32], to[32];
	long r = -ENOSYS;

	if (!x->old_bind)
		r = sys(move_mount, tree, "", target, "",
			MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	else
		r = sys(mount, fd_path(from, tree), fd_path(to, target), 0, MS_BIND | MS_REC,
			0);
	if (r < 0)
		return init_fail(x, op->stage, x->old_bind ? WIRE_CALL_MOUNT : WIRE_CALL_MOVE,
				 r);
	return 0;
}

int init_mount_fs(struct init *x, const struct wire_op *op, const char *type, int target,
		  const char *options)
{
	char to[32];
	long r = sys(mount, type, fd_path(to, target), type, op->attr, options);

	return r < 0 ? init_fail(x, op->stage, WIRE_CALL_MOUNT, r) : 0;
}
