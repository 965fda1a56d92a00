/*
 * "melange build": turns flags, environment and working directory into struct mel_build_opts,
 * runs the build, and shows what came of it.
 */
#include "cmd/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/date.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/slice.h"
#include "base/units.h"
#include "builder/build.h"
#include "builder/progress.h"
#include "builder/report.h"
#include "cache/gc.h"
#include "cmd/arch.h"
#include "cmd/buildflags.h"
#include "cmd/git.h"
#include "cmd/network.h"
#include "cmd/status.h"
#include "cmd/summary.h"

enum { DAY_S = 24 * 60 * 60 };

/* One word of a flag with a fixed set of values. */
struct word {
	const char *text;
	int value; /* -1: known, but not available: why says so */
	const char *why;
};

static const struct word cache_modes[] = {
	{ "rw", MEL_CACHE_RW, NULL },         { "ro", MEL_CACHE_RO, NULL },
	{ "off", MEL_CACHE_OFF, NULL },       { "discard", MEL_CACHE_DISCARD, NULL },
	{ "commit", MEL_CACHE_COMMIT, NULL },
};

static const struct word cache_policies[] = {
	{ "all", false, NULL },
	{ "verified", true, NULL },
};

static const struct word networks[] = {
	{ "none", MEL_NETWORK_NONE, NULL },
	{ "host", MEL_NETWORK_HOST, NULL },
	{ "user", -1, "is not available in this version; none and host are" },
};

static const struct word roots[] = {
	{ "host", MEL_ROOT_HOST, NULL },
	{ "apk", -1,
	  "is not available in this version; use --root=host for the tools of this machine" },
};

static const struct word runners[] = {
	{ "native", 0, NULL },
	{ "bubblewrap", 1, NULL },
	{ "docker", -1, "does not exist: no container engine is used; leave the flag out" },
	{ "qemu", -1, "does not exist: no virtual machine is used; leave the flag out" },
};

static int choose(const char *flag, const char *text, const struct word *word, size_t len,
		  int *value, struct mel_err **err)
{
	for (size_t i = 0; i < len; i++) {
		if (!mel_text_eq(word[i].text, text))
			continue;
		if (word[i].value < 0)
			return mel_err_set(err, MEL_ERR_USAGE, "%s=%s %s", flag, text,
					   word[i].why);
		*value = word[i].value;
		return 0;
	}
	return mel_err_set(err, MEL_ERR_USAGE, "unknown value '%s' of %s", text, flag);
}

#define CHOOSE(flag, text, words, value, err)                                                  \
	choose(flag, text, words, MEL_COUNTOF(words), value, err)

static int choose_runner(const char *name, struct mel_err **err)
{
	int value = 0;

	if (!name || !name[0])
		return 0;
	for (size_t i = 0; i < MEL_COUNTOF(runners); i++) {
		if (!mel_text_eq(runners[i].text, name))
			continue;
		if (CHOOSE("--runner", name, runners, &value, err) < 0)
			return -1;
		if (value == 1)
			mel_log(MEL_LOG_WARN, "runner 'bubblewrap' is the built-in one, "
					      "'native'");
		return 0;
	}
	return mel_err_set(err, MEL_ERR_USAGE, "unknown runner: %s", name);
}

static int choose_root(const char *text, struct mel_build_opts *opts, struct mel_err **err)
{
	int value = MEL_ROOT_AUTO;

	if (mel_text_starts(text ? text : "", "dir:")) {
		opts->root = MEL_ROOT_DIR;
		opts->root_path = text + strlen("dir:");
		if (!opts->root_path[0])
			return mel_err_set(err, MEL_ERR_USAGE, "--root=dir: names no folder");
		return 0;
	}
	if (mel_text_starts(text ? text : "", "tar:"))
		return mel_err_set(err, MEL_ERR_USAGE,
				   "--root=tar: is not available in this version; unpack the "
				   "archive and use --root=dir:PATH");
	if (text && text[0] && CHOOSE("--root", text, roots, &value, err) < 0)
		return -1;
	opts->root = (enum mel_root_kind)value;
	return 0;
}

