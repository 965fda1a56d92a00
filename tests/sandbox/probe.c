/*
 * In-guest probe, static: "probe CHECK ARG..." tries one thing that must or must not work and
 * says "ok", or what it found instead.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define COUNTOF(a) (sizeof(a) / sizeof((a)[0]))

__attribute__((format(printf, 1, 2))) static int wrong(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	return 1;
}

static int expect(const char *what, long r, int errnum)
{
	if (r >= 0)
		return wrong("%s: worked, expected %s", what, strerror(errnum));
	if (errno != errnum)
		return wrong("%s: %s, expected %s", what, strerror(errno), strerror(errnum));
	return 0;
}

static int list_is(const char *path, const char *const *name, size_t len)
{
	DIR *d = opendir(path);
	struct dirent *e;
	size_t found = 0;

	if (!d)
		return wrong("%s: %s", path, strerror(errno));
	while ((e = readdir(d))) {
		bool known = false;

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		for (size_t i = 0; i < len; i++)
			known |= !strcmp(e->d_name, name[i]);
		if (!known)
			return wrong("%s has '%s'", path, e->d_name);
		found++;
	}
	return found == len ? 0 : wrong("%s has %zu entries", path, found);
}

/* list DIR NAME...: exactly these entries */
static int check_list(int argc, char **argv)
{
	return list_is(argv[0], (const char *const *)argv + 1, (size_t)argc - 1);
}

static int same_as_root(const char *what)
{
	struct stat root, here;

	if (stat("/", &root) < 0 || stat(".", &here) < 0)
		return wrong("stat: %s", strerror(errno));
	if (root.st_ino != here.st_ino || root.st_dev != here.st_dev)
		return wrong("%s leads out of the root", what);
	return access("marker", R_OK) == 0 ? 0 : wrong("%s: no marker", what);
}

/* dotdot: upwards without end */
static int check_dotdot(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	for (int i = 0; i < 100; i++)
		if (chdir("..") < 0)
			return wrong("chdir: %s", strerror(errno));
	return same_as_root("..");
}

/* chroot: the classic way out, with a directory kept open */
static int check_chroot(int argc, char **argv)
{
	struct stat before, after;
	int fd;

	(void)argc;
	(void)argv;
	if (chdir("/") < 0 || stat(".", &before) < 0 || mkdir("/tmp/x", 0755) < 0)
		return wrong("set-up: %s", strerror(errno));
	fd = open(".", O_RDONLY | O_DIRECTORY);
	if (chroot("/tmp/x") < 0)
		return wrong("chroot: %s", strerror(errno));
	if (fchdir(fd) < 0)
		return wrong("fchdir: %s", strerror(errno));
	for (int i = 0; i < 100; i++)
		if (chdir("..") < 0)
			return wrong("chdir: %s", strerror(errno));
	if (stat(".", &after) < 0 || after.st_ino != before.st_ino ||
	    after.st_dev != before.st_dev)
		return wrong("left the guest's root");
	return access("marker", R_OK) == 0 ? 0 : wrong("no marker");
}

