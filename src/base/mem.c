/* Checked allocation: see mem.h. Source: malloc(3), reallocarray(3). */
#include "base/mem.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *checked(void *ptr)
{
	static const char text[] = "melange: out of memory\n";

	if (!ptr) {
		if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
			abort();
		abort();
	}
	return ptr;
}

void *mel_alloc(size_t size)
{
	return checked(calloc(1, size ? size : 1));
}

void *mel_realloc(void *ptr, size_t count, size_t size)
{
	return checked(reallocarray(ptr, count ? count : 1, size ? size : 1));
}

char *mel_strdup(const char *text)
{
	return checked(strdup(text));
}

char *mel_strndup(const char *text, size_t len)
{
	return checked(strndup(text, len));
}

char *mel_asprintf(const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	return checked(text);
}

void mel_auto_free(void *ptr_to_ptr)
{
	free(*(void **)ptr_to_ptr);
}

void mel_auto_close(const int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

void mel_auto_fclose(FILE **file)
{
	if (*file)
		fclose(*file);
}
