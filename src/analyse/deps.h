/*
 * Lists of dependencies: found ones, those of the build file, and how they become the lines
 * of a package. Entries are texts as in .PKGINFO: "so:libz.so.1", "cmd:a=1-r0", "name>=2".
 */
#pragma once

#include <stddef.h>

#include "base/arena.h"

/* Borrowed texts. */
struct mel_text_list {
	const char *const *at;
	size_t len;
};

enum mel_deps_option {
	MEL_DEPS_NO_COMMANDS = 1 << 0,        /* no cmd: entries */
	MEL_DEPS_NO_DEPENDS = 1 << 1,         /* nothing found is needed */
	MEL_DEPS_NO_PROVIDES = 1 << 2,        /* nothing found is offered; vendored stays */
	MEL_DEPS_NO_VERSIONED_SHLIB = 1 << 3, /* no so-ver: entries in what is needed */
};

/* A growing list; texts belong to the arena of the struct it is in. */
struct mel_deps_list {
	const char **at;
	size_t len, cap;
};

struct mel_deps {
	struct mel_deps_list runtime, provides, vendored;
	struct mel_arena arena;
};

/* Append a copy of text. list is one of deps' own. */
void mel_deps_add(struct mel_deps *deps, struct mel_deps_list *list, const char *text);
/* Append printed text. */
void mel_deps_printf(struct mel_deps *deps, struct mel_deps_list *list, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Sort bytewise and drop repetitions, in all three lists. */
void mel_deps_sort(struct mel_deps *deps);

/*
 * The final lists from those found (sorted here) and those of the build file. Options take
 * entries from the found lists only. What the package itself offers, or keeps to itself, is
 * not among its found needs, even if an option hides the offer; a need of the build file goes
 * only when an entry of the final provides has its exact name. out is filled from empty.
 */
void mel_deps_merge(struct mel_deps *out, struct mel_deps *found, unsigned options,
		    struct mel_text_list runtime, struct mel_text_list provides);

void mel_deps_clear(struct mel_deps *deps);
#define MEL_AUTO_DEPS __attribute__((cleanup(mel_deps_clear)))
