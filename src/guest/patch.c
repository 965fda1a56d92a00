/*
 * patch.c - the verb `patch-series`: applies all patches or none (helper.h).
 */
#include "guest/helper.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest/patch_undo.h"
#include "guest/series.h"

/* Without blanks and line feeds at both ends: values often come from YAML blocks. */
static char *trim(const char *text)
{
	const char *start = text + strspn(text, " \t\r\n");
	size_t len = strlen(start);

	while (len > 0 && strchr(" \t\r\n", start[len - 1]))
		len--;
	return mel_helper_copy(start, len);
}

/* patch(1) rejects what does not fit into this file below the folder of originals. */
static char *reject_path(const char *folder)
{
	return mel_helper_format("%s/rejected", folder);
}

static void show_rejects(const char *folder)
{
	MEL_HELPER_FREE char *path = reject_path(folder);
	FILE *file = fopen(path, "re");
	char bytes[4096];
	size_t len;

	if (!file)
		return;
	fputs("what did not fit:\n", stderr);
	while ((len = fread(bytes, 1, sizeof(bytes), file)) > 0)
		fwrite(bytes, 1, len, stderr);
	fclose(file);
}

static int run_patch(const struct mel_patch *patch, const char *fuzz, const char *folder,
		     size_t number)
{
	MEL_HELPER_LIST struct mel_helper_list argv = { 0 };
	MEL_HELPER_FREE char *rejects = reject_path(folder);
	int status;

	mel_helper_list_push(&argv, mel_helper_format("patch"));
	mel_helper_list_push(&argv, mel_helper_format("-p%s", patch->strip));
	mel_helper_list_push(&argv, mel_helper_format("--fuzz=%s", fuzz));
	mel_helper_list_push(&argv, mel_helper_format("--verbose"));
	mel_helper_list_push(&argv, mel_helper_format("--forward"));
	mel_helper_list_push(&argv, mel_helper_format("--backup"));
	mel_helper_list_push(&argv, mel_helper_format("--prefix=%s/%zu/", folder, number));
	mel_helper_list_push(&argv, mel_helper_format("--reject-file=%s", rejects));
	if (patch->reverse)
		mel_helper_list_push(&argv, mel_helper_format("-R"));
	printf("applying patch file %s\n", patch->name);
	status = mel_helper_spawn(argv.item, patch->file);
	if (status == 127 && errno)
		mel_helper_fail_errno("patch: cannot run the guest's patch (package 'patch')");
	return status;
}

/* Newest first, so that each file ends as it was before the first patch. */
static int undo_all(const char *folder, size_t number)
{
	for (size_t i = number + 1; i-- > 0;) {
		MEL_HELPER_FREE char *originals = mel_helper_format("%s/%zu", folder, i);

		if (mel_patch_undo(originals) < 0)
			return 1;
	}
	return 0;
}

static int apply_all(const struct mel_series *series, const char *fuzz, const char *folder)
{
	for (size_t i = 0; i < series->len; i++) {
		int status = run_patch(&series->patch[i], fuzz, folder, i);

		if (status == 0)
			continue;
		show_rejects(folder);
		if (undo_all(folder, i) == 0)
			mel_helper_fail("ERROR: patch %s does not apply (status %d); the tree "
					"is as it was before",
					series->patch[i].name, status);
		return 1;
	}
	printf("applied %zu patches\n", series->len);
	return 0;
}

static int apply(const struct mel_series *series, const char *fuzz)
{
	char folder[] = ".melange-patch.XXXXXX";
	int status;

	if (series->len == 0) {
		puts("the series is empty, nothing to apply");
		return 0;
	}
	if (!mkdtemp(folder))
		return mel_helper_fail_errno("patch: cannot make a folder for the originals");
	status = apply_all(series, fuzz, folder);
	return mel_patch_forget(folder) < 0 ? 1 : status;
}

static int check_number(const char *name, const char *value)
{
	if (mel_helper_is_number(value))
		return 0;
	return mel_helper_fail("ERROR: %s must be a non-negative integer, got: %s", name,
			       value);
}

static int check_series(const char *path)
{
	struct stat st;

	if (mel_series_is_forbidden(path))
		return mel_helper_fail("ERROR: series path contains invalid characters");
	if (*path && (stat(path, &st) < 0 || !S_ISREG(st.st_mode)))
		return mel_helper_fail("ERROR: series file does not exist: %s", path);
	return 0;
}

int mel_helper_patch_series(int argc, char **argv)
{
	const char *strip_text = "1", *fuzz_text = "2", *series_text = "", *words = "";
	const struct mel_helper_option option[] = {
		{ "strip", &strip_text },
		{ "fuzz", &fuzz_text },
		{ "series", &series_text },
		{ "patches", &words },
	};
	int at = mel_helper_options(argc, argv, option, MEL_COUNT(option));
	MEL_HELPER_FREE char *strip = trim(strip_text);
	MEL_HELPER_FREE char *fuzz = trim(fuzz_text);
	MEL_HELPER_FREE char *path = trim(series_text);
	struct mel_series series;
	int status = 1;

	if (at < 0 || at != argc)
		return at < 0 ? 1 : mel_helper_fail("patch: unexpected '%s'", argv[at]);
	if (check_number("strip-components", strip) || check_number("fuzz", fuzz) ||
	    check_series(path))
		return 1;
	if (!*path && words[strspn(words, " \t\r\n")] == '\0')
		return mel_helper_fail("ERROR: Neither patches or series was set.");
	if (mel_series_read(&series, *path ? path : NULL, words, strip) == 0)
		status = apply(&series, fuzz);
	mel_series_free(&series);
	return status;
}