/* "SIZE" or "tmpfs:SIZE" */
static int choose_upper(const char *text, struct mel_build_opts *opts, struct mel_err **err)
{
	static const char memory[] = "tmpfs:";
	const char *size = text;

	if (!text)
		return 0;
	opts->cache_upper_in_memory = mel_text_starts(text, memory);
	if (opts->cache_upper_in_memory)
		size += strlen(memory);
	if (mel_size_parse(size, &opts->cache_upper_bytes, err) < 0 ||
	    opts->cache_upper_bytes == 0) {
		if (!*err)
			mel_err_set(err, MEL_ERR_USAGE, "not a size: '%s'", size);
		mel_err_as(err, MEL_ERR_USAGE);
		return mel_err_wrap(err, "--cache-upper");
	}
	if (opts->cache_upper_in_memory && opts->cache_mode == MEL_CACHE_COMMIT)
		return mel_err_set(
			err, MEL_ERR_USAGE,
			"--cache-upper=tmpfs: is for --cache-mode=discard: what is in "
			"memory of the guest is gone before it could be merged");
	return 0;
}

static int choose_cache(const struct mel_build_flags *flags, struct mel_build_opts *opts,
			struct mel_err **err)
{
	const char *env = getenv("MELANGE_CACHE_MODE");
	int mode = MEL_CACHE_RW, policy = false;

	if (flags->cache_mode) {
		if (CHOOSE("--cache-mode", flags->cache_mode, cache_modes, &mode, err) < 0)
			return -1;
	} else if (env && env[0] &&
		   CHOOSE("MELANGE_CACHE_MODE", env, cache_modes, &mode, err) < 0) {
		return -1;
	}
	if (flags->cache_policy &&
	    CHOOSE("--cache-policy", flags->cache_policy, cache_policies, &policy, err) < 0)
		return -1;
	opts->cache_mode = (enum mel_cache_mode)mode;
	opts->cache_verified_only = policy;
	opts->cache_keep_on_failure = flags->cache_keep_on_failure;
	opts->cache_apply_deletes = flags->cache_apply_deletes;
	opts->cache_exclusive = flags->cache_exclusive;
	return choose_upper(flags->cache_upper, opts, err);
}

static int choose_words(const struct mel_build_flags *flags, struct mel_build_opts *opts,
			struct mel_err **err)
{
	int network = MEL_NETWORK_AUTO;

	if (choose_runner(flags->runner, err) < 0 || choose_root(flags->root, opts, err) < 0)
		return -1;
	if (flags->network && flags->network[0] &&
	    CHOOSE("--network", flags->network, networks, &network, err) < 0)
		return -1;
	opts->network = (enum mel_network)network;
	return choose_cache(flags, opts, err);
}

/* The folder of the build file when one was named, else the working directory. */
static const char *choose_source(const char *given, const struct mel_opt_list *arg,
				 struct mel_arena *arena)
{
	const char *base;

	if (given && given[0])
		return given;
	if (arg->len == 0)
		return ".";
	base = mel_text_basename(arg->at[0]);
	if (base == arg->at[0])
		return ".";
	return mel_arena_strndup(arena, arg->at[0], (size_t)(base - arg->at[0]));
}

static int read_date(const char *text, const struct mel_git *git, int64_t *seconds,
		     struct mel_err **err)
{
	if (!text || !text[0])
		return 0;
	if (mel_text_eq(text, "git")) {
		if (git->top && mel_git_time(git, seconds))
			return 0;
		return mel_err_set(err, MEL_ERR_USAGE,
				   "--build-date=git: the build file is in no commit that "
				   "git can show");
	}
	if (mel_date_parse(text, seconds, err) < 0) {
		mel_err_as(err, MEL_ERR_USAGE);
		return mel_err_wrap(err, "--build-date");
	}
	return 0;
}

/* SOURCE_DATE_EPOCH wins over --build-date when it is set at all. Source:
 * https://reproducible-builds.org/specs/source-date-epoch/ */
static int read_epoch(const char *build_date, const struct mel_git *git, int64_t *epoch,
		      struct mel_err **err)
{
	const char *text = getenv("SOURCE_DATE_EPOCH");
	struct mel_slice word;

	if (read_date(build_date, git, epoch, err) < 0)
		return -1;
	if (!text)
		return 0;
	word = mel_slice_trim(mel_slice_of(text), " \t\r\n\v\f");
	if (word.len == 0) {
		mel_log(MEL_LOG_WARN, "SOURCE_DATE_EPOCH is set but empty and not used");
		return 0;
	}
	if (word.ptr[0] == '+')
		word = mel_slice_make(word.ptr + 1, word.len - 1);
	if (mel_slice_i64(word, epoch, err) < 0) {
		mel_err_as(err, MEL_ERR_USAGE);
		return mel_err_wrap(err, "failed to parse SOURCE_DATE_EPOCH");
	}
	return 0;
}

