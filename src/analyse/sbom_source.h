/*
 * Inside of sbom: the steps of a compiled list of pipelines that brought sources. A step counts
 * if it ran: neither its condition nor one around it is false.
 */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "config/model.h"

/* `fetch`, or with repository `git-checkout`. Texts are borrowed, NULL or "" if not given. */
struct mel_sbom_source {
	const char *number; /* place of the step: "2", "2-0" below it; in the list's arena */
	const char *uri, *sha256, *sha512, *purl_name, *purl_version;
	const char *repository, *branch, *tag, *commit;
};

struct mel_sbom_sources {
	struct mel_sbom_source *at; /* owned */
	size_t len, cap;
	struct mel_arena arena;
};

/*
 * Append the sources of the steps. owner (NULL: none) stands in front of the numbers. Errors:
 * INPUT (a condition that cannot be read).
 */
int mel_sbom_sources_add(struct mel_sbom_sources *out, const struct mel_pipeline *step,
			 size_t step_len, const char *owner, struct mel_err **err);
void mel_sbom_sources_clear(struct mel_sbom_sources *sources);
