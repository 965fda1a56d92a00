/* The textual pass over the build file, and ranges: see subpackages.h. */
#include "config/subpackages.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/vec.h"
#include "config/cond.h"
#include "config/copy.h"
#include "config/schema.h"

/* What the textual pass needs at each text. */
struct pass {
	struct mel_arena *arena;
	const struct mel_scope *scope;
	const struct mel_scope *range; /* only range.*; NULL where there is none */
};

static int substitute(void *user, const struct mel_text_place *place)
{
	const struct pass *pass = user;

	if (!mel_text_eq(place->rule->name, "if"))
		*place->text = mel_vars_replace(pass->arena, *place->text, pass->scope);
	else if (pass->range)
		*place->text = mel_cond_bind(pass->arena, *place->text, pass->range);
	return 0;
}

static const struct mel_schema *subpackage_schema(void)
{
	for (size_t i = 0; i < mel_config_schema.rule_len; i++) {
		if (mel_text_eq(mel_config_schema.rule[i].name, "subpackages"))
			return mel_config_schema.rule[i].schema;
	}
	abort(); /* the table has it */
}

void mel_config_substitute(struct mel_config *config, struct mel_arena *arena,
			   const struct mel_scope *scope)
{
	struct pass pass = { .arena = arena, .scope = scope };
	size_t subpackages_len = config->subpackages_len;

	config->subpackages_len = 0; /* they have scopes of their own */
	mel_schema_each_text(config, &mel_config_schema, MEL_KEY_P1, substitute, &pass);
	config->subpackages_len = subpackages_len;
}

static const struct mel_data *find_data(const struct mel_config *config, const char *name)
{
	for (size_t i = 0; i < config->data_len; i++) {
		if (config->data[i].name && mel_text_eq(config->data[i].name, name))
			return &config->data[i];
	}
	return NULL;
}

static int check_data(const struct mel_config *config, struct mel_err **err)
{
	for (size_t i = 0; i < config->data_len; i++) {
		const struct mel_data *data = &config->data[i];

		if (data->name && find_data(config, data->name) != data)
			return mel_err_at(err, &data->pos, "data '%s' is there twice",
					  data->name);
	}
	return 0;
}

static int by_key(const void *a, const void *b)
{
	const struct mel_text_pair *left = a, *right = b;

	return strcmp(left->key, right->key);
}

static struct mel_text_pair *sorted(struct mel_arena *arena, const struct mel_text_map *map)
{
	struct mel_text_pair *items = mel_arena_array(arena, map->len, sizeof(*items));

	if (map->len == 0)
		return items;
	memcpy(items, map->at, map->len * sizeof(*items));
	qsort(items, map->len, sizeof(*items), by_key);
	return items;
}

typedef MEL_VEC(struct mel_subpackage) subpackages;

static void add_copy(subpackages *made, const struct mel_subpackage *from,
		     struct mel_arena *arena, const struct mel_scope *scope,
		     const struct mel_text_pair *item)
{
	MEL_AUTO_SCOPE struct mel_scope range = { 0 }, inner = { .parent = scope };
	struct pass pass = { .arena = arena, .scope = scope };
	struct mel_subpackage sub = *from;

	if (item) {
		const char *value = mel_vars_replace(arena, item->value, scope);

		mel_schema_unshare(&sub, subpackage_schema(), arena);
		sub.range = NULL;
		mel_scope_set(&range, "range.key", item->key);
		mel_scope_set(&range, "range.value", value);
		mel_scope_set(&inner, "range.key", item->key);
		mel_scope_set(&inner, "range.value", value);
		pass.scope = &inner;
		pass.range = &range;
	}
	mel_schema_each_text(&sub, subpackage_schema(), MEL_KEY_P1, substitute, &pass);
	mel_vec_push(made, sub);
}

int mel_subpackages_expand(struct mel_config *config, struct mel_arena *arena,
			   const struct mel_scope *scope, struct mel_err **err)
{
	subpackages made = { 0 };
	struct mel_err *found = NULL;

	if (check_data(config, err) < 0)
		return -1;
	for (size_t i = 0; i < config->subpackages_len; i++) {
		const struct mel_subpackage *sub = &config->subpackages[i];
		const struct mel_data *data = NULL;
		struct mel_err *one = NULL;

		if (!sub->range || !*sub->range) {
			add_copy(&made, sub, arena, scope, NULL);
			continue;
		}
		data = find_data(config, sub->range);
		if (!data) {
			mel_err_at(
				&one, &sub->range_pos,
				"subpackages[%zu] (\"%s\") specified undefined range: \"%s\"",
				i, sub->name ? sub->name : "", sub->range);
			mel_err_append(&found, one);
			continue;
		}

		const struct mel_text_pair *items = sorted(arena, &data->items);

		for (size_t j = 0; j < data->items.len; j++)
			add_copy(&made, sub, arena, scope, &items[j]);
	}
	config->subpackages = mel_arena_array(arena, made.len, sizeof(*config->subpackages));
	if (made.len)
		memcpy(config->subpackages, made.at, made.len * sizeof(*made.at));
	config->subpackages_len = made.len;
	mel_vec_clear(&made);
	*err = found;
	return found ? -1 : 0;
}
