/* Row makers for the key tables; a field of another type than the row says does not compile. */
#pragma once

#include "config/schema.h"

#define MEL_FIELD(T, f, type) _Generic(((T *)0)->f, type : offsetof(T, f))
#define MEL_ROW(key, kind, where, sub, bits, pos)                                              \
	{                                                                                      \
		.name = (key), .type = (kind), .flags = (bits), .offset = (where),             \
		.schema = (sub), .pos_offset = (pos), .has_offset = MEL_KEY_NOWHERE            \
	}

#define MEL_TEXT(T, key, f, bits)                                                              \
	MEL_ROW(key, MEL_KEY_TEXT, MEL_FIELD(T, f, const char *), NULL, bits, MEL_KEY_NOWHERE)
#define MEL_TEXT_AT(T, key, f, p, bits)                                                        \
	MEL_ROW(key, MEL_KEY_TEXT, MEL_FIELD(T, f, const char *), NULL, bits,                  \
		MEL_FIELD(T, p, struct mel_pos))
#define MEL_BOOL(T, key, f, bits)                                                              \
	MEL_ROW(key, MEL_KEY_BOOL, MEL_FIELD(T, f, bool), NULL, bits, MEL_KEY_NOWHERE)
#define MEL_INT(T, key, f, bits)                                                               \
	MEL_ROW(key, MEL_KEY_INT, MEL_FIELD(T, f, int64_t), NULL, bits, MEL_KEY_NOWHERE)
#define MEL_UINT(T, key, f, bits)                                                              \
	MEL_ROW(key, MEL_KEY_UINT, MEL_FIELD(T, f, uint64_t), NULL, bits, MEL_KEY_NOWHERE)
#define MEL_DURATION(T, key, f, bits)                                                          \
	MEL_ROW(key, MEL_KEY_DURATION, MEL_FIELD(T, f, int64_t), NULL, bits, MEL_KEY_NOWHERE)
#define MEL_TEXTS(T, key, f, bits)                                                             \
	MEL_ROW(key, MEL_KEY_TEXTS, MEL_FIELD(T, f, struct mel_texts), NULL, bits,             \
		MEL_KEY_NOWHERE)
#define MEL_TEXT_MAP(T, key, f, bits)                                                          \
	MEL_ROW(key, MEL_KEY_TEXT_MAP, MEL_FIELD(T, f, struct mel_text_map), NULL, bits,       \
		MEL_KEY_NOWHERE)
#define MEL_STRUCT(T, key, f, type, sub, bits)                                                 \
	MEL_ROW(key, MEL_KEY_STRUCT, MEL_FIELD(T, f, type), sub, bits, MEL_KEY_NOWHERE)
#define MEL_STRUCT_PTR(T, key, f, type, sub, bits)                                             \
	MEL_ROW(key, MEL_KEY_STRUCT_PTR, MEL_FIELD(T, f, type *), sub, bits, MEL_KEY_NOWHERE)
#define MEL_STRUCT_LIST(T, key, f, type, sub, bits)                                            \
	MEL_ROW(key, MEL_KEY_STRUCT_LIST, MEL_FIELD(T, f, type *), sub, bits, MEL_KEY_NOWHERE)
#define MEL_STRUCT_MAP(T, key, f, type, sub, bits)                                             \
	MEL_ROW(key, MEL_KEY_STRUCT_MAP, MEL_FIELD(T, f, type *), sub, bits, MEL_KEY_NOWHERE)

#define MEL_SCHEMA(what_, rules, T, pos, name)                                                 \
	{                                                                                      \
		.what = (what_), .rule = (rules), .rule_len = MEL_COUNTOF(rules),              \
		.size = sizeof(T), .pos_offset = (pos), .name_offset = (name)                  \
	}

/* Tables that more than one file uses. */
extern const struct mel_schema mel_environment_schema; /* struct mel_environment */
extern const struct mel_schema mel_update_schema;      /* struct mel_update */
