/*
 * The process of one step, from clone to execve. It shares pid 1's memory until then (pid 1
 * waits), so it starts fast and reports by storing. The order is that of the kernel's rules:
 * namespaces, ids, capabilities, working directory with the step's own rights, and the filter
 * last. Source: setns(2), capabilities(7), credentials(7), openat2(2), landlock(7), seccomp(2).
 */
#include "sandbox/init.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <signal.h>
#include <sys/resource.h>

#include "sandbox/filter.inc"

#define SECURE_FOR_SETID (SECBIT_KEEP_CAPS | SECBIT_NO_SETUID_FIXUP)

static int fail(struct init_step *s, int stage, int call, long r)
{
	s->fail.stage = (uint16_t)stage;
	s->fail.call = (uint16_t)call;
	s->fail.errnum = r < 0 ? (int)-r : 0;
	return -1;
}

static int enter_namespaces(struct init_step *s)
{
	static const int kind[3] = { CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWNET };

	for (int i = 0; i < 3; i++) {
		long r = s->x->ns[i] < 0 ? 0 : sys(setns, s->x->ns[i], kind[i]);

		if (r < 0)
			return fail(s, SBX_STAGE_ENTER, WIRE_CALL_SETNS, r);
	}
	sys(setsid);
	return 0;
}

static int set_stdio(struct init_step *s)
{
	const int from[4] = { s->x->null, s->fd[0], s->fd[1], s->fd[2] };
	long first = s->step->has_script ? 4 : 3;
	long r;

	for (int i = 0; i < first; i++) {
		r = sys(dup3, from[i], i, 0);
		if (r < 0)
			return fail(s, SBX_STAGE_STDIO, WIRE_CALL_DUP, r);
	}
	r = sys(close_range, first, ~0U, 0);
	for (long fd = first; r == -ENOSYS && fd < 4096; fd++)
		sys(close, fd);
	return 0;
}

/* Counted per user namespace, so it is set inside. */
static int set_nproc(struct init_step *s)
{
	struct rlimit limit;
	long r = sys(prlimit64, 0, RLIMIT_NPROC, 0, &limit);

	if (r < 0)
		return fail(s, SBX_STAGE_LIMITS, WIRE_CALL_RLIMIT, r);
	if (limit.rlim_max > s->x->open->nproc)
		limit.rlim_max = s->x->open->nproc;
	limit.rlim_cur = limit.rlim_max;
	r = sys(prlimit64, 0, RLIMIT_NPROC, &limit, 0);
	return r < 0 ? fail(s, SBX_STAGE_LIMITS, WIRE_CALL_RLIMIT, r) : 0;
}

static int set_ids(struct init_step *s)
{
	const struct wire_open *o = s->x->open;
	long r = sys(prctl, PR_SET_SECUREBITS, SECURE_FOR_SETID, 0, 0, 0);

	if (r < 0)
		return fail(s, SBX_STAGE_RUNID, WIRE_CALL_PRCTL, r);
	if (o->flags & WIRE_OPENF_GROUPS) {
		r = sys(setgroups, 0, 0);
		if (r < 0)
			return fail(s, SBX_STAGE_RUNID, WIRE_CALL_SETGROUPS, r);
	}
	r = sys(setresgid, o->run_gid, o->run_gid, o->run_gid);
	if (r == 0)
		r = sys(setresuid, o->run_uid, o->run_uid, o->run_uid);
	return r < 0 ? fail(s, SBX_STAGE_RUNID, WIRE_CALL_SETID, r) : 0;
}

static long bound(uint64_t caps)
{
	for (int cap = 0; cap < 64; cap++) {
		long r = (caps >> cap) & 1 ? 0 : sys(prctl, PR_CAPBSET_DROP, cap, 0, 0, 0);

		if (r == -EINVAL)
			return 0; /* past the kernel's last one */
		if (r < 0)
			return r;
	}
	return 0;
}

/* Id 0 regains its set at execve from the bounding set; others need ambient capabilities. */
static int set_caps(struct init_step *s)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	uint64_t caps = s->x->open->caps;
	bool ambient = s->x->open->run_uid != 0;
	long r = bound(caps);

	for (int i = 0; i < 2; i++) {
		data[i].effective = data[i].permitted = (uint32_t)(caps >> (32 * i));
		data[i].inheritable = ambient ? data[i].permitted : 0;
	}
	if (r == 0)
		r = sys(capset, &head, data);
	if (r < 0)
		return fail(s, SBX_STAGE_CAPS, WIRE_CALL_CAPSET, r);
	for (int cap = 0; ambient && cap < 64; cap++) {
		if (!((caps >> cap) & 1))
			continue;
		r = sys(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0);
		if (r < 0)
			return fail(s, SBX_STAGE_CAPS, WIRE_CALL_PRCTL, r);
	}
	/* Needs CAP_SETPCAP, which is in the set. */
	r = sys(prctl, PR_SET_SECUREBITS, 0, 0, 0, 0);
	return r < 0 ? fail(s, SBX_STAGE_CAPS, WIRE_CALL_PRCTL, r) : 0;
}

