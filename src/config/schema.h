/*
 * One row per key of the build file: its name, type and place in the structs of model.h. The
 * same tables read a file (strictly: unknown keys are errors), find the texts that variables
 * are put into, and write the record.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "codec/yaml.h"
#include "config/model.h"

enum mel_key_type {
	MEL_KEY_TEXT,        /* const char * */
	MEL_KEY_BOOL,        /* bool */
	MEL_KEY_INT,         /* int64_t */
	MEL_KEY_UINT,        /* uint64_t */
	MEL_KEY_DURATION,    /* int64_t, nanoseconds */
	MEL_KEY_TEXTS,       /* struct mel_texts */
	MEL_KEY_TEXT_MAP,    /* struct mel_text_map */
	MEL_KEY_STRUCT,      /* the struct itself */
	MEL_KEY_STRUCT_PTR,  /* pointer, NULL when the key is absent or null */
	MEL_KEY_STRUCT_LIST, /* pointer, and behind it a size_t with the length */
	MEL_KEY_STRUCT_MAP,  /* the same; elements are named by their keys */
};

enum mel_key_flag {
	MEL_KEY_P1 = 1 << 0,          /* variables are put in by the textual pass */
	MEL_KEY_ALWAYS = 1 << 1,      /* in the YAML record even when empty */
	MEL_KEY_UNRECORDED = 1 << 2,  /* never in a record */
	MEL_KEY_UNUSED = 1 << 3,      /* accepted, one warning: it has no effect */
	MEL_KEY_REFUSED = 1 << 4,     /* an error that says so */
	MEL_KEY_JSON_ALWAYS = 1 << 5, /* in the JSON record even when empty; NULL too */
	MEL_KEY_VALUE = 1 << 6,       /* STRUCT_PTR: empty in the YAML record is not given */
	MEL_KEY_GIVEN = 1 << 7,       /* in a record exactly when it was given (has_offset) */
	MEL_KEY_URLS = 1 << 8,        /* TEXTS: passwords do not go into the YAML record */
};

#define MEL_KEY_NOWHERE SIZE_MAX

struct mel_schema;

struct mel_key_rule {
	const char *name;
	enum mel_key_type type;
	unsigned flags;
	size_t offset;
	const struct mel_schema *schema; /* of structs */
	size_t pos_offset;               /* struct mel_pos of the value, or MEL_KEY_NOWHERE */
	size_t has_offset; /* bool that tells whether the key was given, or MEL_KEY_NOWHERE */
	const char *json;  /* name in the JSON record when it differs, or NULL */
};

struct mel_schema {
	const char *what; /* for messages: "package" */
	const struct mel_key_rule *rule;
	size_t rule_len;
	size_t size;        /* of the struct */
	size_t pos_offset;  /* struct mel_pos of the mapping, or MEL_KEY_NOWHERE */
	size_t name_offset; /* STRUCT_MAP: const char * that gets the key, or MEL_KEY_NOWHERE */
};

extern const struct mel_schema mel_config_schema;   /* struct mel_config */
extern const struct mel_schema mel_pipeline_schema; /* struct mel_pipeline */

/*
 * Fill out (zeroed, of schema) from a mapping node; texts are borrowed from the node, the rest
 * is in arena. is_strict: unknown keys are errors, each with the nearest known key; otherwise
 * they are passed over. All problems are collected in *err. Errors: INPUT.
 */
int mel_schema_read(void *out, const struct mel_schema *schema, const struct mel_node *node,
		    bool is_strict, struct mel_arena *arena, struct mel_err **err);

/* A text of a struct and what is known of it. */
struct mel_text_place {
	const char **text;
	const struct mel_key_rule *rule;
	struct mel_pos pos; /* file NULL when unknown */
};
/* Call visit for every text (also list elements and map values) below value whose rule has
 * flag; a result below 0 ends the walk and is returned. */
int mel_schema_each_text(void *value, const struct mel_schema *schema, unsigned flag,
			 int (*visit)(void *user, const struct mel_text_place *place),
			 void *user);
