/*
 * sha2.h - SHA-256 and SHA-512 for the guest's helper, which links no library.
 * Source: FIPS 180-4.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define MEL_SHA2_MAX_HEX 129 /* 128 digits and a NUL */

struct mel_sha2 {
	unsigned digest_bytes; /* 32 or 64 */
	union {
		uint32_t w32[8];
		uint64_t w64[8];
	} state;
	uint64_t total_bytes; /* of all input so far; 2^61 bytes are more than any file */
	unsigned char block[128];
	size_t block_len;
};

/* Begin a digest; digest_bytes is 32 (SHA-256) or 64 (SHA-512). */
void mel_sha2_init(struct mel_sha2 *sha, unsigned digest_bytes);
/* Add len bytes. */
void mel_sha2_update(struct mel_sha2 *sha, const void *bytes, size_t len);
/* End: lower-case hex digits and a NUL into hex. */
void mel_sha2_final(struct mel_sha2 *sha, char hex[MEL_SHA2_MAX_HEX]);
