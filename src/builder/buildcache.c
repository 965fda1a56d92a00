/* The cache of one build: see buildcache.h. */
#include "builder/buildcache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/slice.h"
#include "cache/commit.h"
#include "cache/stats.h"

/* An error that does not end the build. */
static void warn(const char *what, struct mel_err **err)
{
	mel_log(MEL_LOG_WARN, "cache: %s: %s", what, (*err)->text);
	mel_err_free(*err);
	*err = NULL;
}

bool mel_build_cache_is_private(const struct mel_build_cache *cache)
{
	return cache->dir.mode == MEL_CACHE_DISCARD || cache->dir.mode == MEL_CACHE_COMMIT;
}

/* --- beginning ------------------------------------------------------------------------------
 */

/* The real path of a folder of the caller's keys; to be freed, NULL: there is none. */
static char *keys(const struct mel_build_opts *opts, const char *name)
{
	MEL_AUTO_FREE char *path =
		opts->home && opts->home[0] ? mel_asprintf("%s/%s", opts->home, name) : NULL;

	return path ? realpath(path, NULL) : NULL;
}

static int choose_dir(struct mel_build_cache *cache, const struct mel_build_opts *opts,
		      const struct mel_workspace *ws, const char *out_dir, struct mel_err **err)
{
	MEL_AUTO_FREE char *all_out = realpath(opts->out_dir, NULL);
	MEL_AUTO_FREE char *state =
		opts->state_home ? mel_asprintf("%s/melange", opts->state_home) : NULL;
	MEL_AUTO_FREE char *ssh = keys(opts, ".ssh");
	MEL_AUTO_FREE char *gnupg = keys(opts, ".gnupg");
	MEL_AUTO_FREE char *apk = opts->apk_cache_dir && opts->apk_cache_dir[0]
					  ? mel_cache_real_path(opts->apk_cache_dir)
					  : NULL;
	const struct mel_cache_taboo taboo[] = {
		{ ws->work_path, "the workspace", false },
		{ out_dir, "the output directory", false },
		{ all_out, "the output directory", false },
		{ ws->state.path, "the temporary directory of the build", false },
		{ ws->memory.path, "the system folders of the build", false },
		{ state, "the state of caches", false },
		{ ssh, "the keys in", false },
		{ gnupg, "the keys in", false },
		{ apk, "the cache of packages (--apk-cache-dir)", true },
	};
	const struct mel_cache_opts dir = {
		.dir = opts->cache_dir,
		.dir_given = opts->cache_dir_given,
		.mode = opts->cache_mode,
		.taboo = taboo,
		.taboo_len = MEL_COUNTOF(taboo),
	};

	if (mel_cache_open(&cache->dir, &dir, err) < 0)
		return -1;
	if (apk && cache->dir.path && mel_text_eq(apk, cache->dir.path))
		mel_log(MEL_LOG_WARN,
			"--apk-cache-dir and --cache-dir name the same folder, which builds "
			"write to: packages for guests are never taken from it");
	return 0;
}

/* The path is free of links; from here on it is this directory, whatever the path becomes. */
static int open_dir(struct mel_build_cache *cache, struct mel_err **err)
{
	MEL_AUTO_CLOSE int top = mel_openat(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY, 0);

	cache->fd = top < 0 ? -1
			    : mel_openat_beneath(top, cache->dir.path + 1,
						 O_RDONLY | O_DIRECTORY, 0);
	if (cache->fd < 0 || fstat(cache->fd, &cache->st) < 0)
		return mel_err_sys(err, "cannot open cache directory '%s'", cache->dir.path);
	return 0;
}

/* Without a folder for it the build goes on with less. */
static void open_state(struct mel_build_cache *cache, const struct mel_build_opts *opts)
{
	bool is_private = mel_build_cache_is_private(cache);
	struct mel_err *err MEL_AUTO_ERR = NULL;

	if (opts->state_home &&
	    mel_cache_state_open(&cache->state, opts->state_home, cache->dir.path, &err) == 0)
		return;
	mel_log(is_private ? MEL_LOG_WARN : MEL_LOG_DEBUG,
		"no records of the cache are kept%s: %s",
		is_private ? ", and a build that is killed while its results are merged is not "
			     "finished later"
			   : "",
		err ? err->text : "there is no state directory");
}

