/* What is in a cache directory: see list.h. */
#include "cache/list.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/slice.h"
#include "cache/unit.h"

enum { BLOCK_BYTES = 512 }; /* of st_blocks, whatever the file system */

struct maker {
	struct mel_cache_list *list;
	struct mel_map unit;  /* name -> index + 1 */
	struct mel_map inode; /* "dev:ino" of files with several names -> unit's index + 1 */
	struct mel_buf name, inside, key;
	size_t current; /* unit of the folder `inside` (with '/'), in which we are */
};

/* Maps hold pointers; what is stored here is an index. */
static size_t find_index(const struct mel_map *map, const char *key)
{
	return (size_t)(uintptr_t)mel_map_get(map, key);
}

static void set_index(struct mel_map *map, const char *key, size_t index)
{
	mel_map_set(map, key, (void *)(uintptr_t)(index + 1));
}

static struct mel_cache_area_size *area_size(struct mel_cache_list *list,
					     const struct mel_cache_area *area)
{
	for (size_t i = 0; i < list->area.len; i++)
		if (list->area.at[i].area == area)
			return &list->area.at[i];
	mel_vec_push(&list->area, (struct mel_cache_area_size){ .area = area });
	return &list->area.at[list->area.len - 1];
}

static size_t add_unit(struct maker *m, const char *name, const struct mel_cache_area *area)
{
	struct mel_cache_list *list = m->list;
	const char *own = mel_arena_strdup(&list->arena, name);

	mel_vec_push(&list->unit, (struct mel_cache_unit){ .name = own,
							   .area = area,
							   .root = MEL_CACHE_NO_ROOT });
	set_index(&m->unit, own, list->unit.len - 1);
	area_size(list, area)->units++;
	list->total.units++;
	return list->unit.len - 1;
}

static void add_root(struct mel_cache_list *list, size_t unit,
		     const struct mel_cache_entry *entry)
{
	struct mel_cache_unit *owner = &list->unit.at[unit];

	mel_vec_push(&list->root,
		     (struct mel_cache_root){ mel_arena_strdup(&list->arena, entry->path),
					      owner->root, S_ISDIR(entry->st->st_mode) });
	owner->root = (uint32_t)(list->root.len - 1);
}

/* "dev:ino" of a file with several names. */
static const char *inode_key(struct maker *m, const struct stat *st)
{
	mel_buf_truncate(&m->key, 0);
	mel_buf_printf(&m->key, "%llx:%llx", (unsigned long long)st->st_dev,
		       (unsigned long long)st->st_ino);
	return mel_buf_text(&m->key);
}

/* The unit in which the entry lies; 0: it is a folder above units. Else index + 1. */
static size_t unit_of(struct maker *m, const struct mel_cache_entry *entry,
		      const struct mel_cache_area *area)
{
	bool is_dir = S_ISDIR(entry->st->st_mode);
	size_t index;

	if (m->inside.len && mel_text_starts(entry->path, mel_buf_text(&m->inside)))
		return m->current + 1;
	mel_buf_truncate(&m->inside, 0);
	if (!mel_cache_unit_of(&m->name, entry->path, is_dir))
		return 0;
	/* An object of two digests is one file with two names, and one unit. */
	index = area->class == MEL_CACHE_SOURCES && entry->st->st_nlink > 1 && !is_dir
			? find_index(&m->inode, inode_key(m, entry->st))
			: 0;
	if (!index)
		index = find_index(&m->unit, mel_buf_text(&m->name));
	if (!index)
		index = add_unit(m, mel_buf_text(&m->name), area) + 1;
	add_root(m->list, index - 1, entry);
	if (is_dir) {
		mel_buf_printf(&m->inside, "%s/", entry->path);
		m->current = index - 1;
	}
	return index;
}

/* True when the file was counted under another name already. */
static bool is_counted(struct maker *m, const struct stat *st, size_t unit)
{
	const char *key;

	if (st->st_nlink < 2 || S_ISDIR(st->st_mode))
		return false;
	key = inode_key(m, st);
	if (find_index(&m->inode, key))
		return true;
	set_index(&m->inode, mel_arena_strdup(&m->list->arena, key), unit);
	return false;
}

