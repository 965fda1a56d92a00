/*
 * Text files of the cache's state that many processes append whole lines to. A process that is
 * killed, or a full disk, may leave a torn last line: the next one begins on a line of its own,
 * and readers skip what they do not understand. Replacing a file and appending to it exclude
 * each other, so that no line is lost. Source: write(2) with O_APPEND, flock(2), rename(2).
 */
#pragma once

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "cache/state.h"

/* Append len bytes (whole lines, with the last line feed) to the file name. Errors: SYSTEM. */
int mel_cache_lines_append(const struct mel_cache_state *state, const char *name,
			   const char *bytes, size_t len, struct mel_err **err);
/*
 * The content of the file, or of its last max_bytes (which may begin in the middle of a line);
 * nothing when there is no file. out is a buffer without a limit of its own. Errors: SYSTEM.
 */
int mel_cache_lines_read(const struct mel_cache_state *state, const char *name,
			 size_t max_bytes, struct mel_buf *out, struct mel_err **err);
/*
 * Rewrite the file: make gets all of it (at most max_bytes, as above) and appends what is to
 * stay to out. Errors: SYSTEM, OUTPUT, and those of make.
 */
typedef int mel_cache_lines_make(void *user, struct mel_slice old, struct mel_buf *out,
				 struct mel_err **err);
int mel_cache_lines_rewrite(const struct mel_cache_state *state, const char *name,
			    size_t max_bytes, mel_cache_lines_make *make, void *user,
			    struct mel_err **err);
