/* A small HTTP server for tests: see http.h. */
#include "tests/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HEAD_MAX = 16384, IDLE_S = 10, MEET = 4 };

struct exchange {
	const char *folder;
	enum http_kind kind;
	struct http_shared *shared;
	int fd;
	char head[HEAD_MAX];
	char how[32], name[HTTP_NAME_BYTES];
	unsigned before; /* requests for the same path */
	char *body;
	size_t len;
};

static void say(struct exchange *x, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = send(x->fd, bytes, len, MSG_NOSIGNAL);

		if (n <= 0)
			_exit(0);
		bytes += n;
		len -= (size_t)n;
	}
}

static void say_text(struct exchange *x, const char *text)
{
	say(x, text, strlen(text));
}

/* The value of a header, NULL if it is not there; name with its colon, in small letters. */
static const char *header(const struct exchange *x, const char *name)
{
	static char value[1024];

	for (const char *line = x->head; (line = strstr(line, "\r\n"));) {
		line += 2;
		if (strncasecmp(line, name, strlen(name)) == 0) {
			line += strlen(name);
			line += strspn(line, " ");
			snprintf(value, sizeof(value), "%.*s", (int)strcspn(line, "\r"), line);
			return value;
		}
	}
	return NULL;
}

static void status(struct exchange *x, const char *text, const char *more)
{
	char out[1200];

	snprintf(out, sizeof(out),
		 "HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: 0\r\n%s\r\n", text, more);
	say_text(x, out);
}

static void whole(struct exchange *x, const char *etag, size_t send_len)
{
	char out[512];

	snprintf(out, sizeof(out),
		 "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %zu\r\n"
		 "ETag: \"%s\"\r\n\r\n",
		 x->len, etag);
	say_text(x, out);
	say(x, x->body, send_len);
}

/* Package managers guess by the type what an answer is; they are told nothing to ask again
 * with. */
static void plain(struct exchange *x)
{
	char first = x->len ? x->body[0] : '\0', out[512];

	snprintf(out, sizeof(out),
		 "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %zu\r\n"
		 "Content-Type: %s\r\n\r\n",
		 x->len,
		 first == '<'   ? "text/html"
		 : first == '{' ? "application/json"
				: "text/plain");
	say_text(x, out);
	if (strncmp(x->head, "HEAD ", 5) != 0)
		say(x, x->body, x->len);
}

static void part(struct exchange *x, size_t begin)
{
	char out[512];

	snprintf(out, sizeof(out),
		 "HTTP/1.1 206 Partial Content\r\nConnection: close\r\n"
		 "Content-Range: bytes %zu-%zu/%zu\r\nContent-Length: %zu\r\n\r\n",
		 begin, x->len - 1, x->len, x->len - begin);
	say_text(x, out);
	say(x, x->body + begin, x->len - begin);
}

static void ok(struct exchange *x, const char *etag)
{
	const char *range = header(x, "range:");
	size_t begin = range ? strtoul(range + strlen("bytes="), NULL, 10) : 0;
	const char *only_if = header(x, "if-range:");
	char more[128];

	if (!range || (only_if && !strstr(only_if, etag))) {
		whole(x, etag, x->len);
	} else if (begin >= x->len) {
		snprintf(more, sizeof(more), "Content-Range: bytes */%zu\r\n", x->len);
		status(x, "416 Range Not Satisfiable", more);
	} else {
		part(x, begin);
	}
}

