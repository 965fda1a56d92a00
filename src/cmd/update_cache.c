/*
 * "melange update-cache": gets the sources of build files into a cache, so that builds find
 * them there: what their fetch steps ask for, and mirrors of the repositories that they check
 * out.
 */
#include "base/log.h"
#include "base/mem.h"
#include "base/slice.h"
#include "base/units.h"
#include "builder/mirrors.h"
#include "builder/sources.h"
#include "cmd/arch.h"
#include "cmd/loadflags.h"
#include "cmd/cache.h"
#include "cmd/cmd.h"
#include "cmd/network.h"
#include "cmd/status.h"
#include "config/arch.h"
#include "config/passes.h"
#include "plan/plan.h"

enum { FILES_MAX = 100000, JOBS_MAX = 64 };

struct flags {
	const char *cache_dir, *vars_file, *libc_flavor;
	struct mel_opt_list arch, cache_source, pipeline_dir, pipeline_dirs, build_option,
		env_file;
	uint64_t jobs;
};

#define AT(field) .offset = offsetof(struct flags, field)

static const struct mel_opt opt[] = {
	{ .name = "cache-dir",
	  .type = MEL_OPT_TEXT,
	  AT(cache_dir),
	  .word = "DIR",
	  .preset = "/var/cache/melange",
	  .help = "the cache to fill" },
	{ .name = "arch",
	  .type = MEL_OPT_LIST,
	  AT(arch),
	  .word = "ARCH,...",
	  .help = "architectures whose sources are got (default the machine's own)" },
	{ .name = "cache-source",
	  .type = MEL_OPT_LIST,
	  AT(cache_source),
	  .word = "PLACE,...",
	  .help = "folders, http(s):// and s3:// addresses that may have sources" },
	{ .name = "jobs",
	  .letter = 'j',
	  .type = MEL_OPT_UINT,
	  AT(jobs),
	  .word = "N",
	  .preset = "4",
	  .help = "downloads at once, 64 at most" },
	MEL_OPT_LOAD(struct flags),
	{ .name = "build-option",
	  .type = MEL_OPT_LIST,
	  AT(build_option),
	  .word = "NAME,...",
	  .help = "options of the build files to enable" },
	MEL_OPT_LIBC_FLAVOR(struct flags),
};

/* What all build files ask for. */
struct work {
	const struct flags *flags;
	struct mel_sources sources;
	struct mel_mirrors mirrors;
};

/* Does the build file want this architecture at all? */
static bool is_wanted(const struct mel_config *config, const char *arch)
{
	const struct mel_texts *list = &config->package.target_architecture;

	for (size_t i = 0; i < list->len; i++)
		if (mel_text_eq(list->at[i], "all") ||
		    mel_text_eq(mel_arch_apk(list->at[i]), arch))
			return true;
	return list->len == 0;
}

static int add_plan(struct work *w, struct mel_config *config, const char *arch,
		    struct mel_err **err)
{
	const struct flags *f = w->flags;
	const struct mel_plan_opts opts = {
		.arch = arch,
		.libc_flavor = f->libc_flavor,
		.pipeline_dir = f->pipeline_dir.at,
		.pipeline_dir_len = f->pipeline_dir.len,
		.build_option = f->build_option.at,
		.build_option_len = f->build_option.len,
		.is_record_only = true,
	};
	struct mel_plan *plan = NULL;
	int result;

	if (mel_plan_make(&plan, config, &opts, err) < 0)
		return -1;
	result = mel_sources_collect(&w->sources, plan, -1, err);
	if (result == 0)
		mel_mirrors_collect(&w->mirrors, plan);
	mel_plan_free(plan);
	return result;
}

static int add_file(struct work *w, const char *file, const char *arch, struct mel_err **err)
{
	const struct flags *f = w->flags;
	bool has_vars = f->vars_file && *f->vars_file;
	const struct mel_load_opts load = {
		.arch = arch,
		.libc_flavor = f->libc_flavor,
		.env_file = f->env_file.at,
		.env_file_len = f->env_file.len,
		.vars_file = &f->vars_file,
		.vars_file_len = has_vars,
		.build_option = f->build_option.at,
		.build_option_len = f->build_option.len,
		.commit = "unknown",
	};
	struct mel_config *config = NULL;
	struct mel_arena arena = { 0 };
	int result = mel_config_load(&config, &arena, file, &load, err);

	if (result < 0 && (*err)->kind == MEL_ERR_SYSTEM)
		mel_err_as(err, MEL_ERR_INPUT); /* a file that was named */
	if (result == 0 && !is_wanted(config, arch))
		mel_log(MEL_LOG_INFO, "%s is not for %s", file, arch);
	else if (result == 0)
		result = add_plan(w, config, arch, err);
	mel_arena_clear(&arena);
	return result;
}

/* Every file for every architecture; all that is wrong is told. */
static int collect(struct work *w, const struct mel_opt_list *file, struct mel_err **err)
{
	struct mel_opt_list own = { NULL, 0, 0 };
	const struct mel_opt_list *arch = &w->flags->arch;
	const char *name;

	if (arch->len == 0) {
		if (mel_arch_choose(arch, &name, err) < 0)
			return -1;
		mel_vec_push(&own, name);
		arch = &own;
	}
	for (size_t i = 0; i < file->len; i++) {
		for (size_t j = 0; j < arch->len; j++) {
			const char *apk = mel_text_eq(arch->at[j], "host")
						  ? mel_arch_host()
						  : mel_arch_apk(arch->at[j]);
			struct mel_err *one = NULL;

			if (add_file(w, file->at[i], apk, &one) < 0)
				mel_err_append(err, one);
		}
	}
	mel_vec_clear(&own);
	return *err ? -1 : 0;
}