static void read_git(const struct mel_build_flags *flags, struct mel_git *git,
		     struct mel_build_opts *opts, struct mel_arena *arena)
{
	opts->commit = flags->git_commit;
	opts->repo_url = flags->git_repo_url;
	opts->config_path = git->top ? git->path : opts->file;
	if (!opts->commit || !opts->commit[0]) {
		if (git->top)
			mel_git_read_commit(git, arena);
		opts->commit = git->commit ? git->commit : "unknown";
		if (!git->commit)
			mel_log(MEL_LOG_WARN, "the commit of the build file is not known: it "
					      "is in no git repository (--git-commit)");
	}
	if (!opts->repo_url || !opts->repo_url[0]) {
		if (git->top)
			mel_git_read_url(git, arena);
		opts->repo_url = git->url ? git->url : "https://unknown/unknown/unknown";
		if (!git->url)
			mel_log(MEL_LOG_WARN, "the repository of the build file is not known: "
					      "there is no remote 'origin' with a public "
					      "address (--git-repo-url)");
	}
}

static struct mel_build_texts texts(const struct mel_opt_list *list)
{
	return (struct mel_build_texts){ list->at, list->len };
}

/* --pipeline-dir and --pipeline-dirs are one list; joined in the former. */
static struct mel_build_texts join(struct mel_opt_list *first, const struct mel_opt_list *more)
{
	for (size_t i = 0; i < more->len; i++)
		mel_vec_push(first, more->at[i]);
	return texts(first);
}

static void copy_flags(struct mel_build_flags *flags, const struct mel_opt_result *given,
		       struct mel_build_opts *opts)
{
	const char *temp = getenv("TMPDIR");
	bool has_vars = flags->vars_file && flags->vars_file[0];

	opts->source_dir_given = mel_opt_is_given(given, "source-dir");
	opts->empty_workspace = flags->empty_workspace;
	opts->workspace_dir = flags->workspace_dir;
	opts->pipeline_dir = join(&flags->pipeline_dir, &flags->pipeline_dirs);
	opts->env_file = texts(&flags->env_file);
	opts->vars_file = (struct mel_build_texts){ &flags->vars_file, has_vars };
	opts->build_option = texts(&flags->build_option);
	opts->package_append = texts(&flags->package_append);
	opts->repository_append = texts(&flags->repository_append);
	opts->keyring_append = texts(&flags->keyring_append);
	opts->libc_flavor = flags->libc_flavor;
	opts->cpu = flags->cpu;
	opts->cpumodel = flags->cpumodel;
	opts->memory = flags->memory;
	opts->disk = flags->disk;
	opts->bind_ro = texts(&flags->bind_ro);
	opts->cache_dir = flags->cache_dir;
	opts->apk_cache_dir = flags->apk_cache_dir;
	opts->cache_source = texts(&flags->cache_source);
	opts->offline = flags->offline;
	opts->no_cache_env = flags->no_cache_env;
	opts->cache_compiled = flags->cache_compiled;
	opts->cache_dir_given = mel_opt_is_given(given, "cache-dir");
	opts->home = getenv("HOME");
	opts->temp_dir_is_default = !temp || !temp[0];
	opts->temp_dir = opts->temp_dir_is_default ? "/tmp" : temp;
	opts->out_dir = flags->out_dir;
	opts->signing_key = flags->signing_key;
	opts->generate_index = flags->generate_index;
	opts->name_space = flags->name_space;
	opts->license = flags->license;
	opts->strip_origin_name = flags->strip_origin_name;
	opts->create_build_log = flags->create_build_log;
	opts->debug = flags->debug;
	opts->keep = !flags->rm;
	opts->timeout_ns = flags->timeout_ns;
	opts->now = (int64_t)time(NULL);
	opts->tool_version = PACKAGE_VERSION;
}

static int read_opts(struct mel_build_opts *opts, struct mel_build_flags *flags,
		     const struct mel_opt_result *given, struct mel_arena *arena,
		     struct mel_err **err)
{
	struct mel_git git;

