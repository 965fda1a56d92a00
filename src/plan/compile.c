/* Compiling lists of steps: see compile.h. */
#include "plan/compile.h"

#include <ctype.h>
#include <string.h>

#include "base/log.h"
#include "config/cond.h"
#include "plan/cacheenv.h"
#include "plan/guestenv.h"
#include "plan/script.h"

enum { MAX_USES = 64 };

/* What a step gets from those around it, and they from those around them. */
struct context {
	const struct context *outer; /* NULL for the whole list */
	const struct mel_scope *scope;
	const struct mel_scope *early; /* NULL within a definition */
	const char *workdir;
	const struct mel_text_map *env;
	const char *label;
	const struct mel_pipeline *labelled;     /* the step that label is of */
	const struct mel_definition *definition; /* whose steps these are; NULL: the file's */
	struct mel_pos use_pos;                  /* of the innermost step of the file itself */
	unsigned uses_depth;
	bool is_active; /* no condition on the way is false */
};

static bool is_given(const char *text)
{
	return text && *text;
}

int mel_compile_condition(bool *out, struct mel_arena *arena, const char *text,
			  const struct mel_scope *scope, const struct mel_pos *pos,
			  struct mel_err **err)
{
	struct mel_cond_result result;

	*out = true;
	if (!is_given(text))
		return 0;
	if (mel_cond_eval(&result, arena, text, scope, pos, err) < 0)
		return -1;
	if (result.reading)
		mel_log(MEL_LOG_WARN,
			"%s:%u:%u: a condition with both && and || is read from left to right: "
			"%s",
			pos->file ? pos->file : "", pos->line, pos->column, result.reading);
	*out = result.value;
	return 0;
}

/* --- definitions ------------------------------------------------------------------------- */

static int recursion(const struct context *outer, const char *name, const struct mel_pos *pos,
		     struct mel_err **err)
{
	struct mel_buf chain MEL_AUTO_BUF = MEL_BUF_INIT(4096);
	const struct mel_definition *last = NULL;

	for (; outer; outer = outer->outer) {
		if (!outer->definition || outer->definition == last)
			continue;
		last = outer->definition;
		mel_buf_printf(&chain, " <- %s", last->name);
		if (mel_text_eq(last->name, name))
			break;
	}
	return mel_err_at(err, pos, "definitions use each other without end: %s%s", name,
			  mel_buf_text(&chain));
}

static bool is_in_use(const struct context *outer, const struct mel_definition *definition)
{
	for (; outer; outer = outer->outer) {
		if (outer->definition == definition)
			return true;
	}
	return false;
}

/* Load what step uses and lay it over the step. */
static int load_definition(struct mel_compiler *c, struct mel_pipeline *step,
			   const struct context *outer, struct context *inner,
			   struct mel_err **err)
{
	const struct mel_definition *found;
	bool is_if_own = true;

	if (!is_given(step->uses) || step->pipeline_len > 0)
		return 0;
	if (mel_definitions_find(&found, &c->definitions, step->uses, &step->uses_pos, err) < 0)
		return -1;
	if (outer->uses_depth == MAX_USES || is_in_use(outer, found))
		return recursion(outer, step->uses, &step->uses_pos, err);
	mel_definition_apply(step, found, c->arena, &is_if_own);
	inner->definition = found;
	inner->uses_depth++;
	if (!is_if_own)
		inner->early = NULL;
	return 0;
}

/* --- variables --------------------------------------------------------------------------- */

static void expand(struct mel_compiler *c, const char **text, const struct mel_scope *scope,
		   const struct mel_pos *pos, struct mel_err **found)
{
	struct mel_err *one = NULL;

	if (*text && mel_vars_expand(text, c->arena, *text, scope, pos, &one) < 0)
		mel_err_append(found, one);
}

