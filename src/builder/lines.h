/*
 * Cuts the output of a step into lines and makes each a log record: stdout INFO, stderr WARN.
 * A line without line feed is cut at a fixed size, so nothing is buffered without limit.
 */
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "builder/progress.h"
#include "builder/report.h"

enum { MEL_LINE_MAX_BYTES = 64 * 1024 };

struct mel_lines {
	const char *package, *label; /* of the step, for the records; borrowed */
	const struct mel_progress *progress;
	struct mel_report *report; /* gets the last lines and the fetch counts */
	struct mel_buf part[2];    /* unfinished line of stdout, of stderr */
	bool has_stderr;           /* the tail holds stderr lines only from the first one on */
};

void mel_lines_init(struct mel_lines *lines);
/* Bytes of stream 1 (stdout) or 2 (stderr). */
void mel_lines_add(struct mel_lines *lines, int stream, const char *bytes, size_t len);
/* The step has ended: flush unfinished lines and free. */
void mel_lines_end(struct mel_lines *lines);
