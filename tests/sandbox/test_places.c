/*
 * Places that refuse something: older kernels and filters (fallbacks give the same guest), and
 * containers (the error names the call, the stage and what to change).
 */
#include "cases.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* From now on these calls give errnum, in this process and below. The list ends with -1. */
static void refuse(const int *nr, int errnum)
{
	struct sock_filter code[64];
	struct sock_fprog prog = { .filter = code };
	size_t n = 0;

	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data, nr));
	for (; *nr >= 0; nr++) {
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							 (unsigned)*nr, 0, 1);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
							 SECCOMP_RET_ERRNO | (unsigned)errnum);
	}
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	prog.len = (unsigned short)n;
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
		      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == 0,
	      "%s", strerror(errno));
}

#define REFUSE(errnum, ...) refuse((const int[]){ __VA_ARGS__, -1 }, errnum)

/* A guest as always, in spite of what is refused. */
static void check_guest(struct fx *fx)
{
	struct sbx *sbx;

	fx_write(fx_path(fx, "cache/f"), "text");
	if (fx->spec.ids.mode == SBX_IDS_ROOT)
		CHECK(chown(fx_path(fx, "cache/f"), fx->spec.ids.host_uid,
			    fx->spec.ids.host_gid) == 0,
		      "%s", strerror(errno));
	fx->mount[3].flags = SBX_READONLY; /* no id map: that needs the new calls */
	fx->mount[2].flags = 0;
	fx->workdir = "/tmp";
	fx_link("/somewhere/else", fx_path(fx, "root/opt"));
	fx_add(fx, SBX_BIND, 0, fx->work, "/opt/deep/er");
	sbx = fx_open(fx);
	FX_PROBE(fx, sbx, "list", "/somewhere/else/deep", "er");
	FX_PROBE(fx, sbx, "readonly", "/var/cache/melange");
	FX_PROBE(fx, sbx, "devices");
	FX_PROBE(fx, sbx, "proc");
	FX_PROBE(fx, sbx, "fds");
	FX_PROBE(fx, sbx, "calls", "own");
	FX_PROBE(fx, sbx, "status", "CapEff", "00000000a80425fb", "NoNewPrivs", "1");
	fx->workdir = "/tmp/a/b";
	CHECK(FX_STEP(fx, sbx, "/bin/pwd") == 0 && !strcmp(fx->out, "/tmp/a/b\n"), "%s",
	      fx->out);
	sbx_close(sbx);
}

/* Helpers and id-mapped mounts are tested elsewhere; here one id, or an own range, is enough.
 */
static bool use_plain_ids(struct fx *fx)
{
	if (fx->kind == FX_RANGE)
		return false;
	fx_choose_ids(fx, 1000);
	return true;
}

static void without_openat2(struct fx *fx)
{
	if (!use_plain_ids(fx))
		return;
	REFUSE(ENOSYS, SYS_openat2, SYS_close_range, SYS_pidfd_open, SYS_clone3);
	check_guest(fx);
}

static void openat2_forbidden(struct fx *fx)
{
	if (!use_plain_ids(fx))
		return;
	REFUSE(EPERM, SYS_openat2, SYS_clone3);
	check_guest(fx);
}

static void without_mount_setattr(struct fx *fx)
{
	if (!use_plain_ids(fx))
		return;
	REFUSE(ENOSYS, SYS_mount_setattr);
	check_guest(fx);
}

static void without_new_mounts(struct fx *fx)
{
	if (!use_plain_ids(fx))
		return;
	REFUSE(ENOSYS, SYS_open_tree, SYS_move_mount, SYS_mount_setattr, SYS_fsopen,
	       SYS_openat2);
	check_guest(fx);
}

static void new_mounts_forbidden(struct fx *fx)
{
	if (!use_plain_ids(fx))
		return;
	REFUSE(EPERM, SYS_open_tree, SYS_move_mount, SYS_mount_setattr, SYS_fsopen);
	check_guest(fx);
}

static void without_small_things(struct fx *fx)
{
	if (!use_plain_ids(fx))
		return;
	REFUSE(EPERM, SYS_sethostname, SYS_setdomainname, SYS_keyctl);
	check_guest(fx);
}

static void refused_with(struct fx *fx, int nr, int errnum, int stage, int hint)
{
	if (!use_plain_ids(fx))
		return;
	fx->spec.mount_len = 2;
	refuse((const int[]){ nr, -1 }, errnum);
	fx_refused(fx, stage, strerror(errnum));
	CHECK(fx->err.hint == hint, "hint %d: %s", fx->err.hint, fx->err.text);
	CHECK(sbx_hint_text(fx->err.hint), "no words");
}

static void clone_refused(struct fx *fx)
{
	refused_with(fx, SYS_clone, EPERM, SBX_STAGE_CLONE, SBX_HINT_SECCOMP);
}

static void clone_out_of_processes(struct fx *fx)
{
	refused_with(fx, SYS_clone, EAGAIN, SBX_STAGE_CLONE, SBX_HINT_NPROC);
}

