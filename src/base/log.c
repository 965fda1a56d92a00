/* The way to the one log sink: see log.h. */
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

static struct {
	mel_log_sink *sink;
	void *user;
} current;

void mel_log_set_sink(mel_log_sink *sink, void *user)
{
	current.sink = sink;
	current.user = user;
}

void mel_log_record(const struct mel_log_record *record)
{
	if (current.sink)
		current.sink(current.user, record);
}

void mel_log(enum mel_log_level level, const char *fmt, ...)
{
	MEL_AUTO_FREE char *text = NULL;
	va_list ap;

	if (!current.sink)
		return;
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	mel_log_record(&(struct mel_log_record){ .level = level, .text = text ? text : fmt });
}
