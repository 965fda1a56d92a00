/* Text-keyed map: see map.h. FNV-1a hash, linear probing, at most half full. */
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static uint32_t hash_of(const char *key)
{
	uint32_t hash = 2166136261u;

	for (; *key; key++)
		hash = (hash ^ (unsigned char)*key) * 16777619u;
	return hash;
}

/* The slot of key, or the free slot where it belongs. */
static size_t probe(const struct mel_map *map, const char *key, uint32_t hash)
{
	size_t mask = map->slot_len - 1, at = hash & mask;

	while (map->slot[at]) {
		const struct mel_map_entry *entry = &map->entry[map->slot[at] - 1];

		if (entry->hash == hash && strcmp(entry->key, key) == 0)
			break;
		at = (at + 1) & mask;
	}
	return at;
}

static void rehash(struct mel_map *map, size_t slot_len)
{
	free(map->slot);
	map->slot = mel_alloc(slot_len * sizeof(*map->slot));
	map->slot_len = slot_len;
	for (size_t i = 0; i < map->len; i++)
		map->slot[probe(map, map->entry[i].key, map->entry[i].hash)] = (uint32_t)i + 1;
}

static struct mel_map_entry *find(const struct mel_map *map, const char *key)
{
	if (map->len == 0)
		return NULL;

	uint32_t index = map->slot[probe(map, key, hash_of(key))];

	return index ? &map->entry[index - 1] : NULL;
}

void *mel_map_get(const struct mel_map *map, const char *key)
{
	const struct mel_map_entry *entry = find(map, key);

	return entry ? entry->value : NULL;
}

bool mel_map_has(const struct mel_map *map, const char *key)
{
	return find(map, key) != NULL;
}

void mel_map_set(struct mel_map *map, const char *key, void *value)
{
	struct mel_map_entry *entry = find(map, key);

	if (entry) {
		entry->value = value;
		return;
	}
	if (map->len == map->cap) {
		map->cap = map->cap ? map->cap * 2 : 8;
		map->entry = mel_realloc(map->entry, map->cap, sizeof(*map->entry));
	}
	map->entry[map->len++] = (struct mel_map_entry){ key, value, hash_of(key) };
	if (map->len * 2 > map->slot_len)
		rehash(map, map->slot_len ? map->slot_len * 2 : 16);
	else
		map->slot[probe(map, key, map->entry[map->len - 1].hash)] = (uint32_t)map->len;
}

bool mel_map_remove(struct mel_map *map, const char *key)
{
	struct mel_map_entry *entry = find(map, key);

	if (!entry)
		return false;

	size_t at = (size_t)(entry - map->entry);

	memmove(entry, entry + 1, (map->len - at - 1) * sizeof(*entry));
	map->len--;
	rehash(map, map->slot_len);
	return true;
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct mel_map_entry *)a)->key,
		      ((const struct mel_map_entry *)b)->key);
}

void mel_map_sort(struct mel_map *map)
{
	if (map->len < 2)
		return;
	qsort(map->entry, map->len, sizeof(*map->entry), by_key);
	rehash(map, map->slot_len);
}

void mel_map_clear(struct mel_map *map)
{
	free(map->entry);
	free(map->slot);
	*map = (struct mel_map){ 0 };
}
