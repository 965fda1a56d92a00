/* Versions: which are good, and in which order. */
#include <criterion/criterion.h>

#include "apk/version.h"
#include "tests/unit/table.h"

static const struct {
	const char *a;
	char want; /* '<', '=' or '>' */
	const char *b;
} pairs[] = {
	{ "1", '=', "1" },
	{ "1", '<', "2" },
	{ "1.0", '>', "1" },
	{ "1.0", '=', "1.0" },
	{ "1.0", '<', "1.1" },
	{ "1.2", '<', "1.10" },
	{ "1.10", '>', "1.9" },
	{ "1.0a", '>', "1.0" },
	{ "1.0a", '<', "1.0b" },
	{ "1.0b", '>', "1.0a" },
	{ "1a", '<', "1.0" },
	{ "1a", '>', "1" },
	{ "1.0z", '<', "1.0.1" },
	{ "1.0_rc", '<', "1.0_rc1" },
	{ "1.0_rc1", '<', "1.0_rc2" },
	{ "1.0_rc2", '<', "1.0_rc10" },
	{ "1.0_rc01", '=', "1.0_rc1" },
	{ "1.0_rc1", '<', "1.0.0" },
	{ "1.0_rc1-r1", '<', "1.0-r0" },
	{ "1.0-r0", '>', "1.0_rc1-r5" },
	{ "1.0_git20240101", '>', "1.0_git20231231" },
	{ "1.0_git20240101", '<', "1.0_p1" },
	{ "1.0_rc1_git1", '>', "1.0_rc1" },
	{ "1.0_rc1_git1", '<', "1.0_rc2" },
	{ "1.0_alpha1_git20240101", '>', "1.0_alpha1" },
	{ "1.0-r1", '>', "1.0" },
	{ "1.0-r1", '<', "1.0-r2" },
	{ "1.0-r2", '<', "1.0-r10" },
	{ "1.0_alpha", '<', "1.0_beta" },
	{ "1.0_beta", '<', "1.0_pre" },
	{ "1.0_pre", '<', "1.0_rc" },
	{ "1.0_cvs", '<', "1.0_svn" },
	{ "1.0_svn", '<', "1.0_git" },
	{ "1.0_git", '<', "1.0_hg" },
	{ "1.0_hg", '<', "1.0_p" },
	{ "1.01", '<', "1.1" },   /* a zero in front: compared as text */
	{ "1.010", '<', "1.02" }, /* … */
	{ "1.0", '<', "1.00" },
	{ "1~abc", '>', "1" },
	{ "1~abc", '<', "1~abd" },
	{ "1~a-r1", '>', "1~a" },
};

TABLE_TEST(version, compare, pairs)
{
	struct mel_slice a = mel_slice_of(pairs[*row].a), b = mel_slice_of(pairs[*row].b);
	int want = pairs[*row].want == '=' ? 0 : pairs[*row].want == '<' ? -1 : 1;

	cr_assert_eq(mel_version_compare(a, b), want, "%s %c %s", pairs[*row].a,
		     pairs[*row].want, pairs[*row].b);
	cr_assert_eq(mel_version_compare(b, a), -want, "the other way round");
	cr_assert(mel_version_is_valid(a) && mel_version_is_valid(b));
}

enum { BOTH, APK_ONLY, NONE };

static const struct {
	const char *text;
	int good;
} forms[] = {
	{ "1", BOTH },
	{ "0", BOTH },
	{ "1.2.3", BOTH },
	{ "20240101", BOTH },
	{ "1.2a", BOTH },
	{ "1.2a_rc1_p2", BOTH },
	{ "1_alpha_git20240101", BOTH },
	{ "1_p", BOTH },
	{ "9223372036854775807", BOTH },
	{ "9223372036854775808", APK_ONLY },
	{ "1.2-r3", APK_ONLY },
	{ "1.2~abc", APK_ONLY },
	{ "1_rc1_rc2", APK_ONLY },
	{ "1_p1_rc1", APK_ONLY },
	{ "1_p1_git1", APK_ONLY },
	{ "", NONE },
	{ "a", NONE },
	{ "v1", NONE },
	{ "1.", NONE },
	{ ".1", NONE },
	{ "1..2", NONE },
	{ "1.a", NONE },
	{ "1ab", NONE },
	{ "1A", NONE },
	{ "1a.2", NONE },
	{ "1_foo", NONE },
	{ "1_", NONE },
	{ "1_rc1a", NONE },
	{ "1-1", NONE },
	{ "1-r", NONE },
	{ "1-r1.2", NONE },
	{ "1 ", NONE },
	{ "1+2", NONE },
	{ "1~", NONE },
	{ "1~xyz", NONE },
};

TABLE_TEST(version, form, forms)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;

	cr_assert_eq(mel_version_is_valid(mel_slice_of(forms[*row].text)),
		     forms[*row].good != NONE, "%s", forms[*row].text);
	cr_assert_eq(mel_version_check(forms[*row].text, &err),
		     forms[*row].good == BOTH ? 0 : -1, "%s", forms[*row].text);
}

static const struct {
	const char *version;
	unsigned test;
	const char *wanted;
	bool want;
} tests[] = {
	{ "12-r0", MEL_VERSION_EQUAL, "12", true },
	{ "12", MEL_VERSION_EQUAL, "12-r0", true },
	{ "12-r1", MEL_VERSION_EQUAL, "12", false },
	{ "12-r0", MEL_VERSION_GREATER, "12", true },
	{ "12-r0", MEL_VERSION_LESS | MEL_VERSION_EQUAL, "12", false },
	{ "12-r0", MEL_VERSION_GREATER | MEL_VERSION_EQUAL, "12", true },
	{ "1.2.3", MEL_VERSION_FUZZY, "1.2", true },
	{ "1.20", MEL_VERSION_FUZZY, "1.2", false },
	{ "1.3", MEL_VERSION_FUZZY | MEL_VERSION_GREATER | MEL_VERSION_EQUAL, "1.2", true },
	{ "1.2.9", MEL_VERSION_FUZZY | MEL_VERSION_GREATER | MEL_VERSION_EQUAL, "1.2", true },
	{ "1.1", MEL_VERSION_FUZZY | MEL_VERSION_GREATER | MEL_VERSION_EQUAL, "1.2", false },
	{ "x", MEL_VERSION_EQUAL, "x", false },
	{ "1", MEL_VERSION_LESS, "2", true },
};

TABLE_TEST(version, matches, tests)
{
	cr_assert_eq(mel_version_matches(mel_slice_of(tests[*row].version), tests[*row].test,
					 mel_slice_of(tests[*row].wanted)),
		     tests[*row].want, "%s against %s", tests[*row].version,
		     tests[*row].wanted);
}
