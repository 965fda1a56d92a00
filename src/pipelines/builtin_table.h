/*
 * builtin_table.h - the table that embed.awk makes of the definition files, sorted by name.
 */
#pragma once

#include "pipelines/builtin.h"

extern const struct mel_builtin mel_builtin_table[];
extern const size_t mel_builtin_table_len;
