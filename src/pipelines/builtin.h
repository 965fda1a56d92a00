/*
 * builtin.h - the pipeline definitions that are part of this program, as the YAML they were
 * written in. Data only: who reads them is another layer's business.
 */
#pragma once

#include <stddef.h>

struct mel_builtin {
	const char *name; /* as in `uses`: "autoconf/make" */
	const char *text; /* YAML, NUL behind */
	size_t len;       /* bytes of text */
};

/* The definition of that name, or NULL. */
const struct mel_builtin *mel_builtin_find(const char *name);

/* The definition at index, in bytewise order of names, or NULL behind the last. */
const struct mel_builtin *mel_builtin_at(size_t index);

/* Number of definitions. */
size_t mel_builtin_count(void);
