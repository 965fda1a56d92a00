/*
 * The supervisor, steps and their ends, network, filter and privileges.
 */
#include "cases.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

static void a16_tmpdir(struct fx *fx)
{
	struct sbx *sbx;
	DIR *d;
	size_t n = 0;

	fx_mkdir(fx_path(fx, "tmpdir"));
	setenv("TMPDIR", fx_path(fx, "tmpdir"), 1);
	sbx = fx_open(fx);
	CHECK(FX_STEP(fx, sbx, "/probe", "exit", "0") == 0, "%s", fx->out);
	sbx_close(sbx);
	unsetenv("TMPDIR");
	d = opendir(fx_path(fx, "tmpdir"));
	while (d && readdir(d))
		n++;
	CHECK(n == 2, "%zu entries", n);
	closedir(d);
}

static void b03_secret(struct fx *fx)
{
	struct sbx *sbx;

	setenv("SECRET", "canary-in-the-environment", 1);
	sbx = fx_open(fx);
	FX_PROBE(fx, sbx, "secret", "canary-in-the-environment");
	CHECK(FX_STEP(fx, sbx, "/usr/bin/env") == 0, "%s", fx->out);
	CHECK(!strcmp(fx->out, "PATH=/usr/bin:/usr/sbin\nHOME=/home/build\n"), "%s", fx->out);
	CHECK(FX_STEP(fx, sbx, "/usr/bin/cat", "/proc/1/cmdline") == 0 &&
		      !strcmp(fx->out, "melange-init"),
	      "%s", fx->out);
	sbx_close(sbx);
	unsetenv("SECRET");
}

static void b06_fds(struct fx *fx)
{
	struct sbx *sbx = fx_open(fx);

	FX_PROBE(fx, sbx, "fds");
	CHECK(FX_STEP(fx, sbx, "/usr/bin/ls", "/proc/self/fd") == 0, "%s", fx->out);
	CHECK(!strcmp(fx->out, "0\n1\n2\n3\n"), "%s", fx->out);
	sbx_close(sbx);
}

static void b07_kill(struct fx *fx)
{
	struct sbx *sbx = fx_open(fx);

	FX_PROBE(fx, sbx, "kill");
	CHECK(FX_STEP(fx, sbx, "/bin/sh", "-c", "kill -9 1; kill -9 -1; exit 7") == 7, "%s",
	      fx->out);
	CHECK(FX_STEP(fx, sbx, "/probe", "exit", "3") == 3, "%s", fx->out);
	sbx_close(sbx);
}

static void b08_proc(struct fx *fx)
{
	struct sbx *sbx = fx_open(fx);

	if (sbx_info(sbx)->tier >= 3) {
		FX_PROBE(fx, sbx, "proc");
		FX_PROBE(fx, sbx, "alone");
	}
	FX_PROBE(fx, sbx, "devices");
	CHECK(FX_STEP(fx, sbx, "/usr/bin/uname", "-n") == 0 && !strcmp(fx->out, "localhost\n"),
	      "%s", fx->out);
	sbx_close(sbx);
}

static void c03_status(struct fx *fx)
{
	struct sbx *sbx = fx_open(fx);

	FX_PROBE(fx, sbx, "status", "CapInh", "00000000a80425fb", "CapPrm", "00000000a80425fb",
		 "CapEff", "00000000a80425fb", "CapBnd", "00000000a80425fb", "CapAmb",
		 "00000000a80425fb", "NoNewPrivs", "1", "Seccomp", "2", "Uid",
		 "1000\t1000\t1000\t1000");
	sbx_close(sbx);
}