static long open_workdir(const char *path)
{
	struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
				.resolve = RESOLVE_NO_MAGICLINKS };
	long fd = sys(openat2, AT_FDCWD, path, &how, sizeof(how));
	int call;

	if (fd == -ENOENT || fd == -ENOSYS || fd == -EPERM || fd == -EAGAIN) {
		long root = sys(openat, AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);

		fd = init_target_open((int)root, path, INIT_TARGET_DIR | INIT_TARGET_CREATE,
				      &call);
		sys(close, root);
	}
	return fd;
}

static int set_workdir(struct init_step *s)
{
	const char *path = s->payload + s->step->workdir;
	char INIT_RAW here[4096];
	long fd = open_workdir(path);
	long r = fd;

	if (fd < 0)
		return fail(s, SBX_STAGE_WORKDIR, WIRE_CALL_TARGET, fd);
	r = sys(fchdir, fd);
	sys(close, fd);
	if (r < 0)
		return fail(s, SBX_STAGE_WORKDIR, WIRE_CALL_CHDIR, r);
	r = sys(getcwd, here, sizeof(here));
	if (r >= 0 && here[0] != '/')
		r = -ENOENT; /* outside of the root */
	return r < 0 ? fail(s, SBX_STAGE_WORKDIR, WIRE_CALL_GETCWD, r) : 0;
}

/*
 * With the host's network its abstract sockets are in reach; a Landlock domain (ABI 6) cuts
 * them and signals off. Otherwise the namespaces do.
 */
static void set_scopes(struct init_step *s)
{
	const uint64_t attr[3] = { 0, 0, 1 << 0 | 1 << 1 }; /* fs, net, scoped */
	long fd;

	if (s->x->open->flags & WIRE_OPENF_NET)
		return;
	fd = sys(landlock_create_ruleset, attr, sizeof(attr), 0);
	if (fd < 0)
		return; /* an older kernel */
	sys(landlock_restrict_self, fd, 0);
	sys(close, fd);
}

static int set_filter(struct init_step *s)
{
	bool net = s->x->open->flags & WIRE_OPENF_NET;
	const struct sock_fprog prog = {
		.len = net ? sizeof(filter_own_net) / sizeof(filter_own_net[0])
			   : sizeof(filter_host_net) / sizeof(filter_host_net[0]),
		.filter = (struct sock_filter *)(uintptr_t)(net ? filter_own_net
								: filter_host_net),
	};
	uint64_t none = 0;
	long r = sys(prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);

	if (r < 0)
		return fail(s, SBX_STAGE_NNP, WIRE_CALL_PRCTL, r);
	set_scopes(s);
	sys(rt_sigprocmask, SIG_SETMASK, &none, 0, sizeof(none));
	r = sys(seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog);
	return r < 0 ? fail(s, SBX_STAGE_FILTER, WIRE_CALL_SECCOMP, r) : 0;
}

static int step_main(void *arg)
{
	struct init_step *s = arg;
	long r;

	if (enter_namespaces(s) < 0 || set_stdio(s) < 0 || set_nproc(s) < 0 || set_ids(s) < 0 ||
	    set_caps(s) < 0 || set_workdir(s) < 0 || set_filter(s) < 0)
		return 125;
	s->reached_exec = true;
	r = sys(execve, s->payload + s->step->file, s->payload + s->step->argv,
		s->payload + s->step->env);
	s->exec_errno = (int)-r;
	return r == -ENOENT ? 127 : 126;
}

/* Turn offsets into pointers, in place. */
static bool relocate(struct init_step *s, uint32_t table, uint32_t len)
{
	uint64_t *word = (uint64_t *)(void *)(s->payload + table);

	if (table % 8 || len >= s->len / 8 || table > s->len - 8 * (size_t)(len + 1))
		return false;
	for (uint32_t i = 0; i < len; i++) {
		if (word[i] >= s->len)
			return false;
		word[i] += (uintptr_t)s->payload;
	}
	return word[len] == 0;
}

int init_step_start(struct init *x, struct init_step *s, void *stack_end)
{
	const struct wire_step *w = s->step;
	long pid;

	(void)x;
	if (!relocate(s, w->argv, w->argv_len) || !relocate(s, w->env, w->env_len) ||
	    w->file >= s->len || w->workdir >= s->len || s->fd[0] < 0 || s->fd[1] < 0 ||
	    (w->has_script && s->fd[2] < 0))
		return fail(s, SBX_STAGE_CONTROL, WIRE_CALL_MESSAGE, -EBADMSG);
	pid = sbx_clone_call(CLONE_VM | CLONE_VFORK | SIGCHLD, stack_end, step_main, s, NULL,
			     NULL);
	return pid < 0 ? fail(s, SBX_STAGE_FORK, WIRE_CALL_CLONE, pid) : (int)pid;
}
