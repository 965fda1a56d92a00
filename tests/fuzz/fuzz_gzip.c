/* Any bytes as gzip members, read in small pieces and within limits; and as content, which
 * comes back from a member as it was. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "codec/gzip.h"

enum { CONTENT_MAX_BYTES = 1 << 22 };

static int unpack(struct mel_slice data, struct mel_buf *out, struct mel_err **err)
{
	MEL_AUTO_GUNZIP struct mel_gunzip gunzip = { 0 };
	struct mel_slice_source source;
	char piece[777];
	int more;

	mel_slice_source_init(&source, data);
	mel_gunzip_init(&gunzip, &source.source, "fuzz");
	while ((more = mel_gunzip_next(&gunzip, CONTENT_MAX_BYTES, err)) > 0) {
		ssize_t got;

		while ((got = mel_source_read(&gunzip.source, piece, sizeof(piece), err)) > 0)
			mel_buf_add(out, piece, (size_t)got);
		if (got < 0)
			return -1;
		if (mel_gunzip_offset(&gunzip) > data.len)
			abort();
	}
	return more;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	MEL_AUTO_BUF struct mel_buf out = MEL_BUF_INIT(CONTENT_MAX_BYTES);
	MEL_AUTO_BUF struct mel_buf packed = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	MEL_AUTO_BUF struct mel_buf back = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	MEL_AUTO_ERR struct mel_err *err = NULL, *late = NULL;
	struct mel_slice bytes = mel_slice_make((const char *)data, size);

	unpack(bytes, &out, &err);
	if (size > CONTENT_MAX_BYTES)
		return 0;
	if (mel_gzip_pack(&packed, bytes, &late) < 0 ||
	    unpack(mel_buf_slice(&packed), &back, &late) < 0 ||
	    !mel_slice_eq(mel_buf_slice(&back), bytes))
		abort();
	return 0;
}
