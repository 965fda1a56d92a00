/* One file gets its name in the cache directory: see place.h. */
#include "cache/place.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/slice.h"

enum { LIST_BYTES = 64 * 1024 }; /* what the kernel gives at most */

mode_t mel_cache_place_mode(mode_t mode)
{
	return S_ISDIR(mode) ? 0700 | (mode & 0755) : 0600 | (mode & 0755);
}

int mel_cache_placed_open(int dirfd, const char *name, struct stat *st)
{
	mode_t need = S_ISDIR(st->st_mode) ? S_IRWXU : S_IRUSR | S_IWUSR;
	int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
		    (S_ISDIR(st->st_mode) ? O_DIRECTORY : O_NOCTTY);
	struct stat now;
	int fd;

	/* The name is no link, and nothing of the build runs that could make it one. */
	if ((st->st_mode & need) != need && st->st_uid == geteuid())
		(void)!fchmodat(dirfd, name, (st->st_mode & 0777) | need, 0);
	fd = mel_openat_beneath(dirfd, name, flags, 0);
	if (fd < 0)
		return -1;
	if (fstat(fd, &now) == 0 && now.st_ino == st->st_ino && now.st_dev == st->st_dev) {
		*st = now;
		return fd;
	}
	close(fd);
	errno = ESTALE;
	return -1;
}

/* Labels of security modules are the machine's, not the build's, and cannot be removed. */
static bool is_label(const char *name)
{
	return mel_text_starts(name, "security.") && !mel_text_eq(name, "security.capability");
}

/* Without extended attributes; false when one stays. */
static bool strip_xattrs(int fd)
{
	char list[LIST_BYTES];
	ssize_t len = flistxattr(fd, NULL, 0);

	if (len <= 0) /* none, or the file system has none */
		return true;
	len = flistxattr(fd, list, sizeof(list));
	if (len < 0)
		return false;
	for (const char *name = list; name < list + len; name += strlen(name) + 1)
		if (!is_label(name) && fremovexattr(fd, name) < 0 && errno != ENODATA)
			return false;
	return true;
}

/* The file itself as it is to be in the cache; false when only a copy can be so. */
static bool normalise(const struct mel_cache_placed *file)
{
	mode_t mode = mel_cache_place_mode(file->st->st_mode);

	/* chown(2) also takes file capabilities and set-id bits away. */
	if (file->st->st_uid != geteuid() && fchown(file->fd, geteuid(), getegid()) < 0)
		return false;
	if (!strip_xattrs(file->fd))
		return false;
	return (file->st->st_mode & 07777) == mode || fchmod(file->fd, mode) == 0;
}

/* A file for the copy, under the temporary name, which a killed process may have left. */
static int create_temp(const struct mel_cache_place *place, int dirfd, struct mel_err **err)
{
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
	int fd = mel_openat_beneath(dirfd, place->temp, flags, 0600);

	if (fd < 0 && errno == EEXIST) {
		if (mel_rmtree(dirfd, place->temp, err) < 0)
			return -1;
		fd = mel_openat_beneath(dirfd, place->temp, flags, 0600);
	}
	return fd >= 0 ? fd : mel_err_sys(err, "cannot create '%s'", place->temp);
}

static int fill(int to_fd, const struct mel_cache_placed *file, struct mel_err **err)
{
	const struct timespec times[2] = { file->st->st_atim, file->st->st_mtim };

	if (ioctl(to_fd, FICLONE, file->fd) < 0 &&
	    (lseek(file->fd, 0, SEEK_SET) < 0 || mel_copy_fd(to_fd, file->fd, NULL, err) < 0))
		return *err ? -1 : mel_err_sys(err, "cannot read");
	if (fchmod(to_fd, mel_cache_place_mode(file->st->st_mode)) < 0 ||
	    futimens(to_fd, times) < 0)
		return mel_err_sys(err, "cannot set mode and time");
	return 0;
}

static int copy(const struct mel_cache_place *place, const struct mel_cache_placed *file,
		int to_dirfd, struct mel_err **err)
{
	MEL_AUTO_CLOSE int fd = create_temp(place, to_dirfd, err);
	int r;

	if (fd < 0)
		return -1;
	r = fill(fd, file, err);
	if (r == 0 && file->is_synced && fdatasync(fd) < 0 && errno != EINVAL)
		r = mel_err_sys(err, "cannot write to the disk");
	if (r == 0 && renameat(to_dirfd, place->temp, to_dirfd, file->name) < 0)
		r = mel_err_sys(err, "cannot rename");
	if (r < 0)
		unlinkat(to_dirfd, place->temp, 0);
	return r;
}

int mel_cache_place_file(struct mel_cache_place *place, const struct mel_cache_placed *file,
			 int to_dirfd, struct mel_err **err)
{
	if (place->must_copy || !normalise(file))
		return copy(place, file, to_dirfd, err);
	if (file->is_synced && fdatasync(file->fd) < 0 && errno != EINVAL)
		return mel_err_sys(err, "cannot write to the disk");
	if (renameat(file->dirfd, file->name, to_dirfd, file->name) == 0)
		return 0;
	place->must_copy = errno == EXDEV;
	if (errno == EXDEV || errno == EACCES || errno == EPERM)
		return copy(place, file, to_dirfd, err);
	return mel_err_sys(err, "cannot rename");
}
