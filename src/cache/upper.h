/*
 * The private layer of a build in mode discard or commit: a folder beside the cache directory's
 * state (commit.h says what it holds), or, where the state lies on another file system than the
 * directory, below the build's own temporary one. It is removed at the end of the build, and
 * after a kill by mel_cache_recover.
 * Source: Documentation/filesystems/overlayfs.rst, ioctl_ficlone(2), statvfs(3).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "cache/state.h"

struct sbx_ids;

/* Begins the names of layers that were kept, beside the folder of layers. */
#define MEL_CACHE_KEPT_PREFIX "melange-kept."

struct mel_cache_upper {
	char *path; /* owned; absolute, of the layer's folder; NULL: no layer */
	char *upper_path, *work_path; /* owned; the two in it */
	int dirfd;                    /* owned; the folder */
	int lock_fd;                  /* owned; locked while the build lives */
	char *note;     /* owned; its note in the state's layers when it lies elsewhere */
	int layers_fd;  /* owned; layers of the state, or -1 */
	uint64_t limit; /* bytes that it may grow by */
	bool is_copy;   /* upper is a copy of the directory, not an overlay's layer */
	bool in_memory; /* its files are not here, but in memory of the guest */
	uint64_t base;  /* bytes of the copy at its beginning */
	struct timespec copied; /* when the copy was complete */
	uint64_t free_before;   /* bytes free in its file system when it was made */
	int64_t next_ns;        /* when to measure again, CLOCK_MONOTONIC */
};

#define MEL_CACHE_UPPER_INIT                                                                   \
	{                                                                                      \
		.dirfd = -1, .lock_fd = -1, .layers_fd = -1                                    \
	}

/* All borrowed. */
struct mel_cache_upper_opts {
	const struct mel_cache_state *state; /* NULL or without a folder: none */
	int cache_dirfd;
	const char *temp_path; /* of this build, absolute; removed with all of it */
	uint64_t max_bytes;    /* 0: a tenth of what is free, but at least 1 GiB */
	bool in_memory;        /* nothing has to be seen from outside */
};

/*
 * Make the layer with empty folders upper and work. Errors: SYSTEM. out is to be closed in any
 * case.
 */
int mel_cache_upper_open(struct mel_cache_upper *out, const struct mel_cache_upper_opts *opts,
			 struct mel_err **err);
/* Give upper and work to the build user of the guest. Errors: SYSTEM. */
int mel_cache_upper_give(const struct mel_cache_upper *upper, const struct sbx_ids *ids,
			 struct mel_err **err);

/*
 * Where overlays are refused: fill upper with a private copy of the directory, sharing blocks
 * where the file system can, and say at WARN what that costs. What cannot be read is left out.
 * Errors: SYSTEM, LIMIT (not enough space).
 */
int mel_cache_upper_copy(struct mel_cache_upper *upper, int cache_dirfd, const char *cache_path,
			 struct mel_err **err);
/*
 * Take from a copy of the directory cache_dirfd what the build did not change, so that the rest
 * is as an overlay's layer; with_deletes: with a whiteout for what it removed. Errors: SYSTEM.
 */
int mel_cache_upper_prune(const struct mel_cache_upper *upper, int cache_dirfd,
			  bool with_deletes, struct mel_err **err);

/* Bytes on disk of what is in upper, a copy's beginning not counted. */
uint64_t mel_cache_upper_bytes(const struct mel_cache_upper *upper);
/*
 * Is the layer within its limit, and is there space left? Looks every two seconds at most,
 * less often when looking takes long; force: now. Errors: LIMIT, with what to do.
 */
int mel_cache_upper_check(struct mel_cache_upper *upper, bool force, struct mel_err **err);

/*
 * Remove the layer and free; ids as the guest had, or NULL. keep: it stays, at the path that
 * *kept (may be NULL) gets; to be freed. A layer of memory cannot be kept. In the state, gc.h
 * removes what was kept a week ago.
 */
void mel_cache_upper_close(struct mel_cache_upper *upper, const struct sbx_ids *ids, bool keep,
			   char **kept);
