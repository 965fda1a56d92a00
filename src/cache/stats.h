/*
 * What builds did with the cache: the file "builds" of the state, one JSON object per line, in
 * the order in which they ended. Format: docs/formats.md.
 */
#pragma once

#include <stdint.h>

#include "cache/state.h"

#define MEL_CACHE_BUILDS "builds"
enum { MEL_CACHE_BUILDS_MAX_BYTES = 32 * 1024 * 1024 }; /* what is read of it */

struct mel_cache_tally;

/* One build; all borrowed. */
struct mel_cache_build {
	int64_t begin;       /* seconds since 1970 */
	const char *package; /* "hello-1.0-r0" */
	const char *mode;    /* mel_cache_mode_name */
	const char *result;  /* "ok", "failed" */
	uint64_t fetch_hits, fetch_misses;
	uint64_t downloaded_bytes, download_ns;
	uint64_t elapsed_ns;
	const struct mel_cache_tally *tally; /* what was merged; NULL: nothing */
};

/* Append the record of a build that ended. Errors: SYSTEM. */
int mel_cache_stats_add(const struct mel_cache_state *state,
			const struct mel_cache_build *build, struct mel_err **err);

/* Keep the newest records only. Errors: SYSTEM, OUTPUT. */
int mel_cache_stats_trim(const struct mel_cache_state *state, struct mel_err **err);
