/* Filling in references, leniently and strictly. */
#include <string.h>

#include "config/vars.h"
#include "tests/unit/table.h"

static const struct {
	const char *text;
	const char *lenient; /* NULL: text itself */
	const char *strict;  /* NULL: an error that holds words */
	const char *words;
} cases[] = {
	{ "", NULL, "", NULL },
	{ "plain", NULL, "plain", NULL },
	{ "echo ${{package.full-version}} ${{ package.epoch }}", "echo 1.2.3-r4 4",
	  "echo 1.2.3-r4 4", NULL },
	{ "x ${{nope}} ${{ package.name }} ${{package.name}}", "x ${{nope}} a a", NULL,
	  "variable nope not defined" },
	{ "# ${{nope}}", NULL, NULL, "variable nope not defined" },
	{ "echo ${{a b}}", "echo strange", NULL,
	  "unterminated variable reference \"a\" at position 5: expected \"}}\" at position "
	  "10" },
	{ "echo ${{}}", NULL, NULL, "empty variable name at position 8" },
	{ "echo ${{ }}", NULL, NULL, "empty variable name at position 9" },
	{ "\\${{package.name}}", "\\a", "\\a", NULL },
	{ "${x} {{y}} $${{package.name}}", "${x} {{y}} $a", "${x} {{y}} $a", NULL },
	{ "${{a", NULL, NULL, "unterminated variable reference \"a\" at position 0" },
	{ "${{a ${{package.name}}", "${{a a", NULL, "unterminated variable reference \"a\"" },
	{ "${{\tpackage.name\r\n}}", "a", "a", NULL },
	{ "${{ref}}${{package.name}}", "${{package.name}}a", "${{package.name}}a", NULL },
	{ "${{targets.package.lib++}}", "/out", "/out", NULL },
	{ "${{package.nane}}", NULL, NULL, "did you mean 'package.name'?" },
	{ "a\nb\n${{zzzz}}", NULL, NULL, "variable zzzz not defined (line 3 of the text)" },
	{ "${{empty}}", "", "", NULL },
	{ "${{package.name}} }}", "a }}", "a }}", NULL },
};

static void fill(struct mel_scope *scope, struct mel_scope *parent)
{
	mel_scope_set(parent, "package.name", "a");
	mel_scope_set(parent, "package.epoch", "3");
	mel_scope_set(scope, "package.epoch", "4");
	mel_scope_set(scope, "package.full-version", "1.2.3-r4");
	mel_scope_set(scope, "a b", "strange");
	mel_scope_set(scope, "ref", "${{package.name}}");
	mel_scope_set(scope, "targets.package.lib++", "/out");
	mel_scope_set(scope, "empty", "");
	scope->parent = parent;
}

TABLE_TEST(vars, lenient, cases)
{
	MEL_AUTO_ARENA struct mel_arena arena = { 0 };
	MEL_AUTO_SCOPE struct mel_scope scope = { 0 }, parent = { 0 };
	const char *text = cases[*row].text, *got;

	fill(&scope, &parent);
	got = mel_vars_replace(&arena, text, &scope);
	cr_assert_str_eq(got, cases[*row].lenient ? cases[*row].lenient : text);
	if (!cases[*row].lenient)
		cr_assert_eq(got, text, "no copy where nothing changes");
}

TABLE_TEST(vars, strict, cases)
{
	MEL_AUTO_ARENA struct mel_arena arena = { 0 };
	MEL_AUTO_SCOPE struct mel_scope scope = { 0 }, parent = { 0 };
	MEL_AUTO_ERR struct mel_err *err = NULL;
	const char *got = NULL;
	int status;

	fill(&scope, &parent);
	status = mel_vars_expand(&got, &arena, cases[*row].text, &scope, NULL, &err);
	if (cases[*row].strict) {
		cr_assert_eq(status, 0, "%s", err ? err->text : "");
		cr_assert_str_eq(got, cases[*row].strict);
	} else {
		cr_assert_eq(status, -1);
		cr_assert(strstr(err->text, cases[*row].words), "%s", err->text);
	}
}

Test(vars, all_problems, .timeout = 10)
{
	MEL_AUTO_ARENA struct mel_arena arena = { 0 };
	MEL_AUTO_SCOPE struct mel_scope scope = { 0 };
	MEL_AUTO_ERR struct mel_err *err = NULL;
	struct mel_pos pos = { "f.yaml", 3, 5 };
	const char *got;

	cr_assert_eq(mel_vars_expand(&got, &arena, "${{a}} ${{}} ${{b}} ${{c d}}", &scope, &pos,
				     &err),
		     -1);
	cr_assert_eq(mel_err_count(err), 4);
	cr_assert_str_eq(err->text, "f.yaml:3:5: variable a not defined");
	cr_assert_str_eq(err->next->next->text, "f.yaml:3:5: variable b not defined");
}

Test(vars, limit, .timeout = 30)
{
	MEL_AUTO_ARENA struct mel_arena arena = { 0 };
	MEL_AUTO_SCOPE struct mel_scope scope = { 0 };
	MEL_AUTO_ERR struct mel_err *err = NULL;
	MEL_AUTO_FREE char *value = mel_alloc(1 << 20);
	const char *got;

	memset(value, 'x', (1 << 20) - 1);
	mel_scope_set(&scope, "v", value);
	cr_assert_eq(mel_vars_expand(&got, &arena, "${{v}}${{v}}${{v}}${{v}}${{v}}", &scope,
				     NULL, &err),
		     -1);
	cr_assert_eq(err->kind, MEL_ERR_LIMIT);
}
