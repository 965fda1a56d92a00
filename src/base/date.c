/* Dates and durations: see date.h. */
#include "base/date.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/slice.h"

enum { DAY_SECONDS = 86400 };

/* Days since 1970-01-01 of a civil date; years are counted from March to have the leap day
 * last. */
static int64_t days_of(int64_t year, unsigned month, unsigned day)
{
	year -= month <= 2;

	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t yoe = year - era * 400;
	int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void civil_of(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
	days += 719468;

	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t doe = days - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	*day = (unsigned)(doy - (153 * mp + 2) / 5 + 1);
	*month = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
	*year = yoe + era * 400 + (*month <= 2);
}

static bool digits(const char **p, unsigned count, unsigned *out)
{
	*out = 0;
	for (; count; count--, (*p)++) {
		if (!isdigit((unsigned char)**p))
			return false;
		*out = *out * 10 + (unsigned)(**p - '0');
	}
	return true;
}

static bool literal(const char **p, char c)
{
	return *(*p)++ == c;
}

static unsigned month_days(unsigned year, unsigned month)
{
	static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

/* "Z" or "+hh:mm": seconds to take off. */
static bool offset(const char **p, int64_t *seconds)
{
	char sign = *(*p)++;
	unsigned hour, minute;

	*seconds = 0;
	if (sign == 'Z' || sign == 'z')
		return true;
	if ((sign != '+' && sign != '-') || !digits(p, 2, &hour) || !literal(p, ':') ||
	    !digits(p, 2, &minute) || hour > 23 || minute > 59)
		return false;
	*seconds = (int64_t)(hour * 3600 + minute * 60) * (sign == '-' ? -1 : 1);
	return true;
}

static bool parse(const char *p, int64_t *seconds)
{
	unsigned year, month, day, hour, minute, second;
	int64_t zone;

	if (!digits(&p, 4, &year) || !literal(&p, '-') || !digits(&p, 2, &month) ||
	    !literal(&p, '-') || !digits(&p, 2, &day))
		return false;
	if (*p != 'T' && *p != 't')
		return false;
	p++;
	if (!digits(&p, 2, &hour) || !literal(&p, ':') || !digits(&p, 2, &minute) ||
	    !literal(&p, ':') || !digits(&p, 2, &second))
		return false;
	if (*p == '.') {
		if (!isdigit((unsigned char)*++p))
			return false;
		while (isdigit((unsigned char)*p))
			p++;
	}
	if (!offset(&p, &zone) || *p || month < 1 || month > 12 || day < 1 ||
	    day > month_days(year, month) || hour > 23 || minute > 59 || second > 59)
		return false;
	*seconds = days_of(year, month, day) * DAY_SECONDS + hour * 3600 + minute * 60 +
		   second - zone;
	return true;
}

int mel_date_parse(const char *text, int64_t *seconds, struct mel_err **err)
{
	if (!parse(text, seconds))
		return mel_err_set(err, MEL_ERR_INPUT,
				   "'%s' is not an RFC 3339 time such as 2024-05-01T10:00:00Z",
				   text);
	return 0;
}

void mel_date_format(int64_t seconds, char out[MEL_DATE_BYTES])
{
	int64_t days = seconds / DAY_SECONDS, rest = seconds % DAY_SECONDS, year;
	unsigned month, day;

	if (rest < 0) {
		rest += DAY_SECONDS;
		days--;
	}
	civil_of(days, &year, &month, &day);
	snprintf(out, MEL_DATE_BYTES, "%04d-%02u-%02uT%02d:%02d:%02dZ", (int)year, month, day,
		 (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60));
}

void mel_duration_format(int64_t ns, char out[MEL_DATE_BYTES])
{
	uint64_t v = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
	const char *sign = ns < 0 ? "-" : "";
	uint64_t hours = v / 3600000000000u, minutes = v / 60000000000u % 60;
	double seconds = (double)(v % 60000000000u) / 1e9;

	if (v == 0)
		snprintf(out, MEL_DATE_BYTES, "0s");
	else if (hours)
		snprintf(out, MEL_DATE_BYTES, "%s%lluh%llum%.11gs", sign,
			 (unsigned long long)hours, (unsigned long long)minutes, seconds);
	else if (minutes)
		snprintf(out, MEL_DATE_BYTES, "%s%llum%.11gs", sign,
			 (unsigned long long)minutes, seconds);
	else if (v >= 1000000000)
		snprintf(out, MEL_DATE_BYTES, "%s%.11gs", sign, seconds);
	else if (v >= 1000000)
		snprintf(out, MEL_DATE_BYTES, "%s%.10gms", sign, (double)v / 1e6);
	else if (v >= 1000)
		snprintf(out, MEL_DATE_BYTES, "%s%.10gµs", sign, (double)v / 1e3);
	else
		snprintf(out, MEL_DATE_BYTES, "%s%lluns", sign, (unsigned long long)v);
}

static const struct {
	const char *name;
	int64_t ns;
} unit[] = {
	{ "ns", 1 },       { "us", 1000 },      { "µs", 1000 },       { "μs", 1000 },
	{ "ms", 1000000 }, { "s", 1000000000 }, { "m", 60000000000 }, { "h", 3600000000000 },
};

/* The longest unit that p starts with, or NULL. */
static const char *unit_at(const char *p, int64_t *ns)
{
	const char *end = NULL;

	for (size_t i = 0; i < MEL_COUNTOF(unit); i++) {
		size_t len = strlen(unit[i].name);

		if (strncmp(p, unit[i].name, len) == 0 && (!end || p + len > end)) {
			end = p + len;
			*ns = unit[i].ns;
		}
	}
	return end;
}

/* One "<decimal><unit>" at *p, added to *total. */
static bool duration_part(const char **p, int64_t *total)
{
	int64_t whole = 0, scale = 1, fraction = 0, ns;
	bool any = false;

	for (; isdigit((unsigned char)**p); (*p)++, any = true)
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, **p - '0', &whole))
			return false;
	if (**p == '.')
		for ((*p)++; isdigit((unsigned char)**p); (*p)++, any = true)
			if (scale < 1000000000) {
				scale *= 10;
				fraction = fraction * 10 + (**p - '0');
			}

	const char *end = any ? unit_at(*p, &ns) : NULL;

	if (!end || __builtin_mul_overflow(whole, ns, &whole))
		return false;
	*p = end;
	fraction = (int64_t)((__int128)fraction * ns / scale);
	return !__builtin_add_overflow(whole, fraction, &whole) &&
	       !__builtin_add_overflow(*total, whole, total);
}

int mel_duration_parse(const char *text, int64_t *ns, struct mel_err **err)
{
	const char *p = text + (*text == '-' || *text == '+');
	int64_t total = 0;
	bool ok = *p != '\0';

	if (mel_text_eq(p, "0"))
		p++;
	while (ok && *p)
		ok = duration_part(&p, &total);
	if (!ok)
		return mel_err_set(err, MEL_ERR_INPUT,
				   "'%s' is not a duration such as 1h30m, 90s or 1.5h", text);
	*ns = *text == '-' ? -total : total;
	return 0;
}
