/*
 * Environment of a step, put together from its sources, weakest first. Nothing comes from the
 * caller's environment.
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/map.h"
#include "config/model.h"

/*
 * Start env with what every step has: the folder it starts in, the date of the build, the
 * build-wide variables, and PATH if those have none. Texts are borrowed or in arena.
 */
void mel_guestenv_start(struct mel_map *env, struct mel_arena *arena, const char *workdir,
			int64_t build_date, const struct mel_text_map *wide);
/* Put the variables of map over those of env. */
void mel_guestenv_add(struct mel_map *env, const struct mel_text_map *map);
void mel_guestenv_set(struct mel_map *env, const char *name, const char *value);
/* "NAME=value" for each, sorted by name, NULL at the end; in arena. */
const char *const *mel_guestenv_list(struct mel_map *env, struct mel_arena *arena);
