/*
 * Checked allocation and scope-owned resources. Out of memory ends the program: sizes that
 * come from input are bounded before they get here. Source: malloc(3), GCC cleanup attribute.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

#define MEL_COUNTOF(a) (sizeof(a) / sizeof((a)[0]))

/* Memory of size bytes, zeroed; never NULL. The caller frees. */
void *mel_alloc(size_t size) __attribute__((malloc, returns_nonnull));
/* ptr grown or shrunk to count * size bytes; overflow ends the program. The caller frees. */
void *mel_realloc(void *ptr, size_t count, size_t size) __attribute__((returns_nonnull));
/* Copies; the caller frees. */
char *mel_strdup(const char *text) __attribute__((malloc, returns_nonnull));
char *mel_strndup(const char *text, size_t len) __attribute__((malloc, returns_nonnull));
char *mel_asprintf(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), malloc, returns_nonnull));

/* Cleanup functions behind the attributes below. */
void mel_auto_free(void *ptr_to_ptr);
void mel_auto_close(const int *fd);
void mel_auto_fclose(FILE **file);

/* Declare empty (NULL, -1), fill, steal on success. */
#define MEL_AUTO_FREE   __attribute__((cleanup(mel_auto_free)))
#define MEL_AUTO_CLOSE  __attribute__((cleanup(mel_auto_close)))
#define MEL_AUTO_FCLOSE __attribute__((cleanup(mel_auto_fclose)))

/* Take the fd out of its variable, which becomes -1. */
static inline int mel_steal_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static inline void *mel_steal_void(void *ptr_to_ptr)
{
	void **place = (void **)ptr_to_ptr;
	void *taken = *place;

	*place = NULL;
	return taken;
}

/* Take the pointer out of its variable, which becomes NULL; keeps the type. */
#define mel_steal_ptr(place) ((__typeof__(*(place)))mel_steal_void(place))
