/* What a build deleted: see prune.h. */
#include "cache/prune.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/slice.h"

enum { DEPTH_MAX = 64 }; /* of folders; each level is a call and a descriptor */

static bool is_older(const struct stat *st, const struct timespec *since)
{
	return st->st_ctim.tv_sec < since->tv_sec ||
	       (st->st_ctim.tv_sec == since->tv_sec && st->st_ctim.tv_nsec < since->tv_nsec);
}

static bool is_dots(const char *name)
{
	return mel_text_eq(name, ".") || mel_text_eq(name, "..");
}

static DIR *open_folder(int dirfd, const char *name)
{
	int fd = mel_openat_beneath(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	if (!dir && fd >= 0)
		close(fd);
	return dir;
}

static void prune(int at, const char *name, const struct timespec *since, int depth,
		  uint64_t *gone)
{
	struct dirent *entry;
	struct stat st;
	DIR *dir;

	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (!S_ISDIR(st.st_mode)) {
		if (is_older(&st, since) && unlinkat(at, name, 0) == 0)
			++*gone;
		return;
	}
	dir = depth < DEPTH_MAX ? open_folder(at, name) : NULL;
	while (dir && (entry = readdir(dir)))
		if (!is_dots(entry->d_name))
			prune(dirfd(dir), entry->d_name, since, depth + 1, gone);
	if (dir)
		closedir(dir);
	/* Fails when something newer is in it, which is as wanted. */
	unlinkat(at, name, AT_REMOVEDIR);
}

void mel_cache_prune(int dirfd, const char *name, const struct timespec *since, uint64_t *gone)
{
	prune(dirfd, name, since, 0, gone);
}

void mel_cache_prune_others(int at, int except_dirfd, const struct timespec *since,
			    uint64_t *gone)
{
	DIR *dir = open_folder(at, ".");
	struct dirent *entry;
	struct stat st;

	while (dir && (entry = readdir(dir)))
		if (!is_dots(entry->d_name) &&
		    fstatat(except_dirfd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 &&
		    errno == ENOENT)
			prune(at, entry->d_name, since, 0, gone);
	if (dir)
		closedir(dir);
}