static int tick(void *user, const struct mel_source_progress *progress, struct mel_err **err)
{
	const struct mel_progress *display = user;
	MEL_AUTO_BUF struct mel_buf bar = MEL_BUF_INIT(256);

	(void)err;
	mel_sources_bar(&bar, progress);
	display->output(display->user, mel_buf_text(&bar), bar.len);
	display->tick(display->user);
	return 0;
}

static void say_done(const struct work *w, const struct mel_source_count *count)
{
	MEL_AUTO_BUF struct mel_buf size = MEL_BUF_INIT(64);
	size_t mirrored = 0;

	for (size_t i = 0; i < w->mirrors.repo.len; i++)
		mirrored += !w->mirrors.repo.at[i].is_hit;
	mel_size_write(&size, count->downloaded_bytes);
	mel_log(MEL_LOG_INFO, "sources: %llu in the cache before, %llu new (%s downloaded)",
		(unsigned long long)count->hits, (unsigned long long)count->misses,
		mel_buf_text(&size));
	if (w->mirrors.repo.len)
		mel_log(MEL_LOG_INFO, "repositories: %zu of %zu were asked for news", mirrored,
			w->mirrors.repo.len);
	if (w->sources.unverified)
		mel_log(MEL_LOG_INFO, "%llu steps expect no checksum and are not in the cache",
			(unsigned long long)w->sources.unverified);
}

static int get(struct work *w, struct mel_cache_site *site, struct mel_ctx *ctx,
	       const struct mel_progress *display, struct mel_err **err)
{
	const struct flags *f = w->flags;
	const struct mel_build_texts env = mel_network_variables(&ctx->arena);
	const struct mel_build_opts none = { .net_env = env, .signal_fd = -1 };
	const struct mel_mirrors_build mirrors = { .opts = &none,
						   .state = &site->state,
						   .progress = display };
	const struct mel_source_opts opts = {
		.cache_dirfd = site->dirfd,
		.may_move = true,
		.store_dirfd = site->dirfd,
		.state = &site->state,
		.place = f->cache_source.at,
		.place_len = f->cache_source.len,
		.env = { env.at, env.len },
		.parallel = (unsigned)f->jobs,
		.now = mel_cmd_now(),
		.wake_fd = -1,
		.tick = tick,
		.user = (void *)(uintptr_t)display,
	};
	struct mel_source_count count = { .hits = 0 };
	struct mel_err *late = NULL;

	for (size_t i = 0; i < f->cache_source.len; i++)
		if (mel_source_check_place(f->cache_source.at[i], err) < 0)
			return -1;
	display->phase(display->user, "sources");
	mel_source_get(w->sources.file.at, w->sources.file.len, &opts, &count, err);
	mel_mirrors_get(&w->mirrors, &mirrors, &late);
	mel_err_append(err, late);
	if (*err)
		return -1;
	say_done(w, &count);
	return 0;
}

static int run(struct mel_ctx *ctx, void *flags, const struct mel_opt_result *given,
	       struct mel_err **err)
{
	struct flags *f = flags;
	struct work work = { .flags = f, .sources = MEL_SOURCES_INIT };
	MEL_AUTO_CACHE_SITE struct mel_cache_site site = MEL_CACHE_SITE_INIT;
	struct mel_status status;
	int result;

	if (f->jobs < 1 || f->jobs > JOBS_MAX)
		return mel_err_set(err, MEL_ERR_USAGE, "--jobs takes a number from 1 to %d",
				   JOBS_MAX);
	for (size_t i = 0; i < f->pipeline_dirs.len; i++)
		mel_vec_push(&f->pipeline_dir, f->pipeline_dirs.at[i]);
	result = collect(&work, &given->arg, err);
	if (result == 0)
		result = mel_cache_site_open(&site, ctx, f->cache_dir,
					     mel_opt_is_given(given, "cache-dir")
						     ? MEL_CACHE_TO_MAKE
						     : MEL_CACHE_TO_CHANGE,
					     err);
	if (result == 0) {
		mel_status_init(&status, &ctx->sink, !ctx->is_quiet);
		result = get(&work, &site, ctx, mel_status_progress(&status), err);
		mel_status_clear(&status);
	}
	mel_sources_clear(&work.sources);
	mel_mirrors_clear(&work.mirrors);
	return result;
}

const struct mel_cmd mel_cmd_update_cache = {
	.name = "update-cache",
	.args = "FILE...",
	.summary = "Get the sources of build files into a cache",
	.about = "What is in the cache and undamaged is left alone. Steps of all packages are "
		 "looked at,\nas far as their conditions hold for the architectures.\n",
	.opt = opt,
	.opt_len = MEL_COUNTOF(opt),
	.flags_size = sizeof(struct flags),
	.min_args = 1,
	.max_args = FILES_MAX,
	.run = run,
};
