#include "build/build.h"

int mel_build_run(const struct mel_build_opts *opts, const struct mel_progress *progress,
		  struct mel_report *report, struct mel_err **err)
{
	(void)progress;
	(void)report;
	return mel_err_set(err, MEL_ERR_SYSTEM, "cannot build '%s' yet", opts->file);
}
