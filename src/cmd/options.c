/* The grammar of flags: see options.h. */
#include "cmd/options.h"

#include <string.h>

#include "base/buf.h"
#include "base/slice.h"

enum { SUGGEST_MAX = 3 }; /* edits between a typo and what is suggested */

struct parser {
	struct mel_opt_result *result;
	const struct mel_opt_table *table;
	size_t table_len;
	const char *const *arg;
	size_t len, next;
	struct mel_arena *arena;
};

const struct mel_opt *mel_opt_find(const struct mel_opt_table *table, size_t table_len,
				   const char *name, size_t len, size_t *at)
{
	for (size_t t = 0; t < table_len; t++) {
		for (size_t i = 0; i < table[t].len; i++) {
			const struct mel_opt *row = &table[t].row[i];

			if (!row->name || strlen(row->name) != len ||
			    memcmp(row->name, name, len) != 0)
				continue;
			if (at)
				*at = t;
			return row;
		}
	}
	return NULL;
}

const struct mel_opt *mel_opt_find_letter(const struct mel_opt_table *table, size_t table_len,
					  char letter, size_t *at)
{
	for (size_t t = 0; letter && t < table_len; t++) {
		for (size_t i = 0; i < table[t].len; i++) {
			if (table[t].row[i].letter != letter)
				continue;
			if (at)
				*at = t;
			return &table[t].row[i];
		}
	}
	return NULL;
}

bool mel_opt_is_given(const struct mel_opt_result *result, const char *name)
{
	for (size_t i = 0; i < result->used.len; i++)
		if (mel_text_eq(result->used.at[i]->name, name))
			return true;
	return false;
}

void mel_opt_result_clear(struct mel_opt_result *result)
{
	mel_vec_clear(&result->arg);
	mel_vec_clear(&result->used);
}

/* The text as a literal in double quotes; lives in arena. */
static const char *literal(const char *text, struct mel_arena *arena)
{
	struct mel_buf made MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);

	mel_buf_add_char(&made, '"');
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			mel_buf_printf(&made, "\\%c", c);
		else if (c < ' ' || c == 0x7f)
			mel_buf_printf(&made, "\\x%02x", c);
		else
			mel_buf_add_char(&made, (char)c);
	}
	mel_buf_add_char(&made, '"');
	return mel_arena_strdup(arena, mel_buf_text(&made));
}

static const char *nearest(const struct parser *p, const char *name)
{
	const char *best = NULL;
	unsigned best_edits = SUGGEST_MAX + 1;

	for (size_t t = 0; t < p->table_len; t++) {
		for (size_t i = 0; i < p->table[t].len; i++) {
			const struct mel_opt *row = &p->table[t].row[i];
			unsigned edits;

			if (!row->name || row->is_hidden || row->status != MEL_OPT_BUILT)
				continue;
			edits = mel_text_distance(name, row->name, SUGGEST_MAX);
			if (edits < best_edits) {
				best_edits = edits;
				best = row->name;
			}
		}
	}
	return best;
}

static int unknown_long(const struct parser *p, const char *name, size_t len,
			struct mel_err **err)
{
	const char *shown = mel_arena_strndup(p->arena, name, len);
	const char *near = nearest(p, shown);

	if (near)
		return mel_err_set(err, MEL_ERR_USAGE,
				   "unknown flag: --%s (did you mean --%s?)", shown, near);
	return mel_err_set(err, MEL_ERR_USAGE, "unknown flag: --%s", shown);
}

static int wrong_value(const struct parser *p, const struct mel_opt *row, const char *value,
		       struct mel_err **err)
{
	const char *shown = literal(value, p->arena);

	if (row->letter)
		return mel_err_wrap(err, "invalid argument %s for \"-%c, --%s\" flag", shown,
				    row->letter, row->name);
	return mel_err_wrap(err, "invalid argument %s for \"--%s\" flag", shown, row->name);
}

