/* Log records as bytes: text, JSON, levels, the log file, terminals. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cmd/record.h"
#include "cmd/sink.h"

static const struct timespec moment = { .tv_sec = 1714557600, .tv_nsec = 5 };

#define TIME "2024/05/01 10:00:00 "

static const struct {
	const char *name;
	enum mel_log_level level;
	const char *text, *key, *value; /* key NULL: no attribute */
	unsigned flags;
	const char *want;
} cases[] = {
	{ "info", MEL_LOG_INFO, "hello", NULL, NULL, 0, TIME "INFO hello\n" },
	{ "debug", MEL_LOG_DEBUG, "x", NULL, NULL, 0, TIME "DEBU x\n" },
	{ "warn", MEL_LOG_WARN, "x", NULL, NULL, 0, TIME "WARN x\n" },
	{ "error", MEL_LOG_ERROR, "x", NULL, NULL, 0, TIME "ERRO x\n" },
	{ "TAB", MEL_LOG_INFO, "a\tb\t", NULL, NULL, 0, TIME "INFO a    b    \n" },
	{ "line feed stays", MEL_LOG_INFO, "a\nb", NULL, NULL, 0, TIME "INFO a\nb\n" },
	{ "raw without terminal", MEL_LOG_INFO, "a\033[1m", NULL, NULL, 0,
	  TIME "INFO a\033[1m\n" },
	{ "plain value", MEL_LOG_INFO, "m", "arch", "x86_64", 0, TIME "INFO m arch=x86_64\n" },
	{ "blank", MEL_LOG_INFO, "m", "k", "a b", 0, TIME "INFO m k=\"a b\"\n" },
	{ "equal sign", MEL_LOG_INFO, "m", "k", "a=b", 0, TIME "INFO m k=\"a=b\"\n" },
	{ "quote", MEL_LOG_INFO, "m", "k", "a\"b", 0, TIME "INFO m k=\"a\\\"b\"\n" },
	{ "empty value", MEL_LOG_INFO, "m", "k", "", 0, TIME "INFO m k=\"\"\n" },
	{ "control byte", MEL_LOG_INFO, "m", "k", "a\033b", 0, TIME "INFO m k=\"a\\x1bb\"\n" },
	{ "UTF-8 value", MEL_LOG_INFO, "m", "k", "é", 0, TIME "INFO m k=é\n" },
	{ "block", MEL_LOG_INFO, "m", "k", "a\nb", 0, TIME "INFO m\n  k=\n  │ a\n  │ b\n" },
	{ "colour", MEL_LOG_WARN, "x", NULL, NULL, MEL_RECORD_COLOR,
	  TIME "\033[1;33mWARN\033[0m x\n" },
	{ "escape", MEL_LOG_INFO, "a\033[2Jb\a", NULL, NULL, MEL_RECORD_ESCAPE,
	  TIME "INFO a\\x1b[2Jb\\x07\n" },
	{ "escape keeps TAB and line feed", MEL_LOG_INFO, "a\tb\nc", NULL, NULL,
	  MEL_RECORD_ESCAPE, TIME "INFO a    b\nc\n" },
	{ "escape C1 as UTF-8", MEL_LOG_INFO,
	  "a\xc2\x9b"
	  "2J",
	  NULL, NULL, MEL_RECORD_ESCAPE, TIME "INFO a\\xc2\\x9b2J\n" },
	{ "escape C1 as a byte", MEL_LOG_INFO,
	  "a\x9b"
	  "2J",
	  NULL, NULL, MEL_RECORD_ESCAPE, TIME "INFO a\\x9b2J\n" },
	{ "escape keeps UTF-8", MEL_LOG_INFO, "naïve │ 漢 😀", NULL, NULL, MEL_RECORD_ESCAPE,
	  TIME "INFO naïve │ 漢 😀\n" },
	{ "carriage return at the end", MEL_LOG_INFO, "10%\r50%\r", NULL, NULL,
	  MEL_RECORD_ESCAPE, TIME "INFO 10%\\x0d50%\n" },
};

ParameterizedTestParameters(sink, text)
{
	static size_t index[MEL_COUNTOF(cases)];

	for (size_t i = 0; i < MEL_COUNTOF(cases); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, MEL_COUNTOF(cases));
}

ParameterizedTest(const size_t *i, sink, text, .timeout = 10)
{
	struct mel_buf got MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	const struct mel_log_attr attr = { cases[*i].key, cases[*i].value };
	const struct mel_log_record record = {
		.level = cases[*i].level,
		.text = cases[*i].text,
		.attr = &attr,
		.attr_len = cases[*i].key != NULL,
	};

	setenv("TZ", "UTC", 1);
	tzset();
	mel_log_record_text(&got, &record, &moment, cases[*i].flags);
	cr_assert_str_eq(mel_buf_text(&got), cases[*i].want, "%s: %s", cases[*i].name,
			 mel_buf_text(&got));
}

Test(sink, text_is_in_local_time, .timeout = 10)
{
	struct mel_buf got MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	const struct mel_log_record record = { .text = "x" };

	setenv("TZ", "XXX-2", 1);
	tzset();
	mel_log_record_text(&got, &record, &moment, 0);
	cr_assert_str_eq(mel_buf_text(&got), "2024/05/01 12:00:00 INFO x\n");
}

