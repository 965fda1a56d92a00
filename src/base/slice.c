/* Borrowed text: see slice.h. */
#include "base/slice.h"

#include <limits.h>

bool mel_slice_eq(struct mel_slice a, struct mel_slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool mel_slice_eq_text(struct mel_slice a, const char *text)
{
	return mel_slice_eq(a, mel_slice_of(text));
}

bool mel_slice_starts(struct mel_slice s, const char *prefix)
{
	size_t len = strlen(prefix);

	return s.len >= len && memcmp(s.ptr, prefix, len) == 0;
}

bool mel_slice_ends(struct mel_slice s, const char *suffix)
{
	size_t len = strlen(suffix);

	return s.len >= len && memcmp(s.ptr + s.len - len, suffix, len) == 0;
}

int mel_slice_cmp(struct mel_slice a, struct mel_slice b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len ? memcmp(a.ptr, b.ptr, len) : 0;

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

static bool in_set(char c, const char *set)
{
	return c != '\0' && strchr(set, c);
}

struct mel_slice mel_slice_trim(struct mel_slice s, const char *set)
{
	while (s.len && in_set(s.ptr[0], set))
		s.ptr++, s.len--;
	while (s.len && in_set(s.ptr[s.len - 1], set))
		s.len--;
	return s;
}

bool mel_slice_next(struct mel_slice *rest, char sep, struct mel_slice *piece)
{
	if (!rest->ptr)
		return false;

	const char *end = memchr(rest->ptr, sep, rest->len);

	if (!end) {
		*piece = *rest;
		rest->ptr = NULL;
		rest->len = 0;
		return true;
	}
	*piece = mel_slice_make(rest->ptr, (size_t)(end - rest->ptr));
	rest->len -= piece->len + 1;
	rest->ptr = end + 1;
	return true;
}

bool mel_slice_word(struct mel_slice *rest, const char *set, struct mel_slice *word)
{
	while (rest->len && in_set(rest->ptr[0], set))
		rest->ptr++, rest->len--;
	*word = mel_slice_make(rest->ptr, 0);
	while (rest->len && !in_set(rest->ptr[0], set))
		rest->ptr++, rest->len--, word->len++;
	return word->len != 0;
}

static int bad_number(struct mel_slice s, struct mel_err **err)
{
	int shown = s.len > 40 ? 40 : (int)s.len;

	if (s.len == 0)
		return mel_err_set(err, MEL_ERR_INPUT, "expected a number, found nothing");
	return mel_err_set(err, MEL_ERR_INPUT,
			   "expected a decimal number in range, found '%.*s'", shown, s.ptr);
}

int mel_slice_u64(struct mel_slice s, uint64_t *out, struct mel_err **err)
{
	uint64_t v = 0;

	if (s.len == 0)
		return bad_number(s, err);
	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = (unsigned char)s.ptr[i] - (unsigned)'0';

		if (digit > 9 || __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, digit, &v))
			return bad_number(s, err);
	}
	*out = v;
	return 0;
}

int mel_slice_i64(struct mel_slice s, int64_t *out, struct mel_err **err)
{
	bool negative = s.len && s.ptr[0] == '-';
	bool is_signed = s.len && (s.ptr[0] == '-' || s.ptr[0] == '+');
	struct mel_slice digits = { s.ptr + is_signed, s.len - is_signed };
	uint64_t v;

	if (mel_slice_u64(digits, &v, err) < 0 || v > (uint64_t)INT64_MAX + negative)
		return bad_number(s, err);
	*out = negative ? (int64_t)(0 - v) : (int64_t)v;
	return 0;
}

bool mel_text_starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool mel_text_ends(const char *text, const char *suffix)
{
	return mel_slice_ends(mel_slice_of(text), suffix);
}

const char *mel_text_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

enum { DISTANCE_MAX_LEN = 64 };

unsigned mel_text_distance(const char *a, const char *b, unsigned max)
{
	size_t a_len = strlen(a), b_len = strlen(b);
	unsigned row[DISTANCE_MAX_LEN + 1];

	if (a_len > DISTANCE_MAX_LEN || b_len > DISTANCE_MAX_LEN)
		return max + 1;
	for (size_t j = 0; j <= b_len; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= a_len; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			unsigned change = diagonal + (a[i - 1] != b[j - 1]);
			unsigned drop = row[j] + 1, add = row[j - 1] + 1;

			diagonal = row[j];
			row[j] = change < drop ? change : drop;
			if (add < row[j])
				row[j] = add;
		}
	}
	return row[b_len] > max ? max + 1 : row[b_len];
}
