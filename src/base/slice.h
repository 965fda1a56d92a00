/*
 * Borrowed text: a pointer and a length, not NUL-terminated, owned by nobody; valid while the
 * buffer or arena behind it lives. Also the number parsers of the program.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"

struct mel_slice {
	const char *ptr;
	size_t len;
};

static inline struct mel_slice mel_slice_of(const char *text)
{
	return (struct mel_slice){ text, strlen(text) };
}

static inline struct mel_slice mel_slice_make(const char *ptr, size_t len)
{
	return (struct mel_slice){ ptr, len };
}

bool mel_slice_eq(struct mel_slice a, struct mel_slice b);
bool mel_slice_eq_text(struct mel_slice a, const char *text);
bool mel_slice_starts(struct mel_slice s, const char *prefix);
bool mel_slice_ends(struct mel_slice s, const char *suffix);
/* Bytewise order: <0, 0, >0. */
int mel_slice_cmp(struct mel_slice a, struct mel_slice b);
/* Without the bytes of set at both ends. */
struct mel_slice mel_slice_trim(struct mel_slice s, const char *set);
/*
 * Cut the next piece off *rest: up to (not including) the first sep, which is skipped. False
 * when *rest was used up (its ptr is NULL then). "a,,b" gives "a", "", "b"; "" gives "" once.
 */
bool mel_slice_next(struct mel_slice *rest, char sep, struct mel_slice *piece);
/* Next non-empty run of bytes that are not in set; false when there is none. */
bool mel_slice_word(struct mel_slice *rest, const char *set, struct mel_slice *word);

/* Whole slice as a decimal number; out is untouched on failure. Errors: INPUT, with the text.
 */
int mel_slice_u64(struct mel_slice s, uint64_t *out, struct mel_err **err);
int mel_slice_i64(struct mel_slice s, int64_t *out, struct mel_err **err);

static inline bool mel_text_eq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

bool mel_text_starts(const char *text, const char *prefix);
bool mel_text_ends(const char *text, const char *suffix);
/* The part behind the last '/', the text itself if there is none. */
const char *mel_text_basename(const char *path);
/* How many single-byte edits turn a into b, at most max + 1 (for "did you mean"). */
unsigned mel_text_distance(const char *a, const char *b, unsigned max);
