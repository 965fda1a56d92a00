/*
 * The walk over a layer's upper directory that merges it into a cache directory: which entry
 * becomes what. Internal to the commit, which see for the rules.
 */
#pragma once

#include <stdbool.h>

#include "cache/journal.h"
#include "cache/tally.h"

struct mel_cache_merge {
	int cache_dirfd;
	const struct mel_cache_journal *journal; /* temporary name, policy, deletes */
	bool is_recovery; /* a killed process may have left temporary names */
	int added_fd;     /* gets a line of the manifest before each file */
	struct mel_cache_tally *tally;
};

/*
 * Merge the upper directory upper_fd. After a failure nothing unfinished is left in the cache
 * directory. Errors: SYSTEM.
 */
int mel_cache_merge(const struct mel_cache_merge *merge, int upper_fd, struct mel_err **err);
