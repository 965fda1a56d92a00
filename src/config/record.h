/*
 * The configuration written back, driven by the key tables: as the YAML that goes into each
 * package, and as the JSON that `compile` prints. Both hold the keys in the order of the
 * tables and leave out what is empty, but not by the same rules; docs/formats.md has them.
 */
#pragma once

#include "base/buf.h"
#include "config/model.h"

/*
 * Append config as YAML. Passwords in URLs of repositories and keys become "xxxxx", and
 * variables that only an env file gave are left out, since a package is public. -1 when out is
 * over its maximum (see mel_buf_check), else 0.
 */
int mel_record_yaml(struct mel_buf *out, const struct mel_config *config);
/* Append config as one line of JSON with nothing left out or masked. Result as above. */
int mel_record_json(struct mel_buf *out, const struct mel_config *config);
