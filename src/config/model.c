/* Lists and maps of the build file's structs: see model.h. */
#include "config/model.h"

#include <string.h>

const char *mel_text_map_get(const struct mel_text_map *map, const char *key)
{
	for (size_t i = 0; i < map->len; i++)
		if (strcmp(map->at[i].key, key) == 0)
			return map->at[i].value;
	return NULL;
}

/* Arrays in an arena grow by doubling; the old ones go with the arena. */
static size_t room_for(size_t len)
{
	return len < 4 ? 8 : len * 2;
}

void mel_text_map_set(struct mel_arena *arena, struct mel_text_map *map, const char *key,
		      const char *value, struct mel_pos pos)
{
	for (size_t i = 0; i < map->len; i++)
		if (strcmp(map->at[i].key, key) == 0) {
			map->at[i].value = value;
			map->at[i].pos = pos;
			return;
		}
	mel_text_map_add(arena, map, key, value, pos);
}

void mel_text_map_add(struct mel_arena *arena, struct mel_text_map *map, const char *key,
		      const char *value, struct mel_pos pos)
{
	if (map->len >= map->cap) {
		size_t room = room_for(map->len);
		struct mel_text_pair *more = mel_arena_array(arena, room, sizeof(*more));

		if (map->len)
			memcpy(more, map->at, map->len * sizeof(*more));
		map->at = more;
		map->cap = room;
	}
	map->at[map->len++] = (struct mel_text_pair){ key, value, pos, false };
}

void mel_texts_add(struct mel_arena *arena, struct mel_texts *list, const char *text,
		   struct mel_pos pos)
{
	if (list->len >= list->cap) {
		size_t room = room_for(list->len);
		const char **more = mel_arena_array(arena, room, sizeof(*more));
		struct mel_pos *more_pos = mel_arena_array(arena, room, sizeof(*more_pos));

		for (size_t i = 0; i < list->len; i++) {
			more[i] = list->at[i];
			if (list->pos)
				more_pos[i] = list->pos[i];
		}
		list->at = more;
		list->pos = more_pos;
		list->cap = room;
	}
	list->at[list->len] = text;
	list->pos[list->len++] = pos;
}
