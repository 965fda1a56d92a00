/*
 * YAML writer: block style, two-space indent, lists indented below their key, texts plain where
 * that is safe in YAML 1.1 and 1.2 alike, else quoted; texts of several lines as literal
 * blocks; bytes that are no UTF-8 as !!binary. What is written reads back as the same texts.
 * The caller keeps begin and end balanced, and a key precedes each value inside a mapping.
 * Source: YAML 1.2.2, yaml.org/spec/1.2.2.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

struct mel_yaml {
	struct mel_buf *out;          /* borrowed */
	struct mel_yaml_level *level; /* open lists and mappings; gone when all are closed */
	size_t depth, room;
};
#define MEL_YAML_INIT(buf)                                                                     \
	{                                                                                      \
		.out = (buf)                                                                   \
	}

void mel_yaml_begin(struct mel_yaml *yaml, char open); /* '{' or '[' */
void mel_yaml_end(struct mel_yaml *yaml);
void mel_yaml_key(struct mel_yaml *yaml, const char *key);
void mel_yaml_text(struct mel_yaml *yaml, const char *value);
/* A value that is written as it is: a number, true, false. */
void mel_yaml_raw(struct mel_yaml *yaml, const char *value);

/* text as a YAML scalar on one line, appended to out. */
void mel_yaml_quote(struct mel_buf *out, struct mel_slice text);
/* The same, but as a literal block whose lines are indented by column where that is possible;
 * no line feed at the end. */
void mel_yaml_scalar(struct mel_buf *out, struct mel_slice text, unsigned column);