/* Texts in which a reference may stay: what is known is put in. */
static void expand_known(struct mel_compiler *c, const char **text,
			 const struct mel_scope *scope, const struct mel_pos *pos)
{
	const char *before = *text;
	struct mel_ref ref;

	if (!before)
		return;
	*text = mel_vars_replace(c->arena, before, scope);
	if (mel_ref_next(mel_slice_of(before), 0, &ref) &&
	    mel_ref_next(mel_slice_of(*text), 0, &ref) && ref.state == MEL_REF_OK)
		mel_log(MEL_LOG_WARN, "%s:%u:%u: variable %.*s not defined, left as it is",
			pos->file ? pos->file : "", pos->line, pos->column, (int)ref.name.len,
			ref.name.ptr);
}

static void expand_env(struct mel_compiler *c, struct mel_text_map *env,
		       const struct mel_scope *scope, struct mel_err **found)
{
	for (size_t i = 0; i < env->len; i++) {
		struct mel_text_pair *var = &env->at[i];
		struct mel_err *one = NULL;

		expand_known(c, &var->value, scope, &var->pos);
		if (*var->key && !strchr(var->key, '='))
			continue;
		mel_err_at(&one, &var->pos,
			   "'%s' cannot be the name of an environment variable", var->key);
		mel_err_append(found, one);
	}
}

/* Put the variables of scope into all texts of step but its condition. */
static int expand_step(struct mel_compiler *c, struct mel_pipeline *step,
		       const struct context *outer, const struct mel_scope *scope,
		       struct mel_err **err)
{
	struct mel_err *found = NULL;

	if (step->inputs_len == 0) {
		for (size_t i = 0; i < step->with.len; i++)
			expand(c, &step->with.at[i].value, outer->scope, &step->with.at[i].pos,
			       &found);
	}
	for (size_t i = 0; step->needs && i < step->needs->packages.len; i++) {
		struct mel_texts *list = &step->needs->packages;

		expand(c, &list->at[i], scope, list->pos ? &list->pos[i] : &step->pos, &found);
	}
	expand(c, &step->working_directory, scope, &step->working_directory_pos, &found);
	expand(c, &step->runs, scope, &step->runs_pos, &found);
	expand_env(c, &step->environment, scope, &found);
	expand_known(c, &step->name, outer->scope, &step->name_pos);
	*err = found;
	return found ? -1 : 0;
}

/* The step's condition: undefined variables are errors in any case, the rest only if the step
 * is reached. Its text becomes the record's. */
static int decide(struct mel_compiler *c, struct mel_pipeline *step, struct context *inner,
		  struct mel_err **err)
{
	const char *text = step->if_;

	if (!is_given(text))
		return 0;
	if (mel_cond_record(&step->if_, c->arena, text, inner->early, inner->scope,
			    &step->if_pos, err) < 0)
		return -1;
	if (!inner->is_active)
		return 0;
	return mel_compile_condition(&inner->is_active, c->arena, text, inner->scope,
				     &step->if_pos, err);
}

/* --- steps that run ---------------------------------------------------------------------- */

static void add_outer_env(struct mel_map *env, const struct context *at)
{
	if (!at)
		return;
	add_outer_env(env, at->outer);
	if (at->env)
		mel_guestenv_add(env, at->env);
}

static const char *input_variable(struct mel_arena *arena, const char *name)
{
	char *made = mel_arena_printf(arena, "MELANGE_INPUT_%s", name);

	for (char *p = made + strlen("MELANGE_INPUT_"); *p; p++)
		*p = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
	return made;
}

/* Inputs of the step and of those around it, the nearest winning. */
static void add_inputs(struct mel_map *env, struct mel_arena *arena,
		       const struct mel_scope *scope)
{
	const size_t len = strlen("inputs.");

	if (!scope)
		return;
	add_inputs(env, arena, scope->parent);
	for (size_t i = 0; i < scope->map.len; i++) {
		const char *name = scope->map.entry[i].key;

		if (strncmp(name, "inputs.", len) == 0)
			mel_guestenv_set(env, input_variable(arena, name + len),
					 scope->map.entry[i].value);
	}
}

