/* The content of one deflate stream as a source. Sources: RFC 1950, RFC 1951. */
#pragma once

#include "codec/stream.h"

enum mel_inflate_form {
	MEL_INFLATE_RAW,  /* as in zip files */
	MEL_INFLATE_ZLIB, /* with zlib's header and check sum, as in git's loose objects */
};

/* Zeroed: empty. */
struct mel_inflate {
	struct mel_source source;      /* ends where the deflate stream ends */
	struct mel_inflate_work *work; /* owned */
};

/*
 * Read from (borrowed, as name for messages). Errors when reading: INPUT (damaged, cut off),
 * and those of from.
 */
void mel_inflate_init(struct mel_inflate *inflate, struct mel_source *from,
		      enum mel_inflate_form form, const char *name);
/* Compressed bytes used so far; at the end: where the deflate stream ends in from. */
uint64_t mel_inflate_used(const struct mel_inflate *inflate);
void mel_inflate_clear(struct mel_inflate *inflate);
#define MEL_AUTO_INFLATE __attribute__((cleanup(mel_inflate_clear)))
