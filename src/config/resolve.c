/* Texts that refer to one another: see resolve.h. Depth first; the stack is the chain. */
#include "config/resolve.h"

#include <string.h>

#include "base/mem.h"
#include "config/transform.h"

enum { MAX_DEPTH = 64 };

struct resolver {
	struct mel_resolve_node *node;
	size_t len;
	const struct mel_scope *outer;
	struct mel_arena *arena;
	size_t chain[MAX_DEPTH], depth;
};

static int resolve(struct resolver *r, size_t index, struct mel_err **err);

/* The node that text within node[from] calls name; len if there is none. */
static size_t find(const struct resolver *r, size_t from, struct mel_slice name)
{
	for (size_t i = r->node[from].limit; i-- > 0;) {
		if (mel_slice_eq_text(name, r->node[i].name))
			return i;
	}
	return r->len;
}

static int circle(const struct resolver *r, size_t index, struct mel_err **err)
{
	struct mel_buf buf MEL_AUTO_BUF = MEL_BUF_INIT(4096);
	size_t start = 0;

	while (start < r->depth && r->chain[start] != index)
		start++;
	for (size_t i = start; i < r->depth; i++)
		mel_buf_printf(&buf, "%s -> ", r->node[r->chain[i]].name);
	return mel_err_at(err, &r->node[index].pos, "variables refer to each other: %s%s",
			  mel_buf_text(&buf), r->node[index].name);
}

/* The value that name has for node[from]: *out, NULL if it is unknown. */
static int look_up(struct resolver *r, size_t from, struct mel_slice name, const char **out,
		   struct mel_err **err)
{
	size_t index;

	*out = r->node[from].is_outer_first ? mel_scope_get(r->outer, name) : NULL;
	if (*out)
		return 0;
	index = find(r, from, name);
	if (index == r->len) {
		*out = mel_scope_get(r->outer, name);
		return 0;
	}
	if (r->node[index].is_open)
		return circle(r, index, err);
	if (!r->node[index].value && resolve(r, index, err) < 0)
		return -1;
	*out = r->node[index].value;
	return 0;
}

/* Give scope whatever node[index] refers to. */
static int gather(struct resolver *r, size_t index, struct mel_scope *scope,
		  struct mel_err **err)
{
	struct mel_slice text = mel_slice_of(r->node[index].text);
	struct mel_ref ref;

	for (size_t from = 0; mel_ref_next(text, from, &ref);) {
		const char *value = NULL;

		from = ref.state == MEL_REF_OK ? ref.end : ref.start + 3;
		if (ref.state != MEL_REF_OK)
			continue;
		if (look_up(r, index, ref.name, &value, err) < 0)
			return -1;
		if (value)
			mel_scope_set(scope, mel_arena_slice(r->arena, ref.name), value);
	}
	return 0;
}

static int evaluate(struct resolver *r, size_t index, struct mel_err **err)
{
	struct mel_resolve_node *node = &r->node[index];
	MEL_AUTO_SCOPE struct mel_scope scope = { 0 };
	const char *text;

	if (gather(r, index, &scope, err) < 0)
		return -1;
	/* Behind what was gathered, so that an unknown name can be compared with all. */
	scope.parent = r->outer;
	if (node->is_lenient)
		text = mel_vars_replace(r->arena, node->text, &scope);
	else if (mel_vars_expand(&text, r->arena, node->text, &scope, &node->pos, err) < 0)
		return -1;
	if (node->match) {
		struct mel_err *problem MEL_AUTO_ERR = NULL;

		if (mel_transform(&text, r->arena, node->match, text, node->replace, &problem) <
		    0)
			return mel_err_at(err, &node->match_pos, "%s", problem->text);
	}
	node->value = text;
	return 0;
}

static int resolve(struct resolver *r, size_t index, struct mel_err **err)
{
	struct mel_resolve_node *node = &r->node[index];
	int status;

	/* Most texts refer to nothing. */
	if (!node->match && !strstr(node->text, "${{")) {
		node->value = node->text;
		return 0;
	}
	if (r->depth == MAX_DEPTH)
		return mel_err_at(err, &node->pos,
				  "variables refer to each other more than %d deep", MAX_DEPTH);
	r->chain[r->depth++] = index;
	node->is_open = true;
	status = evaluate(r, index, err);
	node->is_open = false;
	r->depth--;
	return status;
}

int mel_resolve(struct mel_resolve_node *node, size_t len, const struct mel_scope *outer,
		struct mel_arena *arena, struct mel_err **err)
{
	struct resolver r = { .node = node, .len = len, .outer = outer, .arena = arena };
	struct mel_err *found = NULL;

	for (size_t i = 0; i < len; i++) {
		struct mel_err *one = NULL;

		if (!node[i].value && resolve(&r, i, &one) < 0)
			mel_err_append(&found, one);
	}
	*err = found;
	return found ? -1 : 0;
}
