/* Walks a mapping by a key table: see schema.h. */
#include "config/schema.h"

#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/slice.h"
#include "config/scalar.h"

struct reader {
	struct mel_arena *arena;
	struct mel_err **err;
	bool is_strict;
	bool failed;
};

static void problem(struct reader *r, struct mel_err *why)
{
	r->failed = true;
	mel_err_append(r->err, why);
}

static const char *const kind_name[] = { "a single value", "a list", "a mapping" };

static void wrong_kind(struct reader *r, const struct mel_node *node, const char *key,
		       enum mel_node_kind want)
{
	struct mel_err *why = NULL;

	mel_err_at(&why, &node->pos, "'%s' wants %s, found %s", key, kind_name[want],
		   kind_name[node->kind]);
	problem(r, why);
}

static bool check_kind(struct reader *r, const struct mel_node *node, const char *key,
		       enum mel_node_kind want)
{
	if (node->kind != want)
		wrong_kind(r, node, key, want);
	return node->kind == want;
}

static void read_struct(struct reader *r, void *out, const struct mel_schema *schema,
			const struct mel_node *node);

static bool is_null(const struct mel_node *node)
{
	return node->kind == MEL_NODE_SCALAR && node->is_null;
}

static void read_texts(struct reader *r, struct mel_texts *out, const struct mel_node *node,
		       const char *key)
{
	if (!check_kind(r, node, key, MEL_NODE_LIST))
		return;
	for (size_t i = 0; i < node->len; i++)
		if (!is_null(node->item[i]) &&
		    check_kind(r, node->item[i], key, MEL_NODE_SCALAR))
			mel_texts_add(r->arena, out, node->item[i]->text, node->item[i]->pos);
}

/* `with` may hold lists of words; they are joined with line feeds. */
static const char *joined(struct reader *r, const struct mel_node *node, const char *key)
{
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(MEL_YAML_MAX_BYTES);

	for (size_t i = 0; i < node->len; i++) {
		if (is_null(node->item[i]))
			continue;
		if (!check_kind(r, node->item[i], key, MEL_NODE_SCALAR))
			return "";
		mel_buf_printf(&text, "%s%s", text.len ? "\n" : "", node->item[i]->text);
	}
	return mel_arena_strdup(r->arena, mel_buf_text(&text));
}

static void read_text_map(struct reader *r, struct mel_text_map *out,
			  const struct mel_node *node, const char *key)
{
	bool may_list = mel_text_eq(key, "with");

	if (!check_kind(r, node, key, MEL_NODE_MAP))
		return;
	for (size_t i = 0; i < node->len; i++) {
		const struct mel_node *value = node->item[i];

		if (node->key[i]->is_null)
			continue;
		if (may_list && value->kind == MEL_NODE_LIST)
			mel_text_map_add(r->arena, out, node->key[i]->text,
					 joined(r, value, node->key[i]->text), value->pos);
		else if (check_kind(r, value, node->key[i]->text, MEL_NODE_SCALAR))
			mel_text_map_add(r->arena, out, node->key[i]->text,
					 value->is_null ? "" : value->text, value->pos);
	}
}

/* The elements of a list or of a map with structs as values. */
static void read_structs(struct reader *r, void *place, const struct mel_key_rule *rule,
			 const struct mel_node *node)
{
	const struct mel_schema *schema = rule->schema;
	bool is_map = rule->type == MEL_KEY_STRUCT_MAP;
	void **array = place;
	size_t *len = (size_t *)(array + 1);

	if (!check_kind(r, node, rule->name, is_map ? MEL_NODE_MAP : MEL_NODE_LIST))
		return;
	*array = mel_arena_array(r->arena, node->len ? node->len : 1, schema->size);
	for (size_t i = 0; i < node->len; i++) {
		char *element = (char *)*array + *len * schema->size;

		if (is_map ? node->key[i]->is_null : is_null(node->item[i]))
			continue;
		if (is_map && schema->name_offset != MEL_KEY_NOWHERE)
			*(const char **)(element + schema->name_offset) = node->key[i]->text;
		if (!is_null(node->item[i]))
			read_struct(r, element, schema, node->item[i]);
		(*len)++;
	}
}

