/* The hash of a Go module's zip: see gozip.h. */
#include "cache/gozip.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/vec.h"
#include "codec/zip.h"

#define DOWNLOAD "cache/download/"

/* What cmd/go accepts at most, of a zip's content. */
#define CONTENT_MAX_BYTES (UINT64_C(500) << 20)
enum { HASH_FILE_MAX_BYTES = 256 };

struct file {
	struct mel_slice name;
	unsigned char sha256[MEL_SHA256_BYTES];
};

typedef MEL_VEC(struct file) file_list;

static int by_name(const void *a, const void *b)
{
	const struct file *x = a, *y = b;

	return mel_slice_cmp(x->name, y->name);
}

/* Paths write an upper-case letter as '!' and the lower-case one. False: no such path. */
static bool add_unescaped(struct mel_buf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '!' && (++i == len || text[i] < 'a' || text[i] > 'z'))
			return false;
		if (text[i] >= 'A' && text[i] <= 'Z')
			return false;
		mel_buf_add_char(out, i && text[i - 1] == '!'
					      ? (char)toupper((unsigned char)text[i])
					      : text[i]);
	}
	return len > 0;
}

/* "MODULE@VERSION/", which all names in the zip begin with. */
static int name_prefix(struct mel_buf *out, const char *path, struct mel_err **err)
{
	const char *module = strstr(path, DOWNLOAD), *version = strstr(path, "/@v/");
	size_t suffix = strlen(".zip");
	bool is_good = module && version && module + strlen(DOWNLOAD) < version &&
		       strlen(version) > strlen("/@v/") + suffix;

	if (is_good) {
		module += strlen(DOWNLOAD);
		is_good = add_unescaped(out, module, (size_t)(version - module));
		mel_buf_add_char(out, '@');
		version += strlen("/@v/");
		is_good = is_good && add_unescaped(out, version, strlen(version) - suffix);
		mel_buf_add_char(out, '/');
	}
	return is_good ? 0
		       : mel_err_set(err, MEL_ERR_INPUT, "its name is that of no Go module");
}

static int check_name(struct mel_slice name, struct mel_slice prefix, struct mel_err **err)
{
	if (name.len <= prefix.len || memcmp(name.ptr, prefix.ptr, prefix.len) != 0)
		return mel_err_set(err, MEL_ERR_INPUT,
				   "it holds files of another module or version");
	if (memchr(name.ptr, '\n', name.len) || memchr(name.ptr, '\0', name.len))
		return mel_err_set(err, MEL_ERR_INPUT, "it holds a file with a bad name");
	return 0;
}

static int digest_files(struct mel_zip *zip, struct mel_slice prefix, file_list *files,
			struct mel_err **err)
{
	struct mel_zip_entry entry;
	uint64_t total = 0;
	int more;

	while ((more = mel_zip_next(zip, &entry, err)) > 0) {
		struct file file = { .name = entry.name };

		total += entry.bytes;
		if (total > CONTENT_MAX_BYTES)
			return mel_err_set(err, MEL_ERR_LIMIT,
					   "it holds more than Go allows a module");
		if (check_name(entry.name, prefix, err) < 0 ||
		    mel_zip_digest(zip, &entry, MEL_SHA256, file.sha256, err) < 0)
			return -1;
		mel_vec_push(files, file);
	}
	return more;
}

static int sum_up(char out[MEL_CACHE_H1_BYTES], const file_list *files, struct mel_err **err)
{
	MEL_AUTO_DIGEST struct mel_digest digest = { 0 };
	unsigned char sum[MEL_SHA256_BYTES];
	char hex[2 * MEL_SHA256_BYTES + 1];

	mel_digest_init(&digest, MEL_SHA256);
	for (size_t i = 0; i < files->len; i++) {
		const struct file *file = &files->at[i];

		if (i && mel_slice_eq(file->name, files->at[i - 1].name))
			return mel_err_set(err, MEL_ERR_INPUT, "it holds a file twice");
		mel_hex(hex, file->sha256, sizeof(file->sha256));
		mel_digest_update(&digest, hex, strlen(hex));
		mel_digest_update(&digest, "  ", 2);
		mel_digest_update(&digest, file->name.ptr, file->name.len);
		mel_digest_update(&digest, "\n", 1);
	}
	mel_digest_final(&digest, sum);
	memcpy(out, "h1:", 3);
	mel_base64(out + 3, sum, sizeof(sum));
	return 0;
}

int mel_cache_go_hash(char out[MEL_CACHE_H1_BYTES], int fd, const char *path,
		      struct mel_err **err)
{
	MEL_AUTO_ZIP struct mel_zip zip = { 0 };
	struct mel_buf prefix MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	file_list files = { 0 };
	int r = -1;

	if (name_prefix(&prefix, path, err) == 0 && mel_zip_open(&zip, fd, path, err) == 0)
		r = digest_files(&zip, mel_buf_slice(&prefix), &files, err);
	if (r == 0 && files.len)
		qsort(files.at, files.len, sizeof(*files.at), by_name);
	if (r == 0)
		r = sum_up(out, &files, err);
	mel_vec_clear(&files);
	return r;
}

int mel_cache_go_read_hash(char out[MEL_CACHE_H1_BYTES], int fd, struct mel_err **err)
{
	unsigned char sum[MEL_SHA256_BYTES];
	char text[HASH_FILE_MAX_BYTES];
	struct mel_fd_source file;
	struct mel_slice hash;
	ssize_t got;

	mel_fd_source_init(&file, fd, 0, sizeof(text), "hash of a Go module");
	got = mel_source_read_full(&file.source, text, sizeof(text), err);
	if (got < 0)
		return -1;
	hash = mel_slice_trim(mel_slice_make(text, (size_t)got), " \t\r\n");
	if (hash.len != MEL_CACHE_H1_BYTES - 1 || !mel_slice_starts(hash, "h1:") ||
	    !mel_unbase64(sum, sizeof(sum), mel_slice_make(hash.ptr + 3, hash.len - 3)))
		return mel_err_set(err, MEL_ERR_INPUT, "there is no h1: hash beside it");
	memcpy(out, hash.ptr, hash.len);
	out[hash.len] = '\0';
	return 0;
}
