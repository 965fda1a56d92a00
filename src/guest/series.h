/*
 * series.h - which patches to apply, and how.
 */
#pragma once

#include "guest/util.h"

/* One patch of a series. */
struct mel_patch {
	char *name;  /* as written */
	char *file;  /* path that exists, from the working directory */
	char *strip; /* number for -p */
	bool reverse;
};

struct mel_series {
	struct mel_patch *patch;
	size_t len;
};

/*
 * Read a quilt(1) series: a patch per line with its options -pN and -R; empty lines and what
 * follows a # at the start of a word do not count. path is the series file or NULL, then words
 * are the names. default_strip is N where a line has none. A name is looked for in the working
 * directory, then beside the series file. 0, or -1 after an error line; free in both cases.
 */
int mel_series_read(struct mel_series *out, const char *path, const char *words,
		    const char *default_strip);

/* Does text hold a character that may not be in a path of a patch or series? */
bool mel_series_is_forbidden(const char *text);

/* Free all of it. */
void mel_series_free(struct mel_series *series);
