/*
 * The init program's side of the control socket. Source: unix(7), cmsg(3), mmap(2).
 */
#include "sandbox/init.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <linux/errno.h>

/* The sender puts all descriptors into one piece; the payload's is the last. */
static void take_fds(struct init_message *m, struct msghdr *msg, int *payload_fd)
{
	const struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	const int *fd;

	if (!c)
		return;
	fd = (const int *)(const void *)CMSG_DATA(c);
	for (size_t i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
		if (i < m->head.fds && i < WIRE_FDS)
			m->fd[i] = fd[i];
		else
			*payload_fd = fd[i];
	}
}

static long map_payload(struct init_message *m, int fd)
{
	long p = sys(mmap, 0, m->head.len, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	sys(close, fd);
	if (p < 0 && p > -4096)
		return p;
	m->payload = (char *)p;
	m->mapped = m->head.len;
	return 0;
}

long init_receive(int ctl, struct init_message *m, char *buf)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int) * (WIRE_FDS + 1))];
		struct cmsghdr align;
	} control;
	struct iovec iov[2] = { { &m->head, sizeof(m->head) }, { buf, WIRE_INLINE } };
	struct msghdr msg = { .msg_iov = iov,
			      .msg_iovlen = 2,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	int payload_fd = -1;
	long n = sys(recvmsg, ctl, &msg, MSG_CMSG_CLOEXEC);

	m->payload = NULL;
	m->mapped = 0;
	for (size_t i = 0; i < WIRE_FDS; i++)
		m->fd[i] = -1;
	if (n <= 0)
		return n < 0 ? n : -EPIPE;
	if ((size_t)n < sizeof(m->head) || m->head.magic != WIRE_MAGIC ||
	    (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return -EBADMSG;
	take_fds(m, &msg, &payload_fd);
	if (m->head.len == 0)
		return 0;
	if (payload_fd >= 0) {
		n = map_payload(m, payload_fd);
		if (n < 0)
			return n;
	} else if ((size_t)n == sizeof(m->head) + m->head.len) {
		m->payload = buf;
	} else {
		return -EBADMSG;
	}
	return m->payload[m->head.len - 1] == '\0' ? 0 : -EBADMSG;
}

void init_message_clear(struct init_message *m)
{
	for (size_t i = 0; i < WIRE_FDS; i++)
		if (m->fd[i] >= 0)
			sys(close, m->fd[i]);
	if (m->mapped)
		sys(munmap, m->payload, m->mapped);
}

long init_send(int ctl, int type, uint32_t value, const void *payload, size_t len)
{
	struct wire_head head = { .magic = WIRE_MAGIC,
				  .type = (uint16_t)type,
				  .len = (uint32_t)len,
				  .value = value };
	struct iovec iov[2] = { { &head, sizeof(head) }, { (void *)(uintptr_t)payload, len } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };

	return sys(sendmsg, ctl, &msg, MSG_NOSIGNAL);
}

void init_send_error(int ctl, const struct wire_error *fail)
{
	init_send(ctl, WIRE_ERROR, 0, fail, sizeof(*fail));
}

long init_write_file(int dirfd, const char *path, const char *text)
{
	long fd = sys(openat, dirfd, path, O_WRONLY | O_CLOEXEC);
	long n;

	if (fd < 0)
		return fd;
	n = sys(write, fd, text, sys_strlen(text));
	sys(close, fd);
	return n;
}
