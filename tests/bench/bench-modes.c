/*
 * What a cache mode costs: whole builds of one step that writes one file into the cache, with a
 * cache of 1 file and with one of 100,000. Neither mounting nor merging may depend on the size.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/bench/bench.h"

enum { FOLDERS = 1000, FILES = 100, ROUNDS = 30 };

static void fail(const char *what)
{
	fprintf(stderr, "bench-modes: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	if (!file || fputs(text, file) < 0 || fclose(file) != 0)
		fail(path);
}

static void make_cache(const char *name, int folders, int files)
{
	char path[128];

	if (mkdir(name, 0755) < 0)
		fail(name);
	for (int i = 0; i < folders; i++) {
		snprintf(path, sizeof(path), "%s/folder-%d", name, i);
		if (mkdir(path, 0755) < 0)
			fail(path);
		for (int k = 0; k < files; k++) {
			snprintf(path, sizeof(path), "%s/folder-%d/file-%d", name, i, k);
			write_file(path, "x\n");
		}
	}
}

static void write_build_file(const char *name, const char *script)
{
	char text[400];

	snprintf(text, sizeof(text),
		 "package:\n  name: x\n  version: \"1\"\n  epoch: 0\n"
		 "  copyright:\n    - license: MIT\npipeline:\n  - runs: %s\n",
		 script);
	write_file(name, text);
}

#define BUILD(file, ...)                                                                       \
	{                                                                                      \
		bench_melange(), "build", "--network=none", "--empty-workspace",               \
			"--git-commit=c0ffee", "--git-repo-url=https://example.com/x/y", file, \
			__VA_ARGS__, NULL                                                      \
	}

int main(void)
{
	static const struct {
		const char *mode, *flag, *file;
	} modes[] = {
		{ "rw", "--cache-mode=rw", "write.yaml" },
		{ "ro", "--cache-mode=ro", "read.yaml" },
		{ "discard", "--cache-mode=discard", "write.yaml" },
		{ "commit", "--cache-mode=commit", "write.yaml" },
	};
	int result = 0;

	setenv("XDG_STATE_HOME", bench_folder(0), 1);
	make_cache("small", 1, 1);
	make_cache("big", FOLDERS, FILES);
	write_build_file("write.yaml", "echo $$ >/var/cache/melange/new");
	write_build_file("none.yaml", "'true'");
	write_build_file("read.yaml", "test -d /var/cache/melange/folder-0");
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		const char *const small[] =
			BUILD(modes[i].file, modes[i].flag, "--cache-dir=small");
		const char *const big[] =
			BUILD(modes[i].file, modes[i].flag, "--cache-dir=big");
		const char *const none[] = BUILD("none.yaml", "--cache-mode=off");
		const struct bench_case cases[] = {
			{ "1 file", bench_spawn_case, (void *)(uintptr_t)small },
			{ "100,000 files", bench_spawn_case, (void *)(uintptr_t)big },
			{ "no cache", bench_spawn_case, (void *)(uintptr_t)none },
		};
		char title[80];

		snprintf(title, sizeof(title), "A build with a cache in mode %s",
			 modes[i].mode);
		result |= bench_compare(title, cases, sizeof(cases) / sizeof(cases[0]), ROUNDS);
	}
	return result;
}
