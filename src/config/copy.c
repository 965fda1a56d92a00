/* Deep copies by key tables: see copy.h. */
#include "config/copy.h"

#include <string.h>

static void *copy(struct mel_arena *arena, const void *from, size_t len, size_t size)
{
	void *made;

	if (!from || len == 0)
		return NULL;
	made = mel_arena_array(arena, len, size);
	memcpy(made, from, len * size);
	return made;
}

static void unshare_texts(struct mel_texts *list, struct mel_arena *arena)
{
	list->at = copy(arena, list->at, list->len, sizeof(*list->at));
	list->pos = copy(arena, list->pos, list->len, sizeof(*list->pos));
	list->cap = list->len;
}

static void unshare_map(struct mel_text_map *map, struct mel_arena *arena)
{
	map->at = copy(arena, map->at, map->len, sizeof(*map->at));
	map->cap = map->len;
}

/* A pointer, and the length behind it. */
static void unshare_structs(void *place, const struct mel_schema *schema,
			    struct mel_arena *arena)
{
	void **array = place;
	size_t len = *(size_t *)(array + 1);

	*array = copy(arena, *array, len, schema->size);
	for (size_t i = 0; i < len; i++)
		mel_schema_unshare((char *)*array + i * schema->size, schema, arena);
}

static void unshare_pointer(void **place, const struct mel_schema *schema,
			    struct mel_arena *arena)
{
	*place = copy(arena, *place, 1, schema->size);
	if (*place)
		mel_schema_unshare(*place, schema, arena);
}

void mel_schema_unshare(void *value, const struct mel_schema *schema, struct mel_arena *arena)
{
	for (size_t i = 0; i < schema->rule_len; i++) {
		const struct mel_key_rule *rule = &schema->rule[i];
		void *place = (char *)value + rule->offset;

		switch (rule->type) {
		case MEL_KEY_TEXTS:
			unshare_texts(place, arena);
			break;
		case MEL_KEY_TEXT_MAP:
			unshare_map(place, arena);
			break;
		case MEL_KEY_STRUCT:
			mel_schema_unshare(place, rule->schema, arena);
			break;
		case MEL_KEY_STRUCT_PTR:
			unshare_pointer(place, rule->schema, arena);
			break;
		case MEL_KEY_STRUCT_LIST:
		case MEL_KEY_STRUCT_MAP:
			unshare_structs(place, rule->schema, arena);
			break;
		default:
			break;
		}
	}
}
