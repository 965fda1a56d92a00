/* The plan of a build: see plan.h. */
#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "config/arch.h"
#include "config/passes.h"
#include "plan/compile.h"

struct planner {
	struct mel_plan *plan;
	struct mel_config *config;
	const struct mel_plan_opts *opts;
	struct mel_arena *arena; /* of the plan */
	struct mel_scope loaded; /* variables of the file by itself */
	struct mel_scope build;  /* those of the build, in front of loaded */
	struct mel_compiler compiler;
	struct mel_texts recorded; /* needs of all steps */
	struct mel_texts needed;   /* needs of the outputs that are built */
};

static const char *text_of(const char *text)
{
	return text ? text : "";
}

/* --- variables --------------------------------------------------------------------------- */

static void set_triplets(struct planner *p)
{
	const char *arch = p->opts->arch;
	const char *libc = p->opts->libc_flavor ? p->opts->libc_flavor : "gnu";
	const struct {
		const char *gnu, *rust, *libc;
	} triplets[] = {
		{ "host.triplet.gnu", "host.triplet.rust", libc },
		{ "cross.triplet.gnu.glibc", "cross.triplet.rust.glibc", "gnu" },
		{ "cross.triplet.gnu.musl", "cross.triplet.rust.musl", "musl" },
	};

	for (size_t i = 0; i < MEL_COUNTOF(triplets); i++) {
		mel_scope_set(&p->build, triplets[i].gnu,
			      mel_arch_triplet_gnu(p->arena, arch, triplets[i].libc));
		mel_scope_set(&p->build, triplets[i].rust,
			      mel_arch_triplet_rust(p->arena, arch, triplets[i].libc));
	}
}

static const char *out_dir_of(struct planner *p, const char *name)
{
	return mel_arena_printf(p->arena, MEL_PLAN_OUT_DIR "/%s", name);
}

static void set_targets(struct planner *p)
{
	const struct mel_config *config = p->config;
	const char *name = config->package.name;

	mel_scope_set(&p->build, "targets.outdir", MEL_PLAN_OUT_DIR);
	mel_scope_set(&p->build, "targets.destdir", out_dir_of(p, name));
	mel_scope_set(&p->build, mel_arena_printf(p->arena, "targets.package.%s", name),
		      out_dir_of(p, name));
	for (size_t i = 0; i < config->subpackages_len; i++) {
		const char *sub = config->subpackages[i].name;

		mel_scope_set(&p->build, mel_arena_printf(p->arena, "targets.package.%s", sub),
			      out_dir_of(p, sub));
	}
}

static void set_options(struct planner *p)
{
	const struct mel_config *config = p->config;

	for (size_t i = 0; i < config->options_len; i++)
		mel_scope_set(&p->build,
			      mel_arena_printf(p->arena, "options.%s.enabled",
					       config->options[i].name),
			      "false");
	for (size_t i = 0; i < p->opts->build_option_len; i++)
		mel_scope_set(&p->build,
			      mel_arena_printf(p->arena, "options.%s.enabled",
					       p->opts->build_option[i]),
			      "true");
}

static void set_build_scope(struct planner *p)
{
	p->build.parent = &p->loaded;
	mel_scope_set(&p->build, "package.srcdir", MEL_PLAN_HOME);
	mel_scope_set(&p->build, "build.arch", p->opts->arch);
	mel_scope_set(&p->build, "build.goarch", mel_arch_go(p->opts->arch));
	set_triplets(p);
	set_targets(p);
	set_options(p);
}

/* Variables of one (sub)package. */
static void set_context(struct planner *p, struct mel_scope *scope, const char *name,
			bool is_subpackage)
{
	const char *dir = out_dir_of(p, name);

	scope->parent = &p->build;
	mel_scope_set(scope, "targets.contextdir", dir);
	mel_scope_set(scope, "context.name", name);
	if (is_subpackage) {
		mel_scope_set(scope, "targets.subpkgdir", dir);
		mel_scope_set(scope, "subpkg.name", name);
	}
}

/* --- outputs ----------------------------------------------------------------------------- */

static const struct mel_package_options no_options;
static const struct mel_scriptlets no_scriptlets;

static struct mel_output *add_output(struct planner *p)
{
	return &p->plan->output[p->plan->output_len++];
}

