/* Whole reads and writes: see io.h. */
#include "base/io.h"

#include <errno.h>
#include <unistd.h>

enum { CHUNK_BYTES = 64 * 1024 };

ssize_t mel_read_full(int fd, void *bytes, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t got = read(fd, (char *)bytes + done, len - done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

int mel_write_full(int fd, const void *bytes, size_t len)
{
	while (len) {
		ssize_t put = write(fd, bytes, len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		bytes = (const char *)bytes + put;
		len -= (size_t)put;
	}
	return 0;
}

int mel_read_all(int fd, const char *name, struct mel_buf *buf, struct mel_err **err)
{
	for (;;) {
		size_t want =
			buf->max - buf->len < CHUNK_BYTES ? buf->max - buf->len : CHUNK_BYTES;
		char extra, *room = want ? mel_buf_reserve(buf, want) : &extra;
		ssize_t got = mel_read_full(fd, room, want ? want : 1);

		if (got < 0)
			return mel_err_sys(err, "cannot read '%s'", name);
		if (!want && got)
			return mel_err_set(err, MEL_ERR_LIMIT, "'%s' is larger than %zu bytes",
					   name, buf->max);
		if (want) {
			buf->len += (size_t)got;
			buf->ptr[buf->len] = '\0';
		}
		if ((size_t)got < (want ? want : 1))
			return 0;
	}
}

/* Within the kernel where the file systems allow it; 1 when they do not. */
static int copy_in_kernel(int to_fd, int from_fd, uint64_t *total)
{
	for (;;) {
		ssize_t moved = copy_file_range(from_fd, NULL, to_fd, NULL, 1 << 30, 0);

		if (moved < 0 && errno == EINTR)
			continue;
		if (moved < 0)
			return 1;
		if (moved == 0)
			return *total ? 0 : 1; /* pseudo files report nothing: read them */
		*total += (uint64_t)moved;
	}
}

int mel_copy_fd(int to_fd, int from_fd, uint64_t *copied, struct mel_err **err)
{
	uint64_t total = 0;
	char chunk[CHUNK_BYTES];

	if (copy_in_kernel(to_fd, from_fd, &total) != 0) {
		for (;;) {
			ssize_t got = mel_read_full(from_fd, chunk, sizeof(chunk));

			if (got < 0)
				return mel_err_sys(err, "cannot read");
			if (got == 0)
				break;
			if (mel_write_full(to_fd, chunk, (size_t)got) < 0)
				return mel_err_sys(err, "cannot write");
			total += (uint64_t)got;
		}
	}
	if (copied)
		*copied += total;
	return 0;
}