static void endless(struct exchange *x, unsigned pause_us)
{
	static const char zeros[65536];

	say_text(x, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
	for (;;) {
		say(x, zeros, pause_us ? 1 : sizeof(zeros));
		usleep(pause_us);
	}
}

static void signed_ok(struct exchange *x)
{
	const char *value = header(x, "authorization:");
	bool is_signed = value && strncmp(value, "AWS4-HMAC-SHA256 Credential=KEY/", 32) == 0 &&
			 strstr(value, "/eu-test-1/s3/aws4_request") &&
			 strstr(value, "x-amz-date") && strstr(value, "Signature=");

	if (is_signed && header(x, "x-amz-date:"))
		ok(x, "a");
	else
		status(x, "403 Forbidden", "");
}

static void meet(struct exchange *x)
{
	for (int i = 0; i < 500 && x->shared->most_open < MEET; i++)
		usleep(10000);
	ok(x, "a");
}

static void answer(struct exchange *x)
{
	const char *how = x->how;
	char more[1024];

	if (strcmp(how, "plain") == 0) {
		plain(x);
	} else if (strcmp(how, "ok") == 0) {
		ok(x, "a");
	} else if (strcmp(how, "whole") == 0) {
		whole(x, "a", x->len);
	} else if (strcmp(how, "cut") == 0 || strcmp(how, "changed") == 0 ||
		   strcmp(how, "part") == 0) {
		if (x->before == 0)
			whole(x, "a", x->len / 2);
		else if (strcmp(how, "part") == 0 && header(x, "range:"))
			part(x, 1);
		else
			ok(x, strcmp(how, "cut") == 0 ? "a" : "b");
	} else if (strcmp(how, "busy") == 0) {
		if (x->before < 2)
			status(x, "503 Service Unavailable", "");
		else
			ok(x, "a");
	} else if (strcmp(how, "loop") == 0 || strcmp(how, "to") == 0) {
		snprintf(more, sizeof(more), "Location: /%s/%s\r\n",
			 strcmp(how, "loop") == 0 ? how : "ok", x->name);
		status(x, "302 Found", more);
	} else if (strcmp(how, "stall") == 0) {
		whole(x, "a", 0);
		sleep(60);
	} else if (strcmp(how, "slow") == 0) {
		endless(x, 50000);
	} else if (strcmp(how, "big") == 0) {
		endless(x, 0);
	} else if (strcmp(how, "wrong") == 0) {
		memset(x->body, '!', x->len);
		ok(x, "a");
	} else if (strcmp(how, "auth") == 0) {
		const char *value = header(x, "authorization:");

		if (value && strcmp(value, "Basic dXNlcjpwYXNzOndvcmQ=") == 0)
			ok(x, "a");
		else
			status(x, "401 Unauthorized", "");
	} else if (strcmp(how, "bucket") == 0) {
		signed_ok(x);
	} else if (strcmp(how, "meet") == 0) {
		meet(x);
	} else {
		status(x, "404 Not Found", "");
	}
}

/* The request's path, %XX as bytes; the query is cut off. */
static void decode(struct exchange *x, char path[HTTP_NAME_BYTES])
{
	const char *from = strchr(x->head, '/');
	size_t len = 0;
	unsigned byte;

	if (!from)
		_exit(0);
	for (; *from && !strchr(" ?\r\n", *from) && len < HTTP_NAME_BYTES - 1; from++) {
		if (*from == '%' && sscanf(from + 1, "%2x", &byte) == 1) {
			path[len++] = (char)byte;
			from += 2;
		} else {
			path[len++] = *from;
		}
	}
	path[len] = '\0';
}

/* What is asked for, and how to answer. */
static void read_path(struct exchange *x)
{
	char path[HTTP_NAME_BYTES];
	const char *name;

	decode(x, path);
	memcpy(x->shared->last, path, sizeof(path));
	name = path + strspn(path, "/");
	if (x->kind == HTTP_PLAIN) {
		strcpy(x->how, strstr(name, "..") ? "gone" : "plain");
		strcpy(x->name, *name ? name : ".");
	} else if (sscanf(name, "%31[^/]/%511s", x->how, x->name) != 2) {
		_exit(0);
	}
}

static void note(struct exchange *x)
{
	struct http_shared *shared = x->shared;
	unsigned char hash = 0;
	size_t len = strlen(x->head), at;
	unsigned now_open;

	for (const char *p = strchr(x->head, '/'); *p && *p != ' '; p++)
		hash = (unsigned char)(hash * 31 + *p);
	x->before = __atomic_fetch_add(&shared->count[hash], 1, __ATOMIC_SEQ_CST);
	__atomic_fetch_add(&shared->requests, 1, __ATOMIC_SEQ_CST);
	now_open = __atomic_add_fetch(&shared->open, 1, __ATOMIC_SEQ_CST);
	if (now_open > shared->most_open)
		shared->most_open = now_open;
	at = __atomic_fetch_add(&shared->log_len, len, __ATOMIC_SEQ_CST);
	if (at + len < HTTP_LOG_BYTES)
		memcpy(shared->log + at, x->head, len);
}

static int open_name(const struct exchange *x)
{
	char path[1024];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", x->folder, x->name);
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		strncat(path, "/index", sizeof(path) - strlen(path) - 1);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void read_file(struct exchange *x)
{
	struct stat st;
	int fd = open_name(x);
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0) {
		strcpy(x->how, "gone");
		return;
	}
	x->body = malloc((size_t)st.st_size + 1);
	while (x->len < (size_t)st.st_size &&
	       (n = read(fd, x->body + x->len, (size_t)st.st_size - x->len)) > 0)
		x->len += (size_t)n;
	close(fd);
}

static _Noreturn void serve_one(struct exchange *x)
{
	const struct timeval idle = { .tv_sec = IDLE_S };
	size_t len = 0;

	setsockopt(x->fd, SOL_SOCKET, SO_RCVTIMEO, &idle, sizeof(idle));
	while (len < HEAD_MAX - 1 && !strstr(x->head, "\r\n\r\n")) {
		ssize_t n = recv(x->fd, x->head + len, HEAD_MAX - 1 - len, 0);

		if (n <= 0)
			_exit(0);
		len += (size_t)n;
		x->head[len] = '\0';
	}
	read_path(x);
	note(x);
	read_file(x);
	answer(x);
	__atomic_sub_fetch(&x->shared->open, 1, __ATOMIC_SEQ_CST);
	shutdown(x->fd, SHUT_WR);
	/* the other side closes first, so that nothing is reset */
	while (recv(x->fd, x->head, HEAD_MAX, 0) > 0)
		;
	_exit(0);
}

/* Ends with the test, even when that is killed: nobody else holds the pipe's other end. */
static _Noreturn void serve(int listen_fd, int life_fd, const struct exchange *start)
{
	struct pollfd fds[] = { { .fd = listen_fd, .events = POLLIN }, { .fd = life_fd } };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	static struct exchange x;

	signal(SIGCHLD, SIG_IGN);
	for (int fd = 0; fd < 1024; fd++) {
		if (fd <= 2)
			dup2(null, fd);
		else if (fd != listen_fd && fd != life_fd)
			close(fd);
	}
	while (poll(fds, 2, -1) >= 0 && !fds[1].revents) {
		int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			continue;
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			x = *start;
			x.fd = fd;
			serve_one(&x);
		}
		close(fd);
	}
	_exit(0);
}

