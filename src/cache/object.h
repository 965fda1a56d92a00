/*
 * Content-addressed files of a cache: does the content match the name? What builds left there
 * is hostile: everything is read in bounded memory, and what cannot be checked does not match.
 * Sources: npm's cacache, golang.org/ref/mod#go-sum-files, gitformat-loose(5).
 */
#pragma once

#include "base/err.h"
#include "cache/kind.h"

enum { MEL_CACHE_WHY_BYTES = 256 };

/*
 * Compare the regular file fd with its path below the cache directory. 0: they match (kinds
 * that are not addressed always do); 1: they do not, why says how; -1: it cannot be read.
 * Of a Go zip and its hash file only the form is checked: they prove each other, see below.
 * Errors: SYSTEM.
 */
int mel_cache_object_check(int fd, const char *path, enum mel_cache_kind kind,
			   char why[MEL_CACHE_WHY_BYTES], struct mel_err **err);

/*
 * The same for a Go zip at path and the open hash file beside it. Go compares only the hash
 * file with go.sum, so the two are good together or not at all.
 */
int mel_cache_object_check_go(int zip_fd, const char *path, int ziphash_fd,
			      char why[MEL_CACHE_WHY_BYTES], struct mel_err **err);
