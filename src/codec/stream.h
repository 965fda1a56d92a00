/*
 * Byte streams. Out: a chain of writers (tar -> digest -> gzip -> file) that ends in a sink.
 * The whole chain shares one first failure: after it nothing more is written, and whoever
 * closes the chain gets it, so that writing code reads like the format it writes. In: a source
 * that is pulled from.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "codec/digest.h"

/* One writer of a chain; the concrete ones embed it first. Must not move while in use. */
struct mel_stream {
	/* Takes len > 0 bytes; failures go to mel_stream_fail. */
	void (*write)(struct mel_stream *stream, const void *bytes, size_t len);
	struct mel_stream *next; /* borrowed; NULL for a sink */
	struct mel_err **first;  /* where the chain's first failure is kept */
	struct mel_err *own;     /* that place, in the sink */
	uint64_t written;        /* bytes this writer was given */
};

/* Make stream a writer of the chain that continues with next (NULL: it is a sink). */
void mel_stream_init(struct mel_stream *stream,
		     void (*write)(struct mel_stream *, const void *, size_t),
		     struct mel_stream *next);
/* Hand on len bytes; nothing happens after a failure. */
void mel_stream_write(struct mel_stream *stream, const void *bytes, size_t len);
/* True when the chain has failed: long loops stop early. */
bool mel_stream_has_failed(const struct mel_stream *stream);
/* Where a writer puts a failure: `mel_err_set(mel_stream_error(s), …)`. NULL when the chain has
 * failed already: the first one stays. */
struct mel_err **mel_stream_error(struct mel_stream *stream);
/* 0, or -1 with a copy of the chain's first failure, which stays in the chain. */
int mel_stream_check(const struct mel_stream *stream, struct mel_err **err);
/* Forget a sink's failure. Writers before it own nothing here. */
void mel_stream_clear(struct mel_stream *sink);

/* Sink: the file descriptor fd, from its current position. */
struct mel_fd_sink {
	struct mel_stream stream;
	int fd;           /* borrowed */
	const char *name; /* borrowed, for messages */
};
void mel_fd_sink_init(struct mel_fd_sink *sink, int fd, const char *name);

/* Sink: the end of a buffer, whose maximum applies (failure LIMIT). */
struct mel_buf_sink {
	struct mel_stream stream;
	struct mel_buf *buf; /* borrowed */
	const char *what;    /* borrowed, for messages */
};
void mel_buf_sink_init(struct mel_buf_sink *sink, struct mel_buf *buf, const char *what);

/* Digest of what passes by. */
struct mel_digest_tap {
	struct mel_stream stream;
	struct mel_digest *digest; /* borrowed, initialized */
};
void mel_digest_tap_init(struct mel_digest_tap *tap, struct mel_digest *digest,
			 struct mel_stream *next);

/* Something to pull bytes from; the concrete ones embed it first. */
struct mel_source {
	/* Up to len > 0 bytes: the number, 0 at the end, -1 with an error. */
	ssize_t (*read)(struct mel_source *source, void *bytes, size_t len,
			struct mel_err **err);
};
ssize_t mel_source_read(struct mel_source *source, void *bytes, size_t len,
			struct mel_err **err);
/* As many of len bytes as there are: the number or -1. */
ssize_t mel_source_read_full(struct mel_source *source, void *bytes, size_t len,
			     struct mel_err **err);

/* Source: a file descriptor, read by position, its offset is left alone. */
struct mel_fd_source {
	struct mel_source source;
	int fd;           /* borrowed */
	uint64_t at;      /* next byte to read */
	uint64_t end;     /* do not read at or after it */
	const char *name; /* borrowed, for messages */
};
void mel_fd_source_init(struct mel_fd_source *source, int fd, uint64_t from, uint64_t to,
			const char *name);

/* Source: bytes in memory. */
struct mel_slice_source {
	struct mel_source source;
	struct mel_slice rest; /* borrowed */
};
void mel_slice_source_init(struct mel_slice_source *source, struct mel_slice bytes);
