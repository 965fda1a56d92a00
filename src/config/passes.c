/* The sequence of loading a build file: see passes.h. */
#include "config/passes.h"

#include <fcntl.h>
#include <string.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "codec/yaml.h"
#include "config/buildfile.h"
#include "config/envfile.h"
#include "config/subpackages.h"

enum { BUILD_ID = 1000 };

struct loader {
	struct mel_config *config;
	struct mel_arena *arena;
	const struct mel_load_opts *opts;
	struct mel_scope scope;
	struct mel_err *found; /* problems so far */
};

static const struct mel_pos nowhere;

static int read_file(struct mel_buf *buf, const char *path, struct mel_err **err)
{
	return mel_file_read(AT_FDCWD, path, buf, err) < 0 ? mel_err_as(err, MEL_ERR_INPUT) : 0;
}

static int add_vars_file(struct loader *l, const char *path, struct mel_err **err)
{
	struct mel_buf buf MEL_AUTO_BUF = MEL_BUF_INIT(MEL_YAML_MAX_BYTES);
	struct mel_text_map vars = { 0 };

	if (read_file(&buf, path, err) < 0 ||
	    mel_vars_file_read(&vars, l->arena, path, mel_buf_slice(&buf), err) < 0)
		return mel_err_wrap(err, "loading variables file");
	for (size_t i = 0; i < vars.len; i++)
		mel_text_map_set(l->arena, &l->config->vars, vars.at[i].key, vars.at[i].value,
				 vars.at[i].pos);
	return 0;
}

static const struct mel_option *find_option(const struct mel_config *config, const char *name)
{
	for (size_t i = 0; i < config->options_len; i++) {
		if (mel_text_eq(config->options[i].name, name))
			return &config->options[i];
	}
	return NULL;
}

static int undeclared_option(const struct mel_config *config, const char *name,
			     struct mel_err **err)
{
	struct mel_buf known MEL_AUTO_BUF = MEL_BUF_INIT(1024);

	for (size_t i = 0; i < config->options_len; i++)
		mel_buf_printf(&known, "%s%s", i ? ", " : "", config->options[i].name);
	return mel_err_set(err, MEL_ERR_INPUT,
			   "%s: build option '%s' is not declared (declared: %s)", config->file,
			   name, known.len ? mel_buf_text(&known) : "none");
}

static int add_option_vars(struct loader *l, const char *name, struct mel_err **err)
{
	const struct mel_option *option = find_option(l->config, name);

	if (!option)
		return undeclared_option(l->config, name, err);
	mel_log(MEL_LOG_INFO, "applying configuration patches for build option %s", name);
	for (size_t i = 0; i < option->vars.len; i++)
		mel_text_map_set(l->arena, &l->config->vars, option->vars.at[i].key,
				 option->vars.at[i].value, option->vars.at[i].pos);
	return 0;
}

/* The package's name at the start of a dependency text. */
static struct mel_slice package_name(const char *text)
{
	return mel_slice_make(text, strcspn(text, "=<>~@"));
}

static void remove_package(struct mel_texts *list, const char *text, struct mel_pos pos)
{
	struct mel_slice name = package_name(text);
	size_t kept = 0, len = list->len;

	for (size_t i = 0; i < len; i++) {
		if (mel_slice_eq(package_name(list->at[i]), name))
			continue;
		list->at[kept] = list->at[i];
		if (list->pos)
			list->pos[kept] = list->pos[i];
		kept++;
	}
	list->len = kept;
	if (kept == len)
		mel_log(MEL_LOG_WARN, "%s:%u:%u: no package '%s' to remove", pos.file, pos.line,
			pos.column, text);
}

static struct mel_pos pos_of(const struct mel_texts *list, size_t i)
{
	return list->pos ? list->pos[i] : nowhere;
}

