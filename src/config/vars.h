/*
 * References to variables, "${{ NAME }}", and the scopes they are looked up in. One scanner,
 * two ways to fill in: lenient (a text that people read: what is not known stays as written)
 * and strict (a text that is run: what is not known is an error). Inserted values are not
 * scanned again. NAME is made of A-Z a-z 0-9 . - _ +; blanks are space, tab, LF, CR.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/map.h"
#include "base/slice.h"

/* Most bytes that a text may grow to by filling in. */
#define MEL_VARS_MAX_BYTES ((size_t)4 << 20)

/*
 * Variables by full name ("package.name"), then those of parent. A zeroed scope is empty.
 * Names and values are borrowed. Clear with mel_scope_clear.
 */
struct mel_scope {
	struct mel_map map; /* name -> const char * */
	const struct mel_scope *parent;
};
#define MEL_AUTO_SCOPE __attribute__((cleanup(mel_scope_clear)))

void mel_scope_set(struct mel_scope *scope, const char *name, const char *value);
/* The value of name in scope or its parents, NULL if it has none. */
const char *mel_scope_get(const struct mel_scope *scope, struct mel_slice name);
/* The known name most like name, for "did you mean"; NULL if none is near. */
const char *mel_scope_nearest(const struct mel_scope *scope, struct mel_slice name);
void mel_scope_clear(struct mel_scope *scope);

enum mel_ref_state {
	MEL_REF_OK,
	MEL_REF_EMPTY,        /* no name behind the braces; at is where it is missed */
	MEL_REF_UNTERMINATED, /* no "}}" at at, behind name */
};

/* One "${{" in a text and what follows it; offsets in bytes. */
struct mel_ref {
	enum mel_ref_state state;
	size_t start, end; /* end: behind "}}"; only with OK */
	size_t at;         /* where the problem is */
	struct mel_slice name;
};

/* The first reference that starts at or behind from; false if there is none. */
bool mel_ref_next(struct mel_slice text, size_t from, struct mel_ref *out);
/* Line (from 1) of offset in text. */
unsigned mel_ref_line(struct mel_slice text, size_t offset);
/* Add the words for a reference that is not OK to err. Always -1. */
int mel_ref_error(const struct mel_ref *ref, const struct mel_pos *pos, struct mel_err **err);

/* text with the references that scope knows filled in; text itself if there are none. */
const char *mel_vars_replace(struct mel_arena *arena, const char *text,
			     const struct mel_scope *scope);
/*
 * text with all references filled in; text itself if there are none. pos (may be NULL) is
 * the place of the text in its file. Errors: INPUT for each name that is not known and each
 * broken reference (all of them, as a list), LIMIT.
 */
int mel_vars_expand(const char **out, struct mel_arena *arena, const char *text,
		    const struct mel_scope *scope, const struct mel_pos *pos,
		    struct mel_err **err);
