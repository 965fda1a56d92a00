/* A running melange-fetch: see download.h. Source: unix(7), posix_spawn(3). */
#include "cache/download.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/vec.h"

#define PROGRAM_NAME "melange-fetch"

struct mel_downloads {
	int fd; /* owned; our end */
	pid_t pid;
};

/* --- starting ----------------------------------------------------------------------------- */

/* Beside the running program (a build tree), else in the folder of helper programs; owned. */
static char *find_program(void)
{
	static const char *const beside[] = { "", "../libexec/" };
	char self[4096];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	self[len < 0 ? 0 : len] = '\0';
	slash = strrchr(self, '/');
	for (size_t i = 0; slash && i < MEL_COUNTOF(beside); i++) {
		char *path = mel_asprintf("%.*s/%s" PROGRAM_NAME, (int)(slash - self), self,
					  beside[i]);

		if (access(path, X_OK) == 0)
			return path;
		free(path);
	}
	return mel_strdup(MEL_LIBEXEC_DIR "/" PROGRAM_NAME);
}

static const char *const passed[] = {
	"http_proxy", "https_proxy", "HTTPS_PROXY",   "no_proxy",     "NO_PROXY",
	"all_proxy",  "ALL_PROXY",   "SSL_CERT_FILE", "SSL_CERT_DIR",
};

static int spawn(pid_t *pid, const char *program, const struct mel_remote_env *env, int fd)
{
	MEL_VEC(char *) list = { NULL, 0, 0 };
	/* argv and envp of posix_spawn(3) are not changed, though its type cannot say so */
	char *const argv[] = { (char *)(uintptr_t)PROGRAM_NAME, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;
	int result;

	for (size_t i = 0; i < MEL_COUNTOF(passed); i++) {
		const char *value = mel_remote_variable(env, passed[i]);

		if (value)
			mel_vec_push(&list, mel_asprintf("%s=%s", passed[i], value));
	}
	mel_vec_push(&list, NULL);
	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	/* A group of its own: what is typed on the terminal is for us to handle. */
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fd, STDIN_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	result = posix_spawn(pid, program, &actions, &attr, argv, list.at);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	for (size_t i = 0; i < list.len; i++)
		free(list.at[i]);
	mel_vec_clear(&list);
	return result;
}

int mel_downloads_open(struct mel_downloads **out, const char *program,
		       const struct mel_remote_env *env, struct mel_err **err)
{
	MEL_AUTO_FREE char *found = program ? mel_strdup(program) : find_program();
	int pair[2], result;
	pid_t pid;

	if (access(found, X_OK) < 0)
		return mel_err_sys(err, "cannot start '%s', which downloads", found);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return mel_err_sys(err, "cannot start downloads");
	result = spawn(&pid, found, env, pair[1]);
	close(pair[1]);
	if (result != 0) {
		close(pair[0]);
		errno = result;
		return mel_err_sys(err, "cannot start '%s', which downloads", found);
	}
	*out = mel_alloc(sizeof(**out));
	**out = (struct mel_downloads){ .fd = pair[0], .pid = pid };
	return 0;
}

void mel_downloads_close(struct mel_downloads *downloads)
{
	if (!downloads)
		return;
	close(downloads->fd);
	kill(downloads->pid, SIGKILL);
	while (waitpid(downloads->pid, NULL, 0) < 0 && errno == EINTR)
		;
	free(downloads);
}

/* --- messages ----------------------------------------------------------------------------- */

static int ended(struct mel_err **err)
{
	return mel_err_set(err, MEL_ERR_NETWORK, PROGRAM_NAME " ended unexpectedly");
}

int mel_downloads_add(struct mel_downloads *downloads, const struct mel_fetch_request *request,
		      int fd, struct mel_err **err)
{
	MEL_AUTO_BUF struct mel_buf message = MEL_BUF_INIT(MEL_FETCH_MESSAGE_MAX);
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .space = "" };
	struct iovec iov;
	struct msghdr head = { .msg_iov = &iov,
			       .msg_iovlen = 1,
			       .msg_control = &control,
			       .msg_controllen = sizeof(control) };
	struct cmsghdr *item = CMSG_FIRSTHDR(&head);
	ssize_t n;

	if (mel_fetch_request_write(&message, request, err) < 0)
		return -1;
	iov = (struct iovec){ message.ptr, message.len };
	item->cmsg_level = SOL_SOCKET;
	item->cmsg_type = SCM_RIGHTS;
	item->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(item), &fd, sizeof(int));
	do
		n = sendmsg(downloads->fd, &head, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? ended(err) : 0;
}

int mel_downloads_wait(struct mel_downloads *downloads, int timeout_ms, int wake_fd,
		       struct mel_fetch_event *event, struct mel_err **err)
{
	struct pollfd fds[] = { { .fd = downloads->fd, .events = POLLIN },
				{ .fd = wake_fd, .events = POLLIN } };
	char bytes[2 * MEL_FETCH_TEXT_MAX];
	int ready = poll(fds, MEL_COUNTOF(fds), timeout_ms);
	ssize_t len;

	if (ready < 0 && errno != EINTR)
		return mel_err_sys(err, "cannot wait for downloads");
	if (ready <= 0 || !fds[0].revents)
		return 0;
	len = recv(downloads->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (len <= 0)
		return ended(err);
	if (mel_fetch_event_parse(event, mel_slice_make(bytes, (size_t)len), err) < 0) {
		mel_err_wrap(err, PROGRAM_NAME);
		return mel_err_as(err, MEL_ERR_NETWORK);
	}
	return 1;
}
