/* The log sink: see sink.h. */
#include "cmd/sink.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/slice.h"
#include "cmd/record.h"

enum { KEPT_MAX = 1 << 20, LINE_MAX_BYTES = 1 << 24 };

static void real_time(struct timespec *now)
{
	clock_gettime(CLOCK_REALTIME, now);
}

void mel_sink_init(struct mel_sink *sink, int fd)
{
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");

	*sink = (struct mel_sink){
		.fd = fd,
		.level = MEL_LOG_INFO,
		.is_terminal = isatty(fd) == 1,
		.file_fd = -1,
		.kept = MEL_BUF_INIT(KEPT_MAX),
		.line = MEL_BUF_INIT(LINE_MAX_BYTES),
		.now = real_time,
	};
	sink->has_color = sink->is_terminal && !(no_color && no_color[0]) && term && term[0] &&
			  !mel_text_eq(term, "dumb");
}

void mel_sink_clear(struct mel_sink *sink)
{
	if (sink->file_fd >= 0)
		close(sink->file_fd);
	sink->file_fd = -1;
	mel_buf_clear(&sink->kept);
	mel_buf_clear(&sink->line);
}

void mel_sink_keep(struct mel_sink *sink)
{
	sink->keeps = true;
}

void mel_sink_set_file(struct mel_sink *sink, int fd)
{
	if (sink->file_fd >= 0)
		close(sink->file_fd);
	sink->file_fd = fd;
	sink->keeps = false;
	mel_write_full(fd, mel_buf_text(&sink->kept), sink->kept.len);
	mel_buf_clear(&sink->kept);
}

/* A log that cannot be written (full disk, closed terminal) must not stop a build, so results
 * of writes are not looked at. */
static void write_file(struct mel_sink *sink, const struct mel_log_record *record,
		       const struct timespec *now)
{
	if (sink->file_fd < 0 && !sink->keeps)
		return;
	mel_buf_truncate(&sink->line, 0);
	mel_log_record_text(&sink->line, record, now, MEL_RECORD_PLAIN);
	if (sink->file_fd >= 0)
		mel_write_full(sink->file_fd, mel_buf_text(&sink->line), sink->line.len);
	else if (sink->kept.len + sink->line.len <= sink->kept.max)
		mel_buf_add(&sink->kept, mel_buf_text(&sink->line), sink->line.len);
}

static void write_shown(struct mel_sink *sink, const struct mel_log_record *record,
			const struct timespec *now)
{
	const char *status = sink->status ? sink->status(sink->status_user) : NULL;
	unsigned flags = (sink->has_color ? MEL_RECORD_COLOR : 0) |
			 (sink->is_terminal ? MEL_RECORD_ESCAPE : 0);

	mel_buf_truncate(&sink->line, 0);
	if (status)
		mel_buf_add_text(&sink->line, "\r\033[K");
	if (sink->format == MEL_SINK_TEXT)
		mel_log_record_text(&sink->line, record, now, flags);
	else
		mel_log_record_json(&sink->line, record, now, sink->format == MEL_SINK_GCP);
	if (status)
		mel_buf_add_text(&sink->line, status);
	mel_write_full(sink->fd, mel_buf_text(&sink->line), sink->line.len);
}

void mel_sink_write(void *user, const struct mel_log_record *record)
{
	struct mel_sink *sink = user;
	struct timespec now;

	sink->now(&now);
	write_file(sink, record, &now);
	if ((int)record->level >= sink->level)
		write_shown(sink, record, &now);
}

static int parse_offset(const char *text, int *offset)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	int64_t value = 0;

	if (text[0] && mel_slice_i64(mel_slice_of(text + (text[0] == '+')), &value, &err) < 0)
		return -1;
	if (value < -1000 || value > 1000)
		return -1;
	*offset = (int)value;
	return 0;
}

int mel_sink_parse_level(const char *text, int *level, struct mel_err **err)
{
	static const struct {
		const char *name;
		int level;
	} names[] = {
		{ "debug", MEL_LOG_DEBUG },
		{ "info", MEL_LOG_INFO },
		{ "warn", MEL_LOG_WARN },
		{ "error", MEL_LOG_ERROR },
	};
	size_t len = strcspn(text, "+-");
	int offset;

	for (size_t i = 0; i < MEL_COUNTOF(names); i++) {
		if (strlen(names[i].name) != len || strncasecmp(names[i].name, text, len) != 0)
			continue;
		if (parse_offset(text + len, &offset) < 0)
			return mel_err_set(err, MEL_ERR_USAGE,
					   "slog: level string \"%s\": the offset is not a "
					   "number",
					   text);
		*level = names[i].level + offset;
		return 0;
	}
	return mel_err_set(err, MEL_ERR_USAGE, "slog: level string \"%s\": unknown name", text);
}

int mel_sink_parse_format(const char *text, enum mel_sink_format *format, struct mel_err **err)
{
	if (mel_text_eq(text, "text"))
		*format = MEL_SINK_TEXT;
	else if (mel_text_eq(text, "json"))
		*format = MEL_SINK_JSON;
	else
		return mel_err_set(err, MEL_ERR_USAGE,
				   "unknown log format '%s': text and json are there", text);
	return 0;
}
