/*
 * From the output directories of a finished guest to packages and an index: bill of materials,
 * scan, data section, control section, signature, index entry. Nothing appears in the output
 * directory before every package has been made; then all names appear by renames.
 */
#pragma once

#include "base/err.h"
#include "builder/build.h"
#include "builder/foreign.h"
#include "builder/guest.h"
#include "builder/report.h"
#include "builder/workspace.h"
#include "plan/plan.h"

struct mel_key;

/* All borrowed. */
struct mel_emit {
	const struct mel_build_opts *opts;
	const struct mel_plan *plan;
	const struct mel_workspace *ws;
	const struct mel_guest *guest;
	const struct mel_foreign *foreign;
	const struct mel_key *key; /* NULL: unsigned */
	const char *out_dir;       /* absolute, of the architecture */
	int out_fd;
	struct mel_report *report;
};

/*
 * Make the package of every output of the plan, and the index if the options say so. Every
 * process of the guest must be dead. Errors: INPUT (what the steps left cannot be packaged),
 * OUTPUT (a result cannot be written), SYSTEM, LIMIT, CRYPTO.
 */
int mel_emit_all(const struct mel_emit *emit, struct mel_err **err);