static int lock(struct mel_build_cache *cache, bool exclusive, struct mel_err **err)
{
	struct mel_err *late MEL_AUTO_ERR = NULL;

	if (cache->state.dirfd < 0)
		return exclusive ? mel_err_set(err, MEL_ERR_INPUT,
					       "--cache-exclusive needs a state directory "
					       "(XDG_STATE_HOME) for its lock")
				 : 0;
	if (mel_cache_lock(&cache->state, MEL_CACHE_LOCK_BUILD, exclusive, false,
			   &cache->lock_fd, exclusive ? err : &late) == 0)
		return 0;
	if (exclusive)
		return -1;
	warn("used without a lock", &late);
	return 0;
}

static struct mel_cache_commit_opts commit_opts(const struct mel_build_cache *cache,
						const struct mel_build_opts *opts)
{
	return (struct mel_cache_commit_opts){
		.cache_dirfd = cache->fd,
		.cache_path = cache->dir.path,
		.state = &cache->state,
		.verified_only = opts->cache_verified_only,
		.apply_deletes = opts->cache_apply_deletes,
	};
}

/* Merges that were killed are finished by the next build that may change the directory. */
static void recover(struct mel_build_cache *cache, const struct mel_build_opts *opts)
{
	const struct mel_cache_commit_opts commit = commit_opts(cache, opts);
	struct mel_err *late MEL_AUTO_ERR = NULL;

	if (cache->state.dirfd >= 0 && cache->dir.mode != MEL_CACHE_RO &&
	    mel_cache_recover(&commit, &late) < 0)
		warn("cannot look for what killed builds left", &late);
}

static int open_layer(struct mel_build_cache *cache, const struct mel_build_opts *opts,
		      const struct mel_workspace *ws, struct mel_err **err)
{
	const struct mel_cache_upper_opts upper = {
		.state = &cache->state,
		.cache_dirfd = cache->fd,
		.temp_path = ws->state.path,
		.max_bytes = opts->cache_upper_bytes,
		.in_memory = opts->cache_upper_in_memory,
	};

	return mel_cache_upper_open(&cache->upper, &upper, err);
}

static void say(const struct mel_build_cache *cache, struct mel_report *report)
{
	report->cache_mode = mel_cache_mode_name(cache->dir.mode);
	if (cache->dir.path) {
		report->cache_dir = mel_arena_strdup(&report->arena, cache->dir.path);
		mel_log(MEL_LOG_INFO, "build cache %s (%s)", cache->dir.path,
			report->cache_mode);
	} else if (cache->dir.note) {
		report->cache_note = mel_arena_strdup(&report->arena, cache->dir.note);
	}
}

int mel_build_cache_open(struct mel_build_cache *cache, const struct mel_build_opts *opts,
			 const struct mel_workspace *ws, const char *out_dir,
			 struct mel_report *report, struct mel_err **err)
{
	if (choose_dir(cache, opts, ws, out_dir, err) < 0)
		return -1;
	say(cache, report);
	if (!cache->dir.path)
		return 0;
	if (open_dir(cache, err) < 0)
		return -1;
	open_state(cache, opts);
	if (lock(cache, opts->cache_exclusive, err) < 0)
		return -1;
	recover(cache, opts);
	return mel_build_cache_is_private(cache) ? open_layer(cache, opts, ws, err) : 0;
}

/* --- in the guest ---------------------------------------------------------------------------
 */

int mel_build_cache_mount(const struct mel_build_cache *cache, const struct sbx_ids *ids,
			  mel_mounts *mounts, struct mel_err **err)
{
	const struct mel_cache_upper *upper = &cache->upper;
	struct sbx_mount mount = {
		.type = SBX_BIND,
		.flags = SBX_IDMAP,
		.source = cache->dir.path,
		.target = MEL_CACHE_TARGET,
		.dev = cache->st.st_dev,
		.ino = cache->st.st_ino,
	};

	if (!cache->dir.path)
		return 0;
	if (cache->dir.mode == MEL_CACHE_RO)
		mount.flags |= SBX_READONLY;
	if (upper->path && upper->is_copy) {
		mount.source = upper->upper_path;
		mount.ino = 0;
	} else if (upper->path) {
		mount.type = SBX_OVERLAY;
		mount.flags |= upper->in_memory ? SBX_IN_MEMORY : 0;
		mount.flags |= cache->dir.mode == MEL_CACHE_DISCARD ? SBX_MEMORY : 0;
		mount.upper = upper->upper_path;
		mount.work = upper->work_path;
		mount.max_bytes = upper->limit;
		if (mel_cache_upper_give(upper, ids, err) < 0)
			return -1;
	}
	mel_vec_push(mounts, mount);
	return 0;
}

