/* Values of flags: text to the field of a struct. See options.h. */
#include "cmd/options.h"

#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/slice.h"
#include "base/units.h"

static void *field(const struct mel_opt *row, void *out)
{
	return (char *)out + row->offset;
}

static int store_bool(bool *out, const char *text, struct mel_err **err)
{
	static const char *const word[2][6] = {
		{ "0", "f", "F", "false", "FALSE", "False" },
		{ "1", "t", "T", "true", "TRUE", "True" },
	};

	for (size_t i = 0; i < 2 * MEL_COUNTOF(word[0]); i++) {
		if (mel_text_eq(word[i % 2][i / 2], text)) {
			*out = i % 2;
			return 0;
		}
	}
	return mel_err_set(err, MEL_ERR_USAGE,
			   "parsing \"%s\": invalid syntax, expected true or false", text);
}

/* Cut one quoted field off *at, which stands behind the opening quote; left behind the closing
 * one. */
static const char *quoted(const char **at, struct mel_arena *arena)
{
	char *made = mel_arena_alloc(arena, strlen(*at) + 1);
	size_t len = 0;

	for (const char *p = *at; *p; p++) {
		if (p[0] == '"' && p[1] != '"') {
			*at = p + 1;
			return made;
		}
		p += p[0] == '"';
		made[len++] = *p;
	}
	return NULL;
}

int mel_opt_csv(struct mel_opt_list *list, const char *text, struct mel_arena *arena,
		struct mel_err **err)
{
	const char *at = text;

	while (*text) {
		const char *made;

		if (*at == '"') {
			at++;
			made = quoted(&at, arena);
			if (!made || (*at && *at != ','))
				return mel_err_set(err, MEL_ERR_USAGE,
						   "parse error on column %zu: extraneous or "
						   "missing \" in quoted-field",
						   made ? (size_t)(at - text) + 1
							: strlen(text) + 1);
		} else {
			size_t len = strcspn(at, ",\"");

			if (at[len] == '"')
				return mel_err_set(err, MEL_ERR_USAGE,
						   "parse error on column %zu: bare \" in "
						   "non-quoted field",
						   (size_t)(at - text) + len + 1);
			made = mel_arena_strndup(arena, at, len);
			at += len;
		}
		mel_vec_push(list, made);
		if (!*at++)
			break;
	}
	return 0;
}

static int store_list(struct mel_opt_list *out, const char *text, bool is_first,
		      struct mel_arena *arena, struct mel_err **err)
{
	if (is_first)
		out->len = 0;
	return mel_opt_csv(out, text, arena, err);
}

static int store_uint(uint64_t *out, const char *text, struct mel_err **err)
{
	if (mel_slice_u64(mel_slice_of(text), out, err) < 0)
		return mel_err_set(err, MEL_ERR_USAGE, "parsing \"%s\": invalid syntax", text);
	return 0;
}

int mel_opt_store(const struct mel_opt *row, void *out, const char *text, bool is_first,
		  struct mel_arena *arena, struct mel_err **err)
{
	switch (row->type) {
	case MEL_OPT_BOOL:
		return store_bool(field(row, out), text, err);
	case MEL_OPT_TEXT:
		*(const char **)field(row, out) = text;
		return 0;
	case MEL_OPT_LIST:
		return store_list(field(row, out), text, is_first, arena, err);
	case MEL_OPT_DURATION:
		return mel_duration_parse(text, field(row, out), err) < 0
			       ? mel_err_as(err, MEL_ERR_USAGE)
			       : 0;
	case MEL_OPT_UINT:
		return store_uint(field(row, out), text, err);
	case MEL_OPT_SIZE:
		return mel_size_parse(text, field(row, out), err) < 0
			       ? mel_err_as(err, MEL_ERR_USAGE)
			       : 0;
	case MEL_OPT_AGE:
		return mel_age_parse(text, field(row, out), err) < 0
			       ? mel_err_as(err, MEL_ERR_USAGE)
			       : 0;
	case MEL_OPT_HEADING:
		break;
	}
	return 0;
}

void mel_opt_table_clear(const struct mel_opt_table *table)
{
	for (size_t i = 0; table->out && i < table->len; i++)
		if (table->row[i].type == MEL_OPT_LIST)
			mel_vec_clear((struct mel_opt_list *)field(&table->row[i], table->out));
}
