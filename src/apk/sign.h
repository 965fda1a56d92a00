/*
 * Signature sections: a gzip member with one file, .SIGN.RSA256.<key>.pub, in front of what is
 * signed. Source: apk-v2(5), docs/formats.md.
 */
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "codec/rsa.h"

/* Append the section that signs bytes with key to out; mtime is that of its one entry. */
int mel_sign_make(struct mel_buf *out, const struct mel_key *key, struct mel_slice bytes,
		  int64_t mtime, struct mel_err **err);
/* The uncompressed section of a signature that exists already. key_name: "acme.rsa". */
int mel_sign_tar(struct mel_buf *out, const char *key_name, struct mel_slice signature,
		 int64_t mtime, struct mel_err **err);
/* 0 when section (compressed) signs bytes with key under key's name. Errors: CRYPTO, INPUT. */
int mel_sign_check(struct mel_slice section, const struct mel_key *key, struct mel_slice bytes,
		   struct mel_err **err);
