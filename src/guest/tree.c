/*
 * tree.c - finding, moving and removing below an open directory (tree.h).
 */
#include "guest/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool mel_tree_is_clean(const char *path)
{
	do {
		size_t len = strcspn(path, "/");

		if (len == 0 || (len == 1 && path[0] == '.') ||
		    (len == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		path += len;
	} while (*path++ == '/');
	return true;
}

char *mel_tree_parent(const char *path)
{
	const char *slash = strrchr(path, '/');

	return mel_helper_copy(path, slash ? (size_t)(slash - path) : 0);
}

static const char *last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int mel_tree_open(int root_fd, const char *path)
{
	int fd = openat(root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	while (fd >= 0 && *path) {
		size_t len = strcspn(path, "/");
		MEL_HELPER_FREE char *name = mel_helper_copy(path, len);
		MEL_HELPER_CLOSE int parent = fd;

		fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		path += len;
		path += *path == '/';
	}
	return fd;
}

/* The parent directory of path, opened. */
static int open_parent(int root_fd, const char *path)
{
	MEL_HELPER_FREE char *parent = mel_tree_parent(path);

	return mel_tree_open(root_fd, parent);
}

int mel_tree_stat(int root_fd, const char *path, struct stat *st)
{
	MEL_HELPER_CLOSE int fd = open_parent(root_fd, path);

	if (fd < 0)
		return -1;
	if (*path == '\0')
		return fstat(fd, st);
	return fstatat(fd, last_name(path), st, AT_SYMLINK_NOFOLLOW);
}

int mel_tree_names(int root_fd, const char *path, struct mel_helper_list *out)
{
	int fd = mel_tree_open(root_fd, path);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!dir) {
		mel_helper_close(&fd);
		return -1;
	}
	while (errno = 0, (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			mel_helper_list_push(
				out, mel_helper_copy(entry->d_name, strlen(entry->d_name)));
	if (errno) {
		int saved = errno;

		closedir(dir);
		errno = saved;
		return -1;
	}
	closedir(dir);
	mel_helper_list_sort(out);
	return 0;
}

static bool is_missing(int error)
{
	/* ELOOP, ENOTDIR: a component is a link or a file, so there is no such directory. */
	return error == ENOENT || error == ENOTDIR || error == ELOOP;
}

int mel_tree_find(int root_fd, const char *base,
		  bool (*want)(const char *name, const struct stat *st),
		  struct mel_helper_list *out)
{
	MEL_HELPER_LIST struct mel_helper_list names = { 0 };

	if (mel_tree_names(root_fd, base, &names) < 0)
		return is_missing(errno) ? 0 : -1;
	for (size_t i = 0; i < names.len; i++) {
		char *path = mel_helper_join(base, names.item[i]);
		MEL_HELPER_FREE char *owned = path;
		struct stat st;

		if (mel_tree_stat(root_fd, path, &st) < 0)
			return -1;
		if (want(names.item[i], &st)) {
			mel_helper_list_push(out, path);
			owned = NULL;
		} else if (S_ISDIR(st.st_mode) && mel_tree_find(root_fd, path, want, out) < 0) {
			return -1;
		}
	}
	return 0;
}

static int glob_rest(int root_fd, const char *base, const char *rest,
		     struct mel_helper_list *out)
{
	struct stat st;

	if (*rest)
		return mel_tree_glob(root_fd, base, rest + 1, out);
	if (mel_tree_stat(root_fd, base, &st) < 0)
		return is_missing(errno) ? 0 : -1;
	mel_helper_list_push(out, mel_helper_copy(base, strlen(base)));
	return 0;
}

int mel_tree_glob(int root_fd, const char *base, const char *pattern,
		  struct mel_helper_list *out)
{
	size_t len = strcspn(pattern, "/");
	MEL_HELPER_FREE char *part = mel_helper_copy(pattern, len);
	MEL_HELPER_LIST struct mel_helper_list names = { 0 };

	if (!strpbrk(part, "*?["))
		mel_helper_list_push(&names, mel_helper_copy(part, len));
	else if (mel_tree_names(root_fd, base, &names) < 0)
		return is_missing(errno) ? 0 : -1;
	for (size_t i = 0; i < names.len; i++) {
		MEL_HELPER_FREE char *path = mel_helper_join(base, names.item[i]);

		if (strcmp(part, names.item[i]) != 0 &&
		    fnmatch(part, names.item[i], FNM_PERIOD) != 0)
			continue;
		if (glob_rest(root_fd, path, pattern + len, out) < 0)
			return -1;
	}
	return 0;
}

int mel_tree_mkdirs(int root_fd, const char *path)
{
	MEL_HELPER_FREE char *parent = NULL;
	MEL_HELPER_CLOSE int parent_fd = -1;
	MEL_HELPER_CLOSE int fd = mel_tree_open(root_fd, path);

	if (fd >= 0)
		return 0;
	if (errno != ENOENT)
		return -1;
	parent = mel_tree_parent(path);
	if (*parent && mel_tree_mkdirs(root_fd, parent) < 0)
		return -1;
	parent_fd = mel_tree_open(root_fd, parent);
	return parent_fd < 0 ? -1 : mkdirat(parent_fd, last_name(path), 0777);
}

/* Entries below path that are no directories; 1 for path itself when it is none. */
static size_t count_entries(int root_fd, const char *path, const struct stat *st)
{
	MEL_HELPER_LIST struct mel_helper_list names = { 0 };
	size_t count = 0;

	if (!S_ISDIR(st->st_mode))
		return 1;
	if (mel_tree_names(root_fd, path, &names) < 0)
		return 0;
	for (size_t i = 0; i < names.len; i++) {
		MEL_HELPER_FREE char *child = mel_helper_join(path, names.item[i]);
		struct stat child_st;

		if (mel_tree_stat(root_fd, child, &child_st) == 0)
			count += count_entries(root_fd, child, &child_st);
	}
	return count;
}

static int merge_dirs(int from_fd, const char *from, int to_fd, const char *to, bool check,
		      size_t *moved)
{
	MEL_HELPER_LIST struct mel_helper_list names = { 0 };
	MEL_HELPER_CLOSE int parent_fd = -1;

	if (mel_tree_names(from_fd, from, &names) < 0)
		return -1;
	for (size_t i = 0; i < names.len; i++) {
		MEL_HELPER_FREE char *child_from = mel_helper_join(from, names.item[i]);
		MEL_HELPER_FREE char *child_to = mel_helper_join(to, names.item[i]);

		if (mel_tree_move(from_fd, child_from, to_fd, child_to, check, moved) < 0)
			return -1;
	}
	if (check)
		return 0;
	parent_fd = open_parent(from_fd, from);
	return parent_fd < 0 ? -1 : unlinkat(parent_fd, last_name(from), AT_REMOVEDIR);
}

/* A directory that the kernel will not rename (EXDEV: one from an overlay's lower layer). */
static int move_dir_by_entries(int from_fd, const char *from, int to_fd, const char *to,
			       const struct stat *st, size_t *moved)
{
	MEL_HELPER_CLOSE int parent_fd = open_parent(to_fd, to);

	if (parent_fd < 0 || mkdirat(parent_fd, last_name(to), 0700) < 0 ||
	    merge_dirs(from_fd, from, to_fd, to, false, moved) < 0)
		return -1;
	return fchmodat(parent_fd, last_name(to), st->st_mode & 07777, 0);
}

static int move_entry(int from_fd, const char *from, int to_fd, const char *to,
		      const struct stat *st, size_t *moved)
{
	MEL_HELPER_CLOSE int old_fd = open_parent(from_fd, from);
	MEL_HELPER_CLOSE int new_fd = open_parent(to_fd, to);
	size_t count = count_entries(from_fd, from, st);

	if (old_fd < 0 || new_fd < 0)
		return -1;
	if (renameat(old_fd, last_name(from), new_fd, last_name(to)) < 0) {
		if (errno == EXDEV && S_ISDIR(st->st_mode))
			return move_dir_by_entries(from_fd, from, to_fd, to, st, moved);
		return -1;
	}
	/* Two links to one inode: rename(2) leaves both and calls that success. */
	if (unlinkat(old_fd, last_name(from), 0) < 0 && errno != ENOENT)
		return -1;
	*moved += count;
	return 0;
}

int mel_tree_move(int from_fd, const char *from, int to_fd, const char *to, bool check,
		  size_t *moved)
{
	struct stat old, new;
	bool exists;

	if (mel_tree_stat(from_fd, from, &old) < 0)
		return -1;
	exists = mel_tree_stat(to_fd, to, &new) == 0;
	if (!exists && !is_missing(errno))
		return -1;
	if (exists && S_ISDIR(old.st_mode) != S_ISDIR(new.st_mode)) {
		errno = EEXIST;
		return -1;
	}
	if (exists && S_ISDIR(old.st_mode))
		return merge_dirs(from_fd, from, to_fd, to, check, moved);
	return check ? 0 : move_entry(from_fd, from, to_fd, to, &old, moved);
}

int mel_tree_remove(int root_fd, const char *path)
{
	MEL_HELPER_LIST struct mel_helper_list names = { 0 };
	MEL_HELPER_CLOSE int parent_fd = open_parent(root_fd, path);
	struct stat st;

	if (parent_fd < 0 || mel_tree_stat(root_fd, path, &st) < 0)
		return -1;
	if (!S_ISDIR(st.st_mode))
		return unlinkat(parent_fd, last_name(path), 0);
	if (mel_tree_names(root_fd, path, &names) < 0)
		return -1;
	for (size_t i = 0; i < names.len; i++) {
		MEL_HELPER_FREE char *child = mel_helper_join(path, names.item[i]);

		if (mel_tree_remove(root_fd, child) < 0)
			return -1;
	}
	return unlinkat(parent_fd, last_name(path), AT_REMOVEDIR);
}