static void c05_run_as_root(struct fx *fx)
{
	struct sbx *sbx;

	fx_choose_ids(fx, 0);
	fx->spec.mount_len = 2;
	fx->workdir = "/tmp";
	sbx = fx_open(fx);
	FX_PROBE(fx, sbx, "status", "CapInh", "0000000000000000", "CapAmb", "0000000000000000",
		 "CapEff", "00000000a80425fb", "CapBnd", "00000000a80425fb", "Uid",
		 "0\t0\t0\t0");
	FX_PROBE(fx, sbx, "kill");
	FX_PROBE(fx, sbx, "secret", "nothing");
	sbx_close(sbx);
}

static void d01_calls(struct fx *fx)
{
	struct sbx *sbx = fx_open(fx);

	FX_PROBE(fx, sbx, "calls", "own");
	sbx_close(sbx);
	fx->spec.net = SBX_NET_HOST;
	sbx = fx_open(fx);
	FX_PROBE(fx, sbx, "calls", "host");
	sbx_close(sbx);
}

static void e01_nonet(struct fx *fx)
{
	struct sbx *sbx = fx_open(fx);
	bool ports = true;

	for (size_t i = 0; i < sbx_info(sbx)->warning_len; i++)
		ports &= sbx_info(sbx)->warning[i] != SBX_HINT_PORTS;
	if (ports)
		FX_PROBE(fx, sbx, "nonet", "low");
	else
		FX_PROBE(fx, sbx, "nonet");
	sbx_close(sbx);
}

static int listen_abstract(const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(a.sun_path + 1, name, strlen(name));
	CHECK(fd >= 0 &&
		      bind(fd, (struct sockaddr *)&a,
			   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
				       strlen(name))) == 0 &&
		      listen(fd, 1) == 0,
	      "%s", strerror(errno));
	return fd;
}

/* With the host's network its abstract sockets are cut off by Landlock, where the kernel can.
 */
static void e03_abstract(struct fx *fx)
{
	char name[48];

	/* Cases run side by side, and so may whole runs. */
	snprintf(name, sizeof(name), "sbx-test-abstract-%ld", (long)getpid());

	int fd = listen_abstract(name);
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
	struct sbx *sbx = fx_open(fx);

	FX_PROBE(fx, sbx, "abstract", name);
	sbx_close(sbx);
	fx->spec.net = SBX_NET_HOST;
	sbx = fx_open(fx);
	if (abi >= 6)
		FX_PROBE(fx, sbx, "abstract", name);
	CHECK(FX_STEP(fx, sbx, "/bin/sh", "-c", "sleep 100 & kill $! && wait") == 0, "%s",
	      fx->out);
	sbx_close(sbx);
	close(fd);
}

static void d14_keys(struct fx *fx)
{
	long key = syscall(SYS_add_key, "user", "sbx-test", "secret", 6, -3);
	struct sbx *sbx = fx_open(fx);

	FX_PROBE(fx, sbx, "calls", "own"); /* keyctl among them */
	CHECK(FX_STEP(fx, sbx, "/usr/bin/cat", "/proc/keys") == 0 && fx->out_len == 0, "%s",
	      fx->out);
	sbx_close(sbx);
	if (key > 0)
		syscall(SYS_keyctl, 9 /* unlink */, key, -3);
}

/* Many at once, and one after the other: nothing grows. */
static void j13_many(struct fx *fx)
{
	enum { AT_ONCE = 20 };
	struct sbx *sbx[AT_ONCE];

	for (int i = 0; i < AT_ONCE; i++)
		sbx[i] = fx_open(fx);
	for (int i = 0; i < AT_ONCE; i++)
		CHECK(FX_STEP(fx, sbx[i], "/probe", "exit", "5") == 5, "%s", fx->out);
	for (int i = 0; i < AT_ONCE; i++)
		sbx_close(sbx[i]);
	for (int i = 0; i < 50; i++) {
		sbx[0] = fx_open(fx);
		CHECK(FX_STEP(fx, sbx[0], "/probe", "exit", "6") == 6, "%s", fx->out);
		sbx_close(sbx[0]);
	}
}

