/*
 * split.c - the verb `split`: which folders, which rule, and the summary (helper.h).
 */
#include "guest/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "guest/rules.h"

static const char *environment(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

/* A package is one folder below the output folder. */
static bool is_package_name(const char *name)
{
	return mel_tree_is_clean(name) && !strchr(name, '/');
}

/* split/bin in a subpackage X-bin takes from X when there is such a package. */
static char *bin_source(void)
{
	const char *name = environment("MELANGE_CONTEXT_NAME");
	size_t len = strlen(name);
	struct stat st;
	char *path;

	if (len <= 4 || strcmp(name + len - 4, "-bin") != 0)
		return NULL;
	path = mel_helper_format("%s/%.*s", environment("MELANGE_OUTDIR"), (int)len - 4, name);
	if (stat(path, &st) == 0)
		return path;
	free(path);
	return NULL;
}

static char *source_folder(const char *rule, const char *package)
{
	const char *main_folder = environment("MELANGE_DESTDIR");
	char *path = NULL;

	if (*package)
		return mel_helper_format("%s/%s", environment("MELANGE_OUTDIR"), package);
	if (strcmp(rule, "bin") == 0)
		path = bin_source();
	return path ? path : mel_helper_copy(main_folder, strlen(main_folder));
}

static bool is_same_folder(const char *a, const char *b)
{
	struct stat sa, sb;

	if (strcmp(a, b) == 0)
		return true;
	return stat(a, &sa) == 0 && stat(b, &sb) == 0 && sa.st_dev == sb.st_dev &&
	       sa.st_ino == sb.st_ino;
}

static int run(const struct mel_split_rule *rule, struct mel_split_plan *plan,
	       const struct mel_split_inputs *inputs)
{
	size_t moved = 0;

	if (rule->plan(plan, inputs) < 0 || mel_split_plan_run(plan, &moved) < 0)
		return 1;
	printf("moved %zu files\n", moved);
	return 0;
}

static int split(const struct mel_split_rule *rule, const char *package,
		 const struct mel_split_inputs *inputs)
{
	MEL_HELPER_FREE char *source = source_folder(rule->name, package);
	const char *target = environment("MELANGE_CONTEXTDIR");
	struct mel_split_plan plan = { .source = source, .target = target, .source_fd = -1 };
	int status;

	if (*source == '\0' || *target == '\0')
		return mel_helper_fail("split: MELANGE_DESTDIR, MELANGE_OUTDIR and "
				       "MELANGE_CONTEXTDIR must be set");
	if (is_same_folder(source, target))
		return mel_helper_fail("ERROR: Package can not split files from itself!");
	plan.source_fd = open(source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (plan.source_fd < 0 && errno != ENOENT)
		return mel_helper_fail_errno("split: cannot open '%s'", source);
	if (plan.source_fd < 0 && strcmp(rule->name, "bin") == 0)
		return mel_helper_fail("%s/usr/bin: not a directory", source);
	if (plan.source_fd < 0) {
		printf("moved 0 files\n");
		return 0;
	}
	status = run(rule, &plan, inputs);
	mel_split_plan_clear(&plan);
	mel_helper_close(&plan.source_fd);
	return status;
}

int mel_helper_split(int argc, char **argv)
{
	struct mel_split_inputs inputs = { "/usr", "", "" };
	const char *package = "";
	const struct mel_helper_option option[] = {
		{ "package", &package },
		{ "prefix", &inputs.prefix },
		{ "patterns", &inputs.patterns },
		{ "paths", &inputs.paths },
	};
	const struct mel_split_rule *rule = argc > 0 ? mel_split_rule_find(argv[0]) : NULL;
	int at;

	if (!rule)
		return mel_helper_fail("split: unknown rule '%s'", argc > 0 ? argv[0] : "");
	at = mel_helper_options(argc - 1, argv + 1, option, MEL_COUNT(option));
	if (at < 0 || at != argc - 1)
		return at < 0 ? 1 : mel_helper_fail("split: unexpected '%s'", argv[at + 1]);
	if (*package && !is_package_name(package))
		return mel_helper_fail("split: '%s' is not the name of a package", package);
	return split(rule, package, &inputs);
}
