/*
 * The log sink: turns records into lines on stderr, and copies every record as plain text into
 * the log file of a build when there is one. On a terminal it shares the last line with the
 * status line, and shows control bytes of what builds print as escapes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"

enum mel_sink_format {
	MEL_SINK_TEXT, /* "2024/05/01 10:00:00 INFO message key=value", local time */
	MEL_SINK_JSON, /* {"time":…,"level":…,"msg":…,"key":"value"} */
	MEL_SINK_GCP,  /* {"time":…,"severity":…,"message":…,"key":"value"} */
};

struct mel_sink {
	int fd;    /* borrowed; where records go */
	int level; /* lowest level that goes to fd, see enum mel_log_level */
	enum mel_sink_format format;
	bool is_terminal, has_color;
	int file_fd; /* owned; log file, or -1 */
	bool keeps;  /* records are kept for a file that is not open yet */
	struct mel_buf kept;
	struct mel_buf line; /* the record being written */
	/* The time of a record; a test may set its own. */
	void (*now)(struct timespec *now);
	/* A status line that is on the terminal now is appended to every write; its text, or
	 * NULL. Borrowed. */
	const char *(*status)(void *user);
	void *status_user;
};

/* Ready for records to fd, at level INFO, as text; looks whether fd is a terminal and at
 * NO_COLOR and TERM. */
void mel_sink_init(struct mel_sink *sink, int fd);
/* Closes the log file. */
void mel_sink_clear(struct mel_sink *sink);

/* A mel_log_sink; user is the struct mel_sink. */
void mel_sink_write(void *user, const struct mel_log_record *record);

/* Remember records from now on for the file that mel_sink_set_file brings. */
void mel_sink_keep(struct mel_sink *sink);
/* Copy all records, the kept ones first, to fd from now on; takes fd. */
void mel_sink_set_file(struct mel_sink *sink, int fd);

/* "debug", "info", "warn", "error" in any case, with an offset such as "info+2". Errors: USAGE.
 */
int mel_sink_parse_level(const char *text, int *level, struct mel_err **err);
/* "text" or "json". Errors: USAGE. */
int mel_sink_parse_format(const char *text, enum mel_sink_format *format, struct mel_err **err);

/* Append text to out with control bytes (all but line feed and TAB, C1 as well) as "\x1b";
 * a carriage return in front of a line feed or the end is dropped. */
void mel_sink_escape(struct mel_buf *out, const char *text);