typedef int scalar_reader(void *place, const struct mel_node *node, struct mel_err **err);

static scalar_reader *const scalar_of[] = {
	[MEL_KEY_TEXT] = mel_scalar_text,         [MEL_KEY_BOOL] = mel_scalar_bool,
	[MEL_KEY_INT] = mel_scalar_int,           [MEL_KEY_UINT] = mel_scalar_uint,
	[MEL_KEY_DURATION] = mel_scalar_duration,
};

static void read_scalar(struct reader *r, void *place, const struct mel_key_rule *rule,
			const struct mel_node *node)
{
	struct mel_err *why = NULL;

	if (!check_kind(r, node, rule->name, MEL_NODE_SCALAR))
		return;
	if (scalar_of[rule->type](place, node, &why) < 0) {
		MEL_AUTO_ERR struct mel_err *bare = why;
		struct mel_err *placed = NULL;

		mel_err_at(&placed, &node->pos, "'%s': %s", rule->name, bare->text);
		problem(r, placed);
	}
}

static void read_value(struct reader *r, char *out, const struct mel_key_rule *rule,
		       const struct mel_node *node)
{
	void *place = out + rule->offset;

	switch (rule->type) {
	case MEL_KEY_TEXTS:
		read_texts(r, place, node, rule->name);
		break;
	case MEL_KEY_TEXT_MAP:
		read_text_map(r, place, node, rule->name);
		break;
	case MEL_KEY_STRUCT:
		read_struct(r, place, rule->schema, node);
		break;
	case MEL_KEY_STRUCT_PTR:
		*(void **)place = mel_arena_alloc(r->arena, rule->schema->size);
		read_struct(r, *(void **)place, rule->schema, node);
		break;
	case MEL_KEY_STRUCT_LIST:
	case MEL_KEY_STRUCT_MAP:
		read_structs(r, place, rule, node);
		break;
	default:
		read_scalar(r, place, rule, node);
	}
}

static const struct mel_key_rule *find_rule(const struct mel_schema *schema, const char *name)
{
	for (size_t i = 0; i < schema->rule_len; i++)
		if (mel_text_eq(schema->rule[i].name, name))
			return &schema->rule[i];
	return NULL;
}

static const char *nearest(const struct mel_schema *schema, const char *name)
{
	const char *best = NULL;
	unsigned best_distance = 3;

	for (size_t i = 0; i < schema->rule_len; i++) {
		unsigned distance = mel_text_distance(schema->rule[i].name, name, 2);

		if (distance < best_distance && distance * 2 < strlen(name)) {
			best = schema->rule[i].name;
			best_distance = distance;
		}
	}
	return best;
}

static void unknown_key(struct reader *r, const struct mel_schema *schema,
			const struct mel_node *key)
{
	const char *known = nearest(schema, key->text);
	struct mel_err *why = NULL;

	mel_err_at(&why, &key->pos, "unknown key '%s' in %s%s%s%s", key->text, schema->what,
		   known ? "; did you mean '" : "", known ? known : "", known ? "'?" : "");
	problem(r, why);
}

static void read_key(struct reader *r, char *out, const struct mel_schema *schema,
		     const struct mel_node *key, const struct mel_node *value)
{
	const struct mel_key_rule *rule = find_rule(schema, key->text);
	struct mel_err *why = NULL;

	if (!rule) {
		if (r->is_strict)
			unknown_key(r, schema, key);
		return;
	}
	if (is_null(value))
		return;
	if (r->is_strict && (rule->flags & MEL_KEY_REFUSED)) {
		mel_err_at(&why, &key->pos, "'%s' in %s is not supported", rule->name,
			   schema->what);
		problem(r, why);
		return;
	}
	if (r->is_strict && (rule->flags & MEL_KEY_UNUSED))
		mel_log(MEL_LOG_WARN, "%s:%u:%u: '%s' in %s has no effect", key->pos.file,
			key->pos.line, key->pos.column, rule->name, schema->what);
	if (rule->pos_offset != MEL_KEY_NOWHERE)
		*(struct mel_pos *)(void *)(out + rule->pos_offset) = value->pos;
	if (rule->has_offset != MEL_KEY_NOWHERE)
		*(bool *)(out + rule->has_offset) = true;
	read_value(r, out, rule, value);
}

