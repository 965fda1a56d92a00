/* Any bytes as messages of melange-fetch, as its requests, and as header lines of a response:
 * what is taken reads back equal after it was written. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "fetch/header.h"
#include "fetch/protocol.h"

static void try_event(struct mel_slice data)
{
	MEL_AUTO_BUF struct mel_buf written = MEL_BUF_INIT(MEL_FETCH_MESSAGE_MAX);
	MEL_AUTO_ERR struct mel_err *err = NULL;
	struct mel_fetch_event event, again;

	if (mel_fetch_event_parse(&event, data, &err) < 0)
		return;
	mel_fetch_event_write(&written, &event);
	if (mel_fetch_event_parse(&again, mel_buf_slice(&written), &err) < 0 ||
	    again.kind != event.kind || again.id != event.id || again.number != event.number ||
	    again.total != event.total || strcmp(again.text, event.text) != 0)
		abort();
}

static bool same(const char *a, const char *b)
{
	return !a == !b && (!a || strcmp(a, b) == 0);
}

static void try_request(struct mel_slice data)
{
	MEL_AUTO_BUF struct mel_buf written = MEL_BUF_INIT(2 * MEL_FETCH_MESSAGE_MAX);
	MEL_AUTO_ARENA struct mel_arena arena = { 0 };
	MEL_AUTO_ERR struct mel_err *err = NULL;
	struct mel_fetch_request request, again;

	if (mel_fetch_request_parse(&request, data, &arena, &err) < 0)
		return;
	if (mel_fetch_request_write(&written, &request, &err) < 0)
		abort();
	if (written.len > MEL_FETCH_MESSAGE_MAX)
		return;
	if (mel_fetch_request_parse(&again, mel_buf_slice(&written), &arena, &err) < 0 ||
	    again.id != request.id || !same(again.url, request.url) ||
	    !same(again.secret, request.secret) || again.offset != request.offset)
		abort();
}

static void try_headers(struct mel_slice data)
{
	struct mel_fetch_head head = { .has_range = false };
	struct mel_slice line;

	while (mel_slice_next(&data, '\n', &line))
		mel_fetch_head_add(&head, line);
	if (strlen(head.etag) >= sizeof(head.etag) ||
	    strlen(head.modified) >= sizeof(head.modified))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mel_slice bytes = mel_slice_make((const char *)data, size);

	if (size == 0)
		return 0;
	try_event(bytes);
	try_request(bytes);
	try_headers(bytes);
	return 0;
}
