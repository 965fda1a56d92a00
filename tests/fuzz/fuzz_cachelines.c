/* Any bytes as the text files of a cache's state and as the list of an export: read or skipped;
 * a list that was read is written the same. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include "cache/bill.h"
#include "cache/manifest.h"
#include "cache/records.h"
#include "cache/use.h"

static void try_bill(struct mel_slice data)
{
	struct mel_cache_bill bill MEL_AUTO_CACHE_BILL = { 0 };
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	struct mel_cache_bill again MEL_AUTO_CACHE_BILL = { 0 };
	struct mel_err *err MEL_AUTO_ERR = NULL;

	if (mel_cache_bill_parse(&bill, data, "fuzz", &err) < 0)
		return;
	mel_cache_bill_write(&bill, &text);
	if (mel_cache_bill_parse(&again, mel_buf_slice(&text), "fuzz", &err) < 0 ||
	    again.entry.len != bill.entry.len)
		abort();
	for (size_t i = 0; i < bill.entry.len; i++)
		if (mel_cache_bill_find(&bill, bill.entry.at[i].path) != &bill.entry.at[i] ||
		    !mel_cache_bill_same(&bill.entry.at[i], &again.entry.at[i]))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mel_slice text = mel_slice_make((const char *)data, size), rest = text, line;
	struct mel_cache_use use MEL_AUTO_CACHE_USE = { .map = { 0 } };
	struct mel_cache_stats stats MEL_AUTO_CACHE_STATS = { .failed = 0 };
	struct mel_cache_manifest_line entry;

	try_bill(text);
	mel_cache_use_parse(&use, text);
	mel_cache_stats_parse(&stats, text);
	while (mel_slice_next(&rest, '\n', &line))
		mel_cache_manifest_parse(&entry, line);
	return 0;
}
