/* References and scopes: see vars.h. */
#include "config/vars.h"

#include <stdio.h>
#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '-' || c == '_' || c == '+';
}

void mel_scope_set(struct mel_scope *scope, const char *name, const char *value)
{
	union {
		const char *in;
		void *out;
	} cast = { .in = value }; /* the map stores plain pointers */

	mel_map_set(&scope->map, name, cast.out);
}

const char *mel_scope_get(const struct mel_scope *scope, struct mel_slice name)
{
	char text[256];

	if (name.len >= sizeof(text))
		return NULL;
	memcpy(text, name.ptr, name.len);
	text[name.len] = '\0';
	for (; scope; scope = scope->parent) {
		const char *value = mel_map_get(&scope->map, text);

		if (value)
			return value;
	}
	return NULL;
}

const char *mel_scope_nearest(const struct mel_scope *scope, struct mel_slice name)
{
	char text[64];
	const char *best = NULL;
	unsigned best_distance = 3;

	if (name.len < 4 || name.len >= sizeof(text))
		return NULL;
	memcpy(text, name.ptr, name.len);
	text[name.len] = '\0';
	for (; scope; scope = scope->parent) {
		for (size_t i = 0; i < scope->map.len; i++) {
			const char *key = scope->map.entry[i].key;
			unsigned distance = mel_text_distance(text, key, best_distance - 1);

			if (distance < best_distance) {
				best_distance = distance;
				best = key;
			}
		}
	}
	return best;
}

void mel_scope_clear(struct mel_scope *scope)
{
	mel_map_clear(&scope->map);
}

/* Read what follows the "${{" at start. */
static void scan(struct mel_slice text, size_t start, struct mel_ref *out)
{
	size_t i = start + 3, name;

	while (i < text.len && is_blank(text.ptr[i]))
		i++;
	for (name = i; i < text.len && is_name(text.ptr[i]);)
		i++;
	*out = (struct mel_ref){ .start = start,
				 .at = i,
				 .name = { text.ptr + name, i - name },
				 .state = MEL_REF_EMPTY };
	if (out->name.len == 0)
		return;
	while (i < text.len && is_blank(text.ptr[i]))
		i++;
	out->at = i;
	out->state = MEL_REF_UNTERMINATED;
	if (i + 1 < text.len && text.ptr[i] == '}' && text.ptr[i + 1] == '}') {
		out->state = MEL_REF_OK;
		out->end = i + 2;
	}
}

bool mel_ref_next(struct mel_slice text, size_t from, struct mel_ref *out)
{
	const char *found;

	if (from >= text.len)
		return false;
	found = memmem(text.ptr + from, text.len - from, "${{", 3);
	if (!found)
		return false;
	scan(text, (size_t)(found - text.ptr), out);
	return true;
}

unsigned mel_ref_line(struct mel_slice text, size_t offset)
{
	unsigned line = 1;

	for (size_t i = 0; i < offset && i < text.len; i++)
		line += text.ptr[i] == '\n';
	return line;
}

int mel_ref_error(const struct mel_ref *ref, const struct mel_pos *pos, struct mel_err **err)
{
	if (ref->state == MEL_REF_EMPTY)
		return mel_err_at(err, pos, "empty variable name at position %zu", ref->at);
	return mel_err_at(
		err, pos,
		"unterminated variable reference \"%.*s\" at position %zu: expected \"}}\" at "
		"position %zu",
		(int)(ref->name.len > 100 ? 100 : ref->name.len), ref->name.ptr, ref->start,
		ref->at);
}

/*
 * The value for the "${{" that ref starts with, by the exact text between the braces, so that
 * a variable with a strange name can be used too. NULL if it is not known.
 */
static const char *lenient(struct mel_slice text, struct mel_ref *ref,
			   const struct mel_scope *scope)
{
	const char *open = text.ptr + ref->start + 3, *close;

	if (ref->state == MEL_REF_OK)
		return mel_scope_get(scope, ref->name);
	close = memmem(open, text.len - ref->start - 3, "}}", 2);
	if (!close)
		return NULL;
	ref->end = (size_t)(close + 2 - text.ptr);
	return mel_scope_get(
		scope, mel_slice_trim(mel_slice_make(open, (size_t)(close - open)), " \t\r\n"));
}

const char *mel_vars_replace(struct mel_arena *arena, const char *text,
			     const struct mel_scope *scope)
{
	struct mel_slice all = mel_slice_of(text);
	struct mel_buf buf MEL_AUTO_BUF = MEL_BUF_INIT(MEL_VARS_MAX_BYTES);
	size_t from = 0, copied = 0;
	struct mel_ref ref;

	while (mel_ref_next(all, from, &ref)) {
		const char *value = lenient(all, &ref, scope);

		from = ref.start + 3;
		if (!value)
			continue;
		mel_buf_add(&buf, text + copied, ref.start - copied);
		mel_buf_add_text(&buf, value);
		from = copied = ref.end;
	}
	if (copied == 0 || buf.is_over)
		return text;
	mel_buf_add(&buf, text + copied, all.len - copied);
	return mel_arena_slice(arena, mel_buf_slice(&buf));
}

static int unknown(struct mel_slice text, const struct mel_ref *ref,
		   const struct mel_scope *scope, const struct mel_pos *pos,
		   struct mel_err **err)
{
	const char *near = mel_scope_nearest(scope, ref->name);
	unsigned line = mel_ref_line(text, ref->start);
	char where[48] = "";

	if (line > 1)
		snprintf(where, sizeof(where), " (line %u of the text)", line);
	return mel_err_at(err, pos, "variable %.*s not defined%s%s%s%s", (int)ref->name.len,
			  ref->name.ptr, where, near ? "; did you mean '" : "",
			  near ? near : "", near ? "'?" : "");
}

int mel_vars_expand(const char **out, struct mel_arena *arena, const char *text,
		    const struct mel_scope *scope, const struct mel_pos *pos,
		    struct mel_err **err)
{
	struct mel_slice all = mel_slice_of(text);
	struct mel_buf buf MEL_AUTO_BUF = MEL_BUF_INIT(MEL_VARS_MAX_BYTES);
	size_t copied = 0;
	struct mel_ref ref;
	struct mel_err *found = NULL;

	while (mel_ref_next(all, copied, &ref)) {
		struct mel_err *one = NULL;
		const char *value = NULL;

		mel_buf_add(&buf, text + copied, ref.start - copied);
		copied = ref.state == MEL_REF_OK ? ref.end : ref.at;
		if (ref.state != MEL_REF_OK)
			mel_ref_error(&ref, pos, &one);
		else if (!(value = mel_scope_get(scope, ref.name)))
			unknown(all, &ref, scope, pos, &one);
		else
			mel_buf_add_text(&buf, value);
		mel_err_append(&found, one);
	}
	if (found) {
		*err = found;
		return -1;
	}
	if (copied == 0) {
		*out = text;
		return 0;
	}
	mel_buf_add(&buf, text + copied, all.len - copied);
	if (mel_buf_check(&buf, "text after filling in variables", err) < 0)
		return -1;
	*out = mel_arena_slice(arena, mel_buf_slice(&buf));
	return 0;
}
