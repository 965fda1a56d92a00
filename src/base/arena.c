/* Bump allocator: see arena.h. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

enum { BLOCK_BYTES = 16 * 1024 };

struct mel_arena_block {
	struct mel_arena_block *next;
	size_t used, size;
	alignas(max_align_t) char data[];
};

static struct mel_arena_block *block_with(struct mel_arena *arena, size_t size)
{
	struct mel_arena_block *block = arena->block;

	if (block && block->size - block->used >= size)
		return block;

	size_t room = size > BLOCK_BYTES ? size : BLOCK_BYTES;

	block = mel_alloc(sizeof(*block) + room);
	block->size = room;
	/* A large one goes behind the current block, which still has room for small ones. */
	if (arena->block && size > BLOCK_BYTES / 2) {
		block->next = arena->block->next;
		arena->block->next = block;
	} else {
		block->next = arena->block;
		arena->block = block;
	}
	return block;
}

void *mel_arena_alloc(struct mel_arena *arena, size_t size)
{
	size_t aligned;

	if (__builtin_add_overflow(size, alignof(max_align_t) - 1, &aligned))
		abort();
	aligned &= ~(alignof(max_align_t) - 1);

	struct mel_arena_block *block = block_with(arena, aligned);
	void *ptr = block->data + block->used;

	block->used += aligned;
	arena->used += aligned;
	return ptr;
}

void *mel_arena_array(struct mel_arena *arena, size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total))
		abort();
	return mel_arena_alloc(arena, total);
}

char *mel_arena_strndup(struct mel_arena *arena, const char *ptr, size_t len)
{
	char *copy = mel_arena_alloc(arena, len + 1);

	if (len)
		memcpy(copy, ptr, len);
	return copy;
}

char *mel_arena_strdup(struct mel_arena *arena, const char *text)
{
	return mel_arena_strndup(arena, text, strlen(text));
}

char *mel_arena_slice(struct mel_arena *arena, struct mel_slice s)
{
	return mel_arena_strndup(arena, s.ptr, s.len);
}

char *mel_arena_printf(struct mel_arena *arena, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0)
		abort();

	char *text = mel_arena_alloc(arena, (size_t)len + 1);

	va_start(ap, fmt);
	vsnprintf(text, (size_t)len + 1, fmt, ap);
	va_end(ap);
	return text;
}

void mel_arena_clear(struct mel_arena *arena)
{
	while (arena->block) {
		struct mel_arena_block *next = arena->block->next;

		free(arena->block);
		arena->block = next;
	}
	arena->used = 0;
}
