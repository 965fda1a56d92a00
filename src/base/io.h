/* Whole reads and writes on file descriptors. Source: read(2), write(2), copy_file_range(2). */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Exactly len bytes unless the file ends: the number read, or -1 (errno). EINTR is retried. */
ssize_t mel_read_full(int fd, void *bytes, size_t len);
/* All len bytes, or -1 (errno). EINTR is retried. */
int mel_write_full(int fd, const void *bytes, size_t len);
/* Append the rest of fd to buf, whose maximum applies. Errors: SYSTEM, LIMIT; name is for
 * texts. */
int mel_read_all(int fd, const char *name, struct mel_buf *buf, struct mel_err **err);
/* Copy what is left of from_fd to to_fd; bytes copied are added to *copied (may be NULL). */
int mel_copy_fd(int to_fd, int from_fd, uint64_t *copied, struct mel_err **err);
