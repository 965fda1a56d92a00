/* SPDX documents: made from build files written here, looked at as text. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <string.h>

#include "analyse/purl.h"
#include "analyse/sbom.h"
#include "base/mem.h"
#include "config/buildfile.h"

Test(sbom, fnv, .timeout = 10)
{
	char hex[33];

	mel_fnv128_hex("", hex);
	cr_assert_str_eq(hex, "6c62272e07bb014262b821756295c58d");
	mel_fnv128_hex("apk-acme-1.4.2-r3", hex);
	cr_assert_str_eq(hex, "013eddad72b49d5e27110b0f08f1174a");
	mel_fnv128_hex("apk-wolfi-2301-r3", hex);
	cr_assert_str_eq(hex, "35a84e53c8a7af192be547e9f8c6eac6");
}

static const struct {
	struct mel_purl purl;
	const char *want;
} purls[] = {
	{ { "apk",
	    "wolfi",
	    "libstdc++",
	    "14.2-r0",
	    NULL,
	    { { "arch", "x86_64" }, { "distro", "wolfi" } } },
	  "pkg:apk/wolfi/libstdc%2B%2B@14.2-r0?arch=x86_64&distro=wolfi" },
	{ { "generic", NULL, "acme/widget", "1:2~3", NULL, { { "a", "" }, { "b", "x y&z" } } },
	  "pkg:generic/acme%2Fwidget@1:2~3?b=x%20y%26z" },
	{ { "github", "https:", "/example.invalid/os", "c0", "a//b c", { { NULL, NULL } } },
	  "pkg:github/https:/%2Fexample.invalid%2Fos@c0#a/b%20c" },
	{ { "generic", NULL, "-._~!$&'()*,;=:@?#%\xc3\xa9", NULL, NULL, { { NULL, NULL } } },
	  "pkg:generic/-._~!$&'()*,;=:%40%3F%23%25%C3%A9" },
};

Test(sbom, purl, .timeout = 10)
{
	for (size_t i = 0; i < MEL_COUNTOF(purls); i++) {
		struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(1000);

		mel_purl_format(&text, &purls[i].purl);
		cr_assert_str_eq(mel_buf_text(&text), purls[i].want);
	}
}

#define SUM "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* A build file's pieces and what must (or, with '!' in front, must not) be in the document. */
struct row {
	const char *name;
	const char *package;  /* further lines of `package` */
	const char *pipeline; /* steps */
	const char *sub;      /* steps of subpackage w-sub, which is described then */
	const char *name_space, *config_path, *commit, *repo_url; /* NULL: as below */
	const char *want[8];
	const char *error; /* part of it: the document cannot be made */
};

