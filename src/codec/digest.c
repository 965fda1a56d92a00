/* Digests by libcrypto: see digest.h. */
#include "codec/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const struct {
	const char *name;
	const EVP_MD *(*algorithm)(void);
	size_t bytes;
} kinds[MEL_DIGEST_COUNT] = {
	[MEL_SHA1] = { "sha1", EVP_sha1, 20 },
	[MEL_SHA256] = { "sha256", EVP_sha256, 32 },
	[MEL_SHA512] = { "sha512", EVP_sha512, 64 },
};

/* Like running out of memory: no build can go on, and no caller could do better. */
static void require(int ok)
{
	if (ok == 1)
		return;
	fputs("melange: libcrypto refuses to compute a digest\n", stderr);
	abort();
}

void mel_crypto_init(void)
{
	require(OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL));
}

void mel_digest_init(struct mel_digest *digest, enum mel_digest_kind kind)
{
	mel_crypto_init();
	if (!digest->ctx)
		digest->ctx = EVP_MD_CTX_new();
	digest->kind = kind;
	require(digest->ctx &&
		EVP_DigestInit_ex(digest->ctx, kinds[kind].algorithm(), NULL) == 1);
}

void mel_digest_update(struct mel_digest *digest, const void *bytes, size_t len)
{
	require(EVP_DigestUpdate(digest->ctx, bytes, len));
}

void mel_digest_final(struct mel_digest *digest, unsigned char *out)
{
	require(EVP_DigestFinal_ex(digest->ctx, out, NULL));
}

void mel_digest_clear(struct mel_digest *digest)
{
	EVP_MD_CTX_free(digest->ctx);
	digest->ctx = NULL;
}

void mel_digest_of(enum mel_digest_kind kind, struct mel_slice bytes, unsigned char *out)
{
	struct mel_digest digest MEL_AUTO_DIGEST = { 0 };

	mel_digest_init(&digest, kind);
	mel_digest_update(&digest, bytes.ptr, bytes.len);
	mel_digest_final(&digest, out);
}

size_t mel_digest_bytes(enum mel_digest_kind kind)
{
	return kinds[kind].bytes;
}

bool mel_digest_by_name(const char *name, enum mel_digest_kind *kind)
{
	for (size_t i = 0; i < MEL_DIGEST_COUNT; i++) {
		if (!mel_text_eq(kinds[i].name, name))
			continue;
		*kind = (enum mel_digest_kind)i;
		return true;
	}
	return false;
}

const char *mel_digest_name(enum mel_digest_kind kind)
{
	return kinds[kind].name;
}

void mel_hex(char *out, const unsigned char *bytes, size_t len)
{
	static const char digit[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		*out++ = digit[bytes[i] >> 4];
		*out++ = digit[bytes[i] & 15];
	}
	*out = '\0';
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool mel_unhex(unsigned char *out, size_t len, struct mel_slice hex)
{
	if (hex.len != 2 * len)
		return false;
	for (size_t i = 0; i < len; i++) {
		int high = hex_value(hex.ptr[2 * i]), low = hex_value(hex.ptr[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

static const char base64_digit[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void mel_base64(char *out, const unsigned char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i += 3) {
		unsigned left = len - i < 3 ? (unsigned)(len - i) : 3, bits = 0;

		for (unsigned k = 0; k < 3; k++)
			bits = bits << 8 | (k < left ? bytes[i + k] : 0);
		for (unsigned k = 0; k < 4; k++)
			*out++ = k <= left ? base64_digit[bits >> (18 - 6 * k) & 63] : '=';
	}
	*out = '\0';
}

static int base64_value(char c)
{
	const char *at = c ? strchr(base64_digit, c) : NULL;

	return at ? (int)(at - base64_digit) : -1;
}

bool mel_unbase64(unsigned char *out, size_t len, struct mel_slice text)
{
	size_t digits = (len * 8 + 5) / 6;
	unsigned bits = 0, held = 0;

	if (text.len != (len + 2) / 3 * 4)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		int value = base64_value(text.ptr[i]);

		if (i >= digits) {
			if (text.ptr[i] != '=')
				return false;
			continue;
		}
		if (value < 0)
			return false;
		bits = bits << 6 | (unsigned)value;
		held += 6;
		if (held >= 8) {
			held -= 8;
			*out++ = (unsigned char)(bits >> held);
		}
	}
	return (bits & ((1u << held) - 1)) == 0;
}
