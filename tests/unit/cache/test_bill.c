/* Lists of exports, and which paths and links may be in one. */
#include <string.h>

#include "cache/archive.h"
#include "tests/unit/table.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
/* The digest of no bytes. */
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const struct {
	const char *name, *text;
	size_t want; /* entries; SIZE_MAX: refused */
} cases[] = {
	{ "nothing", "", SIZE_MAX },
	{ "magic cut off", "melange cache export 1", SIZE_MAX },
	{ "another version", "melange cache export 2\n", SIZE_MAX },
	{ "empty", MEL_CACHE_BILL_MAGIC, 0 },
	{ "one", MEL_CACHE_BILL_MAGIC HEX64 " 5 f a\n", 1 },
	{ "path with blanks", MEL_CACHE_BILL_MAGIC HEX64 " 5 x a b  c\n", 1 },
	{ "two", MEL_CACHE_BILL_MAGIC HEX64 " 5 f a\n" HEX64 " 0 l b/c\n", 2 },
	{ "folder", MEL_CACHE_BILL_MAGIC EMPTY " 0 d a/b\n", 1 },
	{ "folder with bytes", MEL_CACHE_BILL_MAGIC EMPTY " 5 d a\n", SIZE_MAX },
	{ "folder with a digest", MEL_CACHE_BILL_MAGIC HEX64 " 0 d a\n", SIZE_MAX },
	{ "cut off", MEL_CACHE_BILL_MAGIC HEX64 " 5 f a", SIZE_MAX },
	{ "empty line", MEL_CACHE_BILL_MAGIC "\n", SIZE_MAX },
	{ "not in order", MEL_CACHE_BILL_MAGIC HEX64 " 5 f b\n" HEX64 " 5 f a\n", SIZE_MAX },
	{ "twice", MEL_CACHE_BILL_MAGIC HEX64 " 5 f a\n" HEX64 " 5 f a\n", SIZE_MAX },
	{ "digest too short", MEL_CACHE_BILL_MAGIC "00 5 f a\n", SIZE_MAX },
	{ "negative", MEL_CACHE_BILL_MAGIC HEX64 " -5 f a\n", SIZE_MAX },
	{ "too large", MEL_CACHE_BILL_MAGIC HEX64 " 99999999999999999999 f a\n", SIZE_MAX },
	{ "device", MEL_CACHE_BILL_MAGIC HEX64 " 5 b a\n", SIZE_MAX },
	{ "no path", MEL_CACHE_BILL_MAGIC HEX64 " 5 f\n", SIZE_MAX },
	{ "empty path", MEL_CACHE_BILL_MAGIC HEX64 " 5 f \n", SIZE_MAX },
	{ "absolute", MEL_CACHE_BILL_MAGIC HEX64 " 5 f /a\n", SIZE_MAX },
	{ "way out", MEL_CACHE_BILL_MAGIC HEX64 " 5 f a/../../b\n", SIZE_MAX },
	{ "dot", MEL_CACHE_BILL_MAGIC HEX64 " 5 f ./a\n", SIZE_MAX },
	{ "control character", MEL_CACHE_BILL_MAGIC HEX64 " 5 f a\tb\n", SIZE_MAX },
};

TABLE_TEST(bill, parse, cases)
{
	struct mel_cache_bill bill MEL_AUTO_CACHE_BILL = { 0 };
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_err *err MEL_AUTO_ERR = NULL;
	int r = mel_cache_bill_parse(&bill, mel_slice_of(cases[*row].text), "x", &err);

	if (cases[*row].want == SIZE_MAX) {
		cr_assert_eq(r, -1, "%s", cases[*row].name);
		cr_assert_eq(err->kind, MEL_ERR_INPUT);
		return;
	}
	cr_assert_eq(r, 0, "%s: %s", cases[*row].name, err ? err->text : "");
	cr_assert_eq(bill.entry.len, cases[*row].want);
	mel_cache_bill_write(&bill, &text);
	cr_assert_str_eq(mel_buf_text(&text), cases[*row].text);
}

static const struct {
	const char *path, *target;
	bool want;
} links[] = {
	{ "npm/a", "b", true },
	{ "npm/a", "./b/../c", false },
	{ "npm/x/a", "../b", true },
	{ "npm/a", "../b", false },
	{ "npm/x/a", "../../npm/b", false },
	{ "npm/x/a", "y/../../../b", false },
	{ "npm/a", "/etc/passwd", false },
	{ "npm/a", "", false },
	{ "npm/a", "b\n", false },
	{ "a", "b", false },
};

TABLE_TEST(bill, link_stays, links)
{
	cr_assert_eq(mel_cache_link_stays(links[*row].path, links[*row].target),
		     links[*row].want, "%s -> %s", links[*row].path, links[*row].target);
}

static const char *const one_area[] = { "npm" }, *const foreign[] = { "other" };

static const struct {
	struct mel_cache_choice choice;
	const char *path;
	bool want;
} choices[] = {
	{ { 0 }, "npm/x", true },
	{ { 0 }, "sha256:" HEX64, true },
	{ { 0 }, "mine/x", false },
	{ { one_area, 1, 0 }, "npm", true },
	{ { one_area, 1, 0 }, "ccache/x", false },
	{ { foreign, 1, 0 }, "mine/x", true },
	{ { NULL, 0, 1U << MEL_CACHE_COMPILED }, "ccache/x", true },
	{ { NULL, 0, 1U << MEL_CACHE_COMPILED }, "npm/x", false },
	{ { one_area, 1, 1U << MEL_CACHE_COMPILED }, "npm/x", false },
};

TABLE_TEST(bill, is_chosen, choices)
{
	cr_assert_eq(mel_cache_is_chosen(&choices[*row].choice, choices[*row].path),
		     choices[*row].want, "%s", choices[*row].path);
}

Test(bill, depth_and_length_are_limited, .timeout = 60)
{
	char path[2 * 4200];

	memset(path, 'a', 4096);
	path[4096] = '\0';
	cr_assert(mel_cache_path_fits(path));
	strcat(path, "a");
	cr_assert(!mel_cache_path_fits(path));
	path[0] = '\0';
	for (int i = 0; i < 64; i++)
		strcat(path, i ? "/a" : "a");
	cr_assert(mel_cache_path_fits(path));
	strcat(path, "/a");
	cr_assert(!mel_cache_path_fits(path));
}
