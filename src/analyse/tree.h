/*
 * Complete, sorted listing of a package directory, in the order of the data section: depth
 * first, names of one directory bytewise, the directory itself left out. The tree is hostile:
 * a build step made it. It is reached only from directory fds, names are bytes, nothing is
 * followed, no file is read, and whatever cannot be listed is an error. It must not change
 * while it is listed or read. Sources: openat(2), path_resolution(7), xattr(7), inode(7).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/map.h"

enum mel_tree_type {
	MEL_TREE_DIR,
	MEL_TREE_FILE,
	MEL_TREE_LINK,
	MEL_TREE_CHAR,
	MEL_TREE_BLOCK,
	MEL_TREE_FIFO,
};

enum mel_tree_flag {
	MEL_TREE_ALLOW_FIFO = 1 << 0,
	MEL_TREE_ALLOW_DEVICE = 1 << 1,
};

#define MEL_TREE_NONE SIZE_MAX

enum {
	MEL_TREE_MAX_ENTRIES = 1000000,
	MEL_TREE_MAX_PATH_BYTES = 65536,   /* of one path */
	MEL_TREE_MAX_TEXT_BYTES = 1 << 29, /* of all that a listing holds */
};

/* value is bytes; both live in the tree. */
struct mel_tree_xattr {
	const char *name;
	const void *value;
	size_t value_len;
};

struct mel_tree_entry {
	const char *path; /* relative, "usr/bin/x"; in the tree's arena */
	enum mel_tree_type type;
	mode_t mode; /* the twelve permission bits, on directories too; 0777 for links */
	uid_t uid;   /* as on disk: the caller maps them to ids of the guest */
	gid_t gid;
	uint64_t size_bytes; /* files: content; links: target; others 0 */
	const char *target;  /* links only, else NULL */
	dev_t rdev;          /* devices only, else 0 */
	dev_t dev;
	ino_t ino;
	uint64_t nlink;
	size_t leader; /* index of the first entry with this inode; its own for most */
	size_t parent; /* index of the directory, MEL_TREE_NONE at the top */
	const struct mel_tree_xattr *xattr; /* filtered (xattr.h), sorted by name */
	size_t xattr_len;
};

struct mel_tree {
	int dirfd; /* owned; the package directory */
	struct mel_tree_entry *entry;
	size_t entry_len;
	uint64_t size_bytes; /* installed size: files (each name of a hard link), targets, and
			      * 4096 for each directory, the top included */
	struct mel_arena arena; /* paths, targets, attributes */
	struct mel_map by_path;
};

struct mel_tree_opts {
	unsigned flags; /* enum mel_tree_flag: types that are refused otherwise */
	/* Is this host uid the guest's root, so that file capabilities bound to it are meant
	 * for the package? NULL: 0 and our effective uid are. */
	bool (*is_guest_root)(void *user, uint32_t uid);
	/* The mode of a path that was changed so that we can read it. NULL: as it is. */
	mode_t (*true_mode)(void *user, const char *path, mode_t mode);
	void *user; /* for both */
};

/*
 * List the directory behind dirfd (borrowed). opts may be NULL. Directories of ours that we
 * cannot read are made readable for the time of the visit. On failure out is empty.
 * Errors: SYSTEM (cannot list), INPUT (socket, refused type, foreign capability), LIMIT.
 */
int mel_tree_scan(struct mel_tree *out, int dirfd, const struct mel_tree_opts *opts,
		  struct mel_err **err);
/*
 * A new fd, at offset 0, for reading the regular file entry[index]; the caller closes it.
 * Permissions that deny it are lifted for a moment if the file or its directories are ours.
 * Errors: SYSTEM; INPUT when it is no longer the file that was listed.
 */
int mel_tree_open(const struct mel_tree *tree, size_t index, struct mel_err **err);
/* The entry with exactly this path, MEL_TREE_NONE if there is none. */
size_t mel_tree_find(const struct mel_tree *tree, const char *path);
/*
 * The entry that path leads to when symbolic links are followed inside the tree, as from the
 * listing: MEL_TREE_NONE for absolute targets, targets above the top, dangling ones, loops.
 */
size_t mel_tree_resolve(const struct mel_tree *tree, const char *path);
/* Is the entry's directory exactly dir ("usr/bin")? */
bool mel_tree_is_in(const struct mel_tree_entry *entry, const char *dir);

void mel_tree_clear(struct mel_tree *tree);
#define MEL_TREE_INIT                                                                          \
	{                                                                                      \
		.dirfd = -1                                                                    \
	}
#define MEL_AUTO_TREE __attribute__((cleanup(mel_tree_clear)))
