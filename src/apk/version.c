/*
 * Versions: see version.h. A version is walked token by token; the kinds are ordered so that,
 * where two versions part, the one whose token has the larger kind is less.
 */
#include "apk/version.h"

#include <string.h>

#include "base/mem.h"

enum kind {
	KIND_FIRST_NUMBER,
	KIND_NUMBER, /* behind a '.' */
	KIND_LETTER,
	KIND_SUFFIX,
	KIND_SUFFIX_NUMBER,
	KIND_HASH,
	KIND_REVISION,
	KIND_END,
	KIND_INVALID,
};

/* Those before the gap stand for versions before the plain one. */
static const char *const suffixes[] = { "alpha", "beta", "pre", "rc", "cvs",
					"svn",   "git",  "hg",  "p" };
enum { SUFFIX_PRE_COUNT = 4 };

struct token {
	enum kind kind;
	struct mel_slice text;
	uint64_t number; /* value, letter, or index of the suffix */
	bool has_overflow;
	struct mel_slice rest;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static size_t digits_of(struct mel_slice s)
{
	size_t len = 0;

	while (len < s.len && is_digit(s.ptr[len]))
		len++;
	return len;
}

/* Make the token of kind from the next len bytes. */
static void take(struct token *token, enum kind kind, size_t len)
{
	token->kind = kind;
	token->text = mel_slice_make(token->rest.ptr, len);
	token->rest = mel_slice_make(token->rest.ptr + len, token->rest.len - len);
}

static void take_number(struct token *token, enum kind kind)
{
	size_t len = digits_of(token->rest);

	if (len == 0) {
		token->kind = KIND_INVALID;
		return;
	}
	take(token, kind, len);
	token->number = 0;
	for (size_t i = 0; i < len; i++) {
		uint64_t digit = (uint64_t)(token->text.ptr[i] - '0');

		if (token->number > ((uint64_t)INT64_MAX - digit) / 10)
			token->has_overflow = true;
		token->number = token->number * 10 + digit;
	}
}

static void take_suffix(struct token *token)
{
	size_t len = 0;

	while (len < token->rest.len && token->rest.ptr[len] >= 'a' &&
	       token->rest.ptr[len] <= 'z')
		len++;
	take(token, KIND_SUFFIX, len);
	for (size_t i = 0; i < MEL_COUNTOF(suffixes); i++)
		if (mel_slice_eq_text(token->text, suffixes[i])) {
			token->number = i;
			return;
		}
	token->kind = KIND_INVALID;
}

static void take_hash(struct token *token)
{
	size_t len = 0;

	while (len < token->rest.len &&
	       (is_digit(token->rest.ptr[len]) ||
		(token->rest.ptr[len] >= 'a' && token->rest.ptr[len] <= 'f')))
		len++;
	take(token, len ? KIND_HASH : KIND_INVALID, len);
}

static void skip(struct token *token, size_t len)
{
	token->rest = mel_slice_make(token->rest.ptr + len, token->rest.len - len);
}

static void next(struct token *token)
{
	enum kind before = token->kind;
	char c = token->rest.len ? token->rest.ptr[0] : '\0';

	if (before == KIND_END || before == KIND_INVALID)
		return;
	if (token->rest.len == 0) {
		take(token, KIND_END, 0);
	} else if (c == '.' && before <= KIND_NUMBER) {
		skip(token, 1);
		take_number(token, KIND_NUMBER);
	} else if (c >= 'a' && c <= 'z' && before <= KIND_NUMBER) {
		token->number = (unsigned char)c;
		take(token, KIND_LETTER, 1);
	} else if (is_digit(c) && before == KIND_SUFFIX) {
		take_number(token, KIND_SUFFIX_NUMBER);
	} else if (c == '_' && before <= KIND_SUFFIX_NUMBER) {
		skip(token, 1);
		take_suffix(token);
	} else if (c == '~' && before < KIND_HASH) {
		skip(token, 1);
		take_hash(token);
	} else if (c == '-' && token->rest.len > 1 && token->rest.ptr[1] == 'r' &&
		   before < KIND_REVISION) {
		skip(token, 2);
		take_number(token, KIND_REVISION);
	} else {
		token->kind = KIND_INVALID;
	}
}

static struct token first(struct mel_slice version)
{
	struct token token = { .rest = version };

