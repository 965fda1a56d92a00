/*
 * Compiling lists of steps: definitions loaded, inputs and variables put in, conditions
 * decided. The steps become what the record says of them; those that run are appended to the
 * plan.
 */
#pragma once

#include "base/vec.h"
#include "config/pipeline.h"
#include "plan/plan.h"

/* One list of steps to compile, and what they are for. */
struct mel_compile_target {
	const char *package;           /* the main package */
	const char *name;              /* the (sub)package */
	const struct mel_scope *early; /* variables of the loaded file */
	const struct mel_scope *scope; /* all of them, for this (sub)package */
	size_t output;                 /* index of the output */
	bool is_run;             /* steps go to the plan; not for tests, nor if disabled */
	struct mel_texts *needs; /* packages the steps ask for are appended here */
};

struct mel_compiler {
	struct mel_arena *arena; /* of the plan */
	const struct mel_plan_opts *opts;
	const struct mel_text_map *env; /* build-wide */
	struct mel_definitions definitions;
	MEL_VEC(struct mel_step) step; /* the plan's, so far */
};

/*
 * Compile len steps in place. Errors: INPUT for every step that is wrong, STEP for an
 * assertion that does not hold.
 */
int mel_compile_steps(struct mel_compiler *c, const struct mel_compile_target *target,
		      struct mel_pipeline *steps, size_t len, struct mel_err **err);
/*
 * Decide the condition text (NULL and "" hold) in scope, warning if it can be misread. Errors:
 * INPUT.
 */
int mel_compile_condition(bool *out, struct mel_arena *arena, const char *text,
			  const struct mel_scope *scope, const struct mel_pos *pos,
			  struct mel_err **err);
