/* Digests, hex and base64. */
#include <string.h>

#include "codec/digest.h"
#include "tests/unit/table.h"

static const struct {
	const char *name, *text, *want;
} known[] = {
	{ "sha1", "", "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
	{ "sha1", "../lib/x", "dbf84234e9e45bf1d9535e092ffa2f728d12d5b9" },
	{ "sha1", "libdemo.so.1.0.3", "d761a025ded764351495a88df040a6349d760613" },
	{ "sha1", "libcap.so.2.69", "32a9390352c3622f0c920bb22b07f5a82d33c0dc" },
	{ "sha256", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "sha512", "abc",
	  "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
	  "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
};

TABLE_TEST(digest, known_value, known)
{
	struct mel_digest digest MEL_AUTO_DIGEST = { 0 };
	unsigned char once[MEL_DIGEST_MAX_BYTES], streamed[MEL_DIGEST_MAX_BYTES];
	char hex[MEL_DIGEST_HEX_BYTES];
	enum mel_digest_kind kind;

	cr_assert(mel_digest_by_name(known[*row].name, &kind));
	cr_assert_str_eq(mel_digest_name(kind), known[*row].name);
	mel_digest_of(kind, mel_slice_of(known[*row].text), once);
	mel_hex(hex, once, mel_digest_bytes(kind));
	cr_assert_str_eq(hex, known[*row].want);

	for (int round = 0; round < 2; round++) { /* one can be used again */
		mel_digest_init(&digest, kind);
		for (const char *p = known[*row].text; *p; p++)
			mel_digest_update(&digest, p, 1);
		mel_digest_final(&digest, streamed);
		cr_assert_arr_eq(streamed, once, mel_digest_bytes(kind));
	}
}

Test(digest, unknown_name, .timeout = 5)
{
	enum mel_digest_kind kind;

	cr_assert_not(mel_digest_by_name("md5", &kind));
	cr_assert_not(mel_digest_by_name("SHA1", &kind));
}

static const struct {
	const char *hex;
	size_t len;
	bool ok;
} hexes[] = {
	{ "00ff", 2, true },   { "00fF", 2, true }, { "", 0, true },    { "0", 1, false },
	{ "000", 1, false },   { "0g", 1, false },  { "00", 2, false }, { " 0", 1, false },
	{ "0\xc3", 1, false }, { "0`", 1, false },  { "0@", 1, false },
};

TABLE_TEST(digest, unhex, hexes)
{
	unsigned char out[4];

	cr_assert_eq(mel_unhex(out, hexes[*row].len, mel_slice_of(hexes[*row].hex)),
		     hexes[*row].ok, "%s", hexes[*row].hex);
}

static const struct {
	const char *bytes, *base64;
} bases[] = {
	{ "", "" },
	{ "f", "Zg==" },
	{ "fo", "Zm8=" },
	{ "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" },
	{ "fooba", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy" },
	{ "\xfb\xff", "+/8=" },
};

TABLE_TEST(digest, base64_both_ways, bases)
{
	char text[16];
	unsigned char back[8];
	size_t len = strlen(bases[*row].bytes);

	mel_base64(text, (const unsigned char *)bases[*row].bytes, len);
	cr_assert_str_eq(text, bases[*row].base64);
	cr_assert(mel_unbase64(back, len, mel_slice_of(text)));
	cr_assert_arr_eq(back, bases[*row].bytes, len);
}

static const struct {
	const char *text;
	size_t len;
} bad_bases[] = {
	{ "Zg==", 2 }, { "Zh==", 1 }, { "Zg=", 1 },  { "Z===", 1 },
	{ "Zm8*", 3 }, { "Zm9v", 2 }, { "Z g=", 2 },
};

TABLE_TEST(digest, bad_base64, bad_bases)
{
	unsigned char out[8];

	cr_assert_not(
		mel_unbase64(out, bad_bases[*row].len, mel_slice_of(bad_bases[*row].text)));
}
