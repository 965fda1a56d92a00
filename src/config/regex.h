/*
 * Patterns of var-transforms, in the RE2 dialect, rewritten so that PCRE2 reads the same
 * language. What RE2 has not (look-around, back references, possessive repetition, …) is
 * refused. Source: https://github.com/google/re2/wiki/Syntax, pcre2pattern(3).
 */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct mel_regex_names {
	const char **name; /* by group number - 1; NULL for a group without a name */
	size_t len;        /* number of groups */
};

/*
 * Add pattern in PCRE2's words to buf; the names of its groups (no name is in the pattern any
 * more) go to names, in arena. Errors: INPUT, the problem and its text.
 */
int mel_regex_translate(struct mel_buf *buf, struct mel_regex_names *names,
			struct mel_arena *arena, const char *pattern, struct mel_err **err);
