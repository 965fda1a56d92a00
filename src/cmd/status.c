/* The live status line: see status.h. Source of the sequences: ECMA-48 (EL, SGR). */
#include "cmd/status.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "base/io.h"

enum {
	DEFAULT_COLUMNS = 80,
	WHAT_MAX = 1 << 12,
	LAST_MAX = 1 << 10, /* of a line of output */
	LINE_MAX_BYTES = 1 << 14,
};

#define CLEAR_LINE "\r\033[K"

static size_t columns(int fd)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return DEFAULT_COLUMNS;
	return size.ws_col;
}

/* Append text from out->len on, until the line has used up limit columns. */
static void add_narrow(struct mel_buf *out, const char *text, size_t *used, size_t limit)
{
	for (const unsigned char *p = (const unsigned char *)text; *p;) {
		size_t len = 1, width = *p < 0x80 ? 1 : 2;

		while (width == 2 && (p[len] & 0xc0) == 0x80)
			len++;
		if (*used + width > limit)
			return;
		mel_buf_add(out, p, len);
		*used += width;
		p += len;
	}
}

void mel_status_format(struct mel_buf *out, const struct mel_status *status, size_t width,
		       long elapsed_s)
{
	struct mel_buf head MEL_AUTO_BUF = MEL_BUF_INIT(LINE_MAX_BYTES);
	bool has_color = status->sink && status->sink->has_color;
	size_t used = 0, limit = width > 1 ? width - 1 : 0; /* the last column would wrap */

	if (status->step_len > 0)
		mel_buf_printf(&head, "[%zu/%zu] ", status->index + 1, status->step_len);
	mel_buf_printf(&head, "%s %ld:%02ld ", mel_buf_text(&status->what), elapsed_s / 60,
		       elapsed_s % 60);
	mel_buf_add_text(out, has_color ? "\033[1m" : "");
	add_narrow(out, mel_buf_text(&head), &used, limit);
	mel_buf_add_text(out, has_color ? "\033[0m\033[2m" : "");
	add_narrow(out, mel_buf_text(&status->last), &used, limit);
	mel_buf_add_text(out, has_color ? "\033[0m" : "");
}

/* The text of the line now, NULL when there is none; for the sink. */
static const char *text(void *user)
{
	struct mel_status *status = user;
	struct timespec now;

	if (!status->is_shown)
		return NULL;
	clock_gettime(CLOCK_MONOTONIC, &now);
	mel_buf_truncate(&status->line, 0);
	mel_status_format(&status->line, status, columns(status->sink->fd),
			  (long)(now.tv_sec - status->start.tv_sec -
				 (now.tv_nsec < status->start.tv_nsec)));
	return mel_buf_text(&status->line);
}

static void paint(struct mel_status *status)
{
	struct mel_buf out MEL_AUTO_BUF = MEL_BUF_INIT(LINE_MAX_BYTES);
	const char *line = text(status);

	if (!line)
		return;
	mel_buf_printf(&out, CLEAR_LINE "%s", line);
	mel_write_full(status->sink->fd, mel_buf_text(&out), out.len);
}

static void begin(struct mel_status *status, const char *what)
{
	mel_buf_truncate(&status->what, 0);
	mel_sink_escape(&status->what, what);
	mel_buf_truncate(&status->last, 0);
	clock_gettime(CLOCK_MONOTONIC, &status->start);
	status->is_shown = true;
	paint(status);
}

static void on_step_begin(void *user, size_t index, size_t step_len, const char *package,
			  const char *label)
{
	struct mel_status *status = user;
	struct mel_buf what MEL_AUTO_BUF = MEL_BUF_INIT(WHAT_MAX);

	if (!status->is_on)
		return;
	status->index = index;
	status->step_len = step_len;
	mel_buf_printf(&what, "%s%s%s", package, label && label[0] ? ": " : "",
		       label ? label : "");
	begin(status, mel_buf_text(&what));
}

/* TABs would move the cursor by an unknown width; the line is painted with the next record. */
static void on_output(void *user, const char *line, size_t len)
{
	struct mel_status *status = user;
	struct mel_buf copy MEL_AUTO_BUF = MEL_BUF_INIT(LAST_MAX);

	if (!status->is_on)
		return;
	for (size_t i = 0; i < len && i < LAST_MAX; i++)
		mel_buf_add_char(
			&copy, line[i] == '\t' || line[i] == '\n' || !line[i] ? ' ' : line[i]);
	mel_buf_truncate(&status->last, 0);
	mel_sink_escape(&status->last, mel_buf_text(&copy));
}

static void on_phase(void *user, const char *what)
{
	struct mel_status *status = user;

	if (!status->is_on)
		return;
	status->step_len = 0;
	begin(status, what);
}

static void on_tick(void *user)
{
	struct mel_status *status = user;

	if (status->is_on)
		paint(status);
}

void mel_status_init(struct mel_status *status, struct mel_sink *sink, bool is_wanted)
{
	*status = (struct mel_status){
		.sink = sink,
		.is_on = is_wanted && sink->is_terminal && sink->format == MEL_SINK_TEXT,
		.what = MEL_BUF_INIT(WHAT_MAX * 4),
		.last = MEL_BUF_INIT(LAST_MAX * 4),
		.line = MEL_BUF_INIT(LINE_MAX_BYTES),
		.progress = {
			.step_begin = on_step_begin,
			.output = on_output,
			.phase = on_phase,
			.tick = on_tick,
			.user = status,
		},
	};
	sink->status = text;
	sink->status_user = status;
}

const struct mel_progress *mel_status_progress(const struct mel_status *status)
{
	return &status->progress;
}

void mel_status_clear(struct mel_status *status)
{
	if (status->is_shown)
		mel_write_full(status->sink->fd, CLEAR_LINE, sizeof(CLEAR_LINE) - 1);
	status->sink->status = NULL;
	mel_buf_clear(&status->what);
	mel_buf_clear(&status->last);
	mel_buf_clear(&status->line);
}
