/* "melange cache gc" and "melange cache rm": what goes out of a build cache. */
#include <fcntl.h>
#include <string.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/slice.h"
#include "base/units.h"
#include "cache/commit.h"
#include "cache/remove.h"
#include "cmd/cache.h"
#include "cmd/help.h"
#include "cmd/keepfor.h"
#include "codec/json.h"

static void write_gone(struct mel_buf *out, const struct mel_cache_gone *gone, bool is_dry)
{
	mel_buf_printf(out, "%s %llu unit(s), %llu file(s), ",
		       is_dry ? "would remove" : "removed", (unsigned long long)gone->units,
		       (unsigned long long)gone->files);
	mel_size_write(out, gone->bytes);
	mel_buf_add_char(out, '\n');
}

/* What a removal would do. */
static void count_gone(const struct mel_cache_list *list, struct mel_cache_gone *gone)
{
	for (size_t i = 0; i < list->unit.len; i++) {
		const struct mel_cache_unit *unit = &list->unit.at[i];

		if (!unit->goes)
			continue;
		gone->units++;
		gone->files += unit->files;
		gone->bytes += unit->disk_bytes;
	}
}

int mel_cache_site_remove(struct mel_cache_site *place, bool is_dry, bool is_json,
			  struct mel_cache_gone *gone, struct mel_buf *out,
			  struct mel_err **err)
{
	for (size_t i = 0; i < place->list.unit.len && (is_dry || is_json); i++)
		if (place->list.unit.at[i].goes)
			(is_json ? mel_cache_unit_json
				 : mel_cache_unit_text)(out, &place->list.unit.at[i]);
	if (is_dry)
		count_gone(&place->list, gone);
	else
		mel_cache_gc_remove(&place->list, place->dirfd, place->path, place->builds >= 0,
				    gone);
	if (!is_json)
		write_gone(out, gone, is_dry);
	if (gone->failed)
		return mel_err_set(err, MEL_ERR_OUTPUT, "%llu unit(s) could not be removed",
				   (unsigned long long)gone->failed);
	return 0;
}

struct gc_flags {
	const char *cache_dir;
	uint64_t max_size;
	int64_t max_age;
	struct mel_opt_list keep_for;
	bool dry_run, force, json;
};

#define GC(field) .offset = offsetof(struct gc_flags, field)

static const struct mel_opt gc_opt[] = {
	MEL_CACHE_DIR_ROW(struct gc_flags, cache_dir),
	{ .name = "max-size",
	  .type = MEL_OPT_SIZE,
	  GC(max_size),
	  .word = "SIZE",
	  .preset = "50GiB",
	  .help = "evict until the cache is no larger on disk; 0: any size" },
	{ .name = "max-age",
	  .type = MEL_OPT_AGE,
	  GC(max_age),
	  .word = "AGE",
	  .preset = "90d",
	  .help = "evict what was not used for so long; 0: any age" },
	{ .name = "keep-for",
	  .type = MEL_OPT_LIST,
	  GC(keep_for),
	  .word = "DIR",
	  .help = "keep the sources that build files below DIR name" },
	{ .name = "dry-run",
	  .type = MEL_OPT_BOOL,
	  GC(dry_run),
	  .help = "only list what would go" },
	MEL_CACHE_FORCE_ROW(struct gc_flags),
	{ .name = "json", .type = MEL_OPT_BOOL, GC(json), .help = "one JSON object per unit" },
};

static bool names_kept(const struct mel_cache_list *list, const struct mel_cache_unit *unit,
		       const struct mel_map *kept)
{
	for (uint32_t r = unit->root; r != MEL_CACHE_NO_ROOT; r = list->root.at[r].next)
		if (mel_map_has(kept, list->root.at[r].path))
			return true;
	return false;
}

static int keep_for(struct mel_cache_list *list, const struct mel_opt_list *dirs,
		    struct mel_err **err)
{
	struct mel_arena arena MEL_AUTO_ARENA = { 0 };
	struct mel_map kept MEL_AUTO_MAP = { 0 };

