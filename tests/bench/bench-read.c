/*
 * Reading and compiling build files: text to checked structs to a plan, in one process.
 *
 *   bench-read [-p PIPELINE-DIR]... FILE...
 *
 * Prints the median over the files of the median time of each, the slowest, and the time of all
 * of them once; files that do not compile are counted and left out.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/passes.h"
#include "plan/plan.h"
#include "tests/bench/bench.h"

enum { ROUNDS = 15, MAX_DIRS = 16 };

static const char *pipeline_dir[MAX_DIRS];
static size_t pipeline_dir_len;

static int read_file(const char *path)
{
	const struct mel_load_opts load = { .arch = "x86_64", .commit = "unknown" };
	const struct mel_plan_opts opts = { .arch = "x86_64",
					    .pipeline_dir = pipeline_dir,
					    .pipeline_dir_len = pipeline_dir_len };
	struct mel_arena arena MEL_AUTO_ARENA = { 0 };
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_config *config = NULL;
	struct mel_plan *plan = NULL;

	if (mel_config_load(&config, &arena, path, &load, &err) < 0 ||
	    mel_plan_make(&plan, config, &opts, &err) < 0) {
		if (getenv("BENCH_VERBOSE"))
			fprintf(stderr, "%s: %s\n", path, err->text);
		return -1;
	}
	mel_plan_free(plan);
	return 0;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Median time of reading path, below 0 when it does not compile. */
static double time_file(const char *path)
{
	double taken[ROUNDS];

	for (int i = -1; i < ROUNDS; i++) {
		double start = bench_now();

		if (read_file(path) < 0)
			return -1;
		if (i >= 0)
			taken[i] = bench_now() - start;
	}
	qsort(taken, ROUNDS, sizeof(*taken), compare_doubles);
	return taken[ROUNDS / 2];
}

int main(int argc, char **argv)
{
	static const char *const none[] = { "true", NULL };
	double *median, all, once;
	int option, len = 0, failed = 0;

	while ((option = getopt(argc, argv, "p:")) == 'p')
		if (pipeline_dir_len < MAX_DIRS)
			pipeline_dir[pipeline_dir_len++] = optarg;
	if (option != -1 || optind == argc) {
		fputs("usage: bench-read [-p PIPELINE-DIR]... FILE...\n", stderr);
		return 2;
	}
	median = calloc((size_t)(argc - optind), sizeof(*median));
	if (!median)
		return 1;
	for (int i = optind; i < argc; i++) {
		double ns = time_file(argv[i]);

		if (ns < 0)
			failed++;
		else
			median[len++] = ns;
	}
	all = bench_now();
	for (int i = optind; i < argc; i++)
		read_file(argv[i]);
	all = bench_now() - all;
	once = bench_spawn(none, NULL);
	qsort(median, (size_t)len, sizeof(*median), compare_doubles);
	printf("Reading and compiling a build file (%d files, %d left out)\n", len, failed);
	if (len > 0)
		printf("  median file %.1f us, slowest %.1f us; all files once %.1f ms; for "
		       "comparison fork+exec of true %.1f us\n\n",
		       median[len / 2] / 1e3, median[len - 1] / 1e3, all / 1e6, once / 1e3);
	free(median);
	return len == 0;
}
