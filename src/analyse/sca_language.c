/*
 * Scanners: directories that belong to a language or to documentation need its base package.
 * A dependency of the build file on the language takes precedence.
 */
#include "analyse/scanner.h"

#include <ctype.h>

#include "base/mem.h"
#include "base/slice.h"

static void need(struct mel_scan *scan, const char *text)
{
	mel_deps_add(scan->found, &scan->found->runtime, text);
}

/* Does the build file already say something about the language? */
static bool is_configured(const struct mel_scan *scan, const char *name, const char *prefix)
{
	for (size_t i = 0; i < scan->in->runtime.len; i++)
		if ((name && mel_text_eq(scan->in->runtime.at[i], name)) ||
		    (prefix && mel_text_starts(scan->in->runtime.at[i], prefix)))
			return true;
	return false;
}

static int scan_docs(struct mel_scan *scan, struct mel_err **err)
{
	static const struct {
		const char *dir, *package;
	} viewer[] = { { "usr/share/man", "man-db" }, { "usr/share/info", "texinfo" } };
	const struct mel_tree *tree = scan->in->tree;

	(void)err;
	if (!mel_text_ends(scan->in->name, "-doc"))
		return 0;
	for (size_t i = 0; i < MEL_COUNTOF(viewer); i++)
		for (size_t j = 0; j < tree->entry_len; j++)
			if (mel_tree_is_in(&tree->entry[j], viewer[i].dir)) {
				need(scan, viewer[i].package);
				break;
			}
	return 0;
}

/* [usr/]lib/perl<version>/<any>_perl */
static int scan_perl(struct mel_scan *scan, struct mel_err **err)
{
	static const char *const top[] = { "usr/lib/perl", "lib/perl" };
	const struct mel_tree *tree = scan->in->tree;

	(void)err;
	if (is_configured(scan, "perl", NULL))
		return 0;
	for (size_t t = 0; t < MEL_COUNTOF(top); t++)
		for (size_t i = 0; i < tree->entry_len; i++) {
			const char *path = tree->entry[i].path,
				   *version = path + strlen(top[t]);
			struct mel_slice rest, first, last;

			if (!mel_text_starts(path, top[t]) || !isdigit((unsigned char)*version))
				continue;
			rest = mel_slice_of(version);
			if (mel_slice_next(&rest, '/', &first) &&
			    mel_slice_next(&rest, '/', &last) && !rest.ptr &&
			    mel_slice_ends(last, "_perl")) {
				mel_deps_printf(scan->found, &scan->found->runtime, "perl~%.*s",
						(int)first.len, first.ptr);
				return 0;
			}
		}
	return 0;
}

/* The last …/python<version>/site-packages of the tree. */
static int scan_python(struct mel_scan *scan, struct mel_err **err)
{
	const struct mel_tree *tree = scan->in->tree;
	const char *version = NULL;

	(void)err;
	for (size_t i = 0; i < tree->entry_len; i++) {
		const struct mel_tree_entry *entry = &tree->entry[i];

		if (entry->type != MEL_TREE_DIR || entry->parent == MEL_TREE_NONE ||
		    !mel_text_eq(mel_text_basename(entry->path), "site-packages"))
			continue;

		const char *parent = mel_text_basename(tree->entry[entry->parent].path);

		if (mel_text_starts(parent, "python"))
			version = parent + strlen("python");
	}
	if (version && *version && !is_configured(scan, NULL, "python"))
		mel_deps_printf(scan->found, &scan->found->runtime, "python-%s-base", version);
	return 0;
}

/* "3.4.0" as "3.4" when it is three numbers by dots. */
static bool ruby_version(struct mel_slice text, struct mel_slice *out)
{
	struct mel_slice rest = text, part;
	unsigned parts = 0;

	while (mel_slice_next(&rest, '.', &part)) {
		if (!part.len || !isdigit((unsigned char)part.ptr[0]))
			return false;
		*out = mel_slice_make(text.ptr, (size_t)(part.ptr - text.ptr));
		parts++;
	}
	out->len -= out->len ? 1 : 0; /* the dot before the last part */
	return parts == 3;
}

/* [usr/]lib/ruby/gems/<version>/gems */
static int scan_ruby(struct mel_scan *scan, struct mel_err **err)
{
	static const char *const top[] = { "usr/lib/ruby/gems/", "lib/ruby/gems/" };
	const struct mel_tree *tree = scan->in->tree;

	(void)err;
	if (is_configured(scan, "ruby", "ruby-"))
		return 0;
	for (size_t t = 0; t < MEL_COUNTOF(top); t++)
		for (size_t i = 0; i < tree->entry_len; i++) {
			const char *path = tree->entry[i].path;
			struct mel_slice rest, version, gems, major;

			if (!mel_text_starts(path, top[t]))
				continue;
			rest = mel_slice_of(path + strlen(top[t]));
			if (mel_slice_next(&rest, '/', &version) &&
			    mel_slice_next(&rest, '/', &gems) && !rest.ptr &&
			    mel_slice_eq_text(gems, "gems") && ruby_version(version, &major)) {
				mel_deps_printf(scan->found, &scan->found->runtime, "ruby-%.*s",
						(int)major.len, major.ptr);
				return 0;
			}
		}
	return 0;
}

const struct mel_scanner mel_scan_docs = { "documentation", scan_docs };
const struct mel_scanner mel_scan_perl = { "perl", scan_perl };
const struct mel_scanner mel_scan_python = { "python", scan_python };
const struct mel_scanner mel_scan_ruby = { "ruby", scan_ruby };