/* 1 000 sleeping processes go within half a second (more on a busy machine). */
static void j11_crowd(struct fx *fx)
{
	struct sbx *sbx = fx_open(fx);

	FX_PROBE(fx, sbx, "strays", "1000");
	CHECK(fx->status.stray == 1000, "%u strays", fx->status.stray);
	sbx_close(sbx);
}

/* The caller's umask, limits and signals do not reach a step. */
static void g08_caller(struct fx *fx)
{
	struct rlimit small = { 256, 4096 };
	struct sbx *sbx;
	sigset_t all, old;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	umask(0077);
	setrlimit(RLIMIT_NOFILE, &small);
	sbx = fx_open(fx);
	FX_PROBE(fx, sbx, "limits");
	CHECK(FX_STEP(fx, sbx, "/bin/sh", "-c", "ulimit -n; ulimit -s; ulimit -p") == 0, "%s",
	      fx->out);
	CHECK(!strncmp(fx->out, "4096\n8192\n", 10), "%s", fx->out);
	sbx_close(sbx);
	sigprocmask(SIG_SETMASK, &old, NULL);
	umask(0022);
}

static void i08_scripts(struct fx *fx)
{
	const size_t sizes[] = { 100, 131072, 5 << 20 };
	struct sbx *sbx = fx_open(fx);

	for (size_t i = 0; i < COUNTOF(sizes); i++) {
		static const char *const argv[] = { "/bin/sh", "{}", NULL };
		char *script = malloc(sizes[i]);
		struct sbx_step step = { .argv = argv,
					 .script = script,
					 .script_len = sizes[i] };

		memset(script, '#', sizes[i]);
		memcpy(script + sizes[i] - 9, "\nexit 42\n", 9);
		CHECK(sbx_exec(sbx, &step, &fx->err) == 0, "%s", fx->err.text);
		CHECK(sbx_wait(sbx, -1, -1, &fx->status, &fx->err) == 0, "%s", fx->err.text);
		CHECK(fx->status.end == SBX_EXITED && fx->status.code == 42,
		      "%zu bytes: code %d", sizes[i], fx->status.code);
		free(script);
	}
	sbx_close(sbx);
}

/* Arguments and environment that do not fit into one datagram. */
static void i06_large(struct fx *fx)
{
	enum { VARS = 100, VAR_BYTES = 15000 };
	static const char *const argv[] = { "/bin/sh", "-c", "exit ${#V99}", NULL };
	const char *env[VARS + 1] = { NULL };
	struct sbx_step step = { .argv = argv, .env = env };
	struct sbx *sbx = fx_open(fx);

	for (int i = 0; i < VARS; i++) {
		char *text = malloc(VAR_BYTES);

		memset(text, 'x', VAR_BYTES);
		snprintf(text + VAR_BYTES - 16, 16, "%s", "");
		memcpy(text, i < 10 ? "V0" : "V", i < 10 ? 2 : 1);
		snprintf(text, VAR_BYTES, i == 99 ? "V%02d=0123456789" : "V%02d=", i);
		if (i != 99)
			memset(text + 4, 'x', VAR_BYTES - 5), text[VAR_BYTES - 1] = '\0';
		env[i] = text;
	}
	CHECK(sbx_exec(sbx, &step, &fx->err) == 0, "%s", fx->err.text);
	CHECK(sbx_wait(sbx, -1, -1, &fx->status, &fx->err) == 0, "%s", fx->err.text);
	CHECK(fx->status.end == SBX_EXITED && fx->status.code == 10, "code %d",
	      fx->status.code);
	for (int i = 0; i < VARS; i++)
		free((void *)(uintptr_t)env[i]);
	sbx_close(sbx);
}