/* fds: only 0, 1, 2 are open; 0 is the null device, the others are pipes */
static int check_fds(int argc, char **argv)
{
	struct stat st;

	(void)argc;
	(void)argv;
	for (int fd = 3; fd < 4096; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			return wrong("descriptor %d is open", fd);
	if (fstat(0, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != 0x103)
		return wrong("stdin is not the null device");
	for (int fd = 1; fd < 3; fd++)
		if (fstat(fd, &st) < 0 || !S_ISFIFO(st.st_mode))
			return wrong("descriptor %d is no pipe", fd);
	return 0;
}

/* handles: file handles may not be opened */
static int check_handles(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	for (uint32_t ino = 0; ino < 64; ino++) {
		struct {
			struct file_handle head;
			uint32_t ino, generation;
		} h = { .head = { .handle_bytes = 8, .handle_type = 1 }, .ino = ino };

		if (expect("open_by_handle_at", open_by_handle_at(AT_FDCWD, &h.head, O_RDONLY),
			   EPERM))
			return 1;
	}
	return 0;
}

/* exdev DIR DIR...: no link and no rename between any two */
static int check_exdev(int argc, char **argv)
{
	char from[256], to[256];

	for (int i = 0; i < argc; i++) {
		int fd;

		snprintf(from, sizeof(from), "%s/exdev-a", argv[i]);
		fd = open(from, O_WRONLY | O_CREAT | O_TRUNC, 0644);
		if (fd < 0)
			return wrong("%s: %s", from, strerror(errno));
		close(fd);
		for (int k = 0; k < argc; k++) {
			snprintf(to, sizeof(to), "%s/exdev-b", argv[k]);
			if (k != i && (expect("link", link(from, to), EXDEV) ||
				       expect("rename", rename(from, to), EXDEV)))
				return wrong("%s -> %s", from, to);
		}
		unlink(from);
	}
	return 0;
}

static bool file_has(const char *path, const char *text)
{
	static char buf[1 << 20];
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(buf, 1, sizeof(buf), f) : 0;

	if (f)
		fclose(f);
	return memmem(buf, n, text, strlen(text));
}

/* The list of descriptors is closed to us, or, where the kernel takes us for its owner (our id
 * is the caller's, 0), each of them is. */
static long list_is_open(const char *path)
{
	DIR *d = opendir(path);
	struct stat st;
	struct dirent *e;
	char link[16];
	long r = -1;

	if (!d)
		return -1;
	if (fstat(dirfd(d), &st) < 0 || st.st_uid != geteuid())
		r = 0;
	while (r < 0 && (e = readdir(d)))
		if (e->d_name[0] != '.')
			r = readlinkat(dirfd(d), e->d_name, link, sizeof(link));
	closedir(d);
	errno = EACCES;
	return r;
}

/* secret WORD: nothing about pid 1 tells it */
static int check_secret(int argc, char **argv)
{
	static const char *const closed[] = { "environ", "mem", "maps", "auxv",   "fd",
					      "root",    "cwd", "exe",  "ns/user" };
	DIR *d = opendir("/proc");
	struct dirent *e;
	char path[300];

	(void)argc;
	for (size_t i = 0; i < COUNTOF(closed); i++) {
		char link[16];
		long r;

		snprintf(path, sizeof(path), "/proc/1/%s", closed[i]);
		r = i < 4    ? open(path, O_RDONLY)
		    : i == 4 ? list_is_open(path)
			     : readlink(path, link, sizeof(link));
		if (r >= 0)
			return wrong("%s is open to us", path);
		if (errno != EACCES && errno != EPERM)
			return wrong("%s: %s", path, strerror(errno));
	}
	while (d && (e = readdir(d))) {
		snprintf(path, sizeof(path), "/proc/%s/environ", e->d_name);
		if (file_has(path, argv[0]))
			return wrong("%s has it", path);
		snprintf(path, sizeof(path), "/proc/%s/cmdline", e->d_name);
		if (strcmp(e->d_name, "self") && strcmp(e->d_name, "thread-self") &&
		    atoi(e->d_name) != getpid() && file_has(path, argv[0]))
			return wrong("%s has it", path);
	}
	return 0;
}

/* kill: pid 1 does not mind */
static int check_kill(int argc, char **argv)
{
	static const int signo[] = { SIGKILL, SIGSTOP, SIGTERM, SIGINT, SIGCHLD, SIGSEGV };

	(void)argc;
	(void)argv;
	for (size_t i = 0; i < COUNTOF(signo); i++)
		if (kill(1, signo[i]) < 0 && errno != EPERM)
			return wrong("kill: %s", strerror(errno));
	if (kill(-1, SIGKILL) < 0 && errno != ESRCH)
		return wrong("kill -1: %s", strerror(errno));
	return kill(1, 0) < 0 && errno != EPERM ? wrong("pid 1 is gone") : 0;
}

static long connect_to(int family, int type, const char *address, int port)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
				   .sin6_port = htons((uint16_t)port) };
	int fd = socket(family, type, 0);
	long r;

	if (fd < 0)
		return -1;
	inet_pton(family, address,
		  family == AF_INET ? (void *)&v4.sin_addr : (void *)&v6.sin6_addr);
	r = family == AF_INET ? connect(fd, (struct sockaddr *)&v4, sizeof(v4))
			      : connect(fd, (struct sockaddr *)&v6, sizeof(v6));
	close(fd);
	return r;
}

static int serve_loopback(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 1) < 0)
		return wrong("bind to port %d: %s", port, strerror(errno));
	if (connect_to(AF_INET, SOCK_STREAM, "127.0.0.1", port) < 0)
		return wrong("connect to port %d: %s", port, strerror(errno));
	close(fd);
	return 0;
}

