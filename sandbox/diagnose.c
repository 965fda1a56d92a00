/*
 * Words of an error, and what to change about it. The probes run only after a failure.
 * Source: user_namespaces(7), proc_pid_status(5), proc_pid_mountinfo(5), seccomp(2), and the
 * documentation of AppArmor and SELinux about user namespaces.
 */
#include "sandbox/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

static const struct {
	const char *id, *what;
} stage_text[SBX_STAGE_COUNT] = {
	[SBX_STAGE_NONE] = { "-", "sandbox" },
	[SBX_STAGE_SPEC] = { "X1", "settings" },
	[SBX_STAGE_START] = { "A1", "start of the set-up process" },
	[SBX_STAGE_FDS] = { "A3", "set-up process" },
	[SBX_STAGE_SOURCE] = { "A7", "id-mapped mounts" },
	[SBX_STAGE_CLONE] = { "A11", "new user namespace" },
	[SBX_STAGE_HELPER] = { "A12", "id maps" },
	[SBX_STAGE_MAP] = { "B2", "id maps" },
	[SBX_STAGE_IDS] = { "B3", "ids of pid 1" },
	[SBX_STAGE_PRIVATE] = { "C1", "private mounts" },
	[SBX_STAGE_ROOT] = { "C2", "guest root" },
	[SBX_STAGE_PROC] = { "C4", "proc" },
	[SBX_STAGE_DEV] = { "C5", "device" },
	[SBX_STAGE_BIND] = { "C6", "mount" },
	[SBX_STAGE_SYS] = { "C7", "sys" },
	[SBX_STAGE_PIVOT] = { "C8", "change of root" },
	[SBX_STAGE_NAME] = { "C9", "host name" },
	[SBX_STAGE_NSLIMIT] = { "C10", "limit of user namespaces" },
	[SBX_STAGE_HOLDER] = { "C11", "namespaces of steps" },
	[SBX_STAGE_NET] = { "C12a", "network" },
	[SBX_STAGE_PROCMASK] = { "C12b", "restriction of proc" },
	[SBX_STAGE_DROP] = { "C14", "rights of pid 1" },
	[SBX_STAGE_FORK] = { "D0", "process of the step" },
	[SBX_STAGE_ENTER] = { "D1", "namespaces of the step" },
	[SBX_STAGE_STDIO] = { "D3", "stdio of the step" },
	[SBX_STAGE_LIMITS] = { "D4", "resource limit" },
	[SBX_STAGE_RUNID] = { "D5", "ids of the step" },
	[SBX_STAGE_CAPS] = { "D6", "capabilities of the step" },
	[SBX_STAGE_WORKDIR] = { "D7", "working directory" },
	[SBX_STAGE_NNP] = { "D8", "no_new_privs" },
	[SBX_STAGE_LANDLOCK] = { "D9", "Landlock" },
	[SBX_STAGE_FILTER] = { "D11", "system call filter" },
	[SBX_STAGE_EXEC] = { "D12", "program of the step" },
	[SBX_STAGE_CONTROL] = { "X2", "control of the sandbox" },
	[SBX_STAGE_REMOVE] = { "X3", "remove" },
};

static const char *const op_text[WIRE_OP_COUNT] = {
	[WIRE_OP_ROOT] = "guest root",     [WIRE_OP_BIND] = "bind",
	[WIRE_OP_OVERLAY] = "overlay",     [WIRE_OP_FS] = "mount",
	[WIRE_OP_NODE] = "device",         [WIRE_OP_LINK] = "link",
	[WIRE_OP_MASK] = "mask",           [WIRE_OP_FREEZE] = "mask",
	[WIRE_OP_REMOVE] = "remove",       [WIRE_OP_HOSTNAME] = "host name",
	[WIRE_OP_TRY_OVERLAY] = "overlay",
};

static const char *call_text(enum wire_call call)
{
	static const char *const text[] = {
#define CALL_TEXT(name, words) [WIRE_CALL_##name] = words,
		WIRE_CALLS(CALL_TEXT)
#undef CALL_TEXT
	};

	return (size_t)call < SBX_COUNTOF(text) && text[call] ? text[call] : "";
}

static void add(char *out, size_t size, const char *text)
{
	size_t n = strlen(out);

	snprintf(out + n, size - n, "%s", text);
}

/* Bytes that would disturb a terminal or a log are shown as \xNN. */
static void add_path(char *out, size_t size, const char *path)
{
	for (const unsigned char *s = (const unsigned char *)path; *s; s++) {
		char piece[8];

		snprintf(piece, sizeof(piece),
			 *s < 0x20 || *s == 0x7f || *s == '\\' ? "\\x%02x" : "%c", *s);
		add(out, size, piece);
	}
}

