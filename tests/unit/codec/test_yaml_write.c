/* Written YAML: how texts look, and that everything reads back as it was. */
#include <stdlib.h>
#include <string.h>

#include "codec/yaml.h"
#include "codec/yaml_write.h"
#include "tests/unit/table.h"

static const struct {
	const char *text, *want; /* as the value of a key at the top */
} texts[] = {
	{ "plain", "plain" },
	{ "", "\"\"" },
	{ "1.10", "\"1.10\"" },
	{ "1.2.3", "1.2.3" },
	{ "0644", "\"0644\"" },
	{ "0x1f", "\"0x1f\"" },
	{ "1e3", "\"1e3\"" },
	{ "-1", "\"-1\"" },
	{ "+10", "\"+10\"" },
	{ ".5", "\".5\"" },
	{ "1_000", "\"1_000\"" },
	{ "1:30", "\"1:30\"" },
	{ "2024-01-01", "\"2024-01-01\"" },
	{ "2024-01-01T10:00:00Z", "\"2024-01-01T10:00:00Z\"" },
	{ ".inf", "\".inf\"" },
	{ "true", "\"true\"" },
	{ "Yes", "\"Yes\"" },
	{ "n", "\"n\"" },
	{ "null", "\"null\"" },
	{ "~", "\"~\"" },
	{ "<<", "\"<<\"" },
	{ "x: y", "'x: y'" },
	{ "x:", "'x:'" },
	{ "x:y", "x:y" },
	{ "x #y", "'x #y'" },
	{ "x#y", "x#y" },
	{ "!z", "'!z'" },
	{ "it's", "it's" },
	{ "'q'", "'''q'''" },
	{ "*a", "'*a'" },
	{ "- a", "'- a'" },
	{ "-DX=1", "-DX=1" },
	{ "---", "'---'" },
	{ "@tag https://example.org", "'@tag https://example.org'" },
	{ " x", "' x'" },
	{ "x ", "'x '" },
	{ "a\tb", "\"a\\tb\"" },
	{ "\n", "\"\\n\"" },
	{ "a\r\nb", "\"a\\r\\nb\"" },
	{ "\x01\x7f", "\"\\x01\\x7F\"" },
	{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
	{ "\xef\xbb\xbf"
	  "x",
	  "\"\\uFEFFx\"" },
	{ "\xe2\x80\xa8", "\"\\u2028\"" },
	{ "\xff\xfe", "!!binary \"//4=\"" },
	{ "a\nb", "|-\n  a\n  b" },
	{ "a\nb\n", "|\n  a\n  b" },
	{ "a\n\nb\n\n\n", "|+\n  a\n\n  b\n\n" },
	{ " a\nb\n", "|2\n   a\n  b" },
	{ "\ta\nb\n", "|2\n  \ta\n  b" },
	{ "\na\n", "|2\n\n  a" },
	{ "a\n  ", "\"a\\n  \"" },
	{ "# a\n--- b\n", "|\n  # a\n  --- b" },
};

TABLE_TEST(yaml_write, text, texts)
{
	struct mel_buf got MEL_AUTO_BUF = MEL_BUF_INIT(4096);

	mel_yaml_scalar(&got, mel_slice_of(texts[*row].text), 2);
	cr_assert_str_eq(mel_buf_text(&got), texts[*row].want, "%s", mel_buf_text(&got));
}

/* A mapping with text as key and as value, below lists and mappings. */
static void write_sample(struct mel_buf *out, const char *text)
{
	struct mel_yaml yaml = MEL_YAML_INIT(out);

	mel_yaml_begin(&yaml, '{');
	mel_yaml_key(&yaml, "first");
	mel_yaml_text(&yaml, text);
	mel_yaml_key(&yaml, "list");
	mel_yaml_begin(&yaml, '[');
	mel_yaml_text(&yaml, text);
	mel_yaml_begin(&yaml, '{');
	mel_yaml_key(&yaml, text);
	mel_yaml_text(&yaml, text);
	mel_yaml_key(&yaml, "empty");
	mel_yaml_begin(&yaml, '{');
	mel_yaml_end(&yaml);
	mel_yaml_end(&yaml);
	mel_yaml_begin(&yaml, '[');
	mel_yaml_begin(&yaml, '[');
	mel_yaml_text(&yaml, text);
	mel_yaml_end(&yaml);
	mel_yaml_end(&yaml);
	mel_yaml_begin(&yaml, '[');
	mel_yaml_end(&yaml);
	mel_yaml_end(&yaml);
	mel_yaml_key(&yaml, "last");
	mel_yaml_raw(&yaml, "7");
	mel_yaml_end(&yaml);
}

static void check_text(const struct mel_node *node, const char *want, const char *all)
{
	cr_assert_not_null(node, "%s", all);
	cr_assert_eq(node->kind, MEL_NODE_SCALAR, "%s", all);
	cr_assert_not(node->is_null, "%s", all);
	cr_assert_str_eq(node->text, want, "%s", all);
}

static void check_round_trip(const char *text)
{
	struct mel_arena arena MEL_AUTO_ARENA = { 0 };
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_buf out MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_node *node, *list, *map;

	write_sample(&out, text);
	cr_assert_eq(mel_yaml_parse(&node, &arena, "f", mel_buf_slice(&out), &err), 0, "%s\n%s",
		     err ? err->text : "", mel_buf_text(&out));
	check_text(mel_node_get(node, "first"), text, mel_buf_text(&out));
	list = mel_node_get(node, "list");
	cr_assert_eq(list->len, 4);
	check_text(list->item[0], text, mel_buf_text(&out));
	map = list->item[1];
	cr_assert_eq(map->len, 2);
	cr_assert_str_eq(map->key[0]->text, text, "%s", mel_buf_text(&out));
	cr_assert_not(map->key[0]->is_null);
	check_text(map->item[0], text, mel_buf_text(&out));
	cr_assert_eq(map->item[1]->len, 0);
	check_text(list->item[2]->item[0]->item[0], text, mel_buf_text(&out));
	cr_assert_eq(list->item[3]->len, 0);
	check_text(mel_node_get(node, "last"), "7", mel_buf_text(&out));
}

TABLE_TEST(yaml_write, round_trip, texts)
{
	check_round_trip(texts[*row].text);
}

/* Texts of characters that mean something in YAML. */
Test(yaml_write, round_trip_random, .timeout = 60)
{
	static const char letters[] =
		"aa 0189.-_:#'\"\\|>&*!?[]{},%@`~=<+\t\n\n  \n\r\x01\xc3\xa4\xff";
	unsigned state = 1;

	for (int i = 0; i < 2000; i++) {
		char text[16];
		size_t len = (size_t)(i % 13);

		for (size_t j = 0; j < len; j++) {
			state = state * 1103515245u + 12345u;
			text[j] = letters[(state >> 16) % (sizeof(letters) - 1)];
		}
		text[len] = '\0';
		check_round_trip(text);
	}
}

Test(yaml_write, long_key, .timeout = 10)
{
	char key[3001];

	memset(key, 'k', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	check_round_trip(key);
}
