/* Licence expressions, identifiers and texts. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <string.h>
#include <sys/stat.h>

#include "analyse/license.h"
#include "base/mem.h"
#include "place.h"

static const struct {
	const char *text;
	bool is_valid;
} expressions[] = {
	{ "MIT", true },
	{ "mit", true },
	{ "GPL-2.0", true },
	{ "GPL-2.0+", true },
	{ "GPL-2.0-only", true },
	{ "gpl-2.0-or-later", true },
	{ "Apache-2.0-or-later", true },
	{ "MIT OR Apache-2.0", true },
	{ "  MIT   AND  ( ISC OR Zlib )  ", true },
	{ "((MIT))", true },
	{ "Zlib AND (BSD-2-Clause OR GPL-2.0+)", true },
	{ "GPL-2.0-only WITH Classpath-exception-2.0", true },
	{ "GPL-2.0+ WITH classpath-exception-2.0 AND MIT", true },
	{ "LicenseRef-foo", true },
	{ "DocumentRef-spdx-tool-1.2:LicenseRef-MIT-Style-2", true },
	{ "", false },
	{ " ", false },
	{ "MIT or Apache-2.0", false },
	{ "BSD", false },
	{ "PublicDomain", false },
	{ "NOASSERTION", false },
	{ "LicenceRef-X", false },
	{ "LicenseRef-", false },
	{ "LicenseRef-a_b", false },
	{ "DocumentRef-a", false },
	{ "DocumentRef-a:MIT", false },
	{ "MIT OR Foo", false },
	{ "MIT OR", false },
	{ "OR MIT", false },
	{ "MIT ISC", false },
	{ "(MIT", false },
	{ "MIT)", false },
	{ "()", false },
	{ "MIT +", false },
	{ "MIT\tAND\tISC", false },
	{ "MIT WITH ISC", false },
	{ "Classpath-exception-2.0", false },
	{ "LicenseRef-a WITH Classpath-exception-2.0", false },
	{ "(MIT) WITH Classpath-exception-2.0", false },
	{ "MIT, ISC", false },
};

Test(license, validity, .timeout = 10)
{
	for (size_t i = 0; i < MEL_COUNTOF(expressions); i++)
		cr_assert_eq(mel_license_is_valid(expressions[i].text), expressions[i].is_valid,
			     "'%s'", expressions[i].text);
}

Test(license, a_million_parentheses, .timeout = 20)
{
	enum { DEPTH = 1000000 };
	char *text MEL_AUTO_FREE = mel_alloc(2 * DEPTH + 4);

	memset(text, '(', DEPTH);
	memcpy(text + DEPTH, "MIT", 3);
	cr_assert_not(mel_license_is_valid(text));
	memset(text + DEPTH + 3, ')', DEPTH);
	cr_assert(mel_license_is_valid(text));
}

static const struct {
	const char *license, *want;
} ids[] = {
	{ "MIT", "MIT" },
	{ "mit", "mit" },
	{ "MIT OR Foo!", "LicenseRef-MIT-OR-Foo" },
	{ "My License", "LicenseRef-My-License" },
	{ "My very own_license!", "LicenseRef-My-very-own-license" },
	{ "LicenseRef-house-rules", "LicenseRef-house-rules" },
	{ "\xe2\x82\xac!", "LicenseRef-312df6f9b9d0493c" },
	{ "", "LicenseRef-e3b0c44298fc1c14" },
};

Test(license, ids, .timeout = 10)
{
	for (size_t i = 0; i < MEL_COUNTOF(ids); i++) {
		struct mel_arena arena MEL_AUTO_ARENA = { 0 };

		cr_assert_str_eq(mel_license_id(&arena, ids[i].license), ids[i].want);
	}
}

static const struct {
	const char *license[4];
	const char *want;
} joins[] = {
	{ { NULL }, "" },
	{ { "MIT" }, "MIT" },
	{ { "MIT OR ISC" }, "MIT OR ISC" },
	{ { "MIT", "My License" }, "MIT AND LicenseRef-My-License" },
	{ { "MIT OR ISC", "Zlib" }, "(MIT OR ISC) AND Zlib" },
	{ { "mit", "Zlib AND (BSD-2-Clause OR GPL-2.0+)", "MIT or X" },
	  "mit AND (Zlib AND (BSD-2-Clause OR GPL-2.0+)) AND LicenseRef-MIT-or-X" },
};

Test(license, expression, .timeout = 10)
{
	for (size_t i = 0; i < MEL_COUNTOF(joins); i++) {
		struct mel_arena arena MEL_AUTO_ARENA = { 0 };
		struct mel_copyright entry[4] = { 0 };
		size_t len = 0;

		for (; len < 4 && joins[i].license[len]; len++)
			entry[len].license = joins[i].license[len];
		cr_assert_str_eq(mel_license_expression(&arena, entry, len), joins[i].want);
	}
}

Test(license, attestations, .timeout = 10)
{
	const struct mel_copyright entry[] = {
		{ .attestation = "Copyright A\nCopyright B\n" },
		{ .license = "MIT" },
		{ .attestation = "Copyright C" },
	};
	struct mel_arena arena MEL_AUTO_ARENA = { 0 };

	cr_assert_str_eq(mel_license_attestations(&arena, entry, 3),
			 "Copyright A\nCopyright B\n\nCopyright C\n");
	cr_assert_str_eq(mel_license_attestations(&arena, entry + 1, 1), "");
}

TestSuite(license_texts, .init = place_make, .fini = place_remove, .timeout = 20);

Test(license_texts, files_and_placeholders_sorted_by_id)
{
	const struct mel_copyright entry[] = {
		{ .license = "My License" },
		{ .license = "MIT" },
		{ .license = "LicenseRef-own", .license_path = "./sub/../sub//LICENSE" },
		{ .license = "LicenseRef-house" },
		{ .license = "Apache-2.0", .license_path = "first" },
		{ .license = "Apache-2.0", .license_path = "empty" },
	};
	static const struct {
		const char *id, *text;
	} want[] = {
		{ "Apache-2.0", "" },
		{ "LicenseRef-My-License", "Non-SPDX License: My License" },
		{ "LicenseRef-house", "Non-SPDX License: LicenseRef-house" },
		{ "LicenseRef-own", "Use it <freely>.\n" },
	};
	struct mel_license_texts texts MEL_AUTO_LICENSE_TEXTS = { 0 };
	struct mel_err *err MEL_AUTO_ERR = NULL;

	put_text("sub/LICENSE", 0644, "Use it <freely>.\n");
	put_text("first", 0644, "1");
	put_text("empty", 0644, "");
	cr_assert_eq(mel_license_texts_load(&texts, place_fd, entry, MEL_COUNTOF(entry), &err),
		     0, "%s", err ? err->text : "");
	cr_assert_eq(texts.len, MEL_COUNTOF(want));
	for (size_t i = 0; i < MEL_COUNTOF(want); i++) {
		cr_assert_str_eq(texts.at[i].id, want[i].id);
		cr_assert_str_eq(texts.at[i].text, want[i].text);
		cr_assert_eq(texts.at[i].len, strlen(want[i].text));
	}
}

static const struct {
	const char *path;
	enum mel_err_kind kind;
	const char *text; /* part of the error */
} refused[] = {
	{ "/etc/passwd", MEL_ERR_INPUT, "b.yaml:7:3: invalid license-path \"/etc/passwd\"" },
	{ "../x", MEL_ERR_INPUT, "invalid license-path \"../x\"" },
	{ "sub/../../x", MEL_ERR_INPUT, "invalid license-path" },
	{ "NO-SUCH-FILE", MEL_ERR_SYSTEM, "NO-SUCH-FILE\": No such file or directory" },
	{ "sub", MEL_ERR_INPUT, "not a regular file" },
	{ ".", MEL_ERR_INPUT, "not a regular file" },
	{ "pipe", MEL_ERR_INPUT, "not a regular file" },
	{ "link", MEL_ERR_INPUT, "symbolic link" },
	{ "out/passwd", MEL_ERR_INPUT, "symbolic link" },
	{ "large", MEL_ERR_LIMIT, "large" },
};

