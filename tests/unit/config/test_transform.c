/* var-transforms: the dialect of patterns, replacing, expanding. */
#include <string.h>

#include "config/transform.h"
#include "tests/unit/table.h"

static const struct {
	const char *match, *text, *replace;
	const char *want; /* NULL: error */
} cases[] = {
	{ "\\.(\\d+)$", "17.0.7.5", "+$1", "17.0.7+5" },
	{ "^(\\d+\\.\\d+)\\.\\d+$", "1.2.3", "$1", "1.2" },
	{ "^(\\d+\\.\\d+)\\.\\d+$", "1.2.3", "$1_x", "" },
	{ "^(\\d+\\.\\d+)\\.\\d+$", "1.2.3", "${1}_x", "1.2_x" },
	{ "^(\\d+\\.\\d+)\\.\\d+$", "1.2.3.4", "$1", "1.2.3.4" },
	{ "\\.", "1.2.3", "", "123" },
	{ "(\\d+)", "1.2", "$$1", "$1.$1" },
	{ "(\\d+)", "1.2", "${1", "${1.${1" },
	{ "(\\d+)", "1.2", "\\1", "\\1.\\1" },
	{ "(\\d+)", "1.2", "$2", "." },
	{ "(?P<maj>\\d+)\\.(\\d+)", "1.2.3", "$maj-${2}", "1-2.3" },
	{ "x*", "abc", "-", "-a-b-c-" },
	{ "a*", "baac", "<$0>", "<>b<aa>c<>" },
	{ "^v?", "1.2", "v", "v1.2" },
	{ "(a)?b", "ab b", "<$1>", "<a> <>" },
	{ "(?i)RC", "1.2rc3", "_rc", "1.2_rc3" },
	{ "a{,3}", "aa", "x", "aa" },
	{ "(a)\\1", "aa", "x", NULL },
	{ "a(?=b)", "ab", "x", NULL },
	{ "a++", "aa", "x", NULL },
	{ "\\d{1,1001}", "1", "x", NULL },
	{ "\\Z", "a", "x", NULL },
	/* escapes */
	{ "\\x41\\x{42}\\103\\0", "ABC", "x", "ABC" },
	{ "\\x41\\x{42}\\103", "ABC", "x", "x" },
	{ "\\101", "A", "x", "x" },
	{ "\\_\\ \\-", "_ -", "x", "x" },
	{ "\\Qa.b\\E+", "a.bb a.b axb", "x", "x x axb" },
	{ "\\Qa.", "a. ab", "x", "x ab" },
	{ "\\pL+",
	  "a\xc3\xa9"
	  "1",
	  "x", "x1" },
	{ "\\p{Greek}", "a\xce\xb1", "x", "ax" },
	{ "\\p{^L}", "a1", "x", "ax" },
	{ "\\p{Xan}", "a", "x", NULL },
	{ "\\K", "a", "x", NULL },
	{ "\\e", "a", "x", NULL },
	{ "\\h", "a", "x", NULL },
	{ "\\c", "a", "x", NULL },
	{ "\\G", "a", "x", NULL },
	{ "\\R", "a", "x", NULL },
	{ "\\xg0", "a", "x", NULL },
	{ "\\x{110000}", "a", "x", NULL },
	{ "\\\xc3\xa9", "a", "x", NULL },
	{ "a\\", "a", "x", NULL },
	{ "\\s", "a\vb\tc", "x", "a\vbxc" },
	{ "\\S", "\v \t", "x", "x \t" },
	{ "[[:space:]]", "a\vb", "x", "axb" },
	{ "[^\\S]", "a\v ", "x", "a\vx" },
	{ "\\bfoo\\B", "foo food", "x", "foo xd" },
	{ "\\w+", "h\xc3\xa9", "x", "x\xc3\xa9" },
	/* groups */
	{ "(?<n>a)", "a", "<$n>", "<a>" },
	{ "(?P<1a>b)", "b", "<${1a}>", "<b>" },
	{ "(?P<n>a)|(?P<n>b)", "ab", "<$n>", "<a><b>" },
	{ "(?:a|b)c", "ac bc", "x", "x x" },
	{ "(?i-s:A)b", "ab aB", "x", "x aB" },
	{ "(?s).+", "a\nb", "x", "x" },
	{ ".+", "a\nb", "x", "x\nx" },
	{ "(?m)^", "a\nb\n", ">", ">a\n>b\n>" },
	{ "(?m)$", "a\nb", "<", "a<\nb<" },
	{ "a$", "a\n", "x", "a\n" },
	{ "(?U)a+", "aa", "x", "xx" },
	{ "()", "a", "x", "xax" },
	{ "(?)a", "a", "x", "x" },
	{ "(?-)a", "a", "x", NULL },
	{ "(?x)a", "a", "x", NULL },
	{ "(?^)a", "a", "x", NULL },
	{ "(?#c)a", "a", "x", NULL },
	{ "(?>a)", "a", "x", NULL },
	{ "(?|a)", "a", "x", NULL },
	{ "(?!a)", "a", "x", NULL },
	{ "(?<=a)", "a", "x", NULL },
	{ "(?<!a)", "a", "x", NULL },
	{ "(?'n'a)", "a", "x", NULL },
	{ "(?P=n)", "a", "x", NULL },
	{ "(?P>n)", "a", "x", NULL },
	{ "(?R)", "a", "x", NULL },
	{ "(?1)", "a", "x", NULL },
	{ "(?(1)a)", "a", "x", NULL },
	{ "(*UTF8)a", "a", "x", NULL },
	{ "(?P<>a)", "a", "x", NULL },
	{ "(a", "a", "x", NULL },
	{ "a)", "a", "x", NULL },
	/* repetition */
	{ "a**", "aa", "x", NULL },
	{ "a*+", "aa", "x", NULL },
	{ "a{2}{3}", "aa", "x", NULL },
	{ "a{2}?", "aaa", "x", "xa" },
	{ "a+?", "aa", "x", "xx" },
	{ "*a", "a", "x", NULL },
	{ "(*)", "a", "x", NULL },
	{ "a|*", "a", "x", NULL },
	{ "^*a", "a", "x", "x" },
	{ "a$+", "a", "x", "x" },
	{ "\\b+a", "a", "x", "x" },
	{ "a{x}", "a{x}", "y", "y" },
	{ "a{", "a{", "y", "y" },
	{ "a{01}", "a{01}", "y", "y" },
	{ "a{2,1}", "a", "y", NULL },
	{ "a{1000}", "a", "y", "a" },
	{ "a{1001}", "a", "y", NULL },
	{ "a{99999999999}", "a", "y", NULL },
	{ "(a{40}){40}", "a", "y", NULL },
	{ "(a{30}){30}", "a", "y", "a" },
	{ "((a{10}|b){10}c){11}", "a", "y", NULL },
	{ "a{2,}", "aaa a", "y", "y a" },
	/* classes */
	{ "[]a]", "]a", "x", "xx" },
	{ "[^]a]", "]ab", "x", "]ax" },
	{ "[a-c-e]", "b-ed", "x", "xxxd" },
	{ "[a-]", "a-", "x", "xx" },
	{ "[-a]", "a-", "x", "xx" },
	{ "[[:alpha:]_]+", "ab_1", "x", "x1" },
	{ "[[:^alpha:]]", "a1", "x", "ax" },
	{ "[[:nope:]]", "a", "x", NULL },
	{ "[[:al]", "l[:", "x", "xxx" },
	{ "[:alpha:]", "a:z", "x", "xxz" },
	{ "[a-\\d]", "a", "x", NULL },
	{ "[\\d-a]", "1-a", "x", "xxx" },
	{ "[z-a]", "a", "x", NULL },
	{ "[\\b]", "a", "x", NULL },
	{ "[\\]\\\\]", "]\\", "x", "xx" },
	{ "[\\.-]", ".-", "x", "xx" },
	{ "[a", "a", "x", NULL },
	{ "[", "a", "x", NULL },
	{ "[\xc3\xa0-\xc3\xbf]", "\xc3\xa9", "x", "x" },
	{ "[[.a.]]", ".]", "x", "x" },
	{ "[a&&b]", "&", "x", "x" },
	/* expansion */
	{ "(a)(b)", "ab", "$2$1", "ba" },
	{ "(a)(b)", "ab", "$01", "" },
	{ "(a)", "a", "$", "$" },
	{ "(a)", "a", "$-${}$ {1}", "$-${}$ {1}" },
	{ "(a)", "a", "&", "&" },
	{ "(a)", "a", "$1\xc3\xa9", "" },
	{ "(a)", "a", "$99999999999999999999999", "" },
	{ "e",
	  "\xc3\xa9"
	  "e",
	  "", "\xc3\xa9" },
	{ "", "\xc3\xa9", "-", "-\xc3\xa9-" },
};

