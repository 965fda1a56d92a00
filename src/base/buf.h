/*
 * Growing bytes with a hard maximum. The content is always followed by a NUL that does not
 * count. Going over the maximum is remembered (is_over) and further bytes are dropped, so
 * that writing code checks once at its end with mel_buf_check.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"

struct mel_buf {
	char *ptr; /* owned; NULL while empty */
	size_t len, cap, max;
	bool is_over;
};

/* struct mel_buf b MEL_AUTO_BUF = MEL_BUF_INIT(max_bytes); */
#define MEL_BUF_INIT(max_bytes)                                                                \
	{                                                                                      \
		.max = (max_bytes)                                                             \
	}
#define MEL_AUTO_BUF     __attribute__((cleanup(mel_buf_clear)))
#define MEL_BUF_NO_LIMIT ((size_t)1 << 40)

void mel_buf_add(struct mel_buf *buf, const void *bytes, size_t len);
void mel_buf_add_text(struct mel_buf *buf, const char *text);
void mel_buf_add_slice(struct mel_buf *buf, struct mel_slice s);
void mel_buf_add_char(struct mel_buf *buf, char c);
void mel_buf_printf(struct mel_buf *buf, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void mel_buf_vprintf(struct mel_buf *buf, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));
/* Room for len more bytes, to be filled by the caller, who then adds to buf->len. */
char *mel_buf_reserve(struct mel_buf *buf, size_t len);
/* Cut back to len bytes; no effect if there are fewer. */
void mel_buf_truncate(struct mel_buf *buf, size_t len);
/* -1 with LIMIT if the maximum was exceeded; what names the content. */
int mel_buf_check(const struct mel_buf *buf, const char *what, struct mel_err **err);
/* The content as a C text, "" when empty; valid until the next change. */
const char *mel_buf_text(const struct mel_buf *buf);
struct mel_slice mel_buf_slice(const struct mel_buf *buf);
/* Content out of the buffer, which is then empty; never NULL. The caller frees. */
char *mel_buf_steal(struct mel_buf *buf, size_t *len);
void mel_buf_clear(struct mel_buf *buf);
