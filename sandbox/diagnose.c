/*
 * What to change about a failure. The probes run only after one.
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

/* The number in a file of /proc/sys, or -1. */
static long read_number(const char *path)
{
	char text[32];

	sbx_read_text(path, text, sizeof(text));
	return text[0] ? strtol(text, NULL, 10) : -1;
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

/* Id 0 can be mapped only by who may set file capabilities: user_namespaces(7). */
static bool is_root_without_setfcap(void)
{
	struct sbx_self self;

	sbx_self_read(&self);
	return geteuid() == 0 && !((self.cap_eff >> CAP_SETFCAP) & 1);
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
	if (errnum == EPERM && is_root_without_setfcap())
		return SBX_HINT_SETFCAP;
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
