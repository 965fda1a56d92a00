/*
 * sha2.c - SHA-256 and SHA-512, plain C. Source: FIPS 180-4, sections 4 to 6.
 */
#include "guest/sha2.h"

#include <string.h>

/* First 64 bits of the fractional parts of the cube roots of the first 80 primes (4.2.3); the
 * upper 32 bits of the first 64 are the constants of SHA-256 (4.2.2). */
static const uint64_t round_constant[80] = {
	0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
	0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
	0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
	0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
	0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
	0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
	0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
	0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
	0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
	0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
	0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30,
	0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
	0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
	0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
	0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
	0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
	0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
	0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
	0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
	0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};

static const uint32_t init256[8] = {
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
	0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static const uint64_t init512[8] = {
	0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
	0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
};

static uint32_t rotate32(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

static uint64_t rotate64(uint64_t x, unsigned n)
{
	return x >> n | x << (64 - n);
}

static uint64_t load_big_endian(const unsigned char *bytes, unsigned len)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < len; i++)
		value = value << 8 | bytes[i];
	return value;
}

/* One round on eight variables that the caller renames from round to round. */
#define ROUND(type, rotate, a, b, c, d, e, f, g, h, s1, s2, s3, t1, t2, t3, add)               \
	do {                                                                                   \
		type first = h + (rotate(e, s1) ^ rotate(e, s2) ^ rotate(e, s3)) +             \
			     ((e & f) ^ (~e & g)) + (add);                                     \
		d += first;                                                                    \
		h = first + (rotate(a, t1) ^ rotate(a, t2) ^ rotate(a, t3)) +                  \
		    ((a & b) ^ (a & c) ^ (b & c));                                             \
	} while (0)

/* Eight rounds, after which each variable is in its own place again. */
#define EIGHT_ROUNDS(round, v)                                                                 \
	do {                                                                                   \
		round(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], 0);                      \
		round(v[7], v[0], v[1], v[2], v[3], v[4], v[5], v[6], 1);                      \
		round(v[6], v[7], v[0], v[1], v[2], v[3], v[4], v[5], 2);                      \
		round(v[5], v[6], v[7], v[0], v[1], v[2], v[3], v[4], 3);                      \
		round(v[4], v[5], v[6], v[7], v[0], v[1], v[2], v[3], 4);                      \
		round(v[3], v[4], v[5], v[6], v[7], v[0], v[1], v[2], 5);                      \
		round(v[2], v[3], v[4], v[5], v[6], v[7], v[0], v[1], 6);                      \
		round(v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[0], 7);                      \
	} while (0)

#define ROUND256(a, b, c, d, e, f, g, h, n)                                                    \
	ROUND(uint32_t, rotate32, a, b, c, d, e, f, g, h, 6, 11, 25, 2, 13, 22,                \
	      (uint32_t)(round_constant[i + n] >> 32) + w[i + n])

#define ROUND512(a, b, c, d, e, f, g, h, n)                                                    \
	ROUND(uint64_t, rotate64, a, b, c, d, e, f, g, h, 14, 18, 41, 28, 34, 39,              \
	      round_constant[i + n] + w[i + n])

static void compress256(uint32_t state[8], const unsigned char *block)
{
	uint32_t w[64], v[8];

	for (unsigned i = 0; i < 16; i++)
		w[i] = (uint32_t)load_big_endian(block + (size_t)4 * i, 4);
	for (unsigned i = 16; i < 64; i++)
		w[i] = w[i - 16] + w[i - 7] +
		       (rotate32(w[i - 15], 7) ^ rotate32(w[i - 15], 18) ^ w[i - 15] >> 3) +
		       (rotate32(w[i - 2], 17) ^ rotate32(w[i - 2], 19) ^ w[i - 2] >> 10);
	memcpy(v, state, sizeof(v));
	for (unsigned i = 0; i < 64; i += 8)
		EIGHT_ROUNDS(ROUND256, v);
	for (unsigned i = 0; i < 8; i++)
		state[i] += v[i];
}

static void compress512(uint64_t state[8], const unsigned char *block)
{
	uint64_t w[80], v[8];

	for (unsigned i = 0; i < 16; i++)
		w[i] = load_big_endian(block + (size_t)8 * i, 8);
	for (unsigned i = 16; i < 80; i++)
		w[i] = w[i - 16] + w[i - 7] +
		       (rotate64(w[i - 15], 1) ^ rotate64(w[i - 15], 8) ^ w[i - 15] >> 7) +
		       (rotate64(w[i - 2], 19) ^ rotate64(w[i - 2], 61) ^ w[i - 2] >> 6);
	memcpy(v, state, sizeof(v));
	for (unsigned i = 0; i < 80; i += 8)
		EIGHT_ROUNDS(ROUND512, v);
	for (unsigned i = 0; i < 8; i++)
		state[i] += v[i];
}

void mel_sha2_init(struct mel_sha2 *sha, unsigned digest_bytes)
{
	*sha = (struct mel_sha2){ .digest_bytes = digest_bytes };
	if (digest_bytes == 32)
		memcpy(sha->state.w32, init256, sizeof(init256));
	else
		memcpy(sha->state.w64, init512, sizeof(init512));
}

static void compress(struct mel_sha2 *sha, const unsigned char *block)
{
	if (sha->digest_bytes == 32)
		compress256(sha->state.w32, block);
	else
		compress512(sha->state.w64, block);
}

void mel_sha2_update(struct mel_sha2 *sha, const void *bytes, size_t len)
{
	const size_t size = (size_t)2 * sha->digest_bytes;
	const unsigned char *from = bytes;

	sha->total_bytes += len;
	while (len > 0) {
		size_t part = size - sha->block_len;

		if (sha->block_len == 0 && len >= size) {
			compress(sha, from);
			from += size;
			len -= size;
			continue;
		}
		part = part < len ? part : len;
		memcpy(sha->block + sha->block_len, from, part);
		sha->block_len += part;
		from += part;
		len -= part;
		if (sha->block_len == size) {
			compress(sha, sha->block);
			sha->block_len = 0;
		}
	}
}

void mel_sha2_final(struct mel_sha2 *sha, char hex[MEL_SHA2_MAX_HEX])
{
	static const char digit[] = "0123456789abcdef";
	const size_t size = (size_t)2 * sha->digest_bytes;
	const size_t len_at =
		size - sha->digest_bytes / 4; /* the length field: 8 or 16 bytes */
	const uint64_t bits = sha->total_bytes * 8;

	sha->block[sha->block_len++] = 0x80;
	if (sha->block_len > len_at) {
		memset(sha->block + sha->block_len, 0, size - sha->block_len);
		compress(sha, sha->block);
		sha->block_len = 0;
	}
	memset(sha->block + sha->block_len, 0, size - sha->block_len);
	for (unsigned i = 0; i < 8; i++)
		sha->block[size - 1 - i] = (unsigned char)(bits >> (8 * i));
	compress(sha, sha->block);
	for (unsigned i = 0; i < sha->digest_bytes; i++) {
		uint64_t word =
			sha->digest_bytes == 32 ? sha->state.w32[i / 4] : sha->state.w64[i / 8];
		unsigned last = sha->digest_bytes == 32 ? 3 - i % 4 : 7 - i % 8;
		unsigned byte = (unsigned)(word >> (8 * last)) & 0xff;

		hex[(size_t)2 * i] = digit[byte >> 4];
		hex[(size_t)2 * i + 1] = digit[byte & 15];
	}
	hex[(size_t)2 * sha->digest_bytes] = '\0';
}
