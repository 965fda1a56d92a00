/* .PKGINFO text, both ways. */
#include <criterion/criterion.h>
#include <string.h>

#include "apk/pkginfo.h"
#include "base/mem.h"
#include "tests/unit/apk/acme.h"
#include "tests/unit/table.h"

Test(pkginfo, whole_text, .timeout = 10)
{
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(10000);
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_package_spec spec;
	struct mel_pkginfo info;

	acme_spec(&spec, &info);
	cr_assert_eq(mel_pkginfo_write(&info, &text, &err), 0);
	cr_assert_eq(text.len, 549);
	acme_assert_sha256(mel_buf_slice(&text),
			   "b62296bd2334eb74c44b3712b87f6b17191097b36a28e22799f18ef865010cef");
}

Test(pkginfo, reads_back_what_it_wrote, .timeout = 10)
{
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(10000);
	struct mel_buf again MEL_AUTO_BUF = MEL_BUF_INIT(10000);
	struct mel_arena arena MEL_AUTO_ARENA = { 0 };
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_package_spec spec;
	struct mel_pkginfo info, back;

	acme_spec(&spec, &info);
	cr_assert_eq(mel_pkginfo_write(&info, &text, &err), 0);
	cr_assert_eq(mel_pkginfo_parse(&back, mel_buf_slice(&text), &arena, &err), 0);
	cr_assert_eq(back.vendored.len, 0); /* a comment for readers */
	back.vendored = info.vendored;
	cr_assert_eq(mel_pkginfo_write(&back, &again, &err), 0);
	cr_assert_str_eq(mel_buf_text(&again), mel_buf_text(&text));
}

static const char *const licenses[] = { "MIT", "Zlib" };
static const char *const fonts[] = { "/usr/share/fonts" };
static const char *const b_a[] = { "b", "a" };
#define LIST(array)                                                                            \
	{                                                                                      \
		array, MEL_COUNTOF(array)                                                      \
	}

/* Part of the text that info gives, after the fixed first lines. */
static const struct {
	const char *name;
	struct mel_pkginfo info;
	const char *want;
} fragments[] = {
	{ "nothing given",
	  { .name = "w", .origin = "w", .commit = "unknown" },
	  "origin = w\npkgdesc = \nurl = \ncommit = unknown\ndatahash = \n" },
	{ "subpackage",
	  { .name = "w-dev", .origin = "w", .license = LIST(licenses) },
	  "origin = w\npkgdesc = \nurl = \ncommit = \nlicense = MIT\nlicense = Zlib\n"
	  "datahash = \n" },
	{ "origin of its own",
	  { .name = "w-dev", .origin = "w-dev", .license = LIST(licenses) },
	  "origin = w-dev\npkgdesc = \nurl = \ncommit = \nlicense = MIT\nlicense = Zlib\n"
	  "datahash = \n" },
	{ "trigger",
	  { .name = "w", .origin = "w", .trigger = LIST(fonts) },
	  "origin = w\npkgdesc = \nurl = \ncommit = \ntriggers = /usr/share/fonts \n"
	  "datahash = \n" },
	{ "priority and replaces",
	  { .name = "w", .origin = "w", .replaces = LIST(b_a), .provider_priority = "5" },
	  "origin = w\npkgdesc = \nurl = \ncommit = \nreplaces = b\nreplaces = a\n"
	  "provider_priority = 5\ndatahash = \n" },
	{ "priorities as given",
	  { .name = "w",
	    .origin = "w",
	    .provider_priority = "010",
	    .replaces_priority = "007" },
	  "origin = w\npkgdesc = \nurl = \ncommit = \nprovider_priority = 010\n"
	  "replaces_priority = 007\ndatahash = \n" },
	{ "forged lines",
	  { .name = "w", .origin = "w", .description = "a\r\n\ndepend = evil\rx", .url = "\n" },
	  "origin = w\npkgdesc = a depend = evil x\nurl =  \ncommit = \ndatahash = \n" },
	{ "time before 1970",
	  { .name = "w", .origin = "w", .maintainer = "me", .builddate = -1 },
	  "origin = w\npkgdesc = \nurl = \ncommit = \nmaintainer = me\nbuilddate = -1\n"
	  "datahash = \n" },
};

