/*
 * Sizes and ages as people write them. "512", "10K", "1.5GiB", "2 MB" are sizes, where K and
 * KiB are 1024 bytes and KB is 1000; "90d", "2w", "36h", "1h30m" are ages. "0" stands for none.
 */
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Bytes; out is untouched on failure. Errors: INPUT. */
int mel_size_parse(const char *text, uint64_t *bytes, struct mel_err **err);
/* Append "512 B", "1.5 KiB", "20.0 MiB". */
void mel_size_write(struct mel_buf *out, uint64_t bytes);

/* Seconds: days, weeks or a duration of base/date.h; not negative. Errors: INPUT. */
int mel_age_parse(const char *text, int64_t *seconds, struct mel_err **err);
/* Append "now", "5 minutes", "3 hours", "12 days". */
void mel_age_write(struct mel_buf *out, int64_t seconds);
