/*
 * The records of builds (stats.h) as they are read: each for itself, and added up. Records are
 * lines that older and newer programs wrote; what is not understood in one is left out.
 */
#pragma once

#include "base/arena.h"
#include "base/slice.h"
#include "base/vec.h"
#include "cache/state.h"

/* What was merged into an area, or into all of them (area is NULL). */
struct mel_cache_count {
	const char *area;
	uint64_t added, added_bytes, replaced, replaced_bytes, unchanged, refused, skipped,
		conflicts, deleted;
};

struct mel_cache_record {
	const char *line;                    /* as it stands in the file */
	const char *package, *mode, *result; /* never NULL */
	int64_t begin;                       /* seconds since 1970 */
	uint64_t fetch_hits, fetch_misses, downloaded_bytes, download_ns, elapsed_ns;
	struct mel_cache_count total;
};

/* Zeroed: empty. */
struct mel_cache_stats {
	struct mel_arena arena;
	MEL_VEC(struct mel_cache_record) record; /* oldest first */
	MEL_VEC(struct mel_cache_count) area;    /* of all records; by name */
	uint64_t failed, fetch_hits, fetch_misses, downloaded_bytes, download_ns;
};

/* Add the records in text. */
void mel_cache_stats_parse(struct mel_cache_stats *stats, struct mel_slice text);
/* The records of a cache directory. Errors: SYSTEM. */
int mel_cache_stats_load(struct mel_cache_stats *stats, const struct mel_cache_state *state,
			 struct mel_err **err);
void mel_cache_stats_clear(struct mel_cache_stats *stats);
#define MEL_AUTO_CACHE_STATS __attribute__((cleanup(mel_cache_stats_clear)))
