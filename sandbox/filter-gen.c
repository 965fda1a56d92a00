/*
 * Writes the system call filter of steps as C arrays of BPF. Runs while the library is built;
 * libseccomp tells the numbers of this processor's calls, the program itself is made here: the
 * calls that one answer fits are ranges of numbers, found by a binary search, so a call passes
 * about eight instructions and the kernel's own pass over all calls is short, too.
 *
 * Calls that are neither named here nor known to libseccomp do not exist for a step (ENOSYS),
 * so a call of a future kernel stays shut. Nothing is ever killed: programs probe. Arguments
 * that are int in the kernel are compared in their lower 32 bits only, as the kernel reads
 * them. Source: seccomp(2), bpf in the kernel's documentation (networking/filter), syscalls(2).
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALLS_MAX 1024
#define CODE_MAX  2048

/* What becomes of a call: 0 is allowed, a positive number is the errno, negative a check. */
enum check {
	CHECK_UNSHARE = -1,
	CHECK_CLONE = -2,
	CHECK_IOCTL = -3,
	CHECK_SOCKET = -4,
	CHECK_SOCKETPAIR = -5,
	CHECK_PERSONALITY = -6,
};

static const struct {
	int what;
	const char *names; /* separated by spaces; unknown ones do not matter */
} rule[] = {
	/* Administration of the host: the kernel would refuse as well. */
	{ EPERM,
	  "init_module finit_module delete_module kexec_load kexec_file_load reboot swapon "
	  "swapoff acct quotactl quotactl_fd iopl ioperm vhangup settimeofday clock_settime "
	  "clock_settime64 clock_adjtime clock_adjtime64 adjtimex syslog" },
	/* Long gone. */
	{ ENOSYS, "create_module get_kernel_syms query_module nfsservctl _sysctl uselib sysfs "
		  "lookup_dcookie vm86 vm86old modify_ldt" },
	/* Open to anybody, with much kernel behind them, or past the file system's paths. */
	{ EPERM,
	  "bpf perf_event_open userfaultfd fanotify_init open_by_handle_at migrate_pages "
	  "move_pages" },
	/* Its operations are not seen by a filter; libraries fall back. */
	{ ENOSYS, "io_uring_setup io_uring_enter io_uring_register" },
	/* As in a kernel without keys; libraries fall back. */
	{ ENOSYS, "add_key keyctl request_key" },
	/* Mounts and namespaces, by the old and the new calls alike. */
	{ EPERM, "mount umount umount2 pivot_root setns" },
	{ ENOSYS, "fsopen fsconfig fsmount fspick open_tree open_tree_attr move_mount "
		  "mount_setattr" },
	{ ENOSYS, "clone3" }, /* flags behind a pointer; libraries fall back to clone */
	{ CHECK_UNSHARE, "unshare" },
	{ CHECK_CLONE, "clone" },
	{ CHECK_IOCTL, "ioctl" },
	{ CHECK_SOCKET, "socket" },
	{ CHECK_SOCKETPAIR, "socketpair" },
	{ CHECK_PERSONALITY, "personality" },
};

/* Calls that libseccomp may be too old to know; numbers are the same on every processor. */
static const struct {
	int first, last, what;
} later[] = {
	{ 435, 435, ENOSYS }, /* clone3 */
	{ 442, 442, ENOSYS }, /* mount_setattr */
	{ 443, 443, EPERM },  /* quotactl_fd */
	{ 444, 466, 0 },      /* landlock … removexattrat */
	{ 467, 467, ENOSYS }, /* open_tree_attr */
	{ 468, 469, 0 },      /* file_getattr, file_setattr */
};

#define NEW_NAMESPACES 0x7e020080u /* every CLONE_NEW* */
#define PERSONA_ASK    0xffffffffu
#define PERSONA_OPEN   (0x8u | 0x20000u | 0x40000u | 0x200000u)

