/* Rights that melange-fetch drops: see confine.h. */
#include "fetch/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"

enum { NOBODY = 65534 };

/* --- the user id -------------------------------------------------------------------------- */

/* In a user namespace that does not have that id it stays as it is. */
static void drop_root(void)
{
	if (geteuid() != 0)
		return;
	if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
	    setresuid(NOBODY, NOBODY, NOBODY) < 0)
		return;
}

/* --- files -------------------------------------------------------------------------------- */

/* The attributes as later kernels know them; a shorter size is handed to older ones. */
struct ruleset {
	uint64_t access_fs, access_net, scope;
};

#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#define ACCESS_TRUNCATE  (1ULL << 14)
#define ACCESS_IOCTL_DEV (1ULL << 15)
#define ACCESS_NET_BIND  (1ULL << 0)
#define SCOPE_ABSTRACT   (1ULL << 0)
#define SCOPE_SIGNAL     (1ULL << 1)
#define ACCESS_READ      (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define ACCESS_FIRST     ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

/* What each version of the interface added. */
static const struct {
	int version;
	struct ruleset add;
	size_t size;
} versions[] = {
	{ 1, { ACCESS_FIRST, 0, 0 }, sizeof(uint64_t) },
	{ 2, { LANDLOCK_ACCESS_FS_REFER, 0, 0 }, sizeof(uint64_t) },
	{ 3, { ACCESS_TRUNCATE, 0, 0 }, sizeof(uint64_t) },
	{ 4, { 0, ACCESS_NET_BIND, 0 }, 2 * sizeof(uint64_t) },
	{ 5, { ACCESS_IOCTL_DEV, 0, 0 }, 2 * sizeof(uint64_t) },
	{ 6, { 0, 0, SCOPE_ABSTRACT | SCOPE_SIGNAL }, 3 * sizeof(uint64_t) },
};

/* Names, certificates and libraries lie there. */
static const char *const readable[] = {
	"/etc",         "/usr",         "/lib",         "/lib64",    "/var/lib/ca-certificates",
	"/var/lib/sss", "/nix/store",   "/run/systemd", "/run/nscd", "/etc/resolv.conf",
	"/etc/hosts",   "/dev/urandom",
};

static void allow(int ruleset, const char *path)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = ACCESS_READ };
	struct stat st;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return;
	if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE;
	syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	close(rule.parent_fd);
}

static int restrict_files(const char *const *more, unsigned more_len)
{
	long version =
		syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset attr = { 0, 0, 0 };
	size_t size = 0;

	if (version < 1)
		return 0; /* this kernel has none */
	for (size_t i = 0; i < MEL_COUNTOF(versions) && versions[i].version <= version; i++) {
		attr.access_fs |= versions[i].add.access_fs;
		attr.access_net |= versions[i].add.access_net;
		attr.scope |= versions[i].add.scope;
		size = versions[i].size;
	}

	MEL_AUTO_CLOSE int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);

	if (ruleset < 0)
		return -1;
	for (size_t i = 0; i < MEL_COUNTOF(readable); i++)
		allow(ruleset, readable[i]);
	for (unsigned i = 0; i < more_len; i++)
		if (more[i] && *more[i])
			allow(ruleset, more[i]);
	return (int)syscall(SYS_landlock_restrict_self, ruleset, 0);
}

/* --- system calls ------------------------------------------------------------------------- */

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#endif

#ifdef ARCH
/* New programs, other processes, the kernel's own things, and keys of the user. */
static const int refused[] = {
	SYS_execve,
	SYS_execveat,
	SYS_ptrace,
	SYS_process_vm_readv,
	SYS_process_vm_writev,
	SYS_kcmp,
	SYS_pidfd_open,
	SYS_pidfd_getfd,
	SYS_pidfd_send_signal,
	SYS_mount,
	SYS_umount2,
	SYS_pivot_root,
	SYS_chroot,
	SYS_move_mount,
	SYS_open_tree,
	SYS_fsopen,
	SYS_fspick,
	SYS_fsmount,
	SYS_mount_setattr,
	SYS_unshare,
	SYS_setns,
	SYS_bpf,
	SYS_perf_event_open,
	SYS_userfaultfd,
	SYS_io_uring_setup,
	SYS_io_uring_enter,
	SYS_io_uring_register,
	SYS_add_key,
	SYS_request_key,
	SYS_keyctl,
	SYS_init_module,
	SYS_finit_module,
	SYS_delete_module,
	SYS_kexec_load,
	SYS_reboot,
	SYS_swapon,
	SYS_swapoff,
	SYS_acct,
	SYS_syslog,
	SYS_quotactl,
	SYS_name_to_handle_at,
	SYS_open_by_handle_at,
	SYS_personality,
	SYS_shmget,
	SYS_shmat,
	SYS_msgget,
	SYS_semget,
	SYS_fanotify_init,
	SYS_setxattr,
	SYS_fsetxattr,
	SYS_lsetxattr,
	SYS_listen,
	SYS_accept4,
	SYS_accept,
};

enum { CODE_MAX = 8 + MEL_COUNTOF(refused) + 12 };

struct program {
	struct sock_filter code[CODE_MAX];
	unsigned short len;
};

static void add(struct program *p, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	p->code[p->len++] = (struct sock_filter){ code, jt, jf, k };
}

static void load(struct program *p, size_t offset)
{
	add(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void deny(struct program *p)
{
	add(p, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM, 0, 0);
}

static int restrict_calls(void)
{
	static const int families[] = { AF_INET, AF_INET6, AF_UNIX, AF_NETLINK };
	struct program p = { .len = 0 };

	load(&p, offsetof(struct seccomp_data, arch));
	add(&p, BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	add(&p, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
	load(&p, offsetof(struct seccomp_data, nr));
#ifdef __x86_64__
	add(&p, BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1); /* the x32 interface */
	add(&p, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
#endif
	for (size_t i = 0; i < MEL_COUNTOF(refused); i++)
		add(&p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)refused[i],
		    (uint8_t)(MEL_COUNTOF(refused) - i), 0);
	add(&p, BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 2, 0);
	add(&p, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	deny(&p); /* where the refused ones go */
	load(&p, offsetof(struct seccomp_data, args[0]));
	for (size_t i = 0; i < MEL_COUNTOF(families); i++)
		add(&p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)families[i],
		    (uint8_t)(MEL_COUNTOF(families) - i), 0);
	deny(&p);
	add(&p, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);

	struct sock_fprog prog = { .len = p.len, .filter = p.code };

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) < 0 && errno != EINVAL ? -1
											: 0;
}
#else
static int restrict_calls(void)
{
	return 0; /* numbers are not known here */
}
#endif

int mel_fetch_confine(const char *const *more, unsigned more_len)
{
	static const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) < 0)
		return -1;
	drop_root();
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return restrict_files(more, more_len) < 0 ? -1 : restrict_calls();
}