TABLE_TEST(transform, replace, cases)
{
	MEL_AUTO_ARENA struct mel_arena arena = { 0 };
	MEL_AUTO_ERR struct mel_err *err = NULL;
	const char *got = NULL;
	int status = mel_transform(&got, &arena, cases[*row].match, cases[*row].text,
				   cases[*row].replace, &err);

	if (!cases[*row].want) {
		cr_assert_eq(status, -1, "`%s` gives '%s'", cases[*row].match, got);
		cr_assert(strstr(err->text, "string does not compile into a regex"), "%s",
			  err->text);
		return;
	}
	cr_assert_eq(status, 0, "%s", err ? err->text : "");
	cr_assert_str_eq(got, cases[*row].want, "`%s`: got '%s'", cases[*row].match, got);
}

Test(transform, time, .timeout = 20)
{
	MEL_AUTO_ARENA struct mel_arena arena = { 0 };
	MEL_AUTO_ERR struct mel_err *err = NULL;
	const char *got = NULL;

	/* Exponential for a backtracking matcher: an answer or a limit, but soon. */
	if (mel_transform(&got, &arena, "(a*)*(a*)*b",
			  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac", "x", &err) < 0)
		cr_assert_eq(err->kind, MEL_ERR_LIMIT);
}

Test(transform, not_utf8, .timeout = 10)
{
	MEL_AUTO_ARENA struct mel_arena arena = { 0 };
	MEL_AUTO_ERR struct mel_err *err = NULL;
	const char *got = NULL;

	cr_assert_eq(mel_transform(&got, &arena, "a", "\xff", "x", &err), -1);
	cr_assert_eq(mel_transform(&got, &arena, "a\xff", "b", "x", &err), -1);
}
