/* Files of environment variables: see envfile.h. */
#include "config/envfile.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

enum { MAX_BYTES = 1 << 20 };

struct reader {
	struct mel_slice text;
	size_t at;
	const char *name;
	struct mel_map *out;
	struct mel_arena *arena;
	struct mel_err **err;
};

static bool is_blank(int c)
{
	return c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == '\r';
}

static bool is_upper_name(int c)
{
	return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool is_name(int c)
{
	return is_upper_name(c) || (c >= 'a' && c <= 'z') || c == '.';
}

static int peek(const struct reader *r)
{
	return r->at < r->text.len ? (unsigned char)r->text.ptr[r->at] : -1;
}

static void skip_blanks(struct reader *r)
{
	while (is_blank(peek(r)))
		r->at++;
}

static size_t line_end(const struct reader *r)
{
	const char *found = memchr(r->text.ptr + r->at, '\n', r->text.len - r->at);

	return found ? (size_t)(found - r->text.ptr) : r->text.len;
}

/* Where offset at of the text is. */
static struct mel_pos place(const struct reader *r, size_t at)
{
	struct mel_pos pos = { .file = r->name, .line = 1, .column = 1 };

	for (size_t i = 0; i < at && i < r->text.len; i++) {
		pos.column++;
		if (r->text.ptr[i] == '\n') {
			pos.line++;
			pos.column = 1;
		}
	}
	return pos;
}

/* Skip blank lines and lines that are comments; false at the end of the file. */
static bool next_line(struct reader *r)
{
	for (;;) {
		while (is_blank(peek(r)) || peek(r) == '\n')
			r->at++;
		if (peek(r) != '#')
			return peek(r) >= 0;
		r->at = line_end(r);
	}
}

static void skip_export(struct reader *r)
{
	struct mel_slice rest = { r->text.ptr + r->at, r->text.len - r->at };

	if (!mel_slice_starts(rest, "export") || rest.len < 7 || !is_blank(rest.ptr[6]))
		return;
	r->at += 6;
	skip_blanks(r);
}

/* The name up to its '=' or ':', which is skipped. */
static int read_name(struct reader *r, const char **out)
{
	size_t start = r->at, end;
	struct mel_pos pos = place(r, start);

	while (is_name(peek(r)))
		r->at++;
	end = r->at;
	skip_blanks(r);

	int c = peek(r);

	pos = place(r, c == '=' || c == ':' ? start : r->at);
	if (c != '=' && c != ':') {
		if (c < 0 || c == '\n')
			return mel_err_at(r->err, &pos,
					  "'%.*s' has no value: expected NAME=value",
					  (int)(end - start), r->text.ptr + start);
		return mel_err_at(r->err, &pos,
				  "unexpected character \"%c\" in variable name near \"%.*s\"",
				  c < ' ' || c > 126 ? '?' : c, (int)(line_end(r) - start),
				  r->text.ptr + start);
	}
	if (end == start)
		return mel_err_at(r->err, &pos, "a variable without a name");
	r->at++;
	*out = mel_arena_strndup(r->arena, r->text.ptr + start, end - start);
	return 0;
}

/* The variable whose '$' is at text[at]: its value, and the offset behind it; else NULL. */
static const char *variable(const struct reader *r, struct mel_slice text, size_t at,
			    size_t *end)
{
	bool is_braced = at + 1 < text.len && text.ptr[at + 1] == '{';
	size_t start = at + 1 + is_braced, i = start;
	char name[256];
	const char *value;

	while (i < text.len && is_upper_name((unsigned char)text.ptr[i]))
		i++;
	if (i == start || i - start >= sizeof(name))
		return NULL;
	if (is_braced && (i == text.len || text.ptr[i] != '}'))
		return NULL;
	memcpy(name, text.ptr + start, i - start);
	name[i - start] = '\0';
	*end = i + is_braced;
	value = mel_map_get(r->out, name);
	return value ? value : "";
}

/* text with escapes (in double quotes) and variables replaced, added to buf. */
static void expand(const struct reader *r, struct mel_buf *buf, struct mel_slice text,
		   bool has_escapes)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i], next = i + 1 < text.len ? text.ptr[i + 1] : '\0';
		const char *value = NULL;
		size_t end;

		if (c == '\\' && next == '$') {
			mel_buf_add_char(buf, '$');
			i++;
		} else if (c == '\\' && has_escapes && next) {
			mel_buf_add_char(buf, next == 'n' ? '\n' : next == 'r' ? '\r' : next);
			i++;
		} else if (c == '$' && (value = variable(r, text, i, &end))) {
			mel_buf_add_text(buf, value);
			i = end - 1;
		} else {
			mel_buf_add_char(buf, c);
		}
	}
}

