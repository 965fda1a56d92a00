/*
 * Files by (directory fd, relative path). Names that come from input meet the file system only
 * through mel_openat_beneath, which cannot leave the directory. All fds are close-on-exec.
 * Sources: openat2(2), open(2) O_TMPFILE, renameat(2), flock(2).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Like openat(2), with close-on-exec; path may lead anywhere. -1 (errno) on failure. */
int mel_openat(int dirfd, const char *path, int flags, mode_t mode);
/* Like openat(2), but resolution may not leave dirfd nor pass a symlink (ELOOP, EXDEV). */
int mel_openat_beneath(int dirfd, const char *path, int flags, mode_t mode);
/* Whole content of the regular file path, at most buf->max bytes. Errors: SYSTEM, INPUT, LIMIT.
 */
int mel_file_read(int dirfd, const char *path, struct mel_buf *buf, struct mel_err **err);
/* Create or replace path with len bytes, not atomically: for private directories of a build. */
int mel_file_write(int dirfd, const char *path, const void *bytes, size_t len, mode_t mode,
		   struct mel_err **err);
/* mkdir -p relative to dirfd; existing directories are fine. The last one gets mode. */
int mel_mkdirs(int dirfd, const char *path, mode_t mode, struct mel_err **err);
/* Remove the tree path (file or directory) below at; unreadable directories of ours are made
 * readable first; never follows links, no recursion. A missing path is fine. */
int mel_rmtree(int at, const char *path, struct mel_err **err);
/* Copy the file data, mode and nothing else; to_path must not exist. */
int mel_file_copy(int from_dirfd, const char *from_path, int to_dirfd, const char *to_path,
		  mode_t mode, struct mel_err **err);

/*
 * A result in the making: bytes go to an unnamed file in the directory and get their name by
 * mel_publish_commit, whole or not at all. Where the file system has no O_TMPFILE a hidden
 * temporary name is used and removed on abort. The file is locked (flock(2)) while it is in the
 * making, so that a temporary name whose file is not locked was left by a process that is gone.
 */
struct mel_publish {
	int dirfd;  /* borrowed */
	int fd;     /* owned; write here */
	char *name; /* owned; final name in the directory */
	char *temp; /* owned; temporary name, NULL while unnamed */
};
int mel_publish_open(struct mel_publish *out, int dirfd, const char *name, mode_t mode,
		     struct mel_err **err);
/* Sync the bytes to the disk; after this only the name is missing. */
int mel_publish_prepare(struct mel_publish *pub, struct mel_err **err);
/* Give it its final name (replaces) and close. */
int mel_publish_commit(struct mel_publish *pub, struct mel_err **err);
void mel_publish_abort(struct mel_publish *pub); /* also fine after commit */
/* Remove the temporary names that processes which were killed left in the directory. */
void mel_publish_sweep(int dirfd);
#define MEL_PUBLISH_INIT                                                                       \
	{                                                                                      \
		.dirfd = -1, .fd = -1                                                          \
	}
#define MEL_AUTO_PUBLISH __attribute__((cleanup(mel_publish_abort)))
