/*
 * The files of an exported archive into a cache directory. The archive may come from anybody:
 * what is not listed in its bill, is no plain file, link or folder, leaves the directory, or
 * does not match its name is an error, and nothing of it gets a name. Files appear whole, by
 * rename.
 */
#pragma once

#include "cache/archive.h"
#include "cache/state.h"

/* All borrowed. */
struct mel_cache_import {
	int dirfd;                           /* the cache directory */
	const struct mel_cache_state *state; /* the manifest is kept there */
	struct mel_cache_choice choice;      /* the rest is skipped */
	bool verified_only;                  /* only files that their names prove */
	bool keep;                           /* a file that is there stays, whatever it holds */
	uint64_t max_bytes;                  /* of content in the archive; 0: no limit */
};

struct mel_cache_imported {
	uint64_t added, replaced, bytes; /* bytes of both */
	uint64_t unchanged;              /* was there with the same bytes */
	uint64_t kept;                   /* was there with other bytes, and stays */
	uint64_t skipped;                /* not chosen, or of one run of a tool only */
	uint64_t missing;                /* listed, not in the archive, not in the cache */
};

/*
 * Import the archive in fd (a file or a pipe). The caller holds MEL_CACHE_LOCK. What was
 * imported before an error stays. Errors: INPUT, LIMIT, SYSTEM, OUTPUT.
 */
int mel_cache_import(const struct mel_cache_import *what, int fd, const char *name,
		     struct mel_cache_imported *done, struct mel_err **err);
