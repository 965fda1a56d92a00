/* Regular replacement: see transform.h. The one user of PCRE2. */
#include "config/transform.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <string.h>

#include "base/buf.h"
#include "base/slice.h"
#include "config/regex.h"

enum { MAX_PATTERN = 1 << 16, MAX_RESULT = 1 << 20, MATCH_LIMIT = 1000000 };

struct matcher {
	pcre2_code *code;
	pcre2_match_data *data;
	pcre2_match_context *context;
	struct mel_regex_names names;
	struct mel_slice text;
};

static void matcher_clear(struct matcher *m)
{
	pcre2_match_context_free(m->context);
	pcre2_match_data_free(m->data);
	pcre2_code_free(m->code);
}

static int compile(struct matcher *m, struct mel_arena *arena, const char *pattern,
		   struct mel_err **err)
{
	struct mel_buf buf MEL_AUTO_BUF = MEL_BUF_INIT(MAX_PATTERN);
	struct mel_err *problem MEL_AUTO_ERR = NULL;
	const uint32_t options = PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_ALT_CIRCUMFLEX;
	pcre2_compile_context *context;
	int code;
	size_t offset;
	char words[256];

	if (mel_regex_translate(&buf, &m->names, arena, pattern, &problem) < 0)
		return mel_err_set(err, MEL_ERR_INPUT,
				   "match value: %s string does not compile into a regex: %s",
				   pattern, problem->text);
	context = pcre2_compile_context_create(NULL);
	pcre2_set_newline(context, PCRE2_NEWLINE_LF);
	m->code = pcre2_compile((PCRE2_SPTR)mel_buf_text(&buf), buf.len, options, &code,
				&offset, context);
	pcre2_compile_context_free(context);
	if (!m->code) {
		pcre2_get_error_message(code, (PCRE2_UCHAR *)words, sizeof(words));
		return mel_err_set(err, MEL_ERR_INPUT,
				   "match value: %s string does not compile into a regex: %s",
				   pattern, words);
	}
	m->data = pcre2_match_data_create_from_pattern(m->code, NULL);
	m->context = pcre2_match_context_create(NULL);
	pcre2_set_match_limit(m->context, MATCH_LIMIT);
	return 0;
}

/* Text of group number, empty if it did not take part or there is none. */
static struct mel_slice group_text(const struct matcher *m, size_t number)
{
	const size_t *at = pcre2_get_ovector_pointer(m->data);

	if (number > m->names.len || at[2 * number] == PCRE2_UNSET)
		return mel_slice_make("", 0);
	return mel_slice_make(m->text.ptr + at[2 * number],
			      at[2 * number + 1] - at[2 * number]);
}

/* The first group of that name that took part. */
static struct mel_slice named_text(const struct matcher *m, struct mel_slice name)
{
	const size_t *at = pcre2_get_ovector_pointer(m->data);

	for (size_t i = 0; i < m->names.len; i++) {
		if (m->names.name[i] && mel_slice_eq_text(name, m->names.name[i]) &&
		    at[2 * (i + 1)] != PCRE2_UNSET)
			return group_text(m, i + 1);
	}
	return mel_slice_make("", 0);
}

static void add_group(struct mel_buf *buf, const struct matcher *m, struct mel_slice name)
{
	struct mel_err *ignored MEL_AUTO_ERR = NULL;
	uint64_t number;
	bool is_number = !(name.len > 1 && name.ptr[0] == '0');

	for (size_t i = 0; i < name.len; i++)
		is_number = is_number && name.ptr[i] >= '0' && name.ptr[i] <= '9';
	if (!is_number)
		mel_buf_add_slice(buf, named_text(m, name));
	else if (mel_slice_u64(name, &number, &ignored) == 0)
		mel_buf_add_slice(buf, group_text(m, number));
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || (unsigned char)c >= 0x80;
}

/* The group that the '$' at text names; the bytes it takes, 0 if it names none. */
static size_t group_name(const char *text, struct mel_slice *name)
{
	size_t braces = text[1] == '{', len = 0;

	while (is_name(text[1 + braces + len]))
		len++;
	if (len == 0 || (braces && text[2 + len] != '}'))
		return 0;
	*name = mel_slice_make(text + 1 + braces, len);
	return 1 + len + 2 * braces;
}

static void expand(struct mel_buf *buf, const struct matcher *m, const char *replace)
{
	struct mel_slice name;
	size_t taken;

	while (*replace) {
		if (replace[0] == '$' && replace[1] == '$') {
			mel_buf_add_char(buf, '$');
			replace += 2;
		} else if (replace[0] == '$' && (taken = group_name(replace, &name))) {
			add_group(buf, m, name);
			replace += taken;
		} else {
			mel_buf_add_char(buf, *replace++);
		}
	}
}

/* Offset of the character behind the one at at. */
static size_t next_char(struct mel_slice text, size_t at)
{
	do
		at++;
	while (at < text.len && ((unsigned char)text.ptr[at] & 0xc0) == 0x80);
	return at;
}

static int replace_all(const char **out, struct mel_arena *arena, struct matcher *m,
		       const char *replace, struct mel_err **err)
{
	struct mel_buf buf MEL_AUTO_BUF = MEL_BUF_INIT(MAX_RESULT);
	struct mel_slice text = m->text;
	size_t last = 0;
	int code = 0;

	for (size_t pos = 0; pos <= text.len;) {
		code = pcre2_match(m->code, (PCRE2_SPTR)text.ptr, text.len, pos, 0, m->data,
				   m->context);
		if (code < 0)
			break;

		const size_t *at = pcre2_get_ovector_pointer(m->data);
		size_t start = at[0], end = at[1];

		mel_buf_add(&buf, text.ptr + last, start - last);
		/* An empty match right behind the one before is not one. */
		if (end > last || start == 0)
			expand(&buf, m, replace);
		last = end;
		pos = next_char(text, pos) > end ? next_char(text, pos) : end;
	}
	if (code < 0 && code != PCRE2_ERROR_NOMATCH)
		return mel_err_set(err, MEL_ERR_LIMIT,
				   "matching takes too long or the text is not UTF-8");
	mel_buf_add(&buf, text.ptr + last, text.len - last);
	if (mel_buf_check(&buf, "result of a transform", err) < 0)
		return -1;
	*out = mel_arena_slice(arena, mel_buf_slice(&buf));
	return 0;
}

int mel_transform(const char **out, struct mel_arena *arena, const char *pattern,
		  const char *text, const char *replace, struct mel_err **err)
{
	struct matcher m
		__attribute__((cleanup(matcher_clear))) = { .text = mel_slice_of(text) };

	if (compile(&m, arena, pattern, err) < 0)
		return -1;
	return replace_all(out, arena, &m, replace, err);
}
