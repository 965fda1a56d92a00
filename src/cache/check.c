/* Is a file of a cache what its path says: see check.h. */
#include "cache/check.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/io.h"
#include "base/mem.h"
#include "codec/digest.h"

enum { CHUNK_BYTES = 128 * 1024 };

int mel_cache_open_file(int dirfd, const char *path)
{
	MEL_AUTO_CLOSE int fd =
		mel_openat_beneath(dirfd, path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW, 0);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		return -1;
	}
	return mel_steal_fd(&fd);
}

int mel_cache_hash(int fd, unsigned char sha256[32], uint64_t *size)
{
	struct mel_digest digest MEL_AUTO_DIGEST = { 0 };
	MEL_AUTO_FREE char *chunk = mel_alloc(CHUNK_BYTES);
	ssize_t n;

	*size = 0;
	mel_digest_init(&digest, MEL_SHA256);
	while ((n = mel_read_full(fd, chunk, CHUNK_BYTES)) > 0) {
		mel_digest_update(&digest, chunk, (size_t)n);
		*size += (uint64_t)n;
	}
	mel_digest_final(&digest, sha256);
	return n < 0 ? -1 : 0;
}

/* The pair of a zip and its hash file, one of which is fd; the other one is at other. */
static int check_pair(int dirfd, const char *path, int fd, bool is_zip, const char *other,
		      char why[MEL_CACHE_WHY_BYTES], struct mel_err **err)
{
	MEL_AUTO_CLOSE int beside = mel_cache_open_file(dirfd, other);

	if (beside < 0)
		return mel_cache_object_check(fd, path, mel_cache_kind_of(path), why, err);
	return mel_cache_object_check_go(is_zip ? fd : beside, is_zip ? path : other,
					 is_zip ? beside : fd, why, err);
}

int mel_cache_check(int dirfd, const char *path, int fd, char why[MEL_CACHE_WHY_BYTES],
		    struct mel_err **err)
{
	enum mel_cache_kind kind = mel_cache_kind_of(path);
	MEL_AUTO_FREE char *other = NULL;

	if (kind == MEL_CACHE_GO_ZIP) {
		other = mel_asprintf("%shash", path);
		return check_pair(dirfd, path, fd, true, other, why, err);
	}
	if (kind == MEL_CACHE_GO_ZIPHASH) {
		other = mel_strndup(path, strlen(path) - strlen("hash"));
		return check_pair(dirfd, path, fd, false, other, why, err);
	}
	return mel_cache_object_check(fd, path, kind, why, err);
}
