/* Variables for a mounted build cache: see cacheenv.h. */
#include "plan/cacheenv.h"

#include <string.h>

#include "base/mem.h"
#include "plan/guestenv.h"

#define CACHE "/var/cache/melange"

/* When a row counts. */
enum when { ALWAYS, CARGO, GRADLE, READ_ONLY, COMPILED, OFFLINE };

static const struct row {
	enum when when;
	bool is_added; /* behind what there is already, after a blank */
	const char *name, *value;
} rows[] = {
	{ CARGO, false, "CARGO_HOME", CACHE "/cargo" },
	{ ALWAYS, true, "GOFLAGS", "-modcacherw" },
	{ ALWAYS, false, "YARN_CACHE_FOLDER", CACHE "/yarn" },
	{ ALWAYS, false, "npm_config_store_dir", CACHE "/pnpm" },
	{ ALWAYS, false, "npm_config_package_import_method", "copy" },
	{ ALWAYS, false, "UV_LINK_MODE", "copy" },
	{ ALWAYS, false, "BUNDLE_USER_CACHE", CACHE "/bundle" },
	{ ALWAYS, false, "BUNDLE_GLOBAL_GEM_CACHE", "true" },
	{ ALWAYS, false, "NUGET_PACKAGES", CACHE "/nuget" },
	{ GRADLE, false, "GRADLE_RO_DEP_CACHE", CACHE "/gradle-ro" },
	{ READ_ONLY, true, "MAVEN_ARGS", "-Dmaven.repo.local.tail=" CACHE "/m2repository" },
	{ COMPILED, false, "GOCACHE", CACHE "/go-build/" },
	{ COMPILED, false, "SCCACHE_DIR", CACHE "/sccache/" },
	{ COMPILED, false, "CCACHE_DIR", CACHE "/ccache/" },
	{ OFFLINE, false, "GOPROXY", "off" },
	{ OFFLINE, false, "CARGO_NET_OFFLINE", "true" },
	{ OFFLINE, false, "npm_config_offline", "true" },
	{ OFFLINE, false, "UV_OFFLINE", "1" },
	{ OFFLINE, false, "PIP_NO_INDEX", "1" },
	{ OFFLINE, false, "COMPOSER_DISABLE_NETWORK", "1" },
	{ OFFLINE, false, "HEX_OFFLINE", "1" },
};

static bool counts(const struct row *row, const struct mel_cacheenv *cache)
{
	switch (row->when) {
	case ALWAYS:
		return true;
	case CARGO:
		return !cache->has_cargo_home;
	case GRADLE:
		return cache->has_gradle;
	case READ_ONLY:
		return cache->is_read_only;
	case COMPILED:
		return cache->toolchain != NULL;
	case OFFLINE:
		return cache->is_offline;
	}
	return false;
}

void mel_cacheenv_add(struct mel_map *env, struct mel_arena *arena,
		      const struct mel_cacheenv *cache)
{
	if (!cache->is_mounted)
		return;
	for (size_t i = 0; i < MEL_COUNTOF(rows); i++) {
		const struct row *row = &rows[i];
		const char *before = mel_map_get(env, row->name);
		const char *value = row->value;

		if (!counts(row, cache))
			continue;
		if (row->when == COMPILED)
			value = mel_arena_printf(arena, "%s%s", value, cache->toolchain);
		if (!before || !*before)
			mel_guestenv_set(env, row->name, value);
		else if (row->is_added && !strstr(before, value))
			mel_guestenv_set(env, row->name,
					 mel_arena_printf(arena, "%s %s", before, value));
	}
}
