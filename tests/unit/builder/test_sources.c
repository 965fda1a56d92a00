/* What is shown while sources are downloaded. */
#include "builder/sources.h"
#include "tests/unit/table.h"

static const struct {
	struct mel_source_progress progress;
	const char *want;
} bars[] = {
	{ { 0, 2, 0, 0 }, "[--------------------] 0 of 2 files, 0.0 MiB" },
	{ { 1, 2, 1536 * 1024, 0 }, "[##########----------] 1 of 2 files, 1.5 MiB" },
	{ { 1, 3, 1 << 20, 4 << 20 }, "[#####---------------] 1 of 3 files, 1.0 of 4.0 MiB" },
	{ { 1, 1, 5, 4 }, "[####################] 1 of 1 files, 0.0 of 0.0 MiB" },
	{ { 0, 0, 0, 0 }, "[--------------------] 0 of 0 files, 0.0 MiB" },
};

TABLE_TEST(sources, bar, bars)
{
	MEL_AUTO_BUF struct mel_buf out = MEL_BUF_INIT(256);

	mel_sources_bar(&out, &bars[*row].progress);
	cr_assert_str_eq(mel_buf_text(&out), bars[*row].want);
}