static void add_option_packages(struct loader *l, const char *name)
{
	struct mel_texts *list = &l->config->environment->contents.packages;
	const struct mel_option *option = find_option(l->config, name);
	const struct mel_option_packages *change;

	if (!option)
		return;
	change = &option->environment.contents.packages;
	for (size_t i = 0; i < change->add.len; i++)
		mel_texts_add(l->arena, list,
			      mel_vars_replace(l->arena, change->add.at[i], &l->scope),
			      pos_of(&change->add, i));
	for (size_t i = 0; i < change->remove.len; i++)
		remove_package(list, change->remove.at[i], pos_of(&change->remove, i));
}

static void append(struct loader *l, struct mel_texts *list, const char *const *more,
		   size_t len)
{
	for (size_t i = 0; i < len; i++) {
		bool is_there = false;

		for (size_t j = 0; j < list->len && !is_there; j++)
			is_there = mel_text_eq(list->at[j], more[i]);
		if (!is_there)
			mel_texts_add(l->arena, list, more[i], nowhere);
	}
}

static bool is_given(const char *text)
{
	return text && *text;
}

static void set_commits(struct loader *l)
{
	struct mel_package *package = &l->config->package;

	if (!is_given(package->commit))
		package->commit = l->opts->commit;
	for (size_t i = 0; i < l->config->subpackages_len; i++) {
		if (!is_given(l->config->subpackages[i].commit))
			l->config->subpackages[i].commit = package->commit;
	}
}

/* --- accounts ---------------------------------------------------------------------------- */

static void add_build_group(struct mel_accounts *accounts, struct mel_arena *arena)
{
	struct mel_group *list;

	for (size_t i = 0; i < accounts->group_len; i++) {
		if (accounts->group[i].groupname &&
		    mel_text_eq(accounts->group[i].groupname, "build"))
			return;
	}
	list = mel_arena_array(arena, accounts->group_len + 1, sizeof(*list));
	if (accounts->group_len)
		memcpy(list, accounts->group, accounts->group_len * sizeof(*list));
	list[accounts->group_len] = (struct mel_group){ .groupname = "build", .gid = BUILD_ID };
	mel_texts_add(arena, &list[accounts->group_len].members, "build", nowhere);
	accounts->group = list;
	accounts->group_len++;
}

static void add_build_user(struct mel_accounts *accounts, struct mel_arena *arena)
{
	struct mel_user *list;

	for (size_t i = 0; i < accounts->user_len; i++) {
		if (accounts->user[i].username &&
		    mel_text_eq(accounts->user[i].username, "build"))
			return;
	}
	list = mel_arena_array(arena, accounts->user_len + 1, sizeof(*list));
	if (accounts->user_len)
		memcpy(list, accounts->user, accounts->user_len * sizeof(*list));
	list[accounts->user_len++] = (struct mel_user){
		.username = "build", .uid = BUILD_ID, .gid = BUILD_ID, .has_gid = true
	};
	accounts->user = list;
}

static void add_accounts(struct mel_environment **place, struct mel_arena *arena)
{
	if (!*place)
		*place = mel_arena_alloc(arena, sizeof(**place));
	add_build_group(&(*place)->accounts, arena);
	add_build_user(&(*place)->accounts, arena);
}

static void add_all_accounts(struct loader *l)
{
	struct mel_config *config = l->config;

	add_accounts(&config->environment, l->arena);
	if (config->test)
		add_accounts(&config->test->environment, l->arena);
	for (size_t i = 0; i < config->subpackages_len; i++) {
		struct mel_test *test = config->subpackages[i].test;

		if (test && test->pipeline_len)
			add_accounts(&test->environment, l->arena);
	}
}

/* --- environment variables --------------------------------------------------------------- */

static int add_env_file(struct loader *l, struct mel_map *all, const char *path,
			struct mel_err **err)
{
	struct mel_buf buf MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	MEL_AUTO_MAP struct mel_map one = { 0 };

