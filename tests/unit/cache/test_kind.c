/* What a path below a cache directory is. */
#include "cache/kind.h"
#include "tests/unit/table.h"

static const struct {
	const char *path, *area;
	enum mel_cache_class class;
} areas[] = {
	{ "sha256:00", "sources", MEL_CACHE_SOURCES },
	{ "sha512:00", "sources", MEL_CACHE_SOURCES },
	{ "npm/_cacache/x", "npm", MEL_CACHE_PACKAGES },
	{ "npm", "npm", MEL_CACHE_PACKAGES },
	{ "npmx/y", "other", MEL_CACHE_PACKAGES },
	{ "go-build/x86_64-1/00/a", "go-build", MEL_CACHE_COMPILED },
	{ "sccache/x", "sccache", MEL_CACHE_COMPILED },
	{ "sha256:00/x", "other", MEL_CACHE_PACKAGES },
	{ "x/sha256:00", "other", MEL_CACHE_PACKAGES },
	{ "", "other", MEL_CACHE_PACKAGES },
	{ "cache", "other", MEL_CACHE_PACKAGES },
	{ "cache/x", "other", MEL_CACHE_PACKAGES },
	{ "cache/download/a.org/b/@v/list", "gomodcache", MEL_CACHE_PACKAGES },
	{ "a.org/b@v1.0.0/c", "gomodcache", MEL_CACHE_PACKAGES },
	{ "a.org/b/c", "other", MEL_CACHE_PACKAGES },
	{ "_cacache/content-v2/sha512/aa/bb/cc", "npm", MEL_CACHE_PACKAGES },
};

TABLE_TEST(kind, area, areas)
{
	const struct mel_cache_area *area = mel_cache_area_of(areas[*row].path);

	cr_assert_str_eq(area->name, areas[*row].area, "%s", areas[*row].path);
	cr_assert_eq(area->class, areas[*row].class, "%s", areas[*row].path);
}

static const struct {
	const char *path;
	enum mel_cache_kind kind;
} kinds[] = {
	{ "sha256:00", MEL_CACHE_OBJECT },
	{ "sha512:", MEL_CACHE_OBJECT },
	{ "dir/sha512:00", MEL_CACHE_ORDINARY },
	{ "npm/_cacache/content-v2/sha512/ab/cd/ef", MEL_CACHE_NPM },
	{ "_cacache/content-v2/sha512/ab/cd/ef", MEL_CACHE_NPM },
	{ "npm/_cacache/content-v2/sha512/ab/cd", MEL_CACHE_ORDINARY },
	{ "npm/_cacache/content-v2/sha512/ab/cd/ef/gh", MEL_CACHE_ORDINARY },
	{ "npm/_cacache/index-v5/ab/cd/ef", MEL_CACHE_ORDINARY },
	{ "npm/_cacache/tmp/1", MEL_CACHE_VOLATILE },
	{ "npm/_logs", MEL_CACHE_VOLATILE },
	{ "npm/_logs/2026.log", MEL_CACHE_VOLATILE },
	{ "npm/_npx/1/package.json", MEL_CACHE_VOLATILE },
	{ "gomodcache/cache/download/a.org/b/@v/v1.0.0.zip", MEL_CACHE_GO_ZIP },
	{ "cache/download/a.org/b/@v/v1.0.0.zip", MEL_CACHE_GO_ZIP },
	{ "cache/download/@v/v1.0.0.zip", MEL_CACHE_GO_ZIP },
	{ "gomodcache/cache/download/a.org/b/@v/v1.0.0.ziphash", MEL_CACHE_GO_ZIPHASH },
	{ "gomodcache/cache/download/a.org/b/@v/v1.0.0.lock", MEL_CACHE_VOLATILE },
	{ "gomodcache/cache/download/a.org/b/@v/v1.0.0.zip12.tmp", MEL_CACHE_VOLATILE },
	{ "gomodcache/cache/download/a.org/b/@v/v1.0.0.mod", MEL_CACHE_ORDINARY },
	/* While it is there, Go takes the unpacked module for unfinished. */
	{ "gomodcache/cache/download/a.org/b/@v/v1.0.0.partial", MEL_CACHE_ORDINARY },
	{ "gomodcache/cache/lock", MEL_CACHE_VOLATILE },
	{ "gomodcache/a.org/b@v1.0.0/Cargo.lock", MEL_CACHE_ORDINARY },
	{ "a.org/b@v1.0.0/x/.tmpl", MEL_CACHE_ORDINARY },
	{ "gomodcache/a.org/b@v1.0.0/t/objects/ab/cd", MEL_CACHE_ORDINARY },
	{ "gomodcache/cache/vcs/77/objects/ab/cd", MEL_CACHE_GIT_OBJECT },
	{ "gomodcache/cache/vcs/77/objects/ab/tmp_obj_x", MEL_CACHE_VOLATILE },
	{ "gomodcache/cache/vcs/77/objects/pack/pack-1.pack", MEL_CACHE_ORDINARY },
	{ "cargo/git/db/x-1/objects/ab/cd", MEL_CACHE_GIT_OBJECT },
	{ "cargo/registry/src/r/c-1/Cargo.lock", MEL_CACHE_ORDINARY },
	{ "cargo/.package-cache", MEL_CACHE_VOLATILE },
	{ "m2repository/a/1/a-1.pom.lastUpdated", MEL_CACHE_VOLATILE },
	{ "m2repository/a/1/a-1.pom.lock", MEL_CACHE_VOLATILE },
	{ "m2repository/a/1/a-1.pom", MEL_CACHE_ORDINARY },
	{ "uv/archive-v0/x/poetry.lock", MEL_CACHE_ORDINARY },
	{ "uv/.tmpAbc", MEL_CACHE_VOLATILE },
	{ "mine/.melange-0123456789abcdef", MEL_CACHE_VOLATILE },
	{ "x", MEL_CACHE_ORDINARY },
	{ "", MEL_CACHE_ORDINARY },
};

TABLE_TEST(kind, kind, kinds)
{
	cr_assert_eq(mel_cache_kind_of(kinds[*row].path), kinds[*row].kind, "%s: %d",
		     kinds[*row].path, mel_cache_kind_of(kinds[*row].path));
}

Test(kind, addressed_are_those_that_prove_themselves, .timeout = 5)
{
	cr_assert_not(mel_cache_kind_is_addressed(MEL_CACHE_ORDINARY));
	cr_assert_not(mel_cache_kind_is_addressed(MEL_CACHE_VOLATILE));
	cr_assert(mel_cache_kind_is_addressed(MEL_CACHE_OBJECT));
	cr_assert(mel_cache_kind_is_addressed(MEL_CACHE_GO_ZIPHASH));
}