static void read_struct(struct reader *r, void *out, const struct mel_schema *schema,
			const struct mel_node *node)
{
	if (!check_kind(r, node, schema->what, MEL_NODE_MAP))
		return;
	if (schema->pos_offset != MEL_KEY_NOWHERE)
		*(struct mel_pos *)(void *)((char *)out + schema->pos_offset) = node->pos;
	for (size_t i = 0; i < node->len; i++)
		read_key(r, out, schema, node->key[i], node->item[i]);
}

int mel_schema_read(void *out, const struct mel_schema *schema, const struct mel_node *node,
		    bool is_strict, struct mel_arena *arena, struct mel_err **err)
{
	struct reader r = { arena, err, is_strict, false };

	read_struct(&r, out, schema, node);
	return r.failed ? -1 : 0;
}

/* --- visiting texts
 * --------------------------------------------------------------------------- */

struct visit {
	unsigned flag;
	int (*call)(void *user, const struct mel_text_place *place);
	void *user;
};

static int visit_struct(const struct visit *v, char *value, const struct mel_schema *schema);

static int visit_text(const struct visit *v, const struct mel_key_rule *rule, const char **text,
		      const struct mel_pos *pos)
{
	struct mel_text_place place = { text, rule, pos ? *pos : (struct mel_pos){ 0 } };

	if (!(rule->flags & v->flag) || !*text)
		return 0;
	return v->call(v->user, &place);
}

static int visit_texts(const struct visit *v, const struct mel_key_rule *rule,
		       const struct mel_texts *list)
{
	int result = 0;

	for (size_t i = 0; i < list->len && result >= 0; i++)
		result = visit_text(v, rule, &list->at[i], list->pos ? &list->pos[i] : NULL);
	return result;
}

static int visit_map(const struct visit *v, const struct mel_key_rule *rule,
		     const struct mel_text_map *map)
{
	int result = 0;

	for (size_t i = 0; i < map->len && result >= 0; i++)
		result = visit_text(v, rule, &map->at[i].value, &map->at[i].pos);
	return result;
}

static int visit_structs(const struct visit *v, const struct mel_schema *schema, void *place)
{
	void **array = place;
	size_t len = *(size_t *)(array + 1);
	int result = 0;

	for (size_t i = 0; i < len && result >= 0; i++)
		result = visit_struct(v, (char *)*array + i * schema->size, schema);
	return result;
}

static int visit_rule(const struct visit *v, char *value, const struct mel_key_rule *rule)
{
	void *place = value + rule->offset;
	struct mel_pos *pos = rule->pos_offset == MEL_KEY_NOWHERE
				      ? NULL
				      : (struct mel_pos *)(void *)(value + rule->pos_offset);

	switch (rule->type) {
	case MEL_KEY_TEXT:
		return visit_text(v, rule, place, pos);
	case MEL_KEY_TEXTS:
		return visit_texts(v, rule, place);
	case MEL_KEY_TEXT_MAP:
		return visit_map(v, rule, place);
	case MEL_KEY_STRUCT:
		return visit_struct(v, place, rule->schema);
	case MEL_KEY_STRUCT_PTR:
		return *(void **)place ? visit_struct(v, *(void **)place, rule->schema) : 0;
	case MEL_KEY_STRUCT_LIST:
	case MEL_KEY_STRUCT_MAP:
		return visit_structs(v, rule->schema, place);
	default:
		return 0;
	}
}

static int visit_struct(const struct visit *v, char *value, const struct mel_schema *schema)
{
	int result = 0;

	for (size_t i = 0; i < schema->rule_len && result >= 0; i++)
		result = visit_rule(v, value, &schema->rule[i]);
	return result;
}

int mel_schema_each_text(void *value, const struct mel_schema *schema, unsigned flag,
			 int (*visit)(void *user, const struct mel_text_place *place),
			 void *user)
{
	const struct visit v = { flag, visit, user };

	return visit_struct(&v, value, schema);
}
