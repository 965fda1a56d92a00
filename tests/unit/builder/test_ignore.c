/* Patterns of .melangeignore mean what gitignore(5) says. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#include "builder/ignore.h"
#include "tests/unit/table.h"

static const struct {
	const char *rules, *path;
	bool is_dir, want;
} cases[] = {
	{ "", "a", false, false },
	{ "a", "a", false, true },
	{ "a", "b/a", false, true },
	{ "a", "ab", false, false },
	{ "a", "b/c/a", true, true },
	{ "/a", "a", false, true },
	{ "/a", "b/a", false, false },
	{ "b/a", "b/a", false, true },
	{ "b/a", "c/b/a", false, false },
	{ "/b/a", "b/a", false, true },
	{ "a/", "a", true, true },
	{ "a/", "a", false, false },
	{ "a/", "b/a", true, true },
	{ "b/a/", "b/a", true, true },
	{ "b/a/", "c/b/a", true, false },
	{ "*.o", "x.o", false, true },
	{ "*.o", "d/x.o", false, true },
	{ "*.o", "x.oo", false, false },
	{ "*", ".hidden", false, true },
	{ "*.o", ".o", false, true },
	{ "?.c", "a.c", false, true },
	{ "?.c", "ab.c", false, false },
	{ "[a-c].c", "b.c", false, true },
	{ "[!a-c].c", "b.c", false, false },
	{ "[!a-c].c", "d.c", false, true },
	{ "d/*.c", "d/x.c", false, true },
	{ "d/*.c", "d/e/x.c", false, false },
	{ "/*.c", "x.c", false, true },
	{ "/*.c", "d/x.c", false, false },
	{ "**/x", "x", false, true },
	{ "**/x", "a/b/x", false, true },
	{ "**/d/x", "d/x", false, true },
	{ "**/d/x", "a/b/d/x", false, true },
	{ "d/**", "d/x", false, true },
	{ "d/**", "d/e/x", false, true },
	{ "d/**", "d", true, false },
	{ "d/**/x", "d/x", false, true },
	{ "d/**/x", "d/a/b/x", false, true },
	{ "d/**/x", "d/a/b/y", false, false },
	{ "a/**/b/**/c", "a/b/c", false, true },
	{ "a/**/b/**/c", "a/x/b/y/z/c", false, true },
	{ "a/**/b/**/c", "a/x/y/z/c", false, false },
	{ "*.o\n!keep.o", "keep.o", false, false },
	{ "*.o\n!keep.o", "other.o", false, true },
	{ "!keep.o\n*.o", "keep.o", false, true },
	{ "*\n!*.c\nx.c", "x.c", false, true },
	{ "# a", "# a", false, false },
	{ "\\# a", "# a", false, true },
	{ "\\!a", "!a", false, true },
	{ "!a", "!a", false, false },
	{ "a  ", "a", false, true },
	{ "a\\ ", "a ", false, true },
	{ "a\r\nb\r\n", "a", false, true },
	{ "a\r\nb\r\n", "b", false, true },
	{ "\xef\xbb\xbf"
	  "a",
	  "a", false, true },
	{ "\n\n/\n", "a", false, false },
	{ "no newline", "no newline", false, true },
	{ "\\*.c", "*.c", false, true },
	{ "\\*.c", "x.c", false, false },
};

TABLE_PARAMETERS(ignore, match, cases)

ParameterizedTest(const size_t *i, ignore, match, .timeout = 5)
{
	struct mel_ignore ignore MEL_AUTO_IGNORE = { 0 };

	mel_ignore_parse(&ignore, cases[*i].rules, strlen(cases[*i].rules));
	cr_assert_eq(mel_ignore_match(&ignore, cases[*i].path, cases[*i].is_dir),
		     cases[*i].want, "'%s' and '%s'", cases[*i].rules, cases[*i].path);
}

/* Patterns of strangers must not take for ever. */
Test(ignore, hostile, .timeout = 10)
{
	struct mel_ignore ignore MEL_AUTO_IGNORE = { 0 };
	char rule[4096] = "", path[4096] = "";

	for (size_t i = 0; i < 300; i++) {
		strcat(rule, "**/a/");
		strcat(path, "a/");
	}
	strcat(rule, "b");
	strcat(path, "c");
	mel_ignore_parse(&ignore, rule, strlen(rule));
	cr_assert_not(mel_ignore_match(&ignore, path, false));
}
