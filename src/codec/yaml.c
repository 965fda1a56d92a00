/* YAML events to nodes: see yaml.h. */
#include "codec/yaml.h"

#include <string.h>
#include <yaml.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/vec.h"

struct parse {
	yaml_parser_t yaml;
	struct mel_arena *arena;
	const char *file;
	struct mel_map anchor; /* name -> latest struct mel_node of that name */
	unsigned depth;
	size_t node_len; /* expanded nodes so far */
	struct mel_err **err;
};

typedef MEL_VEC(struct mel_node *) node_list;

static struct mel_pos pos_of(const struct parse *p, const yaml_mark_t *mark)
{
	return (struct mel_pos){ p->file, (unsigned)mark->line + 1,
				 (unsigned)mark->column + 1 };
}

static int syntax_error(struct parse *p)
{
	const yaml_parser_t *yaml = &p->yaml;
	struct mel_pos pos = pos_of(p, &yaml->problem_mark);

	if (yaml->error == YAML_READER_ERROR)
		return mel_err_at(p->err, &(struct mel_pos){ p->file, 0, 0 },
				  "not UTF-8 text at byte %zu: %s", yaml->problem_offset,
				  yaml->problem ? yaml->problem : "invalid bytes");
	return mel_err_at(p->err, &pos, "YAML syntax: %s%s%s",
			  yaml->problem ? yaml->problem : "cannot be read",
			  yaml->context ? ", " : "", yaml->context ? yaml->context : "");
}

static int next_event(struct parse *p, yaml_event_t *event)
{
	return yaml_parser_parse(&p->yaml, event) ? 0 : syntax_error(p);
}

/* Nodes that an alias stands for count again each time, so a bomb of aliases ends here. */
static int count_nodes(struct parse *p, size_t more, const struct mel_pos *pos)
{
	p->node_len += more;
	if (p->node_len <= MEL_YAML_MAX_NODES)
		return 0;
	mel_err_at(p->err, pos,
		   "more than %d values after aliases are put in: document contains "
		   "excessive aliasing",
		   MEL_YAML_MAX_NODES);
	return mel_err_as(p->err, MEL_ERR_LIMIT);
}

static size_t tree_size(const struct mel_node *node, size_t max)
{
	size_t size = 1;

	for (size_t i = 0; i < node->len && size <= max; i++)
		size += tree_size(node->item[i], max - size) + (node->key ? 1 : 0);
	return size;
}

static struct mel_node *new_node(struct parse *p, enum mel_node_kind kind,
				 const yaml_mark_t *mark)
{
	struct mel_node *node = mel_arena_alloc(p->arena, sizeof(*node));

	node->kind = kind;
	node->pos = pos_of(p, mark);
	node->is_open = kind != MEL_NODE_SCALAR;
	return count_nodes(p, 1, &node->pos) < 0 ? NULL : node;
}

static void set_anchor(struct parse *p, const yaml_char_t *name, struct mel_node *node)
{
	if (name)
		mel_map_set(&p->anchor, mel_arena_strdup(p->arena, (const char *)name), node);
}

/* All of node has been read. */
static void close_node(struct mel_node *node)
{
	for (size_t i = 0; i < node->len; i++)
		if (node->item[i]->height >= node->height)
			node->height = node->item[i]->height + 1;
	node->is_open = false;
}

static int too_deep(struct parse *p, const struct mel_pos *pos)
{
	mel_err_at(p->err, pos, "nested deeper than %d levels", MEL_YAML_MAX_DEPTH);
	return mel_err_as(p->err, MEL_ERR_LIMIT);
}

/* What walks the tree later may recurse: aliases must not make it deeper than the file is. */
static int check_alias(struct parse *p, const struct mel_node *node, const struct mel_pos *pos)
{
	if (p->depth + node->height > MEL_YAML_MAX_DEPTH)
		return too_deep(p, pos);
	return count_nodes(p, tree_size(node, MEL_YAML_MAX_NODES), pos);
}

static struct mel_node *alias(struct parse *p, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;
	struct mel_node *node = mel_map_get(&p->anchor, name);
	struct mel_pos pos = pos_of(p, &event->start_mark);

	if (node && !node->is_open)
		return check_alias(p, node, &pos) < 0 ? NULL : node;
	if (node)
		mel_err_at(p->err, &pos, "anchor '%s' value contains itself", name);
	else
		mel_err_at(p->err, &pos, "unknown anchor '%s' referenced", name);
	return NULL;
}

static bool is_null_text(const char *text)
{
	static const char *const word[] = { "", "~", "null", "Null", "NULL" };

	for (size_t i = 0; i < MEL_COUNTOF(word); i++)
		if (strcmp(text, word[i]) == 0)
			return true;
	return false;
}

