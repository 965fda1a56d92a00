/*
 * How a text is written in YAML: plain, in single or double quotes, as a literal block or as
 * !!binary. Plain texts must be texts for every reader, also for one that follows the types of
 * YAML 1.1. Sources: yaml.org/spec/1.2.2 sections 5.7, 7.3, 8.1; yaml.org/type.
 */
#include "codec/yaml_write.h"

#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "codec/utf8.h"

/* What is in a text. */
struct content {
	bool is_utf8;
	bool has_line_feed, has_tab;
	bool has_unprintable; /* needs an escape, wherever it stands */
};

/* Printable in YAML, and no line break or byte-order mark. */
static bool is_printable(unsigned c)
{
	return (c >= 0x20 && c <= 0x7e) ||
	       (c >= 0xa0 && c <= 0xd7ff && c != 0x2028 && c != 0x2029) ||
	       (c >= 0xe000 && c <= 0xfffd && c != 0xfeff) || c >= 0x10000;
}

static struct content look_at(struct mel_slice text)
{
	struct content found = { .is_utf8 = true };

	while (text.len) {
		unsigned code = 0;
		size_t len = mel_utf8_decode(text, &code);

		if (len == 0) {
			found.is_utf8 = false;
			break;
		}
		found.has_line_feed |= code == '\n';
		found.has_tab |= code == '\t';
		found.has_unprintable |= code != '\n' && code != '\t' && !is_printable(code);
		text = mel_slice_make(text.ptr + len, text.len - len);
	}
	return found;
}

static bool consists_of(struct mel_slice text, const char *set)
{
	for (size_t i = 0; i < text.len; i++)
		if (!memchr(set, text.ptr[i], strlen(set)))
			return false;
	return true;
}

static bool is_word_with_type(struct mel_slice text)
{
	static const char *const word[] = {
		"~", "null", "true", "false", "yes",   "no",   "on", "off",
		"y", "n",    ".inf", "+.inf", "-.inf", ".nan", "<<", "=",
	};

	for (size_t i = 0; i < MEL_COUNTOF(word); i++)
		if (text.len == strlen(word[i]) &&
		    strncasecmp(text.ptr, word[i], text.len) == 0)
			return true;
	return false;
}

/* Integers and floats of any base, numbers of base 60, dates: rather one too many. */
static bool is_number_like(struct mel_slice text)
{
	struct mel_slice rest = text;
	size_t dots = 0;

	if (rest.len && (*rest.ptr == '-' || *rest.ptr == '+'))
		rest = mel_slice_make(rest.ptr + 1, rest.len - 1);
	if (rest.len == 0 || !memchr("0123456789.", *rest.ptr, 11))
		return false;
	for (size_t i = 0; i < rest.len; i++)
		dots += rest.ptr[i] == '.';
	if (*rest.ptr == '0' && rest.len > 1 && memchr("xXoObB", rest.ptr[1], 6))
		return true;
	if (consists_of(rest, "0123456789_.:"))
		return dots < 2 || memchr(rest.ptr, ':', rest.len);
	if (consists_of(rest, "0123456789_.eE+-"))
		return dots < 2;
	return rest.len >= 8 && consists_of(mel_slice_make(rest.ptr, 4), "0123456789") &&
	       rest.ptr[4] == '-' && consists_of(rest, "0123456789-tTzZ:.+ ");
}

static bool has_pair(struct mel_slice text, char a, char b)
{
	for (size_t i = 0; i + 1 < text.len; i++)
		if (text.ptr[i] == a && text.ptr[i + 1] == b)
			return true;
	return false;
}

/* Without indicators where they would mean something; text is printable and on one line. */
static bool is_free_of_indicators(struct mel_slice text)
{
	char first = text.ptr[0], last = text.ptr[text.len - 1];

	if (strchr("?:,[]{}#&*!|>'\"%@`", first) || first == ' ' || last == ' ' || last == ':')
		return false;
	if (first == '-' && (text.len == 1 || text.ptr[1] == ' ' || text.ptr[1] == '-'))
		return false;
	return !mel_slice_starts(text, "...") && !has_pair(text, ':', ' ') &&
	       !has_pair(text, ' ', '#');
}

