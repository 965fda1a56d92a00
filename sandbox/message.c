/*
 * Messages to and from the init program: payloads as one growing block with offsets, sealed
 * memfds for what is large. Source: unix(7), cmsg(3), memfd_create(2), fcntl(2).
 */
#include "sandbox/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

#define BLOB_MAX ((size_t)256 << 20)

static bool blob_grow(struct sbx_blob *b, size_t len)
{
	size_t cap = b->cap ? b->cap : 4096;
	char *ptr;

	if (b->is_broken || len > BLOB_MAX - b->len) {
		b->is_broken = true;
		return false;
	}
	if (b->len + len <= b->cap)
		return true;
	while (cap < b->len + len)
		cap *= 2;
	ptr = realloc(b->ptr, cap);
	if (!ptr) {
		b->is_broken = true;
		return false;
	}
	b->ptr = ptr;
	b->cap = cap;
	return true;
}

uint32_t sbx_blob_room(struct sbx_blob *b, size_t len)
{
	size_t pad = (8 - b->len % 8) % 8;
	size_t at;

	if (!blob_grow(b, pad + len))
		return 0;
	at = b->len + pad;
	memset(b->ptr + b->len, 0, pad + len);
	b->len += pad + len;
	return (uint32_t)at;
}

uint32_t sbx_blob_text(struct sbx_blob *b, const char *text)
{
	size_t len = text ? strlen(text) + 1 : 0;
	size_t at = b->len;

	if (!text || !blob_grow(b, len))
		return 0;
	memcpy(b->ptr + at, text, len);
	b->len += len;
	return (uint32_t)at;
}

uint32_t sbx_blob_list(struct sbx_blob *b, const char *const *list, uint32_t *len)
{
	uint32_t n = 0, at;

	while (list[n])
		n++;
	at = sbx_blob_room(b, ((size_t)n + 1) * sizeof(uint64_t));
	for (uint32_t i = 0; i < n; i++) {
		uint64_t text = sbx_blob_text(b, list[i]);

		if (!b->is_broken)
			memcpy(b->ptr + at + i * sizeof(text), &text, sizeof(text));
	}
	*len = n;
	return at;
}

void sbx_blob_clear(struct sbx_blob *b)
{
	free(b->ptr);
	*b = (struct sbx_blob){ 0 };
}

static int write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

int sbx_sealed_memfd(const char *name, const void *bytes, size_t len, bool is_program)
{
	const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = memfd_create(name, flags | (is_program ? MFD_EXEC : 0));

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, flags); /* a kernel before 6.3 */
	if (fd < 0)
		return -1;
	if (write_all(fd, bytes, len) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) <
		    0 ||
	    lseek(fd, 0, SEEK_SET) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int send_parts(int ctl, struct iovec *iov, size_t iov_len, const int *fd, size_t fd_len)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int) * (WIRE_FDS + 1))];
		struct cmsghdr align;
	} control = { 0 };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = iov_len };
	ssize_t n;

	if (fd_len > 0) {
		struct cmsghdr *c;

		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * fd_len);
		c = (struct cmsghdr *)(void *)control.bytes;
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * fd_len);
		memcpy(CMSG_DATA(c), fd, sizeof(int) * fd_len);
	}
	do
		n = sendmsg(ctl, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -1 : 0;
}

int sbx_message_send(int ctl, enum wire_type type, uint32_t value,
		     const struct sbx_blob *payload, const int *fd, size_t fd_len)
{
	struct wire_head head = { .magic = WIRE_MAGIC,
				  .type = (uint16_t)type,
				  .fds = (uint16_t)fd_len,
				  .len = payload ? (uint32_t)payload->len : 0,
				  .value = value };
	struct iovec iov[2] = { { &head, sizeof(head) } };
	int all[WIRE_FDS + 1];
	size_t iov_len = 1;
	int saved, r;

	if ((payload && payload->is_broken) || fd_len > WIRE_FDS) {
		errno = ENOMEM;
		return -1;
	}
	if (fd_len > 0)
		memcpy(all, fd, fd_len * sizeof(int));
	if (head.len == 0 || head.len <= WIRE_INLINE) {
		if (head.len > 0)
			iov[iov_len++] = (struct iovec){ payload->ptr, payload->len };
		return send_parts(ctl, iov, iov_len, all, fd_len);
	}
	all[fd_len] = sbx_sealed_memfd("sbx-message", payload->ptr, payload->len, false);
	if (all[fd_len] < 0)
		return -1;
	r = send_parts(ctl, iov, iov_len, all, fd_len + 1);
	saved = errno;
	close(all[fd_len]);
	errno = saved;
	return r;
}

int sbx_message_receive(int ctl, void *payload, size_t size, size_t *len)
{
	struct wire_head head;
	struct iovec iov[2] = { { &head, sizeof(head) }, { payload, size } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	ssize_t n;

	do
		n = recvmsg(ctl, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? 0 : -1;
	if (n == 0)
		return 0;
	if ((size_t)n < sizeof(head) || head.magic != WIRE_MAGIC ||
	    (msg.msg_flags & MSG_TRUNC) || (size_t)n != sizeof(head) + head.len) {
		errno = EBADMSG;
		return -1;
	}
	*len = head.len;
	return head.type;
}

const struct wire_op *sbx_order_op(const struct sbx_order *o, size_t i)
{
	const struct wire_open *open = (const struct wire_open *)(const void *)o->blob.ptr;

	return (const struct wire_op *)(const void *)(o->blob.ptr + open->op) + i;
}

const char *sbx_order_text(const struct sbx_order *o, uint32_t offset)
{
	return offset ? o->blob.ptr + offset : NULL;
}
