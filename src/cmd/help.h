/* Help texts, made from the tables of commands and flags. */
#pragma once

#include "base/buf.h"
#include "cmd/cmd.h"

/* Append the help of cmd; NULL: that of the program. */
void mel_help_write(struct mel_buf *out, const struct mel_cmd *cmd);
/* Write out to stdout, whole. Errors: OUTPUT. */
int mel_stdout_write(const struct mel_buf *out, struct mel_err **err);