	take_number(&token, KIND_FIRST_NUMBER);
	return token;
}

bool mel_version_is_valid(struct mel_slice version)
{
	struct token token = first(version);

	while (token.kind < KIND_END)
		next(&token);
	return token.kind == KIND_END;
}

static int order_of(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* Two tokens of one kind. */
static int compare_tokens(const struct token *a, const struct token *b)
{
	bool has_zero = a->text.ptr[0] == '0' || b->text.ptr[0] == '0';

	if (a->kind == KIND_HASH || (a->kind == KIND_NUMBER && has_zero))
		return mel_slice_cmp(a->text, b->text);
	return order_of(a->number, b->number);
}

static bool is_before_release(const struct token *token)
{
	return token->kind == KIND_SUFFIX && token->number < SUFFIX_PRE_COUNT;
}

static int compare(struct mel_slice a_text, struct mel_slice b_text, bool is_fuzzy)
{
	struct token a = first(a_text), b = first(b_text);

	while (a.kind == b.kind && a.kind < KIND_END) {
		int order = compare_tokens(&a, &b);

		if (order)
			return order;
		next(&a);
		next(&b);
	}
	if (a.kind == b.kind || (is_fuzzy && b.kind == KIND_END))
		return 0;
	if (is_before_release(&a))
		return -1;
	if (is_before_release(&b))
		return 1;
	return order_of(b.kind, a.kind);
}

int mel_version_compare(struct mel_slice a, struct mel_slice b)
{
	return compare(a, b, false);
}

/* Does long_one spell short_one with "-r0" behind it? */
static bool adds_revision_zero(struct mel_slice long_one, struct mel_slice short_one)
{
	struct token token = first(short_one);

	if (long_one.len != short_one.len + 3 ||
	    memcmp(long_one.ptr, short_one.ptr, short_one.len) != 0 ||
	    memcmp(long_one.ptr + short_one.len, "-r0", 3) != 0)
		return false;
	while (token.kind < KIND_REVISION)
		next(&token);
	return token.kind == KIND_END;
}

bool mel_version_matches(struct mel_slice version, unsigned test, struct mel_slice wanted)
{
	int order = compare(version, wanted, test & MEL_VERSION_FUZZY);

	if (!mel_version_is_valid(version) || !mel_version_is_valid(wanted))
		return false;
	if (test == MEL_VERSION_EQUAL &&
	    (adds_revision_zero(version, wanted) || adds_revision_zero(wanted, version)))
		return true;
	if (test == MEL_VERSION_FUZZY)
		return order == 0;
	return order == 0  ? test & MEL_VERSION_EQUAL
	       : order < 0 ? test & MEL_VERSION_LESS
			   : test & MEL_VERSION_GREATER;
}

int mel_version_check(const char *version, struct mel_err **err)
{
	struct token token = first(mel_slice_of(version));
	unsigned pre = 0, post = 0;
	bool is_good = true;

	for (; token.kind < KIND_END; next(&token)) {
		if (token.has_overflow)
			return mel_err_set(err, MEL_ERR_INPUT,
					   "version '%s' has a number of 2^63 or more",
					   version);
		if (token.kind == KIND_REVISION)
			return mel_err_set(
				err, MEL_ERR_INPUT,
				"version '%s' ends in a revision: that is what epoch "
				"is for",
				version);
		if (token.kind == KIND_HASH)
			is_good = false;
		if (token.kind == KIND_SUFFIX && is_before_release(&token)) {
			is_good = is_good && post == 0;
			pre++;
		} else if (token.kind == KIND_SUFFIX) {
			post++;
		}
	}
	if (token.kind == KIND_END && is_good && pre <= 1 && post <= 1)
		return 0;
	return mel_err_set(
		err, MEL_ERR_INPUT,
		"version '%s' is not of the form 1.2.3a_rc1_p1 (numbers with dots, one "
		"letter, at most one of _alpha _beta _pre _rc and one of _cvs _svn _git "
		"_hg _p)",
		version);
}
