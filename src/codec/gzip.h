/*
 * gzip members with reproducible bytes: a fixed header without name and time, and a deflate
 * stream that depends on the input only, never on the machine. Source: RFC 1951, RFC 1952.
 *
 *   1f 8b 08 00  00 00 00 00  00 ff   magic, deflate, no flags; no time; no level, no system
 *   deflate blocks                    input cut every MEL_GZIP_BLOCK_BYTES: each piece is
 *                                     compressed for itself with the 32 KiB before it as
 *                                     dictionary, all but the last end in a sync flush
 *   CRC-32, length                    little-endian, of the uncompressed bytes
 */
#pragma once

#include <stdint.h>

#include "codec/stream.h"

enum {
	MEL_GZIP_LEVEL = 6,
	MEL_GZIP_BLOCK_BYTES = 512 * 1024,
};

/* Writer: one member. Zeroed: empty. */
struct mel_gzip {
	struct mel_stream stream;
	struct mel_gzip_work *work; /* owned */
};
/*
 * Begin a member in front of next. worker_max bounds the threads used when the input is more
 * than one block (1: none); the bytes are the same for every value.
 */
void mel_gzip_init(struct mel_gzip *gzip, struct mel_stream *next, unsigned worker_max);
/* End the member; next stays open. 0, or -1 with the first failure of the chain. */
int mel_gzip_close(struct mel_gzip *gzip, struct mel_err **err);
void mel_gzip_clear(struct mel_gzip *gzip); /* also fine after close */
#define MEL_AUTO_GZIP __attribute__((cleanup(mel_gzip_clear)))

/* A whole member from bytes in memory, appended to out. Errors: LIMIT (out's maximum). */
int mel_gzip_pack(struct mel_buf *out, struct mel_slice bytes, struct mel_err **err);

/* Source: the content of gzip members, one at a time. Zeroed: empty. */
struct mel_gunzip {
	struct mel_source source;
	struct mel_gunzip_work *work; /* owned */
};
/* name is borrowed, for messages. */
void mel_gunzip_init(struct mel_gunzip *gunzip, struct mel_source *from, const char *name);
/*
 * Go to the next member, which may have at most max uncompressed bytes; what is left of the
 * one before is read and checked first. 1, or 0 when the source ends here, or -1. Reading
 * returns 0 at the member's end. Errors: INPUT (no gzip, damaged, cut off), LIMIT, and those of
 * the source.
 */
int mel_gunzip_next(struct mel_gunzip *gunzip, uint64_t max, struct mel_err **err);
/* Compressed bytes of the source used so far; at a member's end: where the next one begins. */
uint64_t mel_gunzip_offset(const struct mel_gunzip *gunzip);
void mel_gunzip_clear(struct mel_gunzip *gunzip);
#define MEL_AUTO_GUNZIP __attribute__((cleanup(mel_gunzip_clear)))
