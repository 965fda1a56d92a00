/*
 * Deletes a tree by directory descriptors: no link is followed, no mount is entered, and depth
 * is bounded, since what lies too deep is first moved up. Directories that lack permission get
 * it. Used in the library and, as id 0 of a user namespace, in the init program.
 * Source: unlinkat(2), getdents64(2), renameat2(2).
 */
#include "sandbox/init.h"

#include <fcntl.h>
#include <linux/errno.h>
#include <sys/stat.h>

#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif
#ifndef AT_REMOVEDIR
#define AT_REMOVEDIR 0x200
#endif

#define DEPTH_MAX  200
#define DT_DIR     4
#define ENTRY_NAME 19 /* offset of d_name in struct linux_dirent64 */

struct removal {
	int top;        /* the tree's first directory; what is too deep is moved there */
	uint64_t mount; /* id of its mount */
	unsigned long moved;
	int *call;
};

static long remove_dir(struct removal *r, int fd, int depth);

static uint64_t mount_of(int fd)
{
	struct statx stx;

	if (sys(statx, fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &stx) < 0)
		return 0;
	return (stx.stx_mask & STATX_MNT_ID) ? stx.stx_mnt_id : 0;
}

/* A directory without the permissions its owner needs. */
static void unlock_dir(int dirfd, const char *name)
{
	char path[32] = "/proc/self/fd/";
	long fd = sys(openat, dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return;
	sys_append_number(path, sizeof(path), (unsigned long)fd);
	sys(fchmodat, AT_FDCWD, path, 0700);
	sys(close, fd);
}

static long open_child(int dirfd, const char *name)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	long fd = sys(openat, dirfd, name, flags);

	if (fd == -EACCES) {
		unlock_dir(dirfd, name);
		fd = sys(openat, dirfd, name, flags);
	}
	return fd;
}

static long unlink_one(int dirfd, const char *name, int flag)
{
	long r = sys(unlinkat, dirfd, name, flag);

	if (r == -EACCES) {
		sys(fchmod, dirfd, 0700);
		r = sys(unlinkat, dirfd, name, flag);
	}
	return r;
}

static long move_up(struct removal *r, int dirfd, const char *name)
{
	char to[32] = ".removed-";
	long n;

	do {
		to[9] = '\0';
		sys_append_number(to, sizeof(to), r->moved++);
		n = sys(renameat2, dirfd, name, r->top, to, 1 /* RENAME_NOREPLACE */);
	} while (n == -EEXIST);
	return n;
}

static long remove_child(struct removal *r, int dirfd, const char *name, int depth)
{
	long fd, n;

	if (sys(unlinkat, dirfd, name, AT_REMOVEDIR) == 0)
		return 0;
	if (depth >= DEPTH_MAX)
		return move_up(r, dirfd, name);
	*r->call = WIRE_CALL_OPEN;
	fd = open_child(dirfd, name);
	if (fd < 0)
		return fd;
	n = mount_of((int)fd) == r->mount ? remove_dir(r, (int)fd, depth + 1) : -EXDEV;
	sys(close, fd);
	if (n < 0)
		return n;
	*r->call = WIRE_CALL_UNLINK;
	return unlink_one(dirfd, name, AT_REMOVEDIR);
}

static long remove_entry(struct removal *r, int dirfd, const char *entry, int depth)
{
	const char *name = entry + ENTRY_NAME;
	long n = -EISDIR;

	if (name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0')))
		return 0;
	*r->call = WIRE_CALL_UNLINK;
	if (entry[ENTRY_NAME - 1] != DT_DIR)
		n = unlink_one(dirfd, name, 0);
	if (n == -EISDIR)
		n = remove_child(r, dirfd, name, depth);
	return n == -ENOENT ? 0 : n;
}

static long remove_dir(struct removal *r, int fd, int depth)
{
	char INIT_RAW buf[2048] __attribute__((aligned(8)));
	long n;

	*r->call = WIRE_CALL_READDIR;
	while ((n = sys(getdents64, fd, buf, sizeof(buf))) > 0) {
		for (long at = 0; at < n; at += *(uint16_t *)(void *)(buf + at + 16)) {
			long e = remove_entry(r, fd, buf + at, depth);

			if (e < 0)
				return e;
		}
		*r->call = WIRE_CALL_READDIR;
	}
	return n;
}

long sbx_remove_tree(int dirfd, const char *path, int *call)
{
	struct removal r = { .call = call };
	unsigned long moved;
	long fd, n;

	*call = WIRE_CALL_UNLINK;
	n = sys(unlinkat, dirfd, path, 0);
	if (n == 0 || n == -ENOENT)
		return 0;
	if (n != -EISDIR && n != -EPERM)
		return n;
	*call = WIRE_CALL_OPEN;
	fd = open_child(dirfd, path);
	if (fd < 0)
		return fd;
	r.top = (int)fd;
	r.mount = mount_of(r.top);
	do { /* again, for what was moved up meanwhile */
		moved = r.moved;
		n = remove_dir(&r, r.top, 0);
		sys(lseek, r.top, 0, 0);
	} while (n == 0 && moved != r.moved);
	sys(close, fd);
	if (n < 0)
		return n;
	*call = WIRE_CALL_UNLINK;
	return sys(unlinkat, dirfd, path, AT_REMOVEDIR);
}
