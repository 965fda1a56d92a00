/*
 * Eviction: what has not been used for long, or does not fit, goes. Whole units (unit.h), in
 * the order compiled outputs, packages, sources, longest unused first. What is in no known area
 * belongs to somebody else and always stays.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "cache/list.h"
#include "cache/state.h"

#define MEL_CACHE_MAX_BYTES (UINT64_C(50) << 30)
enum { MEL_CACHE_MAX_AGE_S = 90 * 24 * 60 * 60 };

struct mel_cache_limits {
	uint64_t max_bytes; /* on disk; 0: no limit */
	int64_t max_age_s;  /* since the last use; 0: no limit */
	int64_t min_age_s;  /* what was used in this time stays whatever the limits say */
	/* Builds do not say which packages they use, only that they use the cache: as far as
	 * age goes, a use of the area is one of each unit in it, sources apart. */
	bool area_use_counts;
};

/* Mark the units that go (unit->goes); pure. now: seconds since 1970. */
void mel_cache_gc_choose(struct mel_cache_list *list, const struct mel_cache_limits *limits,
			 int64_t now);

/* What a removal did. */
struct mel_cache_gone {
	uint64_t units, files, bytes, failed;
};

/*
 * Remove the marked units from the directory dirfd with the absolute path cache_path; is_alone:
 * no build uses it (MEL_CACHE_LOCK_BUILD is held). The caller holds MEL_CACHE_LOCK. A unit that
 * cannot be removed is warned about and counted in gone.
 */
void mel_cache_gc_remove(const struct mel_cache_list *list, int dirfd, const char *cache_path,
			 bool is_alone, struct mel_cache_gone *gone);

/*
 * Forget records about what is no more, and leftovers in the state: unfinished downloads,
 * damaged files and kept layers of failed builds that nobody touched for a week, mirrors of
 * repositories that were not fetched for max_age_s (0: they stay), records of builds but for
 * the newest ones. dirfd is the cache directory, which no build may use; the caller holds
 * MEL_CACHE_LOCK. Errors: SYSTEM, OUTPUT.
 */
int mel_cache_gc_state(const struct mel_cache_state *state, int dirfd,
		       const struct mel_cache_list *list, int64_t max_age_s, int64_t now,
		       struct mel_err **err);

/*
 * At the end of a build that used the cache directory cache_path, after its locks were
 * released: notes once a day that the areas in it were used, and, at most once a day and only
 * while no other build uses the directory, brings it under the limits. Two system calls on most
 * days. Errors: SYSTEM, OUTPUT; the build is good all the same.
 */
int mel_cache_gc_auto(const struct mel_cache_state *state, const char *cache_path,
		      const struct mel_cache_limits *limits, int64_t now, struct mel_err **err);