static const struct row rows[] = {
	{ .name = "document",
	  .want = { "{\n  \"SPDXID\": \"SPDXRef-DOCUMENT\",\n  \"name\": \"apk-w-2.0-r1\",\n"
		    "  \"spdxVersion\": \"SPDX-2.3\",\n  \"creationInfo\": {\n"
		    "    \"created\": \"2023-11-14T22:13:20Z\",\n    \"creators\": [\n"
		    "      \"Tool: melange-9.9\"\n    ],\n"
		    "    \"licenseListVersion\": \"3.22\"\n  },\n"
		    "  \"dataLicense\": \"CC0-1.0\",\n"
		    "  \"documentNamespace\": \"https://spdx.org/spdxdocs/melange/",
		    "\"documentDescribes\": [\n    \"SPDXRef-Package-apk-w-2.0-r1\"\n  ]",
		    "\"purl\"\n        }\n      ]\n    }\n  ],\n  \"relationships\": [\n",
		    "\"relationshipType\": \"DESCRIBED_BY\",\n      \"relatedSpdxElement\": "
		    "\"SPDXRef-Package-Melange-w.yaml-c0ffee\"\n    }\n  ]\n}\n",
		    "\"originator\": \"Organization: Acme\"", "!hasExtractedLicensingInfos",
		    "pkg:apk/acme/w@2.0-r1?arch=x86_64\\u0026distro=acme", "!checksums" } },
	{ .name = "no namespace",
	  .name_space = "",
	  .want = { "\"name\": \"unknown\"", "pkg:apk/unknown/w@2.0-r1?arch=x86_64\"",
		    "!distro", "Organization: Unknown" } },
	{ .name = "titles",
	  .name_space = "test-ns 3com_x o'neil a.b GNU",
	  .want = { "\"Organization: Test-Ns 3Com_x O'neil A.b Gnu\"" } },
	{ .name = "fetch",
	  .pipeline = "  - uses: fetch\n    with: {uri: 'https://acme.example/w-2.0.tar.gz', "
		      "expected-sha256: " SUM ", purl-name: w, purl-version: '2.0'}\n",
	  .want = { "\"SPDXID\": \"SPDXRef-Package-Source-w-2.0-0\"",
		    "\"pkg:generic/w@2.0?checksum=sha256:" SUM
		    "\\u0026download_url=https:%2F%2Facme.example%2Fw-2.0.tar.gz\"",
		    "\"downloadLocation\": \"https://acme.example/w-2.0.tar.gz\"",
		    "\"checksums\": [\n        {\n          \"algorithm\": \"SHA256\",\n"
		    "          \"checksumValue\": \"" SUM "\"\n        }\n      ]",
		    "\"relationshipType\": \"GENERATED_FROM\",\n      \"relatedSpdxElement\": "
		    "\"SPDXRef-Package-Source-w-2.0-0\"" } },
	{ .name = "two sums, odd names",
	  .pipeline = "  - uses: fetch\n    with: {uri: 'https://x/a?b=c&d=e+f#g', "
		      "expected-sha256: aa, expected-sha512: bb, purl-name: b_oth, "
		      "purl-version: '1:2~3'}\n",
	  .want = { "SPDXRef-Package-Source-bC95oth-1-2C1263-0",
		    "checksum=sha512:bb\\u0026download_url=https:%2F%2Fx%2Fa%3Fb%3Dc%26d%3De%"
		    "2Bf"
		    "%23g",
		    "\"algorithm\": \"SHA256\",\n          \"checksumValue\": \"aa\"\n"
		    "        },\n        {\n          \"algorithm\": \"SHA512\"",
		    "\"https://x/a?b=c\\u0026d=e+f#g\"" } },
	{ .name = "source without a name",
	  .pipeline = "  - uses: fetch\n    with: {uri: 'https://x/a', purl-name: ''}\n",
	  .error = "purl is missing name" },
	{ .name = "GitHub",
	  .pipeline = "  - runs: x\n  - uses: git-checkout\n    with: {repository: "
		      "'https://github.com/Acme/Widget.git', tag: v2, expected-commit: C}\n",
	  .want = { "\"SPDXID\": "
		    "\"SPDXRef-Package-Source-github.com-Acme-Widget.git-v2-C-1\",\n"
		    "      \"name\": \"Widget\",\n      \"versionInfo\": \"v2\"",
		    "\"pkg:github/acme/widget@v2\"",
		    "\"https://github.com/Acme/Widget/archive/C.tar.gz\"",
		    "\"supplier\": \"Organization: Acme\",\n      "
		    "\"primaryPackagePurpose\": \"SOURCE\"" } },
	{ .name = "another host",
	  .pipeline = "  - uses: git-checkout\n    with: {repository: "
		      "'https://git.acme.example/acme/widget.git', tag: v2}\n",
	  .want = { "\"name\": \"acme/widget\"",
		    "\"pkg:generic/acme%2Fwidget@v2?vcs_url=git%2Bhttps:%2F%2F"
		    "git.acme.example%2Facme%2Fwidget.git\"",
		    "\"git+https://git.acme.example/acme/widget.git@v2\"" } },
	{ .name = "another host with branch and commit",
	  .pipeline = "  - uses: git-checkout\n    with: {repository: "
		      "'https://u:p@git.acme.example:8443/w', branch: main, "
		      "expected-commit: C}\n",
	  .want = { "w-main-C-0\"", "\"versionInfo\": \"C\"",
		    "pkg:generic/w@C?vcs_url=git%2Bhttps:%2F%2Fu:p%40git.acme.example:8443%2Fw"
		    "%40C" } },
	{ .name = "branch alone",
	  .pipeline = "  - uses: git-checkout\n    with: {repository: 'https://x/y', "
		      "branch: main}\n",
	  .want = { "!SOURCE", "!GENERATED_FROM" } },
	{ .name = "repository that is no URL",
	  .pipeline =
		  "  - uses: git-checkout\n    with: {repository: 'git@host:x', tag: v}\n"
		  "  - uses: git-checkout\n    with: {repository: 'https://host', tag: v}\n",
	  .want = { "\"name\": \"git@host:x\"", "\"git+git@host:x@v\"",
		    "pkg:generic/git%40host:x@v?vcs_url=git%40host:x\"",
		    "\"name\": \"https://host\"", "Source-gitC64host-x-v-0\"" } },
	{ .name = "steps inside, steps that do not run",
	  .pipeline =
		  "  - if: \"'a' == 'b'\"\n    uses: fetch\n"
		  "    with: {uri: 'https://x/no', purl-name: no}\n"
		  "  - if: \"'a' == 'a'\"\n    pipeline:\n      - runs: x\n"
		  "      - uses: fetch\n        with: {uri: 'https://x/yes', purl-name: yes, "
		  "purl-version: '1'}\n"
		  "  - if: \"'a' != 'a'\"\n    pipeline:\n      - uses: fetch\n"
		  "        with: {uri: 'https://x/neither', purl-name: neither}\n"
		  "  - uses: fetch-more\n    with: {uri: 'https://x/other'}\n",
	  .want = { "SPDXRef-Package-Source-yes-1-1-1\"", "!https://x/no\"", "!neither",
		    "!https://x/other" } },
	{ .name = "sources of a subpackage",
	  .pipeline = "  - uses: fetch\n    with: {uri: 'https://x/a', purl-name: s, "
		      "purl-version: '1'}\n",
	  .sub = "      - uses: fetch\n        with: {uri: 'https://x/b', purl-name: s, "
		 "purl-version: '1'}\n",
	  .want = { "\"SPDXRef-Package-apk-w-sub-2.0-r1\"",
		    "\"relationships\": [\n    {\n      \"spdxElementId\": "
		    "\"SPDXRef-Package-apk-w-sub-2.0-r1\",\n      \"relationshipType\": "
		    "\"GENERATED_FROM\",\n      \"relatedSpdxElement\": "
		    "\"SPDXRef-Package-Source-s-1-w-sub-0\"\n    },\n    {\n      "
		    "\"spdxElementId\": \"SPDXRef-Package-apk-w-sub-2.0-r1\",\n      "
		    "\"relationshipType\": \"DESCRIBED_BY\"",
		    "\"relatedSpdxElement\": \"SPDXRef-Package-Source-s-1-0\"" } },
	{ .name = "licences",
	  .package = "  copyright:\n    - license: MIT\n      attestation: Copyright A\n"
		     "    - license: My License\n",
	  .want = { "\"licenseDeclared\": \"MIT AND LicenseRef-My-License\"",
		    "\"copyrightText\": \"Copyright A\\n\"",
		    "\"licenseConcluded\": \"NOASSERTION\",\n      \"licenseDeclared\": "
		    "\"Apache-2.0\"" } },
	{ .name = "CPE",
	  .package = "  cpe: {vendor: acme, product: widget}\n",
	  .want = { "\"referenceCategory\": \"SECURITY\",\n          \"referenceLocator\": "
		    "\"cpe:2.3:a:acme:widget:2.0:*:*:*:*:*:*:*\",\n          "
		    "\"referenceType\": \"cpe23Type\"" } },
	{ .name = "path with signs",
	  .config_path = "build_configs/w.yaml",
	  .want = { "\"SPDXRef-Package-Melange-buildC95configs-w.yaml-c0ffee\"",
		    "\"name\": \"build_configs/w.yaml\"",
		    "pkg:github/acme/os@c0ffee#build_configs/w.yaml\"" } },
	{ .name = "path beyond ASCII",
	  .config_path = "\xc3\xa9.yaml",
	  .want = { "\"SPDXRef-Package-Melange-C233.yaml-c0ffee\"", "#%C3%A9.yaml" } },
	{ .name = "path with dots",
	  .config_path = "a/../w.yaml",
	  .error = "'a/../w.yaml' of the build file has '.' or '..' in it" },
	{ .name = "other host of the build file",
	  .repo_url = "https://example.invalid/os",
	  .want = { "pkg:github/https:/%2Fexample.invalid%2Fos@c0ffee#w.yaml" } },
	{ .name = "build file from nowhere",
	  .repo_url = "nowhere",
	  .error = "extracting namespace and name from 'nowhere'" },
};

