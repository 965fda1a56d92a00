/* Growing bytes: see buf.h. */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

char *mel_buf_reserve(struct mel_buf *buf, size_t len)
{
	size_t need;

	if (__builtin_add_overflow(buf->len, len, &need) || need > buf->max) {
		buf->is_over = true;
		return NULL;
	}
	if (need + 1 > buf->cap) {
		size_t cap = buf->cap ? buf->cap : 64;

		while (cap < need + 1)
			cap *= 2;
		buf->ptr = mel_realloc(buf->ptr, cap, 1);
		buf->cap = cap;
	}
	return buf->ptr + buf->len;
}

void mel_buf_add(struct mel_buf *buf, const void *bytes, size_t len)
{
	char *room = mel_buf_reserve(buf, len);

	if (!room)
		return;
	if (len)
		memcpy(room, bytes, len);
	room[len] = '\0';
	buf->len += len;
}

void mel_buf_add_text(struct mel_buf *buf, const char *text)
{
	mel_buf_add(buf, text, strlen(text));
}

void mel_buf_add_slice(struct mel_buf *buf, struct mel_slice s)
{
	mel_buf_add(buf, s.ptr, s.len);
}

void mel_buf_add_char(struct mel_buf *buf, char c)
{
	mel_buf_add(buf, &c, 1);
}

void mel_buf_vprintf(struct mel_buf *buf, const char *fmt, va_list ap)
{
	va_list again;

	va_copy(again, ap);
	int len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (len < 0)
		return;

	char *room = mel_buf_reserve(buf, (size_t)len);

	if (!room)
		return;
	vsnprintf(room, (size_t)len + 1, fmt, ap);
	buf->len += (size_t)len;
}

void mel_buf_printf(struct mel_buf *buf, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	mel_buf_vprintf(buf, fmt, ap);
	va_end(ap);
}

void mel_buf_truncate(struct mel_buf *buf, size_t len)
{
	if (len < buf->len) {
		buf->len = len;
		buf->ptr[len] = '\0';
	}
}

int mel_buf_check(const struct mel_buf *buf, const char *what, struct mel_err **err)
{
	if (buf->is_over)
		return mel_err_set(err, MEL_ERR_LIMIT, "%s is larger than %zu bytes", what,
				   buf->max);
	return 0;
}

const char *mel_buf_text(const struct mel_buf *buf)
{
	return buf->len ? buf->ptr : "";
}

struct mel_slice mel_buf_slice(const struct mel_buf *buf)
{
	return mel_slice_make(mel_buf_text(buf), buf->len);
}

char *mel_buf_steal(struct mel_buf *buf, size_t *len)
{
	char *taken = buf->len ? buf->ptr : NULL;

	if (len)
		*len = buf->len;
	if (!taken) {
		free(buf->ptr);
		taken = mel_strdup("");
	}
	buf->ptr = NULL;
	buf->len = buf->cap = 0;
	return taken;
}

void mel_buf_clear(struct mel_buf *buf)
{
	free(buf->ptr);
	buf->ptr = NULL;
	buf->len = buf->cap = 0;
	buf->is_over = false;
}
