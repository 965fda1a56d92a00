/* The variables that a build file has by itself: mel_config_scope of passes.h. */
#include "config/passes.h"

#include "config/resolve.h"

/* The package's fields, resolved before all others that use them. */
enum { PACKAGE_NODES = 5 };

static const char *text_of(const char *text)
{
	return text ? text : "";
}

static void package_nodes(struct mel_resolve_node *node, struct mel_arena *arena,
			  const struct mel_package *package)
{
	const char *epoch = mel_arena_printf(arena, "%llu", (unsigned long long)package->epoch);
	const struct {
		const char *name, *text;
		struct mel_pos pos;
	} fields[PACKAGE_NODES] = {
		{ "package.name", text_of(package->name), package->name_pos },
		{ "package.version", text_of(package->version), package->version_pos },
		{ "package.epoch", epoch, package->pos },
		{ "package.full-version",
		  mel_arena_printf(arena, "%s-r%s", text_of(package->version), epoch),
		  package->version_pos },
		{ "package.description", text_of(package->description), package->pos },
	};

	for (size_t i = 0; i < PACKAGE_NODES; i++) {
		node[i] = (struct mel_resolve_node){ .name = fields[i].name,
						     .text = fields[i].text,
						     .pos = fields[i].pos,
						     .is_lenient = true };
	}
}

int mel_config_scope(struct mel_scope *scope, struct mel_arena *arena,
		     const struct mel_config *config, struct mel_err **err)
{
	size_t len = PACKAGE_NODES + config->vars.len + config->var_transforms_len, at = 0;
	struct mel_resolve_node *node = mel_arena_array(arena, len, sizeof(*node));

	package_nodes(node, arena, &config->package);
	at = PACKAGE_NODES;
	for (size_t i = 0; i < config->vars.len; i++) {
		const struct mel_text_pair *var = &config->vars.at[i];

		node[at++] = (struct mel_resolve_node){
			.name = mel_arena_printf(arena, "vars.%s", var->key),
			.text = text_of(var->value),
			.pos = var->pos,
		};
	}
	for (size_t i = 0; i < at; i++)
		node[i].limit = len;
	for (size_t i = 0; i < config->var_transforms_len; i++, at++) {
		const struct mel_var_transform *from = &config->var_transforms[i];

		node[at] = (struct mel_resolve_node){
			.name = mel_arena_printf(arena, "vars.%s", text_of(from->to)),
			.text = text_of(from->from),
			.pos = from->from_pos,
			.limit = at, /* results of earlier entries only */
			.match = text_of(from->match),
			.replace = text_of(from->replace),
			.match_pos = from->match_pos,
		};
	}
	if (mel_resolve(node, len, NULL, arena, err) < 0)
		return -1;
	for (size_t i = 0; i < len; i++)
		mel_scope_set(scope, node[i].name, node[i].value);
	return 0;
}
