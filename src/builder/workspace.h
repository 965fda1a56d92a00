/*
 * The directories of one build: a private state directory "melange.<pid>.<random>" below the
 * temporary directory with a lock that lives as long as the build, and in it the guest's root,
 * its upper layers and the workspace that the guest sees at /home/build. Root and upper layers,
 * of which nothing is kept, can lie in a second state directory, in memory. A later build
 * removes state directories whose lock is free.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct sbx_ids;

struct mel_state_dir {
	char *path;  /* owned; absolute; NULL: there is none */
	int dirfd;   /* owned */
	int lock_fd; /* owned; locked while the build lives */
};

struct mel_workspace {
	struct mel_state_dir state;  /* below the temporary directory */
	struct mel_state_dir memory; /* on a tmpfs, if there is one that will do */
	uint64_t memory_free;        /* bytes that the tmpfs had when the build began */
	char *work_path;             /* owned; absolute path of the workspace */
	int work_fd;                 /* owned; the workspace */
	bool is_user_dir;            /* the workspace lies below --workspace-dir */
};

#define MEL_STATE_DIR_INIT                                                                     \
	{                                                                                      \
		.dirfd = -1, .lock_fd = -1                                                     \
	}
#define MEL_WORKSPACE_INIT                                                                     \
	{                                                                                      \
		.state = MEL_STATE_DIR_INIT, .memory = MEL_STATE_DIR_INIT, .work_fd = -1       \
	}

struct mel_workspace_opts {
	const char *temp_dir; /* where the state directory goes */
	const char *user_dir; /* --workspace-dir or NULL; the workspace is then user_dir/arch,
				 which must be empty or carry our marker */
	const char *arch;
	bool in_memory; /* what is not the workspace goes to /dev/shm, if that has three
			   gigabytes, runs programs and takes the attributes of an overlay */
};

/*
 * Make the directories. Errors: SYSTEM, INPUT (a user's directory that is not ours).
 */
int mel_workspace_open(struct mel_workspace *out, const struct mel_workspace_opts *opts,
		       struct mel_err **err);

/* Where the guest's root and its upper layers go. */
const struct mel_state_dir *mel_workspace_system(const struct mel_workspace *ws);

/* Did the guest's system folders take too much memory? Cheap enough for every second. Errors:
 * LIMIT. */
int mel_workspace_check(const struct mel_workspace *ws, struct mel_err **err);

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
