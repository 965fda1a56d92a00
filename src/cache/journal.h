/*
 * The journal of a merge: the file "journal" in the folder of a layer. It is there, whole,
 * before the first change to the cache directory, and goes after the last one. Lines:
 *
 *     melange cache commit 1
 *     temp .melange-0123456789abcdef     how temporary names in the directory begin
 *     policy all                         or "verified"
 *     deletes no                         or "yes"
 *     since 1764072000.000000001         when the layer was made
 *
 * Format: docs/formats.md.
 */
#pragma once

#include <stdbool.h>
#include <time.h>

#include "base/err.h"
#include "base/slice.h"

#define MEL_CACHE_JOURNAL     "journal"
#define MEL_CACHE_TEMP_PREFIX ".melange-"

enum { MEL_CACHE_TEMP_BYTES = 32 };

struct mel_cache_journal {
	char temp[MEL_CACHE_TEMP_BYTES];
	bool verified_only, apply_deletes;
	struct timespec since;
};

/* Read the text of a journal. Errors: INPUT. */
int mel_cache_journal_parse(struct mel_cache_journal *out, struct mel_slice text,
			    struct mel_err **err);
/* The journal of the layer in dirfd: 1, or 0 when there is none. Errors: SYSTEM, INPUT. */
int mel_cache_journal_read(struct mel_cache_journal *out, int dirfd, struct mel_err **err);
/* Choose a temporary name and write the journal into dirfd, synced. Errors: SYSTEM, OUTPUT. */
int mel_cache_journal_begin(struct mel_cache_journal *journal, int dirfd, struct mel_err **err);
/* The merge is done: the journal goes. Errors: SYSTEM. */
int mel_cache_journal_end(int dirfd, struct mel_err **err);
