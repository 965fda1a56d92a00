/* Conditions: see cond.h. One pass of recursive descent that evaluates as it reads. */
#include "config/cond.h"

#include <string.h>

#include "base/mem.h"

enum { MAX_DEPTH = 100 };

enum { MAX_TEXT = 64 << 10 };

struct parser {
	struct mel_slice text;
	size_t at;
	unsigned depth;
	const struct mel_scope *scope;
	struct mel_arena *arena;
	const char *reading;
	struct mel_err **err;
};

static void skip_blanks(struct parser *p)
{
	while (p->at < p->text.len && strchr(" \t\r\n", p->text.ptr[p->at]) &&
	       p->text.ptr[p->at])
		p->at++;
}

static int peek(const struct parser *p, size_t ahead)
{
	return p->at + ahead < p->text.len ? (unsigned char)p->text.ptr[p->at + ahead] : -1;
}

static int fail(struct parser *p, const char *what, size_t at)
{
	return mel_err_set(p->err, MEL_ERR_INPUT, "%s at position %zu", what, at);
}

/* The value of the reference at p->at ("${{"), added to buf. */
static int reference(struct parser *p, struct mel_buf *buf)
{
	struct mel_ref ref;
	const char *value, *near;

	mel_ref_next(p->text, p->at, &ref);
	if (ref.state != MEL_REF_OK)
		return mel_ref_error(&ref, NULL, p->err);
	value = mel_scope_get(p->scope, ref.name);
	if (!value) {
		near = mel_scope_nearest(p->scope, ref.name);
		return mel_err_set(p->err, MEL_ERR_INPUT, "variable %.*s not defined%s%s%s",
				   (int)ref.name.len, ref.name.ptr,
				   near ? "; did you mean '" : "", near ? near : "",
				   near ? "'?" : "");
	}
	mel_buf_add_text(buf, value);
	p->at = ref.end;
	return 0;
}

/* The escape at p->at (a backslash). */
static void escape(struct parser *p, struct mel_buf *buf)
{
	int c = peek(p, 1);

	p->at += 2;
	if (c == '\\' || c == '\'' || c == '"')
		mel_buf_add_char(buf, (char)c);
	else if (c == 'n')
		mel_buf_add_char(buf, '\n');
	else if (c == 't')
		mel_buf_add_char(buf, '\t');
	else {
		mel_buf_add_char(buf, '\\');
		p->at--; /* what follows is read as if nothing were in front of it */
	}
}

static bool is_reference(const struct parser *p)
{
	return peek(p, 0) == '$' && peek(p, 1) == '{' && peek(p, 2) == '{';
}

static int literal(struct parser *p, struct mel_buf *buf)
{
	int quote = peek(p, 0), c;

	p->at++;
	while ((c = peek(p, 0)) != quote) {
		if (c < 0)
			return fail(p, "unterminated string literal", p->at);
		if (c == '\\' && peek(p, 1) >= 0)
			escape(p, buf);
		else if (is_reference(p)) {
			if (reference(p, buf) < 0)
				return -1;
		} else {
			mel_buf_add_char(buf, (char)c);
			p->at++;
		}
	}
	p->at++;
	return 0;
}

static int value(struct parser *p, struct mel_buf *buf)
{
	int c;

	skip_blanks(p);
	c = peek(p, 0);
	if (c < 0)
		return fail(p, "unexpected end of input", p->at);
	if (c == '\'' || c == '"')
		return literal(p, buf);
	if (is_reference(p))
		return reference(p, buf);
	return mel_err_set(p->err, MEL_ERR_INPUT,
			   c >= ' ' && c < 127 ? "unexpected character '%c' at position %zu"
					       : "unexpected character '\\x%02x' at position "
						 "%zu",
			   c, p->at);
}

static int comparison(struct parser *p, bool *out)
{
	struct mel_buf left MEL_AUTO_BUF = MEL_BUF_INIT(MEL_VARS_MAX_BYTES);
	struct mel_buf right MEL_AUTO_BUF = MEL_BUF_INIT(MEL_VARS_MAX_BYTES);
	bool is_equal, is_negated;
	size_t at;

	if (value(p, &left) < 0)
		return -1;
	skip_blanks(p);
	at = p->at;
	if (peek(p, 0) < 0 || peek(p, 1) < 0)
		return fail(p, "expected comparison operator", at);
	is_negated = peek(p, 0) == '!';
	if ((peek(p, 0) != '=' && !is_negated) || peek(p, 1) != '=')
		return mel_err_set(p->err, MEL_ERR_INPUT,
				   "expected '==' or '!=' at position %zu, got \"%.2s\"", at,
				   p->text.ptr + at);
	p->at += 2;
	if (value(p, &right) < 0 || mel_buf_check(&left, "value in condition", p->err) < 0 ||
	    mel_buf_check(&right, "value in condition", p->err) < 0)
		return -1;
	is_equal = mel_slice_eq(mel_buf_slice(&left), mel_buf_slice(&right));
	*out = is_equal != is_negated;
	return 0;
}

