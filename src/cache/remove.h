/*
 * Deletes what lies in a cache directory, whatever builds made of it: read-only folders, files
 * of subordinate ids, links, deep trees. Never leaves the directory: folders are opened with
 * openat2(2) and RESOLVE_BENEATH, links are removed and not followed.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

struct mel_cache_remover {
	int dirfd;         /* borrowed: the cache directory */
	const char *path;  /* borrowed: its absolute path, for files of other ids */
	bool is_alone;     /* no build can change the directory meanwhile */
	struct mel_buf at; /* folder in which something was removed last */
	int at_fd;         /* owned; of that folder, or -1 */
};
#define MEL_CACHE_REMOVER_INIT(fd, name)                                                       \
	{                                                                                      \
		.dirfd = (fd), .path = (name), .at = MEL_BUF_INIT(MEL_BUF_NO_LIMIT),           \
		.at_fd = -1                                                                    \
	}

/*
 * Remove the file or tree at path below the directory; one that is not there is fine. With
 * is_alone, trees with files of subordinate ids are removed from inside a user namespace.
 * Errors: INPUT (no clean relative path), SYSTEM, SANDBOX.
 */
int mel_cache_remove(struct mel_cache_remover *remover, const char *path, struct mel_err **err);
/* Remove the folders that are empty now, but for those at the top of the directory; to be
 * called at the end. */
void mel_cache_remover_finish(struct mel_cache_remover *remover);
#define MEL_AUTO_CACHE_REMOVER __attribute__((cleanup(mel_cache_remover_finish)))