static void h27_exec_errors(struct fx *fx)
{
	struct sbx *sbx = fx_open(fx);

	CHECK(FX_STEP(fx, sbx, "/no/such/program") == 127 && fx->status.exec_errno == ENOENT,
	      "errno %d", fx->status.exec_errno);
	CHECK(FX_STEP(fx, sbx, "/marker") == 126 && fx->status.exec_errno == EACCES, "errno %d",
	      fx->status.exec_errno);
	CHECK(FX_STEP(fx, sbx, "/probe", "exit", "127") == 127 && fx->status.exec_errno == 0,
	      "errno %d", fx->status.exec_errno);
	sbx_close(sbx);
}

static void j07_strays(struct fx *fx)
{
	struct sbx *sbx = fx_open(fx);

	FX_PROBE(fx, sbx, "strays", "10");
	CHECK(fx->status.stray == 10, "%u strays", fx->status.stray);
	if (sbx_info(sbx)->tier >= 3)
		FX_PROBE(fx, sbx, "alone");
	CHECK(fx->status.stray == 0, "%u strays", fx->status.stray);
	sbx_close(sbx);
}

static void j08_kill(struct fx *fx)
{
	static const char *const argv[] = { "/bin/sh", "-c",
					    "trap '' TERM; echo up; sleep 100 & sleep 100",
					    NULL };
	static const char *const soft[] = { "/bin/sh", "-c", "sleep 100", NULL };
	struct sbx_step step = { .argv = argv };
	struct sbx *sbx = fx_open(fx);

	CHECK(sbx_exec(sbx, &step, &fx->err) == 0, "%s", fx->err.text);
	CHECK(sbx_exec(sbx, &step, &fx->err) < 0 && fx->err.errnum == EBUSY, "two at once");
	CHECK(sbx_wait(sbx, 100, -1, &fx->status, &fx->err) == 0 &&
		      fx->status.end == SBX_TIMEOUT,
	      "end %d", (int)fx->status.end);
	CHECK(sbx_kill(sbx, SIGTERM, &fx->err) == 0, "%s", fx->err.text);
	CHECK(sbx_wait(sbx, 50, -1, &fx->status, &fx->err) == 0 &&
		      fx->status.end == SBX_TIMEOUT,
	      "end %d", (int)fx->status.end);
	CHECK(sbx_kill(sbx, SIGKILL, &fx->err) == 0, "%s", fx->err.text);
	CHECK(sbx_wait(sbx, 5000, -1, &fx->status, &fx->err) == 0 &&
		      fx->status.end == SBX_SIGNALED && fx->status.code == SIGKILL,
	      "end %d code %d", (int)fx->status.end, fx->status.code);
	step.argv = soft;
	CHECK(sbx_exec(sbx, &step, &fx->err) == 0, "%s", fx->err.text);
	CHECK(sbx_kill(sbx, SIGTERM, &fx->err) == 0, "%s", fx->err.text);
	CHECK(sbx_wait(sbx, 5000, -1, &fx->status, &fx->err) == 0 &&
		      fx->status.end == SBX_SIGNALED && fx->status.code == SIGTERM,
	      "end %d code %d", (int)fx->status.end, fx->status.code);
	sbx_close(sbx);
}

/* A step that writes without a pause still has a time limit. */
static void flood(struct fx *fx)
{
	static const char *const argv[] = { "/usr/bin/yes", NULL };
	struct sbx_step step = { .argv = argv };
	struct sbx *sbx = fx_open(fx);

	CHECK(sbx_exec(sbx, &step, &fx->err) == 0, "%s", fx->err.text);
	CHECK(sbx_wait(sbx, 100, -1, &fx->status, &fx->err) == 0 &&
		      fx->status.end == SBX_TIMEOUT,
	      "end %d", (int)fx->status.end);
	CHECK(sbx_kill(sbx, SIGKILL, &fx->err) == 0, "%s", fx->err.text);
	CHECK(sbx_wait(sbx, 5000, -1, &fx->status, &fx->err) == 0 &&
		      fx->status.end == SBX_SIGNALED,
	      "end %d", (int)fx->status.end);
	CHECK(sbx_wait(sbx, 0, -1, &fx->status, &fx->err) < 0, "waits for nothing");
	sbx_close(sbx);
}

