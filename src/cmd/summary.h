/* What a build did or where it failed, as log records. */
#pragma once

#include "base/buf.h"
#include "builder/report.h"

/* Packages, steps, environment and cache of a finished build, as INFO records. */
void mel_summary_write(const struct mel_report *report);
/* The step that failed with the last lines it wrote (ERROR, if a step failed), and the command
 * that runs the build again (INFO). */
void mel_summary_write_failure(const struct mel_report *report, int argc, char *const *argv);
/* Append text as one shell word, quoted only where needed. Source: POSIX shell quoting. */
void mel_shell_quote(struct mel_buf *out, const char *text);