/* A boolean set to its default, an empty list: fine even when the flag is not built. */
static bool asks_nothing(const struct mel_opt *row, void *out)
{
	const void *place = (char *)out + row->offset;
	bool preset = row->preset && mel_text_eq(row->preset, "true");

	if (row->type == MEL_OPT_LIST)
		return ((const struct mel_opt_list *)place)->len == 0;
	return row->type == MEL_OPT_BOOL && *(const bool *)place == preset;
}

static int store(struct parser *p, const struct mel_opt *row, size_t t, const char *value,
		 struct mel_err **err)
{
	bool is_first = !mel_opt_is_given(p->result, row->name);

	if (mel_opt_store(row, p->table[t].out, value, is_first, p->arena, err) < 0)
		return wrong_value(p, row, value, err);
	if (row->status == MEL_OPT_LATER && !asks_nothing(row, p->table[t].out))
		return mel_err_set(err, MEL_ERR_USAGE, "--%s is not available in this version",
				   row->name);
	if (is_first)
		mel_vec_push(&p->result->used, row);
	return 0;
}

static int parse_long(struct parser *p, const char *arg, struct mel_err **err)
{
	const char *name = arg + 2;
	size_t len = strcspn(name, "="), t;
	const struct mel_opt *row;

	if (len == 0 || name[0] == '-')
		return mel_err_set(err, MEL_ERR_USAGE, "bad flag syntax: %s", arg);
	row = mel_opt_find(p->table, p->table_len, name, len, &t);
	if (!row)
		return unknown_long(p, name, len, err);
	if (name[len])
		return store(p, row, t, name + len + 1, err);
	if (row->type == MEL_OPT_BOOL)
		return store(p, row, t, "true", err);
	if (p->next == p->len)
		return mel_err_set(err, MEL_ERR_USAGE, "flag needs an argument: --%s",
				   row->name);
	return store(p, row, t, p->arg[p->next++], err);
}

static int parse_short(struct parser *p, const char *arg, struct mel_err **err)
{
	for (const char *at = arg + 1; *at; at++) {
		size_t t;
		const struct mel_opt *row =
			mel_opt_find_letter(p->table, p->table_len, *at, &t);

		if (!row)
			return mel_err_set(err, MEL_ERR_USAGE,
					   "unknown shorthand flag: '%c' in %s", *at, arg);
		if (at[1] == '=' && at[2])
			return store(p, row, t, at + 2, err);
		if (row->type == MEL_OPT_BOOL) {
			if (store(p, row, t, "true", err) < 0)
				return -1;
			continue;
		}
		if (at[1])
			return store(p, row, t, at + 1, err);
		if (p->next == p->len)
			return mel_err_set(err, MEL_ERR_USAGE,
					   "flag needs an argument: '%c' in %s", *at, arg);
		return store(p, row, t, p->arg[p->next++], err);
	}
	return 0;
}

static int store_presets(const struct parser *p, struct mel_err **err)
{
	for (size_t t = 0; t < p->table_len; t++)
		for (size_t i = 0; i < p->table[t].len; i++)
			if (p->table[t].row[i].preset &&
			    mel_opt_store(&p->table[t].row[i], p->table[t].out,
					  p->table[t].row[i].preset, true, p->arena, err) < 0)
				return -1;
	return 0;
}

int mel_opt_parse(struct mel_opt_result *result, const struct mel_opt_table *table,
		  size_t table_len, const char *const *arg, size_t len, struct mel_arena *arena,
		  struct mel_err **err)
{
	struct parser p = {
		.result = result,
		.table = table,
		.table_len = table_len,
		.arg = arg,
		.len = len,
		.arena = arena,
	};

	if (store_presets(&p, err) < 0)
		return -1;
	while (p.next < p.len) {
		const char *at = arg[p.next++];
		int rc = 0;

		if (mel_text_eq(at, "--")) {
			while (p.next < p.len)
				mel_vec_push(&result->arg, arg[p.next++]);
		} else if (at[0] == '-' && at[1] == '-') {
			rc = parse_long(&p, at, err);
		} else if (at[0] == '-' && at[1]) {
			rc = parse_short(&p, at, err);
		} else {
			mel_vec_push(&result->arg, at);
		}
		if (rc < 0)
			return -1;
	}
	return 0;
}
