/*
 * YAML text to a tree of nodes with positions. libyaml gives the events; aliases, merge keys,
 * repeated keys and limits are handled here. Types are not: a scalar keeps its source text, and
 * who asks for a key decides what it means. Source: YAML 1.1, yaml.org/spec/1.1, merge keys
 * yaml.org/type/merge.html.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

enum mel_node_kind { MEL_NODE_SCALAR, MEL_NODE_LIST, MEL_NODE_MAP };

/* All in the arena of the parse. */
struct mel_node {
	enum mel_node_kind kind;
	struct mel_pos pos;
	/* scalar */
	const char *text; /* NUL-terminated; may hold no NUL itself */
	size_t text_len;
	bool is_plain; /* neither quoted nor a block */
	bool is_null;  /* plain ~, null, Null, NULL or nothing */
	bool is_int;   /* tagged !!int: a quoted number is one */
	/* list, map: item[i] is the element, key[i] the scalar before it (maps) */
	struct mel_node **item;
	struct mel_node **key;
	size_t len;
	bool is_open;    /* during the parse: more of it is to come */
	unsigned height; /* levels below it, those behind aliases too */
};

enum {
	MEL_YAML_MAX_BYTES = 16 * 1024 * 1024,
	MEL_YAML_MAX_DEPTH = 256,
	MEL_YAML_MAX_NODES = 1000000, /* after alias expansion */
};

/*
 * The first document of text; *out is NULL for a file with nothing in it. file is copied into
 * the positions. Errors: INPUT with file:line:column (syntax, repeated key, unknown alias, bad
 * merge, a second document that is not empty), LIMIT.
 */
int mel_yaml_parse(struct mel_node **out, struct mel_arena *arena, const char *file,
		   struct mel_slice text, struct mel_err **err);
/* The value of key in a map, NULL if absent or if node is no map. */
struct mel_node *mel_node_get(const struct mel_node *node, const char *key);