/* nonet [low]: nothing but the loopback; with "low" ports below 1024, too */
static int check_nonet(int argc, char **argv)
{
	(void)argv;
	if (expect("tcp", connect_to(AF_INET, SOCK_STREAM, "192.0.2.1", 80), ENETUNREACH) ||
	    expect("udp", connect_to(AF_INET, SOCK_DGRAM, "192.0.2.1", 53), ENETUNREACH) ||
	    expect("tcp6", connect_to(AF_INET6, SOCK_STREAM, "2001:db8::1", 80), ENETUNREACH) ||
	    serve_loopback(8080))
		return 1;
	return argc > 0 ? serve_loopback(80) : 0;
}

/* abstract NAME: that socket of the host is out of reach */
static int check_abstract(int argc, char **argv)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	socklen_t len =
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(argv[0]));
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)argc;
	memcpy(a.sun_path + 1, argv[0], strlen(argv[0]));
	if (connect(fd, (struct sockaddr *)&a, len) == 0)
		return wrong("connected");
	return errno == ECONNREFUSED || errno == EPERM ? 0 : wrong("%s", strerror(errno));
}

/* readonly DIR: holds a file "f" that nothing can change */
static int check_readonly(int argc, char **argv)
{
	static const struct timespec now[2] = { { 1, 0 }, { 1, 0 } };
	char again[64];
	int fd;

	(void)argc;
	if (chdir(argv[0]) < 0)
		return wrong("%s: %s", argv[0], strerror(errno));
	fd = open("f", O_RDONLY);
	snprintf(again, sizeof(again), "/proc/self/fd/%d", fd);
	if (fd < 0)
		return wrong("f: %s", strerror(errno));
	return expect("create", open("new", O_WRONLY | O_CREAT, 0644), EROFS) ||
	       expect("chmod", chmod("f", 0600), EROFS) ||
	       expect("utimensat", utimensat(AT_FDCWD, "f", now, 0), EROFS) ||
	       expect("setxattr", setxattr("f", "user.x", "y", 1, 0), EROFS) ||
	       expect("truncate", truncate("f", 0), EROFS) ||
	       expect("unlink", unlink("f"), EROFS) ||
	       expect("mkdir", mkdir("d", 0755), EROFS) ||
	       expect("open again", open(again, O_RDWR), EROFS);
}

/* status FIELD VALUE...: lines of /proc/self/status */
static int check_status(int argc, char **argv)
{
	char line[256], want[256];

	for (int i = 0; i + 1 < argc; i += 2) {
		FILE *f = fopen("/proc/self/status", "re");
		bool found = false;

		snprintf(want, sizeof(want), "%s:\t%s\n", argv[i], argv[i + 1]);
		while (f && fgets(line, sizeof(line), f)) {
			if (strncmp(line, argv[i], strlen(argv[i])) ||
			    line[strlen(argv[i])] != ':')
				continue;
			found = true;
			if (strcmp(line, want))
				return wrong("%s", line);
		}
		if (f)
			fclose(f);
		if (!found)
			return wrong("no %s", argv[i]);
	}
	return 0;
}

