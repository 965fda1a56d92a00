/*
 * What the tool and melange-fetch say to each other over one SOCK_SEQPACKET socket: a request
 * per message in one direction, each with the file to write into as a descriptor, an event per
 * message in the other. Both are lines of text:
 *
 *     request   "get ID\n", then "KEY VALUE\n" for each thing known (struct mel_fetch_request)
 *     event     "progress ID RECEIVED TOTAL\n" | "retry ID TRY TEXT\n"
 *               "done ID RECEIVED\n" | "fail ID RECEIVED TEXT\n"
 *
 * RECEIVED counts the bytes that came over the network, TOTAL is the size of the file or 0 when
 * it is not known. Neither side trusts the other: everything is bounded.
 */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

enum { MEL_FETCH_MESSAGE_MAX = 64 * 1024, MEL_FETCH_TEXT_MAX = 1024 };

/* One file to get. Texts may be NULL but for url. */
struct mel_fetch_request {
	uint64_t id;
	const char *url;            /* http or https */
	const char *user, *secret;  /* sent to the host of url only */
	const char *region, *token; /* region: signed as S3 wants it, with user and secret */
	uint64_t offset;            /* so many bytes are in the file already */
	uint64_t max_bytes;         /* of the whole file */
	uint64_t connect_s;         /* to look up the name and connect */
	uint64_t idle_s;            /* without a byte */
	uint64_t total_s;           /* of one try */
	uint64_t tries;
	uint64_t backoff_ms; /* before the second try; doubled for each one after */
};

enum mel_fetch_event_kind {
	MEL_FETCH_PROGRESS,
	MEL_FETCH_RETRY,
	MEL_FETCH_DONE,
	MEL_FETCH_FAIL,
	MEL_FETCH_EVENT_COUNT,
};

struct mel_fetch_event {
	enum mel_fetch_event_kind kind;
	uint64_t id;
	uint64_t number;               /* RECEIVED, or TRY from 1 on */
	uint64_t total;                /* PROGRESS only */
	char text[MEL_FETCH_TEXT_MAX]; /* RETRY and FAIL: printable ASCII */
};

/* Append the message. Errors: INPUT (a text that does not fit on a line), LIMIT. */
int mel_fetch_request_write(struct mel_buf *out, const struct mel_fetch_request *request,
			    struct mel_err **err);
/* Texts are copied into arena. Errors: INPUT. */
int mel_fetch_request_parse(struct mel_fetch_request *out, struct mel_slice message,
			    struct mel_arena *arena, struct mel_err **err);
/* Append the message; text is cut and what is not printable in it becomes '?'. */
void mel_fetch_event_write(struct mel_buf *out, const struct mel_fetch_event *event);
/* Errors: INPUT. */
int mel_fetch_event_parse(struct mel_fetch_event *out, struct mel_slice message,
			  struct mel_err **err);
