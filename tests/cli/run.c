/* Running the program in tests: see run.h. */
#include "run.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	TIMEOUT_S = 20,
	TICK_MS = 20,
	LINGER_MS = 500, /* how long a pipe may stay open after the end of the program */
	ENV_MAX = 64,
	PATH_BYTES = 512,
};

struct channel {
	int fd;
	char *text;
	size_t len, cap;
};

size_t run_users(uid_t user[RUN_USERS_MAX])
{
	user[0] = geteuid();
	user[1] = RUN_UID;
	return user[0] == 0 ? 2 : 1;
}

/* --- places ------------------------------------------------------------------------------- */

const char *run_place_path(const struct run_place *place, const char *path)
{
	static char made[4][PATH_BYTES];
	static unsigned next;
	char *out = made[next++ % 4];

	snprintf(out, PATH_BYTES, "%s/%s", place->dir, path);
	return out;
}

static void give(const struct run_place *place, const char *path)
{
	if (geteuid() == 0)
		cr_assert_eq(lchown(path, place->uid, place->uid), 0, "chown %s", path);
}

static void copy_file(const char *from, const char *to, mode_t mode)
{
	char block[65536];
	ssize_t len;
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	cr_assert(in >= 0, "cannot open %s: %s", from, strerror(errno));
	cr_assert(out >= 0, "cannot open %s: %s", to, strerror(errno));
	while ((len = read(in, block, sizeof(block))) > 0)
		cr_assert_eq(write(out, block, (size_t)len), len);
	cr_assert_eq(fchmod(out, mode), 0);
	close(in);
	close(out);
}

void run_place_make(struct run_place *place, uid_t uid)
{
	const char *program = getenv("MELANGE");
	char helper[PATH_BYTES], helper_copy[PATH_BYTES];

	memset(place, 0, sizeof(*place));
	place->uid = uid;
	strcpy(place->dir, "/tmp/melange-test-XXXXXX");
	cr_assert(mkdtemp(place->dir), "mkdtemp: %s", strerror(errno));
	cr_assert_eq(chmod(place->dir, 0755), 0);
	give(place, place->dir);
	snprintf(place->program, sizeof(place->program), "%s/melange", place->dir);
	program = program && program[0] ? program : "./melange";
	copy_file(program, place->program, 0755);
	snprintf(helper, sizeof(helper), "%s-fetch", program);
	snprintf(helper_copy, sizeof(helper_copy), "%s-fetch", place->program);
	copy_file(helper, helper_copy, 0755);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* Folders without permission bits are opened on the way down. */
static int open_up(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)ftw;
	if (type == FTW_DNR || type == FTW_D)
		chmod(path, st->st_mode | 0700);
	return 0;
}

void run_place_remove(struct run_place *place)
{
	if (!place->dir[0])
		return;
	nftw(place->dir, open_up, 16, FTW_PHYS);
	nftw(place->dir, remove_one, 16, FTW_PHYS | FTW_DEPTH);
	place->dir[0] = '\0';
}

/* Folders on the way to path, which is absolute and below the place. */
static void make_folders(const struct run_place *place, char *path)
{
	for (char *slash = path + strlen(place->dir) + 1; (slash = strchr(slash, '/'));
	     slash++) {
		*slash = '\0';
		if (mkdir(path, 0755) == 0)
			give(place, path);
		else
			cr_assert_eq(errno, EEXIST, "mkdir %s: %s", path, strerror(errno));
		*slash = '/';
	}
}

void run_place_write(const struct run_place *place, const char *path, const char *text)
{
	char full[PATH_BYTES];
	FILE *file;

	snprintf(full, sizeof(full), "%s/%s", place->dir, path);
	make_folders(place, full);
	file = fopen(full, "we");
	cr_assert(file, "cannot write %s: %s", full, strerror(errno));
	fputs(text, file);
	cr_assert_eq(fclose(file), 0);
	give(place, full);
}

static void copy_tree(const struct run_place *place, const char *from, const char *to)
{
	const char *const args[] = { "-R", "--", from, to, NULL };
	struct run_result result RUN_AUTO_RESULT;

	/* as the caller: the place's user may not reach the source */
	struct run_place as_caller = *place;
	as_caller.uid = geteuid();
	run_program(&result, &as_caller, NULL, "cp", args);
	cr_assert_eq(result.code, 0, "cp %s: %s", from, result.err);
}