	for (size_t i = 0; i < dirs->len; i++)
		if (mel_keep_for(&kept, &arena, dirs->at[i], err) < 0)
			return -1;
	for (size_t i = 0; i < list->unit.len; i++)
		list->unit.at[i].is_kept = names_kept(list, &list->unit.at[i], &kept);
	return 0;
}

/* What killed builds left: it takes the lock itself. */
static int recover(const struct mel_cache_site *place, struct mel_err **err)
{
	const struct mel_cache_commit_opts opts = {
		.cache_dirfd = place->dirfd,
		.cache_path = place->path,
		.state = &place->state,
	};

	return mel_cache_recover(&opts, err);
}

static int run_gc(struct mel_ctx *ctx, void *flags, const struct mel_opt_result *given,
		  struct mel_err **err)
{
	const struct gc_flags *f = flags;
	const struct mel_cache_limits limits = {
		.max_bytes = f->max_size,
		.max_age_s = f->max_age,
		.area_use_counts = true,
	};
	struct mel_cache_site place MEL_AUTO_CACHE_SITE = MEL_CACHE_SITE_INIT;
	struct mel_cache_gone gone = { 0 };
	struct mel_buf out MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	int64_t now = mel_cmd_now();
	int r;

	(void)given;
	if (mel_cache_site_open(&place, ctx, f->cache_dir,
				f->dry_run ? MEL_CACHE_TO_READ : MEL_CACHE_TO_CHANGE,
				err) < 0 ||
	    (!f->dry_run && recover(&place, err) < 0) ||
	    (!f->dry_run && mel_cache_site_lock(&place, !f->force, err) < 0) ||
	    mel_cache_site_list(&place, err) < 0 ||
	    keep_for(&place.list, &f->keep_for, err) < 0)
		return -1;
	mel_cache_gc_choose(&place.list, &limits, now);
	r = mel_cache_site_remove(&place, f->dry_run, f->json, &gone, &out, err);
	if (r == 0 && place.builds >= 0)
		r = mel_cache_gc_state(&place.state, place.dirfd, &place.list, f->max_age, now,
				       err);
	return r < 0 ? -1 : mel_stdout_write(&out, err);
}

const struct mel_cmd mel_cmd_cache_gc = {
	.name = "gc",
	.full = "cache gc",
	.summary = "Evict what is too old or too much",
	.about =
		"What was not used for --max-age goes, then, until the rest is no larger than "
		"--max-size,\ncompiled output, packages and sources in this order, the longest "
		"unused first.\nBuilds in mode rw and commit do the same once a day.\n",
	.opt = gc_opt,
	.opt_len = MEL_COUNTOF(gc_opt),
	.flags_size = sizeof(struct gc_flags),
	.run = run_gc,
};

struct rm_flags {
	const char *cache_dir, *area;
	bool dry_run, force, json;
};

#define RM(field) .offset = offsetof(struct rm_flags, field)

static const struct mel_opt rm_opt[] = {
	MEL_CACHE_DIR_ROW(struct rm_flags, cache_dir),
	{ .name = "area",
	  .type = MEL_OPT_TEXT,
	  RM(area),
	  .word = "AREA",
	  .help = "only what is in this area; without PATTERN: all of it" },
	{ .name = "dry-run",
	  .type = MEL_OPT_BOOL,
	  RM(dry_run),
	  .help = "only list what would go" },
	MEL_CACHE_FORCE_ROW(struct rm_flags),
	{ .name = "json", .type = MEL_OPT_BOOL, RM(json), .help = "one JSON object per unit" },
};

/* Something of that name is there, no link on the way. */
static bool is_there(const struct mel_cache_site *place, const char *path)
{
	MEL_AUTO_CLOSE int fd = mel_openat_beneath(place->dirfd, path, O_PATH | O_NOFOLLOW, 0);

	return fd >= 0;
}

