/* Files for tests: see place.h. */
#include "place.h"

#include <criterion/criterion.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"

int place_fd = -1;
static char place_path[] = "/tmp/mel-test-analyse.XXXXXX";

enum { ORDINARY_ID = 65534 };

void place_make(void)
{
	umask(022);
	cr_assert(mkdtemp(place_path));
	place_fd = open(place_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_geq(place_fd, 0);
}

void place_remove(void)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;

	close(place_fd);
	cr_assert_eq(mel_rmtree(AT_FDCWD, place_path, &err), 0, "%s", err ? err->text : "");
}

static void make_parents(const char *path)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	const char *slash = strrchr(path, '/');
	char *dir MEL_AUTO_FREE = slash ? mel_strndup(path, (size_t)(slash - path)) : NULL;

	if (dir)
		cr_assert_eq(mel_mkdirs(place_fd, dir, 0755, &err), 0, "%s",
			     err ? err->text : "");
}

void put_file(const char *path, mode_t mode, const void *bytes, size_t len)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;

	make_parents(path);
	cr_assert_eq(mel_file_write(place_fd, path, bytes, len, 0600, &err), 0, "%s",
		     err ? err->text : "");
	cr_assert_eq(fchmodat(place_fd, path, mode, 0), 0);
}

void put_text(const char *path, mode_t mode, const char *text)
{
	put_file(path, mode, text, strlen(text));
}

void put_dir(const char *path, mode_t mode)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;

	cr_assert_eq(mel_mkdirs(place_fd, path, 0755, &err), 0, "%s", err ? err->text : "");
	cr_assert_eq(fchmodat(place_fd, path, mode, 0), 0);
}

void put_link(const char *path, const char *target)
{
	make_parents(path);
	cr_assert_eq(symlinkat(target, place_fd, path), 0);
}

int open_dir(const char *path)
{
	int fd = openat(place_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	cr_assert_geq(fd, 0, "%s", path);
	return fd;
}

void become_ordinary(void)
{
	if (geteuid() != 0)
		return;
	cr_assert_eq(fchown(place_fd, ORDINARY_ID, ORDINARY_ID), 0);
	cr_assert_eq(setresgid(ORDINARY_ID, ORDINARY_ID, ORDINARY_ID), 0);
	cr_assert_eq(setresuid(ORDINARY_ID, ORDINARY_ID, ORDINARY_ID), 0);
}
