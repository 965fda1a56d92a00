/* Eviction beside the units: records, leftovers, and once a day after a build. See gc.h. */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/map.h"
#include "base/slice.h"
#include "base/units.h"
#include "cache/gc.h"
#include "cache/lines.h"
#include "cache/manifest.h"
#include "cache/remove.h"
#include "cache/stats.h"
#include "cache/upper.h"

/* Unfinished downloads, what a repair set aside, layers of failed builds. */
enum { DAY_S = 24 * 60 * 60, REST_AGE_S = 7 * DAY_S, MANIFEST_MAX_BYTES = 256 * 1024 * 1024 };

/* Names of what a record may be about. */
static bool is_known(void *user, const char *unit)
{
	return mel_map_has(user, unit);
}

static void collect_names(struct mel_map *known, const struct mel_cache_list *list)
{
	static char yes[1];

	for (size_t i = 0; i < list->area.len; i++)
		mel_map_set(known, list->area.at[i].area->name, yes);
	for (size_t i = 0; i < list->unit.len; i++)
		mel_map_set(known, list->unit.at[i].name, yes);
	for (size_t i = 0; i < list->root.len; i++)
		mel_map_set(known, list->root.at[i].path, yes);
}

/* A kept layer, whatever ids its files have and modes its folders. */
static void remove_kept(const struct mel_cache_state *state, const char *name)
{
	struct mel_cache_remover remover MEL_AUTO_CACHE_REMOVER =
		MEL_CACHE_REMOVER_INIT(state->dirfd, state->path);
	struct mel_err *err MEL_AUTO_ERR = NULL;

	remover.is_alone = true;
	if (mel_cache_remove(&remover, name, &err) < 0)
		mel_log(MEL_LOG_WARN, "layer that was kept, '%s/%s': %s", state->path, name,
			err->text);
}

/* Remove the entries of a folder of the state whose names begin so, and that were last changed
 * before the time. */
