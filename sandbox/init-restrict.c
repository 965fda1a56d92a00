/*
 * Where mount_setattr is refused, mounts are restricted when all are in place and the guest's
 * root is "/": one pass over mountinfo, in which every mount takes the flags of the operation
 * that made it or the one it lies in. A remount has to repeat the flags that are locked.
 * Source: mount(2), proc_pid_mountinfo(5), proc_pid_fdinfo(5), statfs(2).
 */
#include "sandbox/init.h"

#include <fcntl.h>
#include <linux/errno.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#define MOUNTS_MAX 1024

struct owner {
	uint32_t id, attr;
};

struct pass {
	size_t op_owners; /* the first ones are of operations, then come those of mountinfo */
	size_t len;
	struct owner owner[MOUNTS_MAX];
};

static unsigned long number(const char *s)
{
	unsigned long n = 0;

	for (; *s >= '0' && *s <= '9'; s++)
		n = n * 10 + (unsigned long)(*s - '0');
	return n;
}

/* The mount that fd lies in, by fdinfo's line "mnt_id:\t7". */
static long mount_id(int fd)
{
	char path[40] = "/proc/self/fdinfo/", text[256];
	long info, n;

	sys_append_number(path, sizeof(path), (unsigned long)fd);
	info = sys(openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return info;
	n = sys(read, info, text, sizeof(text) - 1);
	sys(close, info);
	if (n < 0)
		return n;
	text[n] = '\0';
	for (const char *s = text; *s; s++)
		if (s[0] == 'm' && s[1] == 'n' && s[2] == 't' && s[6] == ':')
			return (long)number(s + 8);
	return -EINVAL;
}

static const struct owner *find(const struct pass *p, uint32_t id)
{
	for (size_t i = p->len; i-- > 0;)
		if (p->owner[i].id == id)
			return &p->owner[i];
	return NULL;
}

static bool add(struct pass *p, uint32_t id, uint32_t attr)
{
	if (p->len == MOUNTS_MAX)
		return false;
	p->owner[p->len++] = (struct owner){ id, attr };
	return true;
}

static bool makes_mount(const struct wire_op *op)
{
	switch (op->type) {
	case WIRE_OP_ROOT:
	case WIRE_OP_PROC:
	case WIRE_OP_SYS:
	case WIRE_OP_FS:
	case WIRE_OP_BIND:
	case WIRE_OP_OVERLAY:
	case WIRE_OP_NODE:
	case WIRE_OP_MASK:
	case WIRE_OP_FREEZE:
		return true;
	default:
		return false;
	}
}

/* Devices must stay usable when a single one is bound. */
static uint32_t attr_at(int fd, uint32_t attr)
{
	struct statx stx;

	if (sys(statx, fd, "", 0x1000 /* AT_EMPTY_PATH */, STATX_TYPE, &stx) == 0 &&
	    ((stx.stx_mode & S_IFMT) == S_IFCHR || (stx.stx_mode & S_IFMT) == S_IFBLK))
		attr &= ~(uint32_t)MOUNT_ATTR_NODEV;
	return attr;
}

/* A later operation on the same mount wins, so they are added in order and found from the end.
 */
static long own_by_ops(struct init *x, struct pass *p)
{
	for (uint32_t i = 0; i < x->open->op_len; i++) {
		const struct wire_op *op = &x->op[i];
		const char *path = op->type == WIRE_OP_ROOT ? "/" : init_text(x, op->dst);
		int call;
		long fd, id;

		if (!makes_mount(op))
			continue;
		fd = init_target_open(x->root, path, 0, &call);
		if (fd < 0)
			continue; /* an optional one */
		id = mount_id((int)fd);
		if (id > 0 && !add(p, (uint32_t)id, attr_at((int)fd, op->attr)))
			id = -ENOSPC;
		sys(close, fd);
		if (id < 0)
			return id;
	}
	p->op_owners = p->len;
	return 0;
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

static long remount(const char *path, uint32_t attr)
{
	const unsigned long keep = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY | MS_NOATIME |
				   MS_NODIRATIME | MS_RELATIME;
	struct statfs fs;
	long r = sys(statfs, path, &fs);

	if (r < 0)
		return r;
	if (((uint32_t)fs.f_flags & attr) == attr)
		return 0;
	return sys(mount, 0, path, 0,
		   MS_REMOUNT | MS_BIND | ((unsigned long)fs.f_flags & keep) | attr, 0);
}

/* "id parent major:minor root path ..." */
static long restrict_line(struct pass *p, char *line)
{
	uint32_t id = (uint32_t)number(line), parent = 0;
	const struct owner *own = find(p, id);
	bool of_op = own != NULL;
	long r;

	for (int field = 0; field < 4 && *line; line++) {
		field += *line == ' ';
		if (field == 1 && *line == ' ')
			parent = (uint32_t)number(line + 1);
	}
	if (!own)
		own = find(p, parent);
	if (!own)
		return 0;
	if (!of_op && !add(p, id, own->attr))
		return -ENOSPC;
	r = remount(mountinfo_path(line), own->attr);
	return r == -EACCES && !of_op ? 0 : r; /* an unreadable mount below */
}

static long restrict_all(int file, struct pass *p)
{
	char INIT_RAW buf[8192];
	size_t have = 0;
	long n, r = 0;

	while (r >= 0 && (n = sys(read, file, buf + have, sizeof(buf) - 1 - have)) > 0) {
		char *line = buf;

		have += (size_t)n;
		for (char *end = buf; r >= 0 && end < buf + have; end++) {
			if (*end != '\n')
				continue;
			*end = '\0';
			r = restrict_line(p, line);
			line = end + 1;
		}
		have -= (size_t)(line - buf);
		for (size_t i = 0; i < have; i++)
			buf[i] = line[i];
	}
	return r < 0 ? r : n;
}

int init_restrict_late(struct init *x, const struct wire_op *pivot)
{
	struct pass INIT_RAW p;
	long file, r;

	p.len = 0;
	r = own_by_ops(x, &p);
	if (r < 0)
		return init_fail(x, pivot->stage, WIRE_CALL_OPEN, r);
	file = sys(openat, AT_FDCWD, "/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return init_fail(x, pivot->stage, WIRE_CALL_OPEN, file);
	r = restrict_all((int)file, &p);
	sys(close, file);
	return r < 0 ? init_fail(x, pivot->stage, WIRE_CALL_MOUNT, r) : 0;
}
