/*
 * The monitor: first life of the init program, in the namespaces of the caller. It cleans
 * itself, clones pid 1 into new namespaces, writes or has written its id maps, and then waits:
 * its death kills the guest, SIGTERM makes it kill and reap the guest, and it ends after it.
 * Source: clone(2), user_namespaces(7), newuidmap(1), keyrings(7), prctl(2).
 */
#include "sandbox/init.h"

#include <fcntl.h>
#include <linux/errno.h>
#include <linux/keyctl.h>
#include <linux/magic.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#define GUEST_NAMESPACES                                                                       \
	(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS)

_Noreturn void init_main(long *stack);

__asm__(".text\n"
	".globl _start\n"
	".type _start, %function\n"
	"_start:\n"
#if defined(__x86_64__)
	"xor %ebp, %ebp\n"
	"mov %rsp, %rdi\n"
	"and $-16, %rsp\n"
	"call init_main\n"
	"hlt\n"
#elif defined(__aarch64__)
	"mov x29, #0\n"
	"mov x30, #0\n"
	"mov x0, sp\n"
	"bl init_main\n"
	"brk #1\n"
#else
	".option push\n.option norelax\nlla gp, __global_pointer$\n.option pop\n"
	"mv a0, sp\n"
	"andi sp, sp, -16\n"
	"call init_main\n"
	"ebreak\n"
#endif
	".size _start, . - _start\n");

/* The compiler calls these by itself. */
void *memcpy(void *restrict to, const void *restrict from, size_t len);
void *memset(void *to, int byte, size_t len);
void __stack_chk_fail(void);
extern uintptr_t __stack_chk_guard;
uintptr_t __stack_chk_guard;

__attribute__((optimize("no-tree-loop-distribute-patterns"))) void *
memcpy(void *restrict to, const void *restrict from, size_t len)
{
	for (size_t i = 0; i < len; i++)
		((char *)to)[i] = ((const char *)from)[i];
	return to;
}

__attribute__((optimize("no-tree-loop-distribute-patterns"))) void *memset(void *to, int byte,
									   size_t len)
{
	for (size_t i = 0; i < len; i++)
		((char *)to)[i] = (char)byte;
	return to;
}

void __stack_chk_fail(void)
{
	sys(exit_group, 125);
	__builtin_trap();
}

static _Noreturn void give_up(struct init *x)
{
	init_send_error(WIRE_CTL_FD, &x->fail);
	for (;;)
		sys(exit_group, 125);
}

