/* The sequence of a build: see build.h. Read mel_build_run top to bottom. */
#include "builder/build.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/date.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "builder/buildcache.h"
#include "builder/emit.h"
#include "builder/foreign.h"
#include "builder/guest.h"
#include "builder/mirrors.h"
#include "builder/notes.h"
#include "builder/progress.h"
#include "builder/report.h"
#include "builder/runner.h"
#include "builder/sources.h"
#include "builder/toolchain.h"
#include "builder/workspace.h"
#include "codec/rsa.h"
#include "config/arch.h"
#include "config/buildfile.h"
#include "config/passes.h"
#include "plan/plan.h"

/* Everything one build holds; freed in one place. */
struct build {
	const struct mel_build_opts *opts;
	const struct mel_progress *progress;
	struct mel_report *report;
	int64_t begin_ns;
	struct mel_arena arena; /* of the config */
	struct mel_config *config;
	struct mel_plan *plan;
	struct mel_key *key;
	char *out_dir; /* absolute, of the architecture */
	int out_fd;
	bool network;
	const char *tree; /* the guest's tree, "" for the host's */
	struct mel_workspace ws;
	struct mel_build_cache cache;
	struct mel_sources sources;
	struct mel_mirrors mirrors;
	struct mel_guest guest;
	struct mel_foreign foreign;
};

static void phase(const struct build *b, const char *what)
{
	if (b->progress->phase)
		b->progress->phase(b->progress->user, what);
}