static int expression(struct parser *p, bool *out);

static int atom(struct parser *p, bool *out)
{
	skip_blanks(p);
	if (peek(p, 0) != '(')
		return comparison(p, out);
	if (++p->depth > MAX_DEPTH)
		return fail(p, "too many parentheses", p->at);
	p->at++;
	if (expression(p, out) < 0)
		return -1;
	p->depth--;
	skip_blanks(p);
	if (peek(p, 0) == ')') {
		p->at++;
		return 0;
	}
	if (peek(p, 0) < 0)
		return mel_err_set(p->err, MEL_ERR_INPUT,
				   "expected ')' at position %zu: unexpected end of input",
				   p->at);
	return mel_err_set(p->err, MEL_ERR_INPUT, "expected ')' at position %zu: got '%c'",
			   p->at, peek(p, 0));
}

/* Remember how the atoms of text (with op_len operators between them) are grouped. */
static void note_mixed(struct parser *p, size_t start, const size_t *op_end, size_t op_len)
{
	struct mel_buf buf MEL_AUTO_BUF = MEL_BUF_INIT(MAX_TEXT);

	for (size_t i = 0; i + 1 < op_len; i++)
		mel_buf_add_char(&buf, '(');
	for (size_t i = 0; i < op_len; i++) {
		struct mel_slice operand = { p->text.ptr + start, op_end[i] - 2 - start };

		mel_buf_add_slice(&buf, mel_slice_trim(operand, " \t\r\n"));
		mel_buf_add_text(&buf, i ? ") " : " ");
		mel_buf_add(&buf, p->text.ptr + op_end[i] - 2, 2);
		mel_buf_add_char(&buf, ' ');
		start = op_end[i];
	}
	mel_buf_add_slice(
		&buf,
		mel_slice_trim(mel_slice_make(p->text.ptr + start, p->at - start), " \t\r\n"));
	p->reading = mel_arena_slice(p->arena, mel_buf_slice(&buf));
}

static int expression(struct parser *p, bool *out)
{
	size_t start = p->at, op_end[16], op_len = 0;
	bool seen[2] = { false, false }, right;

	if (atom(p, out) < 0)
		return -1;
	for (;;) {
		skip_blanks(p);

		int c = peek(p, 0);

		if ((c != '&' && c != '|') || peek(p, 1) != c)
			break;
		p->at += 2;
		if (op_len < MEL_COUNTOF(op_end))
			op_end[op_len] = p->at;
		op_len++;
		seen[c == '&'] = true;
		if (atom(p, &right) < 0)
			return -1;
		*out = c == '&' ? *out && right : *out || right;
	}
	if (seen[0] && seen[1] && op_len <= MEL_COUNTOF(op_end) && !p->reading)
		note_mixed(p, start, op_end, op_len);
	return 0;
}

int mel_cond_eval(struct mel_cond_result *out, struct mel_arena *arena, const char *text,
		  const struct mel_scope *scope, const struct mel_pos *pos,
		  struct mel_err **err)
{
	struct mel_err *problem MEL_AUTO_ERR = NULL;
	struct parser p = {
		.text = mel_slice_of(text), .scope = scope, .arena = arena, .err = &problem
	};
	bool value_of = false;

	if (p.text.len > MAX_TEXT)
		return mel_err_at(err, pos, "condition is longer than %d bytes", MAX_TEXT);
	if (expression(&p, &value_of) == 0 && p.at < p.text.len)
		mel_err_set(&problem, MEL_ERR_INPUT,
			    "unexpected trailing input at position %zu: \"%.40s\"", p.at,
			    text + p.at);
	if (problem)
		return mel_err_at(err, pos, "condition \"%.200s\": %s", text, problem->text);
	*out = (struct mel_cond_result){ .value = value_of, .reading = p.reading };
	return 0;
}

