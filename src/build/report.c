/* The report of a build: see report.h. */
#include "build/report.h"

void mel_report_clear(struct mel_report *report)
{
	mel_vec_clear(&report->package);
	mel_vec_clear(&report->step);
	mel_arena_clear(&report->arena);
}
