/*
 * Dependencies found in a package's files: what it needs (`depend`), what it offers
 * (`provides`), and libraries it keeps to itself (`vendored`). A table of scanners looks at
 * the listing; the result is merged with what the build file says (deps.h).
 */
#pragma once

#include <stddef.h>

#include "analyse/deps.h"
#include "analyse/tree.h"
#include "base/err.h"

struct mel_sca_input {
	const char *name;            /* of the package, for messages */
	const struct mel_tree *tree; /* its files */
	/* All packages of this build that are there, main first, this one included. */
	const struct mel_tree *const *related;
	size_t related_len;
	const char *full_version;               /* "1.2-r0", of the main package */
	unsigned options;                       /* enum mel_deps_option */
	struct mel_text_list runtime, provides; /* from the build file, may be empty */
};

/*
 * Scan and merge. out gets the final three lists, sorted and without repetition, and must be
 * cleared with mel_deps_clear; it borrows nothing. Errors: SYSTEM (a file cannot be read),
 * LIMIT.
 */
int mel_sca_run(struct mel_deps *out, const struct mel_sca_input *in, struct mel_err **err);
