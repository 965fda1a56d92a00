/* Splitting a text into words by a shell's quoting, without executing anything. */
#include "guest/words.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name, *text;
	const char *want; /* words joined by '|'; NULL: refused */
} cases[] = {
	{ "nothing", "", "" },
	{ "blanks only", " \t\n ", "" },
	{ "words", " --a  b\n\tc ", "--a|b|c" },
	{ "joined lines", "--a \\\n  --b \\\n", "--a|--b" },
	{ "joined inside a word", "a\\\nb", "ab" },
	{ "a backslash at the end", "a \\", "a" },
	{ "single quotes", "x='a b' 'c'd", "x=a b|cd" },
	{ "double quotes", "\"a  b\"\"c\"", "a  bc" },
	{ "empty words", "'' \"\" a''", "||a" },
	{ "escapes in double quotes", "\"\\$X \\\" \\\\ \\n\"", "$X \" \\ \\n" },
	{ "escaped blank", "a\\ b c", "a b|c" },
	{ "comment", "a # b 'c\nd", "a|d" },
	{ "no comment inside a word", "a#b", "a#b" },
	{ "variable, split", "-$V-", "-one|two-" },
	{ "variable, quoted", "\"-$V-\"", "-one  two-" },
	{ "variable in braces", "${V}x", "one|twox" },
	{ "unset variable", "a $UNSET_HERE b", "a|b" },
	{ "unset variable, quoted", "a=\"$UNSET_HERE\"", "a=" },
	{ "no name behind $", "a$ $1 $=", "a$|$1|$=" },
	{ "no names of files", "* [a-z]?", "*|[a-z]?" },
	{ "quoted operators", "'a;b' \"c|d\" \\&", "a;b|c|d|&" },
	{ "value or another", "${V:-x} ${UNSET_HERE:-a b}", "one|two|a|b" },
	{ "text if there is a value", "a${V:+ -d@${V}} ${UNSET_HERE:+x}", "a|-d@one|two" },
	{ "choice, quoted", "\"${UNSET_HERE:-a  b}\"", "a  b" },
	{ "harmless command", "x=$(echo 'a  b' ')')", "x=a|b|)" },
	{ "harmless command, quoted", "\"x=$(echo \"a  b\")\"", "x=a  b" },
	{ "command in a command", "$(basename /x/$(echo y))", "y" },
	{ "command without errors", "a$(cat /absent 2>/dev/null)", "a" },
	{ "command", "a $(id)", NULL },
	{ "command in double quotes", "\"$(id)\"", NULL },
	{ "back-quotes", "`id`", NULL },
	{ "back-quotes in double quotes", "\"`id`\"", NULL },
	{ "command in a choice", "${V:+$(id)}", NULL },
	{ "git that writes", "$(git commit -m x)", NULL },
	{ "git with a setting", "$(git -c alias.x=!id x)", NULL },
	{ "two commands", "$(echo a; id)", NULL },
	{ "open command", "$(echo a", NULL },
	{ "another choice", "${V%x}", NULL },
	{ "open choice", "${V:-x", NULL },
	{ "too deep",
	  "$(echo $(echo $(echo $(echo $(echo $(echo $(echo $(echo $(echo x)))))))))", NULL },
	{ "empty braces", "${}", NULL },
	{ "second command", "a; id", NULL },
	{ "pipe", "a | id", NULL },
	{ "redirection", "a >f", NULL },
	{ "subshell", "(id)", NULL },
	{ "open single quote", "'a", NULL },
	{ "open double quote", "\"a", NULL },
};

static const struct {
	const char *name, *text;
	const char *want; /* NULL: refused */
} text_cases[] = {
	{ "nothing", "", "" },
	{ "blanks stay", " -X  a=b\n", " -X  a=b\n" },
	{ "single quotes stay", "-X 'a=$V'", "-X 'a=one  two'" },
	{ "double quotes go", "-X a=\"$(echo \"b c\")\" d", "-X a=b c d" },
	{ "escapes", "\\\" \\$V \\x", "\" $V \\x" },
	{ "operators", "a; id | b >c", "a; id | b >c" },
	{ "commands", "$(echo b c) ${V:+-d@$V}", "b c -d@one  two" },
	{ "refused command", "$(touch x)", NULL },
	{ "back-quotes", "`id`", NULL },
};

ParameterizedTestParameters(words, text)
{
	static size_t index[MEL_COUNT(text_cases)];

	for (size_t i = 0; i < MEL_COUNT(text_cases); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, MEL_COUNT(text_cases));
}

ParameterizedTest(const size_t *i, words, text, .timeout = 5)
{
	MEL_HELPER_LIST struct mel_helper_list list = { 0 };
	const char *why = NULL;
	int result;

	setenv("V", "one  two", 1);
	unsetenv("UNSET_HERE");
	result = mel_helper_text(&list, text_cases[*i].text, &why);
	if (!text_cases[*i].want) {
		cr_assert_eq(result, -1, "%s: not refused", text_cases[*i].name);
		cr_assert(why && *why, "%s: no reason", text_cases[*i].name);
		return;
	}
	cr_assert_eq(result, 0, "%s: refused: %s", text_cases[*i].name, why ? why : "");
	cr_assert_eq(list.len, 1, "%s: not one word", text_cases[*i].name);
	cr_assert_str_eq(list.item[0], text_cases[*i].want, "%s: got '%s'", text_cases[*i].name,
			 list.item[0]);
}

ParameterizedTestParameters(words, split)
{
	static size_t index[MEL_COUNT(cases)];

	for (size_t i = 0; i < MEL_COUNT(cases); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, MEL_COUNT(cases));
}

static char *join(const struct mel_helper_list *list)
{
	char *joined = mel_helper_copy("", 0);

	for (size_t i = 0; i < list->len; i++) {
		char *longer = mel_helper_format("%s%s%s", joined, i ? "|" : "", list->item[i]);

		free(joined);
		joined = longer;
	}
	return joined;
}

ParameterizedTest(const size_t *i, words, split, .timeout = 5)
{
	MEL_HELPER_LIST struct mel_helper_list list = { 0 };
	MEL_HELPER_FREE char *got = NULL;
	const char *why = NULL;
	int result;

	setenv("V", "one  two", 1);
	unsetenv("UNSET_HERE");
	result = mel_helper_words(&list, cases[*i].text, &why);
	if (!cases[*i].want) {
		cr_assert_eq(result, -1, "%s: not refused", cases[*i].name);
		cr_assert(why && *why, "%s: no reason", cases[*i].name);
		return;
	}
	got = join(&list);
	cr_assert_eq(result, 0, "%s: refused: %s", cases[*i].name, why ? why : "");
	cr_assert_str_eq(got, cases[*i].want, "%s: got '%s'", cases[*i].name, got);
}
