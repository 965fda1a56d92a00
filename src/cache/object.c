/* Content-addressed files of a cache: see object.h. */
#include "cache/object.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/slice.h"
#include "cache/gozip.h"
#include "codec/inflate.h"

enum { PIECE_BYTES = 64 * 1024, PATH_HEX_BYTES = MEL_DIGEST_HEX_BYTES };

/* Far more than the largest object of a repository that is not packed. */
#define GIT_MAX_BYTES (UINT64_C(4) << 30)

struct checked {
	int fd;
	const char *path;
	char *why;
	uint64_t size;
};

static int mismatch(const struct checked *file, const char *why)
{
	snprintf(file->why, MEL_CACHE_WHY_BYTES, "%s", why);
	return 1;
}

/* What a library function found wrong with the content is a mismatch, the rest an error. */
static int judge(const struct checked *file, int r, struct mel_err **err)
{
	if (r == 0 || (*err)->kind == MEL_ERR_SYSTEM)
		return r;
	mismatch(file, (*err)->text);
	mel_err_free(*err);
	*err = NULL;
	return 1;
}

static int digest_source(struct mel_source *source, uint64_t max, struct mel_digest *digest,
			 struct mel_err **err)
{
	MEL_AUTO_FREE char *piece = mel_alloc(PIECE_BYTES);
	uint64_t total = 0;
	ssize_t got;

	while ((got = mel_source_read(source, piece, PIECE_BYTES, err)) > 0) {
		total += (uint64_t)got;
		if (total > max)
			return mel_err_set(err, MEL_ERR_LIMIT, "it is too large");
		mel_digest_update(digest, piece, (size_t)got);
	}
	return got < 0 ? -1 : 0;
}

/* 0: the digest is what the hex digits say. */
static int compare(const struct checked *file, struct mel_digest *digest, const char *hex)
{
	unsigned char is[MEL_DIGEST_MAX_BYTES], want[MEL_DIGEST_MAX_BYTES];
	size_t len = mel_digest_bytes(digest->kind);

	mel_digest_final(digest, is);
	if (!mel_unhex(want, len, mel_slice_of(hex)))
		return mismatch(file, "its name is no digest");
	if (memcmp(is, want, len) != 0)
		return mismatch(file, "its content does not match its name");
	return 0;
}

static int check_digest(const struct checked *file, enum mel_digest_kind kind, const char *hex,
			struct mel_err **err)
{
	MEL_AUTO_DIGEST struct mel_digest digest = { 0 };
	struct mel_fd_source source;

	if (strlen(hex) != 2 * mel_digest_bytes(kind))
		return mismatch(file, "its name is no digest");
	mel_digest_init(&digest, kind);
	mel_fd_source_init(&source, file->fd, 0, file->size, file->path);
	if (digest_source(&source.source, UINT64_MAX, &digest, err) < 0)
		return -1;
	return compare(file, &digest, hex);
}

static int check_object(const struct checked *file, struct mel_err **err)
{
	const char *hex = strchr(file->path, ':') + 1;

	return check_digest(file, file->path[3] == '2' ? MEL_SHA256 : MEL_SHA512, hex, err);
}

/* The components behind the last place where text is a part of the path, without '/'. */
static bool join_behind(char out[PATH_HEX_BYTES], const char *from)
{
	size_t len = 0;

	for (; *from; from++) {
		if (*from == '/')
			continue;
		if (len + 1 >= PATH_HEX_BYTES)
			return false;
		out[len++] = *from;
	}
	out[len] = '\0';
	return true;
}

static int check_npm(const struct checked *file, struct mel_err **err)
{
	const char *part = "_cacache/content-v2/";
	const char *name = strstr(file->path, part);
	char algorithm[16], hex[PATH_HEX_BYTES];
	enum mel_digest_kind kind;
	size_t len;

	name = name ? name + strlen(part) : "";
	len = strcspn(name, "/");
	if (len == 0 || len >= sizeof(algorithm) || !join_behind(hex, name + len))
		return mismatch(file, "its name is no digest");
	memcpy(algorithm, name, len);
	algorithm[len] = '\0';
	if (!mel_digest_by_name(algorithm, &kind))
		return mismatch(file, "its name is a digest of a kind not known");
	return check_digest(file, kind, hex, err);
}