int sbx_fail(struct sbx_err *err, enum sbx_stage stage, enum wire_call call, int errnum,
	     const char *what, const char *path)
{
	if (!err)
		return -1;
	*err = (struct sbx_err){ .stage = (int)stage, .mount = -1, .errnum = errnum };
	add(err->text, SBX_ERR_TEXT, what);
	if (path) {
		add(err->text, SBX_ERR_TEXT - 120, " '");
		add_path(err->text, SBX_ERR_TEXT - 120, path);
		add(err->text, SBX_ERR_TEXT, "'");
	}
	if (errnum) {
		add(err->text, SBX_ERR_TEXT, ": ");
		add(err->text, SBX_ERR_TEXT, strerror(errnum));
	}
	add(err->text, SBX_ERR_TEXT, " [");
	if (call_text(call)[0]) {
		add(err->text, SBX_ERR_TEXT, call_text(call));
		add(err->text, SBX_ERR_TEXT, ", ");
	}
	add(err->text, SBX_ERR_TEXT, "stage ");
	add(err->text, SBX_ERR_TEXT, stage_text[stage].id);
	add(err->text, SBX_ERR_TEXT, "]");
	return -1;
}

/* The path a failing op was about: the source while it is opened, else the target. */
static const char *op_path(const struct sbx_order *order, const struct wire_op *op, int call)
{
	bool source = call == WIRE_CALL_OPEN || call == WIRE_CALL_OPEN_TREE ||
		      call == WIRE_CALL_SETATTR || call == WIRE_CALL_IDMAP;

	if ((source || !op->dst) && op->src)
		return sbx_order_text(order, op->src);
	return op->dst ? sbx_order_text(order, op->dst) : NULL;
}

int sbx_fail_remote(struct sbx_err *err, const struct wire_error *e,
		    const struct sbx_order *order)
{
	enum sbx_stage stage = e->stage < SBX_STAGE_COUNT ? e->stage : SBX_STAGE_NONE;
	const char *what = stage_text[stage].what;
	const char *path = NULL;
	size_t op = (size_t)e->op;

	if (!err)
		return -1;
	if (order && e->op >= 0 && op < order->op_len) {
		const struct wire_op *o = sbx_order_op(order, op);

		path = op_path(order, o, e->call);
		if (o->type < WIRE_OP_COUNT && op_text[o->type])
			what = op_text[o->type];
	}
	sbx_fail(err, stage, e->call, e->errnum, what, path);
	if (order && e->op >= 0 && op >= order->first_mount &&
	    op - order->first_mount < order->mount_len)
		err->mount = (int)(op - order->first_mount);
	err->hint = (int)sbx_diagnose(stage, e->call, e->errnum);
	return -1;
}

/* --- looking around -------------------------------------------------------------------------
 */

const char *sbx_read_text(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t have = 0;
	ssize_t n = 0;

	while (fd >= 0 && have + 1 < size && (n = read(fd, buf + have, size - 1 - have)) > 0)
		have += (size_t)n;
	buf[have] = '\0';
	if (fd >= 0)
		close(fd);
	return buf;
}

/* The number in a file of /proc/sys, or -1. */
static long read_number(const char *path)
{
	char text[32];

	sbx_read_text(path, text, sizeof(text));
	return text[0] ? strtol(text, NULL, 10) : -1;
}

static uint64_t status_field(const char *status, const char *name, int base)
{
	const char *at = strstr(status, name);

	return at ? strtoull(at + strlen(name), NULL, base) : 0;
}

void sbx_self_read(struct sbx_self *out)
{
	char status[8192];

	sbx_read_text("/proc/self/status", status, sizeof(status));
	out->cap_eff = status_field(status, "\nCapEff:\t", 16);
	out->cap_bnd = status_field(status, "\nCapBnd:\t", 16);
	out->no_new_privs = (int)status_field(status, "\nNoNewPrivs:\t", 10);
	out->seccomp = (int)status_field(status, "\nSeccomp:\t", 10);
}

/* A process in a chroot has no mount entry for its root. */
static bool is_chroot(void)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[4096], where[4096];
	bool found = !f;

	while (f && !found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%*s %*s %*s %*s %4095s", where) == 1 &&
			strcmp(where, "/") == 0;
	if (f)
		fclose(f);
	return !found;
}

static bool is_unmapped(void)
{
	char text[1024], *save = NULL;

	sbx_read_text("/proc/self/uid_map", text, sizeof(text));
	for (char *line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		unsigned long in, out, count;

		if (sscanf(line, "%lu %lu %lu", &in, &out, &count) == 3 && geteuid() >= in &&
		    geteuid() - in < count)
			return false;
	}
	return true;
}

static bool is_apparmor_restricted(void)
{
	return read_number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1;
}

