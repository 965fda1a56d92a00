/* What a path below a cache directory is: see kind.h. */
#include "cache/kind.h"

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/slice.h"

static const struct mel_cache_area objects = { MEL_CACHE_OBJECTS, MEL_CACHE_SOURCES };
static const struct mel_cache_area other = { MEL_CACHE_OTHER, MEL_CACHE_PACKAGES };

static const struct mel_cache_area areas[] = {
	{ "bundle", MEL_CACHE_PACKAGES },    { "cargo", MEL_CACHE_PACKAGES },
	{ "ccache", MEL_CACHE_COMPILED },    { "composer", MEL_CACHE_PACKAGES },
	{ "go-build", MEL_CACHE_COMPILED },  { "gomodcache", MEL_CACHE_PACKAGES },
	{ "gradle-ro", MEL_CACHE_PACKAGES }, { "m2repository", MEL_CACHE_PACKAGES },
	{ "npm", MEL_CACHE_PACKAGES },       { "nuget", MEL_CACHE_PACKAGES },
	{ "pip", MEL_CACHE_PACKAGES },       { "pnpm", MEL_CACHE_PACKAGES },
	{ "sccache", MEL_CACHE_COMPILED },   { "uv", MEL_CACHE_PACKAGES },
	{ "wheels", MEL_CACHE_PACKAGES },    { "yarn", MEL_CACHE_PACKAGES },
};

static bool is_hex(const char *text, size_t len)
{
	return strspn(text, "0123456789abcdef") >= len;
}

static bool is_object(const char *path)
{
	static const struct {
		const char *prefix;
		size_t digits;
	} names[] = { { "sha256:", 64 }, { "sha512:", 128 } };

	for (size_t i = 0; i < MEL_COUNTOF(names); i++) {
		const char *hex = path + strlen(names[i].prefix);

		if (mel_text_starts(path, names[i].prefix))
			return strlen(hex) == names[i].digits && is_hex(hex, names[i].digits);
	}
	return false;
}

const struct mel_cache_area *mel_cache_area_of(const char *path)
{
	size_t len = strcspn(path, "/");

	for (size_t i = 0; i < MEL_COUNTOF(areas); i++)
		if (mel_slice_eq_text(mel_slice_make(path, len), areas[i].name))
			return &areas[i];
	return is_object(path) ? &objects : &other;
}

/* ".../objects/xx/rest" of a repository; packs have names of another kind. */
static bool is_git_object(const char *path)
{
	const char *at = strstr(path, "/objects/");

	if (!at)
		return false;
	at += strlen("/objects/");
	return strlen(at) == 41 && is_hex(at, 2) && at[2] == '/' && is_hex(at + 3, 38);
}

static bool is_volatile(const char *path)
{
	static const char *const suffix[] = { ".lock", ".lastUpdated", ".tmp", ".partial" };
	static const char *const folder[] = { "npm/_logs/", "npm/_npx/", "npm/_cacache/tmp/" };

	for (size_t i = 0; i < MEL_COUNTOF(suffix); i++)
		if (mel_text_ends(path, suffix[i]))
			return true;
	for (size_t i = 0; i < MEL_COUNTOF(folder); i++)
		if (mel_text_starts(path, folder[i]))
			return true;
	return false;
}

enum mel_cache_kind mel_cache_kind_of(const char *path)
{
	if (is_object(path))
		return MEL_CACHE_OBJECT;
	if (is_volatile(path))
		return MEL_CACHE_VOLATILE;
	if (mel_text_starts(path, "npm/_cacache/content-v2/"))
		return MEL_CACHE_NPM;
	if (mel_text_starts(path, "gomodcache/cache/download/") && strstr(path, "/@v/") &&
	    mel_text_ends(path, ".zip"))
		return MEL_CACHE_GO_ZIP;
	return is_git_object(path) ? MEL_CACHE_GIT_OBJECT : MEL_CACHE_ORDINARY;
}