/* !!binary: the bytes that base64 stands for; false when it is not base64. */
static bool decode_base64(struct mel_arena *arena, struct mel_node *node)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *out = mel_arena_alloc(arena, node->text_len + 1);
	unsigned bits = 0, have = 0;
	size_t len = 0;

	for (const char *c = node->text; *c; c++) {
		const char *digit = strchr(alphabet, *c);

		if (strchr(" \t\r\n=", *c))
			continue;
		if (!digit)
			return false;
		bits = bits << 6 | (unsigned)(digit - alphabet);
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[len++] = (char)(bits >> have & 0xff);
		}
	}
	out[len] = '\0';
	node->text = out;
	node->text_len = len;
	return memchr(out, '\0', len) == NULL;
}

static struct mel_node *scalar(struct parse *p, const yaml_event_t *event)
{
	struct mel_node *node = new_node(p, MEL_NODE_SCALAR, &event->start_mark);
	const char *text = (const char *)event->data.scalar.value;
	const char *tag = (const char *)event->data.scalar.tag;

	if (!node)
		return NULL;
	if (memchr(text, '\0', event->data.scalar.length)) {
		mel_err_at(p->err, &node->pos, "a text may not hold a NUL character");
		return NULL;
	}
	node->text = mel_arena_strndup(p->arena, text, event->data.scalar.length);
	node->text_len = event->data.scalar.length;
	node->is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	node->is_null = node->is_plain && !tag && is_null_text(node->text);
	node->is_int = tag && strcmp(tag, "tag:yaml.org,2002:int") == 0;
	if (tag && strcmp(tag, "tag:yaml.org,2002:null") == 0)
		node->is_null = true;
	if (tag && strcmp(tag, "tag:yaml.org,2002:binary") == 0 &&
	    !decode_base64(p->arena, node)) {
		mel_err_at(p->err, &node->pos, "!!binary wants base64 text without NUL bytes");
		return NULL;
	}
	set_anchor(p, event->data.scalar.anchor, node);
	return node;
}

static struct mel_node *read_node(struct parse *p, yaml_event_t *event);

static bool is_merge_key(const struct mel_node *key)
{
	return key->is_plain && strcmp(key->text, "<<") == 0;
}

static struct mel_node **to_arena(struct parse *p, const node_list *list)
{
	struct mel_node **at =
		mel_arena_array(p->arena, list->len ? list->len : 1, sizeof(*at));

	if (list->len)
		memcpy(at, list->at, list->len * sizeof(*at));
	return at;
}

static struct mel_node *read_list(struct parse *p, const yaml_event_t *start)
{
	struct mel_node *node = new_node(p, MEL_NODE_LIST, &start->start_mark);
	node_list items = { 0 };
	bool is_done = false, failed = !node;

	if (node)
		set_anchor(p, start->data.sequence_start.anchor, node);
	while (!failed && !is_done) {
		yaml_event_t event;

		if (next_event(p, &event) < 0) {
			failed = true;
			break;
		}
		is_done = event.type == YAML_SEQUENCE_END_EVENT;
		if (!is_done) {
			struct mel_node *item = read_node(p, &event);

			failed = !item;
			mel_vec_push(&items, item);
		}
		yaml_event_delete(&event);
	}
	if (!failed) {
		node->item = to_arena(p, &items);
		node->len = items.len;
		close_node(node);
	}
	mel_vec_clear(&items);
	return failed ? NULL : node;
}

/* Keys written in the mapping itself must differ. */
static int check_repeated(struct parse *p, struct mel_map *seen, const struct mel_node *key)
{
	const struct mel_node *first = mel_map_get(seen, key->text);

	if (first)
		return mel_err_at(p->err, &key->pos,
				  "mapping key \"%s\" already defined at line %u", key->text,
				  first->pos.line);
	mel_map_set(seen, key->text, (void *)(uintptr_t)key);
	return 0;
}

static void merge_one(struct mel_map *seen, node_list *keys, node_list *items,
		      const struct mel_node *from)
{
	for (size_t i = 0; i < from->len; i++) {
		if (mel_map_has(seen, from->key[i]->text))
			continue;
		mel_map_set(seen, from->key[i]->text, from->key[i]);
		mel_vec_push(keys, from->key[i]);
		mel_vec_push(items, from->item[i]);
	}
}

/* "<<": keys of other mappings that the mapping itself does not have. */
static int merge(struct parse *p, struct mel_map *seen, node_list *keys, node_list *items,
		 const struct mel_node *value)
{
	bool ok = value->kind == MEL_NODE_MAP;

	if (ok)
		merge_one(seen, keys, items, value);
	if (value->kind == MEL_NODE_LIST) {
		ok = true;
		for (size_t i = 0; i < value->len && ok; i++) {
			ok = value->item[i]->kind == MEL_NODE_MAP;
			if (ok)
				merge_one(seen, keys, items, value->item[i]);
		}
	}
	return ok ? 0
		  : mel_err_at(p->err, &value->pos,
			       "map merge requires map or sequence of maps as the value");
}

/* One "key: value"; the merge value is kept aside, since explicit keys win whatever the order.
 */
