/* The JSON writer's bytes. */
#include "base/buf.h"
#include "codec/json.h"
#include "tests/unit/table.h"

static const struct {
	const char *text;
	size_t len;
	const char *want;
} quoted[] = {
	{ "plain", 5, "\"plain\"" },
	{ "a\"b\\c", 5, "\"a\\\"b\\\\c\"" },
	{ "\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\"" },
	{ "\0\x1f\x7f", 3, "\"\\u0000\\u001f\x7f\"" },
	{ "<a>&'/", 6, "\"\\u003ca\\u003e\\u0026'/\"" },
	{ "caf\xc3\xa9 \xf0\x9f\x98\x80", 10, "\"caf\xc3\xa9 \xf0\x9f\x98\x80\"" },
	{ "\xe2\x80\xa8\xe2\x80\xa9", 6, "\"\\u2028\\u2029\"" },
	{ "\xff", 1, "\"\\ufffd\"" },
	{ "\xc3", 1, "\"\\ufffd\"" },
	{ "\xc3(", 2, "\"\\ufffd(\"" },
	{ "\xc0\x80", 2, "\"\\ufffd\\ufffd\"" },                       /* overlong */
	{ "\xed\xa0\x80", 3, "\"\\ufffd\\ufffd\\ufffd\"" },            /* surrogate */
	{ "\xf4\x90\x80\x80", 4, "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" }, /* too large */
};

TABLE_TEST(json, quote, quoted)
{
	struct mel_buf out MEL_AUTO_BUF = MEL_BUF_INIT(1000);

	mel_json_quote(&out, mel_slice_make(quoted[*row].text, quoted[*row].len));
	cr_assert_str_eq(mel_buf_text(&out), quoted[*row].want);
}

static void write_sample(struct mel_buf *out, bool is_compact)
{
	struct mel_json json = MEL_JSON_INIT(out);

	json.is_compact = is_compact;
	mel_json_begin(&json, '{');
	mel_json_pair(&json, "name", "a&b");
	mel_json_pair_if(&json, "left out", "");
	mel_json_pair_if(&json, "left out", NULL);
	mel_json_key(&json, "list");
	mel_json_begin(&json, '[');
	mel_json_int(&json, -7);
	mel_json_bool(&json, true);
	mel_json_begin(&json, '{');
	mel_json_end(&json, '}');
	mel_json_begin(&json, '[');
	mel_json_end(&json, ']');
	mel_json_end(&json, ']');
	mel_json_pair(&json, "last", "");
	mel_json_end(&json, '}');
}

Test(json, indented, .timeout = 5)
{
	struct mel_buf out MEL_AUTO_BUF = MEL_BUF_INIT(1000);

	write_sample(&out, false);
	cr_assert_str_eq(mel_buf_text(&out), "{\n"
					     "  \"name\": \"a\\u0026b\",\n"
					     "  \"list\": [\n"
					     "    -7,\n"
					     "    true,\n"
					     "    {},\n"
					     "    []\n"
					     "  ],\n"
					     "  \"last\": \"\"\n"
					     "}");
}

Test(json, compact, .timeout = 5)
{
	struct mel_buf out MEL_AUTO_BUF = MEL_BUF_INIT(1000);

	write_sample(&out, true);
	cr_assert_str_eq(mel_buf_text(&out),
			 "{\"name\":\"a\\u0026b\",\"list\":[-7,true,{},[]],\"last\":\"\"}");
}
