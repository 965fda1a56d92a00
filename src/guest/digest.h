/*
 * digest.h - digests of files for the verbs `fetch` and `verify`.
 */
#pragma once

#include <stdbool.h>

#include "guest/sha2.h"

/* A kind of digest that a build file can name. */
struct mel_digest_kind {
	const char *name;    /* "sha256" */
	unsigned byte_count; /* of the digest */
};

enum { MEL_DIGEST_SHA256, MEL_DIGEST_SHA512, MEL_DIGEST_KINDS };

/* The known kinds, in the order of the enum. */
const struct mel_digest_kind *mel_digest_kind_at(unsigned index);

/* Are these hex digits, in either case, of the length of this kind? */
bool mel_digest_is_hex(const struct mel_digest_kind *kind, const char *hex);

/*
 * Read fd to its end, write what was read to copy_fd (-1: nowhere) and fill hex[kind] for each
 * kind with a want (NULL or "": skipped). 0, or -1 with errno.
 */
int mel_digest_read(int fd, int copy_fd, const char *const want[MEL_DIGEST_KINDS],
		    char hex[MEL_DIGEST_KINDS][MEL_SHA2_MAX_HEX]);