ParameterizedTestParameters(license_texts, refused)
{
	static size_t index[MEL_COUNTOF(refused)];

	for (size_t i = 0; i < MEL_COUNTOF(refused); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, MEL_COUNTOF(refused));
}

ParameterizedTest(const size_t *i, license_texts, refused)
{
	const struct mel_copyright entry = { .license = "LicenseRef-x",
					     .license_path = refused[*i].path,
					     .license_path_pos = { "b.yaml", 7, 3 } };
	struct mel_license_texts texts MEL_AUTO_LICENSE_TEXTS = { 0 };
	struct mel_err *err MEL_AUTO_ERR = NULL;
	char *large MEL_AUTO_FREE = mel_alloc(MEL_LICENSE_MAX_BYTES + 1);

	put_text("sub/LICENSE", 0644, "x");
	put_link("link", "sub/LICENSE");
	put_link("out", "/etc");
	put_file("large", 0644, large, MEL_LICENSE_MAX_BYTES + 1);
	cr_assert_eq(mkfifoat(place_fd, "pipe", 0644), 0);
	cr_assert_eq(mel_license_texts_load(&texts, place_fd, &entry, 1, &err), -1, "%s",
		     refused[*i].path);
	cr_assert_eq(err->kind, refused[*i].kind, "%s: %s", refused[*i].path, err->text);
	cr_assert(strstr(err->text, refused[*i].text), "%s", err->text);
	cr_assert_eq(texts.len, 0);
}
