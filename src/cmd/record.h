/* How a log record looks: pure functions from a record and a time to bytes. */
#pragma once

#include <time.h>

#include "base/buf.h"
#include "base/log.h"

enum mel_record_flag {
	MEL_RECORD_PLAIN = 0,
	MEL_RECORD_COLOR = 1 << 0,  /* level in bold and colour, keys faint */
	MEL_RECORD_ESCAPE = 1 << 1, /* control bytes as "\x1b": for terminals */
};

/*
 * Append "YYYY/MM/DD HH:MM:SS LEVL text key=value\n", local time. TABs become four spaces;
 * values that need it are quoted, those with line feeds follow as an indented block.
 */
void mel_log_record_text(struct mel_buf *out, const struct mel_log_record *record,
			 const struct timespec *now, unsigned flags);
/* Append one JSON object and a line feed; for_cloud: keys and levels of a cloud collector.
 * Source: RFC 8259. */
void mel_log_record_json(struct mel_buf *out, const struct mel_log_record *record,
			 const struct timespec *now, bool for_cloud);