static int read_pair(struct parse *p, yaml_event_t *key_event, struct mel_map *seen,
		     node_list *keys, node_list *items, struct mel_node **merged)
{
	struct mel_node *key = read_node(p, key_event);
	yaml_event_t event;

	if (!key)
		return -1;
	if (key->kind != MEL_NODE_SCALAR)
		return mel_err_at(p->err, &key->pos,
				  "a key must be a text, not a list or mapping");
	if (next_event(p, &event) < 0)
		return -1;

	struct mel_node *value = read_node(p, &event);

	yaml_event_delete(&event);
	if (!value)
		return -1;
	if (!is_merge_key(key)) {
		if (check_repeated(p, seen, key) < 0)
			return -1;
		mel_vec_push(keys, key);
		mel_vec_push(items, value);
		return 0;
	}
	if (*merged)
		return mel_err_at(p->err, &key->pos,
				  "mapping key \"<<\" already defined at line %u",
				  (*merged)->pos.line);
	*merged = value;
	return 0;
}

static struct mel_node *read_map(struct parse *p, const yaml_event_t *start)
{
	struct mel_node *node = new_node(p, MEL_NODE_MAP, &start->start_mark), *merged = NULL;
	struct mel_map seen MEL_AUTO_MAP = { 0 };
	node_list keys = { 0 }, items = { 0 };
	bool is_done = false, failed = !node;

	if (node)
		set_anchor(p, start->data.mapping_start.anchor, node);
	while (!failed && !is_done) {
		yaml_event_t event;

		if (next_event(p, &event) < 0) {
			failed = true;
			break;
		}
		is_done = event.type == YAML_MAPPING_END_EVENT;
		if (!is_done)
			failed = read_pair(p, &event, &seen, &keys, &items, &merged) < 0;
		yaml_event_delete(&event);
	}
	if (!failed && merged)
		failed = merge(p, &seen, &keys, &items, merged) < 0;
	if (!failed) {
		node->key = to_arena(p, &keys);
		node->item = to_arena(p, &items);
		node->len = items.len;
		close_node(node);
	}
	mel_vec_clear(&keys);
	mel_vec_clear(&items);
	return failed ? NULL : node;
}

/* The node that begins with event. NULL: failed. */
static struct mel_node *read_node(struct parse *p, yaml_event_t *event)
{
	struct mel_node *node = NULL;
	struct mel_pos pos = pos_of(p, &event->start_mark);

	if (++p->depth > MEL_YAML_MAX_DEPTH) {
		too_deep(p, &pos);
		return NULL;
	}
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		node = scalar(p, event);
		break;
	case YAML_ALIAS_EVENT:
		node = alias(p, event);
		break;
	case YAML_SEQUENCE_START_EVENT:
		node = read_list(p, event);
		break;
	case YAML_MAPPING_START_EVENT:
		node = read_map(p, event);
		break;
	default:
		mel_err_at(p->err, &pos, "a value is missing");
	}
	p->depth--;
	return node;
}

/* Documents after the first: empty ones are fine. */
static int read_document(struct parse *p, struct mel_node **out, bool *has_first)
{
	yaml_event_t event;

	if (next_event(p, &event) < 0)
		return -1;

	struct mel_node *node = read_node(p, &event);

	yaml_event_delete(&event);
	if (!node)
		return -1;
	if (*has_first && !(node->kind == MEL_NODE_SCALAR && node->is_null))
		return mel_err_at(p->err, &node->pos,
				  "a second document in the file; only one is read, remove it");
	if (!*has_first)
		*out = node;
	*has_first = true;
	return 0;
}

static int read_stream(struct parse *p, struct mel_node **out)
{
	bool is_done = false, has_first = false;
	int result = 0;

	while (result == 0 && !is_done) {
		yaml_event_t event;

		if (next_event(p, &event) < 0)
			return -1;
		is_done = event.type == YAML_STREAM_END_EVENT;
		if (event.type == YAML_DOCUMENT_START_EVENT)
			result = read_document(p, out, &has_first);
		yaml_event_delete(&event);
	}
	return result;
}

int mel_yaml_parse(struct mel_node **out, struct mel_arena *arena, const char *file,
		   struct mel_slice text, struct mel_err **err)
{
	struct parse p = { .arena = arena, .file = mel_arena_strdup(arena, file), .err = err };

	*out = NULL;
	if (text.len > MEL_YAML_MAX_BYTES)
		return mel_err_set(err, MEL_ERR_LIMIT, "'%s' is larger than %d bytes", file,
				   MEL_YAML_MAX_BYTES);
	if (!yaml_parser_initialize(&p.yaml))
		return mel_err_set(err, MEL_ERR_SYSTEM, "cannot start the YAML parser");
	yaml_parser_set_input_string(&p.yaml, (const unsigned char *)text.ptr, text.len);

	int result = read_stream(&p, out);

	mel_map_clear(&p.anchor);
	yaml_parser_delete(&p.yaml);
	return result;
}

struct mel_node *mel_node_get(const struct mel_node *node, const char *key)
{
	for (size_t i = 0; node && node->kind == MEL_NODE_MAP && i < node->len; i++)
		if (strcmp(node->key[i]->text, key) == 0)
			return node->item[i];
	return NULL;
}