Test(sink, json, .timeout = 10)
{
	struct mel_buf got MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	const struct mel_log_attr attr[] = { { "step", "a/\"b\"" }, { "pkg", "c" } };
	const struct mel_log_record record = {
		.level = MEL_LOG_WARN,
		.text = "t\tn\n\x01 \\ \xff é",
		.attr = attr,
		.attr_len = 2,
	};

	mel_log_record_json(&got, &record, &moment, false);
	cr_assert_str_eq(mel_buf_text(&got),
			 "{\"time\":\"2024-05-01T10:00:00.000000005Z\",\"level\":\"WARN\","
			 "\"msg\":\"t\\tn\\n\\u0001 \\\\ \xef\xbf\xbd é\",\"step\":\"a/"
			 "\\\"b\\\"\",\"pkg\":\"c\"}\n",
			 "%s", mel_buf_text(&got));
	mel_buf_clear(&got);
	mel_log_record_json(&got, &record, &moment, true);
	cr_assert(strstr(mel_buf_text(&got), "\"severity\":\"WARNING\",\"message\":\"t"), "%s",
		  mel_buf_text(&got));
}

static const struct {
	const char *text;
	int level;
	const char *error;
} levels[] = {
	{ "debug", -4, NULL },
	{ "INFO", 0, NULL },
	{ "Warn", 4, NULL },
	{ "error", 8, NULL },
	{ "info+2", 2, NULL },
	{ "ERROR-3", 5, NULL },
	{ "warning", 0, "slog: level string \"warning\": unknown name" },
	{ "", 0, "slog: level string \"\": unknown name" },
	{ "+2", 0, "slog: level string \"+2\": unknown name" },
	{ "info+", 0, "slog: level string \"info+\": the offset is not a number" },
	{ "info+x", 0, "slog: level string \"info+x\": the offset is not a number" },
	{ "info+99999999999", 0,
	  "slog: level string \"info+99999999999\": the offset is not a number" },
};

ParameterizedTestParameters(sink, level)
{
	static size_t index[MEL_COUNTOF(levels)];

	for (size_t i = 0; i < MEL_COUNTOF(levels); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, MEL_COUNTOF(levels));
}

ParameterizedTest(const size_t *i, sink, level, .timeout = 10)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	int level = 99;
	int rc = mel_sink_parse_level(levels[*i].text, &level, &err);

	if (levels[*i].error) {
		cr_assert_eq(rc, -1, "%s", levels[*i].text);
		cr_assert_str_eq(err->text, levels[*i].error);
		cr_assert_eq(level, 99);
	} else {
		cr_assert_eq(rc, 0, "%s", levels[*i].text);
		cr_assert_eq(level, levels[*i].level, "%s: %d", levels[*i].text, level);
	}
}

static void fixed(struct timespec *now)
{
	*now = moment;
}

static const char *text_of(int fd, char *out, size_t size)
{
	ssize_t len = pread(fd, out, size - 1, 0);

	cr_assert(len >= 0);
	out[len] = '\0';
	return out;
}

static int open_temp(void)
{
	int fd = open("/tmp", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);

	cr_assert(fd >= 0);
	return fd;
}

Test(sink, the_file_gets_every_level_and_what_was_before_it, .timeout = 10)
{
	struct mel_sink sink;
	char text[512];
	int shown = open_temp(), file = open_temp(), copy = dup(file);

	setenv("TZ", "UTC", 1);
	mel_sink_init(&sink, shown);
	sink.now = fixed;
	mel_sink_keep(&sink);
	mel_sink_write(&sink, &(struct mel_log_record){ .level = MEL_LOG_DEBUG, .text = "a" });
	mel_sink_write(&sink, &(struct mel_log_record){ .level = MEL_LOG_WARN, .text = "b" });
	mel_sink_set_file(&sink, file);
	mel_sink_write(&sink, &(struct mel_log_record){ .level = MEL_LOG_DEBUG, .text = "c" });
	mel_sink_write(&sink, &(struct mel_log_record){ .level = MEL_LOG_INFO, .text = "d" });
	mel_sink_clear(&sink);
	cr_assert_str_eq(text_of(shown, text, sizeof(text)), TIME "WARN b\n" TIME "INFO d\n");
	cr_assert_str_eq(text_of(copy, text, sizeof(text)),
			 TIME "DEBU a\n" TIME "WARN b\n" TIME "DEBU c\n" TIME "INFO d\n");
}

Test(sink, colour_needs_a_terminal_that_wants_it, .timeout = 10)
{
	static const struct {
		const char *term, *no_color;
		bool want;
	} rows[] = {
		{ "xterm", NULL, true }, { "xterm", "", true }, { "xterm", "1", false },
		{ "dumb", NULL, false }, { NULL, NULL, false },
	};
	int master = posix_openpt(O_RDWR | O_NOCTTY), fd;
	struct mel_sink sink;

	cr_assert(grantpt(master) == 0 && unlockpt(master) == 0);
	fd = open(ptsname(master), O_RDWR | O_NOCTTY);
	cr_assert(fd >= 0);
	for (size_t i = 0; i < MEL_COUNTOF(rows); i++) {
		unsetenv("TERM");
		unsetenv("NO_COLOR");
		if (rows[i].term)
			setenv("TERM", rows[i].term, 1);
		if (rows[i].no_color)
			setenv("NO_COLOR", rows[i].no_color, 1);
		mel_sink_init(&sink, fd);
		cr_assert(sink.is_terminal);
		cr_assert_eq(sink.has_color, rows[i].want, "row %zu", i);
	}
	setenv("TERM", "xterm", 1);
	mel_sink_init(&sink, open_temp());
	cr_assert_not(sink.is_terminal);
	cr_assert_not(sink.has_color);
}
