/*
 * The private layer of a build is merged into the cache directory after the build's success,
 * while the directory may be in use: files appear whole, by rename, and a folder that is new
 * appears with all that is in it. Survives SIGKILL at any instant: the journal in the layer's
 * folder says that a merge has begun, and mel_cache_recover finishes it. Costs what the layer
 * holds, whatever the size of the cache. docs/architecture.md has the rules.
 *
 * The folder of a layer holds
 *
 *     upper/    what the build wrote: the upper directory of an overlay
 *     work/     the overlay's
 *     lock      flock(2) while the build lives; its time is when the layer was made, and
 *               whoever made and locked it checks that it still has its name: in between a
 *               recovery may have taken the layer for that of a dead build
 *     journal   the merge has begun (journal.h)
 *     added     lines for the manifest, of files that were merged
 *     place     only in the state, where the layer itself lies elsewhere: its absolute path;
 *               written when the layer is locked
 */
#pragma once

#include <stdbool.h>

#include "cache/state.h"
#include "cache/tally.h"

/* All borrowed. */
struct mel_cache_commit_opts {
	int cache_dirfd;
	const char *cache_path;              /* for messages */
	const struct mel_cache_state *state; /* NULL or without a folder: no bookkeeping */
	bool verified_only;                  /* only what its name proves (--cache-policy) */
	bool apply_deletes;                  /* what the build deleted goes */
};

/*
 * Merge the layer in the folder layer_dirfd; the tally gets what was done. Takes
 * MEL_CACHE_LOCK and waits for it. The layer stays where it is, to be removed by its owner;
 * after a failure too, when the files merged so far are whole and in place. Nothing of the
 * build may run any more. Errors: SYSTEM, OUTPUT.
 */
int mel_cache_commit(const struct mel_cache_commit_opts *opts, int layer_dirfd,
		     struct mel_cache_tally *tally, struct mel_err **err);

/*
 * Layers of builds that were killed: a merge that had begun is finished (under the options it
 * was begun with), all others are removed. Waits for MEL_CACHE_LOCK only when there is a merge
 * to finish. What cannot be done is warned about. Errors: SYSTEM (the state itself).
 */
int mel_cache_recover(const struct mel_cache_commit_opts *opts, struct mel_err **err);
