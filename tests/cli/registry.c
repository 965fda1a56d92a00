/* An HTTP server for tests: see registry.h. One process for each connection, one request each.
 */
#include "registry.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { REQUEST_BYTES = 16384, NAME_BYTES = 512, IDLE_S = 10 };

struct registry_shared {
	atomic_uint requests;
	char last[NAME_BYTES];
};

void registry_open(struct registry *registry)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);

	*registry =
		(struct registry){ .socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	cr_assert_geq(registry->socket, 0);
	cr_assert_eq(bind(registry->socket, (struct sockaddr *)&address, len), 0);
	cr_assert_eq(getsockname(registry->socket, (struct sockaddr *)&address, &len), 0);
	cr_assert_eq(listen(registry->socket, 64), 0);
	snprintf(registry->url, sizeof(registry->url), "http://127.0.0.1:%d",
		 ntohs(address.sin_port));
	registry->shared = mmap(NULL, sizeof(*registry->shared), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq((void *)registry->shared, MAP_FAILED);
}

/* --- answering, in processes of the server -------------------------------------------------
 */

/* Read until the empty line that ends a request; false: it never came. */
static bool read_request(int fd, char text[REQUEST_BYTES])
{
	size_t len = 0;
	ssize_t got;

	while (len < REQUEST_BYTES - 1 &&
	       (got = read(fd, text + len, REQUEST_BYTES - 1 - len)) > 0) {
		len += (size_t)got;
		text[len] = '\0';
		if (strstr(text, "\r\n\r\n"))
			return true;
	}
	return false;
}

/* %XX of the request's path as bytes; the query is cut off. */
static void decode(const char *from, char to[NAME_BYTES])
{
	size_t len = 0;
	unsigned byte;

	for (; *from && !strchr(" ?\r\n", *from) && len < NAME_BYTES - 1; from++) {
		if (*from == '%' && sscanf(from + 1, "%2x", &byte) == 1) {
			to[len++] = (char)byte;
			from += 2;
		} else {
			to[len++] = *from;
		}
	}
	to[len] = '\0';
}

/* The file that a path names, -1: none. */
static int open_answer(int folder, const char *path)
{
	while (*path == '/')
		path++;
	if (strstr(path, ".."))
		return -1;
	int fd = openat(folder, *path ? path : ".", O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		int index = openat(fd, "index", O_RDONLY | O_CLOEXEC);

		close(fd);
		return index;
	}
	return fd;
}

static const char *type_of(int fd)
{
	char first = '\0';

	if (pread(fd, &first, 1, 0) < 1)
		return "text/plain";
	return first == '<' ? "text/html" : first == '{' ? "application/json" : "text/plain";
}

static void answer(struct registry_shared *shared, int fd, int folder)
{
	static char request[REQUEST_BYTES];
	const struct timeval idle = { .tv_sec = IDLE_S };
	char path[NAME_BYTES], *space;
	struct stat st;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &idle, sizeof(idle));
	if (!read_request(fd, request) || !(space = strchr(request, ' ')))
		return;
	decode(space + 1, path);
	atomic_fetch_add(&shared->requests, 1);
	memcpy(shared->last, path, sizeof(path));

	int file = open_answer(folder, path);

	if (file < 0 || fstat(file, &st) < 0) {
		dprintf(fd, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n"
			    "Connection: close\r\n\r\n");
		return;
	}
	dprintf(fd,
		"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %lld\r\n"
		"Connection: close\r\n\r\n",
		type_of(file), (long long)st.st_size);
	for (off_t left = st.st_size; strncmp(request, "HEAD", 4) != 0 && left > 0;) {
		ssize_t sent = sendfile(fd, file, NULL, (size_t)left);

		if (sent <= 0)
			return;
		left -= sent;
	}
}

static _Noreturn void serve(const struct registry *registry, int folder)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGCHLD, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		int fd = accept4(registry->socket, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			_exit(1);
		if (fork() == 0) {
			answer(registry->shared, fd, folder);
			_exit(0);
		}
		close(fd);
	}
}

/* --- the test's side -----------------------------------------------------------------------
 */

void registry_serve(struct registry *registry, const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	cr_assert_geq(fd, 0, "no folder %s", folder);
	registry->pid = fork();
	cr_assert_geq(registry->pid, 0);
	if (registry->pid == 0)
		serve(registry, fd);
	close(fd);
}

unsigned registry_requests(const struct registry *registry)
{
	return atomic_load(&registry->shared->requests);
}

const char *registry_last(const struct registry *registry)
{
	return registry->shared->last;
}

void registry_close(struct registry *registry)
{
	if (registry->pid > 0) {
		kill(registry->pid, SIGKILL);
		waitpid(registry->pid, NULL, 0);
	}
	if (registry->shared) {
		close(registry->socket);
		munmap(registry->shared, sizeof(*registry->shared));
	}
	*registry = (struct registry){ .socket = -1 };
}
