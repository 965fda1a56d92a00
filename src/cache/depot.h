/*
 * Verified sources in a directory: files named "sha256:" or "sha512:" and the digest in lower
 * case (docs/formats.md). Strangers' builds may have left anything under these names, so an
 * object counts only after it was read and its digests are right.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum { MEL_DEPOT_NAME_BYTES = 7 + 128 + 1 };

/* What an artefact must be; lower-case hex digits, or NULL: not given. At least one is. */
struct mel_depot_want {
	const char *sha256, *sha512;
};

/* The name of its object: by SHA-256 if that is given. */
void mel_depot_name(char name[MEL_DEPOT_NAME_BYTES], const struct mel_depot_want *want);

/* Is text (any case) a digest of that many hex digits (64, 128)? */
bool mel_depot_is_hex(const char *text, size_t digits);

/*
 * Read fd from its beginning: is it what is wanted? 0 yes, 1 no and why says how (appended),
 * -1 error SYSTEM. size and sha256 (32 bytes of digest, whatever is wanted) may be NULL.
 */
int mel_depot_check(int fd, const struct mel_depot_want *want, uint64_t *size,
		    unsigned char *sha256, struct mel_buf *why, struct mel_err **err);

enum mel_depot_found {
	MEL_DEPOT_ABSENT,
	MEL_DEPOT_GOOD,
	MEL_DEPOT_DAMAGED, /* under one of the names, but something else */
};

struct mel_depot_hit {
	enum mel_depot_found found;
	char name[MEL_DEPOT_NAME_BYTES]; /* GOOD: the one it was found under */
	int fd;                          /* owned; GOOD: the object, read-only; else -1 */
	uint64_t size;
};

/*
 * Look for the object under all of its names. With may_move what is damaged is moved aside (to
 * NAME.damaged); a note goes to the log in any case. Errors: SYSTEM.
 */
int mel_depot_find(struct mel_depot_hit *out, int dirfd, const struct mel_depot_want *want,
		   bool may_move, struct mel_err **err);

/*
 * Put what is left of a verified file into the directory, under all the names that want has
 * (hard links), read-only, whole or not at all, replacing what is there. Errors: OUTPUT.
 */
int mel_depot_store(int dirfd, const struct mel_depot_want *want, int from_fd,
		    struct mel_err **err);
/* The object is there under name: see that it is under the others too. Errors: OUTPUT. */
int mel_depot_link(int dirfd, const struct mel_depot_want *want, const char *name,
		   struct mel_err **err);
