/* What is kept about one cache directory: see state.h. */
#include "cache/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "codec/digest.h"

enum { NAME_BYTES = 16 };

static const char *const lock_name[] = {
	[MEL_CACHE_LOCK] = "lock",
	[MEL_CACHE_LOCK_BUILD] = "build",
};

static char *state_path(const char *state_home, const char *cache_path)
{
	unsigned char digest[MEL_SHA256_BYTES];
	char name[2 * NAME_BYTES + 1];

	mel_crypto_init();
	mel_digest_of(MEL_SHA256, mel_slice_of(cache_path), digest);
	mel_hex(name, digest, NAME_BYTES);
	return mel_asprintf("%s/melange/cache/%s", state_home, name);
}

/* The note of which directory this is about, for people and for `cache ls`. */
static int write_path(int dirfd, const char *cache_path, struct mel_err **err)
{
	MEL_AUTO_FREE char *line = NULL;

	if (faccessat(dirfd, "path", F_OK, 0) == 0)
		return 0;
	line = mel_asprintf("%s\n", cache_path);
	return mel_file_write(dirfd, "path", line, strlen(line), 0600, err);
}

int mel_cache_state_open(struct mel_cache_state *out, const char *state_home,
			 const char *cache_path, struct mel_err **err)
{
	out->path = state_path(state_home, cache_path);
	out->dirfd = -1;
	if (mel_mkdirs(AT_FDCWD, out->path, 0700, err) < 0)
		return mel_err_wrap(err, "state of the cache");
	out->dirfd = mel_openat(AT_FDCWD, out->path, O_RDONLY | O_DIRECTORY, 0);
	if (out->dirfd < 0)
		return mel_err_sys(err, "cannot open state of the cache '%s'", out->path);
	return write_path(out->dirfd, cache_path, err);
}

void mel_cache_state_close(struct mel_cache_state *state)
{
	free(state->path);
	if (state->dirfd >= 0)
		close(state->dirfd);
	*state = (struct mel_cache_state)MEL_CACHE_STATE_INIT;
}

static int take(int fd, int how)
{
	int r;

	do
		r = flock(fd, how);
	while (r < 0 && errno == EINTR);
	return r;
}

int mel_cache_lock(const struct mel_cache_state *state, enum mel_cache_lock lock,
		   bool exclusive, bool try, int *fd, struct mel_err **err)
{
	const char *name = lock_name[lock];
	int how = exclusive ? LOCK_EX : LOCK_SH;

	*fd = mel_openat(state->dirfd, name, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
	if (*fd < 0)
		return mel_err_sys(err, "cannot open lock '%s/%s'", state->path, name);
	if (take(*fd, how | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK && !try)
		mel_log(MEL_LOG_INFO, "waiting for another process that uses the cache (%s/%s)",
			state->path, name);
	if (errno == EWOULDBLOCK && try) {
		close(*fd);
		*fd = -1;
		return 0;
	}
	if (take(*fd, how) == 0)
		return 0;
	mel_err_sys(err, "cannot lock '%s/%s'", state->path, name);
	close(*fd);
	*fd = -1;
	return -1;
}
