/*
 * Bump allocator for what one parse or plan produces, freed as a whole. A zeroed arena is
 * empty and ready. Never for fds, children or growing buffers.
 */
#pragma once

#include <stddef.h>

#include "base/slice.h"

struct mel_arena {
	struct mel_arena_block *block;
	size_t used; /* bytes handed out, for limits */
};

/* size zeroed bytes, aligned for any type. */
void *mel_arena_alloc(struct mel_arena *arena, size_t size) __attribute__((returns_nonnull));
/* count elements of size bytes; overflow ends the program. */
void *mel_arena_array(struct mel_arena *arena, size_t count, size_t size)
	__attribute__((returns_nonnull));
char *mel_arena_strdup(struct mel_arena *arena, const char *text);
/* NUL-terminated copy of len bytes. */
char *mel_arena_strndup(struct mel_arena *arena, const char *ptr, size_t len);
char *mel_arena_slice(struct mel_arena *arena, struct mel_slice s);
char *mel_arena_printf(struct mel_arena *arena, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void mel_arena_clear(struct mel_arena *arena);
#define MEL_AUTO_ARENA __attribute__((cleanup(mel_arena_clear)))
