/*
 * Starts the monitor: the embedded init program in a sealed memfd, with no environment, one
 * constant argument, /dev/null for stdio and the control socket as descriptor 3.
 * Source: vfork(2), execveat(2), memfd_create(2), unix(7).
 */
#include "sandbox/internal.h"
#include "sandbox/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif

#define STOP_MS 30000

struct child {
	int image, ctl;
	pid_t parent;
	volatile int errnum; /* stored by the child, whose memory this is, too */
};

static _Noreturn void child_failed(struct child *c, long r)
{
	c->errnum = r < 0 ? (int)-r : EPIPE;
	for (;;)
		sys(exit_group, 124);
}

/* Borrowed memory of the parent until execveat: raw calls only. */
static _Noreturn void become_monitor(struct child *c)
{
	static char name[] = "melange-init";
	char *const argv[] = { name, NULL };
	char *const env[] = { NULL };
	long image, ctl, null;

	sys(prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (sys(getppid) != c->parent)
		child_failed(c, 0);
	/* Whatever the caller has on 0..3, nothing of ours may be overwritten there. */
	ctl = sys(fcntl, c->ctl, F_DUPFD_CLOEXEC, WIRE_CTL_FD + 1);
	image = sys(fcntl, c->image, F_DUPFD_CLOEXEC, WIRE_CTL_FD + 1);
	null = sys(openat, AT_FDCWD, "/dev/null", O_RDWR);
	if (ctl < 0 || image < 0 || null < 0)
		child_failed(c, ctl < 0 ? ctl : image < 0 ? image : null);
	if (null != 0)
		sys(dup3, null, 0, 0);
	if (null != 1)
		sys(dup3, null, 1, 0);
	if (null != 2)
		sys(dup3, null, 2, 0);
	sys(dup3, ctl, WIRE_CTL_FD, 0);
	child_failed(c, sys(execveat, image, "", argv, env, AT_EMPTY_PATH));
}

/* Alone in its frame, as vfork wants it. */
__attribute__((noinline)) static pid_t vfork_monitor(struct child *c)
{
	pid_t pid = vfork();

	if (pid == 0)
		become_monitor(c);
	return pid;
}

static int open_image(const char *path, struct sbx_err *err)
{
	int fd;

	if (path)
		fd = open(path, O_PATH | O_CLOEXEC);
	else
		fd = sbx_sealed_memfd("melange-init", sbx_init_image,
				      (size_t)(sbx_init_image_end - sbx_init_image), true);
	if (fd < 0)
		sbx_fail(err, SBX_STAGE_START, path ? WIRE_CALL_OPEN : WIRE_CALL_CREATE, errno,
			 "init program", path);
	return fd;
}

static void reap(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static int spawn(struct sbx_monitor *m, int ctl, const char *init_path, struct sbx_err *err)
{
	struct child c = { .image = open_image(init_path, err),
			   .ctl = ctl,
			   .parent = getpid() };
	int saved;

	if (c.image < 0)
		return -1;
	m->pid = vfork_monitor(&c);
	saved = errno;
	close(c.image);
	if (m->pid < 0)
		return sbx_fail(err, SBX_STAGE_START, WIRE_CALL_CLONE, saved, "monitor process",
				NULL);
	if (c.errnum == 0)
		return 0;
	reap(m->pid);
	m->pid = -1;
	return sbx_fail(err, SBX_STAGE_START, WIRE_CALL_EXEC, c.errnum, "init program",
			init_path);
}

static int hear(struct sbx_monitor *m, const struct sbx_order *order, struct wire_ready *ready,
		struct sbx_err *err)
{
	union {
		struct wire_ready ready;
		struct wire_error error;
	} answer;
	size_t len = 0;
	int type = sbx_message_receive(m->ctl, &answer, sizeof(answer), &len);

	if (type == WIRE_READY && len == sizeof(answer.ready)) {
		*ready = answer.ready;
		return 0;
	}
	if (type == WIRE_ERROR && len == sizeof(answer.error))
		return sbx_fail_remote(err, &answer.error, order);
	if (type == 0)
		return sbx_fail(err, SBX_STAGE_CONTROL, WIRE_CALL_NONE, ECONNRESET,
				"set-up process ended without a word", NULL);
	return sbx_fail(err, SBX_STAGE_CONTROL, WIRE_CALL_MESSAGE, type < 0 ? errno : EBADMSG,
			"answer of the set-up process", NULL);
}

int sbx_monitor_start(struct sbx_monitor *out, const struct sbx_order *order,
		      const char *init_path, struct wire_ready *ready, struct sbx_err *err)
{
	int pair[2];
	int r;

	*out = (struct sbx_monitor){ .ctl = -1, .pid = -1 };
	if (getauxval(AT_SECURE))
		return sbx_fail(err, SBX_STAGE_START, WIRE_CALL_NONE, EPERM,
				"started with more rights than its user (set-user-id)", NULL);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return sbx_fail(err, SBX_STAGE_START, WIRE_CALL_SOCKET, errno, "control socket",
				NULL);
	out->ctl = pair[0];
	if (sbx_message_send(out->ctl, WIRE_OPEN, 0, &order->blob, NULL, 0) < 0)
		r = sbx_fail(err, SBX_STAGE_START, WIRE_CALL_WRITE, errno, "control socket",
			     NULL);
	else
		r = spawn(out, pair[1], init_path, err);
	close(pair[1]);
	if (r == 0)
		r = hear(out, order, ready, err);
	if (r < 0)
		sbx_monitor_stop(out);
	return r;
}

/* Poll for the end, since a process of the guest may hang in the kernel. */
static void await(pid_t pid)
{
	long fd = sys(pidfd_open, pid, 0);
	struct pollfd p = { .fd = (int)fd, .events = POLLIN };
	int r = 1;

	if (fd >= 0) {
		do
			r = poll(&p, 1, STOP_MS);
		while (r < 0 && errno == EINTR);
		close((int)fd);
	}
	if (r == 0)
		return;
	reap(pid);
}

void sbx_monitor_stop(struct sbx_monitor *m)
{
	if (m->pid > 0)
		kill(m->pid, SIGTERM);
	if (m->ctl >= 0)
		close(m->ctl);
	if (m->pid > 0)
		await(m->pid);
	*m = (struct sbx_monitor){ .ctl = -1, .pid = -1 };
}
