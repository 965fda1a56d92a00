/*
 * Entries of var-transforms: all matches of a pattern in a text replaced. The pattern is RE2's
 * (config/regex.h), the replacement expands $1, ${1}, $name, ${name} and $$.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

/*
 * *out: text with every match of pattern replaced by the expansion of replace, in arena; text
 * itself if nothing matches. A name in replace is the longest run of letters, digits and '_';
 * what names no group is empty. Errors: INPUT (pattern), LIMIT (matching takes too long, or
 * the result is too large). Source: regexp.ReplaceAllString and Expand of Go's regexp package.
 */
int mel_transform(const char **out, struct mel_arena *arena, const char *pattern,
		  const char *text, const char *replace, struct mel_err **err);