static void read_plain(struct reader *r, struct mel_buf *buf)
{
	size_t end = line_end(r);
	struct mel_slice line = { r->text.ptr + r->at, end - r->at };

	for (size_t i = line.len; i-- > 1;) {
		if (line.ptr[i] == '#' && is_blank((unsigned char)line.ptr[i - 1])) {
			line.len = i;
			break;
		}
	}
	expand(r, buf, mel_slice_trim(line, " \t\v\f\r"), false);
	r->at = end;
}

static int read_quoted(struct reader *r, struct mel_buf *buf)
{
	char quote = r->text.ptr[r->at];
	size_t start = r->at + 1, i = start;
	struct mel_pos pos = place(r, r->at);

	/* In single quotes the backslash only keeps the quote behind it from ending the text.
	 */
	while (i < r->text.len && r->text.ptr[i] != quote) {
		if (r->text.ptr[i] == '\\' && i + 1 < r->text.len &&
		    (quote == '"' || r->text.ptr[i + 1] == quote))
			i++;
		i++;
	}
	if (i >= r->text.len)
		return mel_err_at(r->err, &pos, "unterminated quoted value");
	if (quote == '"')
		expand(r, buf, mel_slice_make(r->text.ptr + start, i - start), true);
	else
		mel_buf_add(buf, r->text.ptr + start, i - start);
	r->at = i + 1;
	skip_blanks(r);
	if (peek(r) >= 0 && peek(r) != '\n' && peek(r) != '#') {
		pos = place(r, r->at);
		return mel_err_at(r->err, &pos, "text behind the closing quote");
	}
	r->at = line_end(r);
	return 0;
}

static int assignment(struct reader *r)
{
	struct mel_buf buf MEL_AUTO_BUF = MEL_BUF_INIT(MAX_BYTES);
	const char *name;

	skip_export(r);
	if (read_name(r, &name) < 0)
		return -1;
	skip_blanks(r);
	if (peek(r) == '\'' || peek(r) == '"') {
		if (read_quoted(r, &buf) < 0)
			return -1;
	} else {
		read_plain(r, &buf);
	}
	if (mel_buf_check(&buf, r->name, r->err) < 0)
		return -1;
	mel_map_set(r->out, name, mel_arena_slice(r->arena, mel_buf_slice(&buf)));
	return 0;
}

int mel_envfile_parse(struct mel_map *out, struct mel_arena *arena, const char *name,
		      struct mel_slice text, struct mel_err **err)
{
	struct mel_buf lines MEL_AUTO_BUF = MEL_BUF_INIT(MAX_BYTES);

	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '\0')
			return mel_err_set(err, MEL_ERR_INPUT, "%s: a NUL byte at offset %zu",
					   name, i);
		if (text.ptr[i] != '\r' || i + 1 == text.len || text.ptr[i + 1] != '\n')
			mel_buf_add_char(&lines, text.ptr[i]);
	}
	if (mel_buf_check(&lines, name, err) < 0)
		return -1;

	struct reader r = { .text = mel_buf_slice(&lines),
			    .name = name,
			    .out = out,
			    .arena = arena,
			    .err = err };

	while (next_line(&r)) {
		if (assignment(&r) < 0)
			return -1;
	}
	return 0;
}
