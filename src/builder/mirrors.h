/*
 * The repositories of a build's `git-checkout` steps, mirrored by the host before the guest
 * starts (cache/mirror.h). The guest sees each read-only below /.melange/git, and the steps get
 * a setting in their environment by which git takes it in place of the address, so that they
 * need no network. Source: git-config(1), url.<base>.insteadOf and GIT_CONFIG_COUNT.
 */
#pragma once

#include "builder/build.h"
#include "builder/buildcache.h"
#include "builder/progress.h"
#include "builder/rootfs.h"
#include "builder/workspace.h"
#include "cache/mirror.h"
#include "plan/plan.h"

#define MEL_MIRRORS_TARGET "/.melange/git"

struct mel_mirrors {
	struct mel_arena arena;
	MEL_VEC(struct mel_mirror) repo;
	MEL_VEC(struct mel_step *) step; /* of the plan, for each repo */
	char *path;                      /* owned; the folder with the mirrors */
};

/* Add what the steps of plan check out, as far as the host mirrors it. */
void mel_mirrors_collect(struct mel_mirrors *out, struct mel_plan *plan);

/* All borrowed. */
struct mel_mirrors_build {
	const struct mel_build_opts *opts;
	const struct mel_workspace *ws;      /* for mirrors that are not kept; may be NULL */
	const struct mel_cache_state *state; /* where they are kept; may be without a folder */
	const struct mel_progress *progress;
	int (*check)(void *user, struct mel_err **err); /* asked while waiting; may be NULL */
	void *user;
};

/* Get them all. Errors: those of mel_mirror_get. */
int mel_mirrors_get(struct mel_mirrors *mirrors, const struct mel_mirrors_build *build,
		    struct mel_err **err);
/* Let the steps of the plan use them: their environment lives in the plan's arena. */
void mel_mirrors_use(const struct mel_mirrors *mirrors, struct mel_plan *plan);
/* The mounts that show them to the guest; texts in arena. */
void mel_mirrors_mount(const struct mel_mirrors *mirrors, struct mel_arena *arena,
		       mel_mounts *mounts);
void mel_mirrors_clear(struct mel_mirrors *mirrors);