static int sweep(const struct mel_cache_state *state, const char *folder, const char *prefix,
		 int64_t before, struct mel_err **err)
{
	int fd = mel_openat(state->dirfd, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	struct stat st;
	int r = 0;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	while (r == 0 && (entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    !mel_text_starts(entry->d_name, prefix) ||
		    fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    st.st_ctim.tv_sec >= before)
			continue;
		if (prefix[0])
			remove_kept(state, entry->d_name);
		else
			r = mel_rmtree(fd, entry->d_name, err);
	}
	closedir(dir);
	return r;
}

/* The last line of each path that is still there, in the order of the paths. */
static int compact_manifest(void *user, struct mel_slice old, struct mel_buf *out,
			    struct mel_err **err)
{
	const int *dirfd = user;
	struct mel_arena arena MEL_AUTO_ARENA = { 0 };
	struct mel_map last MEL_AUTO_MAP = { 0 };
	struct mel_slice text;

	(void)err;
	while (mel_slice_next(&old, '\n', &text)) {
		struct mel_cache_manifest_line *line = mel_arena_alloc(&arena, sizeof(*line));

		if (mel_cache_manifest_parse(line, text))
			mel_map_set(&last, mel_arena_slice(&arena, line->path), line);
	}
	mel_map_sort(&last);
	for (size_t i = 0; i < last.len; i++) {
		MEL_AUTO_CLOSE int fd =
			mel_openat_beneath(*dirfd, last.entry[i].key, O_PATH | O_NOFOLLOW, 0);

		if (fd >= 0)
			mel_cache_manifest_write(out, last.entry[i].value);
	}
	return 0;
}

int mel_cache_gc_state(const struct mel_cache_state *state, int dirfd,
		       const struct mel_cache_list *list, int64_t max_age_s, int64_t now,
		       struct mel_err **err)
{
	struct mel_map known MEL_AUTO_MAP = { 0 };

	collect_names(&known, list);
	if (mel_cache_use_compact(state, is_known, &known, err) < 0 ||
	    mel_cache_stats_trim(state, err) < 0 ||
	    mel_cache_lines_rewrite(state, MEL_CACHE_MANIFEST, MANIFEST_MAX_BYTES,
				    compact_manifest, &dirfd, err) < 0 ||
	    sweep(state, "parts", "", now - REST_AGE_S, err) < 0 ||
	    sweep(state, "bad", "", now - REST_AGE_S, err) < 0 ||
	    sweep(state, ".", MEL_CACHE_KEPT_PREFIX, now - REST_AGE_S, err) < 0)
		return -1;
	return max_age_s ? sweep(state, "git", "", now - max_age_s, err) : 0;
}

/* True when the stamp is from this day: less than a day old, and not from the future. */
static bool is_fresh(const struct mel_cache_state *state, const char *stamp, int64_t now)
{
	struct stat st;

	if (fstatat(state->dirfd, stamp, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	return st.st_mtim.tv_sec <= now && now - st.st_mtim.tv_sec < DAY_S;
}

static int set_stamp(const struct mel_cache_state *state, const char *stamp, int64_t now,
		     struct mel_err **err)
{
	MEL_AUTO_CLOSE int fd =
		mel_openat(state->dirfd, stamp, O_WRONLY | O_CREAT | O_NOFOLLOW, 0600);
	const struct timespec times[2] = { { .tv_sec = now }, { .tv_sec = now } };

	if (fd < 0 || futimens(fd, times) < 0)
		return mel_err_sys(err, "cannot write '%s/%s'", state->path, stamp);
	return 0;
}

/* All areas that there are: which of them a build used cannot be seen from outside. */
static int note_areas(const struct mel_cache_state *state, int dirfd, int64_t now,
		      struct mel_err **err)
{
	int fd = mel_openat(dirfd, ".", O_RDONLY | O_DIRECTORY, 0);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	MEL_VEC(const char *) names = { 0 };
	int r;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return mel_err_sys(err, "cannot read the cache directory");
	}
	while ((entry = readdir(dir))) {
		const struct mel_cache_area *area = mel_cache_area_of(entry->d_name);

		if (mel_text_eq(area->name, entry->d_name))
			mel_vec_push(&names, area->name);
	}
	closedir(dir);
	r = names.len ? mel_cache_use_add_all(state, names.at, names.len, now, err) : 0;
	mel_vec_clear(&names);
	return r < 0 ? -1 : set_stamp(state, "noted", now, err);
}

static int evict(const struct mel_cache_state *state, int dirfd, const char *cache_path,
		 const struct mel_cache_limits *limits, int64_t now, struct mel_err **err)
{
	struct mel_cache_use use MEL_AUTO_CACHE_USE = { .map = { 0 } };
	struct mel_cache_list list MEL_AUTO_CACHE_LIST = { 0 };
	struct mel_cache_gone gone = { 0 };
	struct mel_buf size MEL_AUTO_BUF = MEL_BUF_INIT(64);

	if (mel_cache_use_load(&use, state, err) < 0 ||
	    mel_cache_list_make(&list, dirfd, &use, err) < 0)
		return -1;
	mel_cache_gc_choose(&list, limits, now);
	mel_cache_gc_remove(&list, dirfd, cache_path, true, &gone);
	mel_size_write(&size, gone.bytes);
	mel_log(gone.units ? MEL_LOG_INFO : MEL_LOG_DEBUG,
		"build cache: %llu unit(s) with %s were over its limits and are removed",
		(unsigned long long)gone.units, mel_buf_text(&size));
	if (mel_cache_gc_state(state, dirfd, &list, limits->max_age_s, now, err) < 0)
		return -1;
	return set_stamp(state, "scanned", now, err);
}

int mel_cache_gc_auto(const struct mel_cache_state *state, const char *cache_path,
		      const struct mel_cache_limits *limits, int64_t now, struct mel_err **err)
{
	bool is_noted = is_fresh(state, "noted", now), is_scanned;
	MEL_AUTO_CLOSE int dirfd = -1, builds = -1, lock = -1;

	is_scanned = is_fresh(state, "scanned", now) ||
		     (limits->max_bytes == 0 && limits->max_age_s == 0);
	if (is_noted && is_scanned)
		return 0;
	if (mel_cache_walk_open(&dirfd, cache_path, err) < 0 ||
	    (!is_noted && note_areas(state, dirfd, now, err) < 0))
		return -1;
	if (is_scanned)
		return 0;
	if (mel_cache_lock(state, MEL_CACHE_LOCK_BUILD, true, true, &builds, err) < 0)
		return -1;
	if (builds < 0)
		return 0; /* the last build of those that run will do it */
	if (mel_cache_lock(state, MEL_CACHE_LOCK, true, true, &lock, err) < 0)
		return -1;
	return lock < 0 ? 0 : evict(state, dirfd, cache_path, limits, now, err);
}
