/* Which files were added to a cache: see manifest.h. */
#include "cache/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/io.h"
#include "base/mem.h"
#include "cache/lines.h"
#include "codec/digest.h"

enum { CHUNK_BYTES = 1 << 18 }; /* many times the longest line */

bool mel_cache_manifest_parse(struct mel_cache_manifest_line *out, struct mel_slice text)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_slice rest = text, digest, size;

	if (!mel_slice_next(&rest, ' ', &digest) || !rest.ptr ||
	    !mel_slice_next(&rest, ' ', &size) || !rest.ptr || rest.len == 0)
		return false;
	out->path = rest;
	return mel_unhex(out->sha256, sizeof(out->sha256), digest) &&
	       mel_slice_u64(size, &out->size, &err) == 0;
}

void mel_cache_manifest_write(struct mel_buf *out, const struct mel_cache_manifest_line *line)
{
	char hex[2 * MEL_SHA256_BYTES + 1];

	mel_hex(hex, line->sha256, MEL_SHA256_BYTES);
	mel_buf_printf(out, "%s %llu ", hex, (unsigned long long)line->size);
	mel_buf_add_slice(out, line->path);
	mel_buf_add_char(out, '\n');
}

int mel_cache_manifest_add(const struct mel_cache_state *state, const char *path, uint64_t size,
			   const unsigned char sha256[32], struct mel_err **err)
{
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	struct mel_cache_manifest_line line = { .size = size, .path = mel_slice_of(path) };

	if (strpbrk(path, "\n"))
		return 0; /* does not fit on a line */
	memcpy(line.sha256, sha256, sizeof(line.sha256));
	mel_cache_manifest_write(&text, &line);
	return mel_cache_lines_append(state, MEL_CACHE_MANIFEST, text.ptr, text.len, err);
}

int mel_cache_manifest_add_file(const struct mel_cache_state *state, int dirfd,
				const char *name, struct mel_err **err)
{
	MEL_AUTO_CLOSE int fd = mel_openat_beneath(dirfd, name, O_RDONLY | O_NONBLOCK, 0);
	MEL_AUTO_FREE char *chunk = NULL;
	size_t have = 0;
	ssize_t got = 0;

	if (fd < 0 && errno == ENOENT)
		return 0;
	chunk = mel_alloc(CHUNK_BYTES);
	while (fd >= 0 && (got = mel_read_full(fd, chunk + have, CHUNK_BYTES - have)) > 0) {
		size_t len = have + (size_t)got;
		const char *last = memrchr(chunk, '\n', len);
		size_t whole = last ? (size_t)(last - chunk) + 1 : 0;

		if (whole &&
		    mel_cache_lines_append(state, MEL_CACHE_MANIFEST, chunk, whole, err) < 0)
			return -1;
		have = whole ? len - whole : 0; /* a line of this size is none */
		memmove(chunk, chunk + whole, have);
	}
	if (fd < 0 || got < 0)
		return mel_err_sys(err, "cannot read '%s'", name);
	return 0;
}
