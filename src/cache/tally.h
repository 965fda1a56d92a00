/* What a commit did, counted by area of the cache. */
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "base/vec.h"

struct mel_json;

/* Files and links; folders are not counted. */
struct mel_cache_area_count {
	const char *area; /* name of a mel_cache_area; static */
	uint64_t added, replaced, unchanged;
	uint64_t refused;   /* not let in: see the warnings */
	uint64_t skipped;   /* of no use to others, or not wanted by the policy */
	uint64_t conflicts; /* the cache has something else there, which was kept */
	uint64_t deleted;   /* with --cache-apply-deletes */
	uint64_t added_bytes, replaced_bytes;
};

/* Zeroed: empty. */
struct mel_cache_tally {
	MEL_VEC(struct mel_cache_area_count) area; /* in the order first met */
};

/* The counts of the area path lies in, made if missing; valid until the next call. */
struct mel_cache_area_count *mel_cache_tally_at(struct mel_cache_tally *tally,
						const char *path);
/* All areas together; area is NULL. */
struct mel_cache_area_count mel_cache_tally_total(const struct mel_cache_tally *tally);
/* "3 files (12.0 MB) added, 1 replaced, 2 refused", or "nothing changed". */
void mel_cache_tally_text(const struct mel_cache_tally *tally, struct mel_buf *out);
/* One object: the totals, and "areas" with an object each; zeros are left out. */
void mel_cache_tally_write_json(const struct mel_cache_tally *tally, struct mel_json *json);
void mel_cache_tally_clear(struct mel_cache_tally *tally);
#define MEL_AUTO_CACHE_TALLY __attribute__((cleanup(mel_cache_tally_clear)))
