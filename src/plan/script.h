/* Texts that a step gives to the shell, and how they are recorded. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"

/*
 * The whole text for the shell: stop at the first failure, the author's text as written, and
 * "exit 0", since a text may end in a test that is false. is_debug: the shell traces commands.
 */
const char *mel_script_make(struct mel_arena *arena, const char *runs, bool is_debug);

/* runs without comments; quoted texts and here-documents are kept. */
const char *mel_script_record(struct mel_arena *arena, const char *runs);

/*
 * The absolute, lexically clean folder of a step: dir below the home of the build unless it is
 * absolute; outer (absolute and clean) if dir is NULL or "".
 */
const char *mel_script_workdir(struct mel_arena *arena, const char *outer, const char *dir);
