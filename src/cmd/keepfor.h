/* Which sources the build files of a folder name, for "melange cache gc --keep-for". */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/map.h"
#include "base/slice.h"

/*
 * Add the names "sha256:HEX" and "sha512:HEX" (lower case) for each run of 64 or 128 hex digits
 * in text: checksums are found wherever they stand, also in variables, and one that is none
 * does no harm. Keys live in arena.
 */
void mel_keep_for_text(struct mel_map *kept, struct mel_arena *arena, struct mel_slice text);
/* The same for all *.yaml and *.yml files below the folder dir. Errors: INPUT, SYSTEM, LIMIT.
 */
int mel_keep_for(struct mel_map *kept, struct mel_arena *arena, const char *dir,
		 struct mel_err **err);
