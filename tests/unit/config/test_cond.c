/* Conditions: what they give, and where they are wrong. */
#include <string.h>

#include "config/cond.h"
#include "tests/unit/table.h"

/* What is expected: a value, or an error that holds this text. */
static const struct {
	const char *text;
	int want; /* -1: error */
	const char *words;
} cases[] = {
	{ "'a' == 'a'", 1, NULL },
	{ "\"a\"=='a'&&'b'!=\"c\"", 1, NULL },
	{ "'1.10' == '1.1'", 0, NULL },
	{ "'A' == 'a'", 0, NULL },
	{ "'a' == 'a' || 'b' == 'c' && 'd' == 'e'", 0, NULL },
	{ "'a' == 'b' && 'c' == 'd' || 'e' == 'e'", 1, NULL },
	{ "'a' == 'a' || ('b' == 'c' && 'd' == 'e')", 1, NULL },
	{ "(('a' == 'a'))", 1, NULL },
	{ "'it\\'s' == \"it's\"", 1, NULL },
	{ "'\\q' != 'q'", 1, NULL },
	{ "'a' == 'a' || bogus", -1, "unexpected character 'b' at position 14" },
	{ "!('a' == 'b')", -1, "unexpected character '!' at position 0" },
	{ "true", -1, "unexpected character 't' at position 0" },
	{ "'a'", -1, "expected comparison operator at position 3" },
	{ "'1' < '2'", -1, "expected '==' or '!=' at position 4, got \"< \"" },
	{ "'a' === 'a'", -1, "unexpected character '=' at position 6" },
	{ "'a' == 'a' )", -1, "unexpected trailing input at position 11: \")\"" },
	{ "('a' == 'a'", -1, "expected ')' at position 11" },
	{ "'a' == 'a' &&", -1, "unexpected end of input at position 13" },
	{ "'a' & 'b'", -1, "expected '==' or '!=' at position 4, got \"& \"" },
	{ "'abc", -1, "unterminated string literal at position 4" },
	{ "${{}} == ''", -1, "empty variable name at position 3" },
	{ " ", -1, "unexpected end of input at position 1" },
	{ "", -1, "unexpected end of input at position 0" },
	/* references */
	{ "${{v}} == 'x y'", 1, NULL },
	{ "${{ v }} == \"x y\"", 1, NULL },
	{ "'${{v}}' == 'x y'", 1, NULL },
	{ "\"-${{ v }}-\" == '-x y-'", 1, NULL },
	{ "${{quotes}} == 'a\\'b\"c'", 1, NULL },
	{ "'${{quotes}}' == ${{quotes}}", 1, NULL },
	{ "${{expr}} == 'x'", 0, NULL },
	{ "'${{ref}}' == '$' || ${{ref}} == 'x y'", 0, NULL },
	{ "${{empty}} == ''", 1, NULL },
	{ "${{nope}} == ''", -1, "variable nope not defined" },
	{ "'a' == 'a' || '${{nope}}' == ''", -1, "variable nope not defined" },
	{ "${{a b}} == ''", -1,
	  "unterminated variable reference \"a\" at position 0: expected \"}}\" at position "
	  "5" },
	{ "${{v", -1, "unterminated variable reference \"v\"" },
	{ "'a\\nb\\tc' == 'a\nb\tc'", 1, NULL },
	{ "'a'\n==\t'a'\r\n", 1, NULL },
	{ "'a' =", -1, "expected comparison operator at position 4" },
	{ "'a\\", -1, "unterminated string literal" },
	{ "'a' == 'a' && \001", -1, "unexpected character '\\x01' at position 14" },
};

static void fill(struct mel_scope *scope)
{
	mel_scope_set(scope, "v", "x y");
	mel_scope_set(scope, "quotes", "a'b\"c");
	mel_scope_set(scope, "expr", "'x' == 'x' || 'x'");
	mel_scope_set(scope, "ref", "${{v}}");
	mel_scope_set(scope, "empty", "");
	mel_scope_set(scope, "n", "nasty");
	mel_scope_set(scope, "slash", "a\\nb'");
}

TABLE_TEST(cond, eval, cases)
{
	MEL_AUTO_ARENA struct mel_arena arena = { 0 };
	MEL_AUTO_SCOPE struct mel_scope scope = { 0 };
	MEL_AUTO_ERR struct mel_err *err = NULL;
	struct mel_cond_result got = { 0 };
	int status;

	fill(&scope);
	status = mel_cond_eval(&got, &arena, cases[*row].text, &scope, NULL, &err);
	if (cases[*row].want < 0) {
		cr_assert_eq(status, -1, "%s", cases[*row].text);
		cr_assert(strstr(err->text, cases[*row].words), "%s", err->text);
	} else {
		cr_assert_eq(status, 0, "%s: %s", cases[*row].text, err ? err->text : "");
		cr_assert_eq(got.value, cases[*row].want, "%s", cases[*row].text);
	}
}