	if (choose_words(flags, opts, err) < 0 ||
	    mel_arch_choose(&flags->arch, &opts->arch, err) < 0 ||
	    mel_build_choose_file(&given->arg, &opts->file, err) < 0)
		return -1;
	copy_flags(flags, given, opts);
	opts->state_home = mel_cmd_state_home(arena);
	opts->net_env = mel_network_variables(arena);
	opts->source_dir = choose_source(flags->source_dir, &given->arg, arena);
	mel_git_find(&git, opts->file, arena);
	if (read_epoch(flags->build_date, &git, &opts->epoch, err) < 0)
		return -1;
	if (access(opts->file, R_OK) < 0) {
		mel_err_sys(err, "cannot read build file '%s'", opts->file);
		return mel_err_as(err, MEL_ERR_INPUT);
	}
	read_git(flags, &git, opts, arena);
	return 0;
}

/* Signals that end a build become readable: cleanup runs, the exit status says which. */
static int open_signals(struct mel_err **err)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? mel_err_sys(err, "cannot open a signal descriptor") : fd;
}

/* A log file that cannot be made does not stop a build. */
static void open_log(void *user, const char *path)
{
	struct mel_ctx *ctx = user;
	struct mel_err *err MEL_AUTO_ERR = NULL;
	const char *base = mel_text_basename(path);
	const char *folder = mel_arena_strndup(&ctx->arena, path, (size_t)(base - path));
	int fd = -1;

	if (folder[0] && mel_mkdirs(AT_FDCWD, folder, 0777, &err) < 0)
		mel_log(MEL_LOG_WARN, "no log file: %s", err->text);
	/* A new file each time: cutting one off makes some file systems wait for the disk. */
	else if ((unlink(path) < 0 && errno != ENOENT) ||
		 (fd = mel_openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL, 0666)) < 0)
		mel_log(MEL_LOG_WARN, "cannot write log file '%s': %m", path);
	else
		mel_sink_set_file(&ctx->sink, fd);
}

/* The limits of the cache, where a build may change it. That they could not be kept is no fault
 * of the build. */
static void care_for_cache(const struct mel_build_opts *opts,
			   const struct mel_build_flags *flags, const struct mel_report *report)
{
	const struct mel_cache_limits limits = {
		.max_bytes = flags->cache_max_bytes,
		.max_age_s = flags->cache_max_age_s,
		.min_age_s = DAY_S,
		.area_use_counts = true,
	};
	struct mel_cache_state state MEL_AUTO_CACHE_STATE = MEL_CACHE_STATE_INIT;
	struct mel_err *why MEL_AUTO_ERR = NULL;

	if (!report->cache_dir || !opts->state_home ||
	    (opts->cache_mode != MEL_CACHE_RW && opts->cache_mode != MEL_CACHE_COMMIT))
		return;
	if (mel_cache_state_open(&state, opts->state_home, report->cache_dir, &why) < 0 ||
	    mel_cache_gc_auto(&state, report->cache_dir, &limits, time(NULL), &why) < 0)
		mel_log(MEL_LOG_DEBUG, "limits of the cache: %s", why->text);
}

static int run(struct mel_ctx *ctx, void *flags, const struct mel_opt_result *given,
	       struct mel_err **err)
{
	struct mel_build_opts opts = { .signal_fd = -1, .open_log = open_log, .user = ctx };
	struct mel_report report = { .tier = 0 };
	struct mel_status status;
	MEL_AUTO_CLOSE int signal_fd = -1;
	int rc;

	mel_sink_keep(&ctx->sink);
	if (read_opts(&opts, flags, given, &ctx->arena, err) < 0)
		return -1;
	signal_fd = open_signals(err);
	if (signal_fd < 0)
		return -1;
	opts.signal_fd = signal_fd;

	mel_status_init(&status, &ctx->sink, !ctx->is_quiet);
	rc = mel_build_run(&opts, mel_status_progress(&status), &report, err);
	mel_status_clear(&status);
	if (rc == 0)
		care_for_cache(&opts, flags, &report);
	if (rc == 0)
		mel_summary_write(&report);
	else
		mel_summary_write_failure(&report, ctx->argc, ctx->argv);
	mel_report_clear(&report);
	return rc;
}

const struct mel_cmd mel_cmd_build = {
	.name = "build",
	.args = "[FILE]",
	.summary = "Build the packages of a build file",
	.about = "FILE is melange.yaml (or .yml, also with a dot in front) of the working "
		 "directory unless named.\nExit status: 0 built, 1 a step failed, 2 wrong "
		 "usage, 3 wrong build file,\n4 no usable environment, 6 output not written, "
		 "124 timeout, 128+N signal N.\n",
	.opt = mel_build_opt,
	.opt_len = MEL_BUILD_OPT_LEN,
	.flags_size = sizeof(struct mel_build_flags),
	.max_args = 1,
	.run = run,
};
