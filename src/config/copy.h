/* Deep copies of the build file's structs, by the key tables. */
#pragma once

#include "base/arena.h"
#include "config/schema.h"

/*
 * Make value, a bitwise copy of another struct of that schema, independent of it: lists, maps
 * and structs below are copied into arena. Texts are shared, nobody changes them in place.
 */
void mel_schema_unshare(void *value, const struct mel_schema *schema, struct mel_arena *arena);
