/*
 * The few header lines of an HTTP response that melange-fetch reads itself. Source: RFC 9110
 * (ETag 8.8.3, Retry-After 10.2.3, If-Range 13.1.5, Content-Range 14.4).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum { MEL_FETCH_VALIDATOR_MAX = 256 };

/* What one response said; zeroed: nothing yet. */
struct mel_fetch_head {
	bool has_range, has_total;
	uint64_t range_begin; /* of the part that comes */
	uint64_t range_total; /* size of the whole file, with has_total */
	uint64_t retry_after_s;
	char etag[MEL_FETCH_VALIDATOR_MAX];     /* a strong one, with its quotes, or "" */
	char modified[MEL_FETCH_VALIDATOR_MAX]; /* Last-Modified as sent, or "" */
};

/* Note one line, with or without its line end. A status line begins anew: of several responses
 * (redirects) the last one counts. What is malformed counts as absent. */
void mel_fetch_head_add(struct mel_fetch_head *head, struct mel_slice line);
