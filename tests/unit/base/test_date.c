/* RFC 3339 times and durations. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "base/date.h"
#include "base/mem.h"

static const struct {
	const char *text;
	bool ok;
	int64_t want;
} date_case[] = {
	{ "1970-01-01T00:00:00Z", true, 0 },
	{ "2024-05-01T10:00:00Z", true, 1714557600 },
	{ "2024-05-01T12:00:00+02:00", true, 1714557600 },
	{ "2024-05-01T10:00:00.250Z", true, 1714557600 },
	{ "2026-01-01T00:00:00Z", true, 1767225600 },
	{ "1969-12-31T23:59:59Z", true, -1 },
	{ "2024-02-29T00:00:00Z", true, 1709164800 },
	{ "2023-02-29T00:00:00Z", false, 0 },
	{ "2024-05-01", false, 0 },
	{ "2024-05-01T10:00:00", false, 0 },
	{ "2024-13-01T10:00:00Z", false, 0 },
	{ "2024-05-01T24:00:00Z", false, 0 },
	{ "2024-05-01T10:00:00Zx", false, 0 },
	{ "", false, 0 },
};

ParameterizedTestParameters(date, parse)
{
	static size_t index[MEL_COUNTOF(date_case)];

	for (size_t i = 0; i < MEL_COUNTOF(date_case); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, MEL_COUNTOF(date_case));
}

ParameterizedTest(const size_t *i, date, parse, .timeout = 10)
{
	MEL_AUTO_ERR struct mel_err *err = NULL;
	int64_t got = 0;
	int result = mel_date_parse(date_case[*i].text, &got, &err);

	cr_assert_eq(result == 0, date_case[*i].ok, "'%s'", date_case[*i].text);
	cr_assert_eq(got, date_case[*i].want, "'%s': got %lld", date_case[*i].text,
		     (long long)got);
}

Test(date, format, .timeout = 10)
{
	char text[MEL_DATE_BYTES];

	mel_date_format(1714557600, text);
	cr_assert_str_eq(text, "2024-05-01T10:00:00Z");
	mel_date_format(-1, text);
	cr_assert_str_eq(text, "1969-12-31T23:59:59Z");
	mel_date_format(951782400, text);
	cr_assert_str_eq(text, "2000-02-29T00:00:00Z");
}

static const struct {
	const char *text;
	bool ok;
	int64_t ns;
	const char *shown;
} duration_case[] = {
	{ "1h30m", true, 5400000000000, "1h30m0s" },
	{ "90s", true, 90000000000, "1m30s" },
	{ "1.5h", true, 5400000000000, "1h30m0s" },
	{ "0", true, 0, "0s" },
	{ "250ms", true, 250000000, "250ms" },
	{ "-2s", true, -2000000000, "-2s" },
	{ "1us", true, 1000, "1µs" },
	{ "59.999999999s", true, 59999999999, "59.999999999s" },
	{ "2562047h47m16.854775807s", true, INT64_MAX, "2562047h47m16.854775807s" },
	{ "2562047.9h", false, 0, "0s" },
	{ "3600", false, 0, "0s" },
	{ "1d", false, 0, "0s" },
	{ "", false, 0, "0s" },
	{ "s", false, 0, "0s" },
	{ "9999999999h", false, 0, "0s" },
};

ParameterizedTestParameters(duration, parse_and_format)
{
	static size_t index[MEL_COUNTOF(duration_case)];

	for (size_t i = 0; i < MEL_COUNTOF(duration_case); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, MEL_COUNTOF(duration_case));
}

ParameterizedTest(const size_t *i, duration, parse_and_format, .timeout = 10)
{
	MEL_AUTO_ERR struct mel_err *err = NULL;
	char text[MEL_DATE_BYTES];
	int64_t got = 0;
	int result = mel_duration_parse(duration_case[*i].text, &got, &err);

	cr_assert_eq(result == 0, duration_case[*i].ok, "'%s'", duration_case[*i].text);
	cr_assert_eq(got, duration_case[*i].ns, "'%s'", duration_case[*i].text);
	mel_duration_format(got, text);
	cr_assert_str_eq(text, duration_case[*i].shown);
}