ParameterizedTestParameters(sbom, rows)
{
	static size_t index[MEL_COUNTOF(rows)];

	for (size_t i = 0; i < MEL_COUNTOF(rows); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, MEL_COUNTOF(rows));
}

static struct mel_config *read_config(const struct row *row, struct mel_arena *arena)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	struct mel_config *config = NULL;

	mel_buf_printf(&text, "package:\n  name: w\n  version: '2.0'\n  epoch: 1\n%s",
		       row->package ? row->package : "");
	if (row->pipeline)
		mel_buf_printf(&text, "pipeline:\n%s", row->pipeline);
	if (row->sub)
		mel_buf_printf(&text, "subpackages:\n  - name: w-sub\n    pipeline:\n%s",
			       row->sub);
	cr_assert_eq(mel_buildfile_read(&config, arena, "w.yaml", mel_buf_slice(&text), &err),
		     0, "%s", err ? err->text : "");
	return config;
}

static const char *or_text(const char *text, const char *otherwise)
{
	return text ? text : otherwise;
}

static int write_row(struct mel_buf *out, const struct row *row, const char *arch,
		     struct mel_err **err)
{
	struct mel_arena arena MEL_AUTO_ARENA = { 0 };
	const struct mel_config *config = read_config(row, &arena);
	struct mel_sbom_input in = {
		.config = config,
		.subpackage = row->sub ? &config->subpackages[0] : NULL,
		.arch = arch,
		.name_space = or_text(row->name_space, "acme"),
		.created = 1700000000,
		.tool_version = "9.9",
		.config_path = or_text(row->config_path, "w.yaml"),
		.config_license = "Apache-2.0",
		.commit = or_text(row->commit, "c0ffee"),
		.repo_url = or_text(row->repo_url, "https://github.com/Acme/OS"),
	};

