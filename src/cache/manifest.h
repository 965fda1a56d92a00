/*
 * Which files commits and downloads added to a cache: the file "manifest" of its state, one
 * line "SHA-256 SIZE PATH" each. A path may have several lines; the last one counts. Lines may
 * be about files that are gone. Format: docs/formats.md.
 */
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "cache/state.h"

#define MEL_CACHE_MANIFEST "manifest"

/* One line; path is borrowed from the text. */
struct mel_cache_manifest_line {
	unsigned char sha256[32];
	uint64_t size;
	struct mel_slice path; /* below the cache directory */
};

/* Read a line (without its line feed); false when it is none. */
bool mel_cache_manifest_parse(struct mel_cache_manifest_line *out, struct mel_slice text);
/* Append a line with its line feed. */
void mel_cache_manifest_write(struct mel_buf *out, const struct mel_cache_manifest_line *line);

/* Append one line to the manifest. Errors: SYSTEM. */
int mel_cache_manifest_add(const struct mel_cache_state *state, const char *path, uint64_t size,
			   const unsigned char sha256[32], struct mel_err **err);
/* Append the lines that the file name in dirfd holds; a missing file is fine. Errors: SYSTEM.
 */
int mel_cache_manifest_add_file(const struct mel_cache_state *state, int dirfd,
				const char *name, struct mel_err **err);
