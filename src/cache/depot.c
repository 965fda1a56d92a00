/* Verified sources in a directory: see depot.h. */
#include "cache/depot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "codec/digest.h"

enum { BLOCK_BYTES = 1 << 17, KINDS = 2 };

static const struct {
	enum mel_digest_kind kind;
	const char *name;
	size_t digits;
} kinds[KINDS] = { { MEL_SHA256, "sha256", 64 }, { MEL_SHA512, "sha512", 128 } };

static const char *wanted(const struct mel_depot_want *want, size_t i)
{
	return i == 0 ? want->sha256 : want->sha512;
}

/* "" when that digest is not given */
static void object_name(char name[MEL_DEPOT_NAME_BYTES], const struct mel_depot_want *want,
			size_t i)
{
	name[0] = '\0';
	if (wanted(want, i))
		snprintf(name, MEL_DEPOT_NAME_BYTES, "%s:%s", kinds[i].name, wanted(want, i));
}

void mel_depot_name(char name[MEL_DEPOT_NAME_BYTES], const struct mel_depot_want *want)
{
	object_name(name, want, want->sha256 ? 0 : 1);
}

bool mel_depot_is_hex(const char *text, size_t digits)
{
	return strlen(text) == digits && strspn(text, "0123456789abcdefABCDEF") == digits;
}

/* --- reading ------------------------------------------------------------------------------ */

static int read_digests(int fd, const struct mel_depot_want *want, uint64_t *size,
			unsigned char *sha256, char hex[KINDS][MEL_DIGEST_HEX_BYTES],
			struct mel_err **err)
{
	MEL_AUTO_DIGEST struct mel_digest first = { .ctx = NULL };
	MEL_AUTO_DIGEST struct mel_digest second = { .ctx = NULL };
	struct mel_digest *digest[KINDS] = { &first, &second };
	MEL_AUTO_FREE char *block = mel_alloc(BLOCK_BYTES);
	unsigned char value[MEL_DIGEST_MAX_BYTES];
	off_t at = 0;