	if (read_file(&buf, path, err) < 0 ||
	    mel_envfile_parse(&one, l->arena, path, mel_buf_slice(&buf), err) < 0)
		return mel_err_wrap(err, "loading environment file");
	for (size_t i = 0; i < one.len; i++) {
		if (!mel_map_has(all, one.entry[i].key))
			mel_map_set(all, one.entry[i].key, one.entry[i].value);
	}
	return 0;
}

static int add_env_files(struct loader *l, struct mel_err **err)
{
	struct mel_text_map *map = &l->config->environment->environment;
	MEL_AUTO_MAP struct mel_map all = { 0 };

	for (size_t i = 0; i < l->opts->env_file_len; i++) {
		if (add_env_file(l, &all, l->opts->env_file[i], err) < 0)
			return -1;
	}
	for (size_t i = 0; i < all.len; i++) {
		if (mel_text_map_get(map, all.entry[i].key))
			continue;
		mel_text_map_set(l->arena, map, all.entry[i].key, all.entry[i].value, nowhere);
		map->at[map->len - 1].is_private = true;
	}
	return 0;
}

/* Home of the build, and where tools that are known keep what they download. */
static void add_default_env(struct loader *l)
{
	static const char *const defaults[][2] = {
		{ "HOME", "/home/build" },
		{ "GOPATH", "/home/build/.cache/go" },
		{ "GOMODCACHE", "/var/cache/melange/gomodcache" },
		{ "UV_CACHE_DIR", "/var/cache/melange/uv" },
		{ "PIP_CACHE_DIR", "/var/cache/melange/pip" },
		{ "COMPOSER_CACHE_DIR", "/var/cache/melange/composer" },
		{ "npm_config_cache", "/var/cache/melange/npm" },
	};
	struct mel_text_map *map = &l->config->environment->environment;

	for (size_t i = 0; i < MEL_COUNTOF(defaults); i++) {
		if (!is_given(mel_text_map_get(map, defaults[i][0])))
			mel_text_map_set(l->arena, map, defaults[i][0], defaults[i][1],
					 nowhere);
	}
}

/* --- the strict pass --------------------------------------------------------------------- */

static void expand(struct loader *l, const char **text, const struct mel_pos *pos)
{
	struct mel_err *one = NULL;

	if (*text && mel_vars_expand(text, l->arena, *text, &l->scope, pos, &one) < 0)
		mel_err_append(&l->found, one);
}

static void expand_texts(struct loader *l, struct mel_texts *list)
{
	for (size_t i = 0; i < list->len; i++)
		expand(l, &list->at[i], list->pos ? &list->pos[i] : NULL);
}

static void expand_dependencies(struct loader *l, struct mel_dependencies *deps)
{
	expand_texts(l, &deps->provides);
	expand_texts(l, &deps->runtime);
	expand_texts(l, &deps->replaces);
	expand(l, &deps->provider_priority, &deps->provider_priority_pos);
	expand(l, &deps->replaces_priority, &deps->replaces_priority_pos);
}

static void expand_test(struct loader *l, struct mel_test *test)
{
	if (test && test->environment)
		expand_texts(l, &test->environment->contents.packages);
}

static void expand_lists(struct loader *l)
{
	struct mel_config *config = l->config;

	expand_dependencies(l, &config->package.dependencies);
	expand_texts(l, &config->environment->contents.packages);
	expand_test(l, config->test);
	for (size_t i = 0; i < config->subpackages_len; i++) {
		expand_dependencies(l, &config->subpackages[i].dependencies);
		expand_test(l, config->subpackages[i].test);
	}
}

/* --- the rest ---------------------------------------------------------------------------- */

/* Nested steps take the folder and the variables of the step they are in. */
static void hand_down(struct loader *l, struct mel_pipeline *steps, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		struct mel_pipeline *step = &steps[i];

		for (size_t j = 0; j < step->pipeline_len; j++) {
			struct mel_pipeline *child = &step->pipeline[j];

			if (!is_given(child->working_directory))
				child->working_directory = step->working_directory;
			for (size_t k = 0; k < step->environment.len; k++) {
				const struct mel_text_pair *var = &step->environment.at[k];

				if (!mel_text_map_get(&child->environment, var->key))
					mel_text_map_set(l->arena, &child->environment,
							 var->key, var->value, var->pos);
			}
		}
		hand_down(l, step->pipeline, step->pipeline_len);
	}
}

