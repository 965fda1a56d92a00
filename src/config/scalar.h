/* Scalars by the type that the key wants; the source text decides, not a guess at its type. */
#pragma once

#include "base/err.h"
#include "codec/yaml.h"

/* place: const char **, bool *, int64_t *, uint64_t *, int64_t * (ns). Errors: INPUT, without
 * position. */
int mel_scalar_text(void *place, const struct mel_node *node, struct mel_err **err);
int mel_scalar_bool(void *place, const struct mel_node *node, struct mel_err **err);
int mel_scalar_int(void *place, const struct mel_node *node, struct mel_err **err);
int mel_scalar_uint(void *place, const struct mel_node *node, struct mel_err **err);
int mel_scalar_duration(void *place, const struct mel_node *node, struct mel_err **err);