static void add_main_output(struct planner *p)
{
	const struct mel_package *package = &p->config->package;

	*add_output(p) = (struct mel_output){
		.name = package->name,
		.is_main = true,
		.pos = package->pos,
		.package = package,
		.dependencies = &package->dependencies,
		.options = package->options ? package->options : &no_options,
		.scriptlets = package->scriptlets ? package->scriptlets : &no_scriptlets,
		.disabled_checks = &package->checks.disabled,
		.setcap = package->setcap,
		.setcap_len = package->setcap_len,
		.description = text_of(package->description),
		.url = text_of(package->url),
		.commit = text_of(package->commit),
	};
}

static void add_subpackage_output(struct planner *p, const struct mel_subpackage *sub)
{
	*add_output(p) = (struct mel_output){
		.name = sub->name,
		.pos = sub->pos,
		.subpackage = sub,
		.dependencies = &sub->dependencies,
		.options = sub->options ? sub->options : &no_options,
		.scriptlets = sub->scriptlets ? sub->scriptlets : &no_scriptlets,
		.disabled_checks = &sub->checks.disabled,
		.setcap = sub->setcap,
		.setcap_len = sub->setcap_len,
		.description = text_of(sub->description),
		.url = text_of(sub->url),
		.commit = text_of(sub->commit),
	};
}

/* --- tests ------------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
	const char *const *left = a, *const *right = b;

	return strcmp(*left, *right);
}

/* Sorted, each text once. */
static void sort_unique(struct mel_texts *list)
{
	size_t kept = 0;

	if (list->len == 0)
		return;
	qsort(list->at, list->len, sizeof(*list->at), by_text);
	for (size_t i = 0; i < list->len; i++) {
		if (kept == 0 || !mel_text_eq(list->at[i], list->at[kept - 1]))
			list->at[kept++] = list->at[i];
	}
	list->len = kept;
	list->pos = NULL; /* they do not match any more */
	list->cap = 0;
}

/* The test of the (sub)package name: its steps, and what its guest holds. */
static int compile_test(struct planner *p, struct mel_test *test, const char *name,
			const struct mel_scope *scope, struct mel_err **err)
{
	struct mel_texts needs = { 0 };
	const struct mel_compile_target target = {
		.package = p->config->package.name,
		.name = name,
		.early = &p->loaded,
		.scope = scope,
		.needs = &needs,
	};
	struct mel_texts *packages;

	if (!test || test->pipeline_len == 0)
		return 0;
	if (mel_compile_steps(&p->compiler, &target, test->pipeline, test->pipeline_len, err) <
	    0)
		return -1;
	if (!test->environment)
		test->environment = mel_arena_alloc(p->arena, sizeof(*test->environment));
	packages = &test->environment->contents.packages;
	mel_texts_add(p->arena, packages, name, test->pos);
	for (size_t i = 0; i < needs.len; i++)
		mel_texts_add(p->arena, packages, needs.at[i], test->pos);
	sort_unique(packages);
	return 0;
}

/* --- the whole --------------------------------------------------------------------------- */

static void append_texts(struct planner *p, struct mel_texts *to, const struct mel_texts *from)
{
	for (size_t i = 0; i < from->len; i++)
		mel_texts_add(p->arena, to, from->at[i], from->pos[i]);
}

static int compile_output(struct planner *p, const char *name, const struct mel_scope *scope,
			  bool is_run, struct mel_pipeline *steps, size_t len,
			  struct mel_err **err)
{
	struct mel_texts needs = { 0 };
	const struct mel_compile_target target = {
		.package = p->config->package.name,
		.name = name,
		.early = &p->loaded,
		.scope = scope,
		.output = p->plan->output_len - 1,
		.is_run = is_run,
		.needs = &needs,
	};

	if (mel_compile_steps(&p->compiler, &target, steps, len, err) < 0)
		return -1;
	append_texts(p, &p->recorded, &needs);
	if (is_run)
		append_texts(p, &p->needed, &needs);
	return 0;
}

/* Decide the condition of sub; its text becomes the record's. */
static int decide_subpackage(struct planner *p, struct mel_subpackage *sub,
			     const struct mel_scope *scope, bool *is_built,
			     struct mel_err **err)
{
	if (mel_compile_condition(is_built, p->arena, sub->if_, scope, &sub->if_pos, err) < 0)
		return -1;
	if (sub->if_)
		sub->if_ = mel_vars_replace(p->arena, sub->if_, &p->loaded);
	return 0;
}

static int compile_subpackage(struct planner *p, struct mel_subpackage *sub,
			      struct mel_err **err)
{
	MEL_AUTO_SCOPE struct mel_scope scope = { 0 };
	const char *condition = sub->if_;
	bool is_built;

