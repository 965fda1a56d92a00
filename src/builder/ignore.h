/* .melangeignore: which files of the source directory stay out of the workspace. The patterns
 * are those of gitignore(5): order, negation, directories, anchors, "**". */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/vec.h"

struct mel_ignore_rule {
	const char *pattern; /* without leading and trailing '/' */
	bool is_negated, is_dir_only, is_anchored;
};

struct mel_ignore {
	struct mel_arena arena;
	MEL_VEC(struct mel_ignore_rule) rule;
};

/* Read .melangeignore of the directory; a missing file gives no rules. */
int mel_ignore_load(struct mel_ignore *out, int dirfd, struct mel_err **err);
/* Add the rules of one text. */
void mel_ignore_parse(struct mel_ignore *out, const char *text, size_t len);
/* Is path (relative, no leading "./") left out? Its parents have been asked before. */
bool mel_ignore_match(const struct mel_ignore *ignore, const char *path, bool is_dir);
void mel_ignore_clear(struct mel_ignore *ignore);
#define MEL_AUTO_IGNORE __attribute__((cleanup(mel_ignore_clear)))