static void hand_all_down(struct loader *l)
{
	struct mel_config *config = l->config;

	hand_down(l, config->pipeline, config->pipeline_len);
	for (size_t i = 0; i < config->subpackages_len; i++)
		hand_down(l, config->subpackages[i].pipeline,
			  config->subpackages[i].pipeline_len);
}

static void override_resources(struct loader *l)
{
	struct mel_package *package = &l->config->package;
	const struct mel_load_opts *opts = l->opts;
	const struct {
		const char **field;
		const char *given;
	} fields[] = {
		{ &package->resources->cpu, opts->cpu },
		{ &package->resources->cpumodel, opts->cpumodel },
		{ &package->resources->memory, opts->memory },
		{ &package->resources->disk, opts->disk },
	};

	for (size_t i = 0; i < MEL_COUNTOF(fields); i++) {
		if (is_given(fields[i].given))
			*fields[i].field = fields[i].given;
	}
	if (opts->timeout_ns)
		package->timeout_ns = opts->timeout_ns;
}

static int add_files_and_options(struct loader *l, struct mel_err **err)
{
	for (size_t i = 0; i < l->opts->vars_file_len; i++) {
		if (add_vars_file(l, l->opts->vars_file[i], err) < 0)
			return -1;
	}
	for (size_t i = 0; i < l->opts->build_option_len; i++) {
		if (add_option_vars(l, l->opts->build_option[i], err) < 0)
			return -1;
	}
	return 0;
}

static void append_contents(struct loader *l)
{
	const struct mel_load_opts *opts = l->opts;
	struct mel_contents *contents = &l->config->environment->contents;

	for (size_t i = 0; i < opts->build_option_len; i++)
		add_option_packages(l, opts->build_option[i]);
	append(l, &contents->packages, opts->package_append, opts->package_append_len);
	append(l, &contents->repositories, opts->repository_append,
	       opts->repository_append_len);
	append(l, &contents->keyring, opts->keyring_append, opts->keyring_append_len);
}

/* Everything behind the reading, in the order that decides who sees whose result. */
static int run(struct loader *l, struct mel_err **err)
{
	if (add_files_and_options(l, err) < 0 ||
	    mel_config_scope(&l->scope, l->arena, l->config, err) < 0)
		return -1;
	mel_config_substitute(l->config, l->arena, &l->scope);
	if (mel_subpackages_expand(l->config, l->arena, &l->scope, err) < 0)
		return -1;
	set_commits(l);
	l->config->data = NULL;
	l->config->data_len = 0;
	add_all_accounts(l);
	if (add_env_files(l, err) < 0)
		return -1;
	add_default_env(l);
	append_contents(l);
	expand_lists(l);
	hand_all_down(l);
	override_resources(l);
	if (l->found) {
		*err = mel_steal_ptr(&l->found);
		return -1;
	}
	return mel_config_validate(l->config, err);
}

int mel_config_load(struct mel_config **out, struct mel_arena *arena, const char *path,
		    const struct mel_load_opts *opts, struct mel_err **err)
{
	struct mel_buf buf MEL_AUTO_BUF = MEL_BUF_INIT(MEL_YAML_MAX_BYTES);
	struct loader l = { .arena = arena, .opts = opts };
	int status;

	if (read_file(&buf, path, err) < 0 ||
	    mel_buildfile_read(&l.config, arena, path, mel_buf_slice(&buf), err) < 0)
		return -1;
	status = run(&l, err);
	mel_scope_clear(&l.scope);
	mel_err_free(l.found);
	if (status == 0)
		*out = l.config;
	return status;
}
