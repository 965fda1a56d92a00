/*
 * Getting sources by their digests: from the cache, else from the places of --cache-source in
 * their order, else from where the build file says, several at once. Whatever the place, a file
 * counts only after its digests were checked here.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "cache/depot.h"
#include "cache/remote.h"
#include "cache/state.h"

enum {
	MEL_SOURCE_PARALLEL = 4,
	MEL_SOURCE_TOTAL_S = 1800, /* for one file from one place */
};
#define MEL_SOURCE_MAX_BYTES (UINT64_C(16) << 30)

/* One artefact. Borrowed; results below. */
struct mel_source_file {
	struct mel_pos pos; /* of what asks for it */
	const char *uri;    /* where the build file has it from */
	struct mel_depot_want want;
	uint64_t connect_s, idle_s, tries; /* 0: a default */
	bool is_optional; /* what cannot be had is left to the guest, unless offline */
	/* results */
	bool is_hit;   /* it was there already */
	bool is_there; /* it is there now */
	uint64_t size; /* of the file */
};

/* How far it is; for a display. */
struct mel_source_progress {
	size_t done, len;      /* files */
	uint64_t bytes, total; /* of those that are or were on their way; total 0: not known */
};

struct mel_source_opts {
	int cache_dirfd; /* where it may be already; -1: there is no cache */
	bool may_move;   /* damaged objects there may be moved aside */
	int store_dirfd; /* where it has to be afterwards; may be cache_dirfd */
	const struct mel_cache_state
		*state;           /* for unfinished downloads and uses; may be NULL */
	const char *const *place; /* --cache-source */
	size_t place_len;
	struct mel_remote_env env;
	bool is_offline;     /* only the cache and places that are folders */
	const char *program; /* melange-fetch; NULL: the usual one */
	unsigned parallel;   /* 0: MEL_SOURCE_PARALLEL */
	uint64_t max_bytes;  /* of one file; 0: MEL_SOURCE_MAX_BYTES */
	uint64_t total_s;    /* 0: MEL_SOURCE_TOTAL_S */
	uint64_t backoff_ms; /* 0: a default */
	int64_t now;         /* seconds since 1970, for the record of uses */
	int wake_fd;         /* looked at while waiting, -1: none; readable: tick is called */
	/* Called while waiting, every few hundred milliseconds at least; -1 with an error ends
	 * it all. May be NULL. */
	int (*tick)(void *user, const struct mel_source_progress *progress,
		    struct mel_err **err);
	void *user;
};

struct mel_source_count {
	uint64_t hits, misses;     /* files */
	uint64_t downloaded_bytes; /* over the network */
	uint64_t download_ns;
};

/*
 * Get them all. counts are added to. Errors: one for each file that cannot be had, with its
 * position and what was tried (NETWORK); offline one that lists all that are missing (INPUT);
 * INPUT, SYSTEM, OUTPUT, and those of tick.
 */
int mel_source_get(struct mel_source_file *source, size_t len,
		   const struct mel_source_opts *opts, struct mel_source_count *count,
		   struct mel_err **err);

/* Check the form of a place of --cache-source: an existing folder, file://, http://, https://
 * or s3://. Errors: INPUT. */
int mel_source_check_place(const char *place, struct mel_err **err);
