/*
 * Is a file of a cache what its path says, together with the file beside it where two prove
 * each other (a Go zip and its hash file)?
 */
#pragma once

#include <stdint.h>

#include "cache/object.h"

/*
 * Check the regular file fd that is, or is to be, at path below the cache directory dirfd. 0:
 * it is good, or nothing is known about paths of its kind; 1: it is not, why says how; -1: it
 * cannot be read. Errors: SYSTEM.
 */
int mel_cache_check(int dirfd, const char *path, int fd, char why[MEL_CACHE_WHY_BYTES],
		    struct mel_err **err);
/* SHA-256 and size of what is left of fd; 0, -1 with errno. */
int mel_cache_hash(int fd, unsigned char sha256[32], uint64_t *size);
/* Open a regular file below dirfd, no link on the way; -1 with errno (EINVAL: no file). */
int mel_cache_open_file(int dirfd, const char *path);