void http_open(struct http *http)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*http = (struct http){ .listen_fd = fd, .life_fd = -1 };
	http->shared = mmap(NULL, sizeof(*http->shared), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (fd < 0 || http->shared == MAP_FAILED ||
	    bind(fd, (const struct sockaddr *)&address, len) < 0 || listen(fd, 64) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &len) < 0) {
		perror("http_open");
		abort();
	}
	http->port = ntohs(address.sin_port);
	snprintf(http->url, sizeof(http->url), "http://127.0.0.1:%d", http->port);
}

void http_serve(struct http *http, const char *folder, enum http_kind kind)
{
	static struct exchange start;
	int life[2];

	start = (struct exchange){ .folder = folder, .kind = kind, .shared = http->shared };
	if (pipe2(life, O_CLOEXEC) < 0)
		abort();
	http->pid = fork();
	if (http->pid < 0)
		abort();
	if (http->pid == 0)
		serve(http->listen_fd, life[0], &start);
	close(http->listen_fd);
	close(life[0]);
	http->listen_fd = -1;
	http->life_fd = life[1];
}

void http_start(struct http *http, const char *folder)
{
	http_open(http);
	http_serve(http, folder, HTTP_BY_NAME);
}

void http_stop(struct http *http)
{
	if (http->pid > 0) {
		kill(http->pid, SIGKILL);
		waitpid(http->pid, NULL, 0);
	}
	if (http->shared) {
		close(http->listen_fd);
		close(http->life_fd);
		munmap(http->shared, sizeof(*http->shared));
	}
	*http = (struct http){ .listen_fd = -1, .life_fd = -1 };
}
