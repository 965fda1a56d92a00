/*
 * melange-fetch: the program that downloads for melange, so that what a network sends is read
 * by a process that holds no key and cannot do much else. It is started by melange, with a
 * socket as its standard input (protocol.h), and ends with it.
 */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/vec.h"
#include "fetch/confine.h"
#include "fetch/transfer.h"

enum { IDLE_MS = 1000, TRANSFERS_MAX = 256 };

struct loop {
	struct mel_fetch_setup setup;
	CURLM *multi;
	MEL_VEC(struct mel_fetch_transfer *) transfer;
};

static void send_event(const struct mel_fetch_event *event)
{
	struct mel_buf message MEL_AUTO_BUF = MEL_BUF_INIT(MEL_FETCH_MESSAGE_MAX);
	ssize_t n;

	mel_fetch_event_write(&message, event);
	do
		n = send(STDIN_FILENO, mel_buf_text(&message), message.len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		_exit(0); /* nobody listens any more */
}

/* One message and its descriptor (-1: none). The length, 0 at the end, -1: none now. */
static ssize_t receive(char *bytes, size_t size, int *fd)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { bytes, size };
	struct msghdr message = { .msg_iov = &iov,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	ssize_t len = recvmsg(STDIN_FILENO, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	const struct cmsghdr *head = len > 0 ? CMSG_FIRSTHDR(&message) : NULL;

	*fd = -1;
	if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS &&
	    head->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(fd, CMSG_DATA(head), sizeof(int));
	return len;
}

static void refuse(const char *why)
{
	fprintf(stderr, "melange-fetch: %s\n", why);
	_exit(1);
}

static void begin(struct loop *loop, struct mel_fetch_transfer *transfer)
{
	mel_fetch_transfer_begin(transfer);
	if (curl_multi_add_handle(loop->multi, transfer->easy) != CURLM_OK)
		refuse("cannot start a download");
}

/* Take the requests that are there; the other side closing its end is ours. */
static void take_requests(struct loop *loop)
{
	static char bytes[MEL_FETCH_MESSAGE_MAX + 1];

	while (loop->transfer.len < TRANSFERS_MAX) {
		struct mel_err *err MEL_AUTO_ERR = NULL;
		int fd;
		ssize_t len = receive(bytes, sizeof(bytes), &fd);
		struct mel_fetch_transfer *made;

		if (len < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (len <= 0)
			_exit(0);
		made = mel_fetch_transfer_new(&loop->setup, mel_slice_make(bytes, (size_t)len),
					      fd, &err);
		if (!made)
			refuse(err->text);
		mel_vec_push(&loop->transfer, made);
		begin(loop, made);
	}
}

static void forget(struct loop *loop, struct mel_fetch_transfer *transfer)
{
	for (size_t i = 0; i < loop->transfer.len; i++)
		if (loop->transfer.at[i] == transfer)
			loop->transfer.at[i] = loop->transfer.at[--loop->transfer.len];
	mel_fetch_transfer_free(transfer);
}

static void take_ends(struct loop *loop)
{
	const CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(loop->multi, &left))) {
		struct mel_fetch_transfer *transfer = NULL;
		CURLcode code = message->data.result;
		char *place = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &place);
		transfer = (struct mel_fetch_transfer *)(void *)place;
		curl_multi_remove_handle(loop->multi, transfer->easy);
		if (mel_fetch_transfer_end(transfer, code))
			forget(loop, transfer);
	}
}

/* Begin the tries whose time has come; milliseconds until the next one. */
static int begin_due(struct loop *loop)
{
	int64_t now = mel_fetch_now_ms(), wait = IDLE_MS;

	for (size_t i = 0; i < loop->transfer.len; i++) {
		struct mel_fetch_transfer *transfer = loop->transfer.at[i];

		if (!transfer->due_ms)
			continue;
		if (transfer->due_ms <= now)
			begin(loop, transfer);
		else if (transfer->due_ms - now < wait)
			wait = transfer->due_ms - now;
	}
	return (int)wait;
}

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

int main(void)
{
	struct loop loop = { .setup = { .event = send_event } };
	const char *more[2];

	signal(SIGPIPE, SIG_IGN);
	/* One thing must not be in question when a file is written by descriptor: that the
	 * standard ones are open. */
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			return 1;
	more[0] = loop.setup.ca_file = variable("SSL_CERT_FILE");
	more[1] = loop.setup.ca_dir = variable("SSL_CERT_DIR");
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		refuse("cannot set libcurl up");
	if (mel_fetch_confine(more, MEL_COUNTOF(more)) < 0)
		refuse("cannot drop its rights");
	loop.multi = curl_multi_init();
	if (!loop.multi)
		refuse("cannot set libcurl up");
	for (;;) {
		struct curl_waitfd extra = { .fd = STDIN_FILENO, .events = CURL_WAIT_POLLIN };
		int running = 0, wait;

		take_requests(&loop);
		wait = begin_due(&loop);
		if (curl_multi_perform(loop.multi, &running) != CURLM_OK)
			refuse("libcurl is in trouble");
		take_ends(&loop);
		curl_multi_poll(loop.multi, &extra, loop.transfer.len < TRANSFERS_MAX, wait,
				NULL);
	}
}