TABLE_TEST(pkginfo, fragment, fragments)
{
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(10000);
	struct mel_err *err MEL_AUTO_ERR = NULL;

	cr_assert_eq(mel_pkginfo_write(&fragments[*row].info, &text, &err), 0);

	const char *from = strstr(mel_buf_text(&text), "\norigin");

	cr_assert(from);
	cr_assert_str_eq(from + 1, fragments[*row].want, "%s", fragments[*row].name);
}

static const char *const evil[] = { "good", "x\ndepend = evil" };

static const struct {
	struct mel_pkginfo info;
	const char *text;
} refused[] = {
	{ { .name = "w\n" }, "control character 0x0a in the name of a package" },
	{ { .name = "w", .version = "1\t2" }, "in the version" },
	{ { .name = "w", .depend = LIST(evil) }, "in a dependency" },
	{ { .name = "w", .provides = LIST(evil) }, "in a provided name" },
	{ { .name = "w", .replaces = LIST(evil) }, "in a replaced name" },
	{ { .name = "w", .vendored = LIST(evil) }, "in a vendored name" },
	{ { .name = "w", .trigger = LIST(evil) }, "in a trigger path" },
};

TABLE_TEST(pkginfo, refuses, refused)
{
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(10000);
	struct mel_err *err MEL_AUTO_ERR = NULL;

	cr_assert_eq(mel_pkginfo_write(&refused[*row].info, &text, &err), -1);
	cr_assert_eq(err->kind, MEL_ERR_INPUT);
	cr_assert(strstr(err->text, refused[*row].text), "%s", err->text);
}

Test(pkginfo, values_are_verbatim, .timeout = 10)
{
	struct mel_arena arena MEL_AUTO_ARENA = { 0 };
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_pkginfo info;

	cr_assert_eq(mel_pkginfo_parse(&info,
				       mel_slice_of("# pkgname = not this\n"
						    "pkgname = w\npkgname = second\n"
						    "pkgver = 1-r0\n"
						    "pkgdesc = \"C#\" = %(pkgname)s ; \\\n"
						    "url = https://e.org/#x\n"
						    "a line of no use\nkey=value\n"
						    "depend = a b>=1\ndepend =   c\t\n"
						    "license = MIT OR X\nlicense = BSD\n"
						    "install_if = x y=1\n"
						    "size = 7\nbuilddate = -3"),
				       &arena, &err),
		     0);
	cr_assert_str_eq(info.name, "w");
	cr_assert_str_eq(info.description, "\"C#\" = %(pkgname)s ; \\");
	cr_assert_str_eq(info.url, "https://e.org/#x");
	cr_assert_eq(info.depend.len, 3);
	cr_assert_str_eq(info.depend.at[1], "b>=1");
	cr_assert_str_eq(info.depend.at[2], "c");
	cr_assert_eq(info.license.len, 2);
	cr_assert_eq(info.install_if.len, 2);
	cr_assert_eq(info.size, 7);
	cr_assert_eq(info.builddate, -3);
	cr_assert_null(info.arch);
}

static const struct {
	const char *bytes;
	size_t len; /* 0: a text */
	const char *text;
} unreadable[] = {
	{ "", 0, "no pkgname" },
	{ "pkgname = w\n", 0, "no pkgver" },
	{ "pkgname = w\npkgver = 1\nsize = many\n", 0, "'size'" },
	{ "pkgname = w\npkgver = 1\nsize = -1\n", 0, "'size'" },
	{ "pkgname = w\npkgver = 1\nsize = 99999999999999999999\n", 0, "'size'" },
	{ "pkgname = w\npkgver = 1\nbuilddate = 1.5\n", 0, "'builddate'" },
	{ "pkgname = w\0x\npkgver = 1\n", 25, "NUL byte in 'pkgname'" },
};

TABLE_TEST(pkginfo, unreadable, unreadable)
{
	struct mel_arena arena MEL_AUTO_ARENA = { 0 };
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_pkginfo info;
	size_t len = unreadable[*row].len;

	cr_assert_eq(
		mel_pkginfo_parse(&info,
				  mel_slice_make(unreadable[*row].bytes,
						 len ? len : strlen(unreadable[*row].bytes)),
				  &arena, &err),
		-1);
	cr_assert(strstr(err->text, unreadable[*row].text), "%s", err->text);
}
