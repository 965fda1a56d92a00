/*
 * JSON writer with fixed bytes: keys in the order given, two-space indent or none at all, "<",
 * ">" and "&" escaped as in HTML-safe output, invalid UTF-8 replaced by U+FFFD. The caller
 * keeps begin and end balanced; a key precedes each value inside an object. Source: RFC 8259.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

struct mel_json {
	struct mel_buf *out; /* borrowed */
	bool is_compact;     /* no white space at all */
	bool has_item;       /* something was written at the current depth */
	bool has_key;        /* the next value follows a key */
	unsigned depth;
};
#define MEL_JSON_INIT(buf)                                                                     \
	{                                                                                      \
		.out = (buf)                                                                   \
	}

void mel_json_begin(struct mel_json *json, char open); /* '{' or '[' */
void mel_json_end(struct mel_json *json, char close);  /* '}' or ']' */
void mel_json_key(struct mel_json *json, const char *key);
void mel_json_slice(struct mel_json *json, struct mel_slice value);
void mel_json_text(struct mel_json *json, const char *value);
void mel_json_int(struct mel_json *json, int64_t value);
void mel_json_bool(struct mel_json *json, bool value);
/* A value that is JSON already: null, a number too large for int64_t. */
void mel_json_raw(struct mel_json *json, const char *value);
/* key and text value in one; the second kind writes nothing when value is NULL or "". */
void mel_json_pair(struct mel_json *json, const char *key, const char *value);
void mel_json_pair_if(struct mel_json *json, const char *key, const char *value);
/* The escaped text between its quotes, appended to out. */
void mel_json_quote(struct mel_buf *out, struct mel_slice text);
