/*
 * "melange compile": a build file with everything put in that does not need a build, on
 * standard output. Nothing is resolved, downloaded or run.
 */
#include "cmd/cmd.h"
#include "cmd/loadflags.h"

#include <stdio.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/slice.h"
#include "cmd/buildflags.h"
#include "cmd/git.h"
#include "config/arch.h"
#include "config/passes.h"
#include "config/record.h"
#include "plan/plan.h"

struct flags {
	const char *arch, *format, *vars_file, *libc_flavor, *git_commit;
	const char *cpu, *cpumodel, *memory, *disk;
	struct mel_opt_list pipeline_dir, pipeline_dirs, env_file, build_option;
	int64_t timeout_ns;
	/* flags of build that change no record: type by type, never read */
	const char *ignored_text;
	struct mel_opt_list ignored_list;
	bool ignored_bool;
};

#define AT(field) .offset = offsetof(struct flags, field)
#define IGNORED(TYPE, flag, field)                                                             \
	{                                                                                      \
		.name = flag, .type = MEL_OPT_##TYPE, AT(field),                               \
		.help = "as in build, ignored", .is_hidden = true                              \
	}

static const struct mel_opt opt[] = {
	{ .name = "arch",
	  .type = MEL_OPT_TEXT,
	  AT(arch),
	  .word = "ARCH",
	  .help = "architecture to compile for (default the machine's own)" },
	{ .name = "format",
	  .type = MEL_OPT_TEXT,
	  AT(format),
	  .word = "FORMAT",
	  .preset = "json",
	  .help = "json, or yaml as in a package" },
	MEL_OPT_LOAD(struct flags),
	{ .name = "build-option",
	  .type = MEL_OPT_LIST,
	  AT(build_option),
	  .word = "NAME,...",
	  .help = "options of the build file to enable" },
	{ .name = "git-commit",
	  .type = MEL_OPT_TEXT,
	  AT(git_commit),
	  .word = "HASH",
	  .help = "commit of the build file (default that of its repository)" },
	MEL_OPT_LIBC_FLAVOR(struct flags),
	{ .name = "cpu",
	  .type = MEL_OPT_TEXT,
	  AT(cpu),
	  .word = "N",
	  .help = "package.resources" },
	{ .name = "cpumodel",
	  .type = MEL_OPT_TEXT,
	  AT(cpumodel),
	  .word = "NAME",
	  .help = "package.resources" },
	{ .name = "memory",
	  .type = MEL_OPT_TEXT,
	  AT(memory),
	  .word = "SIZE",
	  .help = "package.resources" },
	{ .name = "disk",
	  .type = MEL_OPT_TEXT,
	  AT(disk),
	  .word = "SIZE",
	  .help = "package.resources" },
	{ .name = "timeout",
	  .type = MEL_OPT_DURATION,
	  AT(timeout_ns),
	  .word = "TIME",
	  .help = "package.timeout" },
	IGNORED(TEXT, "git-repo-url", ignored_text),
	IGNORED(TEXT, "build-date", ignored_text),
	IGNORED(TEXT, "signing-key", ignored_text),
	IGNORED(TEXT, "source-dir", ignored_text),
	IGNORED(TEXT, "workspace-dir", ignored_text),
	IGNORED(TEXT, "cache-dir", ignored_text),
	IGNORED(TEXT, "cache-source", ignored_text),
	IGNORED(TEXT, "apk-cache-dir", ignored_text),
	IGNORED(TEXT, "out-dir", ignored_text),
	IGNORED(TEXT, "dependency-log", ignored_text),
	IGNORED(TEXT, "purl-namespace", ignored_text),
	IGNORED(TEXT, "namespace", ignored_text),
	IGNORED(TEXT, "license", ignored_text),
	IGNORED(TEXT, "runner", ignored_text),
	IGNORED(TEXT, "log-policy", ignored_text),
	IGNORED(LIST, "repository-append", ignored_list),
	IGNORED(LIST, "keyring-append", ignored_list),
	IGNORED(LIST, "package-append", ignored_list),
	IGNORED(BOOL, "empty-workspace", ignored_bool),
	IGNORED(BOOL, "generate-index", ignored_bool),
	IGNORED(BOOL, "generate-provenance", ignored_bool),
	IGNORED(BOOL, "strip-origin-name", ignored_bool),
	IGNORED(BOOL, "create-build-log", ignored_bool),
	IGNORED(BOOL, "interactive", ignored_bool),
	IGNORED(BOOL, "debug", ignored_bool),
	IGNORED(BOOL, "debug-runner", ignored_bool),
	IGNORED(BOOL, "rm", ignored_bool),
	IGNORED(BOOL, "fail-on-lint-warning", ignored_bool),
};

static int choose_arch(const char *given, const char **arch, struct mel_err **err)
{
	bool is_host = !given || !*given || mel_text_eq(given, "host");

	*arch = is_host ? mel_arch_host() : mel_arch_apk(given);
	if (*arch)
		return 0;
	return mel_err_set(err, MEL_ERR_USAGE, "unknown architecture '%s'",
			   is_host ? "host" : given);
}