/* Our own definitions take values from the environment, so that no value is read as shell. */
static void add_builtin_env(struct mel_map *env, struct mel_compiler *c,
			    const struct mel_compile_target *target,
			    const struct context *context)
{
	add_inputs(env, c->arena, context->scope);
	mel_guestenv_set(env, "MELANGE_OUTDIR", MEL_PLAN_OUT_DIR);
	mel_guestenv_set(env, "MELANGE_DESTDIR",
			 mel_arena_printf(c->arena, MEL_PLAN_OUT_DIR "/%s", target->package));
	mel_guestenv_set(env, "MELANGE_CONTEXTDIR",
			 mel_arena_printf(c->arena, MEL_PLAN_OUT_DIR "/%s", target->name));
	mel_guestenv_set(env, "MELANGE_PACKAGE_NAME", target->package);
	mel_guestenv_set(env, "MELANGE_CONTEXT_NAME", target->name);
	mel_guestenv_set(env, "MELANGE_ARCH", c->opts->arch);
	mel_guestenv_set(env, "MELANGE_NETWORK", c->opts->network ? c->opts->network : "none");
}

static const char *const *step_env(struct mel_compiler *c,
				   const struct mel_compile_target *target,
				   const struct context *context)
{
	MEL_AUTO_MAP struct mel_map env = { 0 };

	mel_guestenv_start(&env, c->arena, context->workdir, c->opts->build_date, c->env);
	add_outer_env(&env, context);
	if (context->definition && context->definition->is_builtin)
		add_builtin_env(&env, c, target, context);
	mel_cacheenv_add(&env, c->arena, &c->opts->cache);
	return mel_guestenv_list(&env, c->arena);
}

static const char *definition_name(const struct context *context)
{
	return context->definition ? context->definition->name : NULL;
}

static void add_to_plan(struct mel_compiler *c, const struct mel_compile_target *target,
			const struct mel_pipeline *step, const struct context *context,
			const struct mel_pipeline **last)
{
	struct mel_step made = {
		.label = context->label,
		.is_continued = context->labelled && *last == context->labelled,
		.uses = definition_name(context),
		.pos = step->pos,
		.use_pos = context->use_pos,
		.runs = step->runs,
		.workdir = context->workdir,
		.env = step_env(c, target, context),
		.output = target->output,
	};

	made.script = mel_script_make(c->arena, step->runs, c->opts->is_debug);
	*last = context->labelled;
	mel_vec_push(&c->step, made);
}

static void gather_needs(struct mel_compiler *c, const struct mel_compile_target *target,
			 struct mel_pipeline *step, const struct context *outer)
{
	const struct mel_texts *list = &step->needs->packages;

	for (size_t i = 0; i < list->len; i++)
		mel_texts_add(c->arena, target->needs, list->at[i],
			      list->pos ? list->pos[i] : step->pos);
	if (!outer->outer)
		step->needs = NULL; /* the record has them in the list of packages now */
}

/* --- walking ----------------------------------------------------------------------------- */

/* Steps within, those of a definition too, are recorded with the folder of the step around. */
static void hand_down(struct mel_pipeline *step)
{
	for (size_t i = 0; i < step->pipeline_len; i++) {
		if (!is_given(step->pipeline[i].working_directory))
			step->pipeline[i].working_directory = step->working_directory;
	}
}

/* A list of steps being compiled. */
struct walk {
	struct mel_compiler *c;
	const struct mel_compile_target *target;
	const struct mel_pipeline *last; /* labelled step that ran last */
};

static int compile_list(struct walk *w, struct mel_pipeline *steps, size_t len,
			const struct context *outer, size_t *ran, struct mel_err **err);

static int check_assertion(const struct mel_pipeline *step, size_t ran, struct mel_err **err)
{
	const struct mel_assertions *wanted = step->assertions;
	const char *label = is_given(step->name) ? step->name : step->uses;

	if (!wanted || !wanted->has_required_steps || wanted->required_steps == (int64_t)ran)
		return 0;
	mel_err_at(err, &step->pos,
		   "step \"%s\": pipeline did not run the required %lld steps, only %zu",
		   label ? label : "pipeline", (long long)wanted->required_steps, ran);
	return mel_err_as(err, MEL_ERR_STEP);
}

