/* RE2 pattern -> PCRE2 pattern: see regex.h. One pass with a stack of open groups. */
#include "config/regex.h"

#include <string.h>

#include "base/mem.h"
#include "base/slice.h"

enum { MAX_GROUPS = 200, MAX_DEPTH = 100, MAX_REPEAT = 1000 };

/* Where the item that a repetition would belong to stands, and how often it repeats already. */
struct level {
	bool has_item;
	unsigned item_repeat; /* largest product of counts within the last item */
	unsigned max_repeat;  /* the same over the whole group so far */
};

struct translator {
	const char *at; /* rest of the pattern */
	struct mel_buf *buf;
	struct mel_regex_names *names;
	struct mel_arena *arena;
	struct level level[MAX_DEPTH];
	size_t depth; /* level[depth] is the open one */
	bool after_repeat;
	struct mel_err **err;
};

static int fail(struct translator *t, const char *what, const char *from, size_t len)
{
	return mel_err_set(t->err, MEL_ERR_INPUT, "%s: `%.*s`", what,
			   (int)(len > 40 ? 40 : len), from);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

static bool is_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Bytes of the UTF-8 character at text. */
static size_t char_len(const char *text)
{
	unsigned char lead = (unsigned char)*text;

	return lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/* Well enough formed for char_len; what PCRE2 looks at beyond that is its business. */
static bool is_utf8(const char *text)
{
	while (*text) {
		size_t len = char_len(text);

		if ((len == 1 && (unsigned char)*text >= 0x80) || (unsigned char)*text > 0xf4)
			return false;
		for (size_t i = 1; i < len; i++)
			if (((unsigned char)text[i] & 0xc0) != 0x80)
				return false;
		text += len;
	}
	return true;
}

static void item(struct translator *t, unsigned repeat)
{
	struct level *level = &t->level[t->depth];

	level->has_item = true;
	level->item_repeat = repeat;
	if (repeat > level->max_repeat)
		level->max_repeat = repeat;
}

/* The character at text, len bytes, so that it stands for itself. */
static void add_literal(struct translator *t, const char *text, size_t len)
{
	if (len == 1 && !is_word(*text) && (unsigned char)*text < 0x80)
		mel_buf_add_char(t->buf, '\\');
	mel_buf_add(t->buf, text, len);
}

static uint32_t hex_value(const char *text, size_t len)
{
	uint32_t value = 0;

	for (size_t i = 0; i < len && value <= 0x10ffff; i++) {
		char c = text[i];

		value = value * 16 + (uint32_t)(is_digit(c) ? c - '0' : (c | 32) - 'a' + 10);
	}
	return value;
}

/* "x" + digits at t->at (behind the backslash): the code point. */
static int hex_escape(struct translator *t, uint32_t *out)
{
	const char *start = t->at - 1, *digits = t->at + 1;
	size_t len = 0;

	if (*digits == '{') {
		digits++;
		while (is_hex(digits[len]))
			len++;
		*out = hex_value(digits, len);
		if (len == 0 || digits[len] != '}' || *out > 0x10ffff)
			return fail(t, "invalid escape sequence", start,
				    strnlen(start, 2 + len));
		t->at = digits + len + 1;
		return 0;
	}
	if (!is_hex(digits[0]) || !is_hex(digits[1]))
		return fail(t, "invalid escape sequence", start, strnlen(start, 4));
	*out = hex_value(digits, 2);
	t->at = digits + 2;
	return 0;
}

/*
 * The escape of one character, t->at at its backslash: its code point. Whatever stands for a
 * class or a place is an error here.
 */
static int char_escape(struct translator *t, uint32_t *out)
{
	static const char letters[] = "aftnrv", codes[] = "\a\f\t\n\r\v";
	const char *start = t->at++, *found;
	char c = *t->at;

	if (c == '\0')
		return fail(t, "trailing backslash at end of expression", start, 1);
	if (c == 'x')
		return hex_escape(t, out);
	if (c == '0' || (c >= '1' && c <= '7' && is_octal(t->at[1]))) {
		*out = 0;
		for (int i = 0; i < 3 && is_octal(*t->at); i++)
			*out = *out * 8 + (uint32_t)(*t->at++ - '0');
		return 0;
	}
	found = strchr(letters, c);
	if (found)
		*out = (unsigned char)codes[found - letters];
	else if ((unsigned char)c < 0x80 && (!is_word(c) || c == '_'))
		*out = (unsigned char)c;
	else
		return fail(t, "invalid escape sequence", start, 1 + char_len(t->at));
	t->at++;
	return 0;
}

/* "\pX" or "\p{Name}", t->at at the backslash. */
static int property(struct translator *t)
{
	const char *start = t->at, *name = t->at + 2;
	size_t len = 0;

	if (*name != '{') {
		if (!((*name >= 'A' && *name <= 'Z')))
			return fail(t, "invalid character class range", start,
				    strnlen(start, 3));
		mel_buf_add(t->buf, start, 3);
		t->at += 3;
		return 0;
	}
	name += name[1] == '^' ? 2 : 1;
	while (is_word(name[len]))
		len++;
	/* PCRE2 has properties of its own whose names begin with X and a small letter. */
	if (len == 0 || name[len] != '}' || (name[0] == 'X' && len == 3))
		return fail(t, "invalid character class range", start,
			    strcspn(start, "}") + (strchr(start, '}') != NULL));
	t->at = name + len + 1;
	mel_buf_add(t->buf, start, (size_t)(t->at - start));
	return 0;
}

/* A class escape at t->at; false if it is none. */
static bool is_class_escape(const struct translator *t)
{
	return t->at[0] == '\\' && t->at[1] && strchr("dDsSwWpP", t->at[1]);
}

/* RE2's \s has no vertical tab, PCRE2's has. */
static int class_escape(struct translator *t, bool is_within)
{
	char c = t->at[1];

	if (c == 'p' || c == 'P')
		return property(t);
	if (c == 's')
		mel_buf_add_text(t->buf,
				 is_within ? "\\t\\n\\f\\r\\x20" : "[\\t\\n\\f\\r\\x20]");
	else if (c == 'S')
		mel_buf_add_text(t->buf, is_within ? "\\S\\x0b" : "[\\S\\x0b]");
	else
		mel_buf_add(t->buf, t->at, 2);
	t->at += 2;
	return 0;
}

/* "[:name:]" within a class; 0 if there is none at t->at, 1 if there was. */
static int posix_class(struct translator *t)
{
	static const char *const known[] = { "alnum", "alpha", "ascii", "blank", "cntrl",
					     "digit", "graph", "lower", "print", "punct",
					     "space", "upper", "word",  "xdigit" };
	const char *end = t->at[1] == ':' ? strstr(t->at + 2, ":]") : NULL;
	struct mel_slice name;

	if (!end)
		return 0;
	name = mel_slice_make(t->at + 2, (size_t)(end - t->at - 2));
	if (mel_slice_starts(name, "^"))
		name = mel_slice_make(name.ptr + 1, name.len - 1);
	for (size_t i = 0; i < MEL_COUNTOF(known); i++) {
		if (!mel_slice_eq_text(name, known[i]))
			continue;
		mel_buf_add(t->buf, t->at, (size_t)(end + 2 - t->at));
		t->at = end + 2;
		return 1;
	}
	return fail(t, "invalid character class range", t->at, (size_t)(end + 2 - t->at));
}

static uint32_t decode(const char *text, size_t len)
{
	uint32_t value = (unsigned char)text[0];

	if (len == 1)
		return value;
	value &= 0xffu >> (len + 1);
	for (size_t i = 1; i < len; i++)
		value = value << 6 | ((unsigned char)text[i] & 0x3f);
	return value;
}

/* One character of a class at t->at: its code point. */
static int class_char(struct translator *t, const char *open, uint32_t *out)
{
	size_t len;

	if (*t->at == '\0')
		return fail(t, "missing closing ]", open, strlen(open));
	if (*t->at == '\\')
		return char_escape(t, out);
	len = char_len(t->at);
	*out = decode(t->at, len);
	t->at += len;
	return 0;
}

/* A character or a range of them. */
static int class_range(struct translator *t, const char *open)
{
	const char *start = t->at;
	uint32_t low, high;

	if (class_char(t, open, &low) < 0)
		return -1;
	high = low;
	if (t->at[0] == '-' && t->at[1] && t->at[1] != ']') {
		t->at++;
		if (class_char(t, open, &high) < 0)
			return -1;
		if (high < low)
			return fail(t, "invalid character class range", start,
				    (size_t)(t->at - start));
	}
	mel_buf_printf(t->buf, "\\x{%x}", low);
	if (high != low)
		mel_buf_printf(t->buf, "-\\x{%x}", high);
	return 0;
}

static int class(struct translator *t)
{
	const char *open = t->at;
	bool is_first = true;

	mel_buf_add_char(t->buf, *t->at++);
	if (*t->at == '^')
		mel_buf_add_char(t->buf, *t->at++);
	for (; *t->at != ']' || is_first; is_first = false) {
		int known = *t->at == '[' ? posix_class(t) : 0;

		if (known < 0)
			return -1;
		if (known)
			continue;
		if ((is_class_escape(t) ? class_escape(t, true) : class_range(t, open)) < 0)
			return -1;
	}
	mel_buf_add_char(t->buf, *t->at++);
	item(t, 1);
	return 0;
}

static int open_group(struct translator *t, const char *name)
{
	struct mel_regex_names *names = t->names;

	if (names->len >= MAX_GROUPS)
		return mel_err_set(t->err, MEL_ERR_INPUT, "more than %d groups", MAX_GROUPS);
	names->name[names->len++] = name;
	mel_buf_add_char(t->buf, '(');
	return 0;
}

static int named_group(struct translator *t)
{
	const char *start = t->at, *name = strchr(t->at, '<') + 1;
	size_t len = 0;

	while (is_word(name[len]))
		len++;
	if (len == 0 || name[len] != '>')
		return fail(t, "invalid named capture", start,
			    strcspn(start, ">") + (strchr(start, '>') != NULL));
	t->at = name + len + 1;
	return open_group(t, mel_arena_strndup(t->arena, name, len));
}

/* "(?flags)" or "(?flags:" at t->at; *is_open tells whether a group was opened. */
static int flags(struct translator *t, bool *is_open)
{
	const char *start = t->at, *p = t->at + 2;
	bool is_negated = false, has_flag = false;

	for (; *p && *p != ')' && *p != ':'; p++) {
		if (*p == '-' && !is_negated) {
			is_negated = true;
			has_flag = false;
		} else if (strchr("imsU", *p)) {
			has_flag = true;
		} else {
			break;
		}
	}
	if ((*p != ')' && *p != ':') || (is_negated && !has_flag))
		return fail(t, "invalid or unsupported Perl syntax", start,
			    (size_t)(p - start) + (*p != '\0'));
	*is_open = *p == ':';
	t->at = p + 1;
	if (*is_open || t->at - start > 3)
		mel_buf_add(t->buf, start, (size_t)(t->at - start));
	return 0;
}

static int group(struct translator *t)
{
	bool is_open = true;
	int status = 0;

	if (t->depth + 1 >= MAX_DEPTH)
		return mel_err_set(t->err, MEL_ERR_INPUT, "groups nested deeper than %d",
				   MAX_DEPTH);
	if (t->at[1] != '?') {
		t->at++;
		status = open_group(t, NULL);
	} else if (strncmp(t->at, "(?P<", 4) == 0 ||
		   (strncmp(t->at, "(?<", 3) == 0 && t->at[3] != '=' && t->at[3] != '!')) {
		status = named_group(t);
	} else {
		status = flags(t, &is_open);
	}
	if (status == 0 && is_open)
		t->level[++t->depth] = (struct level){ .max_repeat = 1 };
	return status;
}

static int close_group(struct translator *t)
{
	unsigned repeat = t->level[t->depth].max_repeat;

	if (t->depth == 0)
		return fail(t, "unexpected )", t->at, 1);
	t->depth--;
	mel_buf_add_char(t->buf, *t->at++);
	item(t, repeat);
	return 0;
}

/* A number without leading zeros, at most 9 digits; NULL if there is none. */
static const char *count(const char *text, unsigned *out)
{
	const char *p = text;

	if (!is_digit(*p) || (p[0] == '0' && is_digit(p[1])))
		return NULL;
	for (*out = 0; is_digit(*p); p++) {
		if (p - text < 8)
			*out = *out * 10 + (unsigned)(*p - '0');
		else
			*out = 100000000;
	}
	return p;
}

/* The end of "{n}", "{n,}" or "{n,m}" at text; NULL if that is literal text. */
static const char *counts(const char *text, unsigned *min, unsigned *max)
{
	const char *p = count(text + 1, min);

	if (!p)
		return NULL;
	*max = *min;
	if (*p == ',') {
		p++;
		*max = 0;
		if (*p != '}' && !(p = count(p, max)))
			return NULL;
		if (p[-1] == ',')
			*max = *min > 1 ? *min
					: 1; /* open end: the lower count is what is built */
		else if (*max < *min)
			*max = 100000000;
	}
	return *p == '}' ? p + 1 : NULL;
}

static int repetition(struct translator *t, const char *end, unsigned times)
{
	struct level *level = &t->level[t->depth];
	const char *start = t->at;

	if (!level->has_item)
		return fail(t, "missing argument to repetition operator", start,
			    (size_t)(end - start));
	if (*end == '?')
		end++;
	if (t->after_repeat)
		return fail(t, "invalid nested repetition operator", start - 1,
			    (size_t)(end - start) + 1);
	if (times > MAX_REPEAT || (times && level->item_repeat > MAX_REPEAT / times))
		return fail(t, "invalid repeat count", start, (size_t)(end - start));
	mel_buf_add(t->buf, start, (size_t)(end - start));
	t->at = end;
	item(t, level->item_repeat * (times ? times : 1));
	t->after_repeat = true;
	return 0;
}

/* "\Q…\E": all of it stands for itself. */
static void quoted(struct translator *t)
{
	for (t->at += 2; *t->at; t->at += char_len(t->at)) {
		if (t->at[0] == '\\' && t->at[1] == 'E') {
			t->at += 2;
			return;
		}
		add_literal(t, t->at, char_len(t->at));
		item(t, 1);
	}
}

static int escape(struct translator *t)
{
	uint32_t code;

	if (t->at[1] && strchr("AbBz", t->at[1])) {
		mel_buf_printf(t->buf, "(?:\\%c)", t->at[1]);
		t->at += 2;
	} else if (is_class_escape(t)) {
		if (class_escape(t, false) < 0)
			return -1;
	} else {
		if (char_escape(t, &code) < 0)
			return -1;
		mel_buf_printf(t->buf, "\\x{%x}", code);
	}
	item(t, 1);
	return 0;
}

static int literal(struct translator *t)
{
	size_t len = char_len(t->at);

	add_literal(t, t->at, len);
	t->at += len;
	item(t, 1);
	return 0;
}

static int next(struct translator *t)
{
	unsigned min = 0, max = 0;
	const char *end;
	char c = *t->at;

	if (c == '*' || c == '+' || c == '?')
		return repetition(t, t->at + 1, 1);
	if (c == '{' && (end = counts(t->at, &min, &max)))
		return repetition(t, end, max);
	t->after_repeat = false;
	switch (c) {
	case '(':
		return group(t);
	case ')':
		return close_group(t);
	case '[':
		return class(t);
	case '|':
		t->level[t->depth].has_item = false;
		mel_buf_add_char(t->buf, *t->at++);
		return 0;
	case '^':
	case '$':
	case '.':
		/* In a group, since PCRE2 repeats no bare assertion. */
		mel_buf_printf(t->buf, c == '.' ? "%c" : "(?:%c)", c);
		t->at++;
		item(t, 1);
		return 0;
	case '\\':
		if (t->at[1] == 'Q') {
			quoted(t);
			return 0;
		}
		return escape(t);
	default:
		return literal(t);
	}
}

int mel_regex_translate(struct mel_buf *buf, struct mel_regex_names *names,
			struct mel_arena *arena, const char *pattern, struct mel_err **err)
{
	struct translator t = {
		.at = pattern, .buf = buf, .names = names, .arena = arena, .err = err
	};

	if (!is_utf8(pattern))
		return mel_err_set(err, MEL_ERR_INPUT, "invalid UTF-8");
	t.level[0].max_repeat = 1;
	names->len = 0;
	names->name = mel_arena_array(arena, MAX_GROUPS, sizeof(*names->name));
	while (*t.at) {
		if (next(&t) < 0)
			return -1;
	}
	if (t.depth > 0)
		return fail(&t, "missing closing )", pattern, strlen(pattern));
	return mel_buf_check(buf, "pattern", err);
}
