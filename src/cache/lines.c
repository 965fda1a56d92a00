/* Files of lines: see lines.h. */
#include "cache/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/io.h"
#include "base/mem.h"

enum { OPEN_TRIES = 10000 }; /* how often the file may be replaced while it is being opened */

/* The file, locked, and still the one of that name; -1 (errno). ENOENT: there is none. */
static int open_locked(const struct mel_cache_state *state, const char *name, int flags,
		       int lock)
{
	for (int i = 0; i < OPEN_TRIES; i++) {
		MEL_AUTO_CLOSE int fd =
			mel_openat(state->dirfd, name, flags | O_NOFOLLOW | O_NONBLOCK, 0600);
		struct stat st, named;
		int r;

		if (fd < 0)
			return -1;
		do
			r = flock(fd, lock);
		while (r < 0 && errno == EINTR);
		if (r < 0 || fstat(fd, &st) < 0)
			return -1;
		if (!S_ISREG(st.st_mode)) {
			errno = EINVAL;
			return -1;
		}
		if (fstatat(state->dirfd, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
		    named.st_ino == st.st_ino && named.st_dev == st.st_dev)
			return mel_steal_fd(&fd);
	}
	errno = EBUSY;
	return -1;
}

static int fail(const struct mel_cache_state *state, const char *what, const char *name,
		struct mel_err **err)
{
	return mel_err_sys(err, "cannot %s '%s/%s'", what, state->path, name);
}

/* Is the last byte something else than a line feed? */
static bool is_torn(int fd)
{
	struct stat st;
	char last;

	return fstat(fd, &st) == 0 && st.st_size > 0 &&
	       pread(fd, &last, 1, st.st_size - 1) == 1 && last != '\n';
}

int mel_cache_lines_append(const struct mel_cache_state *state, const char *name,
			   const char *bytes, size_t len, struct mel_err **err)
{
	MEL_AUTO_CLOSE int fd = open_locked(state, name, O_RDWR | O_CREAT | O_APPEND, LOCK_EX);

	if (fd < 0 || (is_torn(fd) && mel_write_full(fd, "\n", 1) < 0) ||
	    mel_write_full(fd, bytes, len) < 0)
		return fail(state, "append to", name, err);
	return 0;
}

static int read_tail(int fd, size_t max_bytes, struct mel_buf *out)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -1;

	size_t len = (size_t)st.st_size < max_bytes ? (size_t)st.st_size : max_bytes;
	char *place = mel_buf_reserve(out, len);

	if (lseek(fd, st.st_size - (off_t)len, SEEK_SET) < 0)
		return -1;

	ssize_t n = mel_read_full(fd, place, len);

	if (n < 0)
		return -1;
	out->len += (size_t)n;
	return 0;
}

int mel_cache_lines_read(const struct mel_cache_state *state, const char *name,
			 size_t max_bytes, struct mel_buf *out, struct mel_err **err)
{
	MEL_AUTO_CLOSE int fd = open_locked(state, name, O_RDONLY, LOCK_SH);

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || read_tail(fd, max_bytes, out) < 0)
		return fail(state, "read", name, err);
	return 0;
}

int mel_cache_lines_rewrite(const struct mel_cache_state *state, const char *name,
			    size_t max_bytes, mel_cache_lines_make *make, void *user,
			    struct mel_err **err)
{
	MEL_AUTO_CLOSE int fd = open_locked(state, name, O_RDONLY, LOCK_EX);
	struct mel_buf old MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	struct mel_buf made MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	struct mel_publish pub MEL_AUTO_PUBLISH = MEL_PUBLISH_INIT;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || read_tail(fd, max_bytes, &old) < 0)
		return fail(state, "read", name, err);
	if (make(user, mel_buf_slice(&old), &made, err) < 0 ||
	    mel_publish_open(&pub, state->dirfd, name, 0600, err) < 0)
		return -1;
	if (mel_write_full(pub.fd, mel_buf_text(&made), made.len) < 0)
		return fail(state, "write", name, err);
	return mel_publish_commit(&pub, err);
}
