/*
 * Log records go to the one sink that main sets up. The format of a record, the live status
 * line and copies into log files belong to the sink; everybody else calls mel_log.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

enum mel_log_level {
	MEL_LOG_DEBUG = -4,
	MEL_LOG_INFO = 0,
	MEL_LOG_WARN = 4,
	MEL_LOG_ERROR = 8,
};

/* One attribute of a record: key=value. Both borrowed. */
struct mel_log_attr {
	const char *key, *value;
};

struct mel_log_record {
	enum mel_log_level level;
	const char *text; /* may hold line feeds */
	const struct mel_log_attr *attr;
	size_t attr_len;
	bool is_output; /* a line printed by a build step: its control bytes are not ours */
};

/* Receives every record, whatever its level; user is the pointer given with it. */
typedef void mel_log_sink(void *user, const struct mel_log_record *record);

/* Make sink the receiver of all records; NULL: records are dropped. */
void mel_log_set_sink(mel_log_sink *sink, void *user);
void mel_log(enum mel_log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void mel_log_record(const struct mel_log_record *record);
