/*
 * Licences of a package as SPDX sees them: validity of expressions, identifiers for licences
 * that SPDX does not know, and the texts that go with them. Sources: SPDX specification 2.3,
 * annex D "SPDX license expressions"; list of identifiers in spdx_ids.txt.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "config/model.h"

/* The entries below are those of the main package; license may be NULL, which counts as "". */

/* Is the whole text one valid expression: known identifiers in any case, operators in upper? */
bool mel_license_is_valid(const char *expression);
/* The license itself if it is a valid expression, else a LicenseRef made from it. */
const char *mel_license_id(struct mel_arena *arena, const char *license);
/*
 * One expression for all entries: joined with AND, those with an OR in them in parentheses when
 * there is more than one. "" for none.
 */
const char *mel_license_expression(struct mel_arena *arena, const struct mel_copyright *entry,
				   size_t entry_len);
/* The attestations, each followed by a line feed; "" when there is none. */
const char *mel_license_attestations(struct mel_arena *arena, const struct mel_copyright *entry,
				     size_t entry_len);

enum { MEL_LICENSE_MAX_BYTES = 1 << 20 };

struct mel_license_text {
	const char *id;
	const char *text; /* bytes, NUL-terminated beyond len */
	size_t len;
};

struct mel_license_texts {
	struct mel_license_text *at; /* sorted by id, each id once */
	size_t len;
	struct mel_arena arena;
};

/*
 * The texts of the entries: the file named by license-path, or for a LicenseRef without one a
 * placeholder, with a warning. Files are opened below workspace_fd (borrowed) without passing
 * any symbolic link. Errors: INPUT (path leads outside, is no regular file), SYSTEM (cannot
 * read), LIMIT (more than MEL_LICENSE_MAX_BYTES). Free with mel_license_texts_clear.
 */
int mel_license_texts_load(struct mel_license_texts *out, int workspace_fd,
			   const struct mel_copyright *entry, size_t entry_len,
			   struct mel_err **err);
void mel_license_texts_clear(struct mel_license_texts *texts);
#define MEL_AUTO_LICENSE_TEXTS __attribute__((cleanup(mel_license_texts_clear)))
