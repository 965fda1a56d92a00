/*
 * Changing the index of a directory: see index.h. The lock is a file of its own, since the
 * index itself is replaced; it is removed by its holder, so whoever gets it checks that it
 * still is the one that has the name. Source: flock(2).
 */
#include "apk/index.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"

#define LOCK_NAME MEL_INDEX_NAME ".lock"

static bool is_same_file(int fd, int dirfd, const char *name)
{
	struct stat held, named;

	return fstat(fd, &held) == 0 &&
	       fstatat(dirfd, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

/* An fd that holds the lock, or -1 (errno). */
static int take_lock(int dirfd)
{
	for (;;) {
		int fd = mel_openat(dirfd, LOCK_NAME, O_RDWR | O_CREAT | O_NOFOLLOW, 0644);

		if (fd < 0)
			return -1;
		while (flock(fd, LOCK_EX) < 0) {
			if (errno != EINTR) {
				close(fd);
				return -1;
			}
		}
		if (is_same_file(fd, dirfd, LOCK_NAME))
			return fd;
		close(fd); /* the holder before us removed it */
	}
}

static void let_go(struct mel_index_update *update)
{
	if (update->lock_fd < 0)
		return;
	unlinkat(update->dirfd, LOCK_NAME, 0);
	close(update->lock_fd);
	update->lock_fd = -1;
}

static int load(struct mel_index *index, int dirfd, struct mel_err **err)
{
	struct mel_buf bytes MEL_AUTO_BUF = MEL_BUF_INIT(MEL_INDEX_MAX_BYTES);
	MEL_AUTO_CLOSE int fd = mel_openat(dirfd, MEL_INDEX_NAME, O_RDONLY | O_NONBLOCK, 0);

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return mel_err_sys(err, "cannot open '%s'", MEL_INDEX_NAME);
	if (mel_read_all(fd, MEL_INDEX_NAME, &bytes, err) < 0)
		return -1;
	return mel_index_parse(index, mel_buf_slice(&bytes), MEL_INDEX_NAME, err);
}

static int publish(struct mel_index_update *update, const struct mel_index *index,
		   const struct mel_key *key, struct mel_err **err)
{
	struct mel_buf bytes MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);

	if (mel_index_pack(index, key, &bytes, err) < 0 ||
	    mel_publish_open(&update->publish, update->dirfd, MEL_INDEX_NAME, 0644, err) < 0)
		return -1;
	if (mel_write_full(update->publish.fd, bytes.ptr, bytes.len) < 0) {
		mel_err_sys(err, "cannot write '%s'", MEL_INDEX_NAME);
		return mel_err_as(err, MEL_ERR_OUTPUT);
	}
	return mel_publish_prepare(&update->publish, err);
}

int mel_index_prepare(struct mel_index_update *out, int dirfd,
		      const struct mel_index_entry *const add[], size_t add_len,
		      const struct mel_key *key, struct mel_err **err)
{
	struct mel_index index MEL_AUTO_INDEX = { 0 };

	*out = (struct mel_index_update)MEL_INDEX_UPDATE_INIT;
	out->dirfd = dirfd;
	out->lock_fd = take_lock(dirfd);
	if (out->lock_fd < 0) {
		mel_err_sys(err, "cannot lock the index by '%s'", LOCK_NAME);
		return mel_err_as(err, MEL_ERR_OUTPUT);
	}
	if (load(&index, dirfd, err) == 0) {
		for (size_t i = 0; i < add_len; i++)
			mel_index_merge(&index, add[i]);
		if (publish(out, &index, key, err) == 0)
			return 0;
	}
	mel_index_abort(out);
	return -1;
}

int mel_index_commit(struct mel_index_update *update, struct mel_err **err)
{
	int result = mel_publish_commit(&update->publish, err);

	mel_index_abort(update);
	return result;
}

void mel_index_abort(struct mel_index_update *update)
{
	mel_publish_abort(&update->publish);
	let_go(update);
}

int mel_index_update(int dirfd, const struct mel_index_entry *const add[], size_t add_len,
		     const struct mel_key *key, struct mel_err **err)
{
	struct mel_index_update update;

	if (mel_index_prepare(&update, dirfd, add, add_len, key, err) < 0)
		return -1;
	return mel_index_commit(&update, err);
}