	mel_crypto_init();
	for (size_t i = 0; i < KINDS; i++)
		if (wanted(want, i) || (i == 0 && sha256))
			mel_digest_init(digest[i], kinds[i].kind);
	for (;;) {
		ssize_t n = pread(fd, block, BLOCK_BYTES, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return mel_err_sys(err, "cannot read an object of the cache");
		if (n == 0)
			break;
		for (size_t i = 0; i < KINDS; i++)
			if (wanted(want, i) || (i == 0 && sha256))
				mel_digest_update(digest[i], block, (size_t)n);
		at += n;
	}
	for (size_t i = 0; i < KINDS; i++) {
		if (!wanted(want, i) && (i != 0 || !sha256))
			continue;
		mel_digest_final(digest[i], value);
		if (i == 0 && sha256)
			memcpy(sha256, value, MEL_SHA256_BYTES);
		mel_hex(hex[i], value, mel_digest_bytes(kinds[i].kind));
	}
	if (size)
		*size = (uint64_t)at;
	return 0;
}

int mel_depot_check(int fd, const struct mel_depot_want *want, uint64_t *size,
		    unsigned char *sha256, struct mel_buf *why, struct mel_err **err)
{
	char hex[KINDS][MEL_DIGEST_HEX_BYTES];
	int result = 0;

	if (read_digests(fd, want, size, sha256, hex, err) < 0)
		return -1;
	for (size_t i = 0; i < KINDS; i++) {
		if (!wanted(want, i) || mel_text_eq(hex[i], wanted(want, i)))
			continue;
		mel_buf_printf(why, "%sits %s is %s", result ? ", " : "", kinds[i].name,
			       hex[i]);
		result = 1;
	}
	return result;
}

/* --- finding ------------------------------------------------------------------------------ */

/* What lies under the name: 1 a regular file (opened), 0 nothing, -1 anything else. */
static int open_object(int dirfd, const char *name, int *fd)
{
	struct stat st;

	/* O_NONBLOCK: a FIFO must not stall us */
	*fd = mel_openat_beneath(dirfd, name, O_RDONLY | O_NONBLOCK, 0);
	if (*fd < 0)
		return errno == ENOENT ? 0 : -1;
	if (fstat(*fd, &st) == 0 && S_ISREG(st.st_mode))
		return 1;
	close(*fd);
	*fd = -1;
	return -1;
}

static void move_aside(int dirfd, const char *name, const char *why, bool may_move)
{
	MEL_AUTO_FREE char *aside = mel_asprintf("%s.damaged", name);
	MEL_AUTO_ERR struct mel_err *ignored = NULL;

	if (!may_move) {
		mel_log(MEL_LOG_WARN, "%s in the cache is damaged and not used: %s", name, why);
		return;
	}
	mel_rmtree(dirfd, aside, &ignored);
	if (renameat(dirfd, name, dirfd, aside) < 0)
		mel_log(MEL_LOG_WARN, "%s in the cache is damaged: %s", name, why);
	else
		mel_log(MEL_LOG_WARN, "%s in the cache is damaged and was moved to %s: %s",
			name, aside, why);
}

/* Under one name: is it what its name says, and what is wanted otherwise? */
static int try_name(struct mel_depot_hit *out, int dirfd, const struct mel_depot_want *want,
		    size_t i, bool may_move, struct mel_err **err)
{
	MEL_AUTO_BUF struct mel_buf why = MEL_BUF_INIT(1024);
	MEL_AUTO_BUF struct mel_buf unused = MEL_BUF_INIT(1024);
	const struct mel_depot_want alone = { i == 0 ? want->sha256 : NULL,
					      i == 0 ? NULL : want->sha512 };
	MEL_AUTO_CLOSE int fd = -1;
	char name[MEL_DEPOT_NAME_BYTES];
	int what, result;

	object_name(name, want, i);
	what = open_object(dirfd, name, &fd);
	if (what == 0)
		return 0;
	if (what < 0) {
		move_aside(dirfd, name, "it is no readable file", may_move);
		out->found = MEL_DEPOT_DAMAGED;
		return 0;
	}
	result = mel_depot_check(fd, want, &out->size, NULL, &why, err);
	if (result < 0)
		return -1;
	if (result == 0) {
		out->found = MEL_DEPOT_GOOD;
		out->fd = mel_steal_fd(&fd);
		memcpy(out->name, name, sizeof(name));
		return 0;
	}
	result = want->sha256 && want->sha512
			 ? mel_depot_check(fd, &alone, NULL, NULL, &unused, err)
			 : 1;
	if (result < 0)
		return -1;
	if (result == 0) { /* a good object, but the build file wants two different ones */
		mel_log(MEL_LOG_WARN, "%s in the cache is not the same as the other digest: %s",
			name, mel_buf_text(&why));
		return 0;
	}
	move_aside(dirfd, name, mel_buf_text(&why), may_move);
	out->found = MEL_DEPOT_DAMAGED;
	return 0;
}

int mel_depot_find(struct mel_depot_hit *out, int dirfd, const struct mel_depot_want *want,
		   bool may_move, struct mel_err **err)
{
	*out = (struct mel_depot_hit){ .found = MEL_DEPOT_ABSENT, .fd = -1 };
	for (size_t i = 0; i < KINDS && out->found != MEL_DEPOT_GOOD; i++)
		if (wanted(want, i) && try_name(out, dirfd, want, i, may_move, err) < 0)
			return -1;
	return 0;
}

/* --- storing ------------------------------------------------------------------------------ */

static int cannot_link(const char *name, struct mel_err **err)
{
	mel_err_sys(err, "cannot link '%s' in the cache", name);
	return mel_err_as(err, MEL_ERR_OUTPUT);
}

int mel_depot_link(int dirfd, const struct mel_depot_want *want, const char *name,
		   struct mel_err **err)
{
	char other[MEL_DEPOT_NAME_BYTES];

	for (size_t i = 0; i < KINDS; i++) {
		MEL_AUTO_FREE char *temp = NULL;

		object_name(other, want, i);
		if (!other[0] || mel_text_eq(other, name))
			continue;
		if (linkat(dirfd, name, dirfd, other, 0) == 0)
			continue;
		if (errno != EEXIST)
			return cannot_link(other, err);
		/* something is there already: replaced at once, since it may be damaged */
		temp = mel_asprintf(".%s.%ld.0.tmp", other, (long)getpid());
		unlinkat(dirfd, temp, 0);
		if (linkat(dirfd, name, dirfd, temp, 0) < 0 ||
		    renameat(dirfd, temp, dirfd, other) < 0)
			return cannot_link(other, err);
		unlinkat(dirfd, temp, 0); /* both names were the same file */
	}
	return 0;
}

int mel_depot_store(int dirfd, const struct mel_depot_want *want, int from_fd,
		    struct mel_err **err)
{
	MEL_AUTO_PUBLISH struct mel_publish publish = MEL_PUBLISH_INIT;
	char name[MEL_DEPOT_NAME_BYTES];

	mel_depot_name(name, want);
	if (mel_publish_open(&publish, dirfd, name, 0444, err) < 0)
		return -1;
	if (lseek(from_fd, 0, SEEK_SET) < 0 || fchmod(publish.fd, 0444) < 0 ||
	    mel_copy_fd(publish.fd, from_fd, NULL, err) < 0) {
		mel_err_sys(err, "cannot store '%s'", name);
		return mel_err_as(err, MEL_ERR_OUTPUT);
	}
	if (mel_publish_prepare(&publish, err) < 0 || mel_publish_commit(&publish, err) < 0)
		return -1;
	return mel_depot_link(dirfd, want, name, err);
}