struct program {
	struct sock_filter code[CODE_MAX];
	size_t len;
	bool own_net;
};

struct range {
	unsigned first;
	int what;
};

static void emit(struct program *p, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	if (p->len == CODE_MAX)
		abort();
	p->code[p->len++] = (struct sock_filter){ code, jt, jf, k };
}

static void emit_errno(struct program *p, int errnum)
{
	emit(p, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)errnum, 0, 0);
}

static void emit_allow(struct program *p)
{
	emit(p, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
}

/* The lower half of an argument: what the kernel takes for an int. */
static void load_arg(struct program *p, unsigned index)
{
	unsigned low = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0;

	emit(p, BPF_LD | BPF_W | BPF_ABS,
	     (uint32_t)(offsetof(struct seccomp_data, args) + 8 * index + low), 0, 0);
}

/* Allowed when the argument is one of value, else errnum. */
static void emit_one_of(struct program *p, unsigned arg, const uint32_t *value, size_t len,
			int errnum)
{
	load_arg(p, arg);
	for (size_t i = 0; i < len; i++)
		emit(p, BPF_JMP | BPF_JEQ | BPF_K, value[i], (uint8_t)(len - i), 0);
	emit_errno(p, errnum);
	emit_allow(p);
}

static void emit_flags(struct program *p, unsigned arg)
{
	load_arg(p, arg);
	emit(p, BPF_JMP | BPF_JSET | BPF_K, NEW_NAMESPACES, 0, 1);
	emit_errno(p, EPERM);
	emit_allow(p);
}

static void emit_ioctl(struct program *p)
{
	static const uint32_t refused[] = { 0x5412, 0x541c, 0x5423 }; /* TIOC{STI,LINUX,SETD} */
	const size_t len = sizeof(refused) / sizeof(refused[0]);

	load_arg(p, 1);
	for (size_t i = 0; i < len; i++)
		emit(p, BPF_JMP | BPF_JEQ | BPF_K, refused[i], (uint8_t)(len - i), 0);
	emit_allow(p);
	emit_errno(p, EPERM);
}

static void emit_socket(struct program *p, bool pair)
{
	/* unix, inet, inet6, and packet where the network is the guest's own */
	static const uint32_t family[] = { 1, 2, 10, 17 };
	static const uint32_t protocol[] = { 0, 4, 15, 16 }; /* route, diag, uevent, generic */
	const uint8_t len = p->own_net ? 4 : 3;

	load_arg(p, 0);
	for (uint8_t i = 0; i < len; i++)
		emit(p, BPF_JMP | BPF_JEQ | BPF_K, family[i], (uint8_t)(len + 1 - i), 0);
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, 16, 2, 0); /* netlink */
	emit_errno(p, EAFNOSUPPORT);
	emit_allow(p);
	if (pair)
		emit_allow(p); /* the kernel has no netlink pairs */
	else
		emit_one_of(p, 2, protocol, 4, EPROTONOSUPPORT);
}

static void emit_personality(struct program *p)
{
	load_arg(p, 0);
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, PERSONA_ASK, 2, 0);
	emit(p, BPF_JMP | BPF_JSET | BPF_K, ~PERSONA_OPEN, 0, 1);
	emit_errno(p, EPERM);
	emit_allow(p);
}

static void emit_answer(struct program *p, int what)
{
	switch (what) {
	case CHECK_UNSHARE:
		emit_flags(p, 0);
		break;
	case CHECK_CLONE:
#if defined(__s390x__) || defined(__s390__)
		emit_flags(p, 1);
#else
		emit_flags(p, 0);
#endif
		break;
	case CHECK_IOCTL:
		emit_ioctl(p);
		break;
	case CHECK_SOCKET:
	case CHECK_SOCKETPAIR:
		emit_socket(p, what == CHECK_SOCKETPAIR);
		break;
	case CHECK_PERSONALITY:
		emit_personality(p);
		break;
	case 0:
		emit_allow(p);
		break;
	default:
		emit_errno(p, what);
	}
}

