/* YAML to nodes: structure, places, merge keys, errors, limits. */
#include <string.h>

#include "base/buf.h"
#include "codec/yaml.h"
#include "tests/unit/table.h"

static void show(struct mel_buf *out, const struct mel_node *node)
{
	if (node->kind == MEL_NODE_SCALAR) {
		if (node->is_null)
			mel_buf_add_char(out, '~');
		else
			mel_buf_printf(out, node->is_plain ? "%s" : "'%s'", node->text);
		return;
	}
	mel_buf_add_char(out, node->key ? '{' : '[');
	for (size_t i = 0; i < node->len; i++) {
		if (i)
			mel_buf_add_char(out, ',');
		if (node->key)
			mel_buf_printf(out, "%s:", node->key[i]->text);
		show(out, node->item[i]);
	}
	mel_buf_add_char(out, node->key ? '}' : ']');
}

static const struct {
	const char *name, *text, *want;
} trees[] = {
	{ "plain", "a: 1.10\nb: 0x10\nc: yes\n", "{a:1.10,b:0x10,c:yes}" },
	{ "quoted", "a: '1'\nb: \"x\\ty\"\n", "{a:'1',b:'x\ty'}" },
	{ "nulls", "[~, null, Null, NULL, '', \"~\", nUll]", "[~,~,~,~,'','~',nUll]" },
	{ "nothing is null", "a:\nb: x\n", "{a:~,b:x}" },
	{ "blocks", "a: |\n  x\n   y\nb: >-\n  x\n  y\n", "{a:'x\n y\n',b:'x y'}" },
	{ "nested", "a:\n- b: [1, {c: d}]\n", "{a:[{b:[1,{c:d}]}]}" },
	{ "alias", "a: &x {k: v}\nb: *x\n", "{a:{k:v},b:{k:v}}" },
	{ "latest anchor", "a: &x 1\nb: &x 2\nc: *x\n", "{a:1,b:2,c:2}" },
	{ "alias as key", "a: &x k\n*x : v\n", "{a:k,k:v}" },
	{ "merge", "a: &x {k: 1, l: 2}\nb: {<<: *x, l: 3}\n", "{a:{k:1,l:2},b:{l:3,k:1}}" },
	{ "merge last", "a: &x {k: 1}\nb: {k: 2, <<: *x}\n", "{a:{k:1},b:{k:2}}" },
	{ "merge of a list", "- &x {k: 1}\n- &y {k: 2, l: 3}\n- {<<: [*x, *y]}\n",
	  "[{k:1},{k:2,l:3},{k:1,l:3}]" },
	{ "merge of a merge", "- &x {k: 1}\n- &y {<<: *x}\n- {<<: *y}\n",
	  "[{k:1},{k:1},{k:1}]" },
	{ "merge written out", "{<<: {k: v}}", "{k:v}" },
	{ "quoted merge key", "{\"<<\": {k: v}}", "{<<:{k:v}}" },
	{ "binary", "a: !!binary \"aGk=\"\n", "{a:'hi'}" },
	{ "tags are passed over", "a: !!str ~\nb: !x y\n", "{a:~,b:y}" },
	{ "byte-order mark",
	  "\xef\xbb\xbf"
	  "a: b\n",
	  "{a:b}" },
	{ "empty documents after it", "a: b\n---\n---\n...\n", "{a:b}" },
	{ "comment after it", "a: b\n...\n# c\n", "{a:b}" },
	{ "empty", "", NULL },
	{ "comments only", "# a\n\n# b\n", NULL },
};

TABLE_TEST(yaml, tree, trees)
{
	struct mel_arena arena MEL_AUTO_ARENA = { 0 };
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_buf got MEL_AUTO_BUF = MEL_BUF_INIT(4096);
	struct mel_node *node;

	cr_assert_eq(mel_yaml_parse(&node, &arena, "f", mel_slice_of(trees[*row].text), &err),
		     0, "%s: %s", trees[*row].name, err ? err->text : "");
	if (!trees[*row].want) {
		cr_assert_null(node, "%s", trees[*row].name);
		return;
	}
	show(&got, node);
	cr_assert_str_eq(mel_buf_text(&got), trees[*row].want, "%s: %s", trees[*row].name,
			 mel_buf_text(&got));
}

