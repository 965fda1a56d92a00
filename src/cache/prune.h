/* What a build deleted is deleted in the cache directory too. Internal to the commit. */
#pragma once

#include <stdint.h>
#include <time.h>

/*
 * Remove name in dirfd, with all below it when it is a folder, except what changed at or after
 * since: another build brought it meanwhile. The number of files that went is added to *gone;
 * what cannot be removed stays. Missing: fine.
 */
void mel_cache_prune(int dirfd, const char *name, const struct timespec *since, uint64_t *gone);
/* Remove so all that is in the folder dirfd and not, by name, in the folder except_dirfd. */
void mel_cache_prune_others(int dirfd, int except_dirfd, const struct timespec *since,
			    uint64_t *gone);
