/*
 * Pid 1 of the guest: becomes id 0 of its user namespace, walks the operations, takes the
 * namespaces of steps from the holder, gives up its rights, and then starts one step after the
 * other, reaping all the while. Steps cannot reach it: signals from inside are ignored, and its
 * memory belongs to a user namespace outside. Source: pid_namespaces(7), user_namespaces(7),
 * prctl(2), signalfd(2).
 */
#include "sandbox/init.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/prctl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#ifndef __WALL
#define __WALL 0x40000000
#endif

struct loop {
	struct init *x;
	int sigfd;
	int step_pid; /* 0: none runs */
	int exec_errno;
	unsigned stray;
	int64_t usage[18];
	char *stack_end;
	char *buf; /* WIRE_INLINE bytes */
};

static bool is_hung_up(int fd)
{
	struct pollfd p = { .fd = fd };
	struct timespec now = { 0, 0 };

	return sys(ppoll, &p, 1, &now, 0, 0) == 1 && (p.revents & (POLLHUP | POLLERR));
}

static void die_with_monitor(struct init *x)
{
	sys(prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (is_hung_up(x->sync))
		sys(exit_group, 1);
}

/* A single id may map itself; the order is the kernel's. */
static int map_self(struct init *x)
{
	long r = init_write_file(x->proc, "self/uid_map", init_text(x, x->open->u1_uid));

	if (r >= 0)
		r = init_write_file(x->proc, "self/setgroups", "deny");
	if (r == -ENOENT)
		r = 0; /* kernels before 3.19 */
	if (r >= 0)
		r = init_write_file(x->proc, "self/gid_map", init_text(x, x->open->u1_gid));
	return r < 0 ? init_fail(x, SBX_STAGE_MAP, WIRE_CALL_WRITE, r) : 0;
}

static int become_root(struct init *x)
{
	long r = 0;

	if (x->open->flags & WIRE_OPENF_GROUPS)
		r = sys(setgroups, 0, 0);
	if (r < 0)
		return init_fail(x, SBX_STAGE_IDS, WIRE_CALL_SETGROUPS, r);
	r = sys(setresgid, 0, 0, 0);
	if (r == 0)
		r = sys(setresuid, 0, 0, 0);
	if (r < 0)
		return init_fail(x, SBX_STAGE_IDS, WIRE_CALL_SETID, r);
	/* Another id outside clears both; maps of a process that is not dumpable are root's. */
	sys(prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
	die_with_monitor(x);
	return 0;
}

static int enter(struct init *x)
{
	char byte;

	if (!(x->open->flags & WIRE_OPENF_MAP_OUTSIDE) && map_self(x) < 0)
		return -1;
	if (init_ops_open(x, false) < 0)
		return -1;
	if ((x->open->flags & WIRE_OPENF_MAP_OUTSIDE) && sys(read, x->sync, &byte, 1) != 1)
		sys(exit_group, 1); /* the monitor has told why */
	return become_root(x);
}

static int set_limits(struct init *x)
{
	const struct wire_rlimit *limit =
		(const struct wire_rlimit *)(void *)(x->payload + x->open->rlimit);

	for (uint32_t i = 0; i < x->open->rlimit_len; i++) {
		long r = sys(prlimit64, 0, limit[i].resource, &limit[i].soft, 0);

		if (r < 0)
			return init_fail(x, SBX_STAGE_LIMITS, WIRE_CALL_RLIMIT, r);
	}
	return 0;
}

/* Only CAP_KILL stays, for processes of other ids inside. */
static int drop_rights(struct init *x)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { .effective = 1u << CAP_KILL,
						    .permitted = 1u << CAP_KILL } };
	long r = sys(openat, AT_FDCWD, "/dev/null", O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (r < 0)
		return init_fail(x, SBX_STAGE_DROP, WIRE_CALL_OPEN, r);
	x->null = (int)r;
	r = sys(prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (r < 0)
		return init_fail(x, SBX_STAGE_DROP, WIRE_CALL_PRCTL, r);
	r = sys(capset, &head, data);
	if (r < 0)
		return init_fail(x, SBX_STAGE_DROP, WIRE_CALL_CAPSET, r);
	r = sys(prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
	return r < 0 ? init_fail(x, SBX_STAGE_DROP, WIRE_CALL_PRCTL, r) : 0;
}

static void close_between(unsigned from, unsigned to)
{
	if (from > to || sys(close_range, from, to, 0) != -ENOSYS)
		return;
	for (unsigned fd = from; fd <= to && fd < 4096; fd++)
		sys(close, fd);
}

/* Descriptors of the set-up hold the old root; these few go on. */
static void close_rest(const struct init *x)
{
	int keep[5] = { x->sync, x->null, x->ns[0], x->ns[1], x->ns[2] };
	unsigned from = WIRE_CTL_FD + 1;

	for (int i = 1; i < 5; i++)
		for (int k = i; k > 0 && keep[k - 1] > keep[k]; k--) {
			int fd = keep[k];

			keep[k] = keep[k - 1];
			keep[k - 1] = fd;
		}
	for (int i = 0; i < 5; i++) {
		if (keep[i] < 0)
			continue;
		close_between(from, (unsigned)keep[i] - 1);
		from = (unsigned)keep[i] + 1;
	}
	close_between(from, ~0U);
}

static int outer_pid(const struct init *x)
{
	char text[24] = "";
	int pid = 0;

	sys(readlinkat, x->proc, "self", text, sizeof(text) - 1);
	for (const char *s = text; *s >= '0' && *s <= '9'; s++)
		pid = pid * 10 + (*s - '0');
	return pid;
}

static int set_up(struct init *x, struct init_holder *holder, int *pid)
{
	bool guest = !(x->open->flags & (WIRE_OPENF_REMOVE | WIRE_OPENF_PROBE));

	if (enter(x) < 0 || (guest && init_holder_start(x, holder) < 0))
		return -1;
	if (init_ops_run(x) < 0)
		return -1;
	*pid = outer_pid(x);
	if (!guest)
		return 0;
	if (init_holder_finish(x, holder) < 0 || set_limits(x) < 0 || drop_rights(x) < 0)
		return -1;
	close_rest(x);
	return 0;
}

static void add_usage(int64_t *sum, const int64_t *more)
{
	for (int i = 0; i < 4; i += 2) {
		sum[i] += more[i];
		sum[i + 1] += more[i + 1];
		if (sum[i + 1] >= 1000000) {
			sum[i + 1] -= 1000000;
			sum[i]++;
		}
	}
	if (more[4] > sum[4])
		sum[4] = more[4];
	for (int i = 5; i < 18; i++)
		sum[i] += more[i];
}

static void step_ended(struct loop *l, int status)
{
	struct wire_done done = { .status = status, .exec_errno = l->exec_errno };
	int64_t usage[18];
	bool killed = false;
	long pid;

	/* What is still there has a process of ours above it, so no child means nothing left.
	 */
	while ((pid = sys(wait4, -1, 0, killed ? __WALL : __WALL | WNOHANG, usage)) >= 0) {
		if (pid > 0) {
			add_usage(l->usage, usage);
			done.stray += killed;
		} else {
			sys(kill, -1, SIGKILL);
			killed = true;
		}
	}
	l->step_pid = 0;
	for (int i = 0; i < 18; i++)
		done.usage[i] = l->usage[i];
	init_send(WIRE_CTL_FD, WIRE_DONE, 0, &done, sizeof(done));
}

static void reap(struct loop *l)
{
	int64_t usage[18];
	int status;
	long pid;

	while ((pid = sys(wait4, -1, &status, __WALL | WNOHANG, usage)) > 0) {
		add_usage(l->usage, usage);
		if (pid == l->step_pid) {
			step_ended(l, status);
			return;
		}
	}
}

static void reject(struct loop *l, const struct wire_error *fail)
{
	sys(kill, -1, SIGKILL);
	while (sys(wait4, -1, 0, __WALL, 0) >= 0)
		;
	init_send_error(WIRE_CTL_FD, fail);
	l->step_pid = 0;
}

static void start_step(struct loop *l, struct init_message *m)
{
	struct init_step s = { .x = l->x, .payload = m->payload, .len = m->head.len };
	int pid;

	s.step = (const struct wire_step *)(void *)m->payload;
	s.fail.op = -1;
	for (int i = 0; i < 3; i++)
		s.fd[i] = m->fd[i];
	for (int i = 0; i < 18; i++)
		l->usage[i] = 0;
	pid = init_step_start(l->x, &s, l->stack_end);
	if (pid >= 0 && !s.reached_exec && s.fail.stage == 0)
		s.fail.stage = SBX_STAGE_FORK; /* killed on the way */
	if (pid < 0 || s.fail.stage) {
		reject(l, &s.fail);
		return;
	}
	l->step_pid = pid;
	l->exec_errno = s.exec_errno;
	init_send(WIRE_CTL_FD, WIRE_STARTED, 0, NULL, 0);
}

static void signal_step(struct loop *l, int signo)
{
	if (l->step_pid > 0)
		sys(kill, signo == SIGKILL ? -1 : -l->step_pid, signo);
}

static void serve(struct loop *l)
{
	struct init_message m;
	long r = init_receive(WIRE_CTL_FD, &m, l->buf);

	if (r < 0)
		sys(exit_group, 0); /* the caller is gone or talks nonsense */
	if (m.head.type == WIRE_KILL)
		signal_step(l, (int)m.head.value);
	else if (m.head.type == WIRE_STEP && l->step_pid == 0 &&
		 m.head.len >= sizeof(struct wire_step))
		start_step(l, &m);
	init_message_clear(&m);
}

static _Noreturn void run(struct init *x)
{
	char INIT_RAW stack[INIT_STEP_STACK] __attribute__((aligned(16)));
	char INIT_RAW buf[WIRE_INLINE] __attribute__((aligned(16)));
	struct loop l = { .x = x, .stack_end = stack + sizeof(stack), .buf = buf };
	uint64_t chld = UINT64_C(1) << (SIGCHLD - 1);
	struct pollfd p[3] = { { .fd = WIRE_CTL_FD, .events = POLLIN },
			       { .events = POLLIN },
			       { .fd = x->sync } };

	l.sigfd = (int)sys(signalfd4, -1, &chld, sizeof(chld), O_CLOEXEC | O_NONBLOCK);
	if (l.sigfd < 0)
		sys(exit_group, 1);
	p[1].fd = l.sigfd;
	for (;;) {
		sys(ppoll, p, 3, 0, 0, 0);
		if (p[2].revents)
			sys(exit_group, 0);
		if (p[1].revents) {
			char info[128 * 4];

			while (sys(read, l.sigfd, info, sizeof(info)) > 0)
				;
			reap(&l);
		}
		if (p[0].revents)
			serve(&l);
	}
}

_Noreturn void init_pid1(struct init *x)
{
	/* In this frame, which never ends: after a failure the holder may still run on its
	 * stack. */
	struct init_holder INIT_RAW holder;
	struct wire_ready ready = { 0 };

	die_with_monitor(x);
	x->fail.op = -1;
	if (set_up(x, &holder, &ready.pid) < 0) {
		init_send_error(WIRE_CTL_FD, &x->fail);
		sys(exit_group, 125);
	}
	ready.warnings = x->warnings;
	ready.tier = x->tier;
	init_send(WIRE_CTL_FD, WIRE_READY, 0, &ready, sizeof(ready));
	if (x->open->flags & (WIRE_OPENF_REMOVE | WIRE_OPENF_PROBE))
		sys(exit_group, 0);
	run(x);
}
