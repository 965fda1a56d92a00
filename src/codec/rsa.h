/*
 * RSA keys in PEM files and PKCS#1 v1.5 signatures with SHA-256, the kind that apk checks. Key
 * material stays in this file's structs and is wiped on free. Source: RFC 8017, PEM_read(3).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

/* A key, private or only its public half, and the base name of its file. */
struct mel_key;

/*
 * Private key from the PEM file path: PKCS#1 or PKCS#8. One WARN when others than the owner may
 * read the file, one when its name does not end in ".rsa" (apk's readers of an index want
 * that). Errors: SYSTEM, or CRYPTO (no PEM block, encrypted, not an RSA private key); path is
 * named.
 */
int mel_key_load(struct mel_key **out, const char *path, struct mel_err **err);
/* The same with the passphrase of an encrypted key (NULL: none). */
int mel_key_load_encrypted(struct mel_key **out, const char *path, const char *passphrase,
			   struct mel_err **err);
/* Private key from PEM text; name is copied. */
int mel_key_parse(struct mel_key **out, struct mel_slice pem, const char *name,
		  const char *passphrase, struct mel_err **err);
/* Public key from PEM text (SubjectPublicKeyInfo); name is copied. */
int mel_pubkey_parse(struct mel_key **out, struct mel_slice pem, const char *name,
		     struct mel_err **err);
/* Base name of the private key's file, e.g. "local.rsa"; ".pub" is its public half. */
const char *mel_key_name(const struct mel_key *key);
void mel_key_free(struct mel_key *key); /* NULL is fine */
void mel_key_auto(struct mel_key **key);
#define MEL_AUTO_KEY __attribute__((cleanup(mel_key_auto)))

/* Append the signature of bytes (as long as the modulus) to sig. Errors: CRYPTO. */
int mel_key_sign(const struct mel_key *key, struct mel_slice bytes, struct mel_buf *sig,
		 struct mel_err **err);
/* 0 when sig is key's signature of bytes, else -1 with CRYPTO. */
int mel_key_verify(const struct mel_key *key, struct mel_slice bytes, struct mel_slice sig,
		   struct mel_err **err);

enum { MEL_KEY_MIN_BITS = 2048, MEL_KEY_MAX_BITS = 16384 };
/* A new key. Errors: CRYPTO; USAGE for bits out of range. */
int mel_key_generate(struct mel_key **out, unsigned bits, struct mel_err **err);
/*
 * Write the private key as PKCS#1 PEM (0600) to path and its public half (0644) to path.pub.
 * Files that exist are refused, unless may_replace. Errors: SYSTEM, named; CRYPTO.
 */
int mel_keygen_write(const struct mel_key *key, const char *path, bool may_replace,
		     struct mel_err **err);
