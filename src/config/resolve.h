/*
 * Texts that refer to one another, resolved in dependency order: values of vars, inputs of a
 * definition. A circle is an error that names its members.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "config/vars.h"

struct mel_resolve_node {
	const char *name; /* as references spell it */
	const char *text;
	struct mel_pos pos;
	size_t limit;        /* sees only nodes in front of this index */
	bool is_lenient;     /* unknown references stay as written */
	bool is_outer_first; /* names of the outer scope win over those of other nodes */
	const char *match, *replace; /* match not NULL: transform the text afterwards */
	struct mel_pos match_pos;
	const char *value; /* result; NULL before */
	bool is_open;      /* being resolved */
};

/*
 * Fill in the values of len nodes. A name that several nodes have is the last one's that the
 * referring node may see. Values are in arena. Errors: INPUT (every node that is wrong).
 */
int mel_resolve(struct mel_resolve_node *node, size_t len, const struct mel_scope *outer,
		struct mel_arena *arena, struct mel_err **err);