static void count_area(struct mel_cache_area_size *size, const struct stat *st, bool is_new)
{
	uint64_t disk = (uint64_t)st->st_blocks * BLOCK_BYTES;

	if (is_new)
		size->disk_bytes += disk;
	if (S_ISREG(st->st_mode)) {
		size->files++;
		size->bytes += is_new ? (uint64_t)st->st_size : 0;
	} else if (S_ISDIR(st->st_mode)) {
		size->folders++;
	} else if (S_ISLNK(st->st_mode)) {
		size->links++;
	}
}

static void count_unit(struct mel_cache_unit *unit, const struct stat *st, bool is_new)
{
	if (is_new) {
		unit->bytes += S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0;
		unit->disk_bytes += (uint64_t)st->st_blocks * BLOCK_BYTES;
	}
	if (S_ISDIR(st->st_mode))
		return;
	unit->files++;
	if (st->st_ctim.tv_sec > unit->changed)
		unit->changed = st->st_ctim.tv_sec;
}

static int add_entry(void *user, const struct mel_cache_entry *entry, struct mel_err **err)
{
	struct maker *m = user;
	const struct mel_cache_area *area = mel_cache_area_of(entry->path);
	size_t unit = unit_of(m, entry, area);
	bool is_new = !is_counted(m, entry->st, unit ? unit - 1 : 0);
	mode_t type = entry->st->st_mode & S_IFMT;

	(void)err;
	count_area(area_size(m->list, area), entry->st, is_new);
	count_area(&m->list->total, entry->st, is_new);
	if (type != S_IFREG && type != S_IFDIR && type != S_IFLNK)
		m->list->special++;
	if (unit)
		count_unit(&m->list->unit.at[unit - 1], entry->st, is_new);
	return 0;
}

static void add_odd(void *user, const char *path, enum mel_cache_odd odd)
{
	struct maker *m = user;

	m->list->odd[odd]++;
	if (!m->list->odd_path)
		m->list->odd_path = mel_arena_strdup(&m->list->arena, path);
}

static int compare_units(const void *a, const void *b)
{
	return strcmp(((const struct mel_cache_unit *)a)->name,
		      ((const struct mel_cache_unit *)b)->name);
}

static int compare_areas(const void *a, const void *b)
{
	const struct mel_cache_area *x = ((const struct mel_cache_area_size *)a)->area;
	const struct mel_cache_area *y = ((const struct mel_cache_area_size *)b)->area;

	return x->class != y->class ? (int)x->class - (int)y->class : strcmp(x->name, y->name);
}

/* The last use of a unit is that of any of its names, or its newest change. */
static void set_used(struct mel_cache_list *list, const struct mel_cache_use *use)
{
	for (size_t i = 0; i < list->unit.len; i++) {
		struct mel_cache_unit *unit = &list->unit.at[i];

		unit->used = unit->changed;
		unit->area_used = use ? mel_cache_use_of(use, unit->area->name) : 0;
		if (!use)
			continue;
		if (mel_cache_use_of(use, unit->name) > unit->used)
			unit->used = mel_cache_use_of(use, unit->name);
		for (uint32_t r = unit->root; r != MEL_CACHE_NO_ROOT; r = list->root.at[r].next)
			if (mel_cache_use_of(use, list->root.at[r].path) > unit->used)
				unit->used = mel_cache_use_of(use, list->root.at[r].path);
	}
}

int mel_cache_list_make(struct mel_cache_list *list, int dirfd, const struct mel_cache_use *use,
			struct mel_err **err)
{
	struct mel_buf name MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	struct maker m = { .list = list, .name = name, .inside = name, .key = name };
	const struct mel_cache_walk walk = { add_entry, add_odd, &m };
	int r = mel_cache_walk(dirfd, &walk, err);

	mel_buf_clear(&m.name);
	mel_buf_clear(&m.inside);
	mel_buf_clear(&m.key);
	mel_map_clear(&m.unit);
	mel_map_clear(&m.inode);
	if (r < 0)
		return -1;
	if (list->unit.len)
		qsort(list->unit.at, list->unit.len, sizeof(*list->unit.at), compare_units);
	if (list->area.len)
		qsort(list->area.at, list->area.len, sizeof(*list->area.at), compare_areas);
	set_used(list, use);
	return 0;
}

void mel_cache_list_clear(struct mel_cache_list *list)
{
	mel_vec_clear(&list->unit);
	mel_vec_clear(&list->root);
	mel_vec_clear(&list->area);
	mel_arena_clear(&list->arena);
	*list = (struct mel_cache_list){ 0 };
}
