/* Streams: see stream.h. */
#include "codec/stream.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"

void mel_stream_init(struct mel_stream *stream,
		     void (*write)(struct mel_stream *, const void *, size_t),
		     struct mel_stream *next)
{
	*stream = (struct mel_stream){ .write = write, .next = next };
	stream->first = next ? next->first : &stream->own;
}

void mel_stream_write(struct mel_stream *stream, const void *bytes, size_t len)
{
	if (len == 0 || *stream->first)
		return;
	stream->written += len;
	stream->write(stream, bytes, len);
}

bool mel_stream_has_failed(const struct mel_stream *stream)
{
	return *stream->first != NULL;
}

struct mel_err **mel_stream_error(struct mel_stream *stream)
{
	return *stream->first ? NULL : stream->first;
}

int mel_stream_check(const struct mel_stream *stream, struct mel_err **err)
{
	const struct mel_err *first = *stream->first;

	if (!first)
		return 0;
	mel_err_set(err, first->kind, "%s", first->text);
	(*err)->errnum = first->errnum;
	return -1;
}

void mel_stream_clear(struct mel_stream *sink)
{
	mel_err_free(sink->own);
	sink->own = NULL;
}

static void fd_sink_write(struct mel_stream *stream, const void *bytes, size_t len)
{
	struct mel_fd_sink *sink = (struct mel_fd_sink *)stream;

	if (mel_write_full(sink->fd, bytes, len) < 0) {
		mel_err_sys(stream->first, "cannot write '%s'", sink->name);
		mel_err_as(stream->first, MEL_ERR_OUTPUT);
	}
}

void mel_fd_sink_init(struct mel_fd_sink *sink, int fd, const char *name)
{
	mel_stream_init(&sink->stream, fd_sink_write, NULL);
	sink->fd = fd;
	sink->name = name;
}

static void buf_sink_write(struct mel_stream *stream, const void *bytes, size_t len)
{
	struct mel_buf_sink *sink = (struct mel_buf_sink *)stream;

	mel_buf_add(sink->buf, bytes, len);
	if (sink->buf->is_over)
		mel_buf_check(sink->buf, sink->what, stream->first);
}

void mel_buf_sink_init(struct mel_buf_sink *sink, struct mel_buf *buf, const char *what)
{
	mel_stream_init(&sink->stream, buf_sink_write, NULL);
	sink->buf = buf;
	sink->what = what;
}

static void digest_tap_write(struct mel_stream *stream, const void *bytes, size_t len)
{
	struct mel_digest_tap *tap = (struct mel_digest_tap *)stream;

	mel_digest_update(tap->digest, bytes, len);
	mel_stream_write(stream->next, bytes, len);
}

void mel_digest_tap_init(struct mel_digest_tap *tap, struct mel_digest *digest,
			 struct mel_stream *next)
{
	mel_stream_init(&tap->stream, digest_tap_write, next);
	tap->digest = digest;
}

ssize_t mel_source_read(struct mel_source *source, void *bytes, size_t len,
			struct mel_err **err)
{
	return len ? source->read(source, bytes, len, err) : 0;
}

ssize_t mel_source_read_full(struct mel_source *source, void *bytes, size_t len,
			     struct mel_err **err)
{
	size_t done = 0;

	while (done < len) {
		ssize_t got = source->read(source, (char *)bytes + done, len - done, err);

		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

static ssize_t fd_source_read(struct mel_source *source, void *bytes, size_t len,
			      struct mel_err **err)
{
	struct mel_fd_source *file = (struct mel_fd_source *)source;
	uint64_t rest = file->end - file->at;
	ssize_t got;

	if (rest < len)
		len = (size_t)rest;
	do {
		got = pread(file->fd, bytes, len, (off_t)file->at);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return mel_err_sys(err, "cannot read '%s'", file->name);
	file->at += (uint64_t)got;
	return got;
}

void mel_fd_source_init(struct mel_fd_source *source, int fd, uint64_t from, uint64_t to,
			const char *name)
{
	*source = (struct mel_fd_source){
		.source = { fd_source_read },
		.fd = fd,
		.at = from,
		.end = to < from ? from : to,
		.name = name,
	};
}

static ssize_t slice_source_read(struct mel_source *source, void *bytes, size_t len,
				 struct mel_err **err)
{
	struct mel_slice_source *memory = (struct mel_slice_source *)source;

	(void)err;
	if (len > memory->rest.len)
		len = memory->rest.len;
	if (len)
		memcpy(bytes, memory->rest.ptr, len);
	memory->rest.ptr += len;
	memory->rest.len -= len;
	return (ssize_t)len;
}

void mel_slice_source_init(struct mel_slice_source *source, struct mel_slice bytes)
{
	*source = (struct mel_slice_source){
		.source = { slice_source_read },
		.rest = { bytes.len ? bytes.ptr : "", bytes.len },
	};
}
