/* The status line: what it shows, how records and it share a terminal. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "cmd/status.h"

static const struct {
	size_t columns;
	const char *want;
} widths[] = {
	{ 200, "[3/12] hello: make 1:05 checking for grep… yes" },
	{ 36, "[3/12] hello: make 1:05 checking fo" },
	{ 8, "[3/12] " },
	{ 1, "" },
	{ 0, "" },
};

ParameterizedTestParameters(status, width)
{
	static size_t index[MEL_COUNTOF(widths)];

	for (size_t i = 0; i < MEL_COUNTOF(widths); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, MEL_COUNTOF(widths));
}

ParameterizedTest(const size_t *i, status, width, .timeout = 10)
{
	struct mel_buf got MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	struct mel_status status = {
		.index = 2,
		.step_len = 12,
		.what = MEL_BUF_INIT(64),
		.last = MEL_BUF_INIT(64),
	};

	mel_buf_add_text(&status.what, "hello: make");
	mel_buf_add_text(&status.last, "checking for grep… yes");
	mel_status_format(&got, &status, widths[*i].columns, 65);
	cr_assert_str_eq(mel_buf_text(&got), widths[*i].want, "%s", mel_buf_text(&got));
	mel_buf_clear(&status.what);
	mel_buf_clear(&status.last);
}

static void fixed(struct timespec *now)
{
	*now = (struct timespec){ .tv_sec = 1714557600 };
}

/* What a step, a line of output, a record and the end write. */
static void play(struct mel_sink *sink, bool is_wanted, char *out, size_t size)
{
	struct mel_status status;
	const struct mel_progress *progress;
	ssize_t len;

	setenv("TZ", "UTC", 1);
	mel_status_init(&status, sink, is_wanted);
	progress = mel_status_progress(&status);
	progress->step_begin(progress->user, 0, 2, "hello", "make");
	progress->output(progress->user, "a\tb\033[2J", 7);
	mel_sink_write(sink, &(struct mel_log_record){ .text = "a" });
	mel_sink_write(sink,
		       &(struct mel_log_record){ .level = MEL_LOG_DEBUG, .text = "hidden" });
	progress->phase(progress->user, "packaging");
	progress->tick(progress->user);
	mel_status_clear(&status);
	mel_sink_write(sink, &(struct mel_log_record){ .text = "end" });
	len = pread(sink->fd, out, size - 1, 0);
	cr_assert(len >= 0);
	out[len] = '\0';
	mel_sink_clear(sink);
	close(sink->fd);
}

static void open_sink(struct mel_sink *sink)
{
	int fd = open("/tmp", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);

	cr_assert(fd >= 0);
	mel_sink_init(sink, fd);
	sink->now = fixed;
}

#define CLEAR "\r\033[K"
#define TIME  "2024/05/01 10:00:00 "

Test(status, shares_the_terminal_with_records, .timeout = 10)
{
	struct mel_sink sink;
	char got[1024];

	open_sink(&sink);
	sink.is_terminal = true;
	play(&sink, true, got, sizeof(got));
	cr_assert_str_eq(got,
			 CLEAR "[1/2] hello: make 0:00 " CLEAR TIME "INFO a\n"
			       "[1/2] hello: make 0:00 a b\\x1b[2J" CLEAR
			       "packaging 0:00 " CLEAR "packaging 0:00 " CLEAR TIME
			       "INFO end\n",
			 "%s", got);
}

Test(status, is_silent_elsewhere, .timeout = 10)
{
	struct mel_sink sink;
	char got[1024];

	open_sink(&sink);
	play(&sink, true, got, sizeof(got));
	cr_assert_str_eq(got, TIME "INFO a\n" TIME "INFO end\n", "%s", got);

	open_sink(&sink);
	sink.is_terminal = true;
	play(&sink, false, got, sizeof(got));
	cr_assert_str_eq(got, TIME "INFO a\n" TIME "INFO end\n", "%s", got);

	open_sink(&sink);
	sink.is_terminal = true;
	sink.format = MEL_SINK_JSON;
	play(&sink, true, got, sizeof(got));
	cr_assert_null(strchr(got, '\r'), "%s", got);
}
