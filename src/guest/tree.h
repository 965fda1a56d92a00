/*
 * tree.h - directory trees below an open directory, for the verbs `split`, `strip` and
 * `patch-series`. Paths are relative to the root fd, without "." and ".." components; symbolic
 * links are entries like others and never followed, so nothing leads out of the root.
 */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#include "guest/util.h"

/* Is path relative, not empty, and without empty, "." and ".." components? */
bool mel_tree_is_clean(const char *path);

/* Open the directory path ("" is the root); -1 with errno. The caller closes it. */
int mel_tree_open(int root_fd, const char *path);

/* lstat(2) of path; "" is the root. 0, or -1 with errno. */
int mel_tree_stat(int root_fd, const char *path, struct stat *st);

/* Names in the directory path, sorted bytewise, without "." and "..". 0, or -1 with errno. */
int mel_tree_names(int root_fd, const char *path, struct mel_helper_list *out);

/*
 * Append each path below base (itself not included), parents first, that want() picks; nothing
 * below a picked directory is looked at. A base that is no directory gives nothing.
 * 0, or -1 with errno.
 */
int mel_tree_find(int root_fd, const char *base,
		  bool (*want)(const char *name, const struct stat *st),
		  struct mel_helper_list *out);

/*
 * Append the paths below base that match pattern, whose components may hold *, ? and [...]
 * (a dot at the start of a name must be written). 0, or -1 with errno.
 */
int mel_tree_glob(int root_fd, const char *base, const char *pattern,
		  struct mel_helper_list *out);

/* Make the directory path and its missing parents. 0, or -1 with errno. */
int mel_tree_mkdirs(int root_fd, const char *path);

/*
 * Move the entry from, below from_fd, to the path to, below to_fd, whose parent exists.
 * A directory is merged into one that is already there, any other entry replaces its like; a
 * directory and something else in the same place is EEXIST. With check nothing is changed, only
 * that conflict looked for. *moved grows by the number of entries moved that are no
 * directories. 0, or -1 with errno.
 */
int mel_tree_move(int from_fd, const char *from, int to_fd, const char *to, bool check,
		  size_t *moved);

/* Remove path and everything below it. 0, or -1 with errno. */
int mel_tree_remove(int root_fd, const char *path);

/* The parent of path ("" for a name); the caller frees it. */
char *mel_tree_parent(const char *path);
