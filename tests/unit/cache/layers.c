#include "tests/unit/cache/layers.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/slice.h"

static int make_folder(int at, const char *path)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	int fd;

	cr_assert_eq(mel_mkdirs(at, path, 0755, &err), 0, "%s", err ? err->text : "");
	fd = mel_openat(at, path, O_RDONLY | O_DIRECTORY, 0);
	cr_assert_geq(fd, 0);
	return fd;
}

int layers_make(struct layers *l, const char *name)
{
	char path[128];
	int fd, lock_fd;

	snprintf(path, sizeof(path), "layers/%s", name);
	fd = make_folder(l->state.dirfd, path);
	lock_fd = mel_openat(fd, "lock", O_RDWR | O_CREAT, 0600);
	cr_assert_geq(lock_fd, 0);
	close(lock_fd);
	cr_assert_eq(mkdirat(fd, "upper", 0755), 0);
	return fd;
}

void layers_open(struct layers *l)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	const char *tmp = getenv("TMPDIR");
	char path[128];

	memset(l, 0, sizeof(*l));
	snprintf(l->home, sizeof(l->home), "%s/melange-test-XXXXXX", tmp ? tmp : "/tmp");
	cr_assert(mkdtemp(l->home));
	snprintf(path, sizeof(path), "%s/cache", l->home);
	l->cache_fd = make_folder(AT_FDCWD, path);
	cr_assert_eq(mel_cache_state_open(&l->state, l->home, path, &err), 0, "%s",
		     err ? err->text : "");
	l->layer_fd = layers_make(l, "1.abc");
	l->upper_fd = mel_openat(l->layer_fd, "upper", O_RDONLY | O_DIRECTORY, 0);
	l->opts = (struct mel_cache_commit_opts){ .cache_dirfd = l->cache_fd,
						  .cache_path = "cache",
						  .state = &l->state };
}

void layers_close(struct layers *l)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;

	close(l->upper_fd);
	close(l->layer_fd);
	close(l->cache_fd);
	mel_cache_state_close(&l->state);
	mel_cache_tally_clear(&l->tally);
	cr_assert_eq(mel_rmtree(AT_FDCWD, l->home, &err), 0);
}

void layers_put_bytes(int dirfd, const char *path, const void *bytes, size_t len)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	char folder[8192], *slash;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash) {
		*slash = '\0';
		cr_assert_eq(mel_mkdirs(dirfd, folder, 0755, &err), 0);
	}
	cr_assert_eq(mel_file_write(dirfd, path, bytes, len, 0644, &err), 0, "%s",
		     err ? err->text : "");
}

void layers_put(int dirfd, const char *path, const char *text)
{
	layers_put_bytes(dirfd, path, text, strlen(text));
}

bool layers_has(int dirfd, const char *path, const char *text)
{
	struct mel_buf is MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct stat st;

	if (!text)
		return fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) < 0;
	return mel_file_read(dirfd, path, &is, &err) == 0 &&
	       mel_text_eq(mel_buf_text(&is), text);
}

mode_t layers_mode(int dirfd, const char *path)
{
	struct stat st;

	cr_assert_eq(fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW), 0, "%s", path);
	return st.st_mode & 07777;
}

size_t layers_count(int at)
{
	int fd = mel_openat(at, ".", O_RDONLY | O_DIRECTORY, 0);
	DIR *dir = fdopendir(fd);
	struct dirent *entry;
	size_t count = 0;

	cr_assert(dir);
	while ((entry = readdir(dir))) {
		if (mel_text_eq(entry->d_name, ".") || mel_text_eq(entry->d_name, ".."))
			continue;
		count++;
		fd = openat(dirfd(dir), entry->d_name,
			    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			continue;
		count += layers_count(fd);
		close(fd);
	}
	closedir(dir);
	return count;
}

void layers_commit(struct layers *l)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;

	cr_assert_eq(mel_cache_commit(&l->opts, l->layer_fd, &l->tally, &err), 0, "%s",
		     err ? err->text : "");
}

void layers_recover(struct layers *l)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;

	cr_assert_eq(mel_cache_recover(&l->opts, &err), 0, "%s", err ? err->text : "");
}
