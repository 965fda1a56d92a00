/* The flags of "melange build": see buildflags.h. */
#include "cmd/buildflags.h"

#include <assert.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

#define AT(field) .offset = offsetof(struct mel_build_flags, field)
#define HEADING(title)                                                                         \
	{                                                                                      \
		.type = MEL_OPT_HEADING, .help = title                                         \
	}
#define LATER(TYPE, flag, field)                                                               \
	{                                                                                      \
		.name = flag, .type = MEL_OPT_##TYPE, AT(field), .status = MEL_OPT_LATER,      \
		.help = "not available in this version", .is_hidden = true                     \
	}
#define NO_EFFECT(TYPE, flag, field, why)                                                      \
	{                                                                                      \
		.name = flag, .type = MEL_OPT_##TYPE, AT(field), .status = MEL_OPT_NO_EFFECT,  \
		.help = "accepted, without effect", .note = why, .is_hidden = true             \
	}

const struct mel_opt mel_build_opt[] = {
	HEADING("Inputs"),
	{ .name = "arch",
	  .type = MEL_OPT_LIST,
	  AT(arch),
	  .word = "ARCH",
	  .help = "architecture to build for (default the machine's own)" },
	{ .name = "source-dir",
	  .type = MEL_OPT_TEXT,
	  AT(source_dir),
	  .word = "DIR",
	  .help = "folder copied into the workspace (default that of the build file)" },
	{ .name = "empty-workspace",
	  .type = MEL_OPT_BOOL,
	  AT(empty_workspace),
	  .help = "start with an empty workspace" },
	{ .name = "workspace-dir",
	  .type = MEL_OPT_TEXT,
	  AT(workspace_dir),
	  .word = "DIR",
	  .help = "make the workspace in this folder (default a temporary one)" },
	{ .name = "pipeline-dir",
	  .type = MEL_OPT_LIST,
	  AT(pipeline_dir),
	  .word = "DIR,...",
	  .help = "folders searched first for pipeline definitions" },
	{ .name = "pipeline-dirs",
	  .type = MEL_OPT_LIST,
	  AT(pipeline_dirs),
	  .word = "DIR,...",
	  .help = "more folders with pipeline definitions" },
	{ .name = "env-file",
	  .type = MEL_OPT_LIST,
	  AT(env_file),
	  .word = "FILE,...",
	  .help = "files with environment variables for the steps" },
	{ .name = "vars-file",
	  .type = MEL_OPT_TEXT,
	  AT(vars_file),
	  .word = "FILE",
	  .help = "YAML file with values for the vars of the build file" },
	LATER(LIST, "build-option", build_option),
	{ .name = "build-date",
	  .type = MEL_OPT_TEXT,
	  AT(build_date),
	  .word = "TIME",
	  .help = "RFC 3339 time for all time stamps, or git: that of the file's commit" },
	{ .name = "override-host-triplet-libc-substitution-flavor",
	  .type = MEL_OPT_TEXT,
	  AT(libc_flavor),
	  .word = "WORD",
	  .preset = "gnu",
	  .help = "C library in ${{host.triplet.*}}" },
	NO_EFFECT(TEXT, "cpu", cpu, NULL),
	NO_EFFECT(TEXT, "cpumodel", cpumodel, NULL),
	NO_EFFECT(TEXT, "memory", memory, NULL),
	NO_EFFECT(TEXT, "disk", disk, NULL),
	{ .name = "timeout",
	  .type = MEL_OPT_DURATION,
	  AT(timeout_ns),
	  .word = "TIME",
	  .help = "end the build after this time, for example 1h30m" },
	LATER(DURATION, "step-timeout", later_duration),

	HEADING("Environment of the steps"),
	{ .name = "root",
	  .type = MEL_OPT_TEXT,
	  AT(root),
	  .word = "ROOT",
	  .help = "host (this machine's /usr), dir:PATH (a prepared tree)" },
	{ .name = "network",
	  .type = MEL_OPT_TEXT,
	  AT(network),
	  .word = "MODE",
	  .help = "none (recommended), host (default)" },
	{ .name = "bind-ro",
	  .type = MEL_OPT_LIST,
	  AT(bind_ro),
	  .word = "PATH,...",
	  .help = "more files and folders of this machine, read-only" },
	{ .name = "cache-dir",
	  .type = MEL_OPT_TEXT,
	  AT(cache_dir),
	  .word = "DIR",
	  .preset = "./melange-cache/",
	  .help = "build cache, seen by steps at /var/cache/melange" },
	{ .name = "cache-mode",
	  .type = MEL_OPT_TEXT,
	  AT(cache_mode),
	  .word = "MODE",
	  .help = "rw (default), ro, off" },
	{ .name = "no-cache-env",
	  .type = MEL_OPT_BOOL,
	  AT(no_cache_env),
	  .help = "leave variables that lead tools into the cache to the build file" },
	{ .name = "cache-compiled",
	  .type = MEL_OPT_BOOL,
	  AT(cache_compiled),
	  .help = "keep compiled output of go, ccache and sccache in the cache too" },
	{ .name = "runner",
	  .type = MEL_OPT_TEXT,
	  AT(runner),
	  .word = "NAME",
	  .help = "native is the only one; bubblewrap is another name of it" },
	{ .name = "repository-append",
	  .letter = 'r',
	  .type = MEL_OPT_LIST,
	  AT(repository_append),
	  .status = MEL_OPT_LATER,
	  .help = "not available in this version",
	  .is_hidden = true },
	{ .name = "keyring-append",
	  .letter = 'k',
	  .type = MEL_OPT_LIST,
	  AT(keyring_append),
	  .status = MEL_OPT_LATER,
	  .help = "not available in this version",
	  .is_hidden = true },
	LATER(LIST, "package-append", package_append),
	LATER(BOOL, "ignore-signatures", later_bool),
	LATER(TEXT, "apk-cache-dir", later_text),
	LATER(BOOL, "offline", later_bool),
	LATER(TEXT, "http-auth-file", later_text),
	LATER(BOOL, "cache-keep-on-failure", later_bool),
	NO_EFFECT(TEXT, "cache-source", later_text, NULL),

	HEADING("Output"),
	{ .name = "out-dir",
	  .type = MEL_OPT_TEXT,
	  AT(out_dir),
	  .word = "DIR",
	  .preset = "./packages/",
	  .help = "packages go to DIR/ARCH" },
	{ .name = "signing-key",
	  .type = MEL_OPT_TEXT,
	  AT(signing_key),
	  .word = "FILE",
	  .help = "RSA private key that signs packages and index" },
	{ .name = "generate-index",
	  .type = MEL_OPT_BOOL,
	  AT(generate_index),
	  .preset = "true",
	  .help = "add the packages to DIR/ARCH/APKINDEX.tar.gz" },
	{ .name = "namespace",
	  .type = MEL_OPT_TEXT,
	  AT(name_space),
	  .word = "NAME",
	  .preset = "unknown",
	  .help = "distribution, for package URLs and the maintainer" },
	{ .name = "strip-origin-name",
	  .type = MEL_OPT_BOOL,
	  AT(strip_origin_name),
	  .help = "subpackages are their own origin" },
	{ .name = "git-commit",
	  .type = MEL_OPT_TEXT,
	  AT(git_commit),
	  .word = "HASH",
	  .help = "commit of the build file (default that of its repository)" },
	{ .name = "git-repo-url",
	  .type = MEL_OPT_TEXT,
	  AT(git_repo_url),
	  .word = "URL",
	  .help = "repository of the build file (default its remote origin)" },
	{ .name = "license",
	  .type = MEL_OPT_TEXT,
	  AT(license),
	  .word = "ID",
	  .preset = "NOASSERTION",
	  .help = "license of the build file itself" },
	{ .name = "create-build-log",
	  .type = MEL_OPT_BOOL,
	  AT(create_build_log),
	  .help = "append a line for each package to ./packages.log" },
	LATER(BOOL, "generate-provenance", later_bool),
	LATER(TEXT, "dependency-log", later_text),
	LATER(LIST, "lint-require", later_list),
	NO_EFFECT(LIST, "lint-warn", lint_warn,
		  "no linters in this version: --lint-warn has no effect"),
	LATER(BOOL, "persist-lint-results", later_bool),
	LATER(TEXT, "trace", later_text),

	HEADING("Behaviour"),
	{ .name = "debug",
	  .type = MEL_OPT_BOOL,
	  AT(debug),
	  .help = "steps print each command before it runs" },
	{ .name = "rm",
	  .type = MEL_OPT_BOOL,
	  AT(rm),
	  .preset = "true",
	  .help = "remove the workspace at the end" },
	{ .name = "interactive",
	  .letter = 'i',
	  .type = MEL_OPT_BOOL,
	  AT(later_bool),
	  .status = MEL_OPT_LATER,
	  .help = "not available in this version",
	  .is_hidden = true },
	LATER(UINT, "jobs", later_uint),
	LATER(BOOL, "keep-going", later_bool),
	LATER(TEXT, "keep-failed", later_text),
	NO_EFFECT(BOOL, "debug-runner", later_bool, NULL),
	NO_EFFECT(BOOL, "cleanup", later_bool, NULL),
	NO_EFFECT(BOOL, "fail-on-lint-warning", later_bool,
		  "Flag --fail-on-lint-warning has been deprecated, use --lint-require and "
		  "--lint-warn instead"),
};

static_assert(MEL_COUNTOF(mel_build_opt) == MEL_BUILD_OPT_LEN, "a row more or less: count");

int mel_build_choose_file(const struct mel_opt_list *arg, const char **file,
			  struct mel_err **err)
{
	static const char *const names[] = { ".melange.yaml", ".melange.yml", "melange.yaml",
					     "melange.yml" };

	if (arg->len > 0) {
		*file = arg->at[0];
		return 0;
	}
	for (size_t i = 0; i < MEL_COUNTOF(names); i++) {
		if (access(names[i], F_OK) == 0) {
			*file = names[i];
			mel_log(MEL_LOG_INFO, "no configuration file provided -- using %s",
				names[i]);
			return 0;
		}
	}
	return mel_err_set(err, MEL_ERR_USAGE,
			   "melange.yaml is missing: name a build file, or go to a folder "
			   "that holds one");
}
