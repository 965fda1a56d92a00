/*
 * One mount: a detached tree is cloned, restricted as a whole while nobody can see it, and then
 * attached by descriptor. Kernels before 5.12 and some filters refuse parts of that; then the
 * tree is bound and every mount in it is remounted with its old flags and the new ones.
 * Source: open_tree(2), mount_setattr(2), move_mount(2), mount(2), proc_pid_mountinfo(5).
 */
#include "sandbox/init.h"

#include <fcntl.h>
#include <linux/errno.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif

#define RESTRICT (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

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
	if (r < 0 && (idmap_ns >= 0 || (r != -ENOSYS && r != -EPERM))) {
		*call = idmap_ns >= 0 ? WIRE_CALL_IDMAP : WIRE_CALL_SETATTR;
		sys(close, tree);
		return r;
	}
	return tree;
}

/* Undo the \ooo of mountinfo in place and end the text at the first space. */
static char *mountinfo_path(char *s)
{
	char *out = s, *start = s;

	for (; *s && *s != ' '; s++) {
		if (s[0] == '\\' && s[1] && s[2] && s[3]) {
			*out++ = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
			s += 3;
		} else {
			*out++ = *s;
		}
	}
	*out = '\0';
	return start;
}

static bool is_below(const char *path, const char *prefix)
{
	while (*prefix && *path == *prefix)
		path++, prefix++;
	return *prefix == '\0' && (*path == '\0' || *path == '/');
}

static long remount_one(const char *path, uint32_t attr)
{
	struct statfs fs;
	unsigned long keep = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY | MS_NOATIME |
			     MS_NODIRATIME | MS_RELATIME;
	long r = sys(statfs, path, &fs);

	if (r < 0)
		return r;
	return sys(mount, 0, path, 0,
		   MS_REMOUNT | MS_BIND | ((unsigned long)fs.f_flags & keep) | attr, 0);
}

/* The fifth field of a line of mountinfo is where the mount is. */
static long remount_line(char *line, const char *prefix, uint32_t attr)
{
	char *path;
	long r;

	for (int field = 0; field < 4 && *line; line++)
		field += *line == ' ';
	path = mountinfo_path(line);
	if (!is_below(path, prefix))
		return 0;
	r = remount_one(path, attr);
	return r == -EACCES && path[sys_strlen(prefix)] ? 0 : r; /* an unreadable mount below */
}

/* Remount everything at and below the mount that fd is the root of. */
static long restrict_old(struct init *x, int fd, uint32_t attr)
{
	char INIT_RAW buf[8192], INIT_RAW prefix[4096];
	char link[32];
	size_t have = 0;
	long file, n, r = 0;

	n = sys(readlinkat, AT_FDCWD, fd_path(link, fd), prefix, sizeof(prefix) - 1);
	if (n < 0)
		return n;
	prefix[n] = '\0';
	file = sys(openat, x->proc, "self/mountinfo", O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return file;
	while (r >= 0 && (n = sys(read, file, buf + have, sizeof(buf) - 1 - have)) > 0) {
		char *line = buf;

		have += (size_t)n;
		for (char *end = buf; r >= 0 && end < buf + have; end++) {
			if (*end != '\n')
				continue;
			*end = '\0';
			r = remount_line(line, prefix, attr);
			line = end + 1;
		}
		have -= (size_t)(line - buf);
		for (size_t i = 0; i < have; i++)
			buf[i] = line[i];
	}
	sys(close, file);
	return r < 0 ? r : n;
}

/* The mount whose root lies at target now, for the old interface. */
static long reopen(int target)
{
	char link[32], INIT_RAW path[4096];
	long n = sys(readlinkat, AT_FDCWD, fd_path(link, target), path, sizeof(path) - 1);

	if (n < 0)
		return n;
	path[n] = '\0';
	return sys(openat, AT_FDCWD, path, O_PATH | O_CLOEXEC | O_NOFOLLOW);
}

static int attach_old(struct init *x, const struct wire_op *op, int tree, int target)
{
	char from[32], to[32];
	long r = sys(mount, fd_path(from, tree), fd_path(to, target), 0, MS_BIND | MS_REC, 0);
	uint32_t attr = attr_for(tree, op->attr);

	if (r < 0)
		return init_fail(x, op->stage, WIRE_CALL_MOUNT, r);
	r = reopen(target);
	if (r >= 0) {
		long fd = r;

		r = attr ? restrict_old(x, (int)fd, attr) : 0;
		sys(close, fd);
	}
	return r < 0 ? init_fail(x, op->stage, WIRE_CALL_MOUNT, r) : 0;
}

/* Is the attached tree as strict as asked? False where mount_setattr was refused. */
static bool is_restricted(int tree, uint32_t attr)
{
	struct statfs fs;

	attr &= RESTRICT;
	return sys(fstatfs, tree, &fs) == 0 && ((uint32_t)fs.f_flags & attr) == attr;
}

int init_attach(struct init *x, const struct wire_op *op, int tree, int target)
{
	uint32_t attr = attr_for(tree, op->attr);
	long r;

	if (x->old_bind)
		return attach_old(x, op, tree, target);
	r = sys(move_mount, tree, "", target, "",
		MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	if (r == -ENOSYS || r == -EPERM || (r == -EINVAL && !is_restricted(tree, attr)))
		return attach_old(x, op, tree, target);
	if (r == 0 && !is_restricted(tree, attr))
		r = restrict_old(x, tree, attr);
	return r < 0 ? init_fail(x, op->stage, WIRE_CALL_MOVE, r) : 0;
}

int init_mount_fs(struct init *x, const struct wire_op *op, const char *type, int target,
		  const char *options)
{
	char to[32];
	long r = sys(mount, type, fd_path(to, target), type, op->attr, options);

	return r < 0 ? init_fail(x, op->stage, WIRE_CALL_MOUNT, r) : 0;
}