static const struct {
	const char *text, *want; /* want NULL: nothing to say */
} readings[] = {
	{ "'a' == 'a' || 'b' == 'c'", NULL },
	{ "'a' == 'a' || ('b' == 'c' && 'd' == 'e')", NULL },
	{ "'a' == 'a' || 'b' == 'c' && 'd' == 'e'",
	  "('a' == 'a' || 'b' == 'c') && 'd' == 'e'" },
	{ "'a'=='a'&&('b'=='c')||'d'=='e'&&'f'=='f'",
	  "(('a'=='a' && ('b'=='c')) || 'd'=='e') && 'f'=='f'" },
};

TABLE_TEST(cond, mixed, readings)
{
	MEL_AUTO_ARENA struct mel_arena arena = { 0 };
	MEL_AUTO_ERR struct mel_err *err = NULL;
	struct mel_cond_result got = { 0 };

	cr_assert_eq(mel_cond_eval(&got, &arena, readings[*row].text, NULL, NULL, &err), 0);
	if (readings[*row].want)
		cr_assert_str_eq(got.reading, readings[*row].want);
	else
		cr_assert_null(got.reading);
}

/* Binding early and evaluating later gives what evaluating at once gives. */
static const struct {
	const char *text, *bound;
} binds[] = {
	{ "'a' == 'a'", "'a' == 'a'" },
	{ "${{v}} == 'x y'", "'x y' == 'x y'" },
	{ "'-${{ v }}-' == \"-x y-\"", "'-x y-' == \"-x y-\"" },
	{ "${{quotes}} == '${{quotes}}'", "'a\\'b\"c' == 'a\\'b\"c'" },
	{ "\"${{quotes}}\" == ${{quotes}}", "\"a'b\\\"c\" == 'a\\'b\"c'" },
	{ "${{slash}} == '${{slash}}'", "'a\\\\nb\\'' == 'a\\\\nb\\''" },
	{ "'\\${{n}}' == 'x'", "'\\\\nasty' == 'x'" },
	{ "'\\\\${{n}}' == 'x'", "'\\\\nasty' == 'x'" },
	{ "${{later}} == '\\'${{later}}'", "${{later}} == '\\'${{later}}'" },
};

TABLE_TEST(cond, bind, binds)
{
	MEL_AUTO_ARENA struct mel_arena arena = { 0 };
	MEL_AUTO_SCOPE struct mel_scope scope = { 0 };

	fill(&scope);
	cr_assert_str_eq(mel_cond_bind(&arena, binds[*row].text, &scope), binds[*row].bound);
}

static const struct {
	const char *text, *want; /* want NULL: error */
} records[] = {
	{ "'a' == 'a'", "'a' == 'a'" },
	{ "'${{v}}' == 'x y'", "'x y' == 'x y'" },
	{ "${{ v }} == 'x y'", "\"x y\" == 'x y'" },
	{ "${{late}} == 'x'", "\"l\\n\\\"\" == 'x'" },
	{ "'${{late}}' == 'x'", "'\"l\\n\\\"\"' == 'x'" },
	{ "${{v}} == ${{late}}", "\"x y\" == \"l\\n\\\"\"" },
	{ "${{nope}} == 'x'", NULL },
};

TABLE_TEST(cond, record, records)
{
	MEL_AUTO_ARENA struct mel_arena arena = { 0 };
	MEL_AUTO_SCOPE struct mel_scope early = { 0 };
	MEL_AUTO_SCOPE struct mel_scope late = { .parent = &early };
	MEL_AUTO_ERR struct mel_err *err = NULL;
	const char *got = NULL;
	int status;

	fill(&early);
	mel_scope_set(&late, "late", "l\n\"");
	status = mel_cond_record(&got, &arena, records[*row].text, &early, &late, NULL, &err);
	cr_assert_eq(status == 0, records[*row].want != NULL);
	if (records[*row].want)
		cr_assert_str_eq(got, records[*row].want);
}

Test(cond, position, .timeout = 10)
{
	MEL_AUTO_ARENA struct mel_arena arena = { 0 };
	MEL_AUTO_ERR struct mel_err *err = NULL;
	struct mel_cond_result got;
	struct mel_pos pos = { "b.yaml", 7, 9 };

	cr_assert_eq(mel_cond_eval(&got, &arena, "true", NULL, &pos, &err), -1);
	cr_assert_str_eq(err->text, "b.yaml:7:9: condition \"true\": unexpected character 't' "
				    "at position 0");
	cr_assert_eq(err->kind, MEL_ERR_INPUT);
}

Test(cond, depth, .timeout = 10)
{
	MEL_AUTO_ARENA struct mel_arena arena = { 0 };
	MEL_AUTO_ERR struct mel_err *err = NULL;
	struct mel_cond_result got;
	char text[1024];

	memset(text, '(', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	cr_assert_eq(mel_cond_eval(&got, &arena, text, NULL, NULL, &err), -1);
	cr_assert(strstr(err->text, "too many parentheses"));
}