static void wake(struct fx *fx)
{
	static const char *const argv[] = { "/bin/sh", "-c", "sleep 100", NULL };
	struct sbx_step step = { .argv = argv };
	struct sbx *sbx = fx_open(fx);
	int p[2];

	CHECK(pipe(p) == 0 && write(p[1], "x", 1) == 1, "%s", strerror(errno));
	CHECK(sbx_exec(sbx, &step, &fx->err) == 0, "%s", fx->err.text);
	CHECK(sbx_wait(sbx, -1, p[0], &fx->status, &fx->err) == 0 &&
		      fx->status.end == SBX_WOKEN,
	      "end %d", (int)fx->status.end);
	sbx_close(sbx); /* with the step running */
	close(p[0]);
	close(p[1]);
}

static void j03_pid1_killed(struct fx *fx)
{
	static const char *const argv[] = { "/bin/sh", "-c", "echo up; sleep 100", NULL };
	struct sbx_step step = { .argv = argv };
	struct sbx *sbx = fx_open(fx);

	CHECK(sbx_exec(sbx, &step, &fx->err) == 0, "%s", fx->err.text);
	if (fx->kind == FX_ROOT || fx->kind == FX_USER || fx->kind == FX_RANGE)
		CHECK(kill(sbx_info(sbx)->init_pid, SIGKILL) == 0, "%s", strerror(errno));
	CHECK(sbx_wait(sbx, 5000, -1, &fx->status, &fx->err) == 0 && fx->status.end == SBX_LOST,
	      "end %d", (int)fx->status.end);
	CHECK(sbx_exec(sbx, &step, &fx->err) < 0, "runs on");
	sbx_close(sbx);
}

static bool is_gone(pid_t pid)
{
	for (int i = 0; i < 100; i++) {
		struct timespec t = { 0, 10000000 };
		int status;

		while (waitpid(-1, &status, WNOHANG) > 0)
			; /* orphans come to us */
		if (kill(pid, 0) < 0 && errno == ESRCH)
			return true;
		nanosleep(&t, NULL);
	}
	return false;
}

/* The caller is killed while a step runs: within a second nothing is left. */
static void j01_caller_killed(struct fx *fx)
{
	static const char *const argv[] = { "/bin/sh", "-c", "sleep 100", NULL };
	struct sbx_step step = { .argv = argv };
	pid_t init = 0, pid;
	int p[2];

	CHECK(pipe(p) == 0, "%s", strerror(errno));
	pid = fork();
	if (pid == 0) {
		struct sbx *sbx = fx_open(fx);

		CHECK(sbx_exec(sbx, &step, &fx->err) == 0, "%s", fx->err.text);
		init = sbx_info(sbx)->init_pid;
		CHECK(write(p[1], &init, sizeof(init)) == sizeof(init), "%s", strerror(errno));
		for (;;)
			pause();
	}
	CHECK(read(p[0], &init, sizeof(init)) == sizeof(init), "%s", strerror(errno));
	kill(pid, SIGKILL);
	CHECK(is_gone(pid) && is_gone(init), "pid %d lives", (int)init);
	close(p[0]);
	close(p[1]);
}