/* Mark the units that the pattern (NULL: any) fits; how many. */
static size_t mark(struct mel_cache_list *list, const char *area, const char *pattern)
{
	const struct mel_opt_list patterns = { .at = &pattern, .len = pattern ? 1 : 0 };
	size_t count = 0;

	for (size_t i = 0; i < list->unit.len; i++) {
		struct mel_cache_unit *unit = &list->unit.at[i];

		if (!mel_cache_is_meant(list, unit, area, &patterns))
			continue;
		unit->goes = true;
		count++;
	}
	return count;
}

/* Each argument must fit something, before anything is removed. */
static int mark_all(struct mel_cache_site *place, const struct rm_flags *f,
		    const struct mel_opt_list *patterns, struct mel_err **err)
{
	if (patterns->len == 0 && !f->area)
		return mel_err_set(err, MEL_ERR_USAGE,
				   "name what to remove: --area, or a PATTERN ('*' is all)");
	if (mel_cache_check_area(f->area, err) < 0)
		return -1;
	if (patterns->len == 0)
		mark(&place->list, f->area, NULL);
	for (size_t i = 0; i < patterns->len; i++)
		if (mark(&place->list, f->area, patterns->at[i]) == 0 &&
		    (f->area || !is_there(place, patterns->at[i])))
			return mel_err_set(err, MEL_ERR_INPUT, "nothing in the cache fits '%s'",
					   patterns->at[i]);
	return 0;
}

/* What is no unit: a part of one, or folders that hold none. */
static int remove_paths(const struct mel_cache_site *place, const struct rm_flags *f,
			const struct mel_opt_list *patterns, struct mel_err **err)
{
	struct mel_cache_remover remover MEL_AUTO_CACHE_REMOVER =
		MEL_CACHE_REMOVER_INIT(place->dirfd, place->path);

	remover.is_alone = place->builds >= 0;
	if (patterns->len == 0 && is_there(place, f->area) &&
	    mel_text_eq(mel_cache_area_of(f->area)->name, f->area))
		return mel_cache_remove(&remover, f->area, err);
	for (size_t i = 0; i < patterns->len && !f->area; i++)
		if (is_there(place, patterns->at[i]) &&
		    mel_cache_remove(&remover, patterns->at[i], err) < 0)
			return -1;
	return 0;
}

static int run_rm(struct mel_ctx *ctx, void *flags, const struct mel_opt_result *given,
		  struct mel_err **err)
{
	const struct rm_flags *f = flags;
	struct mel_cache_site place MEL_AUTO_CACHE_SITE = MEL_CACHE_SITE_INIT;
	struct mel_cache_gone gone = { 0 };
	struct mel_buf out MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);

	if (mel_cache_site_open(&place, ctx, f->cache_dir,
				f->dry_run ? MEL_CACHE_TO_READ : MEL_CACHE_TO_CHANGE,
				err) < 0 ||
	    (!f->dry_run && mel_cache_site_lock(&place, !f->force, err) < 0) ||
	    mel_cache_site_list(&place, err) < 0 || mark_all(&place, f, &given->arg, err) < 0 ||
	    mel_cache_site_remove(&place, f->dry_run, f->json, &gone, &out, err) < 0 ||
	    (!f->dry_run && remove_paths(&place, f, &given->arg, err) < 0))
		return -1;
	return mel_stdout_write(&out, err);
}

const struct mel_cmd mel_cmd_cache_rm = {
	.name = "rm",
	.full = "cache rm",
	.args = "[PATTERN...]",
	.summary = "Remove areas, units or paths",
	.about = "A PATTERN is as for ls: what 'ls PATTERN' lists, 'rm PATTERN' removes, "
		 "without a question.\nA path that is no unit is removed as it is. Nothing is "
		 "removed when one fits nothing.\n",
	.opt = rm_opt,
	.opt_len = MEL_COUNTOF(rm_opt),
	.flags_size = sizeof(struct rm_flags),
	.max_args = MEL_CMD_ANY_ARGS,
	.run = run_rm,
};
