/*
 * The live status line of a build: step n of m, package, name, elapsed time, last line of
 * output. Only on a terminal; elsewhere nothing is written.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/buf.h"
#include "builder/progress.h"
#include "cmd/sink.h"

struct mel_status {
	struct mel_sink *sink;
	struct mel_progress progress;
	bool is_on;    /* a terminal, and wanted */
	bool is_shown; /* there is something to show */
	size_t index, step_len;
	struct mel_buf what, last, line;
	struct timespec start; /* of the step, monotonic */
};

/* Begin; sink clears and repaints the line around its records from now on. */
void mel_status_init(struct mel_status *status, struct mel_sink *sink, bool is_wanted);
/* What to give to the builder; valid as long as status. */
const struct mel_progress *mel_status_progress(const struct mel_status *status);
/* Erase the line and end. */
void mel_status_clear(struct mel_status *status);
/*
 * Append the line, at most columns wide: "[3/12] hello: compile 0:42 last output". Bytes
 * that are not plain ASCII count for two columns. elapsed in seconds.
 */
void mel_status_format(struct mel_buf *out, const struct mel_status *status, size_t columns,
		       long elapsed_s);