/*
 * The quote that is open at offset to of text, 0 if none, given the one open at from.
 * *is_escaped: a backslash stands in front of to that would take the next character along.
 */
static char quote_at(struct mel_slice text, size_t from, size_t to, char quote,
		     bool *is_escaped)
{
	*is_escaped = false;
	for (; from < to && from < text.len; from++) {
		char c = text.ptr[from];

		if (quote && c == '\\')
			*is_escaped = ++from == to;
		else if (quote && c == quote)
			quote = 0;
		else if (!quote && (c == '\'' || c == '"'))
			quote = c;
	}
	return quote;
}

/* value as it stands within a literal of that quote. */
static void add_escaped(struct mel_buf *buf, const char *text, char quote)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == quote)
			mel_buf_add_char(buf, '\\');
		mel_buf_add_char(buf, *text);
	}
}

const char *mel_cond_bind(struct mel_arena *arena, const char *text,
			  const struct mel_scope *scope)
{
	struct mel_buf buf MEL_AUTO_BUF = MEL_BUF_INIT(MEL_VARS_MAX_BYTES);
	struct mel_slice all = mel_slice_of(text);
	size_t from = 0, copied = 0;
	struct mel_ref ref;
	bool is_escaped;
	char quote = 0;

	while (mel_ref_next(all, from, &ref)) {
		const char *found =
			ref.state == MEL_REF_OK ? mel_scope_get(scope, ref.name) : NULL;

		quote = quote_at(all, from, ref.start, quote, &is_escaped);
		from = ref.state == MEL_REF_OK ? ref.end : ref.at;
		if (!found)
			continue;
		mel_buf_add(&buf, text + copied, ref.start - copied);
		if (!quote || is_escaped)
			mel_buf_add_char(&buf, quote ? '\\' : '\'');
		add_escaped(&buf, found, quote ? quote : '\'');
		if (!quote)
			mel_buf_add_char(&buf, '\'');
		copied = from;
	}
	if (copied == 0 || buf.is_over)
		return text;
	mel_buf_add(&buf, text + copied, all.len - copied);
	return mel_arena_slice(arena, mel_buf_slice(&buf));
}

/* value as a double-quoted literal that holds no byte below blank. */
static void add_quoted(struct mel_buf *buf, const char *text)
{
	static const char names[] = "\a\b\f\n\r\t\v", letters[] = "abfnrtv";

	mel_buf_add_char(buf, '"');
	for (; *text; text++) {
		const char *name = strchr(names, *text);

		if (name)
			mel_buf_printf(buf, "\\%c", letters[name - names]);
		else if (*text == '"' || *text == '\\')
			mel_buf_printf(buf, "\\%c", *text);
		else if ((unsigned char)*text < ' ' || *text == 127)
			mel_buf_printf(buf, "\\x%02x", (unsigned char)*text);
		else
			mel_buf_add_char(buf, *text);
	}
	mel_buf_add_char(buf, '"');
}

static bool has_blanks(const struct mel_ref *ref)
{
	return ref->end - ref->start != ref->name.len + 5;
}

int mel_cond_record(const char **out, struct mel_arena *arena, const char *text,
		    const struct mel_scope *early, const struct mel_scope *late,
		    const struct mel_pos *pos, struct mel_err **err)
{
	struct mel_buf buf MEL_AUTO_BUF = MEL_BUF_INIT(MEL_VARS_MAX_BYTES);
	struct mel_slice all = mel_slice_of(text);
	const char *checked;
	size_t from = 0;
	struct mel_ref ref;
	bool is_escaped;
	char quote = 0;

	/* Nothing left open behind this: every reference is whole and known. */
	if (mel_vars_expand(&checked, arena, text, late, pos, err) < 0)
		return -1;
	while (mel_ref_next(all, from, &ref)) {
		const char *found = has_blanks(&ref) ? NULL : mel_scope_get(early, ref.name);

		quote = quote_at(all, from, ref.start, quote, &is_escaped);
		mel_buf_add(&buf, text + from, ref.start - from);
		if (found && quote)
			mel_buf_add_text(&buf, found);
		else
			add_quoted(&buf, mel_scope_get(late, ref.name));
		from = ref.end;
	}
	mel_buf_add(&buf, text + from, all.len - from);
	if (mel_buf_check(&buf, "condition", err) < 0)
		return -1;
	*out = mel_arena_slice(arena, mel_buf_slice(&buf));
	return 0;
}
