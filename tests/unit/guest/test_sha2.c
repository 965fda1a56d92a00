/* Digests of FIPS 180-4's example messages, and of any length fed in any pieces. */
#include "guest/sha2.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#include "guest/util.h"

static const struct {
	unsigned bytes;
	const char *text;
	size_t times;
	const char *hex;
} cases[] = {
	{ 32, "", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ 32, "abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ 32, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
	  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	{ 32, "a", 1000000,
	  "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
	{ 64, "abc", 1,
	  "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
	  "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
	{ 64, "a", 1000000,
	  "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb"
	  "de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b" },
};

ParameterizedTestParameters(sha2, examples)
{
	static size_t index[MEL_COUNT(cases)];

	for (size_t i = 0; i < MEL_COUNT(cases); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, MEL_COUNT(cases));
}

ParameterizedTest(const size_t *i, sha2, examples, .timeout = 20)
{
	char hex[MEL_SHA2_MAX_HEX];
	struct mel_sha2 sha;

	mel_sha2_init(&sha, cases[*i].bytes);
	for (size_t n = 0; n < cases[*i].times; n++)
		mel_sha2_update(&sha, cases[*i].text, strlen(cases[*i].text));
	mel_sha2_final(&sha, hex);
	cr_assert_str_eq(hex, cases[*i].hex);
}

/* All lengths around the block sizes: in one piece, and in pieces of a prime length. */
Test(sha2, pieces, .timeout = 20)
{
	static const unsigned kinds[] = { 32, 64 };
	unsigned char bytes[300];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * 7);
	for (size_t n = 0; n < 2 * sizeof(bytes); n++) {
		size_t len = n / 2;
		char whole[MEL_SHA2_MAX_HEX], pieces[MEL_SHA2_MAX_HEX];
		struct mel_sha2 sha;

		mel_sha2_init(&sha, kinds[n % 2]);
		mel_sha2_update(&sha, bytes, len);
		mel_sha2_final(&sha, whole);
		mel_sha2_init(&sha, kinds[n % 2]);
		for (size_t at = 0; at < len; at += 13)
			mel_sha2_update(&sha, bytes + at, len - at < 13 ? len - at : 13);
		mel_sha2_final(&sha, pieces);
		cr_assert_str_eq(whole, pieces, "length %zu", len);
	}
}
