/*
 * What is kept about one cache directory, outside of it: its lock, the private layers of builds
 * that run, and records of what was used, added and built. It lies in
 *
 *     STATE/melange/cache/<first 32 hex digits of the SHA-256 of the directory's real path>/
 *
 * (mode 0700) and holds
 *
 *     path       the real path of the directory and a line feed
 *     lock       flock(2): whoever changes the directory or this folder for more than a build
 *     build      flock(2): shared by builds that run, exclusive with --cache-exclusive
 *     layers/    one folder per build in mode discard or commit
 *     melange-kept.ID/  a layer that a failed build was to keep
 *     bad/       files that a repair took out of the directory
 *     parts/     unfinished downloads, by digest
 *     git/       bare mirrors of repositories, by SHA-256 of their address
 *     manifest   what commits and downloads added: SHA-256, size and path, one line each
 *     use        when what was used last
 *     builds     one JSON record per build
 *
 * Lock files are never removed, so a lock that is held is held by a living process. Source: XDG
 * Base Directory Specification, flock(2).
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"

struct mel_cache_state {
	char *path; /* owned; absolute */
	int dirfd;  /* owned; -1: there is none */
};

#define MEL_CACHE_STATE_INIT                                                                   \
	{                                                                                      \
		.dirfd = -1                                                                    \
	}

/*
 * Open (and make) the state of the cache directory with the real path cache_path. state_home:
 * the caller's XDG state directory, absolute. Errors: SYSTEM.
 */
int mel_cache_state_open(struct mel_cache_state *out, const char *state_home,
			 const char *cache_path, struct mel_err **err);
void mel_cache_state_close(struct mel_cache_state *state);
#define MEL_AUTO_CACHE_STATE __attribute__((cleanup(mel_cache_state_close)))

enum mel_cache_lock { MEL_CACHE_LOCK, MEL_CACHE_LOCK_BUILD };

/*
 * Take a lock of the state; waits unless try, and says so by one INFO record when it has to.
 * The descriptor holds it until it is closed; *fd is -1 when try and somebody else has it.
 * Errors: SYSTEM.
 */
int mel_cache_lock(const struct mel_cache_state *state, enum mel_cache_lock lock,
		   bool exclusive, bool try, int *fd, struct mel_err **err);
