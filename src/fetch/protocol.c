/* Messages between the tool and melange-fetch: see protocol.h. */
#include "fetch/protocol.h"

#include <stddef.h>
#include <string.h>

#include "base/mem.h"

/* The lines of a request behind the first. */
static const struct field {
	const char *key;
	size_t offset;
	bool is_number;
} fields[] = {
#define TEXT(name)                                                                             \
	{                                                                                      \
#name, offsetof(struct mel_fetch_request, name), false                         \
	}
#define NUMBER(name)                                                                           \
	{                                                                                      \
#name, offsetof(struct mel_fetch_request, name), true                          \
	}
	TEXT(url),      TEXT(user),      TEXT(secret),      TEXT(region),
	TEXT(token),    NUMBER(offset),  NUMBER(max_bytes), NUMBER(connect_s),
	NUMBER(idle_s), NUMBER(total_s), NUMBER(tries),     NUMBER(backoff_ms),
};

static const char *const event_word[] = {
	[MEL_FETCH_PROGRESS] = "progress",
	[MEL_FETCH_RETRY] = "retry",
	[MEL_FETCH_DONE] = "done",
	[MEL_FETCH_FAIL] = "fail",
};

static bool is_line(struct mel_slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f)
			return false;
	return s.len > 0;
}

int mel_fetch_request_write(struct mel_buf *out, const struct mel_fetch_request *request,
			    struct mel_err **err)
{
	mel_buf_printf(out, "get %llu\n", (unsigned long long)request->id);
	for (size_t i = 0; i < MEL_COUNTOF(fields); i++) {
		const char *at = (const char *)request + fields[i].offset;

		if (fields[i].is_number) {
			uint64_t number = *(const uint64_t *)(const void *)at;

			mel_buf_printf(out, "%s %llu\n", fields[i].key,
				       (unsigned long long)number);
			continue;
		}

		const char *text = *(const char *const *)(const void *)at;

		if (!text || !*text)
			continue;
		if (!is_line(mel_slice_of(text)))
			return mel_err_set(err, MEL_ERR_INPUT,
					   "the %s of a download holds control characters",
					   fields[i].key);
		mel_buf_printf(out, "%s %s\n", fields[i].key, text);
	}
	return mel_buf_check(out, "request for a download", err);
}

/* Cut "WORD " off *rest. */
static struct mel_slice word(struct mel_slice *rest)
{
	struct mel_slice piece;

	return mel_slice_next(rest, ' ', &piece) ? piece : mel_slice_make("", 0);
}

static int bad(struct mel_err **err)
{
	return mel_err_set(err, MEL_ERR_INPUT, "malformed message");
}

static int parse_field(struct mel_fetch_request *out, struct mel_slice line, unsigned *seen,
		       struct mel_arena *arena, struct mel_err **err)
{
	struct mel_slice key = word(&line);

	for (size_t i = 0; i < MEL_COUNTOF(fields); i++) {
		char *at = (char *)out + fields[i].offset;

		if (!mel_slice_eq_text(key, fields[i].key))
			continue;
		if (*seen >> i & 1 || !is_line(line))
			return bad(err);
		*seen |= 1U << i;
		if (fields[i].is_number)
			return mel_slice_u64(line, (uint64_t *)(void *)at, err);
		*(const char **)(void *)at = mel_arena_slice(arena, line);
		return 0;
	}
	return bad(err);
}

int mel_fetch_request_parse(struct mel_fetch_request *out, struct mel_slice message,
			    struct mel_arena *arena, struct mel_err **err)
{
	struct mel_slice rest = message, line;
	unsigned seen = 0;

	*out = (struct mel_fetch_request){ .url = NULL };
	if (message.len > MEL_FETCH_MESSAGE_MAX || !mel_slice_ends(message, "\n") ||
	    !mel_slice_next(&rest, '\n', &line) || !mel_slice_eq_text(word(&line), "get") ||
	    !line.ptr)
		return bad(err);
	if (mel_slice_u64(line, &out->id, err) < 0)
		return -1;
	while (mel_slice_next(&rest, '\n', &line) && rest.ptr)
		if (parse_field(out, line, &seen, arena, err) < 0)
			return -1;
	return out->url ? 0 : bad(err);
}

void mel_fetch_event_write(struct mel_buf *out, const struct mel_fetch_event *event)
{
	mel_buf_printf(out, "%s %llu %llu", event_word[event->kind],
		       (unsigned long long)event->id, (unsigned long long)event->number);
	if (event->kind == MEL_FETCH_PROGRESS)
		mel_buf_printf(out, " %llu", (unsigned long long)event->total);
	if (event->kind == MEL_FETCH_RETRY || event->kind == MEL_FETCH_FAIL) {
		mel_buf_add_char(out, ' ');
		for (size_t i = 0; i < sizeof(event->text) - 1 && event->text[i]; i++) {
			bool is_plain = event->text[i] >= 0x20 && event->text[i] < 0x7f;

			mel_buf_add_char(out, is_plain ? event->text[i] : '?');
		}
	}
	mel_buf_add_char(out, '\n');
}

static int parse_text(struct mel_fetch_event *out, struct mel_slice rest, struct mel_err **err)
{
	if (!rest.ptr || rest.len >= sizeof(out->text))
		return bad(err);
	for (size_t i = 0; i < rest.len; i++)
		if (rest.ptr[i] < 0x20 || rest.ptr[i] >= 0x7f)
			return bad(err);
	memcpy(out->text, rest.ptr, rest.len);
	out->text[rest.len] = '\0';
	return 0;
}

int mel_fetch_event_parse(struct mel_fetch_event *out, struct mel_slice message,
			  struct mel_err **err)
{
	struct mel_slice rest = message, head;

	*out = (struct mel_fetch_event){ .kind = MEL_FETCH_EVENT_COUNT };
	if (!mel_slice_ends(message, "\n"))
		return bad(err);
	rest.len--;
	head = word(&rest);
	for (unsigned kind = 0; kind < MEL_FETCH_EVENT_COUNT; kind++)
		if (mel_slice_eq_text(head, event_word[kind]))
			out->kind = (enum mel_fetch_event_kind)kind;
	if (out->kind == MEL_FETCH_EVENT_COUNT)
		return bad(err);
	if (mel_slice_u64(word(&rest), &out->id, err) < 0 ||
	    mel_slice_u64(word(&rest), &out->number, err) < 0)
		return -1;
	if (out->kind == MEL_FETCH_PROGRESS)
		return rest.ptr ? mel_slice_u64(rest, &out->total, err) : bad(err);
	if (out->kind == MEL_FETCH_DONE)
		return rest.ptr ? bad(err) : 0;
	return parse_text(out, rest, err);
}
