/*
 * patch_undo.c - takes back what patch(1) did (patch_undo.h). patch keeps the original of each
 * file it touches; for a file that it creates the original is empty, as quilt(1) takes it too
 * (so an empty file that was patched is removed rather than emptied). Source: patch(1),
 * --backup.
 */
#include "guest/patch_undo.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "guest/tree.h"

static bool is_backup(const char *name, const struct stat *st)
{
	(void)name;
	return !S_ISDIR(st->st_mode);
}

static int put_back(int backup_fd, int work_fd, const char *path)
{
	MEL_HELPER_FREE char *parent = mel_tree_parent(path);
	size_t ignored = 0;
	struct stat st;

	if (mel_tree_stat(backup_fd, path, &st) < 0)
		return -1;
	if (S_ISREG(st.st_mode) && st.st_size == 0)
		return mel_tree_remove(work_fd, path) < 0 && errno != ENOENT ? -1 : 0;
	if (mel_tree_mkdirs(work_fd, parent) < 0)
		return -1;
	return mel_tree_move(backup_fd, path, work_fd, path, false, &ignored);
}

int mel_patch_undo(const char *folder)
{
	MEL_HELPER_LIST struct mel_helper_list backups = { 0 };
	MEL_HELPER_CLOSE int work_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MEL_HELPER_CLOSE int backup_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (backup_fd < 0 && errno == ENOENT)
		return 0; /* nothing was touched */
	if (work_fd < 0 || backup_fd < 0 ||
	    mel_tree_find(backup_fd, "", is_backup, &backups) < 0) {
		mel_helper_fail_errno("patch: cannot read the originals");
		return -1;
	}
	for (size_t i = 0; i < backups.len; i++) {
		if (put_back(backup_fd, work_fd, backups.item[i]) < 0) {
			mel_helper_fail_errno("patch: cannot put '%s' back", backups.item[i]);
			return -1;
		}
	}
	return 0;
}

int mel_patch_forget(const char *folder)
{
	if (mel_tree_remove(AT_FDCWD, folder) < 0 && errno != ENOENT) {
		mel_helper_fail_errno("patch: cannot remove '%s'", folder);
		return -1;
	}
	return 0;
}
