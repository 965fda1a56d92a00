/* Units of a cache: see unit.h. */
#include "cache/unit.h"

#include <string.h>

#include "base/mem.h"
#include "base/slice.h"
#include "cache/kind.h"

/* How the paths below a rule's pattern make units. */
enum how {
	FILES,  /* each file for itself */
	FOLDER, /* the files of one folder together */
	CHILD,  /* each file or folder directly below the pattern, with all in it */
	WHOLE,  /* the pattern's own folder */
	HOST,   /* the same, but in folders that a Go module cache has, too, file by file */
	GO_DOWNLOAD, /* MODULE/@v/VERSION.SUFFIX */
	GO_TREE,     /* MODULE@VERSION/... */
};

/*
 * The first row that fits decides. A pattern matches a path and what is below it, component by
 * component; '*' at the end of a component stands for any rest of it. Sources: go help
 * goproxy, and the layouts of the tools' caches as docs/cache.md lists them.
 */
static const struct rule {
	const char *pattern;
	enum how how;
	const char *suffix[2]; /* cut off names, so that files with and without it meet */
	const char *alias; /* stands for as many components of the path in the unit's name */
} rules[] = {
	{ "gomodcache/cache/download/sumdb", WHOLE, { 0 }, NULL },
	{ "gomodcache/cache/download", GO_DOWNLOAD, { 0 }, NULL },
	{ "gomodcache/cache/vcs", CHILD, { ".info", ".lock" }, NULL },
	{ "gomodcache/cache", FOLDER, { 0 }, NULL },
	{ "gomodcache", GO_TREE, { 0 }, NULL },
	{ "cache/download/sumdb", WHOLE, { 0 }, NULL },
	{ "cache/download", GO_DOWNLOAD, { 0 }, NULL },
	{ "cache/vcs", CHILD, { ".info", ".lock" }, NULL },
	{ "_cacache/tmp", WHOLE, { 0 }, NULL },
	{ "_cacache", FILES, { 0 }, NULL },
	{ "npm/_npx", CHILD, { 0 }, NULL },
	{ "npm/_cacache/tmp", WHOLE, { 0 }, NULL },
	{ "npm/_logs", WHOLE, { 0 }, NULL },
	{ "npm", FILES, { 0 }, NULL },
	{ "pip/wheels", FOLDER, { 0 }, NULL },
	{ "pip", FILES, { ".body" }, NULL },
	{ "uv/archive-v*", CHILD, { 0 }, NULL },
	{ "uv", FOLDER, { 0 }, NULL },
	{ "composer/vcs", CHILD, { 0 }, NULL },
	{ "composer", FOLDER, { 0 }, NULL },
	{ "m2repository", FOLDER, { 0 }, NULL },
	{ "cargo/registry/cache/*", CHILD, { ".crate" }, NULL },
	{ "cargo/registry/src/*", CHILD, { 0 }, "cargo/registry/cache" },
	{ "cargo/registry/index", CHILD, { 0 }, NULL },
	{ "cargo/git/checkouts", CHILD, { 0 }, "cargo/git/db" },
	{ "cargo/git/db", CHILD, { 0 }, NULL },
	{ "cargo", FOLDER, { 0 }, NULL },
	{ "yarn/v*", CHILD, { 0 }, NULL },
	{ "yarn", FOLDER, { 0 }, NULL },
	{ "nuget/*", CHILD, { 0 }, NULL },
	{ "gradle-ro/modules-2/files-2.1/*/*", CHILD, { 0 }, NULL },
	{ "gradle-ro", FOLDER, { 0 }, NULL },
	{ "bundle", FOLDER, { 0 }, NULL },
	{ "go-build", FILES, { 0 }, NULL },
	{ "ccache", FILES, { 0 }, NULL },
	{ "sccache", FILES, { 0 }, NULL },
};

static const char *const go_suffix[] = { ".info",    ".mod",  ".zip",
					 ".ziphash", ".lock", ".partial" };

/* Bytes of path that the pattern matches, without a '/' behind them; 0: it does not. */
static size_t match(const char *pattern, const char *path)
{
	const char *at = path;

	for (;;) {
		size_t want = strcspn(pattern, "/"), have = strcspn(at, "/");

		if (want && pattern[want - 1] == '*') {
			if (have < want - 1 || strncmp(pattern, at, want - 1) != 0)
				return 0;
		} else if (want != have || strncmp(pattern, at, want) != 0) {
			return 0;
		}
		at += have;
		pattern += want;
		if (!*pattern)
			return (size_t)(at - path);
		if (!*at)
			return 0;
		at++;
		pattern++;
	}
}

/* Bytes of path up to the end of the component that begins at from. */
static size_t component_end(const char *path, size_t from)
{
	return from + strcspn(path + from, "/");
}

