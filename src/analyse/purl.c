/* Package URLs: see purl.h. */
#include "analyse/purl.h"

#include <string.h>

#include "base/mem.h"

#define ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static void escape(struct mel_buf *out, struct mel_slice text, const char *keep)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (c && strchr(keep, c))
			mel_buf_add_char(out, (char)c);
		else
			mel_buf_printf(out, "%%%02X", c);
	}
}

void mel_purl_segment(struct mel_buf *out, struct mel_slice text)
{
	escape(out, text, ALNUM "-._~!$&'()*,;=:");
}

void mel_purl_value(struct mel_buf *out, struct mel_slice text)
{
	escape(out, text, ALNUM "-._~:");
}

void mel_purl_path(struct mel_buf *out, struct mel_slice text)
{
	struct mel_slice part;
	bool has_part = false;

	while (mel_slice_word(&text, "/", &part)) {
		if (has_part)
			mel_buf_add_char(out, '/');
		mel_purl_segment(out, part);
		has_part = true;
	}
}

static bool is_given(const char *text)
{
	return text && text[0];
}

void mel_purl_format(struct mel_buf *out, const struct mel_purl *purl)
{
	char separator = '?';

	mel_buf_printf(out, "pkg:%s/", purl->type);
	if (is_given(purl->name_space)) {
		mel_purl_path(out, mel_slice_of(purl->name_space));
		mel_buf_add_char(out, '/');
	}
	mel_purl_segment(out, mel_slice_of(purl->name));
	if (is_given(purl->version)) {
		mel_buf_add_char(out, '@');
		mel_purl_segment(out, mel_slice_of(purl->version));
	}
	for (size_t i = 0; i < MEL_COUNTOF(purl->qualifier); i++) {
		if (!is_given(purl->qualifier[i].value))
			continue;
		mel_buf_printf(out, "%c%s=", separator, purl->qualifier[i].key);
		mel_purl_value(out, mel_slice_of(purl->qualifier[i].value));
		separator = '&';
	}
	if (is_given(purl->subpath)) {
		mel_buf_add_char(out, '#');
		mel_purl_path(out, mel_slice_of(purl->subpath));
	}
}
