/*
 * The host's build cache, shown to the guest at /var/cache/melange. The directory is the
 * user's own, often used by other tools too: nothing of ours is put into it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define MEL_CACHE_TARGET "/var/cache/melange"

/* What becomes of what a build writes there. */
enum mel_cache_mode {
	MEL_CACHE_RW,      /* the directory itself changes */
	MEL_CACHE_RO,      /* writes are refused */
	MEL_CACHE_DISCARD, /* goes to a private layer that is dropped */
	MEL_CACHE_COMMIT,  /* goes to a private layer that is merged after success */
	MEL_CACHE_OFF,     /* there is no cache */
	MEL_CACHE_MODE_COUNT,
};

/* A directory that a cache may neither be, nor hold, nor lie in. Borrowed. */
struct mel_cache_taboo {
	const char *path; /* absolute and clean; NULL: none */
	const char *what; /* "the workspace" */
	bool may_be_same; /* only holding one another is refused */
};

/* All borrowed. */
struct mel_cache_opts {
	const char *dir; /* as typed; never NULL, "" is no cache */
	bool dir_given;  /* on the command line, not the default one */
	enum mel_cache_mode mode;
	const struct mel_cache_taboo *taboo;
	size_t taboo_len;
};

struct mel_cache {
	char *path; /* owned; absolute, free of symlinks; NULL: no cache */
	enum mel_cache_mode mode;
	char *note; /* owned; why there is none, for the summary, or NULL */
};

/*
 * Decide by the options: a named directory that does not exist is made (mode 0700), the default
 * one is used only when it exists. Refused are "/" and the directories that taboo is about.
 * Errors: INPUT, SYSTEM.
 */
int mel_cache_open(struct mel_cache *out, const struct mel_cache_opts *opts,
		   struct mel_err **err);
void mel_cache_close(struct mel_cache *cache);

/* What realpath(3) says of path, or will say once the path is made; the caller frees. */
char *mel_cache_real_path(const char *path);

/* "rw", "ro", "discard", "commit", "off" */
const char *mel_cache_mode_name(enum mel_cache_mode mode);
