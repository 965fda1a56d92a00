/*
 * In-guest probe of the system call filter: "probe calls own|host" makes every refused call
 * with arguments that could do no harm and compares the error.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNTOF(a) (sizeof(a) / sizeof((a)[0]))
#define HIGH       (1L << 32)

int probe_calls(int argc, char **argv);

static const struct {
	const char *name;
	long nr;
	long arg[3];
	int errnum; /* 0: anything but ENOSYS and EPERM */
} call[] = {
#define CALL(name, errnum, ...)                                                                \
	{                                                                                      \
#name, SYS_##name, { __VA_ARGS__ }, errnum                                     \
	}
	CALL(init_module, EPERM, 0),
	CALL(finit_module, EPERM, -1),
	CALL(delete_module, EPERM, 0),
	CALL(kexec_load, EPERM, 0),
	CALL(reboot, EPERM, 0),
	CALL(swapon, EPERM, 0),
	CALL(swapoff, EPERM, 0),
	CALL(acct, EPERM, 0),
	CALL(quotactl, EPERM, 0),
	CALL(vhangup, EPERM, 0),
	CALL(settimeofday, EPERM, 0),
	CALL(clock_settime, EPERM, 0),
	CALL(clock_adjtime, EPERM, 0),
	CALL(adjtimex, EPERM, 0),
	CALL(syslog, EPERM, 0),
	CALL(bpf, EPERM, 0),
	CALL(perf_event_open, EPERM, 0),
	CALL(userfaultfd, EPERM, 1),
	CALL(fanotify_init, EPERM, 0),
	CALL(open_by_handle_at, EPERM, 0),
	CALL(migrate_pages, EPERM, 0),
	CALL(move_pages, EPERM, 0),
	CALL(io_uring_setup, ENOSYS, 0),
	CALL(io_uring_enter, ENOSYS, -1),
	CALL(io_uring_register, ENOSYS, -1),
	CALL(add_key, ENOSYS, 0),
	CALL(keyctl, ENOSYS, 0),
	CALL(request_key, ENOSYS, 0),
	CALL(mount, EPERM, 0),
	CALL(umount2, EPERM, 0),
	CALL(pivot_root, EPERM, 0),
	CALL(setns, EPERM, -1),
	CALL(fsopen, ENOSYS, 0),
	CALL(fsconfig, ENOSYS, -1),
	CALL(fsmount, ENOSYS, -1),
	CALL(fspick, ENOSYS, -1),
	CALL(open_tree, ENOSYS, -1),
	CALL(move_mount, ENOSYS, -1),
	CALL(mount_setattr, ENOSYS, -1),
	CALL(clone3, ENOSYS, 0),
	CALL(unshare, EPERM, 0x10000000),
	CALL(unshare, EPERM, 0x00020000),
	CALL(unshare, EPERM, 0x40000000),
	CALL(unshare, EPERM, 0x00000080),
	CALL(unshare, EPERM, 0x10000000 | HIGH),
	CALL(unshare, 0, 0x00000200),
	CALL(clone, EPERM, 0x10000000 | 17),
	CALL(clone, EPERM, 0x20000000 | 17),
	CALL(ioctl, EPERM, 0, 0x5412),
	CALL(ioctl, EPERM, 0, 0x5412 | HIGH),
	CALL(ioctl, EPERM, 0, 0x541c),
	CALL(ioctl, EPERM, 0, 0x5423),
	CALL(ioctl, ENOTTY, 0, 0x5401),
	CALL(socket, EAFNOSUPPORT, 40, 1), /* vsock */
	CALL(socket, EAFNOSUPPORT, 40 | HIGH, 1),
	CALL(socket, EAFNOSUPPORT, 38, 5), /* alg */
	CALL(socket, EAFNOSUPPORT, 44, 3), /* xdp */
	CALL(socketpair, EAFNOSUPPORT, 40, 1),
	CALL(socket, EPROTONOSUPPORT, 16, 3, 12), /* netfilter */
	CALL(socket, EPROTONOSUPPORT, 16, 3, 6),  /* xfrm */
	CALL(socket, 0, 16, 3, 0),
	CALL(socket, 0, 1, 1),
	CALL(socket, 0, 2, 1),
	CALL(socket, 0, 10, 2),
	CALL(personality, 0, 0xffffffff),
	CALL(personality, 0, 0x40000),
	CALL(personality, 0, 0),
	CALL(personality, EPERM, 0x400000),
	CALL(personality, EPERM, 0x100000),
	CALL(chroot, EFAULT, 0),
	CALL(seccomp, 0, 2, 0, 0),
	CALL(ptrace, 0, 0),
#ifdef SYS_iopl
	CALL(iopl, EPERM, 0),
	CALL(ioperm, EPERM, 0),
	CALL(modify_ldt, ENOSYS, 0),
	CALL(uselib, ENOSYS, 0),
	CALL(sysfs, ENOSYS, 0),
	CALL(_sysctl, ENOSYS, 0),
	CALL(create_module, ENOSYS, 0),
#endif
};

/* In a child, since some allowed calls change the process. */
static int errno_of(size_t i)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		long r = syscall(call[i].nr, call[i].arg[0], call[i].arg[1], call[i].arg[2], 0,
				 0, 0);

		_exit(r < 0 ? errno : 0);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

static bool is_right(size_t i, int errnum)
{
	if (call[i].errnum)
		return errnum == call[i].errnum;
	return errnum < 256 && errnum != ENOSYS && errnum != EPERM;
}

static int check_unknown(void)
{
	for (long nr = 470; nr < 1000; nr++) {
		if (syscall(nr, 0, 0, 0, 0, 0, 0) < 0 && errno == ENOSYS)
			continue;
		printf("call %ld exists\n", nr);
		return 1;
	}
#ifdef __x86_64__
	if (syscall(0x40000000 | SYS_getpid) >= 0 || errno != ENOSYS) { /* x32 */
		puts("the x32 call exists");
		return 1;
	}
#endif
	return 0;
}

int probe_calls(int argc, char **argv)
{
	bool own = argc > 0 && !strcmp(argv[0], "own");
	int bad = check_unknown();
	long packet;

	for (size_t i = 0; i < COUNTOF(call); i++) {
		int errnum = errno_of(i);

		if (is_right(i, errnum))
			continue;
		printf("%s(%#lx, %#lx, %#lx): %s\n", call[i].name,
		       (unsigned long)call[i].arg[0], (unsigned long)call[i].arg[1],
		       (unsigned long)call[i].arg[2],
		       errnum >= 256 ? "killed" : strerror(errnum));
		bad = 1;
	}
	packet = syscall(SYS_socket, 17, 3, 0);
	if (own ? packet < 0 : (packet >= 0 || errno != EAFNOSUPPORT)) {
		printf("packet socket: %ld, %s\n", packet, strerror(errno));
		bad = 1;
	}
	if (!bad)
		puts("ok");
	return bad;
}
