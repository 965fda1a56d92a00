/* The report of a build: see report.h. */
#include "builder/report.h"

#include <stdlib.h>

void mel_report_drop_tail(struct mel_report *report)
{
	for (unsigned i = 0; i < report->tail_len; i++)
		free(report->tail[i]);
	report->tail_len = 0;
}

void mel_report_clear(struct mel_report *report)
{
	mel_report_drop_tail(report);
	mel_vec_clear(&report->package);
	mel_vec_clear(&report->step);
	mel_arena_clear(&report->arena);
}
