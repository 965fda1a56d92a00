/*
 * SHA-1, SHA-256 and SHA-512 by libcrypto. The library's configuration file is never read: it
 * would cost time at each start and let the machine decide what a package contains. A library
 * that lacks these algorithms ends the program. Source: EVP_DigestInit(3), FIPS 180-4.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

enum mel_digest_kind { MEL_SHA1, MEL_SHA256, MEL_SHA512, MEL_DIGEST_COUNT };

enum {
	MEL_SHA1_BYTES = 20,
	MEL_SHA256_BYTES = 32,
	MEL_DIGEST_MAX_BYTES = 64,
	MEL_DIGEST_HEX_BYTES = 2 * MEL_DIGEST_MAX_BYTES + 1, /* with the NUL */
};

/* A digest in progress. Zeroed: empty. */
struct mel_digest {
	enum mel_digest_kind kind;
	struct evp_md_ctx_st *ctx; /* owned */
};

/* Prepare libcrypto without its configuration file; cheap when done already. */
void mel_crypto_init(void);

/* Begin (again): a digest that was used before is reset. */
void mel_digest_init(struct mel_digest *digest, enum mel_digest_kind kind);
void mel_digest_update(struct mel_digest *digest, const void *bytes, size_t len);
/* The result: mel_digest_bytes(kind) bytes. Begin again before the next use. */
void mel_digest_final(struct mel_digest *digest, unsigned char *out);
void mel_digest_clear(struct mel_digest *digest);
#define MEL_AUTO_DIGEST __attribute__((cleanup(mel_digest_clear)))

/* One-shot; out gets mel_digest_bytes(kind) bytes. */
void mel_digest_of(enum mel_digest_kind kind, struct mel_slice bytes, unsigned char *out);
/* 20, 32 or 64. */
size_t mel_digest_bytes(enum mel_digest_kind kind);
/* "sha1", "sha256" or "sha512" to the kind; false when it is none of them. */
bool mel_digest_by_name(const char *name, enum mel_digest_kind *kind);
const char *mel_digest_name(enum mel_digest_kind kind);

/* Lower-case hex of len bytes and a NUL: 2 * len + 1 bytes at out. */
void mel_hex(char *out, const unsigned char *bytes, size_t len);
/* Exactly 2 * len hex digits of either case to len bytes; false otherwise. */
bool mel_unhex(unsigned char *out, size_t len, struct mel_slice hex);
/* Base64 with padding and a NUL: 4 * ((len + 2) / 3) + 1 bytes at out. Source: RFC 4648. */
void mel_base64(char *out, const unsigned char *bytes, size_t len);
/* Padded base64 to exactly len bytes; false otherwise. */
bool mel_unbase64(unsigned char *out, size_t len, struct mel_slice text);