/* Search among range[0..len-1]; the number is in the accumulator. */
static void emit_search(struct program *p, const struct range *range, size_t len)
{
	size_t half = len / 2;
	size_t node;

	if (len == 1) {
		emit_answer(p, range[0].what);
		return;
	}
	/* Upper half behind a long jump, since a conditional one reaches 255 instructions. */
	emit(p, BPF_JMP | BPF_JGE | BPF_K, range[half].first, 0, 1);
	node = p->len;
	emit(p, BPF_JMP | BPF_JA, 0, 0, 0);
	emit_search(p, range, half);
	if (p->len - node - 1 < 254) { /* short after all: jump there directly */
		memmove(&p->code[node], &p->code[node + 1],
			(p->len - node - 1) * sizeof(p->code[0]));
		p->len--;
		p->code[node - 1].jt = (uint8_t)(p->len - node);
		p->code[node - 1].jf = 0;
	} else {
		p->code[node].k = (uint32_t)(p->len - node - 1);
	}
	emit_search(p, range + half, len - half);
}

static void name_rule(int *answer, const char *names, int what)
{
	char copy[512], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", names);
	for (char *name = strtok_r(copy, " ", &save); name; name = strtok_r(NULL, " ", &save)) {
		int nr = seccomp_syscall_resolve_name(name);

		if (nr >= 0 && nr < CALLS_MAX)
			answer[nr] = what;
	}
}

static void fill_answers(int *answer)
{
	for (int nr = 0; nr < CALLS_MAX; nr++) {
		char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, nr);

		answer[nr] = name ? 0 : ENOSYS;
		free(name);
	}
#ifdef __x86_64__
	answer[335] = 0; /* uretprobe and uprobe: part of how a traced program returns */
	answer[336] = 0;
#endif
	for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++)
		for (int nr = later[i].first; nr <= later[i].last; nr++)
			answer[nr] = later[i].what;
	for (size_t i = 0; i < sizeof(rule) / sizeof(rule[0]); i++)
		name_rule(answer, rule[i].names, rule[i].what);
}

static uint32_t audit_arch(void)
{
#if defined(__x86_64__)
	return AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
	return AUDIT_ARCH_AARCH64;
#elif defined(__riscv) && __riscv_xlen == 64
	return AUDIT_ARCH_RISCV64;
#else
#error "name the audit architecture of this processor"
#endif
}

static void make(struct program *p, const int *answer)
{
	struct range range[CALLS_MAX + 1];
	size_t len = 0;

	for (unsigned nr = 0; nr < CALLS_MAX; nr++)
		if (len == 0 || range[len - 1].what != answer[nr] || answer[nr] < 0)
			range[len++] = (struct range){ nr, answer[nr] };
	if (range[len - 1].what != ENOSYS)
		range[len++] = (struct range){ CALLS_MAX, ENOSYS };
	emit(p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, audit_arch(), 1, 0);
	emit_errno(p, ENOSYS);
	emit(p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	emit_search(p, range, len);
}

static void print(const struct program *p, const char *name)
{
	printf("static const struct sock_filter %s[%zu] = {\n", name, p->len);
	for (size_t i = 0; i < p->len; i++)
		printf("\t{ 0x%02x, %u, %u, 0x%08x },\n", (unsigned)p->code[i].code,
		       (unsigned)p->code[i].jt, (unsigned)p->code[i].jf,
		       (unsigned)p->code[i].k);
	printf("};\n");
}

int main(void)
{
	static struct program host_net, own_net;
	int answer[CALLS_MAX];

	fill_answers(answer);
	own_net.own_net = true;
	make(&host_net, answer);
	make(&own_net, answer);
	printf("/* Written by sandbox/filter-gen. */\n");
	print(&host_net, "filter_host_net");
	print(&own_net, "filter_own_net");
	return ferror(stdout) || fflush(stdout) != 0;
}
