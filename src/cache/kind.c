/* What a path below the cache directory is: see kind.h. */
#include "cache/kind.h"

#include <ctype.h>
#include <fnmatch.h>
#include <string.h>

#include "base/mem.h"
#include "base/slice.h"

static const struct mel_cache_area sources = { MEL_CACHE_OBJECTS, MEL_CACHE_SOURCES, false };
static const struct mel_cache_area other = { MEL_CACHE_OTHER, MEL_CACHE_PACKAGES, true };
static const struct mel_cache_area host_go = { "gomodcache", MEL_CACHE_PACKAGES, true };
static const struct mel_cache_area host_npm = { "npm", MEL_CACHE_PACKAGES, true };

/* By the first component. */
static const struct mel_cache_area areas[] = {
	{ "bundle", MEL_CACHE_PACKAGES, false },
	{ "cargo", MEL_CACHE_PACKAGES, false },
	{ "ccache", MEL_CACHE_COMPILED, false },
	{ "composer", MEL_CACHE_PACKAGES, false },
	{ "go-build", MEL_CACHE_COMPILED, false },
	{ "gomodcache", MEL_CACHE_PACKAGES, false },
	{ "gradle-ro", MEL_CACHE_PACKAGES, false },
	{ "m2repository", MEL_CACHE_PACKAGES, false },
	{ "npm", MEL_CACHE_PACKAGES, false },
	{ "nuget", MEL_CACHE_PACKAGES, false },
	{ "pip", MEL_CACHE_PACKAGES, false },
	{ "pnpm", MEL_CACHE_PACKAGES, false },
	{ "sccache", MEL_CACHE_COMPILED, false },
	{ "uv", MEL_CACHE_PACKAGES, false },
	{ "wheels", MEL_CACHE_PACKAGES, false },
	{ "yarn", MEL_CACHE_PACKAGES, false },
};

static bool is_object(const char *path)
{
	return (mel_text_starts(path, "sha256:") || mel_text_starts(path, "sha512:")) &&
	       !strchr(path, '/');
}

/*
 * The first row that fits decides. A pattern is compared component by component with
 * fnmatch(3); "**" stands for any number of components, also none. A cache directory can itself
 * be what is an area of others (`go env GOMODCACHE`), so rows do not name the area where the
 * rest of the path says enough.
 */
static const struct {
	const char *pattern;
	enum mel_cache_kind kind;
} rules[] = {
	{ "sha256:*", MEL_CACHE_OBJECT },
	{ "sha512:*", MEL_CACHE_OBJECT },
	/* Unpacked packages are whole: a lock file in one belongs to it. */
	{ "**/*?@v[0-9]*/**/*", MEL_CACHE_ORDINARY },
	{ "cargo/registry/src/**/*", MEL_CACHE_ORDINARY },
	{ "cargo/git/checkouts/**/*", MEL_CACHE_ORDINARY },
	{ "uv/archive-v*/**/*", MEL_CACHE_ORDINARY },
	{ "yarn/v[0-9]*/**/*", MEL_CACHE_ORDINARY },
	{ "nuget/*/*/**/*", MEL_CACHE_ORDINARY },
	/* npm, also as the cache directory itself. */
	{ "**/_cacache/tmp", MEL_CACHE_VOLATILE },
	{ "**/_cacache/tmp/**/*", MEL_CACHE_VOLATILE },
	{ "**/_cacache/content-v2/*/*/*/*", MEL_CACHE_NPM },
	{ "npm/_logs", MEL_CACHE_VOLATILE },
	{ "npm/_logs/**/*", MEL_CACHE_VOLATILE },
	{ "npm/_npx", MEL_CACHE_VOLATILE },
	{ "npm/_npx/**/*", MEL_CACHE_VOLATILE },
	{ "_logs/**/*", MEL_CACHE_VOLATILE },
	{ "_npx/**/*", MEL_CACHE_VOLATILE },
	/* Go modules. */
	{ "**/cache/download/**/@v/*.zip", MEL_CACHE_GO_ZIP },
	{ "**/cache/download/**/@v/*.ziphash", MEL_CACHE_GO_ZIPHASH },
	{ "**/cache/download/**/@v/*.tmp", MEL_CACHE_VOLATILE },
	{ "**/cache/download/**/@v/*.tmp[0-9]*", MEL_CACHE_VOLATILE },
	{ "**/cache/lock", MEL_CACHE_VOLATILE },
	/* Bare repositories; elsewhere such a path may be a test's data. */
	{ "**/objects/[0-9a-f][0-9a-f]/tmp_obj_*", MEL_CACHE_VOLATILE },
	{ "**/cache/vcs/*/objects/[0-9a-f][0-9a-f]/*", MEL_CACHE_GIT_OBJECT },
	{ "cargo/git/db/*/objects/[0-9a-f][0-9a-f]/*", MEL_CACHE_GIT_OBJECT },
	{ "composer/vcs/*/objects/[0-9a-f][0-9a-f]/*", MEL_CACHE_GIT_OBJECT },
	{ "uv/git-v*/db/*/objects/[0-9a-f][0-9a-f]/*", MEL_CACHE_GIT_OBJECT },
	/* Everywhere. */
	{ "cargo/.package-cache*", MEL_CACHE_VOLATILE },
	{ "**/*.lock", MEL_CACHE_VOLATILE },
	{ "**/*.lastUpdated", MEL_CACHE_VOLATILE },
	{ "**/*.tmp", MEL_CACHE_VOLATILE },
	{ "**/.tmp*", MEL_CACHE_VOLATILE },
	{ "**/.melange*", MEL_CACHE_VOLATILE },
	{ "**/.#melange*", MEL_CACHE_VOLATILE },
	{ "**/.nfs*", MEL_CACHE_VOLATILE },
};

