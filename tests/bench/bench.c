/* Help for the benchmarks: see bench.h. */
#include "tests/bench/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_ROUNDS 1000

static char melange[PATH_MAX];
static char folder[64];
static pid_t folder_owner;

double bench_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static _Noreturn void child(const char *const *argv)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		if (!getenv("BENCH_VERBOSE"))
			dup2(null, STDERR_FILENO);
	}
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

double bench_spawn(const char *const *argv, long *max_rss_kb)
{
	double start = bench_now();
	pid_t pid = fork();
	struct rusage usage;
	int status;

	if (pid == 0)
		child(argv);
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid || !WIFEXITED(status) ||
	    WEXITSTATUS(status) != 0)
		return -1;
	if (max_rss_kb)
		*max_rss_kb = usage.ru_maxrss;
	return bench_now() - start;
}

double bench_spawn_case(void *arg)
{
	return bench_spawn(arg, NULL);
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *value, size_t len)
{
	qsort(value, len, sizeof(*value), compare_doubles);
	return len % 2 ? value[len / 2] : (value[len / 2 - 1] + value[len / 2]) / 2;
}

/* Enough digits for microseconds and for seconds alike. */
static void print_time(double ns)
{
	if (ns < 1e6)
		printf(" %9.1f us", ns / 1e3);
	else
		printf(" %9.2f ms", ns / 1e6);
}

int bench_compare(const char *title, const struct bench_case *bench, size_t bench_len,
		  int rounds)
{
	double(*taken)[MAX_ROUNDS] = calloc(bench_len, sizeof(*taken));
	double base_min = 0, base_median = 0;
	int status = 0;

	if (!taken || rounds > MAX_ROUNDS)
		abort();
	for (int round = -1; round < rounds; round++) /* round -1 warms up */
		for (size_t i = 0; i < bench_len; i++) {
			double ns = taken[i][0] < 0 ? -1 : bench[i].run(bench[i].arg);

			taken[i][round < 0 || ns < 0 ? 0 : round] = ns;
		}
	printf("%s (%d rounds)\n%-44s %12s %12s   %s\n", title, rounds, "", "min", "median",
	       "x min, x median");
	for (size_t i = 0; i < bench_len; i++) {
		double mid, least;

		if (taken[i][0] < 0) {
			printf("  %-42s %12s\n", bench[i].name, "cannot run");
			status |= i == 0;
			continue;
		}
		mid = median(taken[i], (size_t)rounds);
		least = taken[i][0];
		if (i == 0) {
			base_min = least;
			base_median = mid;
		}
		printf("  %-42s", bench[i].name);
		print_time(least);
		print_time(mid);
		if (base_min > 0)
			printf("   %.2f  %.2f", least / base_min, mid / base_median);
		putchar('\n');
	}
	putchar('\n');
	fflush(stdout);
	free(taken);
	return status;
}

const char *bench_melange(void)
{
	const char *given = getenv("MELANGE");

	if (!melange[0] && !realpath(given ? given : "./melange", melange)) {
		fprintf(stderr, "bench: cannot find '%s': %s\n", given ? given : "./melange",
			strerror(errno));
		exit(1);
	}
	return melange;
}

static void remove_folder(void)
{
	const char *const argv[] = { "rm", "-rf", folder, NULL };

	if (getpid() == folder_owner && chdir("/") == 0)
		bench_spawn(argv, NULL);
}

const char *bench_folder(int with_key)
{
	const char *const keygen[] = { bench_melange(), "keygen",  "--key-size",
				       "2048",          "key.rsa", NULL };

	const char *temp = getenv("TMPDIR");

	snprintf(folder, sizeof(folder), "%s/melange-bench.XXXXXX",
		 temp && temp[0] ? temp : "/tmp");
	if (!mkdtemp(folder) || chdir(folder) < 0) {
		fprintf(stderr, "bench: cannot make a folder: %s\n", strerror(errno));
		exit(1);
	}
	folder_owner = getpid();
	atexit(remove_folder);
	if (with_key && bench_spawn(keygen, NULL) < 0) {
		fprintf(stderr, "bench: '%s keygen' failed\n", melange);
		exit(1);
	}
	return folder;
}
