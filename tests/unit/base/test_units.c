/* Sizes and ages as people write them. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "base/units.h"
#include "tests/unit/table.h"

static const struct {
	const char *text;
	long long want; /* -1: refused */
} sizes[] = {
	{ "0", 0 },
	{ "512", 512 },
	{ "10k", 10240 },
	{ "1K", 1024 },
	{ "1KiB", 1024 },
	{ "1Ki", 1024 },
	{ "1KB", 1000 },
	{ "50GiB", 53687091200 },
	{ "1.5G", 1610612736 },
	{ "0.5 MB", 500000 },
	{ "7B", 7 },
	{ "1.9999999999", 1 },
	{ "8000000TiB", 8796093022208000000 },
	{ "", -1 },
	{ "x", -1 },
	{ "-1", -1 },
	{ ".5G", -1 },
	{ "1Q", -1 },
	{ "1Kx", -1 },
	{ "16E", -1 },
	{ "99999999999999999999", -1 },
};

TABLE_TEST(units, size, sizes)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	uint64_t bytes = 42;
	int r = mel_size_parse(sizes[*row].text, &bytes, &err);

	if (sizes[*row].want < 0) {
		cr_assert_eq(r, -1, "%s", sizes[*row].text);
		cr_assert_eq(bytes, 42);
		cr_assert_eq(err->kind, MEL_ERR_INPUT);
		return;
	}
	cr_assert_eq(r, 0, "%s", sizes[*row].text);
	cr_assert_eq(bytes, (uint64_t)sizes[*row].want, "%s", sizes[*row].text);
}

Test(units, sizes_shown, .timeout = 10)
{
	static const struct {
		uint64_t bytes;
		const char *want;
	} rows[] = {
		{ 0, "0 B" },
		{ 1023, "1023 B" },
		{ 1024, "1.0 KiB" },
		{ 1536, "1.5 KiB" },
		{ 1024 * 1024 - 1, "1023.9 KiB" },
		{ 1024 * 1024, "1.0 MiB" },
		{ UINT64_C(5) << 30, "5.0 GiB" },
		{ UINT64_MAX, "15.9 EiB" },
	};

	for (size_t i = 0; i < MEL_COUNTOF(rows); i++) {
		struct mel_buf got MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);

		mel_size_write(&got, rows[i].bytes);
		cr_assert_str_eq(mel_buf_text(&got), rows[i].want, "%s", mel_buf_text(&got));
	}
}

static const struct {
	const char *text;
	long long want; /* -1: refused */
	const char *shown;
} ages[] = {
	{ "0", 0, "now" },
	{ "90d", 7776000, "90 days" },
	{ "1d", 86400, "1 day" },
	{ "2w", 1209600, "14 days" },
	{ "36h", 129600, "1 day" },
	{ "1h30m", 5400, "1 hour" },
	{ "119s", 119, "1 minute" },
	{ "2m", 120, "2 minutes" },
	{ "d", -1, "" },
	{ "", -1, "" },
	{ "-1h", -1, "" },
	{ "1y", -1, "" },
	{ "9999999999999999d", -1, "" },
	{ "99999999999999999999d", -1, "" },
};

TABLE_TEST(units, age, ages)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_buf out MEL_AUTO_BUF = MEL_BUF_INIT(100);
	int64_t seconds = 0;
	int r = mel_age_parse(ages[*row].text, &seconds, &err);

	cr_assert_eq(r, ages[*row].want < 0 ? -1 : 0, "%s", ages[*row].text);
	if (r < 0)
		return;
	cr_assert_eq(seconds, ages[*row].want);
	mel_age_write(&out, seconds);
	cr_assert_str_eq(mel_buf_text(&out), ages[*row].shown);
}
