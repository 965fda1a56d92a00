/* Error values: see err.h. */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const int exit_status[MEL_ERR_COUNT] = {
	[MEL_ERR_SYSTEM] = 4,  [MEL_ERR_USAGE] = 2,     [MEL_ERR_INPUT] = 3,
	[MEL_ERR_LIMIT] = 3,   [MEL_ERR_CRYPTO] = 3,    [MEL_ERR_NETWORK] = 4,
	[MEL_ERR_SANDBOX] = 4, [MEL_ERR_STEP] = 1,      [MEL_ERR_LINT] = 5,
	[MEL_ERR_OUTPUT] = 6,  [MEL_ERR_TIMEOUT] = 124,
};

static char *vtext(const char *fmt, va_list ap)
{
	char *text = NULL;

	if (vasprintf(&text, fmt, ap) < 0)
		return mel_strdup(fmt);
	return text;
}

static int fill(struct mel_err **err, enum mel_err_kind kind, int errnum, char *text)
{
	struct mel_err *made = mel_alloc(sizeof(*made));

	made->kind = kind;
	made->errnum = errnum;
	made->text = text;
	mel_err_free(*err);
	*err = made;
	return -1;
}

int mel_err_set(struct mel_err **err, enum mel_err_kind kind, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	char *text = vtext(fmt, ap);
	va_end(ap);
	return fill(err, kind, 0, text);
}

int mel_err_sys(struct mel_err **err, const char *fmt, ...)
{
	int errnum = errno;
	va_list ap;

	va_start(ap, fmt);
	MEL_AUTO_FREE char *what = vtext(fmt, ap);
	va_end(ap);
	return fill(err, MEL_ERR_SYSTEM, errnum,
		    mel_asprintf("%s: %s", what, strerror(errnum)));
}

int mel_err_at(struct mel_err **err, const struct mel_pos *pos, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	char *what = vtext(fmt, ap);
	va_end(ap);
	if (!pos || !pos->file)
		return fill(err, MEL_ERR_INPUT, 0, what);

	char *text = pos->line ? mel_asprintf("%s:%u:%u: %s", pos->file, pos->line, pos->column,
					      what)
			       : mel_asprintf("%s: %s", pos->file, what);
	free(what);
	return fill(err, MEL_ERR_INPUT, 0, text);
}

int mel_err_wrap(struct mel_err **err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	MEL_AUTO_FREE char *what = vtext(fmt, ap);
	va_end(ap);

	char *text = mel_asprintf("%s: %s", what, (*err)->text);
	free((*err)->text);
	(*err)->text = text;
	return -1;
}

int mel_err_as(struct mel_err **err, enum mel_err_kind kind)
{
	(*err)->kind = kind;
	return -1;
}

void mel_err_append(struct mel_err **list, struct mel_err *more)
{
	while (*list)
		list = &(*list)->next;
	*list = more;
}

size_t mel_err_count(const struct mel_err *err)
{
	size_t count = 0;

	for (; err; err = err->next)
		count++;
	return count;
}

int mel_err_exit_status(const struct mel_err *err)
{
	if (!err)
		return 0;
	return err->kind == MEL_ERR_SIGNAL ? 128 + err->errnum : exit_status[err->kind];
}

void mel_err_free(struct mel_err *err)
{
	while (err) {
		struct mel_err *next = err->next;

		free(err->text);
		free(err);
		err = next;
	}
}

void mel_err_auto(struct mel_err **err)
{
	mel_err_free(*err);
}