static enum sbx_hint lsm_hint(void)
{
	if (is_apparmor_restricted())
		return SBX_HINT_APPARMOR;
	return read_number("/sys/fs/selinux/enforce") == 1 ? SBX_HINT_SELINUX : SBX_HINT_NONE;
}

static enum sbx_hint refused_clone(void)
{
	enum sbx_hint lsm = lsm_hint();
	struct sbx_self self;

	sbx_self_read(&self);
	if (read_number("/proc/sys/kernel/unprivileged_userns_clone") == 0)
		return SBX_HINT_SYSCTL;
	if (is_chroot())
		return SBX_HINT_CHROOT;
	if (is_unmapped())
		return SBX_HINT_UNMAPPED;
	if (self.seccomp != 0)
		return SBX_HINT_SECCOMP;
	/* What is left: a chroot into a mount point. */
	return lsm == SBX_HINT_NONE ? SBX_HINT_CHROOT : lsm;
}

static enum sbx_hint no_space_for_clone(void)
{
	/* 33 levels deep the limit is not what is at fault, but it cannot be told apart. */
	return read_number("/proc/sys/user/max_user_namespaces") > 64 ? SBX_HINT_DEPTH
								      : SBX_HINT_NSLIMIT;
}

static enum sbx_hint diagnose_clone(int errnum)
{
	switch (errnum) {
	case ENOSPC:
		return no_space_for_clone();
	case EUSERS:
		return SBX_HINT_DEPTH;
	case EPERM:
		return refused_clone();
	case EACCES:
		return lsm_hint();
	case EAGAIN:
		return SBX_HINT_NPROC;
	case EINVAL:
	case ENOSYS:
		return SBX_HINT_KERNEL;
	default:
		return SBX_HINT_NONE;
	}
}

enum sbx_hint sbx_diagnose_helper(void)
{
	const char *path = sbx_helper_path(false);
	struct sbx_self self;
	struct statvfs fs;
	struct stat st;

	if (!path || stat(path, &st) < 0)
		return SBX_HINT_SUBID;
	sbx_self_read(&self);
	if (self.no_new_privs || (statvfs(path, &fs) == 0 && (fs.f_flag & ST_NOSUID)))
		return SBX_HINT_NNP;
	if (st.st_mode & S_ISUID)
		return (self.cap_bnd >> CAP_SYS_ADMIN) & 1 ? SBX_HINT_NONE : SBX_HINT_UIDMAP;
	return getxattr(path, "security.capability", NULL, 0) > 0 ? SBX_HINT_NONE
								  : SBX_HINT_NNP;
}

static enum sbx_hint diagnose_map(enum wire_call call, int errnum)
{
	if (call == WIRE_CALL_NEWUIDMAP || call == WIRE_CALL_NEWGIDMAP) {
		enum sbx_hint hint = sbx_diagnose_helper();

		return hint == SBX_HINT_NONE ? SBX_HINT_SUBID : hint;
	}
	if (errnum == EROFS)
		return SBX_HINT_ROPROC;
	if (errnum == ENOENT)
		return SBX_HINT_NOPROC;
	return errnum == EACCES || errnum == EPERM ? lsm_hint() : SBX_HINT_NONE;
}

static bool is_mount_call(enum wire_call call)
{
	return call == WIRE_CALL_MOUNT || call == WIRE_CALL_MOVE ||
	       call == WIRE_CALL_OPEN_TREE || call == WIRE_CALL_SETATTR ||
	       call == WIRE_CALL_PIVOT || call == WIRE_CALL_UMOUNT || call == WIRE_CALL_SETNS ||
	       call == WIRE_CALL_UNSHARE;
}

static enum sbx_hint diagnose_mount(enum sbx_stage stage, int errnum)
{
	struct sbx_self self;

	if (errnum == ENOSPC && stage == SBX_STAGE_HOLDER)
		return SBX_HINT_NETNSLIMIT;
	sbx_self_read(&self);
	if (errnum == EACCES)
		return is_apparmor_restricted() ? SBX_HINT_APPARMOR : SBX_HINT_CONTAINER;
	return errnum == EPERM && self.seccomp != 0 ? SBX_HINT_SECCOMP : SBX_HINT_NONE;
}

enum sbx_hint sbx_diagnose(enum sbx_stage stage, enum wire_call call, int errnum)
{
	switch (stage) {
	case SBX_STAGE_FDS:
		return call == WIRE_CALL_OPEN || call == WIRE_CALL_TYPE ? SBX_HINT_NOPROC
									: SBX_HINT_NONE;
	case SBX_STAGE_CLONE:
		return diagnose_clone(errnum);
	case SBX_STAGE_HELPER:
	case SBX_STAGE_MAP:
	case SBX_STAGE_IDS:
		return diagnose_map(call, errnum);
	default:
		return is_mount_call(call) ? diagnose_mount(stage, errnum) : SBX_HINT_NONE;
	}
}
