/*
 * The cache of one build from its beginning to its end: which directory and mode, locks, the
 * private layer, the merge after success, the record. What is done in which mode:
 *
 *     rw, ro            the directory is bound
 *     discard, commit   an overlay with a private layer, or a copy where there are no overlays
 */
#pragma once

#include <sys/stat.h>

#include "builder/build.h"
#include "builder/report.h"
#include "builder/rootfs.h"
#include "builder/workspace.h"
#include "cache/cache.h"
#include "cache/state.h"
#include "cache/tally.h"
#include "cache/upper.h"

struct mel_build_cache {
	struct mel_cache dir;         /* owned; dir.path is NULL without a cache */
	struct mel_cache_state state; /* owned; may be without a folder */
	struct mel_cache_upper upper; /* owned; without a path unless discard or commit */
	struct mel_cache_tally tally; /* owned; what was merged */
	int fd;                       /* owned; the directory, opened once */
	struct stat st;               /* of fd */
	int lock_fd;                  /* owned; this build uses the cache */
	bool is_merged;
};

#define MEL_BUILD_CACHE_INIT                                                                   \
	{                                                                                      \
		.state = MEL_CACHE_STATE_INIT, .upper = MEL_CACHE_UPPER_INIT, .fd = -1,        \
		.lock_fd = -1                                                                  \
	}

/*
 * Decide which directory it is, open it, finish what killed builds left, take the build's lock
 * and make the layer; says what is used at INFO. out_dir: of the architecture, absolute.
 * Errors: INPUT (a directory that is refused), SYSTEM.
 */
int mel_build_cache_open(struct mel_build_cache *cache, const struct mel_build_opts *opts,
			 const struct mel_workspace *ws, const char *out_dir,
			 struct mel_report *report, struct mel_err **err);

/* Is what the build writes kept apart from the directory? */
bool mel_build_cache_is_private(const struct mel_build_cache *cache);
/* The mount that shows it to the guest; nothing without a cache. Errors: SYSTEM. */
int mel_build_cache_mount(const struct mel_build_cache *cache, const struct sbx_ids *ids,
			  mel_mounts *mounts, struct mel_err **err);
/* The overlay was refused: a copy takes its place; -1 also when there is one already. */
int mel_build_cache_give_up_overlay(struct mel_build_cache *cache, struct mel_err **err);

/* The steps are done: what they wrote is not more than may be merged. Errors: STEP. */
int mel_build_cache_check(struct mel_build_cache *cache, struct mel_err **err);
/* The build has succeeded and nothing of it runs: merge in mode commit. What goes wrong is
 * said at WARN and in the report, the packages are good all the same. */
void mel_build_cache_commit(struct mel_build_cache *cache, const struct mel_build_opts *opts,
			    struct mel_report *report);

/* How the build went. */
struct mel_build_cache_end {
	const char *package; /* "hello-1.0-r0" */
	bool has_failed;
	uint64_t elapsed_ns;
};
/* Drop the layer (or keep it), record the build. ids as the guest had. */
void mel_build_cache_close(struct mel_build_cache *cache, const struct mel_build_opts *opts,
			   const struct sbx_ids *ids, const struct mel_build_cache_end *end,
			   struct mel_report *report);