static void clone_unknown(struct fx *fx)
{
	refused_with(fx, SYS_clone, EINVAL, SBX_STAGE_CLONE, SBX_HINT_KERNEL);
}

static void mount_refused(struct fx *fx)
{
	refused_with(fx, SYS_mount, EPERM, SBX_STAGE_PRIVATE, SBX_HINT_SECCOMP);
}

static void mount_refused_by_profile(struct fx *fx)
{
	refused_with(fx, SYS_mount, EACCES, SBX_STAGE_PRIVATE, SBX_HINT_CONTAINER);
}

static void pivot_refused(struct fx *fx)
{
	refused_with(fx, SYS_pivot_root, EPERM, SBX_STAGE_PIVOT, SBX_HINT_SECCOMP);
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) > 0, "%s: %s", path, strerror(errno));
	close(fd);
}

/* An outer user namespace like a container's, where we are id 0. */
static void enter_outer(void)
{
	char uid[32], gid[32];

	snprintf(uid, sizeof(uid), "0 %u 1", (unsigned)geteuid());
	snprintf(gid, sizeof(gid), "0 %u 1", (unsigned)getegid());
	CHECK(unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0, "%s", strerror(errno));
	put("/proc/self/setgroups", "deny");
	put("/proc/self/uid_map", uid);
	put("/proc/self/gid_map", gid);
	CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "%s", strerror(errno));
}

static void b11_masked_proc(struct fx *fx)
{
	struct sbx *sbx;
	bool warned = false;

	if (fx->kind != FX_USER)
		return;
	enter_outer();
	CHECK(mount("/proc/sys", "/proc/sys", NULL, MS_BIND | MS_REC, NULL) == 0 &&
		      mount(NULL, "/proc/sys", NULL,
			    MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
			    NULL) == 0,
	      "%s", strerror(errno));
	sbx_ids_single(&fx->spec.ids, 1000, 1000);
	sbx = fx_open(fx);
	CHECK(sbx_info(sbx)->tier == 2, "tier %d", sbx_info(sbx)->tier);
	for (size_t i = 0; i < sbx_info(sbx)->warning_len; i++)
		warned |= sbx_info(sbx)->warning[i] == SBX_HINT_PROC;
	CHECK(warned, "no warning");
	CHECK(FX_STEP(fx, sbx, "/bin/sh", "-c", "echo $(cat /proc/self/comm)") == 0, "%s",
	      fx->out);
	FX_PROBE(fx, sbx, "calls", "own");
	sbx_close(sbx);
	umount2("/proc/sys", MNT_DETACH);
}

/* Everything outside lies on an overlay, as in a container: a second one goes to memory. */
static void f18_upper_on_overlay(struct fx *fx)
{
	char options[512], upper[160], work[160];
	struct sbx_mount *m;
	struct sbx *sbx;

	if (fx->kind != FX_USER)
		return;
	fx_need_upper(fx);
	for (size_t i = 0; i < 4; i++)
		fx_mkdir(fx_path(fx, (const char *const[]){ "l", "u", "w", "over" }[i]));
	enter_outer();
	snprintf(options, sizeof(options), "userxattr,lowerdir=%s/l,upperdir=%s/u,workdir=%s/w",
		 fx->dir, fx->dir, fx->dir);
	CHECK(mount("over", fx_path(fx, "over"), "overlay", 0, options) == 0, "%s",
	      strerror(errno));
	snprintf(upper, sizeof(upper), "%s/over/upper", fx->dir);
	snprintf(work, sizeof(work), "%s/over/work", fx->dir);
	fx_mkdir(upper);
	fx_mkdir(work);
	fx_mkdir(fx_path(fx, "over/upper/deep"));
	fx_write(fx_path(fx, "cache/f"), "below\n");
	sbx_ids_single(&fx->spec.ids, 1000, 1000);
	m = fx_add(fx, SBX_OVERLAY, 0, fx->cache, "/opt");
	m->upper = upper;
	m->work = work;
	fx_refused(fx, SBX_STAGE_BIND, "overlay '/opt': Invalid argument [mount, stage C6]");
	m->flags = SBX_MEMORY;
	m->max_bytes = 1 << 20;
	sbx = fx_open(fx);
	CHECK(FX_STEP(fx, sbx, "/bin/sh", "-c",
		      "cat /opt/f && echo x >/opt/deep/new && echo y >>/opt/f && cat /opt/f") ==
		      0,
	      "%s", fx->out);
	CHECK(!strcmp(fx->out, "below\nbelow\ny\n"), "%s", fx->out);
	sbx_close(sbx);
	CHECK(!fx_exists(fx_path(fx, "over/upper/deep/new")), "on disk");
	umount2(fx_path(fx, "over"), MNT_DETACH);
}

