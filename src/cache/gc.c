/* Which units go: see gc.h. */
#include "cache/gc.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/slice.h"
#include "cache/remove.h"

/* A time of the future, which a build may have set, is no reason to stay for ever. */
static int64_t age(int64_t used, int64_t now)
{
	return used < now ? now - used : 0;
}

static bool may_go(const struct mel_cache_unit *unit, const struct mel_cache_limits *limits,
		   int64_t now)
{
	if (unit->is_kept || unit->area->is_host)
		return false;
	return !limits->min_age_s || age(unit->used, now) >= limits->min_age_s;
}

static bool is_too_old(const struct mel_cache_unit *unit, const struct mel_cache_limits *limits,
		       int64_t now)
{
	int64_t used = unit->used;

	if (limits->area_use_counts && unit->area->class != MEL_CACHE_SOURCES &&
	    unit->area_used > used)
		used = unit->area_used;
	return limits->max_age_s && age(used, now) > limits->max_age_s;
}

/* The first to go comes first. */
static int compare(const void *a, const void *b)
{
	const struct mel_cache_unit *x = *(struct mel_cache_unit *const *)a;
	const struct mel_cache_unit *y = *(struct mel_cache_unit *const *)b;

	if (x->area->class != y->area->class)
		return x->area->class > y->area->class ? -1 : 1;
	if (x->used != y->used)
		return x->used < y->used ? -1 : 1;
	return strcmp(x->name, y->name);
}

static void choose_by_size(struct mel_cache_unit **candidate, size_t len, uint64_t bytes,
			   uint64_t max_bytes)
{
	qsort(candidate, len, sizeof(struct mel_cache_unit *), compare);
	for (size_t i = 0; i < len && bytes > max_bytes; i++) {
		candidate[i]->goes = true;
		bytes -= candidate[i]->disk_bytes < bytes ? candidate[i]->disk_bytes : bytes;
	}
}

/* What belongs to somebody else does not count: no eviction would make room for it. */
static uint64_t evictable_bytes(const struct mel_cache_list *list)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < list->area.len; i++)
		if (!list->area.at[i].area->is_host)
			bytes += list->area.at[i].disk_bytes;
	return bytes;
}

void mel_cache_gc_choose(struct mel_cache_list *list, const struct mel_cache_limits *limits,
			 int64_t now)
{
	MEL_VEC(struct mel_cache_unit *) candidate = { 0 };
	uint64_t bytes = evictable_bytes(list);

	for (size_t i = 0; i < list->unit.len; i++) {
		struct mel_cache_unit *unit = &list->unit.at[i];

		unit->goes = false;
		if (!may_go(unit, limits, now))
			continue;
		if (is_too_old(unit, limits, now)) {
			unit->goes = true;
			bytes -= unit->disk_bytes < bytes ? unit->disk_bytes : bytes;
		} else {
			mel_vec_push(&candidate, unit);
		}
	}
	if (limits->max_bytes && candidate.len)
		choose_by_size(candidate.at, candidate.len, bytes, limits->max_bytes);
	mel_vec_clear(&candidate);
}

static int remove_unit(struct mel_cache_remover *remover, const struct mel_cache_list *list,
		       const struct mel_cache_unit *unit, struct mel_err **err)
{
	for (uint32_t r = unit->root; r != MEL_CACHE_NO_ROOT; r = list->root.at[r].next)
		if (mel_cache_remove(remover, list->root.at[r].path, err) < 0)
			return -1;
	return 0;
}

void mel_cache_gc_remove(const struct mel_cache_list *list, int dirfd, const char *cache_path,
			 bool is_alone, struct mel_cache_gone *gone)
{
	struct mel_cache_remover remover MEL_AUTO_CACHE_REMOVER =
		MEL_CACHE_REMOVER_INIT(dirfd, cache_path);

	remover.is_alone = is_alone;
	for (size_t i = 0; i < list->unit.len; i++) {
		const struct mel_cache_unit *unit = &list->unit.at[i];
		struct mel_err *err MEL_AUTO_ERR = NULL;

		if (!unit->goes)
			continue;
		if (remove_unit(&remover, list, unit, &err) < 0) {
			mel_log(MEL_LOG_WARN, "%s", err->text);
			gone->failed++;
			continue;
		}
		gone->units++;
		gone->files += unit->files;
		gone->bytes += unit->disk_bytes;
	}
}
