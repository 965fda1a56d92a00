/*
 * The sources of a build, got by the host before the guest starts: what its `fetch` steps ask
 * for, from the cache, --cache-source, or the network. Where they are put:
 *
 *     rw                  into the cache directory
 *     commit              into a private folder; after success into the cache's layer
 *     ro, discard, off    into a private folder
 *
 * The private folder is shown read-only at /.melange/sources.
 */
#pragma once

#include "builder/build.h"
#include "builder/buildcache.h"
#include "builder/progress.h"
#include "builder/report.h"
#include "builder/workspace.h"
#include "cache/source.h"
#include "plan/plan.h"

#define MEL_SOURCES_TARGET "/.melange/sources"

/* What the steps of a plan ask for. */
struct mel_sources {
	struct mel_arena arena;
	MEL_VEC(struct mel_source_file) file;
	uint64_t unverified; /* steps without a digest: the guest downloads for them */
	int fd;              /* owned; the private folder, -1: there is none */
};

#define MEL_SOURCES_INIT                                                                       \
	{                                                                                      \
		.fd = -1                                                                       \
	}

/* The value of a variable of step, NULL when it has none. */
const char *mel_step_variable(const struct mel_step *step, const char *name);
/*
 * Add what the `fetch` steps of plan ask for. work_fd: the filled workspace, where a file may
 * lie already (then nothing is asked for), or -1. Errors: SYSTEM.
 */
int mel_sources_collect(struct mel_sources *out, const struct mel_plan *plan, int work_fd,
			struct mel_err **err);

/* All borrowed. */
struct mel_sources_build {
	const struct mel_build_opts *opts;
	struct mel_workspace *ws;
	const struct mel_build_cache *cache;
	const struct mel_progress *progress;
	struct mel_report *report;
	/* Asked while waiting; -1 with an error ends it. */
	int (*check)(void *user, struct mel_err **err);
	void *user;
};

/* Get them all. Errors: those of mel_source_get. */
int mel_sources_get(struct mel_sources *sources, const struct mel_sources_build *build,
		    struct mel_err **err);
/* Before the layer is merged (mode commit): put the verified files into it. What goes wrong is
 * said at WARN. */
void mel_sources_add_to_layer(const struct mel_sources *sources,
			      const struct mel_build_cache *cache);
void mel_sources_clear(struct mel_sources *sources);

/* "[######----] 2 of 5 files, 12.3 of 45.6 MiB" */
void mel_sources_bar(struct mel_buf *out, const struct mel_source_progress *progress);
