/* Environment of a step: see guestenv.h. */
#include "plan/guestenv.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/bin:/usr/sbin:/sbin:/bin"

void mel_guestenv_set(struct mel_map *env, const char *name, const char *value)
{
	union {
		const char *in;
		void *out;
	} cast = { .in = value }; /* the map stores plain pointers */

	mel_map_set(env, name, cast.out);
}

void mel_guestenv_add(struct mel_map *env, const struct mel_text_map *map)
{
	for (size_t i = 0; i < map->len; i++)
		mel_guestenv_set(env, map->at[i].key, map->at[i].value ? map->at[i].value : "");
}

void mel_guestenv_start(struct mel_map *env, struct mel_arena *arena, const char *workdir,
			int64_t build_date, const struct mel_text_map *wide)
{
	mel_guestenv_set(env, "PWD", workdir);
	mel_guestenv_set(env, "SOURCE_DATE_EPOCH",
			 mel_arena_printf(arena, "%lld", (long long)build_date));
	mel_guestenv_set(env, "PATH", DEFAULT_PATH);
	mel_guestenv_add(env, wide);
}

const char *const *mel_guestenv_list(struct mel_map *env, struct mel_arena *arena)
{
	const char **list = mel_arena_array(arena, env->len + 1, sizeof(*list));

	mel_map_sort(env);
	for (size_t i = 0; i < env->len; i++)
		list[i] = mel_arena_printf(arena, "%s=%s", env->entry[i].key,
					   (const char *)env->entry[i].value);
	return list;
}
