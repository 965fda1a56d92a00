/*
 * What a build tells while it runs, for whoever shows it (a terminal's status line). The
 * builder fills in nothing about terminals; every callback may be NULL.
 */
#pragma once

#include <stddef.h>

struct mel_progress {
	/* Step index (from 0) of step_len begins; package is the output being built. */
	void (*step_begin)(void *user, size_t index, size_t step_len, const char *package,
			   const char *label);
	/* A line of output arrived (without line feed); borrowed. */
	void (*output)(void *user, const char *line, size_t len);
	void (*step_end)(void *user);
	/* Another part of the work begins: "packaging", "indexing", …; borrowed. */
	void (*phase)(void *user, const char *what);
	/* Called every few hundred milliseconds while something is waited for. */
	void (*tick)(void *user);
	void *user;
};
