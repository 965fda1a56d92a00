/* Sizes and ages: see units.h. */
#include "base/units.h"

#include <ctype.h>
#include <strings.h>

#include "base/date.h"
#include "base/mem.h"
#include "base/slice.h"

enum { FRACTION_DIGITS = 9, DAY_S = 24 * 60 * 60 };

static const char prefix[] = "KMGTPE";

/* The multiplier of "KiB", "k", "MB", "" ...; 0: no such unit. */
static uint64_t multiplier(const char *unit)
{
	const char *known = unit[0] ? strchr(prefix, toupper((unsigned char)unit[0])) : NULL;
	uint64_t factor = 1, base = 1024;

	if (unit[0] == '\0' || strcasecmp(unit, "B") == 0)
		return 1;
	if (!known)
		return 0;
	if (strcasecmp(unit + 1, "B") == 0)
		base = 1000;
	else if (unit[1] != '\0' && strcasecmp(unit + 1, "iB") != 0 &&
		 strcmp(unit + 1, "i") != 0)
		return 0;
	for (const char *p = prefix; p <= known; p++)
		factor *= base;
	return factor;
}

/* Digits behind the dot, in units of 10^-9; further ones do not matter. */
static uint64_t fraction(const char **at)
{
	uint64_t value = 0;

	for (int i = 0; i < FRACTION_DIGITS; i++) {
		value *= 10;
		if (isdigit((unsigned char)**at))
			value += (uint64_t)(*(*at)++ - '0');
	}
	while (isdigit((unsigned char)**at))
		(*at)++;
	return value;
}

int mel_size_parse(const char *text, uint64_t *bytes, struct mel_err **err)
{
	const char *p = text;
	uint64_t whole = 0, part = 0, factor, total;
	bool is_ok = isdigit((unsigned char)*p);

	for (; isdigit((unsigned char)*p) && is_ok; p++)
		is_ok = !__builtin_mul_overflow(whole, 10, &whole) &&
			!__builtin_add_overflow(whole, (uint64_t)(*p - '0'), &whole);
	if (*p == '.') {
		p++;
		part = fraction(&p);
	}
	while (*p == ' ')
		p++;
	factor = multiplier(p);
	if (!is_ok || !factor || __builtin_mul_overflow(whole, factor, &total) ||
	    __builtin_add_overflow(
		    total, (uint64_t)((unsigned __int128)part * factor / 1000000000U), &total))
		return mel_err_set(err, MEL_ERR_INPUT,
				   "'%s' is not a size such as 500M or 1.5GiB", text);
	*bytes = total;
	return 0;
}

void mel_size_write(struct mel_buf *out, uint64_t bytes)
{
	uint64_t part = bytes;
	size_t i = 0;

	if (bytes < 1024) {
		mel_buf_printf(out, "%llu B", (unsigned long long)bytes);
		return;
	}
	for (; part >= 1024 * 1024; part /= 1024)
		i++;
	mel_buf_printf(out, "%llu.%llu %ciB", (unsigned long long)(part / 1024),
		       (unsigned long long)(part % 1024 * 10 / 1024), prefix[i]);
}

int mel_age_parse(const char *text, int64_t *seconds, struct mel_err **err)
{
	size_t digits = strspn(text, "0123456789");
	struct mel_slice number = mel_slice_make(text, digits);
	char unit = text[digits];
	int64_t count, ns;

	if (digits && (unit == 'd' || unit == 'w') && text[digits + 1] == '\0') {
		if (mel_slice_i64(number, &count, err) < 0)
			return -1;
		if (!__builtin_mul_overflow(count, unit == 'd' ? DAY_S : 7 * DAY_S, seconds))
			return 0;
	} else {
		struct mel_err *ignored MEL_AUTO_ERR = NULL;

		if (mel_duration_parse(text, &ns, &ignored) == 0 && ns >= 0) {
			*seconds = ns / 1000000000;
			return 0;
		}
	}
	return mel_err_set(err, MEL_ERR_INPUT, "'%s' is not an age such as 90d, 2w or 36h",
			   text);
}

void mel_age_write(struct mel_buf *out, int64_t seconds)
{
	static const struct {
		int64_t s;
		const char *name;
	} unit[] = { { DAY_S, "day" }, { 60 * 60, "hour" }, { 60, "minute" } };

	for (size_t i = 0; i < MEL_COUNTOF(unit); i++) {
		long long count = seconds / unit[i].s;

		if (count > 0) {
			mel_buf_printf(out, "%lld %s%s", count, unit[i].name,
				       count == 1 ? "" : "s");
			return;
		}
	}
	mel_buf_add_text(out, "now");
}
