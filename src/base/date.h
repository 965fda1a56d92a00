/* RFC 3339 <-> seconds since 1970; the time itself is always passed in. Leap seconds are not
 * known, the calendar is the proleptic Gregorian one. Source: RFC 3339. */
#pragma once

#include <stdint.h>

#include "base/err.h"

/* "2024-05-01T10:00:00Z", with offset or fraction allowed (dropped). Errors: INPUT. */
int mel_date_parse(const char *text, int64_t *seconds, struct mel_err **err);

enum { MEL_DATE_BYTES = 32 };
/* "2024-05-01T10:00:00Z" */
void mel_date_format(int64_t seconds, char out[MEL_DATE_BYTES]);
/* "1h30m0s", the Go way of printing a duration; ns are nanoseconds. */
void mel_duration_format(int64_t ns, char out[MEL_DATE_BYTES]);
/* Go duration syntax ("1h30m", "1.5h", "0") to nanoseconds. Errors: INPUT. */
int mel_duration_parse(const char *text, int64_t *ns, struct mel_err **err);
