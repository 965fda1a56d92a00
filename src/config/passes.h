/*
 * From a build file to its loaded form: vars file, build options, variables, ranges, accounts,
 * environment variables, checks. What depends on the build (architecture, output folders,
 * definitions) comes later, in the plan.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "config/model.h"
#include "config/vars.h"

/* Whatever flags add to a build file. All borrowed; NULL or 0 is "not given". */
struct mel_load_opts {
	const char *arch;            /* apk name */
	const char *libc_flavor;     /* NULL: gnu */
	const char *const *env_file; /* paths; of equal names the first wins */
	size_t env_file_len;
	const char *const *vars_file; /* paths; of equal names the last wins */
	size_t vars_file_len;
	const char *const *build_option; /* in this order */
	size_t build_option_len;
	const char *const *package_append;
	size_t package_append_len;
	const char *const *repository_append;
	size_t repository_append_len;
	const char *const *keyring_append;
	size_t keyring_append_len;
	const char *commit; /* of the build file, for packages that name none */
	const char *cpu, *cpumodel, *memory, *disk; /* replace those of the file */
	int64_t timeout_ns;                         /* the same */
};

/*
 * Load the build file at path. Conditions stay as written (but for the variables of a range):
 * they are decided from that text. Everything lives in arena. Errors: INPUT with
 * file:line:column, as many as were found; SYSTEM (a file cannot be read); LIMIT.
 */
int mel_config_load(struct mel_config **out, struct mel_arena *arena, const char *path,
		    const struct mel_load_opts *opts, struct mel_err **err);

/*
 * The variables that a file has by itself, into scope: package.* and vars.*, transforms
 * applied, values that refer to others resolved; names and values in arena or config. Errors:
 * INPUT: a cycle (naming its members), an unknown variable, a bad pattern.
 */
int mel_config_scope(struct mel_scope *scope, struct mel_arena *arena,
		     const struct mel_config *config, struct mel_err **err);