static void quote_double(struct mel_buf *out, struct mel_slice text)
{
	static const char *const escape[0x80] = {
		['\0'] = "\\0",   ['\a'] = "\\a", ['\b'] = "\\b",  ['\t'] = "\\t",
		['\n'] = "\\n",   ['\v'] = "\\v", ['\f'] = "\\f",  ['\r'] = "\\r",
		['\033'] = "\\e", ['"'] = "\\\"", ['\\'] = "\\\\",
	};

	mel_buf_add_char(out, '"');
	while (text.len) {
		unsigned code = 0;
		size_t len = mel_utf8_decode(text, &code);

		if (code < 0x80 && escape[code])
			mel_buf_add_text(out, escape[code]);
		else if (is_printable(code))
			mel_buf_add(out, text.ptr, len);
		else
			mel_buf_printf(out, code < 0x100 ? "\\x%02X" : "\\u%04X", code);
		text = mel_slice_make(text.ptr + len, text.len - len);
	}
	mel_buf_add_char(out, '"');
}

static void quote_single(struct mel_buf *out, struct mel_slice text)
{
	mel_buf_add_char(out, '\'');
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '\'')
			mel_buf_add_char(out, '\'');
		mel_buf_add_char(out, text.ptr[i]);
	}
	mel_buf_add_char(out, '\'');
}

/* Source: RFC 4648 section 4. */
static void quote_binary(struct mel_buf *out, struct mel_slice text)
{
	static const char digit[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	mel_buf_add_text(out, "!!binary \"");
	for (size_t i = 0; i < text.len; i += 3) {
		size_t have = text.len - i < 3 ? text.len - i : 3;
		unsigned bits = 0;

		for (size_t j = 0; j < 3; j++)
			bits = bits << 8 | (j < have ? (unsigned char)text.ptr[i + j] : 0u);
		for (size_t j = 0; j < 4; j++)
			mel_buf_add_char(out,
					 j > have ? '=' : digit[bits >> (18 - 6 * j) & 63]);
	}
	mel_buf_add_char(out, '"');
}

static void quote(struct mel_buf *out, struct mel_slice text, struct content found)
{
	if (!found.is_utf8)
		quote_binary(out, text);
	else if (text.len == 0 || found.has_line_feed || found.has_tab ||
		 found.has_unprintable || is_word_with_type(text) || is_number_like(text))
		quote_double(out, text);
	else if (is_free_of_indicators(text))
		mel_buf_add_slice(out, text);
	else
		quote_single(out, text);
}

void mel_yaml_quote(struct mel_buf *out, struct mel_slice text)
{
	quote(out, text, look_at(text));
}

/* The last line, and at least one before it, must have more than blanks in it; else readers
 * differ in what they make of the ends. */
static bool can_be_block(struct mel_slice text, struct content found)
{
	struct mel_slice body = mel_slice_trim(text, "\n"), last = body;
	const char *feed;

	if (!found.is_utf8 || found.has_unprintable || !found.has_line_feed || body.len == 0)
		return false;
	feed = memrchr(body.ptr, '\n', body.len);
	if (feed)
		last = mel_slice_make(feed + 1, (size_t)(body.ptr + body.len - feed - 1));
	return mel_slice_trim(last, " \t").len > 0;
}

static void block(struct mel_buf *out, struct mel_slice text, unsigned column)
{
	bool is_ended = mel_slice_ends(text, "\n");
	struct mel_slice rest = text, line;

	mel_buf_add_char(out, '|');
	if (strchr(" \t\n", *text.ptr))
		mel_buf_add_char(out, '2'); /* readers would guess the indent wrong */
	if (!is_ended)
		mel_buf_add_char(out, '-');
	else if (mel_slice_ends(text, "\n\n"))
		mel_buf_add_char(out, '+');
	if (is_ended)
		rest.len--; /* the caller ends the last line */
	while (mel_slice_next(&rest, '\n', &line)) {
		mel_buf_add_char(out, '\n');
		for (unsigned i = 0; line.len && i < column; i++)
			mel_buf_add_char(out, ' ');
		mel_buf_add_slice(out, line);
	}
}

void mel_yaml_scalar(struct mel_buf *out, struct mel_slice text, unsigned column)
{
	struct content found = look_at(text);

	if (can_be_block(text, found))
		block(out, text, column);
	else
		quote(out, text, found);
}
