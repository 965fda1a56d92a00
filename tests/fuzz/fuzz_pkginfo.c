/* Any bytes as .PKGINFO: what was read and can be written reads back equal. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include "apk/pkginfo.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	MEL_AUTO_ARENA struct mel_arena arena = { 0 };
	MEL_AUTO_BUF struct mel_buf text = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	MEL_AUTO_BUF struct mel_buf again = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	MEL_AUTO_ERR struct mel_err *err = NULL, *late = NULL;
	struct mel_pkginfo info, back;

	if (mel_pkginfo_parse(&info, mel_slice_make((const char *)data, size), &arena, &err) <
		    0 ||
	    mel_pkginfo_write(&info, &text, &err) < 0)
		return 0;
	if (mel_pkginfo_parse(&back, mel_buf_slice(&text), &arena, &late) < 0 ||
	    mel_pkginfo_write(&back, &again, &late) < 0 ||
	    !mel_slice_eq(mel_buf_slice(&text), mel_buf_slice(&again)))
		abort();
	return 0;
}
