/* Runs the steps of a plan in the guest: output, time limit, signals, what a failure shows. */
#pragma once

#include "base/err.h"
#include "builder/build.h"
#include "builder/guest.h"
#include "builder/progress.h"
#include "builder/report.h"
#include "plan/plan.h"

struct mel_runner {
	const struct mel_plan *plan;
	struct mel_guest *guest;
	const struct mel_workspace *ws;
	const struct mel_build_opts *opts;
	struct mel_build_cache *cache;
	const struct mel_progress *progress;
	struct mel_report *report;
	int64_t deadline_ns; /* CLOCK_MONOTONIC; 0: none */
	int64_t timeout_ns;  /* what the deadline came from, for the message */
};

/* Nanoseconds of CLOCK_MONOTONIC, for elapsed times. */
int64_t mel_now_ns(void);

/*
 * Make the output directories and run all steps in order. Errors: STEP (a step failed, the
 * report says which and how), TIMEOUT, SIGNAL, SANDBOX.
 */
int mel_runner_run(struct mel_runner *runner, struct mel_err **err);