	return mel_sbom_write(out, &in, err);
}

ParameterizedTest(const size_t *i, sbom, rows, .timeout = 10)
{
	const struct row *row = &rows[*i];
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_buf out MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	int result = write_row(&out, row, "x86_64", &err);

	if (row->error) {
		cr_assert_eq(result, -1, "%s", row->name);
		cr_assert_eq(err->kind, MEL_ERR_INPUT);
		cr_assert(strstr(err->text, row->error), "%s", err->text);
		return;
	}
	cr_assert_eq(result, 0, "%s: %s", row->name, err ? err->text : "");
	for (size_t n = 0; n < MEL_COUNTOF(row->want) && row->want[n]; n++) {
		bool is_there = row->want[n][0] != '!';

		cr_assert_eq(strstr(mel_buf_text(&out), row->want[n] + !is_there) != NULL,
			     is_there, "%s: %s\n%s", row->name, row->want[n],
			     mel_buf_text(&out));
	}
}

/* The hexadecimal part of the document's name. */
static const char *hash_of(const struct mel_buf *out)
{
	const char *at = strstr(mel_buf_text(out), MEL_SBOM_PREFIX);

	cr_assert(at);
	return at + strlen(MEL_SBOM_PREFIX);
}

Test(sbom, each_package_and_architecture_has_a_document_name_of_its_own, .timeout = 10)
{
	static const struct row sub = { .sub = "      - runs: x\n" };
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_buf a MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_buf b MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_buf c MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	char want[33];

	cr_assert_eq(write_row(&a, &rows[0], "x86_64", &err), 0);
	cr_assert_eq(write_row(&b, &rows[0], "aarch64", &err), 0);
	cr_assert_eq(write_row(&c, &sub, "x86_64", &err), 0);
	mel_fnv128_hex("apk-acme-w-2.0-r1-x86_64", want);
	cr_assert_eq(strncmp(hash_of(&a), want, 32), 0);
	cr_assert_neq(strncmp(hash_of(&b), want, 32), 0);
	cr_assert_neq(strncmp(hash_of(&c), want, 32), 0);
}

Test(sbom, texts_of_licences_are_escaped, .timeout = 10)
{
	struct mel_license_text text[] = { { "LicenseRef-a", "<b> & \"c\"\n", 10 },
					   { "LicenseRef-d", "\xff", 1 } };
	const struct mel_license_texts texts = { .at = text, .len = 2 };
	struct mel_arena arena MEL_AUTO_ARENA = { 0 };
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_buf out MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_sbom_input in = {
		.config = read_config(&rows[0], &arena),
		.arch = "x86_64",
		.repo_url = "https://github.com/a/b",
		.texts = &texts,
	};

	cr_assert_eq(mel_sbom_write(&out, &in, &err), 0);
	cr_assert(strstr(mel_buf_text(&out),
			 "\"hasExtractedLicensingInfos\": [\n    {\n      \"licenseId\": "
			 "\"LicenseRef-a\",\n      \"extractedText\": "
			 "\"\\u003cb\\u003e \\u0026 \\\"c\\\"\\n\"\n    },\n"));
	cr_assert(strstr(mel_buf_text(&out), "\"\xef\xbf\xbd\"") ||
		  strstr(mel_buf_text(&out), "\"\\ufffd\""));
}

Test(sbom, too_large_is_an_error, .timeout = 10)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_buf out MEL_AUTO_BUF = MEL_BUF_INIT(100);

	cr_assert_eq(write_row(&out, &rows[0], "x86_64", &err), -1);
	cr_assert_eq(err->kind, MEL_ERR_LIMIT);
}

Test(sbom, path, .timeout = 10)
{
	char *path MEL_AUTO_FREE = mel_sbom_path("w", "2.0-r1");

	cr_assert_str_eq(path, "var/lib/db/sbom/w-2.0-r1.spdx.json");
}