	set_context(p, &scope, sub->name, true);
	if (decide_subpackage(p, sub, &scope, &is_built, err) < 0)
		return -1;
	if (is_built)
		add_subpackage_output(p, sub);
	else if (!p->opts->is_record_only)
		mel_log(MEL_LOG_INFO, "skipping subpackage %s because %s == false", sub->name,
			condition);
	if (compile_output(p, sub->name, &scope, is_built, sub->pipeline, sub->pipeline_len,
			   err) < 0)
		return mel_err_wrap(err, "subpackage \"%s\"", sub->name);
	if (compile_test(p, sub->test, sub->name, &scope, err) < 0)
		return mel_err_wrap(err, "tests of subpackage \"%s\"", sub->name);
	return 0;
}

static void collect(struct mel_err **found, struct mel_err *one)
{
	if (one)
		mel_err_append(found, one);
}

static int compile_all(struct planner *p, struct mel_err **err)
{
	MEL_AUTO_SCOPE struct mel_scope scope = { 0 };
	struct mel_config *config = p->config;
	const char *name = config->package.name;
	struct mel_err *found = NULL;

	set_context(p, &scope, name, false);
	add_main_output(p);
	compile_output(p, name, &scope, true, config->pipeline, config->pipeline_len, &found);
	for (size_t i = 0; i < config->subpackages_len; i++) {
		struct mel_err *one = NULL;

		compile_subpackage(p, &config->subpackages[i], &one);
		collect(&found, one);
	}
	append_texts(p, &config->environment->contents.packages, &p->recorded);

	struct mel_err *one = NULL;

	if (compile_test(p, config->test, name, &scope, &one) < 0)
		mel_err_wrap(&one, "tests of \"%s\"", name);
	collect(&found, one);
	*err = found;
	return found ? -1 : 0;
}

/* The needs of what is built, each once, in the order found. */
static const char *const *list_needs(struct planner *p)
{
	const char **list = mel_arena_array(p->arena, p->needed.len + 1, sizeof(*list));
	MEL_AUTO_MAP struct mel_map seen = { 0 };
	size_t len = 0;

	for (size_t i = 0; i < p->needed.len; i++) {
		if (mel_map_has(&seen, p->needed.at[i]))
			continue;
		mel_map_set(&seen, p->needed.at[i], NULL);
		list[len++] = p->needed.at[i];
	}
	return list;
}

static void finish(struct planner *p)
{
	struct mel_plan *plan = p->plan;

	plan->step_len = p->compiler.step.len;
	plan->step = mel_arena_array(p->arena, plan->step_len, sizeof(*plan->step));
	if (plan->step_len)
		memcpy(plan->step, p->compiler.step.at, plan->step_len * sizeof(*plan->step));
	plan->needs = list_needs(p);
}

static int make(struct planner *p, struct mel_err **err)
{
	if (mel_config_scope(&p->loaded, p->arena, p->config, err) < 0)
		return -1;
	set_build_scope(p);
	if (compile_all(p, err) < 0)
		return -1;
	finish(p);
	return 0;
}

int mel_plan_make(struct mel_plan **out, struct mel_config *config,
		  const struct mel_plan_opts *opts, struct mel_err **err)
{
	struct mel_plan *plan = mel_alloc(sizeof(*plan));
	struct planner p = {
		.plan = plan,
		.config = config,
		.opts = opts,
		.arena = &plan->arena,
		.compiler = {
			.arena = &plan->arena,
			.opts = opts,
			.env = &config->environment->environment,
			.definitions = { .arena = &plan->arena,
					 .dir = opts->pipeline_dir,
					 .dir_len = opts->pipeline_dir_len },
		},
	};
	int status;

	plan->config = config;
	plan->arch = opts->arch;
	plan->env = &config->environment->environment;
	plan->has_packages = config->environment->contents.packages.len > 0;
	plan->timeout_ns = (uint64_t)config->package.timeout_ns;
	plan->output = mel_arena_array(&plan->arena, config->subpackages_len + 1,
				       sizeof(*plan->output));
	status = make(&p, err);
	mel_vec_clear(&p.compiler.step);
	mel_definitions_clear(&p.compiler.definitions);
	mel_scope_clear(&p.build);
	mel_scope_clear(&p.loaded);
	if (status < 0)
		mel_plan_free(plan);
	else
		*out = plan;
	return status;
}

void mel_plan_free(struct mel_plan *plan)
{
	if (!plan)
		return;
	mel_arena_clear(&plan->arena);
	free(plan);
}