/* Nothing of the caller's descriptors, signals, keys or file modes goes on. */
static void clean_self(void)
{
	const uint64_t all = ~UINT64_C(0);
	struct {
		void *handler;
		unsigned long flags;
		void *restorer;
		uint64_t mask;
	} none = { 0 };

	if (sys(close_range, WIRE_CTL_FD + 1, ~0U, 0) == -ENOSYS)
		for (int fd = WIRE_CTL_FD + 1; fd < 4096; fd++)
			sys(close, fd);
	sys(fcntl, WIRE_CTL_FD, F_SETFD, FD_CLOEXEC);
	sys(rt_sigprocmask, SIG_SETMASK, &all, 0, sizeof(all));
	for (int signo = 1; signo <= 64; signo++)
		sys(rt_sigaction, signo, &none, 0, sizeof(none.mask));
	sys(umask, 022);
	sys(prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
	sys(prctl, PR_SET_NAME, "melange-init", 0, 0, 0);
	sys(keyctl, KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0);
}

/* After a caller that died before this call its end of the socket is closed. */
static void die_with_caller(void)
{
	struct pollfd p = { .fd = WIRE_CTL_FD };
	struct timespec now = { 0, 0 };

	sys(prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (sys(ppoll, &p, 1, &now, 0, 0) == 1 && (p.revents & (POLLHUP | POLLERR)))
		sys(exit_group, 1);
}

static int open_proc(struct init *x)
{
	long fd = sys(openat, AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return init_fail(x, SBX_STAGE_FDS, WIRE_CALL_OPEN, fd);
	if (!init_is_fs((int)fd, PROC_SUPER_MAGIC))
		return init_fail(x, SBX_STAGE_FDS, WIRE_CALL_TYPE, -ENOENT);
	x->proc = (int)fd;
	/* The kernel shall rather end a guest than its user's other programs. */
	init_write_file(x->proc, "self/oom_score_adj", "500");
	return 0;
}

static bool is_inside(const struct init *x, uint32_t offset, uint64_t len, uint64_t each)
{
	return len == 0 ||
	       (offset % 8 == 0 && offset <= x->len && len * each <= x->len - offset);
}

static void receive_order(struct init *x, struct init_message *m, char *buf)
{
	long r = init_receive(WIRE_CTL_FD, m, buf);

	if (r < 0 || m->head.type != WIRE_OPEN || m->head.len < sizeof(struct wire_open)) {
		init_fail(x, SBX_STAGE_FDS, WIRE_CALL_MESSAGE, r < 0 ? r : -EBADMSG);
		give_up(x);
	}
	x->payload = m->payload;
	x->len = m->head.len;
	x->open = (struct wire_open *)(void *)x->payload;
	if (!is_inside(x, x->open->op, x->open->op_len, sizeof(struct wire_op)) ||
	    !is_inside(x, x->open->rlimit, x->open->rlimit_len, sizeof(struct wire_rlimit)) ||
	    !is_inside(x, x->open->uid_arg, x->open->uid_arg_len, 8) ||
	    !is_inside(x, x->open->gid_arg, x->open->gid_arg_len, 8)) {
		init_fail(x, SBX_STAGE_FDS, WIRE_CALL_MESSAGE, -EBADMSG);
		give_up(x);
	}
	x->op = (struct wire_op *)(void *)(x->payload + x->open->op);
}

/* --- id maps from outside ---------------------------------------------------------------- */

static long write_map(struct init *x, long pid, const char *file, uint32_t text)
{
	char path[48] = "";

	sys_append_number(path, sizeof(path), (unsigned long)pid);
	return init_write_file(x->proc, sys_append(path, sizeof(path), file),
			       init_text(x, text));
}

struct helper {
	const char *path;
	char *argv[3 + 3 * 4 + 1];
};

static int helper_main(void *arg)
{
	struct helper *h = arg;
	char *env[] = { NULL };
	const uint64_t none = 0;

	sys(rt_sigprocmask, SIG_SETMASK, &none, 0, sizeof(none));
	sys(execve, h->path, h->argv, env);
	return 127;
}

static long start_helper(struct init *x, struct helper *h, uint32_t path, char *pid,
			 const uint64_t *arg, uint32_t arg_len, char *stack, size_t size)
{
	uint32_t n = 0;

	h->path = init_text(x, path);
	h->argv[n++] = (char *)(uintptr_t)h->path;
	h->argv[n++] = pid;
	for (uint32_t i = 0; i < arg_len && n + 1 < sizeof(h->argv) / sizeof(h->argv[0]); i++)
		h->argv[n++] = (char *)(uintptr_t)init_text(x, (uint32_t)arg[i]);
	h->argv[n] = NULL;
	return sbx_clone_call(CLONE_VM | CLONE_VFORK | SIGCHLD, stack + size, helper_main, h,
			      NULL, NULL);
}

/* Both helpers run at once. */
static int run_helpers(struct init *x, long pid)
{
	char INIT_RAW stack[4096] __attribute__((aligned(16)));
	char number[24] = "";
	struct helper uid, gid;
	const struct wire_open *o = x->open;
	long u, g;
	int status = -1;

	sys_append_number(number, sizeof(number), (unsigned long)pid);
	u = start_helper(x, &uid, o->newuidmap, number,
			 (const uint64_t *)(void *)(x->payload + o->uid_arg), o->uid_arg_len,
			 stack, sizeof(stack));
	g = start_helper(x, &gid, o->newgidmap, number,
			 (const uint64_t *)(void *)(x->payload + o->gid_arg), o->gid_arg_len,
			 stack, sizeof(stack));
	if (u < 0 || sys(wait4, u, &status, 0, 0) != u || status != 0)
		return init_fail(x, SBX_STAGE_HELPER, WIRE_CALL_NEWUIDMAP, u < 0 ? u : 0);
	status = -1;
	if (g < 0 || sys(wait4, g, &status, 0, 0) != g || status != 0)
		return init_fail(x, SBX_STAGE_HELPER, WIRE_CALL_NEWGIDMAP, g < 0 ? g : 0);
	return 0;
}

static int map_guest(struct init *x, long pid)
{
	long r;

	if (x->open->flags & WIRE_OPENF_MAP_HELPER)
		return run_helpers(x, pid);
	if (!(x->open->flags & WIRE_OPENF_MAP_OUTSIDE))
		return 0;
	r = write_map(x, pid, "/uid_map", x->open->u1_uid);
	if (r >= 0)
		r = write_map(x, pid, "/gid_map", x->open->u1_gid);
	return r < 0 ? init_fail(x, SBX_STAGE_HELPER, WIRE_CALL_WRITE, r) : 0;
}

/* --- a user namespace for id-mapped mounts ------------------------------------------------ */

/* Ends with the monitor, whose end of the pipe is the only one. */
static int wait_for_end(void *arg)
{
	const int *end = arg;
	char byte;

	sys(prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	sys(close, end[1]);
	sys(read, end[0], &byte, 1);
	return 0;
}

static int make_idmap_ns(struct init *x)
{
	char INIT_RAW stack[2048] __attribute__((aligned(16)));
	char path[48] = "";
	int end[2];
	long pid, fd = -1, r;

	if (sys(pipe2, end, O_CLOEXEC) < 0)
		return init_fail(x, SBX_STAGE_SOURCE, WIRE_CALL_OPEN, -EMFILE);
	pid = sbx_clone_call(CLONE_VM | CLONE_NEWUSER | SIGCHLD, stack + sizeof(stack),
			     wait_for_end, &end[0], NULL, NULL);
	if (pid < 0)
		return init_fail(x, SBX_STAGE_CLONE, WIRE_CALL_CLONE, pid);
	r = write_map(x, pid, "/uid_map", x->open->idmap_uid);
	if (r >= 0)
		r = write_map(x, pid, "/gid_map", x->open->idmap_gid);
	if (r >= 0) {
		sys_append_number(path, sizeof(path), (unsigned long)pid);
		fd = sys(openat, x->proc, sys_append(path, sizeof(path), "/ns/user"),
			 O_RDONLY | O_CLOEXEC);
	}
	sys(kill, pid, SIGKILL);
	sys(wait4, pid, 0, 0, 0);
	sys(close, end[0]);
	sys(close, end[1]);
	if (r < 0 || fd < 0)
		return init_fail(x, SBX_STAGE_SOURCE, WIRE_CALL_IDMAP, r < 0 ? r : fd);
	x->idmap_ns = (int)fd;
	return 0;
}

/* --- life ----------------------------------------------------------------------------------
 */

static _Noreturn void watch(long guest)
{
	const uint64_t set = UINT64_C(1) << (SIGCHLD - 1) | UINT64_C(1) << (SIGTERM - 1);
	int status = 0;

	while (sys(wait4, guest, &status, WNOHANG, 0) == 0)
		if (sys(rt_sigtimedwait, &set, 0, 0, sizeof(set)) == SIGTERM)
			sys(kill, guest, SIGKILL);
	for (;;)
		sys(exit_group,
		    WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static long clone_guest(struct init *x)
{
	bool guest = !(x->open->flags & WIRE_OPENF_REMOVE);
	unsigned long flags =
		guest ? GUEST_NAMESPACES | CLONE_NEWCGROUP : CLONE_NEWUSER | CLONE_NEWPID;
	long pid = sys(clone, flags | SIGCHLD, 0, 0, 0, 0);

	if (pid == -EINVAL && guest) /* a kernel before 4.6 or without cgroups */
		pid = sys(clone, GUEST_NAMESPACES | SIGCHLD, 0, 0, 0, 0);
	return pid;
}

static _Noreturn void monitor(struct init *x)
{
	int sync[2];
	long guest;

	if (open_proc(x) < 0 || (x->open->idmap_uid && make_idmap_ns(x) < 0))
		give_up(x);
	if ((x->open->flags & WIRE_OPENF_TREES) && init_ops_open(x, true) < 0)
		give_up(x);
	if (sys(pipe2, sync, O_CLOEXEC) < 0) {
		init_fail(x, SBX_STAGE_FDS, WIRE_CALL_OPEN, -EMFILE);
		give_up(x);
	}
	guest = clone_guest(x);
	if (guest == 0) {
		sys(close, sync[1]);
		x->sync = sync[0];
		init_pid1(x);
	}
	if (guest < 0) {
		init_fail(x, SBX_STAGE_CLONE, WIRE_CALL_CLONE, guest);
		give_up(x);
	}
	sys(close, sync[0]);
	if (map_guest(x, guest) < 0) {
		sys(kill, guest, SIGKILL);
		sys(wait4, guest, 0, 0, 0);
		give_up(x);
	}
	sys(write, sync[1], "m", 1);
	sys(dup3, sync[1], WIRE_CTL_FD, O_CLOEXEC);
	sys(close_range, WIRE_CTL_FD + 1, ~0U, 0);
	sys(chdir, "/");
	sys(prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	watch(guest);
}

static void seed_guard(long *stack)
{
	long *word = stack + 1 + stack[0] + 1; /* after argv */

	while (*word)
		word++;
	for (word++; word[0]; word += 2)
		if (word[0] == 25 /* AT_RANDOM */)
			__stack_chk_guard = *(const uintptr_t *)word[1] & ~(uintptr_t)0xff;
}

__attribute__((optimize("no-stack-protector"))) _Noreturn void init_main(long *stack)
{
	char INIT_RAW buf[WIRE_INLINE] __attribute__((aligned(16)));
	struct init_message m;
	struct init x = { .idmap_ns = -1,
			  .root = -1,
			  .guest_proc = -1,
			  .null = -1,
			  .ns = { -1, -1, -1 },
			  .tier = 3,
			  .fail = { .op = -1 } };

	seed_guard(stack);
	clean_self();
	die_with_caller();
	receive_order(&x, &m, buf);
	monitor(&x);
}
