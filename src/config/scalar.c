/* Scalars by type: see scalar.h. Source: YAML 1.1 types, yaml.org/type. */
#include "config/scalar.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/slice.h"

int mel_scalar_text(void *place, const struct mel_node *node, struct mel_err **err)
{
	(void)err;
	*(const char **)place = node->text;
	return 0;
}

int mel_scalar_bool(void *place, const struct mel_node *node, struct mel_err **err)
{
	static const char *const yes[] = { "true", "True", "TRUE", "y",  "Y", "yes",
					   "Yes",  "YES",  "on",   "On", "ON" };
	static const char *const no[] = { "false", "False", "FALSE", "n",   "N",  "no",
					  "No",    "NO",    "off",   "Off", "OFF" };

	for (size_t i = 0; i < MEL_COUNTOF(yes); i++) {
		if (mel_text_eq(node->text, yes[i]) || mel_text_eq(node->text, no[i])) {
			*(bool *)place = mel_text_eq(node->text, yes[i]);
			return 0;
		}
	}
	return mel_err_set(err, MEL_ERR_INPUT, "expected true or false, found '%s'",
			   node->text);
}

/* Digits without '_' of a base; false when something else is in there. */
static bool digits(const char *text, unsigned base, uint64_t *out)
{
	bool any = false;

	*out = 0;
	for (; *text; text++) {
		int c = tolower((unsigned char)*text);
		unsigned digit = isdigit(c)             ? (unsigned)(c - '0')
				 : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
							: 99;

		if (c == '_')
			continue;
		if (digit >= base || __builtin_mul_overflow(*out, base, out) ||
		    __builtin_add_overflow(*out, digit, out))
			return false;
		any = true;
	}
	return any;
}

/* 1e2, 1.0: a float whose value is whole. */
static bool whole_float(const char *text, uint64_t *out)
{
	char *end;
	double value = strtod(text, &end);

	if (*end || end == text || strpbrk(text, "xXnNiI") || !strpbrk(text, ".eE") ||
	    value < 0 || value >= 9.2e18 || floor(value) != value)
		return false;
	*out = (uint64_t)value;
	return true;
}

/* Sign and magnitude. Quoted numbers are decimal only. */
static bool integer(const struct mel_node *node, bool *is_negative, uint64_t *out)
{
	const char *text = node->text;

	*is_negative = *text == '-';
	text += *text == '-' || *text == '+';
	if (!node->is_plain && !node->is_int)
		return isdigit((unsigned char)*text) && digits(text, 10, out);
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		return digits(text + 2, 16, out);
	if (text[0] == '0' && (text[1] == 'o' || text[1] == 'O'))
		return digits(text + 2, 8, out);
	if (text[0] == '0' && (text[1] == 'b' || text[1] == 'B'))
		return digits(text + 2, 2, out);
	if (text[0] == '0' && text[1] && digits(text + 1, 8, out)) {
		mel_log(MEL_LOG_WARN, "%s:%u:%u: '%s' is read as an octal number",
			node->pos.file, node->pos.line, node->pos.column, node->text);
		return true;
	}
	return (isdigit((unsigned char)*text) && digits(text, 10, out)) ||
	       whole_float(text, out);
}

static int no_integer(const struct mel_node *node, const char *what, struct mel_err **err)
{
	return mel_err_set(err, MEL_ERR_INPUT, "expected %s, found '%s'", what, node->text);
}

int mel_scalar_int(void *place, const struct mel_node *node, struct mel_err **err)
{
	bool is_negative;
	uint64_t value;

	if (!integer(node, &is_negative, &value) || value > (uint64_t)INT64_MAX + is_negative)
		return no_integer(node, "an integer", err);
	*(int64_t *)place = is_negative ? (int64_t)(0 - value) : (int64_t)value;
	return 0;
}

int mel_scalar_uint(void *place, const struct mel_node *node, struct mel_err **err)
{
	bool is_negative;
	uint64_t value;

	if (!integer(node, &is_negative, &value) || (is_negative && value))
		return no_integer(node, "an integer that is not negative", err);
	*(uint64_t *)place = value;
	return 0;
}

int mel_scalar_duration(void *place, const struct mel_node *node, struct mel_err **err)
{
	bool is_negative;
	uint64_t seconds;

	if (node->is_plain && integer(node, &is_negative, &seconds) && !is_negative &&
	    seconds <= INT64_MAX / 1000000000) {
		*(int64_t *)place = (int64_t)seconds * 1000000000;
		return 0;
	}
	return mel_duration_parse(node->text, place, err);
}
