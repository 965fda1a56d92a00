/*
 * When what was used last: the file "use" of the state, one line "SECONDS UNIT" per use. A unit
 * is what lives and dies together, named by a path below the cache directory (unit.h), or the
 * name of an area as a whole. Format: docs/formats.md.
 */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/map.h"
#include "cache/state.h"

/* Note that the unit was used at now (seconds since 1970). A name that does not fit on a line
 * is not noted. Errors: SYSTEM. */
int mel_cache_use_add(const struct mel_cache_state *state, const char *unit, int64_t now,
		      struct mel_err **err);
/* The same for many units, in one write. */
int mel_cache_use_add_all(const struct mel_cache_state *state, const char *const *unit,
			  size_t len, int64_t now, struct mel_err **err);

/* The last use of each unit. Zeroed: empty. */
struct mel_cache_use {
	struct mel_arena arena;
	struct mel_map map; /* unit -> int64_t in the arena */
};

/* Add what text says; lines that are no such lines are skipped. */
void mel_cache_use_parse(struct mel_cache_use *use, struct mel_slice text);
/* All that is known about the cache directory. Errors: SYSTEM. */
int mel_cache_use_load(struct mel_cache_use *use, const struct mel_cache_state *state,
		       struct mel_err **err);
/* Seconds since 1970, 0: not known. */
int64_t mel_cache_use_of(const struct mel_cache_use *use, const char *unit);
void mel_cache_use_clear(struct mel_cache_use *use);
#define MEL_AUTO_CACHE_USE __attribute__((cleanup(mel_cache_use_clear)))

/*
 * Rewrite the file with one line per unit, without units for which is_known says no.
 * Errors: SYSTEM, OUTPUT.
 */
int mel_cache_use_compact(const struct mel_cache_state *state,
			  bool (*is_known)(void *user, const char *unit), void *user,
			  struct mel_err **err);