/* A loose object is "TYPE SIZE", NUL, content, compressed; its name is the digest of that. */
static int check_git(const struct checked *file, struct mel_err **err)
{
	MEL_AUTO_DIGEST struct mel_digest digest = { 0 };
	MEL_AUTO_INFLATE struct mel_inflate inflate = { 0 };
	const char *name = strrchr(file->path, '/') - 2;
	struct mel_fd_source source;
	char hex[PATH_HEX_BYTES];
	bool is_sha256;
	int r;

	if (!join_behind(hex, name) || (strlen(hex) != 40 && strlen(hex) != 64))
		return mismatch(file, "its name is no digest");
	is_sha256 = strlen(hex) == 64;
	mel_digest_init(&digest, is_sha256 ? MEL_SHA256 : MEL_SHA1);
	mel_fd_source_init(&source, file->fd, 0, file->size, file->path);
	mel_inflate_init(&inflate, &source.source, MEL_INFLATE_ZLIB, file->path);
	r = judge(file, digest_source(&inflate.source, GIT_MAX_BYTES, &digest, err), err);
	if (r == 0 && mel_inflate_used(&inflate) != file->size)
		return mismatch(file, "it has bytes behind its end");
	return r ? r : compare(file, &digest, hex);
}

static int check_go_zip(const struct checked *file, struct mel_err **err)
{
	char hash[MEL_CACHE_H1_BYTES];

	return judge(file, mel_cache_go_hash(hash, file->fd, file->path, err), err);
}

static int check_go_ziphash(const struct checked *file, struct mel_err **err)
{
	char hash[MEL_CACHE_H1_BYTES];

	return judge(file, mel_cache_go_read_hash(hash, file->fd, err), err);
}

static int (*const check[MEL_CACHE_KIND_COUNT])(const struct checked *, struct mel_err **) = {
	[MEL_CACHE_OBJECT] = check_object,         [MEL_CACHE_NPM] = check_npm,
	[MEL_CACHE_GO_ZIP] = check_go_zip,         [MEL_CACHE_GIT_OBJECT] = check_git,
	[MEL_CACHE_GO_ZIPHASH] = check_go_ziphash,
};

static int begin(struct checked *file, int fd, const char *path, char *why,
		 struct mel_err **err)
{
	struct stat st;

	*file = (struct checked){ .fd = fd, .path = path, .why = why };
	why[0] = '\0';
	mel_crypto_init();
	if (fstat(fd, &st) < 0)
		return mel_err_sys(err, "cannot read '%s'", path);
	file->size = (uint64_t)st.st_size;
	return 0;
}

int mel_cache_object_check(int fd, const char *path, enum mel_cache_kind kind,
			   char why[MEL_CACHE_WHY_BYTES], struct mel_err **err)
{
	struct checked file;

	if (!check[kind])
		return 0;
	return begin(&file, fd, path, why, err) < 0 ? -1 : check[kind](&file, err);
}

int mel_cache_object_check_go(int zip_fd, const char *path, int ziphash_fd,
			      char why[MEL_CACHE_WHY_BYTES], struct mel_err **err)
{
	char is[MEL_CACHE_H1_BYTES], want[MEL_CACHE_H1_BYTES];
	struct checked file;
	int r;

	if (begin(&file, zip_fd, path, why, err) < 0)
		return -1;
	r = judge(&file, mel_cache_go_read_hash(want, ziphash_fd, err), err);
	if (r == 0)
		r = judge(&file, mel_cache_go_hash(is, zip_fd, path, err), err);
	if (r)
		return r;
	if (mel_text_eq(is, want))
		return 0;
	snprintf(why, MEL_CACHE_WHY_BYTES, "its content is %s, the hash beside it says %s", is,
		 want);
	return 1;
}
