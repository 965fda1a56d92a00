/*
 * Variables that lead tools to their part of a mounted build cache, and what they need to live
 * with it. Steps get them at run time only: the record of a package, and so its bytes, do not
 * depend on them. Those that the record has (GOMODCACHE, PIP_CACHE_DIR and the like) are none
 * of these. Sources: the manuals of the tools.
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/map.h"

/* What the plan is told of the cache; it does not look itself. */
struct mel_cacheenv {
	bool is_mounted;
	bool is_read_only;
	bool is_offline;       /* tools must not try the network */
	bool has_gradle;       /* gradle-ro/modules-2 is in it */
	bool has_cargo_home;   /* the guest's home has a .cargo of its own */
	const char *toolchain; /* name of the area for compiled output; NULL: none is wanted */
};

/* Add to env, a step's own and complete, what it does not have. Texts are in arena. */
void mel_cacheenv_add(struct mel_map *env, struct mel_arena *arena,
		      const struct mel_cacheenv *cache);
