/*
 * What the commands of "melange cache" share: which directory they are about, what is kept
 * about it, and how sizes and times are shown.
 */
#pragma once

#include "cache/archive.h"
#include "cache/gc.h"
#include "cache/list.h"
#include "cache/state.h"
#include "cache/use.h"
#include "cmd/cmd.h"

/* The row of --cache-dir for the field of a struct of flags. */
#define MEL_CACHE_DIR_ROW(T, field)                                                            \
	{                                                                                      \
		.name = "cache-dir", .type = MEL_OPT_TEXT, .offset = offsetof(T, field),       \
		.word = "DIR", .preset = "./melange-cache/",                                   \
		.help = "the build cache, as for build"                                        \
	}

/* The rows of --area and --class for the fields area and class (struct mel_opt_list). */
#define MEL_CACHE_CHOICE_ROWS(T)                                                               \
	{ .name = "area",                                                                      \
	  .type = MEL_OPT_LIST,                                                                \
	  .offset = offsetof(T, area),                                                         \
	  .word = "AREA",                                                                      \
	  .help = "only these areas (all but 'other')" },                                      \
	{                                                                                      \
		.name = "class", .type = MEL_OPT_LIST, .offset = offsetof(T, class),           \
		.word = "CLASS", .help = "only areas of these classes: A, B, C"                \
	}

/* The row of --force for the field force. */
#define MEL_CACHE_FORCE_ROW(T)                                                                 \
	{                                                                                      \
		.name = "force", .type = MEL_OPT_BOOL, .offset = offsetof(T, force),           \
		.help = "do not wait for builds that use the cache"                            \
	}

extern const struct mel_cmd mel_cmd_cache_ls;
extern const struct mel_cmd mel_cmd_cache_du;
extern const struct mel_cmd mel_cmd_cache_verify;
extern const struct mel_cmd mel_cmd_cache_gc;
extern const struct mel_cmd mel_cmd_cache_rm;
extern const struct mel_cmd mel_cmd_cache_export;
extern const struct mel_cmd mel_cmd_cache_import;
extern const struct mel_cmd mel_cmd_cache_stats;

/* A cache directory at hand. */
struct mel_cache_site {
	char *path; /* owned; absolute, free of links */
	int dirfd;  /* owned */
	struct mel_cache_state state;
	struct mel_cache_use use; /* filled by mel_cache_site_list */
	struct mel_cache_list list;
	int lock, builds; /* owned; the locks that are held, or -1 */
};
#define MEL_CACHE_SITE_INIT                                                                    \
	{                                                                                      \
		.dirfd = -1, .state = MEL_CACHE_STATE_INIT, .lock = -1, .builds = -1           \
	}

enum mel_cache_need {
	MEL_CACHE_TO_READ,   /* do without a state where none can be had */
	MEL_CACHE_TO_CHANGE, /* the state must be there */
	MEL_CACHE_TO_MAKE,   /* the same, and the directory is made if it does not exist */
};

/* Open the directory named dir on the command line, and its state. Errors: INPUT, SYSTEM. */
int mel_cache_site_open(struct mel_cache_site *place, struct mel_ctx *ctx, const char *dir,
			enum mel_cache_need need, struct mel_err **err);
/* Nobody else changes the directory from now on. waits: until no build uses it; else builds may
 * go on, place->builds tells. Errors: SYSTEM. */
int mel_cache_site_lock(struct mel_cache_site *place, bool waits, struct mel_err **err);
/* List what is in it, with the recorded uses; what could not be read is warned about. */
int mel_cache_site_list(struct mel_cache_site *place, struct mel_err **err);
void mel_cache_site_close(struct mel_cache_site *place);
#define MEL_AUTO_CACHE_SITE __attribute__((cleanup(mel_cache_site_close)))

/* "A" sources, "B" packages, "C" compiled */
const char *mel_cache_class_letter(enum mel_cache_class class);
/* Append bytes as "1.5 KiB", right-aligned in width columns. */
void mel_cache_write_size(struct mel_buf *out, uint64_t bytes, int width);
/* Append a text that comes from builds: what could move a terminal's cursor as '?'. */
void mel_cache_write_name(struct mel_buf *out, const char *name);
/* Append the line of "cache ls" for the unit; as JSON: an object and a line feed. */
void mel_cache_unit_text(struct mel_buf *out, const struct mel_cache_unit *unit);
void mel_cache_unit_json(struct mel_buf *out, const struct mel_cache_unit *unit);
/* Remove the marked units of the place, or only list them (is_dry), and say so in out: lines of
 * units when dry or is_json, one line of totals else. OUTPUT: some could not be removed. */
int mel_cache_site_remove(struct mel_cache_site *place, bool is_dry, bool is_json,
			  struct mel_cache_gone *gone, struct mel_buf *out,
			  struct mel_err **err);
/* Is the unit one of those meant? area: its area's name, or NULL for any; pattern (shell
 * patterns, len of them; none: any): its name, the name of a root, or a folder around them. */
bool mel_cache_is_meant(const struct mel_cache_list *list, const struct mel_cache_unit *unit,
			const char *area, const struct mel_opt_list *pattern);
/* Error USAGE unless a cache could have an area of that name (NULL is fine). */
int mel_cache_check_area(const char *area, struct mel_err **err);
/* The choice that --area and --class make. Errors: USAGE. */
int mel_cache_choose(struct mel_cache_choice *choice, const struct mel_opt_list *area,
		     const struct mel_opt_list *class, struct mel_err **err);
/* Seconds since 1970. */
int64_t mel_cmd_now(void);
