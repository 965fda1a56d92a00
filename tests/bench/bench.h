/*
 * Help for the benchmarks: run programs, time cases side by side, print ratios.
 *
 * All cases of a comparison run in turns within one loop, so that what else the machine does
 * hits them alike; ratios are of numbers out of the same loop.
 */
#pragma once

#include <stddef.h>

struct bench_case {
	const char *name;
	/* Does the work of arg once: nanoseconds of one operation, or below 0 when it cannot.
	 */
	double (*run)(void *arg);
	void *arg;
};

/*
 * Run all cases rounds times in turns and print for each the least and the median time, and
 * both as multiples of the first case. A case that cannot run is listed as such. 0, or 1 when
 * the first case cannot run.
 */
int bench_compare(const char *title, const struct bench_case *bench, size_t bench_len,
		  int rounds);

/* Monotonic clock, nanoseconds. */
double bench_now(void);

/*
 * Fork, execute argv (by PATH, NULL at the end) with its output thrown away, wait: nanoseconds,
 * or -1 when it did not exit with 0. max_rss_kb, if not NULL, gets the peak resident size of it
 * and its children.
 */
double bench_spawn(const char *const *argv, long *max_rss_kb);
/* The same as a bench_case: arg is the argv. */
double bench_spawn_case(void *arg);

/* The program to measure: $MELANGE or ./melange, absolute. Owned by the helper. */
const char *bench_melange(void);

/*
 * A folder of its own below TMPDIR or /tmp, removed at exit, which is also the working
 * directory from then on. It holds key.rsa (2048 bits) when with_key. Exits with a message on
 * failure.
 */
const char *bench_folder(int with_key);
