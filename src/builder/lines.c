/* Output of steps as log records: see lines.h. */
#include "builder/lines.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/slice.h"

void mel_lines_init(struct mel_lines *lines)
{
	for (int i = 0; i < 2; i++)
		lines->part[i] = (struct mel_buf)MEL_BUF_INIT(MEL_LINE_MAX_BYTES);
	mel_report_drop_tail(lines->report);
}

/* Keep the last lines for the failure message: those of stderr if there are any. */
static void remember(struct mel_lines *lines, int stream, const char *text)
{
	struct mel_report *report = lines->report;

	if (stream == 2 && !lines->has_stderr) {
		lines->has_stderr = true;
		mel_report_drop_tail(report);
	}
	if (stream == 1 && lines->has_stderr)
		return;
	if (report->tail_len == MEL_REPORT_TAIL) {
		free(report->tail[0]);
		memmove(report->tail, report->tail + 1,
			(MEL_REPORT_TAIL - 1) * sizeof(report->tail[0]));
		report->tail_len--;
	}
	report->tail[report->tail_len++] = mel_strdup(text);
}

static void flush(struct mel_lines *lines, int stream)
{
	struct mel_buf *part = &lines->part[stream - 1];
	const char *text = mel_buf_text(part);
	struct mel_log_attr attr[2];
	size_t attr_len = 0;

	attr[attr_len++] = (struct mel_log_attr){ "pkg", lines->package };
	if (lines->label && *lines->label)
		attr[attr_len++] = (struct mel_log_attr){ "step", lines->label };
	if (lines->progress->output)
		lines->progress->output(lines->progress->user, text, part->len);
	mel_log_record(&(struct mel_log_record){
		.level = stream == 1 ? MEL_LOG_INFO : MEL_LOG_WARN,
		.text = text,
		.attr = attr,
		.attr_len = attr_len,
		.is_output = true,
	});
	remember(lines, stream, text);
	mel_buf_truncate(part, 0);
}

void mel_lines_add(struct mel_lines *lines, int stream, const char *bytes, size_t len)
{
	struct mel_buf *part = &lines->part[stream - 1];

	while (len) {
		const char *end = memchr(bytes, '\n', len);
		size_t take = end ? (size_t)(end - bytes) : len;
		size_t room = MEL_LINE_MAX_BYTES - part->len;

		if (take > room) {
			take = room;
			end = NULL;
		}
		mel_buf_add(part, bytes, take);
		if (end || part->len == MEL_LINE_MAX_BYTES)
			flush(lines, stream);
		take += end != NULL;
		bytes += take;
		len -= take;
	}
}

void mel_lines_end(struct mel_lines *lines)
{
	for (int stream = 1; stream <= 2; stream++) {
		if (lines->part[stream - 1].len)
			flush(lines, stream);
		mel_buf_clear(&lines->part[stream - 1]);
	}
}
