/* JSON writer: see json.h. */
#include "codec/json.h"

#include <stdio.h>

#include "codec/utf8.h"

static void break_line(struct mel_json *json)
{
	if (json->is_compact)
		return;
	mel_buf_add_char(json->out, '\n');
	for (unsigned i = 0; i < json->depth; i++)
		mel_buf_add_text(json->out, "  ");
}

/* Comma and line in front of a key, or of a value that has none. */
static void begin_item(struct mel_json *json)
{
	if (json->has_key) {
		json->has_key = false;
		return;
	}
	if (json->has_item)
		mel_buf_add_char(json->out, ',');
	if (json->depth)
		break_line(json);
	json->has_item = true;
}

void mel_json_begin(struct mel_json *json, char open)
{
	begin_item(json);
	mel_buf_add_char(json->out, open);
	json->depth++;
	json->has_item = false;
}

void mel_json_end(struct mel_json *json, char close)
{
	json->depth--;
	if (json->has_item)
		break_line(json);
	mel_buf_add_char(json->out, close);
	json->has_item = true;
}

void mel_json_key(struct mel_json *json, const char *key)
{
	begin_item(json);
	mel_json_quote(json->out, mel_slice_of(key));
	mel_buf_add_text(json->out, json->is_compact ? ":" : ": ");
	json->has_key = true;
}

void mel_json_slice(struct mel_json *json, struct mel_slice value)
{
	begin_item(json);
	mel_json_quote(json->out, value);
}

void mel_json_text(struct mel_json *json, const char *value)
{
	mel_json_slice(json, mel_slice_of(value));
}

void mel_json_int(struct mel_json *json, int64_t value)
{
	begin_item(json);
	mel_buf_printf(json->out, "%lld", (long long)value);
}

void mel_json_bool(struct mel_json *json, bool value)
{
	begin_item(json);
	mel_buf_add_text(json->out, value ? "true" : "false");
}

void mel_json_raw(struct mel_json *json, const char *value)
{
	begin_item(json);
	mel_buf_add_text(json->out, value);
}

void mel_json_pair(struct mel_json *json, const char *key, const char *value)
{
	mel_json_key(json, key);
	mel_json_text(json, value);
}

void mel_json_pair_if(struct mel_json *json, const char *key, const char *value)
{
	if (value && *value)
		mel_json_pair(json, key, value);
}

/* The two-character escape of c, NULL when it has none. */
static const char *short_escape(unsigned c)
{
	static const char *const escape[0x80] = {
		['\b'] = "\\b", ['\f'] = "\\f", ['\n'] = "\\n",  ['\r'] = "\\r",
		['\t'] = "\\t", ['"'] = "\\\"", ['\\'] = "\\\\",
	};

	return c < 0x80 ? escape[c] : NULL;
}

static bool needs_code(unsigned c)
{
	return c < 0x20 || c == '<' || c == '>' || c == '&' || c == 0x2028 || c == 0x2029;
}

void mel_json_quote(struct mel_buf *out, struct mel_slice text)
{
	mel_buf_add_char(out, '"');
	while (text.len) {
		unsigned code = 0;
		size_t len = mel_utf8_decode(text, &code);

		if (len == 0) {
			mel_buf_add_text(out, "\\ufffd");
			len = 1;
		} else if (short_escape(code)) {
			mel_buf_add_text(out, short_escape(code));
		} else if (needs_code(code)) {
			mel_buf_printf(out, "\\u%04x", code);
		} else {
			mel_buf_add(out, text.ptr, len);
		}
		text = mel_slice_make(text.ptr + len, text.len - len);
	}
	mel_buf_add_char(out, '"');
}