/* The commit of the build file, which is part of the record. */
static const char *choose_commit(const struct flags *flags, const char *file,
				 struct mel_arena *arena)
{
	struct mel_git git;

	if (flags->git_commit && *flags->git_commit)
		return flags->git_commit;
	if (mel_git_find(&git, file, arena))
		mel_git_read_commit(&git, arena);
	if (git.commit)
		return git.commit;
	mel_log(MEL_LOG_WARN, "the commit of the build file is not known: it is in no git "
			      "repository (--git-commit)");
	return "unknown";
}

static int check_wanted(const struct mel_config *config, const char *arch, struct mel_err **err)
{
	const struct mel_texts *list = &config->package.target_architecture;

	for (size_t i = 0; i < list->len; i++) {
		if (mel_text_eq(list->at[i], "all") || mel_arch_is_same(list->at[i], arch))
			return 0;
	}
	if (list->len == 0)
		return 0;
	return mel_err_at(err, list->pos ? &list->pos[0] : NULL,
			  "the package is not for %s: its target-architecture does not name it",
			  arch);
}

static int load(struct mel_config **config, struct mel_ctx *ctx, const struct flags *flags,
		const char *file, const char *arch, struct mel_err **err)
{
	bool has_vars = flags->vars_file && flags->vars_file[0];
	const struct mel_load_opts opts = {
		.arch = arch,
		.libc_flavor = flags->libc_flavor,
		.env_file = flags->env_file.at,
		.env_file_len = flags->env_file.len,
		.vars_file = &flags->vars_file,
		.vars_file_len = has_vars,
		.build_option = flags->build_option.at,
		.build_option_len = flags->build_option.len,
		.commit = choose_commit(flags, file, &ctx->arena),
		.cpu = flags->cpu,
		.cpumodel = flags->cpumodel,
		.memory = flags->memory,
		.disk = flags->disk,
		.timeout_ns = flags->timeout_ns,
	};

	return mel_config_load(config, &ctx->arena, file, &opts, err);
}

static int make_plan(struct mel_plan **plan, struct mel_config *config, struct flags *flags,
		     const char *arch, struct mel_err **err)
{
	for (size_t i = 0; i < flags->pipeline_dirs.len; i++)
		mel_vec_push(&flags->pipeline_dir, flags->pipeline_dirs.at[i]);

	const struct mel_plan_opts opts = {
		.arch = arch,
		.libc_flavor = flags->libc_flavor,
		.pipeline_dir = flags->pipeline_dir.at,
		.pipeline_dir_len = flags->pipeline_dir.len,
		.build_option = flags->build_option.at,
		.build_option_len = flags->build_option.len,
		.is_record_only = true,
	};

	return mel_plan_make(plan, config, &opts, err);
}

static int print(const struct mel_config *config, bool is_yaml, struct mel_err **err)
{
	struct mel_buf buf MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);

	if (is_yaml)
		mel_record_yaml(&buf, config);
	else
		mel_record_json(&buf, config);
	if (mel_buf_check(&buf, "the record", err) < 0)
		return -1;
	if (fwrite(buf.ptr, 1, buf.len, stdout) != buf.len || fflush(stdout) != 0) {
		mel_err_sys(err, "cannot write to standard output");
		return mel_err_as(err, MEL_ERR_OUTPUT);
	}
	return 0;
}

static int run(struct mel_ctx *ctx, void *flags, const struct mel_opt_result *given,
	       struct mel_err **err)
{
	struct flags *f = flags;
	bool is_yaml = mel_text_eq(f->format, "yaml");
	struct mel_config *config = NULL;
	struct mel_plan *plan = NULL;
	const char *arch = NULL, *file = NULL;
	int status;

	if (!is_yaml && !mel_text_eq(f->format, "json"))
		return mel_err_set(err, MEL_ERR_USAGE,
				   "unknown value '%s' of --format; json and yaml are known",
				   f->format);
	if (choose_arch(f->arch, &arch, err) < 0 ||
	    mel_build_choose_file(&given->arg, &file, err) < 0)
		return -1;
	if (load(&config, ctx, f, file, arch, err) < 0) {
		if ((*err)->kind == MEL_ERR_SYSTEM)
			mel_err_as(err, MEL_ERR_INPUT); /* a file that was named */
		return -1;
	}
	if (check_wanted(config, arch, err) < 0 || make_plan(&plan, config, f, arch, err) < 0)
		return -1;
	status = print(config, is_yaml, err);
	mel_plan_free(plan);
	return status;
}

const struct mel_cmd mel_cmd_compile = {
	.name = "compile",
	.args = "[FILE]",
	.summary = "Print a build file with everything put in",
	.about =
		"Variables, ranges, options and pipeline definitions are resolved; nothing is "
		"downloaded\nor run. Flags of build that do not change the result are accepted "
		"and ignored.\n",
	.opt = opt,
	.opt_len = MEL_COUNTOF(opt),
	.flags_size = sizeof(struct flags),
	.max_args = 1,
	.run = run,
};