enum { COMPONENT_MAX = 255 };

/* Does the component of len bytes fit the pattern's component of pattern_len bytes? */
static bool fits_component(const char *pattern, size_t pattern_len, const char *name,
			   size_t len)
{
	char a[COMPONENT_MAX + 1], b[COMPONENT_MAX + 1];

	if (pattern_len > COMPONENT_MAX || len > COMPONENT_MAX)
		return false;
	memcpy(a, pattern, pattern_len);
	memcpy(b, name, len);
	a[pattern_len] = b[len] = '\0';
	return a[strcspn(a, "*?[")] ? fnmatch(a, b, FNM_NOESCAPE) == 0 : mel_text_eq(a, b);
}

/* Behind the component at text; at the NUL when it was the last one. */
static const char *behind(const char *text)
{
	text += strcspn(text, "/");
	return *text ? text + 1 : text;
}

/*
 * Component by component, without recursion: when something does not fit, the last "**" takes
 * one component more. (The same as matching '*' in a text; that earlier "**" need not be tried
 * again holds here too.)
 */
static bool fits(const char *pattern, const char *path)
{
	const char *again_pattern = NULL, *again_path = NULL;

	while (*path) {
		size_t want = strcspn(pattern, "/"), have = strcspn(path, "/");

		if (want == 2 && memcmp(pattern, "**", 2) == 0) {
			again_pattern = pattern = behind(pattern);
			again_path = path;
		} else if (want && fits_component(pattern, want, path, have)) {
			pattern = behind(pattern);
			path = behind(path);
		} else if (again_pattern) {
			pattern = again_pattern;
			path = again_path = behind(again_path);
		} else {
			return false;
		}
	}
	return *pattern == '\0';
}

/* The cache directory of a tool itself, by what lies at its top. */
static const struct {
	const char *pattern;
	const struct mel_cache_area *area;
} host_areas[] = {
	{ "cache/download/**", &host_go }, { "cache/vcs/**", &host_go },
	{ "cache/lock", &host_go },        { "**/*?@v[0-9]*/**", &host_go },
	{ "_cacache/**", &host_npm },
};

const struct mel_cache_area *mel_cache_area_of(const char *path)
{
	struct mel_slice first = mel_slice_make(path, strcspn(path, "/"));

	if (is_object(path))
		return &sources;
	for (size_t i = 0; i < MEL_COUNTOF(areas); i++)
		if (mel_slice_eq_text(first, areas[i].name))
			return &areas[i];
	for (size_t i = 0; i < MEL_COUNTOF(host_areas); i++)
		if (fits(host_areas[i].pattern, path))
			return host_areas[i].area;
	return &other;
}

enum mel_cache_kind mel_cache_kind_of(const char *path)
{
	for (size_t i = 0; i < MEL_COUNTOF(rules); i++)
		if (fits(rules[i].pattern, path))
			return rules[i].kind;
	return MEL_CACHE_ORDINARY;
}

bool mel_cache_kind_is_addressed(enum mel_cache_kind kind)
{
	return kind >= MEL_CACHE_OBJECT;
}
