/*
 * series.c - reads a series of patches (series.h). Source: quilt(1).
 */
#include "guest/series.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool mel_series_is_forbidden(const char *text)
{
	return strpbrk(text, "'`;|&><") || strstr(text, "$(") || strstr(text, "${");
}

static bool is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* The patch beside the series file when the working directory has none of that name. */
static char *find_file(const char *name, const char *series_path)
{
	const char *slash = series_path ? strrchr(series_path, '/') : NULL;
	char *beside;

	if (is_file(name) || !slash || name[0] == '/')
		return mel_helper_copy(name, strlen(name));
	beside = mel_helper_format("%.*s/%s", (int)(slash - series_path), series_path, name);
	if (is_file(beside))
		return beside;
	free(beside);
	return mel_helper_copy(name, strlen(name));
}

static int add_patch(struct mel_series *series, const char *name, const char *series_path,
		     const char *strip)
{
	struct mel_patch *patch;

	if (mel_series_is_forbidden(name)) {
		mel_helper_fail("ERROR: patch file path contains invalid characters: %s", name);
		return -1;
	}
	series->patch =
		mel_helper_grow(series->patch, (series->len + 1) * sizeof(*series->patch));
	patch = &series->patch[series->len++];
	*patch = (struct mel_patch){
		.name = mel_helper_copy(name, strlen(name)),
		.file = find_file(name, series_path),
		.strip = mel_helper_copy(strip, strlen(strip)),
	};
	if (!is_file(patch->file)) {
		mel_helper_fail("ERROR: patch file does not exist: %s", name);
		return -1;
	}
	return 0;
}

static int add_option(struct mel_patch *patch, const char *option)
{
	if (strcmp(option, "-R") == 0) {
		patch->reverse = true;
		return 0;
	}
	if (strncmp(option, "-p", 2) == 0 && mel_helper_is_number(option + 2)) {
		free(patch->strip);
		patch->strip = mel_helper_copy(option + 2, strlen(option + 2));
		return 0;
	}
	mel_helper_fail("ERROR: patch %s has an option that is not known: %s", patch->name,
			option);
	return -1;
}

/* The next word of *at, which moves behind it; NULL at the end. The caller frees it. */
static char *next_word(const char **at)
{
	const char *start = *at + strspn(*at, " \t\r\n");
	size_t len = strcspn(start, " \t\r\n");

	*at = start + len;
	return len > 0 ? mel_helper_copy(start, len) : NULL;
}

/*
 * A name may hold blanks: it ends where the options begin, or at " #". Nothing to do for an
 * empty line or a comment.
 */
static int add_line(struct mel_series *series, char *line, const char *series_path,
		    const char *strip)
{
	char *name = line + strspn(line, " \t");
	char *end, *options;
	const char *at;

	if (*name == '#')
		return 0;
	if ((end = strstr(name, " #")) || (end = strstr(name, "\t#")))
		*end = '\0';
	options = strstr(name, " -");
	at = options ? options : "";
	end = options ? options : name + strlen(name);
	while (end > name && strchr(" \t\r\n", end[-1]))
		end--;
	if (end == name)
		return 0;
	at = options ? options + 1 : at;
	*end = '\0';
	if (add_patch(series, name, series_path, strip) < 0)
		return -1;
	for (;;) {
		MEL_HELPER_FREE char *option = next_word(&at);

		if (!option)
			return 0;
		if (add_option(&series->patch[series->len - 1], option) < 0)
			return -1;
	}
}

static int read_file(struct mel_series *out, const char *path, const char *strip)
{
	FILE *file = fopen(path, "re");
	MEL_HELPER_FREE char *line = NULL;
	size_t size = 0;
	int result = 0;

	if (!file) {
		mel_helper_fail_errno("ERROR: cannot read series file '%s'", path);
		return -1;
	}
	while (result == 0 && getline(&line, &size, file) >= 0)
		result = add_line(out, line, path, strip);
	fclose(file);
	return result;
}

int mel_series_read(struct mel_series *out, const char *path, const char *words,
		    const char *default_strip)
{
	*out = (struct mel_series){ 0 };
	if (path)
		return read_file(out, path, default_strip);
	for (;;) {
		MEL_HELPER_FREE char *name = next_word(&words);

		if (!name)
			return 0;
		if (add_patch(out, name, NULL, default_strip) < 0)
			return -1;
	}
}

void mel_series_free(struct mel_series *series)
{
	for (size_t i = 0; i < series->len; i++) {
		free(series->patch[i].name);
		free(series->patch[i].file);
		free(series->patch[i].strip);
	}
	free(series->patch);
}