/* The same at random moments of the set-up. */
static void j01_killed_in_setup(struct fx *fx)
{
	for (int i = 0; i < 40; i++) {
		struct timespec t = { 0, 100000L * i };
		pid_t pid = fork();

		if (pid == 0) {
			struct sbx *sbx = fx_open(fx);

			(void)sbx;
			for (;;)
				pause();
		}
		nanosleep(&t, NULL);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	for (int i = 0; i < 200; i++) {
		struct timespec t = { 0, 5000000 };

		if (waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD)
			return;
		nanosleep(&t, NULL);
	}
	CHECK(false, "a process is left");
}

static void j22_statuses(struct fx *fx)
{
	static const int signo[] = { 1, 2, 6, 8, 9, 11, 13, 15, 31, 64 };
	struct sbx *sbx = fx_open(fx);
	char text[16];

	for (int code = 0; code < 256; code += 51) {
		snprintf(text, sizeof(text), "%d", code);
		CHECK(FX_STEP(fx, sbx, "/probe", "exit", text) == code, "%s", fx->out);
	}
	for (size_t i = 0; i < COUNTOF(signo); i++) {
		snprintf(text, sizeof(text), "%d", signo[i]);
		CHECK(FX_STEP(fx, sbx, "/probe", "signal", text) == 256 + signo[i], "%s",
		      fx->out);
	}
	sbx_close(sbx);
}

static void output_order(struct fx *fx)
{
	struct sbx *sbx = fx_open(fx);

	CHECK(FX_STEP(fx, sbx, "/bin/sh", "-c",
		      "for i in 1 2 3; do echo o$i; sleep 0.02; echo e$i >&2; sleep 0.02; "
		      "done; "
		      "printf end") == 0,
	      "%s", fx->out);
	CHECK(!strcmp(fx->out, "o1\ne1\no2\ne2\no3\ne3\nend"), "%s", fx->out);
	CHECK(FX_STEP(fx, sbx, "/bin/sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x") ==
			      0 &&
		      fx->out_len == FX_OUT - 1,
	      "%zu", fx->out_len);
	CHECK(fx->status.usage.ru_maxrss > 0, "no usage");
	sbx_close(sbx);
}

static void i09_closed_stdio(struct fx *fx)
{
	for (int mask = 0; mask < 8; mask++) {
		int saved[3], status = 0;
		struct sbx *sbx = NULL;
		int r;

		for (int fd = 0; fd < 3; fd++) {
			saved[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 100);
			if (mask >> fd & 1)
				close(fd);
		}
		r = sbx_open(&sbx, &fx->spec, &fx->err);
		if (r == 0)
			status = FX_STEP(fx, sbx, "/probe", "fds");
		sbx_close(sbx);
		for (int fd = 0; fd < 3; fd++) {
			dup2(saved[fd], fd);
			close(saved[fd]);
		}
		CHECK(r == 0, "mask %d: %s", mask, fx->err.text);
		CHECK(status == 0, "mask %d: %s", mask, fx->out);
	}
}

static const struct fx_case process[] = {
	{ "A16 nothing in the temporary directory", a16_tmpdir },
	{ "B03 secrets of the caller", b03_secret },
	{ "B06 descriptors of a step", b06_fds },
	{ "B07 kill everything", b07_kill },
	{ "B08 proc and dev", b08_proc },
	{ "C03 capabilities", c03_status },
	{ "C05 run as root", c05_run_as_root },
	{ "D01 refused calls", d01_calls },
	{ "E01 no network", e01_nonet },
	{ "D14 keys of the caller", d14_keys },
	{ "E03 abstract sockets", e03_abstract },
	{ "G08 odd callers", g08_caller },
	{ "H27 programs that cannot be executed", h27_exec_errors },
	{ "I06 large arguments", i06_large },
	{ "I08 large scripts", i08_scripts },
	{ "I09 closed stdio", i09_closed_stdio },
	{ "J01 caller killed", j01_caller_killed },
	{ "J01 caller killed in the set-up", j01_killed_in_setup },
	{ "J03 pid 1 killed", j03_pid1_killed },
	{ "J07 strays", j07_strays },
	{ "J08 steps killed", j08_kill },
	{ "J11 a thousand processes", j11_crowd },
	{ "J13 J14 many sandboxes", j13_many },
	{ "J22 statuses", j22_statuses },
	{ "flood of output", flood },
	{ "wake and close", wake },
	{ "order of output", output_order },
};

FX_TESTS(process, process)
