/*
 * rules.c - what each definition below split/ moves (rules.h). Directories that become empty
 * are removed as far up as packagers rely on: manual and documentation directories with all
 * their parents, others one level.
 */
#include "guest/rules.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

static int fail_scan(const struct mel_split_plan *plan)
{
	mel_helper_fail_errno("split: cannot read '%s'", plan->source);
	return -1;
}

static bool is_dir(const struct mel_split_plan *plan, const char *path)
{
	struct stat st;

	return mel_tree_stat(plan->source_fd, path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Move the entries of the directory from into the directory to. */
static int plan_entries(struct mel_split_plan *plan, const char *from, const char *to)
{
	MEL_HELPER_LIST struct mel_helper_list names = { 0 };

	if (!is_dir(plan, from))
		return 0;
	if (mel_tree_names(plan->source_fd, from, &names) < 0)
		return fail_scan(plan);
	for (size_t i = 0; i < names.len; i++) {
		MEL_HELPER_FREE char *old = mel_helper_join(from, names.item[i]);
		MEL_HELPER_FREE char *new = mel_helper_join(to, names.item[i]);

		mel_split_plan_add(plan, MEL_SPLIT_MOVE, old, new);
	}
	return 0;
}

static int plan_docs_from(struct mel_split_plan *plan, const char *from, const char *to)
{
	if (plan_entries(plan, from, to) < 0)
		return -1;
	mel_split_plan_add(plan, MEL_SPLIT_RMDIRS, from, NULL);
	return 0;
}

static int plan_manpages(struct mel_split_plan *plan, const struct mel_split_inputs *inputs)
{
	static const char *const from[] = { "usr/share/man", "usr/local/share/man", "usr/man" };

	(void)inputs;
	for (size_t i = 0; i < MEL_COUNT(from); i++)
		if (plan_docs_from(plan, from[i], "usr/share/man") < 0)
			return -1;
	return 0;
}

static int plan_infodir(struct mel_split_plan *plan, const struct mel_split_inputs *inputs)
{
	(void)inputs;
	if (!is_dir(plan, "usr/share/info"))
		return 0;
	/* The menu of all pages: each installed package would claim it. */
	mel_split_plan_add(plan, MEL_SPLIT_UNLINK, "usr/share/info/dir", NULL);
	mel_split_plan_move_same(plan, "usr/share/info");
	return 0;
}

static int plan_alldocs(struct mel_split_plan *plan, const struct mel_split_inputs *inputs)
{
	if (plan_infodir(plan, inputs) < 0 || plan_manpages(plan, inputs) < 0 ||
	    plan_docs_from(plan, "usr/share/doc", "usr/share/doc") < 0)
		return -1;
	return plan_docs_from(plan, "usr/local/share/doc", "usr/share/doc");
}

static int plan_locales(struct mel_split_plan *plan, const struct mel_split_inputs *inputs)
{
	(void)inputs;
	if (is_dir(plan, "usr/share/locale"))
		mel_split_plan_move_same(plan, "usr/share/locale");
	return 0;
}

/* Move path; its directory goes when that leaves it empty. */
static void plan_with_parent(struct mel_split_plan *plan, const char *path)
{
	MEL_HELPER_FREE char *parent = mel_tree_parent(path);

	if (mel_split_plan_move_same(plan, path))
		mel_split_plan_add(plan, MEL_SPLIT_RMDIR, parent, NULL);
}

static int plan_found(struct mel_split_plan *plan, const char *base,
		      bool (*want)(const char *name, const struct stat *st))
{
	MEL_HELPER_LIST struct mel_helper_list found = { 0 };

	if (mel_tree_find(plan->source_fd, base, want, &found) < 0)
		return fail_scan(plan);
	for (size_t i = 0; i < found.len; i++)
		plan_with_parent(plan, found.item[i]);
	return 0;
}

static bool is_static_library(const char *name, const struct stat *st)
{
	(void)st;
	return fnmatch("*.a", name, 0) == 0;
}

static int plan_static(struct mel_split_plan *plan, const struct mel_split_inputs *inputs)
{
	(void)inputs;
	if (plan_found(plan, "usr", is_static_library) < 0)
		return -1;
	return plan_found(plan, "lib", is_static_library);
}

static int plan_bin(struct mel_split_plan *plan, const struct mel_split_inputs *inputs)
{
	(void)inputs;
	if (!is_dir(plan, "usr/bin")) {
		mel_helper_fail("%s/usr/bin: not a directory", plan->source);
		return -1;
	}
	if (plan_entries(plan, "usr/bin", "usr/bin") < 0)
		return -1;
	mel_split_plan_add(plan, MEL_SPLIT_CLEAN, "usr", NULL);
	return 0;
}

static bool is_include_dir(const char *name, const struct stat *st)
{
	return S_ISDIR(st->st_mode) && strcmp(name, "include") == 0;
}

static bool is_source_or_object(const char *name, const struct stat *st)
{
	(void)st;
	return fnmatch("*.[acho]", name, 0) == 0 || fnmatch("*.prl", name, 0) == 0;
}

/* Links without a version, directly in dir: what a linker looks for. */
static int plan_so_links(struct mel_split_plan *plan, const char *dir)
{
	MEL_HELPER_LIST struct mel_helper_list found = { 0 };

	if (mel_tree_glob(plan->source_fd, dir, "*.so", &found) < 0)
		return fail_scan(plan);
	for (size_t i = 0; i < found.len; i++) {
		struct stat st;

		if (mel_tree_stat(plan->source_fd, found.item[i], &st) == 0 &&
		    S_ISLNK(st.st_mode))
			plan_with_parent(plan, found.item[i]);
	}
	return 0;
}

static int plan_dev_globs(struct mel_split_plan *plan, const char *prefix)
{
	static const char *const pattern[] = {
		"include",           "lib/pkgconfig",     "share/pkgconfig",
		"share/aclocal",     "share/gettext",     "bin/*-config",
		"bin/*_config",      "share/vala/vapi",   "share/gir-[0-9]*",
		"share/qt*/mkspecs", "lib/qt*/mkspecs",   "lib/cmake",
		"share/cmake",       "lib/glade/modules", "share/glade/catalogs",
	};

	for (size_t i = 0; i < MEL_COUNT(pattern); i++) {
		MEL_HELPER_LIST struct mel_helper_list found = { 0 };

		if (mel_tree_glob(plan->source_fd, prefix, pattern[i], &found) < 0)
			return fail_scan(plan);
		for (size_t j = 0; j < found.len; j++)
			plan_with_parent(plan, found.item[j]);
	}
	return 0;
}

static int plan_dev_links(struct mel_split_plan *plan, const char *prefix)
{
	MEL_HELPER_FREE char *lib = mel_helper_join(prefix, "lib");
	size_t len = strlen(prefix);

	if (plan_so_links(plan, lib) < 0)
		return -1;
	if (strcmp(prefix, "usr") == 0)
		return plan_so_links(plan, "lib");
	if (len > 4 && strcmp(prefix + len - 4, "/usr") == 0) {
		MEL_HELPER_FREE char *parent = mel_tree_parent(prefix);
		MEL_HELPER_FREE char *parent_lib = mel_helper_join(parent, "lib");

		return plan_so_links(plan, parent_lib);
	}
	return 0;
}

/* Without slashes at the ends; NULL after an error line when it could lead out of the package.
 */
static char *clean_path(const char *what, const char *path)
{
	const char *start = path + strspn(path, "/");
	size_t len = strlen(start);
	char *copy;

	while (len > 0 && start[len - 1] == '/')
		len--;
	copy = mel_helper_copy(start, len);
	if (len == 0 || mel_tree_is_clean(copy))
		return copy;
	mel_helper_fail("split: %s '%s' must be a plain path without '.' and '..'", what, path);
	mel_helper_free(&copy);
	return NULL;
}

static int plan_dev(struct mel_split_plan *plan, const struct mel_split_inputs *inputs)
{
	MEL_HELPER_FREE char *prefix = clean_path("prefix", inputs->prefix);

	if (!prefix || plan_dev_globs(plan, prefix) < 0 ||
	    plan_found(plan, "", is_include_dir) < 0 ||
	    plan_found(plan, prefix, is_source_or_object) < 0)
		return -1;
	if (strncmp(prefix, "usr", 3) == 0 && plan_found(plan, "lib", is_source_or_object) < 0)
		return -1;
	return plan_dev_links(plan, prefix);
}

/* Non-empty lines of text without blanks at their ends. */
static void add_lines(struct mel_helper_list *out, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		size_t start = strspn(text, " \t\r");
		size_t end = len;

		while (end > start && strchr(" \t\r", text[end - 1]))
			end--;
		if (end > start)
			mel_helper_list_push(out, mel_helper_copy(text + start, end - start));
		text += len + (text[len] == '\n');
	}
}

static int plan_lib_dir(struct mel_split_plan *plan, const char *dir,
			const struct mel_helper_list *patterns)
{
	MEL_HELPER_LIST struct mel_helper_list names = { 0 };

	if (mel_tree_names(plan->source_fd, dir, &names) < 0)
		return fail_scan(plan);
	for (size_t i = 0; i < names.len; i++) {
		MEL_HELPER_FREE char *path = mel_helper_join(dir, names.item[i]);
		struct stat st;
		bool wanted = false;

		if (mel_tree_stat(plan->source_fd, path, &st) < 0)
			return fail_scan(plan);
		for (size_t p = 0; p < patterns->len && !wanted; p++)
			wanted = fnmatch(patterns->item[p], names.item[i], 0) == 0;
		if (wanted && (S_ISREG(st.st_mode) || S_ISLNK(st.st_mode)) &&
		    mel_split_plan_move_same(plan, path))
			plan->op[plan->len - 1].announce = true;
	}
	mel_split_plan_add(plan, MEL_SPLIT_RMDIR, dir, NULL);
	return 0;
}

static int plan_lib(struct mel_split_plan *plan, const struct mel_split_inputs *inputs)
{
	MEL_HELPER_LIST struct mel_helper_list dirs = { 0 }, lines = { 0 }, patterns = { 0 };
	size_t existing = 0;

	add_lines(&dirs, "lib\nusr/lib");
	add_lines(&dirs, inputs->paths);
	add_lines(&lines, inputs->patterns);
	for (size_t i = 0; i < lines.len; i++)
		mel_helper_list_push(&patterns, mel_helper_format("lib%s.so.*", lines.item[i]));
	if (patterns.len == 0)
		mel_helper_list_push(&patterns, mel_helper_format("*.so.*"));
	for (size_t i = 0; i < dirs.len; i++) {
		MEL_HELPER_FREE char *dir = clean_path("path", dirs.item[i]);

		if (!dir)
			return -1;
		if (*dir == '\0' || !is_dir(plan, dir))
			continue;
		existing++;
		if (plan_lib_dir(plan, dir, &patterns) < 0)
			return -1;
	}
	if (existing == 0)
		printf("No library directories found in %s\n", plan->source);
	return 0;
}

static const struct mel_split_rule rules[] = {
	{ "alldocs", plan_alldocs },   { "bin", plan_bin },       { "dev", plan_dev },
	{ "infodir", plan_infodir },   { "lib", plan_lib },       { "locales", plan_locales },
	{ "manpages", plan_manpages }, { "static", plan_static },
};

const struct mel_split_rule *mel_split_rule_find(const char *name)
{
	for (size_t i = 0; i < MEL_COUNT(rules); i++)
		if (strcmp(rules[i].name, name) == 0)
			return &rules[i];
	return NULL;
}