static const struct run_place *giving; /* nftw(3) passes no pointer on */

static int give_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	give(giving, path);
	return 0;
}

void run_place_copy(const struct run_place *place, const char *from, const char *path)
{
	char full[PATH_BYTES];

	snprintf(full, sizeof(full), "%s/%s", place->dir, path);
	make_folders(place, full);
	copy_tree(place, from, full);
	giving = place;
	nftw(full, give_one, 16, FTW_PHYS);
}

char *run_place_read(const struct run_place *place, const char *path)
{
	int fd = open(run_place_path(place, path), O_RDONLY | O_CLOEXEC);
	struct channel got = { .fd = fd };
	ssize_t len;

	if (fd < 0)
		return NULL;
	do {
		got.text = realloc(got.text, got.len + 65536 + 1);
		cr_assert(got.text);
		len = read(fd, got.text + got.len, 65536);
		cr_assert(len >= 0, "read %s: %s", path, strerror(errno));
		got.len += (size_t)len;
	} while (len > 0);
	got.text[got.len] = '\0';
	close(fd);
	return got.text;
}

/* --- running ------------------------------------------------------------------------------ */

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A terminal's two ends: the program's and ours. */
static void open_terminal(int fd[2])
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };

	fd[0] = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	cr_assert(fd[0] >= 0 && grantpt(fd[0]) == 0 && unlockpt(fd[0]) == 0);
	fd[1] = open(ptsname(fd[0]), O_RDWR | O_NOCTTY | O_CLOEXEC);
	cr_assert(fd[1] >= 0, "no terminal: %s", strerror(errno));
	ioctl(fd[1], TIOCSWINSZ, &size);
}

static int open_input(const struct run_opts *opts)
{
	int fd[2];
	size_t len;

	if (!opts->input)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	len = strlen(opts->input);
	cr_assert(len < PIPE_BUF, "input for a test must fit a pipe");
	cr_assert_eq(pipe2(fd, O_CLOEXEC), 0);
	cr_assert_eq(write(fd[1], opts->input, len), (ssize_t)len);
	close(fd[1]);
	return fd[0];
}

static void make_env(const char *env[ENV_MAX], char home[PATH_BYTES],
		     const struct run_place *place, const struct run_opts *opts)
{
	static const char *const passed[] = { "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS" };
	static char kept[3][PATH_BYTES];
	size_t len = 0;

	snprintf(home, PATH_BYTES, "HOME=%s", place->dir);
	env[len++] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	env[len++] = home;
	for (size_t i = 0; i < 3; i++) {
		const char *value = getenv(passed[i]);

		if (!value)
			continue;
		snprintf(kept[i], PATH_BYTES, "%s=%s", passed[i], value);
		env[len++] = kept[i];
	}
	for (size_t i = 0; opts->env && opts->env[i]; i++) {
		cr_assert(len < ENV_MAX - 1);
		env[len++] = opts->env[i];
	}
	env[len] = NULL;
}

/* In the child: only calls that are safe after fork in a process with threads. */
static _Noreturn void start(const struct run_place *place, const char *cwd, const int fd[3],
			    const char *program, char *const *argv, char *const *env)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < 3; i++)
		if (dup2(fd[i], i) < 0)
			_exit(126);
	if (geteuid() == 0 && place->uid != 0 &&
	    (setgroups(0, NULL) < 0 || setresgid(place->uid, place->uid, place->uid) < 0 ||
	     setresuid(place->uid, place->uid, place->uid) < 0))
		_exit(126);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (chdir(cwd) < 0)
		_exit(126);
	execvpe(program, argv, env);
	_exit(127);
}

/* Read what is there; false at the end. */
static bool take(struct channel *channel)
{
	ssize_t len;

	if (channel->cap - channel->len < 65536) {
		channel->cap = channel->cap * 2 + 65536 + 1;
		channel->text = realloc(channel->text, channel->cap);
		cr_assert(channel->text);
	}
	len = read(channel->fd, channel->text + channel->len, 65535);
	if (len > 0)
		channel->len += (size_t)len;
	channel->text[channel->len] = '\0';
	return len > 0 || (len < 0 && (errno == EAGAIN || errno == EINTR));
}

