/*
 * A build file from bytes to checked structs, before any variable is put in; the checks of the
 * whole after that; and the two lesser files of the same kind, definitions and vars files.
 */
#pragma once

#include "base/slice.h"
#include "config/model.h"

/*
 * The build file of path with the given text, strict: unknown keys, wrong types and repeated
 * keys are errors, all reported together. package must be there; environment and
 * package.resources are made when absent. Errors: INPUT with file:line:column, LIMIT.
 */
int mel_buildfile_read(struct mel_config **out, struct mel_arena *arena, const char *path,
		       struct mel_slice text, struct mel_err **err);
/* A pipeline definition: one step; unknown keys are passed over. has_runs etc. are seen from
 * the pointers: NULL where the definition has nothing. Errors as above. */
int mel_definition_read(struct mel_pipeline *out, struct mel_arena *arena, const char *path,
			struct mel_slice text, struct mel_err **err);
/* A vars file: one mapping of texts. Errors as above. */
int mel_vars_file_read(struct mel_text_map *out, struct mel_arena *arena, const char *path,
		       struct mel_slice text, struct mel_err **err);

/* Check what must hold once variables are put in: names, versions, priorities, combinations of
 * keys in steps, setcap, subpackages, cpe. All problems are reported. Errors: INPUT. */
int mel_config_validate(const struct mel_config *config, struct mel_err **err);

/* The CPE of the package ("cpe:2.3:a:…") in arena, NULL when the file gives none. */
const char *mel_cpe_text(const struct mel_package *package, struct mel_arena *arena);