/* devices: the nodes are real ones, and nothing else is there */
static int check_devices(int argc, char **argv)
{
	static const struct {
		const char *name;
		unsigned rdev;
	} node[] = { { "null", 0x103 },   { "zero", 0x105 },    { "full", 0x107 },
		     { "random", 0x108 }, { "urandom", 0x109 }, { "tty", 0x500 } };
	static const char *const entry[] = { "null", "zero", "full",  "random", "urandom",
					     "tty",  "fd",   "stdin", "stdout", "stderr",
					     "pts",  "ptmx", "shm",   "mqueue" };
	char path[64];
	struct stat st;

	(void)argc;
	(void)argv;
	for (size_t i = 0; i < COUNTOF(node); i++) {
		snprintf(path, sizeof(path), "/dev/%s", node[i].name);
		if (lstat(path, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != node[i].rdev)
			return wrong("%s is not the device", path);
	}
	if (stat("/dev/shm", &st) < 0 || (st.st_mode & 07777) != 01777)
		return wrong("/dev/shm has mode %o", (unsigned)st.st_mode);
	if (open("/dev/ptmx", O_RDWR | O_NOCTTY) < 0)
		return wrong("/dev/ptmx: %s", strerror(errno));
	if (open("/dev/tty", O_RDWR) >= 0 || errno != ENXIO)
		return wrong("there is a controlling terminal");
	return list_is("/dev", entry, COUNTOF(entry));
}

/* proc: what the guest's /proc hides */
static int check_proc(int argc, char **argv)
{
	static const char *const empty[] = { "kcore", "keys", "kmsg", "timer_list",
					     "interrupts" };
	static const char *const frozen[] = { "sysrq-trigger", "sys/kernel/hostname",
					      "sys/user/max_user_namespaces",
					      "sys/net/ipv4/ip_forward" };
	char path[64], byte;

	(void)argc;
	(void)argv;
	for (size_t i = 0; i < COUNTOF(empty); i++) {
		int fd;

		snprintf(path, sizeof(path), "/proc/%s", empty[i]);
		fd = open(path, O_RDONLY);
		if (fd >= 0 && read(fd, &byte, 1) != 0)
			return wrong("%s has content", path);
	}
	for (size_t i = 0; i < COUNTOF(frozen); i++) {
		snprintf(path, sizeof(path), "/proc/%s", frozen[i]);
		if (access(path, F_OK) == 0 && open(path, O_WRONLY) >= 0)
			return wrong("%s is writable", path);
	}
	return 0;
}

static _Noreturn void idle(void)
{
	for (;;)
		pause();
}

/* strays N: N processes that leave the session and stay */
static int check_strays(int argc, char **argv)
{
	(void)argc;
	for (int i = 0; i < atoi(argv[0]); i++) {
		pid_t pid = fork();

		if (pid < 0)
			return wrong("fork: %s", strerror(errno));
		if (pid == 0) {
			setsid();
			signal(SIGTERM, SIG_IGN);
			if (fork() == 0)
				idle();
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
	return 0;
}

/* others: how many processes are there beside pid 1 and us */
static int check_alone(int argc, char **argv)
{
	DIR *d = opendir("/proc");
	struct dirent *e;

	(void)argc;
	(void)argv;
	while (d && (e = readdir(d)))
		if (atoi(e->d_name) > 1 && atoi(e->d_name) != getpid())
			return wrong("process %s", e->d_name);
	return 0;
}

/* signal N: die of it */
static int check_signal(int argc, char **argv)
{
	(void)argc;
	signal(atoi(argv[0]), SIG_DFL);
	raise(atoi(argv[0]));
	return wrong("still alive");
}

static int check_exit(int argc, char **argv)
{
	(void)argc;
	exit(atoi(argv[0]));
}

/* limits: the same for every caller */
static int check_limits(int argc, char **argv)
{
	mode_t mask = umask(0);
	sigset_t set;
	struct sigaction sa;

	(void)argc;
	(void)argv;
	if (mask != 022)
		return wrong("umask %o", (unsigned)mask);
	sigprocmask(SIG_SETMASK, NULL, &set);
	for (int signo = 1; signo < 32; signo++) {
		if (sigismember(&set, signo))
			return wrong("signal %d is blocked", signo);
		if (sigaction(signo, NULL, &sa) == 0 && sa.sa_handler != SIG_DFL)
			return wrong("signal %d is not at its default", signo);
	}
	return getsid(0) == getpid() ? 0 : wrong("no own session");
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	int argc;
} check[] = {
	{ "list", check_list, 1 },         { "dotdot", check_dotdot, 0 },
	{ "chroot", check_chroot, 0 },     { "fds", check_fds, 0 },
	{ "handles", check_handles, 0 },   { "exdev", check_exdev, 2 },
	{ "secret", check_secret, 1 },     { "kill", check_kill, 0 },
	{ "abstract", check_abstract, 1 }, { "nonet", check_nonet, 0 },
	{ "readonly", check_readonly, 1 }, { "status", check_status, 2 },
	{ "devices", check_devices, 0 },   { "proc", check_proc, 0 },
	{ "strays", check_strays, 1 },     { "alone", check_alone, 0 },
	{ "signal", check_signal, 1 },     { "exit", check_exit, 1 },
	{ "limits", check_limits, 0 },
};

int probe_calls(int argc, char **argv);

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "calls"))
		return probe_calls(argc - 2, argv + 2);
	for (size_t i = 0; argc > 1 && i < COUNTOF(check); i++) {
		int r;

		if (strcmp(argv[1], check[i].name) || argc - 2 < check[i].argc)
			continue;
		r = check[i].run(argc - 2, argv + 2);
		if (r == 0)
			puts("ok");
		return r;
	}
	return wrong("probe: no such check");
}
