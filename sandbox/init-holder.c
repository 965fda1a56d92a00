/*
 * The second user namespace, where steps live, with its own copy of the mounts and its network.
 * A short-lived process makes them while pid 1 makes the mounts: making a network namespace
 * takes as long as all the rest. It shares memory and descriptors with pid 1, so it hands over
 * by storing numbers, and opens its namespaces itself. Source: user_namespaces(7), futex(2),
 * netdevice(7), network_namespaces(7).
 */
#include "sandbox/init.h"

#include <fcntl.h>
#include <linux/errno.h>
#include <linux/futex.h>
#include <linux/if.h>
#include <linux/sched.h>
#include <linux/sockios.h>
#include <linux/mount.h>
#include <signal.h>
#include <sys/socket.h>

static int holder_fail(struct init_holder *h, int stage, int call, long r)
{
	h->fail.stage = (uint16_t)stage;
	h->fail.call = (uint16_t)call;
	h->fail.errnum = (int)-r;
	h->fail.op = -1;
	return 1;
}

static void wake(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
	sys(futex, word, FUTEX_WAKE, 1, 0, 0, 0);
}

static void report_progress(struct init_holder *h, uint32_t progress)
{
	__atomic_store_n(&h->progress, progress, __ATOMIC_RELEASE);
	wake(&h->alive, progress + 1);
}

/* Bring lo up; the kernel adds its addresses. */
static long loopback_up(void)
{
	struct ifreq ifr = { .ifr_name = "lo" };
	long fd = sys(socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	long r;

	if (fd < 0)
		return fd;
	ifr.ifr_flags = IFF_UP;
	r = sys(ioctl, fd, SIOCSIFFLAGS, &ifr);
	sys(close, fd);
	return r;
}

static int make_network(struct init_holder *h)
{
	long r = loopback_up();

	if (r < 0)
		return holder_fail(h, SBX_STAGE_NET, WIRE_CALL_IOCTL, r);
	if (init_write_file(h->x->proc, "sys/net/ipv4/ip_unprivileged_port_start", "0") < 0)
		h->warnings |= UINT64_C(1) << SBX_HINT_PORTS;
	return 0;
}

static int make_mounts(struct init_holder *h)
{
	static const char *const path[3] = { "self/ns/user", "self/ns/mnt", "self/ns/net" };
	bool net = h->x->open->flags & WIRE_OPENF_NET;
	long r = sys(unshare, CLONE_NEWNS);

	if (r < 0)
		return holder_fail(h, SBX_STAGE_HOLDER, WIRE_CALL_UNSHARE, r);
	if (net) /* refused where the outer /sys is masked; the outer one stays then */
		sys(mount, "sysfs", "/sys", "sysfs",
		    MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, 0);
	for (int i = 0; i < (net ? 3 : 2); i++) {
		r = sys(openat, h->x->proc, path[i], O_RDONLY | O_CLOEXEC);
		if (r < 0)
			return holder_fail(h, SBX_STAGE_HOLDER, WIRE_CALL_OPEN, r);
		h->ns[i] = (int)r;
	}
	return 0;
}

static int holder_main(void *arg)
{
	struct init_holder *h = arg;
	bool net = h->x->open->flags & WIRE_OPENF_NET;
	long r = net ? sys(unshare, CLONE_NEWNET) : 0;

	if (r < 0)
		return holder_fail(h, SBX_STAGE_HOLDER, WIRE_CALL_UNSHARE, r);
	r = sys(readlinkat, h->x->proc, "self", h->outer_pid, sizeof(h->outer_pid) - 1);
	if (r < 0)
		return holder_fail(h, SBX_STAGE_HOLDER, WIRE_CALL_READ, r);
	if (net && make_network(h) != 0)
		return 1;
	report_progress(h, 1);
	while (__atomic_load_n(&h->go, __ATOMIC_ACQUIRE) == 0)
		sys(futex, &h->go, FUTEX_WAIT, 0, 0, 0, 0);
	if (make_mounts(h) != 0)
		return 1;
	report_progress(h, 2);
	return 0;
}

int init_holder_start(struct init *x, struct init_holder *h)
{
	long pid;

	h->x = x;
	h->alive = 1;
	h->progress = 0;
	h->go = 0;
	h->warnings = 0;
	h->fail.stage = 0;
	h->ns[0] = h->ns[1] = h->ns[2] = -1;
	for (size_t i = 0; i < sizeof(h->outer_pid); i++)
		h->outer_pid[i] = '\0';
	/* The user namespace at once: the kernel refuses it while the new root lies on the old.
	 */
	pid = sbx_clone_call(
		CLONE_NEWUSER | CLONE_VM | CLONE_FILES | CLONE_CHILD_CLEARTID | SIGCHLD,
		h->stack + sizeof(h->stack), holder_main, h, NULL, (int *)&h->alive);
	if (pid < 0)
		return init_fail(x, SBX_STAGE_HOLDER, WIRE_CALL_CLONE, pid);
	h->pid = (int)pid;
	return 0;
}

/* Wait until the holder has come so far; its end (alive is 0 then) is a failure before that. */
static int wait_for(struct init *x, struct init_holder *h, uint32_t progress)
{
	while (__atomic_load_n(&h->progress, __ATOMIC_ACQUIRE) < progress) {
		uint32_t alive = __atomic_load_n(&h->alive, __ATOMIC_ACQUIRE);

		if (alive == 0 && __atomic_load_n(&h->progress, __ATOMIC_ACQUIRE) < progress) {
			x->fail = h->fail;
			return h->fail.stage ? -1
					     : init_fail(x, SBX_STAGE_HOLDER, WIRE_CALL_CLONE,
							 -ECHILD);
		}
		if (alive != 0)
			sys(futex, &h->alive, FUTEX_WAIT, alive, 0, 0, 0);
	}
	return 0;
}

static int write_map(struct init *x, const struct init_holder *h, const char *file,
		     uint32_t text)
{
	char path[64] = "";
	long r;

	sys_append(path, sizeof(path), h->outer_pid);
	sys_append(path, sizeof(path), file);
	r = init_write_file(x->proc, path, init_text(x, text));
	return r < 0 ? init_fail(x, SBX_STAGE_HOLDER, WIRE_CALL_WRITE, r) : 0;
}

int init_holder_finish(struct init *x, struct init_holder *h)
{
	if (wait_for(x, h, 1) < 0 || write_map(x, h, "/uid_map", x->open->u2_uid) < 0 ||
	    write_map(x, h, "/gid_map", x->open->u2_gid) < 0)
		return -1;
	wake(&h->go, 1);
	if (wait_for(x, h, 2) < 0)
		return -1;
	sys(wait4, h->pid, 0, 0, 0);
	x->warnings |= h->warnings;
	for (int i = 0; i < 3; i++)
		x->ns[i] = h->ns[i];
	return 0;
}
