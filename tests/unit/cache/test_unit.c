/* What lives and dies together in a cache. */
#include <string.h>

#include "cache/kind.h"
#include "cache/unit.h"
#include "tests/unit/table.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct {
	const char *path;
	bool is_dir;
	const char *want; /* NULL: a folder above units */
} cases[] = {
	{ "sha256:" HEX64, false, "sha256:" HEX64 },
	{ "gomodcache", true, NULL },
	{ "cache", true, NULL },
	{ "cache/download/a.org/b/@v/v1.0.0.zip", false, "cache/download/a.org/b/@v/v1.0.0" },
	{ "a.org", true, NULL },
	{ "a.org/b@v1.0.0", true, "cache/download/a.org/b/@v/v1.0.0" },
	{ "_cacache/content-v2/sha512/aa/bb/cc", false, "_cacache/content-v2/sha512/aa/bb/cc" },
	{ "a.org/x/y", false, "a.org" },
	{ "frob/x/y", true, "frob" },
	{ "frob/x/y", false, "frob" },
	{ "gomodcache/cache/download/a.org/b/@v/v1.0.0.zip", false,
	  "gomodcache/cache/download/a.org/b/@v/v1.0.0" },
	{ "gomodcache/cache/download/a.org/b/@v/v1.0.0.ziphash", false,
	  "gomodcache/cache/download/a.org/b/@v/v1.0.0" },
	{ "gomodcache/cache/download/a.org/b/@v/v1.0.0.info", false,
	  "gomodcache/cache/download/a.org/b/@v/v1.0.0" },
	{ "gomodcache/cache/download/a.org/b/@v/list", false,
	  "gomodcache/cache/download/a.org/b/@v" },
	{ "gomodcache/cache/download/a.org/b/@v", true, NULL },
	{ "gomodcache/cache/download/sumdb/s/tile", true, "gomodcache/cache/download/sumdb" },
	{ "gomodcache/a.org", true, NULL },
	{ "gomodcache/a.org/b@v1.0.0", true, "gomodcache/cache/download/a.org/b/@v/v1.0.0" },
	{ "gomodcache/a.org/b@v1.0.0/x/y@z", false,
	  "gomodcache/cache/download/a.org/b/@v/v1.0.0" },
	{ "gomodcache/cache/vcs/77.info", false, "gomodcache/cache/vcs/77" },
	{ "gomodcache/cache/vcs/77", true, "gomodcache/cache/vcs/77" },
	{ "npm/_cacache/content-v2/sha512/aa/bb/cc", false,
	  "npm/_cacache/content-v2/sha512/aa/bb/cc" },
	{ "npm/_cacache/content-v2", true, NULL },
	{ "npm/_logs/x.log", false, "npm/_logs" },
	{ "pip/http-v2/a/b/x.body", false, "pip/http-v2/a/b/x" },
	{ "pip/http-v2/a/b/x", false, "pip/http-v2/a/b/x" },
	{ "pip/wheels/a/b/x.whl", false, "pip/wheels/a/b" },
	{ "uv/archive-v0/Ab12", true, "uv/archive-v0/Ab12" },
	{ "uv/archive-v0", true, NULL },
	{ "m2repository/org/a/1.0/a-1.0.jar", false, "m2repository/org/a/1.0" },
	{ "m2repository/org/a/1.0", true, NULL },
	{ "cargo/registry/cache/idx-1/a-1.0.crate", false, "cargo/registry/cache/idx-1/a-1.0" },
	{ "cargo/registry/src/idx-1/a-1.0", true, "cargo/registry/cache/idx-1/a-1.0" },
	{ "cargo/git/checkouts/a-1/b/c", true, "cargo/git/db/a-1" },
	{ "ccache/a/b/c", false, "ccache/a/b/c" },
	{ "go-build/x86_64-00/aa/aabb-d", false, "go-build/x86_64-00/aa/aabb-d" },
	{ "pnpm/files", true, "pnpm/files" },
	{ "stranger/a", true, "stranger" },
	{ "stranger", true, "stranger" },
	{ "gomodcache2/x", false, "gomodcache2" },
	{ "sha256:", false, "sha256:" },
};

TABLE_TEST(unit, of, cases)
{
	struct mel_buf got MEL_AUTO_BUF = MEL_BUF_INIT(8192);
	bool is_root = mel_cache_unit_of(&got, cases[*row].path, cases[*row].is_dir);

	cr_assert_eq(is_root, cases[*row].want != NULL, "%s", cases[*row].path);
	if (is_root)
		cr_assert_str_eq(mel_buf_text(&got), cases[*row].want, "%s: %s",
				 cases[*row].path, mel_buf_text(&got));
}
