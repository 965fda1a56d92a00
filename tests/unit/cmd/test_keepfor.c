/* Which sources build files name. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "base/mem.h"
#include "cmd/keepfor.h"
#include "tests/unit/table.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define UPPER "0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF"

static const struct {
	const char *text, *want; /* want: the one name, NULL: none */
} cases[] = {
	{ "", NULL },
	{ "expected-sha256: " HEX64 "\n", "sha256:" HEX64 },
	{ "expected-sha256: '" UPPER "'\n", "sha256:" HEX64 },
	{ HEX64, "sha256:" HEX64 },
	{ HEX64 "0", NULL },
	{ "expected-sha512: " HEX64 HEX64, "sha512:" HEX64 HEX64 },
	{ "expected-commit: 0123456789abcdef0123456789abcdef01234567", NULL },
};

TABLE_TEST(keepfor, text, cases)
{
	struct mel_arena arena MEL_AUTO_ARENA = { 0 };
	struct mel_map kept MEL_AUTO_MAP = { 0 };

	mel_keep_for_text(&kept, &arena, mel_slice_of(cases[*row].text));
	cr_assert_eq(kept.len, cases[*row].want ? 1 : 0);
	if (cases[*row].want)
		cr_assert_str_eq(kept.entry[0].key, cases[*row].want);
}
