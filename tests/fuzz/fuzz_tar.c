/* Any bytes as a tar archive: read to the end or refused; what was read can be written and
 * reads back equal. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "codec/tar.h"

enum { WRITTEN_MAX_BYTES = 1 << 24 };

/* Write what can be written of the archive in data; the text of all that was read. */
static int pass(struct mel_slice data, struct mel_buf *written, struct mel_buf *seen,
		struct mel_err **err)
{
	MEL_AUTO_TAR_READER struct mel_tar_reader reader = { 0 };
	struct mel_slice_source source;
	struct mel_buf_sink sink;
	struct mel_tar tar = MEL_TAR_INIT(&sink.stream);
	struct mel_tar_entry entry;
	int more;

	mel_slice_source_init(&source, data);
	mel_tar_reader_init(&reader, &source.source, "fuzz");
	mel_buf_sink_init(&sink, written, "fuzz");
	while ((more = mel_tar_reader_next(&reader, &entry, err)) > 0) {
		MEL_AUTO_BUF struct mel_buf content = MEL_BUF_INIT(1 << 20);

		mel_buf_printf(seen, "%s %c %o %u %u %s %s %lld %s %u %u %zu\n", entry.name,
			       entry.type, entry.mode, entry.uid, entry.gid, entry.uname,
			       entry.gname, (long long)entry.mtime, entry.linkname,
			       entry.devmajor, entry.devminor, entry.xattr_len);
		if (mel_tar_reader_content(&reader, &content, err) < 0) {
			more = -1;
			break;
		}
		mel_tar_begin(&tar, &entry);
		mel_tar_content(&tar, content.ptr, content.len);
	}
	if (more == 0)
		more = mel_tar_close(&tar, true, err);
	mel_stream_clear(&sink.stream);
	return more;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	MEL_AUTO_BUF struct mel_buf written = MEL_BUF_INIT(WRITTEN_MAX_BYTES);
	MEL_AUTO_BUF struct mel_buf again = MEL_BUF_INIT(WRITTEN_MAX_BYTES);
	MEL_AUTO_BUF struct mel_buf seen = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	MEL_AUTO_BUF struct mel_buf seen_again = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	MEL_AUTO_ERR struct mel_err *err = NULL, *late = NULL;

	if (pass(mel_slice_make((const char *)data, size), &written, &seen, &err) < 0)
		return 0;
	if (pass(mel_buf_slice(&written), &again, &seen_again, &late) < 0 ||
	    !mel_slice_eq(mel_buf_slice(&seen), mel_buf_slice(&seen_again)) ||
	    !mel_slice_eq(mel_buf_slice(&written), mel_buf_slice(&again)))
		abort();
	return 0;
}