static void take_ready(struct channel channel[2], int wait_ms)
{
	struct pollfd ready[2];

	for (int i = 0; i < 2; i++)
		ready[i] = (struct pollfd){ .fd = channel[i].fd, .events = POLLIN };
	if (poll(ready, 2, wait_ms) <= 0)
		return;
	for (int i = 0; i < 2; i++) {
		if (channel[i].fd >= 0 && ready[i].revents && !take(&channel[i])) {
			close(channel[i].fd);
			channel[i].fd = -1;
		}
	}
}

static int exit_code(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Pump the output until the program has ended; its code, -1 if it took too long. */
static int pump(pid_t pid, struct channel channel[2], const struct run_opts *opts)
{
	long began = now_ms();
	long end = began + 1000L * (opts->timeout_s ? opts->timeout_s : TIMEOUT_S), ended = 0;
	bool was_called = !opts->while_running;
	int status = 0;

	while (!ended ||
	       (now_ms() - ended < LINGER_MS && (channel[0].fd >= 0 || channel[1].fd >= 0))) {
		take_ready(channel, TICK_MS);
		if (!was_called && now_ms() - began >= opts->delay_ms) {
			was_called = true;
			opts->while_running(pid, opts->user);
		}
		if (!ended && waitpid(pid, &status, WNOHANG) == pid)
			ended = now_ms();
		if (!ended && now_ms() > end) {
			kill(-pid, SIGKILL);
			waitpid(pid, &status, 0);
			return -1;
		}
	}
	return exit_code(status);
}

void run_program(struct run_result *result, const struct run_place *place,
		 const struct run_opts *opts, const char *program, const char *const *args)
{
	static const struct run_opts none;
	const char *env[ENV_MAX], *argv[256] = { program };
	char home[PATH_BYTES], cwd[PATH_BYTES];
	int out[2], err[2], in;
	size_t len = 1;

	opts = opts ? opts : &none;
	for (size_t i = 0; args && args[i] && len < 255; i++)
		argv[len++] = args[i];
	make_env(env, home, place, opts);
	snprintf(cwd, sizeof(cwd), "%s/%s", place->dir, opts->cwd ? opts->cwd : "");
	cr_assert_eq(pipe2(out, O_CLOEXEC), 0);
	if (opts->on_terminal)
		open_terminal(err);
	else
		cr_assert_eq(pipe2(err, O_CLOEXEC), 0);
	in = open_input(opts);

	const int child_fd[3] = { in, out[1], err[1] };
	pid_t pid = fork();
	if (pid == 0)
		start(place, cwd, child_fd, program, (char *const *)(void *)argv,
		      (char *const *)(void *)env);
	cr_assert(pid > 0, "fork: %s", strerror(errno));
	close(in);
	close(out[1]);
	close(err[1]);

	struct channel channel[2] = { { .fd = out[0] }, { .fd = err[0] } };
	int code = pump(pid, channel, opts);
	for (int i = 0; i < 2; i++) {
		if (channel[i].fd >= 0)
			close(channel[i].fd);
		if (!channel[i].text)
			channel[i].text = calloc(1, 1);
	}
	*result = (struct run_result){ code, channel[0].text, channel[1].text, channel[0].len,
				       channel[1].len };
}

void run_melange(struct run_result *result, const struct run_place *place,
		 const struct run_opts *opts, const char *const *args)
{
	run_program(result, place, opts, place->program, args);
}

void run_result_clear(struct run_result *result)
{
	free(result->out);
	free(result->err);
	*result = (struct run_result){ 0 };
}

bool run_has_sandbox(const struct run_place *place)
{
	const char *must = getenv("MEL_MUST_SANDBOX");
	struct run_result result RUN_AUTO_RESULT = { 0 };
	const char *const args[] = { "-Ur", "true", NULL };

	run_program(&result, place, NULL, "unshare", args);
	if (result.code == 0)
		return true;
	fprintf(stderr, "skipped: user namespaces are not available here: %s", result.err);
	cr_assert(!(must && must[0] == '1'), "sandboxes must work here: %s", result.err);
	return false;
}