static void cut_suffix(struct mel_buf *out, const char *const *suffix, size_t len)
{
	for (size_t i = 0; i < len && suffix[i]; i++) {
		if (!mel_slice_ends(mel_buf_slice(out), suffix[i]))
			continue;
		mel_buf_truncate(out, out->len - strlen(suffix[i]));
		return;
	}
}

/* The first len bytes of path, with the rule's other name for their beginning. */
static void add_name(struct mel_buf *out, const struct rule *rule, const char *path, size_t len)
{
	size_t from = 0;

	for (const char *p = rule->alias; p && *p; p++)
		if (*p == '/' || !p[1])
			from = component_end(path, from ? from + 1 : 0);
	if (rule->alias)
		mel_buf_add_text(out, rule->alias);
	mel_buf_add(out, path + from, len - from);
	cut_suffix(out, rule->suffix, MEL_COUNTOF(rule->suffix));
}

/* ".../MODULE/@v/VERSION.zip": the version; "list" and "@latest" belong to the module. */
static bool go_download(struct mel_buf *out, const char *path, bool is_dir)
{
	const char *v = strstr(path, "/@v/");

	if (is_dir)
		return false;
	mel_buf_add_text(out, path);
	if (!v)
		return true;
	cut_suffix(out, go_suffix, MEL_COUNTOF(go_suffix));
	if (mel_text_eq(mel_buf_text(out) + (v - path), "/@v/list"))
		mel_buf_truncate(out, (size_t)(v - path) + strlen("/@v"));
	return true;
}

/* "gomodcache/MODULE@VERSION/...", or that without the area's name (area_len 0): the same unit
 * as the version's download. */
static bool go_tree(struct mel_buf *out, const char *path, size_t area_len, bool is_dir)
{
	const char *at = strchr(path, '@');

	if (!at) {
		if (!is_dir)
			mel_buf_add_text(out, path);
		return !is_dir;
	}

	size_t from = area_len ? area_len + 1 : 0;

	mel_buf_printf(out, "%.*scache/download/%.*s/@v/%.*s", (int)from, path,
		       (int)(at - path) - (int)from, path + from, (int)strcspn(at + 1, "/"),
		       at + 1);
	return true;
}

/* "cache", and folders named like hosts, hold modules or something else: files will tell. */
static bool may_hold_modules(const char *path, size_t len)
{
	return mel_slice_eq_text(mel_slice_make(path, len), "cache") || memchr(path, '.', len);
}

static bool by_rule(struct mel_buf *out, const struct rule *rule, const char *path, size_t len,
		    bool is_dir)
{
	bool is_below = path[len] == '/';

	switch (rule->how) {
	case GO_DOWNLOAD:
		return go_download(out, path, is_dir);
	case GO_TREE:
		return go_tree(out, path, len, is_dir);
	case HOST:
		if (is_dir && may_hold_modules(path, len))
			return false;
		add_name(out, rule, path, len);
		return true;
	case WHOLE:
		add_name(out, rule, path, len);
		return true;
	case CHILD:
		if (!is_below)
			break;
		add_name(out, rule, path, component_end(path, len + 1));
		return true;
	case FOLDER:
		if (is_dir || !is_below)
			break;
		add_name(out, rule, path, (size_t)(strrchr(path, '/') - path));
		return true;
	case FILES:
		break;
	}
	if (!is_dir)
		add_name(out, rule, path, strlen(path));
	return !is_dir;
}

/* For areas without rows of their own. */
static const struct rule *by_area(const char *path)
{
	static const struct rule package = { "*", CHILD, { 0 }, NULL };
	static const struct rule compiled = { "*", FILES, { 0 }, NULL };
	static const struct rule other = { "*", HOST, { 0 }, NULL };
	static const struct rule host_tree = { "*", GO_TREE, { 0 }, NULL };
	const struct mel_cache_area *area = mel_cache_area_of(path);

	if (area->class == MEL_CACHE_COMPILED)
		return &compiled;
	if (area->is_host && strchr(path, '@'))
		return &host_tree;
	if (area->class == MEL_CACHE_SOURCES || area->is_host)
		return &other;
	return &package;
}

bool mel_cache_unit_of(struct mel_buf *out, const char *path, bool is_dir)
{
	const struct rule *rule;

	mel_buf_truncate(out, 0);
	for (size_t i = 0; i < MEL_COUNTOF(rules); i++) {
		size_t len = match(rules[i].pattern, path);

		if (len)
			return by_rule(out, &rules[i], path, len, is_dir);
	}
	rule = by_area(path);
	return by_rule(out, rule, path, rule->how == GO_TREE ? 0 : component_end(path, 0),
		       is_dir);
}
