/*
 * The directories of one build: a private state directory "melange.<pid>.<random>" below the
 * temporary directory with a lock that lives as long as the build, and in it the guest's root,
 * its upper layers and the workspace that the guest sees at /home/build. A later build removes
 * state directories whose lock is free.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

struct sbx_ids;

struct mel_workspace {
	char *path;       /* owned; absolute path of the state directory */
	int dirfd;        /* owned; the state directory */
	int lock_fd;      /* owned; locked while the build lives */
	char *work_path;  /* owned; absolute path of the workspace */
	int work_fd;      /* owned; the workspace */
	bool is_user_dir; /* the workspace lies below --workspace-dir */
};

#define MEL_WORKSPACE_INIT                                                                     \
	{                                                                                      \
		.dirfd = -1, .lock_fd = -1, .work_fd = -1                                      \
	}

/*
 * Make the directories. temp_dir: where the state directory goes. user_dir: --workspace-dir or
 * NULL; the workspace is then user_dir/arch, which must be empty or carry our marker. Errors:
 * SYSTEM, INPUT (a user's directory that is not ours).
 */
int mel_workspace_open(struct mel_workspace *out, const char *temp_dir, const char *user_dir,
		       const char *arch, struct mel_err **err);

/* Give everything below the state directory (and the workspace, unless it is shown id-mapped)
 * to the id that the guest's build user has on the host. */
int mel_workspace_give(struct mel_workspace *ws, const struct sbx_ids *ids,
		       struct mel_err **err);

/*
 * Copy the source directory into the workspace: regular files with their permission bits and
 * writable by the owner, symlinks, directories; minus what .melangeignore names. The
 * directories of the build itself that lie in it stay out: the workspace, the state directory,
 * and those at the paths of skip (NULL entries are none). Errors: SYSTEM, INPUT, LIMIT.
 */
int mel_workspace_populate(struct mel_workspace *ws, const char *source_dir,
			   const char *const *skip, size_t skip_len, struct mel_err **err);

/* Remove what was made (or keep it) and release the lock; ids as the guest had, or NULL. */
void mel_workspace_close(struct mel_workspace *ws, const struct sbx_ids *ids, bool keep);