/* What step and its definition give to the steps within. */
static void fill_context(struct mel_compiler *c, const struct mel_pipeline *step,
			 struct context *inner)
{
	const char *label = is_given(step->name) ? step->name : step->uses;

	inner->workdir = mel_script_workdir(c->arena, inner->workdir, step->working_directory);
	inner->env = &step->environment;
	if (is_given(label)) {
		inner->label = label;
		inner->labelled = step;
	}
}

static int compile_children(struct walk *w, struct mel_pipeline *step,
			    const struct context *inner, struct mel_err **err)
{
	struct context within = *inner;
	size_t ran = 0;

	if (inner->definition != inner->outer->definition)
		within.early = NULL; /* a definition's texts are no texts of the file */
	if (compile_list(w, step->pipeline, step->pipeline_len, &within, &ran, err) < 0)
		return -1;
	if (!inner->is_active || !w->target->is_run || w->c->opts->is_record_only)
		return 0;
	return check_assertion(step, ran, err);
}

static int compile_loaded(struct walk *w, struct mel_pipeline *step,
			  const struct context *outer, struct context *inner,
			  struct mel_err **err)
{
	struct mel_compiler *c = w->c;

	if (expand_step(c, step, outer, inner->scope, err) < 0 ||
	    decide(c, step, inner, err) < 0)
		return -1;
	fill_context(c, step, inner);
	if (inner->is_active && step->needs)
		gather_needs(c, w->target, step, outer);
	if (inner->is_active && w->target->is_run && is_given(step->runs))
		add_to_plan(c, w->target, step, inner, &w->last);
	if (step->runs)
		step->runs = mel_script_record(c->arena, step->runs);
	hand_down(step);
	if (compile_children(w, step, inner, err) < 0)
		return -1;
	step->inputs = NULL; /* all of them have their values now */
	step->inputs_len = 0;
	return 0;
}

static int compile_step(struct walk *w, struct mel_pipeline *step, const struct context *outer,
			bool *is_run, struct mel_err **err)
{
	MEL_AUTO_SCOPE struct mel_scope inputs = { .parent = outer->scope };
	struct context inner = *outer;
	const char *uses = step->uses;
	int status;

	inner.outer = outer;
	if (!outer->definition)
		inner.use_pos = step->pos;
	if (load_definition(w->c, step, outer, &inner, err) < 0)
		return -1;
	inner.scope = &inputs;
	if (inner.definition != outer->definition || step->inputs_len > 0)
		status = mel_inputs_resolve(&inputs, step, outer->scope, w->c->arena, err);
	else
		status = 0;
	if (status == 0)
		status = compile_loaded(w, step, outer, &inner, err);
	if (status < 0 && inner.definition != outer->definition)
		mel_err_wrap(err, "%s:%u:%u: in pipeline \"%s\"", step->uses_pos.file,
			     step->uses_pos.line, step->uses_pos.column, uses);
	*is_run = inner.is_active;
	return status;
}

static int compile_list(struct walk *w, struct mel_pipeline *steps, size_t len,
			const struct context *outer, size_t *ran, struct mel_err **err)
{
	struct mel_err *found = NULL;

	for (size_t i = 0; i < len; i++) {
		struct mel_err *one = NULL;
		bool is_run = false;

		if (compile_step(w, &steps[i], outer, &is_run, &one) < 0)
			mel_err_append(&found, one);
		*ran += is_run;
	}
	*err = found;
	return found ? -1 : 0;
}

int mel_compile_steps(struct mel_compiler *c, const struct mel_compile_target *target,
		      struct mel_pipeline *steps, size_t len, struct mel_err **err)
{
	struct walk walk = { .c = c, .target = target };
	const struct context top = {
		.scope = target->scope,
		.early = target->early,
		.workdir = MEL_PLAN_HOME,
		.is_active = true,
	};
	size_t ran = 0;

	return compile_list(&walk, steps, len, &top, &ran, err);
}
