/*
 * Text-keyed map that iterates in insertion order (or sorted, on request). A zeroed map is
 * empty and ready. Keys and values are borrowed: they live in an arena or in literals.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mel_map_entry {
	const char *key;
	void *value;
	uint32_t hash;
};

struct mel_map {
	struct mel_map_entry *entry; /* in insertion order */
	size_t len, cap;
	uint32_t *slot; /* open addressing; index + 1 of entry, 0 free */
	size_t slot_len;
};

/* The value of key, NULL if absent (or if NULL was stored). */
void *mel_map_get(const struct mel_map *map, const char *key);
bool mel_map_has(const struct mel_map *map, const char *key);
/* Store value under key; an existing key keeps its place and gets the new value. */
void mel_map_set(struct mel_map *map, const char *key, void *value);
/* Remove key; false when it was not there. The order of the others is kept. */
bool mel_map_remove(struct mel_map *map, const char *key);
/* Order the entries bytewise by key. */
void mel_map_sort(struct mel_map *map);
void mel_map_clear(struct mel_map *map);
#define MEL_AUTO_MAP __attribute__((cleanup(mel_map_clear)))
