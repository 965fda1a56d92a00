/* The flags of "melange build" as given, before they become struct mel_build_opts. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cmd/options.h"

struct mel_build_flags {
	/* inputs */
	struct mel_opt_list arch, pipeline_dir, pipeline_dirs, env_file, build_option;
	const char *source_dir, *workspace_dir, *vars_file, *build_date, *libc_flavor;
	const char *cpu, *cpumodel, *memory, *disk;
	bool empty_workspace;
	int64_t timeout_ns;
	/* guest */
	struct mel_opt_list cache_source, bind_ro, repository_append, keyring_append,
		package_append;
	const char *root, *network, *cache_dir, *apk_cache_dir, *runner;
	const char *cache_mode, *cache_policy, *cache_upper;
	bool cache_keep_on_failure, cache_apply_deletes, cache_exclusive;
	bool no_cache_env, cache_compiled, offline;
	uint64_t cache_max_bytes;
	int64_t cache_max_age_s;
	/* output */
	const char *out_dir, *signing_key, *name_space, *git_commit, *git_repo_url, *license;
	bool generate_index, strip_origin_name, create_build_log;
	/* behaviour */
	bool debug, rm;
	/* flags of later versions and flags without effect: type by type, never read */
	bool later_bool;
	const char *later_text;
	struct mel_opt_list later_list, lint_warn;
	int64_t later_duration;
	uint64_t later_uint;
};

enum { MEL_BUILD_OPT_LEN = 68 };
extern const struct mel_opt mel_build_opt[];

/* The build file: the first of arg, else melange.yaml (or .yml, also with a dot in front) of
 * the working directory. Errors: USAGE if there is none. */
int mel_build_choose_file(const struct mel_opt_list *arg, const char **file,
			  struct mel_err **err);
