/*
 * The hash by which go.sum knows a module's zip: "h1:" and the base64 of the SHA-256 of one
 * line per file, sorted by name, "SHA-256 in hex, two blanks, name". Sources: go.dev/ref/mod
 * (go.sum files, module zip files), golang.org/x/mod/sumdb/dirhash.
 */
#pragma once

#include "base/err.h"

enum { MEL_CACHE_H1_BYTES = 48 }; /* "h1:", 44 digits, NUL */

/*
 * The hash of the open zip, which has to be that of the module and version that path
 * (.../cache/download/MODULE/@v/VERSION.zip) says. Errors: INPUT, LIMIT (it is no good module),
 * SYSTEM (it cannot be read).
 */
int mel_cache_go_hash(char out[MEL_CACHE_H1_BYTES], int fd, const char *path,
		      struct mel_err **err);
/* The text of a hash file: "h1:..." as above, perhaps with white space around. Errors: INPUT,
 * SYSTEM. */
int mel_cache_go_read_hash(char out[MEL_CACHE_H1_BYTES], int fd, struct mel_err **err);
