/*
 * A cache directory, or what changed in it since a former export, as one archive for another
 * machine. The same files give the same bytes: sorted, without owners and times. Format:
 * docs/formats.md.
 */
#pragma once

#include "cache/archive.h"

/* All borrowed. */
struct mel_cache_export {
	int dirfd; /* the cache directory */
	struct mel_cache_choice choice;
	const struct mel_cache_bill *since; /* what the receiver has; NULL: nothing */
	bool compress;
	unsigned worker_max; /* threads for compression */
};

struct mel_cache_exported {
	uint64_t files, bytes; /* what the archive brings */
	uint64_t known;        /* files that the receiver has */
	uint64_t skipped;      /* what cannot travel: see the warning */
	char skipped_path[MEL_CACHE_PATH_MAX_BYTES + 1]; /* the first of them */
};

/*
 * Write the archive to fd. Folders travel with what is in them, or by themselves when nothing
 * of it does. Locks, logs and temporary files of tools stay behind; links that
 * leave their area, devices and names with control characters are counted as skipped. The
 * caller holds MEL_CACHE_LOCK. Errors: SYSTEM, OUTPUT, INPUT (a file changed meanwhile).
 */
int mel_cache_export(const struct mel_cache_export *what, int fd, const char *name,
		     struct mel_cache_exported *done, struct mel_err **err);
