/*
 * One file of a layer gets its name in the cache directory: by rename where that is possible,
 * else as a copy; with the caller as owner and without what could harm others. Internal to
 * the commit. Sources: rename(2), ioctl_ficlone(2), copy_file_range(2), chown(2).
 */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#include "base/err.h"

struct mel_cache_place {
	const char *temp; /* name for what is not finished; borrowed */
	bool must_copy;   /* a rename was refused: the file systems differ */
};

/* A file of the layer; all borrowed. */
struct mel_cache_placed {
	int dirfd; /* its folder */
	const char *name;
	int fd; /* the file, open for reading */
	const struct stat *st;
	bool is_synced; /* its bytes have to be on the disk before its name is */
};

/*
 * Give the file its name in to_dirfd, in place of what has it now. Errors: SYSTEM, with errno
 * as cause.
 */
int mel_cache_place_file(struct mel_cache_place *place, const struct mel_cache_placed *file,
			 int to_dirfd, struct mel_err **err);

/* The mode that a file or folder gets: the owner may, others may not write, nothing special. */
mode_t mel_cache_place_mode(mode_t mode);
/*
 * Open a file or folder of a layer for reading, if need be after giving us the right to. st is
 * its state (of the name itself) and is renewed. -1 (errno).
 */
int mel_cache_placed_open(int dirfd, const char *name, struct stat *st);
