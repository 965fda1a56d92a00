/*
 * The plan of a build: what mel_config_load made of a build file, compiled (definitions loaded,
 * variables put in, conditions decided) into a flat list of steps and the packages they fill.
 * Pure but for reading definition files; nothing of the host is looked at.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "config/model.h"
#include "plan/cacheenv.h"

#define MEL_PLAN_HOME    "/home/build"                /* where steps start, in the guest */
#define MEL_PLAN_OUT_DIR MEL_PLAN_HOME "/melange-out" /* one folder below it per output */

struct mel_plan_opts {
	const char *arch;                /* apk name, never NULL */
	const char *libc_flavor;         /* NULL: gnu */
	const char *const *pipeline_dir; /* searched in this order before the usual places */
	size_t pipeline_dir_len;
	const char *const *build_option; /* enabled ones, as given to mel_config_load */
	size_t build_option_len;
	int64_t build_date;        /* seconds; SOURCE_DATE_EPOCH of the steps */
	const char *network;       /* "none", "host" or "user"; NULL: "none" */
	struct mel_cacheenv cache; /* for variables of the steps */
	bool is_debug;             /* shells trace their commands */
	bool is_record_only; /* nothing will run: assertions on what runs are not checked */
};

/* One process of the guest. Texts live in the arena of the plan or of the config. */
struct mel_step {
	const char *label;  /* name, else uses, of the step or the nearest around it; or NULL */
	bool is_continued;  /* label is of the same step as that of the one before */
	const char *uses;   /* the definition it comes from, NULL for a step of the file */
	struct mel_pos pos; /* of the step in the file (build file or definition) */
	struct mel_pos use_pos; /* of the step of the build file that it belongs to */
	const char *script;  /* complete text for the shell; the launcher sets the directory */
	const char *runs;    /* the part of it that the author wrote, substituted */
	const char *workdir; /* absolute and clean; the launcher makes it if missing */
	const char *const *env; /* complete: "NAME=value", sorted by name, NULL at the end */
	size_t output;          /* index of the output it fills */
};

/* One package to emit. Exactly one of package and subpackage is set. */
struct mel_output {
	const char *name;
	bool is_main;
	struct mel_pos pos;
	const struct mel_package *package;       /* the main one */
	const struct mel_subpackage *subpackage; /* else this one */
	/* The same things of either; never NULL unless said. */
	const struct mel_dependencies *dependencies;
	const struct mel_package_options *options;
	const struct mel_scriptlets *scriptlets;
	const struct mel_texts *disabled_checks;
	const struct mel_setcap *setcap; /* setcap_len of them */
	size_t setcap_len;
	const char *description, *url, *commit; /* "" when not given */
};

struct mel_plan {
	struct mel_arena arena;
	struct mel_config *config; /* borrowed; compiled, that is: the record */
	const char *arch;
	struct mel_step *step; /* only those that run, in order */
	size_t step_len;
	struct mel_output *output; /* the main package first, then those whose `if` holds */
	size_t output_len;
	const struct mel_text_map *env; /* build-wide variables of the record */
	const char *const *needs;       /* packages that pipelines asked for, NULL at the end */
	bool has_packages;   /* the file itself or --package-append names guest packages */
	uint64_t timeout_ns; /* of the whole build, 0: none */
};

/*
 * Compile config (changed in place: it becomes the record) and list what has to run. The plan
 * borrows from config and config from the plan: neither is of use without the other. Errors:
 * INPUT (undefined variables, conditions, definitions, inputs; with file:line:column), STEP (an
 * assertion on the number of steps that run does not hold), SYSTEM. Free with mel_plan_free.
 */
int mel_plan_make(struct mel_plan **out, struct mel_config *config,
		  const struct mel_plan_opts *opts, struct mel_err **err);
void mel_plan_free(struct mel_plan *plan); /* NULL is fine */
