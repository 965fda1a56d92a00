/* Reading build files, definitions and vars files: see buildfile.h. */
#include "config/buildfile.h"

#include "codec/yaml.h"
#include "config/schema.h"

static int empty_file(const char *path, struct mel_err **err)
{
	return mel_err_set(err, MEL_ERR_INPUT, "'%s' holds nothing: unexpected EOF", path);
}

static int parse(struct mel_node **node, struct mel_arena *arena, const char *path,
		 struct mel_slice text, struct mel_err **err)
{
	if (mel_yaml_parse(node, arena, path, text, err) < 0)
		return -1;
	if (*node && (*node)->kind == MEL_NODE_SCALAR && (*node)->is_null)
		*node = NULL;
	return 0;
}

int mel_buildfile_read(struct mel_config **out, struct mel_arena *arena, const char *path,
		       struct mel_slice text, struct mel_err **err)
{
	struct mel_config *config = mel_arena_alloc(arena, sizeof(*config));
	struct mel_node *node;

	if (parse(&node, arena, path, text, err) < 0)
		return -1;
	if (!node)
		return empty_file(path, err);
	config->file = mel_arena_strdup(arena, path);
	if (mel_schema_read(config, &mel_config_schema, node, true, arena, err) < 0)
		return -1;
	if (!mel_node_get(node, "package"))
		return mel_err_at(err, &node->pos, "the build file has no 'package'");
	if (!config->environment)
		config->environment = mel_arena_alloc(arena, sizeof(*config->environment));
	if (!config->package.resources)
		config->package.resources =
			mel_arena_alloc(arena, sizeof(*config->package.resources));
	*out = config;
	return 0;
}

int mel_definition_read(struct mel_pipeline *out, struct mel_arena *arena, const char *path,
			struct mel_slice text, struct mel_err **err)
{
	struct mel_node *node;

	*out = (struct mel_pipeline){ 0 };
	if (parse(&node, arena, path, text, err) < 0)
		return -1;
	return node ? mel_schema_read(out, &mel_pipeline_schema, node, false, arena, err) : 0;
}

int mel_vars_file_read(struct mel_text_map *out, struct mel_arena *arena, const char *path,
		       struct mel_slice text, struct mel_err **err)
{
	struct mel_node *node;

	*out = (struct mel_text_map){ 0 };
	if (parse(&node, arena, path, text, err) < 0)
		return -1;
	if (!node)
		return empty_file(path, err);
	if (node->kind != MEL_NODE_MAP)
		return mel_err_at(err, &node->pos,
				  "a vars file is one mapping of names to texts");
	for (size_t i = 0; i < node->len; i++) {
		const struct mel_node *value = node->item[i];

		if (node->key[i]->is_null)
			continue;
		if (value->kind != MEL_NODE_SCALAR)
			return mel_err_at(err, &value->pos, "'%s' wants a single value",
					  node->key[i]->text);
		mel_text_map_add(arena, out, node->key[i]->text,
				 value->is_null ? "" : value->text, value->pos);
	}
	return 0;
}
