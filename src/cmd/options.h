/*
 * Command line flags as tables. One row says everything about a flag: names, type, default,
 * help, whether it works yet; parsing, help and completion read the same rows. The grammar is
 * that of POSIX-style flag libraries as the callers of this tool know it: see mel_opt_parse.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/vec.h"

/* The type of a flag, and of the field that receives its value. */
enum mel_opt_type {
	MEL_OPT_HEADING,  /* not a flag: help is the title of the flags that follow */
	MEL_OPT_BOOL,     /* bool */
	MEL_OPT_TEXT,     /* const char * */
	MEL_OPT_LIST,     /* struct mel_opt_list; the value is one CSV record, uses add up */
	MEL_OPT_DURATION, /* int64_t, nanoseconds */
	MEL_OPT_UINT,     /* uint64_t */
	MEL_OPT_SIZE,     /* uint64_t, bytes: "1.5GiB" */
	MEL_OPT_AGE,      /* int64_t, seconds: "90d" */
};

enum mel_opt_status {
	MEL_OPT_BUILT,
	MEL_OPT_LATER,     /* known, refused by name */
	MEL_OPT_NO_EFFECT, /* accepted, ignored with a warning (note or a general one) */
};

/* Values of a list flag in the order given; the storage is owned, the texts are borrowed. */
struct mel_opt_list {
	const char **at;
	size_t len, cap;
};

struct mel_opt {
	const char *name; /* long name without dashes */
	enum mel_opt_type type;
	size_t offset;      /* of the field that receives the value */
	const char *word;   /* what the value is, for help: "DIR" */
	const char *help;   /* one line */
	const char *preset; /* default as text; NULL: false, NULL, empty, 0 */
	const char *note;   /* NO_EFFECT: the warning, if not the general one */
	char letter;        /* short name or 0 */
	enum mel_opt_status status;
	bool is_hidden; /* not in help and completion */
};

/* Rows that fill one struct. */
struct mel_opt_table {
	const struct mel_opt *row;
	size_t len;
	void *out; /* the struct; may be NULL where nothing is parsed */
};

/* What a command line held. A zeroed one is ready. */
struct mel_opt_result {
	struct mel_opt_list arg;              /* arguments that are not flags */
	MEL_VEC(const struct mel_opt *) used; /* each flag given, once */
};

/*
 * Store the defaults, then parse arg[0..len): "--name value", "--name=value", "-x value",
 * "-xvalue", "-x=value", grouped short booleans, "--" as the end of flags; flags and arguments
 * in any order. A boolean takes a value only behind "=". The last of a scalar given twice wins;
 * the first use of a list replaces its default, later ones append. Texts live in arena.
 * Errors: USAGE (unknown or malformed flag, wrong value, flag that is not available yet).
 */
int mel_opt_parse(struct mel_opt_result *result, const struct mel_opt_table *table,
		  size_t table_len, const char *const *arg, size_t len, struct mel_arena *arena,
		  struct mel_err **err);
/* True when the flag with that long name was given. */
bool mel_opt_is_given(const struct mel_opt_result *result, const char *name);
void mel_opt_result_clear(struct mel_opt_result *result);
/* Free the lists that the rows of table filled. */
void mel_opt_table_clear(const struct mel_opt_table *table);

/* The row with the long name (len bytes) or the letter in any of the tables, or NULL; at (may
 * be NULL) is set to its table. */
const struct mel_opt *mel_opt_find(const struct mel_opt_table *table, size_t table_len,
				   const char *name, size_t len, size_t *at);
const struct mel_opt *mel_opt_find_letter(const struct mel_opt_table *table, size_t table_len,
					  char letter, size_t *at);

/*
 * Store text as the value of row in its field of out; is_first: no earlier use. Errors: USAGE,
 * the reason alone.
 */
int mel_opt_store(const struct mel_opt *row, void *out, const char *text, bool is_first,
		  struct mel_arena *arena, struct mel_err **err);
/* Append the fields of one CSV record to list: fields may be quoted, "" is a quote in a quoted
 * field, "" as a whole is no field. Errors: USAGE. Source: RFC 4180. */
int mel_opt_csv(struct mel_opt_list *list, const char *text, struct mel_arena *arena,
		struct mel_err **err);