int mel_build_cache_give_up_overlay(struct mel_build_cache *cache, struct mel_err **err)
{
	if (!cache->upper.path || cache->upper.is_copy)
		return mel_err_set(err, MEL_ERR_SANDBOX, "the cache cannot be mounted");
	return mel_cache_upper_copy(&cache->upper, cache->fd, cache->dir.path, err);
}

/* --- end ------------------------------------------------------------------------------------
 */

int mel_build_cache_check(struct mel_build_cache *cache, struct mel_err **err)
{
	if (cache->dir.mode == MEL_CACHE_COMMIT &&
	    mel_cache_upper_check(&cache->upper, true, err) < 0)
		return mel_err_as(err, MEL_ERR_STEP);
	return 0;
}

void mel_build_cache_commit(struct mel_build_cache *cache, const struct mel_build_opts *opts,
			    struct mel_report *report)
{
	const struct mel_cache_commit_opts commit = commit_opts(cache, opts);
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(4096);
	struct mel_err *err MEL_AUTO_ERR = NULL;

	if (cache->dir.mode != MEL_CACHE_COMMIT || !cache->upper.path)
		return;
	if ((cache->upper.is_copy &&
	     mel_cache_upper_prune(&cache->upper, cache->fd, opts->cache_apply_deletes, &err) <
		     0) ||
	    mel_cache_commit(&commit, cache->upper.dirfd, &cache->tally, &err) < 0) {
		report->cache_change =
			mel_arena_printf(&report->arena, "not merged: %s", err->text);
		warn("what the build wrote is not merged", &err);
		return;
	}
	cache->is_merged = true;
	mel_cache_tally_text(&cache->tally, &text);
	report->cache_change = mel_arena_strdup(&report->arena, mel_buf_text(&text));
}

static void record(const struct mel_build_cache *cache, const struct mel_build_opts *opts,
		   const struct mel_build_cache_end *end, const struct mel_report *report)
{
	const struct mel_cache_build build = {
		.begin = opts->now,
		.package = end->package,
		.mode = mel_cache_mode_name(cache->dir.mode),
		.result = end->has_failed ? "failed" : "ok",
		.fetch_hits = report->fetch_hits,
		.fetch_misses = report->fetch_misses,
		.downloaded_bytes = report->downloaded_bytes,
		.download_ns = report->download_ns,
		.elapsed_ns = end->elapsed_ns,
		.tally = cache->is_merged ? &cache->tally : NULL,
	};
	struct mel_err *err MEL_AUTO_ERR = NULL;

	if (mel_cache_stats_add(&cache->state, &build, &err) < 0)
		warn("the build is not recorded", &err);
}

void mel_build_cache_close(struct mel_build_cache *cache, const struct mel_build_opts *opts,
			   const struct sbx_ids *ids, const struct mel_build_cache_end *end,
			   struct mel_report *report)
{
	bool keep = end->has_failed && opts->cache_keep_on_failure;
	char *kept = NULL;

	mel_cache_upper_close(&cache->upper, ids, keep, &kept);
	if (kept)
		mel_log(MEL_LOG_INFO, "what the build wrote into the cache is kept at %s/upper",
			kept);
	free(kept);
	if (cache->lock_fd >= 0)
		close(cache->lock_fd);
	if (cache->dir.path && cache->state.dirfd >= 0 && end->package)
		record(cache, opts, end, report);
	mel_cache_tally_clear(&cache->tally);
	mel_cache_state_close(&cache->state);
	if (cache->fd >= 0)
		close(cache->fd);
	mel_cache_close(&cache->dir);
	*cache = (struct mel_build_cache)MEL_BUILD_CACHE_INIT;
}
