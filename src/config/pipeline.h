/*
 * Definitions that steps load by `uses`: where they are found, how they are laid over the
 * step, and what values their inputs get.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/map.h"
#include "config/model.h"
#include "config/vars.h"

struct mel_definition {
	const char *name; /* as in `uses` */
	const char *path; /* of its file; for messages */
	bool is_builtin;
	struct mel_pipeline step; /* as read; never changed */
};

/* Where definitions are looked for, and those found so far. Fill in arena and dir. */
struct mel_definitions {
	struct mel_arena *arena;
	const char *const *dir; /* before the system's folder and the built-in ones; borrowed */
	size_t dir_len;
	struct mel_map found; /* name -> struct mel_definition * */
};
void mel_definitions_clear(struct mel_definitions *definitions);

/*
 * The definition called name, read at most once. A folder's files count only if they lie below
 * it, symlinks followed. pos is where it is asked for. Errors: INPUT: a bad name, none of that
 * name (saying where it was looked for), a broken file.
 */
int mel_definitions_find(const struct mel_definition **out, struct mel_definitions *definitions,
			 const char *name, const struct mel_pos *pos, struct mel_err **err);

/*
 * Lay definition over step: what both have is the definition's, but for name,
 * working-directory and variables, where the step wins; if both have a condition both must
 * hold. *is_if_own tells whether the condition is still (in part) the step's.
 */
void mel_definition_apply(struct mel_pipeline *step, const struct mel_definition *definition,
			  struct mel_arena *arena, bool *is_if_own);

/*
 * Values of the inputs that step declares (its definition is applied already), into scope as
 * inputs.NAME; caller is the scope around the step. Values given by `with` see the caller's
 * variables first, defaults the step's own inputs first. step->with becomes what the record
 * wants: values other than the default's text. Errors: INPUT (undeclared or missing inputs,
 * cycles, malformed checksums).
 */
int mel_inputs_resolve(struct mel_scope *scope, struct mel_pipeline *step,
		       const struct mel_scope *caller, struct mel_arena *arena,
		       struct mel_err **err);
