/* Any bytes as an APKINDEX archive, and as the text of one, which once rendered stays. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include "apk/index.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	MEL_AUTO_INDEX struct mel_index archive = { 0 }, index = { 0 }, back = { 0 };
	MEL_AUTO_BUF struct mel_buf text = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	MEL_AUTO_BUF struct mel_buf again = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	MEL_AUTO_ERR struct mel_err *err = NULL, *ignored = NULL, *late = NULL;
	struct mel_slice bytes = mel_slice_make((const char *)data, size);

	mel_index_parse(&archive, bytes, "fuzz", &ignored);
	if (mel_index_parse_text(&index, bytes, "fuzz", &err) < 0)
		return 0;
	mel_index_render(&index, &text);
	if (mel_index_parse_text(&back, mel_buf_slice(&text), "fuzz", &late) < 0)
		abort();
	mel_index_render(&back, &again);
	if (!mel_slice_eq(mel_buf_slice(&text), mel_buf_slice(&again)))
		abort();
	return 0;
}
