/* Files of environment variables. */
#include <string.h>

#include "base/buf.h"
#include "config/envfile.h"
#include "tests/unit/table.h"

static const struct {
	const char *text;
	const char *want;  /* "NAME=value|NAME=value", NULL: error */
	const char *words; /* in the error */
} cases[] = {
	{ "A = 1 ", "A=1", NULL },
	{ "export A=1", "A=1", NULL },
	{ "A: 1", "A=1", NULL },
	{ "A=a#b # c", "A=a#b", NULL },
	{ "A=#c", "A=#c", NULL },
	{ "B=q\nA=\"x $B ${B}$C\"", "B=q|A=x q q", NULL },
	{ "B=q\nA='x $B'", "B=q|A=x $B", NULL },
	{ "A=\\$B", "A=$B", NULL },
	{ "A=\"a\\nb\\tc\"", "A=a\nbtc", NULL },
	{ "A=a\\nb", "A=a\\nb", NULL },
	{ "A=\"1\"B=2", NULL, "f:1:6: text behind the closing quote" },
	{ "A-B=1", NULL, "f:1:2: unexpected character \"-\" in variable name near \"A-B=1\"" },
	{ "A=\"x", NULL, "f:1:3: unterminated quoted value" },
	{ "A B=1", NULL, "unexpected character \"B\"" },
	{ "=x", NULL, "without a name" },
	{ "\nword", NULL, "f:2:5: 'word' has no value" },
	{ "A=1\r\nB=2\r\n", "A=1|B=2", NULL },
	{ "# c\n\n  # d\nA=1", "A=1", NULL },
	{ "A=a # b # c", "A=a # b", NULL },
	{ "A=", "A=", NULL },
	{ "A=\nB=1", "A=|B=1", NULL },
	{ "A='it\\'s'", "A=it\\'s", NULL },
	{ "A='a\\b'", "A=a\\b", NULL },
	{ "A=\"a\nb\"\nC=1", "A=a\nb|C=1", NULL },
	{ "A=\"say \\\"x\\\"\"", "A=say \"x\"", NULL },
	{ "A=\"x\" # text", "A=x", NULL },
	{ "A=\"\\$HOME\"", "A=$HOME", NULL },
	{ "B=1\nA=$(B) $b ${b} ${B", "B=1|A=$(B) $b ${b} ${B", NULL },
	{ "A=1\nA=2", "A=2", NULL },
	{ "export\tA=1", "A=1", NULL },
	{ "exportA=1", "exportA=1", NULL },
	{ "a.b_C1=x", "a.b_C1=x", NULL },
	{ "A=x\ty", "A=x\ty", NULL },
};

TABLE_TEST(envfile, parse, cases)
{
	MEL_AUTO_ARENA struct mel_arena arena = { 0 };
	MEL_AUTO_MAP struct mel_map map = { 0 };
	MEL_AUTO_ERR struct mel_err *err = NULL;
	struct mel_buf got MEL_AUTO_BUF = MEL_BUF_INIT(4096);
	int status = mel_envfile_parse(&map, &arena, "f", mel_slice_of(cases[*row].text), &err);

	if (!cases[*row].want) {
		cr_assert_eq(status, -1, "%s", cases[*row].text);
		cr_assert(strstr(err->text, cases[*row].words), "%s", err->text);
		return;
	}
	cr_assert_eq(status, 0, "%s", err ? err->text : "");
	for (size_t i = 0; i < map.len; i++)
		mel_buf_printf(&got, "%s%s=%s", i ? "|" : "", map.entry[i].key,
			       (const char *)map.entry[i].value);
	cr_assert_str_eq(mel_buf_text(&got), cases[*row].want);
}

Test(envfile, nul, .timeout = 10)
{
	MEL_AUTO_ARENA struct mel_arena arena = { 0 };
	MEL_AUTO_MAP struct mel_map map = { 0 };
	MEL_AUTO_ERR struct mel_err *err = NULL;

	cr_assert_eq(mel_envfile_parse(&map, &arena, "f", mel_slice_make("A=\0", 3), &err), -1);
	cr_assert(strstr(err->text, "NUL"));
}