static void l01_no_namespaces(struct fx *fx)
{
	if (fx->kind != FX_USER)
		return;
	enter_outer();
	put("/proc/sys/user/max_user_namespaces", "0");
	sbx_ids_single(&fx->spec.ids, 1000, 1000);
	fx_refused(fx, SBX_STAGE_CLONE, "No space left on device [clone, stage A11]");
	CHECK(fx->err.hint == SBX_HINT_NSLIMIT, "hint %d", fx->err.hint);
}

static void l05_chroot(struct fx *fx)
{
	if (fx->kind != FX_ROOT)
		return;
	fx_mkdir(fx_path(fx, "root/proc"));
	fx_mkdir(fx_path(fx, "root/dev"));
	CHECK(unshare(CLONE_NEWNS) == 0 &&
		      mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0,
	      "%s", strerror(errno));
	CHECK(mount("/proc", fx_path(fx, "root/proc"), NULL, MS_BIND, NULL) == 0 &&
		      mount("/dev", fx_path(fx, "root/dev"), NULL, MS_BIND, NULL) == 0,
	      "%s", strerror(errno));
	CHECK(chdir("/") == 0 && chroot(fx->root) == 0, "%s", strerror(errno));
	fx->spec.root = "/tmp";
	fx->spec.mount_len = 0;
	CHECK(sbx_ids_choose(&fx->spec.ids, 1000, 1000, -1, false, &fx->err) == 0, "%s",
	      fx->err.text);
	fx_refused(fx, SBX_STAGE_CLONE, "Operation not permitted");
	CHECK(fx->err.hint == SBX_HINT_CHROOT, "hint %d", fx->err.hint);
	_exit(0); /* the way back is closed; the folder stays for the caller to remove */
}

static void l06_no_proc(struct fx *fx)
{
	if (fx->kind != FX_USER)
		return;
	enter_outer();
	CHECK(mount("none", "/proc", "tmpfs", 0, NULL) == 0, "%s", strerror(errno));
	sbx_ids_single(&fx->spec.ids, 1000, 1000);
	fx_refused(fx, SBX_STAGE_FDS, "[type check, stage A3]");
	CHECK(fx->err.hint == SBX_HINT_NOPROC, "hint %d", fx->err.hint);
	umount2("/proc", MNT_DETACH);
}

/* Sandbox in a sandbox is refused, and says why. */
static void probe_says(struct fx *fx)
{
	struct sbx_probe probe;

	CHECK(sbx_probe(&probe, &fx->err) == 0, "%s", fx->err.text);
	CHECK(probe.tier >= 2 && probe.tier <= 4, "tier %d", probe.tier);
	CHECK(probe.tier == 4 || sbx_hint_text(probe.hint), "no hint at tier %d", probe.tier);
	if (!use_plain_ids(fx))
		return;
	REFUSE(EPERM, SYS_clone);
	CHECK(sbx_probe(&probe, &fx->err) == 0, "%s", fx->err.text);
	CHECK(probe.tier == (fx->kind == FX_ROOT), "tier %d", probe.tier);
	CHECK(probe.hint == SBX_HINT_SECCOMP && strstr(fx->err.text, "[clone, stage A11]"),
	      "%s", fx->err.text);
}

static void h07_few_descriptors(struct fx *fx)
{
	static const unsigned most[] = { 8, 12, 16, 24 };

	for (size_t i = 0; i < COUNTOF(most); i++) {
		pid_t pid = fork();
		int status = 0;

		if (pid == 0) {
			struct rlimit limit = { most[i], most[i] };
			struct sbx *sbx = NULL;

			setrlimit(RLIMIT_NOFILE, &limit);
			if (sbx_open(&sbx, &fx->spec, &fx->err) < 0)
				CHECK(strstr(fx->err.text, "Too many open files"), "%s",
				      fx->err.text);
			sbx_close(sbx);
			_exit(0);
		}
		waitpid(pid, &status, 0);
		CHECK(status == 0, "limit %u: status %x", most[i], (unsigned)status);
	}
}

static const struct fx_case places[] = {
	{ "H31 without openat2 and close_range", without_openat2 },
	{ "H31 openat2 forbidden", openat2_forbidden },
	{ "H12 without mount_setattr", without_mount_setattr },
	{ "H11 without the new mount calls", without_new_mounts },
	{ "H11 new mount calls forbidden", new_mounts_forbidden },
	{ "H21 H29 no host name, no keyring", without_small_things },
	{ "L04 clone refused", clone_refused },
	{ "H05 too many processes", clone_out_of_processes },
	{ "H06 no user namespaces", clone_unknown },
	{ "H10 mounts refused by a filter", mount_refused },
	{ "H10 mounts refused by AppArmor", mount_refused_by_profile },
	{ "H19 pivot_root refused", pivot_refused },
	{ "B11 masked proc", b11_masked_proc },
	{ "F18 upper layer on an overlay", f18_upper_on_overlay },
	{ "L01 no namespaces left", l01_no_namespaces },
	{ "L05 chroot", l05_chroot },
	{ "L06 no proc", l06_no_proc },
	{ "L10 probe", probe_says },
	{ "H07 few descriptors", h07_few_descriptors },
};

FX_TESTS(places, places)