static const struct {
	const char *text, *words;
} refusals[] = {
	{ "a: [1", "f:2:1: YAML syntax" },
	{ "a:\n\tb: c\n", "f:2:1: YAML syntax" },
	{ "a: b: c\n", "f:1:5: YAML syntax" },
	{ "a: 1\nb: 2\na: 3\n", "f:3:1: mapping key \"a\" already defined at line 1" },
	{ "{1: x, \"1\": y}", "mapping key \"1\" already defined" },
	{ "{<<: x}", "f:1:6: map merge requires map or sequence of maps as the value" },
	{ "{<<: [{a: b}, x]}", "map merge requires" },
	{ "{<<: {a: b}, <<: {c: d}}", "mapping key \"<<\" already defined" },
	{ "a: *nope\n", "f:1:4: unknown anchor 'nope' referenced" },
	{ "a: &x [*x]\n", "anchor 'x' value contains itself" },
	{ "a: &x {b: {c: *x}}\n", "anchor 'x' value contains itself" },
	{ "? [a]\n: b\n", "f:1:3: a key must be a text" },
	{ "a: b\n---\nc: d\n", "f:3:1: a second document in the file" },
	{ "a: b\n---\n]\n", "YAML syntax" },
	{ "a: \"\\0\"\n", "a text may not hold a NUL character" },
	{ "a: !!binary \"AAAA\"\n", "!!binary wants base64 text without NUL bytes" },
	{ "a: !!binary \"?\"\n", "!!binary wants base64" },
	{ "a: \xff\n", "not UTF-8" },
	{ "a: \x01\n", "control characters are not allowed" },
};

TABLE_TEST(yaml, refuse, refusals)
{
	struct mel_arena arena MEL_AUTO_ARENA = { 0 };
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_node *node;

	cr_assert_eq(
		mel_yaml_parse(&node, &arena, "f", mel_slice_of(refusals[*row].text), &err), -1,
		"%s", refusals[*row].text);
	cr_assert_eq(err->kind, MEL_ERR_INPUT);
	cr_assert_not_null(strstr(err->text, refusals[*row].words), "%s", err->text);
}

Test(yaml, utf16, .timeout = 10)
{
	static const char text[] = "\xff\xfe"
				   "a\0:\0 \0\xe4\0\n";
	struct mel_arena arena MEL_AUTO_ARENA = { 0 };
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_node *node;

	cr_assert_eq(
		mel_yaml_parse(&node, &arena, "f", mel_slice_make(text, sizeof(text)), &err),
		0);
	cr_assert_str_eq(mel_node_get(node, "a")->text, "\xc3\xa4");
}

Test(yaml, places, .timeout = 10)
{
	struct mel_arena arena MEL_AUTO_ARENA = { 0 };
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_node *node;
	const struct mel_node *value;

	cr_assert_eq(mel_yaml_parse(&node, &arena, "d/f",
				    mel_slice_of("a: b\nc:\n  - d\n  - e: f\n"), &err),
		     0);
	value = mel_node_get(mel_node_get(node, "c")->item[1], "e");
	cr_assert_str_eq(value->pos.file, "d/f");
	cr_assert_eq(value->pos.line, 4);
	cr_assert_eq(value->pos.column, 8);
	cr_assert_null(mel_node_get(node, "nope"));
	cr_assert_null(mel_node_get(value, "nope"));
}

/* --- limits ------------------------------------------------------------------------------- */

static void repeat(struct mel_buf *out, const char *text, size_t count)
{
	while (count--)
		mel_buf_add_text(out, text);
}

static void too_large(struct mel_buf *out)
{
	repeat(out, "a", MEL_YAML_MAX_BYTES + 1);
}

static void too_deep(struct mel_buf *out)
{
	repeat(out, "[", MEL_YAML_MAX_DEPTH + 1);
}

static void too_many(struct mel_buf *out)
{
	mel_buf_add_char(out, '[');
	repeat(out, "a,", MEL_YAML_MAX_NODES);
	mel_buf_add_char(out, ']');
}

/* Nine levels of ten aliases each. */
static void bomb(struct mel_buf *out)
{
	mel_buf_add_text(out, "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
	for (int i = 1; i < 9; i++) {
		mel_buf_printf(out, "a%d: &a%d [", i, i);
		for (int j = 0; j < 10; j++)
			mel_buf_printf(out, "*a%d,", i - 1);
		mel_buf_add_text(out, "]\n");
	}
}

/* Each value is as deep as allowed and holds the one before. */
static void deep_by_alias(struct mel_buf *out)
{
	mel_buf_add_text(out, "a0: &a0 x\n");
	for (int i = 1; i < 4; i++) {
		mel_buf_printf(out, "a%d: &a%d ", i, i);
		repeat(out, "[", 100);
		mel_buf_printf(out, "*a%d", i - 1);
		repeat(out, "]", 100);
		mel_buf_add_char(out, '\n');
	}
}

static const struct {
	void (*make)(struct mel_buf *out);
	const char *words;
} limits[] = {
	{ too_large, "'f' is larger than 16777216 bytes" },
	{ too_deep, "nested deeper than 256 levels" },
	{ too_many, "more than 1000000 values" },
	{ bomb, "excessive aliasing" },
	{ deep_by_alias, "nested deeper than 256 levels" },
};

TABLE_TEST(yaml, limit, limits)
{
	struct mel_arena arena MEL_AUTO_ARENA = { 0 };
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	struct mel_node *node;

	limits[*row].make(&text);
	cr_assert_eq(mel_yaml_parse(&node, &arena, "f", mel_buf_slice(&text), &err), -1);
	cr_assert_eq(err->kind, MEL_ERR_LIMIT, "%s", err->text);
	cr_assert_not_null(strstr(err->text, limits[*row].words), "%s", err->text);
}
