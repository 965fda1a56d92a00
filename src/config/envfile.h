/*
 * Files of environment variables (--env-file), in the dotenv way: NAME=value or NAME: value, an
 * optional "export", comments, quotes; $NAME and ${NAME} (A-Z 0-9 _) stand for an earlier
 * variable of the same file. The caller's environment is never consulted.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/map.h"
#include "base/slice.h"

/*
 * Read text into out (name -> const char *, both in arena), a later assignment of a file
 * winning. name is the file's, for messages. Errors: INPUT with file:line:column.
 */
int mel_envfile_parse(struct mel_map *out, struct mel_arena *arena, const char *name,
		      struct mel_slice text, struct mel_err **err);
