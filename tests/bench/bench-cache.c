/*
 * Looking after a cache of many files: listing it beside find(1), exporting it (which
 * hashes all of it) beside sha256sum(1).
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/bench/bench.h"

enum { FOLDERS = 1000, FILES = 100, ROUNDS = 5 };

static void fail(const char *what)
{
	fprintf(stderr, "bench-cache: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void make_folder(const char *path)
{
	if (mkdir(path, 0755) < 0)
		fail(path);
}

/* FOLDERS versions of Maven artifacts with FILES files each. */
static void make_cache(void)
{
	char path[128];

	make_folder("c");
	make_folder("c/m2repository");
	for (int i = 0; i < FOLDERS; i++) {
		snprintf(path, sizeof(path), "c/m2repository/artifact-%d", i);
		make_folder(path);
		for (int k = 0; k < FILES; k++) {
			FILE *file;

			snprintf(path, sizeof(path), "c/m2repository/artifact-%d/file-%d.jar",
				 i, k);
			file = fopen(path, "w");
			if (!file || fprintf(file, "%d %d\n", i, k) < 0 || fclose(file) != 0)
				fail(path);
		}
	}
}

int main(void)
{
	char title[80];

	setenv("XDG_STATE_HOME", bench_folder(0), 1);
	make_cache();

	const char *melange = bench_melange();
	const char *const find[] = {
		"find", "c", "-type", "f", "-printf", "%s %b %C@\n", NULL
	};
	const char *const du[] = { melange, "cache", "du", "--cache-dir=c", NULL };
	const char *const ls[] = { melange, "cache", "ls", "--cache-dir=c", NULL };
	const char *const gc[] = { melange, "cache", "gc", "--cache-dir=c", "--dry-run", NULL };
	const char *const sums[] = { "sh", "-c", "find c -type f -print0 | xargs -0 sha256sum",
				     NULL };
	const char *const export[] = { melange, "cache", "export", "--cache-dir=c", "-", NULL };
	const struct bench_case cases[] = {
		{ "find, with size and time of each file", bench_spawn_case,
		  (void *)(uintptr_t)find },
		{ "melange cache du", bench_spawn_case, (void *)(uintptr_t)du },
		{ "melange cache ls", bench_spawn_case, (void *)(uintptr_t)ls },
		{ "melange cache gc, nothing to be done", bench_spawn_case,
		  (void *)(uintptr_t)gc },
		{ "sha256sum of all files", bench_spawn_case, (void *)(uintptr_t)sums },
		{ "melange cache export", bench_spawn_case, (void *)(uintptr_t) export },
	};

	snprintf(title, sizeof(title), "Looking after a cache of %d files", FOLDERS * FILES);
	return bench_compare(title, cases, sizeof(cases) / sizeof(cases[0]), ROUNDS);
}
