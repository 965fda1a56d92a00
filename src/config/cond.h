/*
 * Conditions of steps and subpackages:
 *
 *   expr  = atom { ("&&" | "||") atom }                 equal rank, read from left to right
 *   atom  = "(" expr ")" | value ("==" | "!=") value    equality of bytes
 *   value = 'chars' | "chars" | "${{ NAME }}"
 *
 * A condition is read from the text of the file: a bare reference is a text value, one inside
 * a literal is replaced within that literal, and values are never read as syntax. Escapes in
 * literals: \\ \' \" \n \t; another backslash stands for itself.
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "config/vars.h"

struct mel_cond_result {
	bool value;
	const char
		*reading; /* && and || mixed without parentheses: how that was read; or NULL */
};

/*
 * Evaluate text, all of it, whatever its parts give. Errors: INPUT, "file:line:column:
 * condition "...": problem at position N" with N in bytes from 0.
 */
int mel_cond_eval(struct mel_cond_result *out, struct mel_arena *arena, const char *text,
		  const struct mel_scope *scope, const struct mel_pos *pos,
		  struct mel_err **err);

/*
 * text with the references that scope knows put in so that mel_cond_eval reads them as the
 * values they are: as literals, or escaped within the literal they are in.
 */
const char *mel_cond_bind(struct mel_arena *arena, const char *text,
			  const struct mel_scope *scope);

/*
 * text as a compiled build file records it: what early (the variables of a loaded file) knows
 * and is spelled without blanks stands as it is within literals and quoted outside; everything
 * else that late knows becomes a double-quoted literal. Errors: INPUT as mel_vars_expand.
 */
int mel_cond_record(const char **out, struct mel_arena *arena, const char *text,
		    const struct mel_scope *early, const struct mel_scope *late,
		    const struct mel_pos *pos, struct mel_err **err);