/* A signal that came while no step was running. */
static int check_signal(const struct build *b, struct mel_err **err)
{
	struct signalfd_siginfo info;

	if (b->opts->signal_fd < 0 ||
	    read(b->opts->signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return 0;
	mel_err_set(err, MEL_ERR_SIGNAL, "stopped by SIG%s", sigabbrev_np((int)info.ssi_signo));
	(*err)->errnum = (int)info.ssi_signo;
	return -1;
}

/* Of the whole build, 0: none. */
static int64_t timeout_of(const struct build *b)
{
	return b->opts->timeout_ns ? b->opts->timeout_ns : (int64_t)b->plan->timeout_ns;
}

static int load_key(struct build *b, struct mel_err **err)
{
	const char *path = b->opts->signing_key;

	if (!path || !*path)
		return 0;
	if (mel_key_load(&b->key, path, err) == 0)
		return 0;
	mel_err_wrap(err, "--signing-key");
	return mel_err_as(err, MEL_ERR_INPUT);
}

static int load_config(struct build *b, struct mel_err **err)
{
	const struct mel_build_opts *opts = b->opts;
	const struct mel_load_opts load = {
		.arch = opts->arch,
		.libc_flavor = opts->libc_flavor,
		.env_file = opts->env_file.at,
		.env_file_len = opts->env_file.len,
		.vars_file = opts->vars_file.at,
		.vars_file_len = opts->vars_file.len,
		.build_option = opts->build_option.at,
		.build_option_len = opts->build_option.len,
		.package_append = opts->package_append.at,
		.package_append_len = opts->package_append.len,
		.repository_append = opts->repository_append.at,
		.repository_append_len = opts->repository_append.len,
		.keyring_append = opts->keyring_append.at,
		.keyring_append_len = opts->keyring_append.len,
		.commit = opts->commit,
		.cpu = opts->cpu,
		.cpumodel = opts->cpumodel,
		.memory = opts->memory,
		.disk = opts->disk,
		.timeout_ns = opts->timeout_ns,
	};

	return mel_config_load(&b->config, &b->arena, opts->file, &load, err);
}

static bool is_dir(const char *folder, const char *name)
{
	MEL_AUTO_FREE char *path = mel_asprintf("%s/%s", folder, name);
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* What the variables of steps depend on. */
static struct mel_cacheenv look_at_cache(struct build *b)
{
	const struct mel_build_opts *opts = b->opts;
	struct mel_cacheenv cache = {
		.is_mounted = !opts->no_cache_env && opts->cache_mode != MEL_CACHE_OFF &&
			      *opts->cache_dir &&
			      (opts->cache_dir_given || is_dir(opts->cache_dir, ".")),
		.is_read_only = opts->cache_mode == MEL_CACHE_RO,
		.is_offline = opts->offline,
	};

	if (!cache.is_mounted)
		return cache;
	cache.has_gradle = is_dir(opts->cache_dir, "gradle-ro/modules-2");
	cache.has_cargo_home = !opts->empty_workspace && is_dir(opts->source_dir, ".cargo");
	if (opts->cache_compiled)
		cache.toolchain =
			mel_toolchain_name(&b->arena, opts->arch,
					   opts->root == MEL_ROOT_DIR ? opts->root_path : "",
					   opts->bind_ro.at, opts->bind_ro.len);
	return cache;
}

static int make_plan(struct build *b, struct mel_err **err)
{
	const struct mel_build_opts *opts = b->opts;
	const struct mel_plan_opts plan = {
		.arch = opts->arch,
		.libc_flavor = opts->libc_flavor,
		.pipeline_dir = opts->pipeline_dir.at,
		.pipeline_dir_len = opts->pipeline_dir.len,
		.build_option = opts->build_option.at,
		.build_option_len = opts->build_option.len,
		.build_date = opts->epoch,
		.network = b->network ? "host" : "none",
		.cache = look_at_cache(b),
		.is_debug = opts->debug,
	};

	return mel_plan_make(&b->plan, b->config, &plan, err);
}

/* Does the build file want this architecture at all? */
static bool is_wanted(const struct build *b)
{
	const struct mel_texts *list = &b->config->package.target_architecture;

	for (size_t i = 0; i < list->len; i++)
		if (mel_text_eq(list->at[i], "all") ||
		    mel_text_eq(mel_arch_apk(list->at[i]), b->opts->arch))
			return true;
	return list->len == 0;
}

static int choose_root(struct build *b, struct mel_err **err)
{
	const struct mel_build_opts *opts = b->opts;
	struct mel_report *report = b->report;

	if (opts->root == MEL_ROOT_APK ||
	    (opts->root == MEL_ROOT_AUTO && b->plan->has_packages))
		return mel_err_set(
			err, MEL_ERR_USAGE,
			"%s: an environment made of apk packages (--root=apk) is not "
			"available in this version; build with --root=host to use what is "
			"installed on this machine",
			opts->file);
	if (opts->root == MEL_ROOT_DIR) {
		char *real = realpath(opts->root_path, NULL);

		if (!real) {
			mel_err_sys(err, "--root: cannot use '%s'", opts->root_path);
			return mel_err_as(err, MEL_ERR_INPUT);
		}
		b->tree = mel_arena_strdup(&b->arena, real);
		free(real);
		report->root = mel_arena_printf(&report->arena, "dir:%s", b->tree);
		return 0;
	}
	b->tree = "";
	report->root = "host";
	return 0;
}

/* The packages that a build file asks for are not installed into the host's root: say which. */
static void list_needs(const struct build *b)
{
	struct mel_buf list MEL_AUTO_BUF = MEL_BUF_INIT(64 * 1024);
	const struct mel_environment *env = b->config->environment;

	for (size_t i = 0; env && i < env->contents.packages.len; i++)
		mel_buf_printf(&list, " %s", env->contents.packages.at[i]);
	if (list.len)
		mel_log(MEL_LOG_INFO, "not installed, expected in the root:%s",
			mel_buf_text(&list));
}

static int open_out_dir(struct build *b, struct mel_err **err)
{
	MEL_AUTO_FREE char *path = mel_asprintf("%s/%s", b->opts->out_dir, b->opts->arch);

	if (mel_mkdirs(AT_FDCWD, path, 0755, err) < 0) {
		mel_err_wrap(err, "--out-dir");
		return mel_err_as(err, MEL_ERR_OUTPUT);
	}
	b->out_dir = realpath(path, NULL);
	b->out_fd = b->out_dir ? mel_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0) : -1;
	if (b->out_fd < 0 || faccessat(b->out_fd, ".", W_OK, AT_EACCESS) < 0) {
		mel_err_sys(err, "cannot write into output directory '%s'", path);
		return mel_err_as(err, MEL_ERR_OUTPUT);
	}
	mel_publish_sweep(b->out_fd);
	return 0;
}

static void open_log(const struct build *b)
{
	const struct mel_package *package = &b->config->package;

	if (!b->opts->open_log)
		return;

	MEL_AUTO_FREE char *path = mel_asprintf("%s/logs/%s/%s-%s-r%llu.log", b->opts->out_dir,
						b->opts->arch, package->name, package->version,
						(unsigned long long)package->epoch);

	b->opts->open_log(b->opts->user, path);
}

/* The decisions before anything of the host is touched. */
static int prepare(struct build *b, struct mel_err **err)
{
	b->network = b->opts->network == MEL_NETWORK_HOST ||
		     (b->opts->network == MEL_NETWORK_AUTO && !b->opts->offline);
	if (load_key(b, err) < 0 || load_config(b, err) < 0)
		return -1;
	return 0;
}

static void say_network(const struct build *b)
{
	b->report->network = b->network ? "host" : "none";
	if (b->opts->network == MEL_NETWORK_AUTO && b->network)
		mel_log(MEL_LOG_WARN,
			"steps share the network of this machine; --network=none keeps "
			"them from it");
}

static int fill_workspace(struct build *b, struct mel_err **err)
{
	const struct mel_package *package = &b->config->package;
	MEL_AUTO_FREE char *version =
		mel_asprintf("%s-r%llu", package->version, (unsigned long long)package->epoch);
	const char *const own[] = { b->cache.dir.path, b->opts->out_dir, b->out_dir };
	const struct mel_notes notes = {
		.os = b->opts->name_space,
		.name = package->name,
		.version = version,
		.arch = b->opts->arch,
		.cpe = mel_cpe_text(&b->config->package, &b->arena),
	};

	if (mel_notes_write(b->ws.work_fd, b->tree, &notes, err) < 0)
		return -1;
	if (b->opts->empty_workspace)
		return 0;
	mel_log(MEL_LOG_DEBUG, "populating workspace %s from %s", b->ws.work_path,
		b->opts->source_dir);
	return mel_workspace_populate(&b->ws, b->opts->source_dir, own, MEL_COUNTOF(own), err);
}

/* Asked while something is downloaded. */
static int check_download(void *user, struct mel_err **err)
{
	const struct build *b = user;
	int64_t timeout_ns = timeout_of(b);
	char limit[MEL_DATE_BYTES];

	if (check_signal(b, err) < 0)
		return -1;
	if (!timeout_ns || mel_now_ns() < b->begin_ns + timeout_ns)
		return 0;
	mel_duration_format(timeout_ns, limit);
	return mel_err_set(err, MEL_ERR_TIMEOUT,
			   "build exceeded its timeout of %s while sources were downloaded",
			   limit);
}

/* While offline err may hold what is missing already. */
static int get_mirrors(struct build *b, struct mel_err **err)
{
	const struct mel_mirrors_build build = {
		.opts = b->opts,
		.ws = &b->ws,
		.state = &b->cache.state,
		.progress = b->progress,
		.check = check_download,
		.user = b,
	};
	struct mel_err *found = NULL;

	mel_mirrors_collect(&b->mirrors, b->plan);
	mel_mirrors_get(&b->mirrors, &build, &found);
	mel_err_append(err, found);
	if (*err)
		return -1;
	mel_mirrors_use(&b->mirrors, b->plan);
	return 0;
}

static int get_sources(struct build *b, struct mel_err **err)
{
	const struct mel_sources_build build = {
		.opts = b->opts,
		.ws = &b->ws,
		.cache = &b->cache,
		.progress = b->progress,
		.report = b->report,
		.check = check_download,
		.user = b,
	};

	if (mel_sources_collect(&b->sources, b->plan, b->ws.work_fd, err) < 0)
		return -1;
	if (mel_sources_get(&b->sources, &build, err) < 0 && !b->opts->offline)
		return -1;
	return get_mirrors(b, err);
}

static int open_guest(struct build *b, struct mel_err **err)
{
	const struct mel_workspace_opts workspace = {
		.temp_dir = b->opts->temp_dir,
		.user_dir = b->opts->workspace_dir,
		.arch = b->opts->arch,
		/* Little is written to the system folders of the host's root. */
		.in_memory = b->opts->temp_dir_is_default && !b->opts->keep && !b->tree[0],
	};

	if (mel_workspace_open(&b->ws, &workspace, err) < 0 ||
	    mel_build_cache_open(&b->cache, b->opts, &b->ws, b->out_dir, b->report, err) < 0)
		return -1;
	if (mel_guest_choose_ids(&b->guest, &b->ws, &b->cache, err) < 0 ||
	    fill_workspace(b, err) < 0 || get_sources(b, err) < 0)
		return -1;
	phase(b, "making the guest");

	const struct mel_guest_spec spec = {
		.tree = b->tree,
		.bind_ro = &b->opts->bind_ro,
		.network = b->network,
		.mirrors = &b->mirrors,
		.with_sources = b->sources.fd >= 0,
		.environment = b->config->environment,
	};

	if (mel_guest_open(&b->guest, &b->ws, &b->cache, &spec, err) < 0)
		return -1;
	b->report->tier = b->guest.tier;
	return 0;
}

static int run_steps(struct build *b, struct mel_err **err)
{
	int64_t timeout_ns = timeout_of(b);
	struct mel_runner runner = {
		.plan = b->plan,
		.guest = &b->guest,
		.ws = &b->ws,
		.opts = b->opts,
		.cache = &b->cache,
		.progress = b->progress,
		.report = b->report,
		.deadline_ns = timeout_ns ? b->begin_ns + timeout_ns : 0,
		.timeout_ns = timeout_ns,
	};

	return mel_runner_run(&runner, err);
}

static int emit(struct build *b, struct mel_err **err)
{
	const struct mel_emit emit = {
		.opts = b->opts,
		.plan = b->plan,
		.ws = &b->ws,
		.guest = &b->guest,
		.foreign = &b->foreign,
		.key = b->key,
		.out_dir = b->out_dir,
		.out_fd = b->out_fd,
		.report = b->report,
	};

	phase(b, "packaging");
	return mel_emit_all(&emit, err);
}

static int run(struct build *b, struct mel_err **err)
{
	if (prepare(b, err) < 0)
		return -1;
	if (!is_wanted(b)) {
		mel_log(MEL_LOG_WARN, "skipping arch %s", b->opts->arch);
		mel_log(MEL_LOG_WARN,
			"target-architecture and --arch do not overlap, nothing to build");
		return 0;
	}
	if (make_plan(b, err) < 0 || choose_root(b, err) < 0 || open_out_dir(b, err) < 0)
		return -1;
	open_log(b);
	say_network(b);
	list_needs(b);
	phase(b, "making the guest");
	if (open_guest(b, err) < 0 || check_signal(b, err) < 0 || run_steps(b, err) < 0 ||
	    mel_foreign_open_up(&b->foreign, &b->guest, err) < 0)
		return -1;
	mel_guest_stop(&b->guest); /* nothing of the build runs while its output is read */
	if (check_signal(b, err) < 0 || mel_build_cache_check(&b->cache, err) < 0 ||
	    emit(b, err) < 0)
		return -1;
	mel_sources_add_to_layer(&b->sources, &b->cache);
	mel_build_cache_commit(&b->cache, b->opts, b->report);
	return 0;
}

static void close_cache(struct build *b, bool has_failed)
{
	MEL_AUTO_FREE char *package = NULL;

	if (b->config)
		package = mel_asprintf("%s-%s-r%llu", b->config->package.name,
				       b->config->package.version,
				       (unsigned long long)b->config->package.epoch);

	const struct mel_build_cache_end end = {
		.package = package,
		.has_failed = has_failed,
		.elapsed_ns = (uint64_t)(mel_now_ns() - b->begin_ns),
	};

	mel_build_cache_close(&b->cache, b->opts, &b->guest.ids, &end, b->report);
}

static void finish(struct build *b, bool has_failed)
{
	mel_guest_close(&b->guest);
	close_cache(b, has_failed);
	mel_foreign_clear(&b->foreign);
	mel_sources_clear(&b->sources);
	mel_mirrors_clear(&b->mirrors);
	if (b->opts->keep && b->ws.state.path) {
		b->report->kept =
			mel_arena_strdup(&b->report->arena,
					 b->ws.work_path ? b->ws.work_path : b->ws.state.path);
		mel_log(MEL_LOG_INFO, "the workspace is kept at %s", b->report->kept);
	}
	mel_workspace_close(&b->ws, &b->guest.ids, b->opts->keep);
	mel_plan_free(b->plan);
	mel_arena_clear(&b->arena);
	mel_key_free(b->key);
	if (b->out_fd >= 0)
		close(b->out_fd);
	free(b->out_dir);
	b->report->elapsed_ns = (uint64_t)(mel_now_ns() - b->begin_ns);
}

int mel_build_run(const struct mel_build_opts *opts, const struct mel_progress *progress,
		  struct mel_report *report, struct mel_err **err)
{
	struct build b = {
		.opts = opts,
		.progress = progress,
		.report = report,
		.begin_ns = mel_now_ns(),
		.out_fd = -1,
		.tree = "",
		.ws = MEL_WORKSPACE_INIT,
		.sources = MEL_SOURCES_INIT,
		.cache = MEL_BUILD_CACHE_INIT,
	};

	umask(022); /* results do not depend on the caller's */

	int result = run(&b, err);

	finish(&b, result < 0);
	return result;
}
