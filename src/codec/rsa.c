/* RSA keys and signatures by libcrypto: see rsa.h. */
#include "codec/rsa.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "codec/digest.h"

enum { KEY_FILE_MAX_BYTES = 64 * 1024 };

struct mel_key {
	EVP_PKEY *pkey; /* owned; libcrypto wipes the private parts when it is freed */
	char *name;     /* owned */
};

/* The library's own words for its last problem, for the end of a message. */
static const char *library_reason(void)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;

	ERR_clear_error();
	return reason ? reason : "unknown reason";
}

static struct mel_key *key_new(EVP_PKEY *pkey, const char *name)
{
	struct mel_key *key = mel_alloc(sizeof(*key));

	key->pkey = pkey;
	key->name = mel_strdup(name);
	return key;
}

/* One PEM block; all owned by libcrypto's allocator. */
struct block {
	char *name, *header;
	unsigned char *der;
	long der_len;
};

static void block_clear(struct block *block)
{
	OPENSSL_free(block->name);
	OPENSSL_free(block->header);
	if (block->der)
		OPENSSL_clear_free(block->der, (size_t)block->der_len);
}

/* The first PEM block of the text. */
static int read_block(struct block *block, struct mel_slice pem, struct mel_err **err)
{
	BIO *bio = BIO_new_mem_buf(pem.ptr, pem.len > INT_MAX ? INT_MAX : (int)pem.len);
	int ok = bio &&
		 PEM_read_bio(bio, &block->name, &block->header, &block->der, &block->der_len);

	BIO_free(bio);
	ERR_clear_error();
	return ok ? 0 : mel_err_set(err, MEL_ERR_CRYPTO, "no PEM block found");
}

/* For libcrypto: the passphrase we were given, never a prompt on the terminal. */
static int give_passphrase(char *out, int out_bytes, int is_writing, void *passphrase)
{
	size_t len = passphrase ? strlen(passphrase) : 0;

	(void)is_writing;
	if (!passphrase || len > (size_t)out_bytes)
		return -1;
	memcpy(out, passphrase, len);
	return (int)len;
}

static int no_passphrase(struct mel_err **err)
{
	return mel_err_set(err, MEL_ERR_CRYPTO,
			   "key is encrypted but no passphrase was provided");
}

/* Old style: "Proc-Type: 4,ENCRYPTED" in the block's header. */
static int decrypt_block(struct block *block, char *passphrase, struct mel_err **err)
{
	EVP_CIPHER_INFO cipher;

	if (!block->header || !block->header[0])
		return 0;
	if (!passphrase)
		return no_passphrase(err);
	if (!PEM_get_EVP_CIPHER_INFO(block->header, &cipher) ||
	    !PEM_do_header(&cipher, block->der, &block->der_len, give_passphrase, passphrase))
		return mel_err_set(err, MEL_ERR_CRYPTO, "cannot decrypt the key: %s",
				   library_reason());
	return 0;
}

static int not_rsa(struct mel_err **err)
{
	return mel_err_set(err, MEL_ERR_CRYPTO, "not an RSA private key");
}

static int parse_pkcs8_encrypted(EVP_PKEY **out, struct mel_slice pem, char *passphrase,
				 struct mel_err **err)
{
	BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);

	*out = bio && passphrase
		       ? PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, passphrase)
		       : NULL;
	BIO_free(bio);
	if (*out)
		return 0;
	if (!passphrase)
		return no_passphrase(err);
	return mel_err_set(err, MEL_ERR_CRYPTO, "cannot decrypt the key: %s", library_reason());
}

/* Both PKCS#1 and PKCS#8 contents are told apart by libcrypto. */
static int parse_block(EVP_PKEY **out, struct block *block, struct mel_slice pem,
		       char *passphrase, struct mel_err **err)
{
	const unsigned char *der = block->der;

	if (mel_text_eq(block->name, PEM_STRING_PKCS8))
		return parse_pkcs8_encrypted(out, pem, passphrase, err);
	if (!mel_text_eq(block->name, PEM_STRING_RSA) &&
	    !mel_text_eq(block->name, PEM_STRING_PKCS8INF))
		return mel_err_set(err, MEL_ERR_CRYPTO, "not an RSA private key but a %s",
				   block->name);
	if (decrypt_block(block, passphrase, err) < 0)
		return -1;
	*out = d2i_AutoPrivateKey(NULL, &der, block->der_len);
	if (*out)
		return 0;
	return mel_err_set(err, MEL_ERR_CRYPTO, "cannot read the private key: %s",
			   library_reason());
}

int mel_key_parse(struct mel_key **out, struct mel_slice pem, const char *name,
		  const char *passphrase, struct mel_err **err)
{
	MEL_AUTO_FREE char *secret = passphrase ? mel_strdup(passphrase) : NULL;
	struct block block = { 0 };
	EVP_PKEY *pkey = NULL;
	int result;

	mel_crypto_init();
	result = read_block(&block, pem, err);
	if (result == 0)
		result = parse_block(&pkey, &block, pem, secret, err);
	block_clear(&block);
	if (secret)
		OPENSSL_cleanse(secret, strlen(secret));
	if (result == 0 && !EVP_PKEY_is_a(pkey, "RSA"))
		result = not_rsa(err);
	if (result == 0)
		*out = key_new(pkey, name);
	else
		EVP_PKEY_free(pkey);
	return result;
}

int mel_pubkey_parse(struct mel_key **out, struct mel_slice pem, const char *name,
		     struct mel_err **err)
{
	struct block block = { 0 };
	EVP_PKEY *pkey = NULL;

	mel_crypto_init();
	if (read_block(&block, pem, err) < 0)
		return -1;
	if (mel_text_eq(block.name, PEM_STRING_PUBLIC)) {
		const unsigned char *der = block.der;

		pkey = d2i_PUBKEY(NULL, &der, block.der_len);
	}
	block_clear(&block);
	ERR_clear_error();
	if (pkey && EVP_PKEY_is_a(pkey, "RSA")) {
		*out = key_new(pkey, name);
		return 0;
	}
	EVP_PKEY_free(pkey);
	return mel_err_set(err, MEL_ERR_CRYPTO, "'%s' is not an RSA public key", name);
}

static void warn_about_file(int fd, const char *path)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && (st.st_mode & (S_IRGRP | S_IROTH)))
		mel_log(MEL_LOG_WARN,
			"signing key '%s' can be read by other users; chmod 600 it", path);
	if (!mel_text_ends(path, ".rsa"))
		mel_log(MEL_LOG_WARN,
			"the name of signing key '%s' does not end in .rsa: some programs will "
			"not accept an index signed with it",
			path);
}

int mel_key_load_encrypted(struct mel_key **out, const char *path, const char *passphrase,
			   struct mel_err **err)
{
	struct mel_buf pem MEL_AUTO_BUF = MEL_BUF_INIT(KEY_FILE_MAX_BYTES);
	MEL_AUTO_CLOSE int fd = mel_openat(AT_FDCWD, path, O_RDONLY | O_NONBLOCK, 0);

	if (fd < 0) {
		mel_err_sys(err, "could not open signing key: cannot open '%s'", path);
		return mel_err_as(err, MEL_ERR_CRYPTO);
	}
	/* at once, so that no growing leaves copies of the key behind */
	mel_buf_reserve(&pem, KEY_FILE_MAX_BYTES);

	int result = mel_read_all(fd, path, &pem, err);

	if (result == 0) {
		result = mel_key_parse(out, mel_buf_slice(&pem), mel_text_basename(path),
				       passphrase, err);
		if (result < 0)
			mel_err_wrap(err, "cannot load signing key '%s'", path);
	}
	OPENSSL_cleanse(pem.ptr, pem.cap);
	if (result == 0)
		warn_about_file(fd, path);
	return result;
}

int mel_key_load(struct mel_key **out, const char *path, struct mel_err **err)
{
	return mel_key_load_encrypted(out, path, NULL, err);
}

const char *mel_key_name(const struct mel_key *key)
{
	return key->name;
}

void mel_key_free(struct mel_key *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->pkey);
	free(key->name);
	free(key);
}

void mel_key_auto(struct mel_key **key)
{
	mel_key_free(*key);
}

int mel_key_sign(const struct mel_key *key, struct mel_slice bytes, struct mel_buf *sig,
		 struct mel_err **err)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t len = (size_t)EVP_PKEY_get_size(key->pkey);
	unsigned char *room = (unsigned char *)mel_buf_reserve(sig, len);
	int ok = ctx && room &&
		 EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key->pkey) == 1 &&
		 EVP_DigestSign(ctx, room, &len, (const unsigned char *)bytes.ptr, bytes.len) ==
			 1;

	EVP_MD_CTX_free(ctx);
	if (!ok)
		return mel_err_set(err, MEL_ERR_CRYPTO, "cannot sign with key '%s': %s",
				   key->name, library_reason());
	sig->len += len;
	sig->ptr[sig->len] = '\0';
	return 0;
}

int mel_key_verify(const struct mel_key *key, struct mel_slice bytes, struct mel_slice sig,
		   struct mel_err **err)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int ok = ctx && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key->pkey) == 1 &&
		 EVP_DigestVerify(ctx, (const unsigned char *)sig.ptr, sig.len,
				  (const unsigned char *)bytes.ptr, bytes.len) == 1;

	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return ok ? 0
		  : mel_err_set(err, MEL_ERR_CRYPTO, "signature is not one of key '%s'",
				key->name);
}

int mel_key_generate(struct mel_key **out, unsigned bits, struct mel_err **err)
{
	if (bits < MEL_KEY_MIN_BITS)
		return mel_err_set(err, MEL_ERR_USAGE,
				   "key size is less than %d bits, this is not considered safe",
				   MEL_KEY_MIN_BITS);
	if (bits > MEL_KEY_MAX_BITS)
		return mel_err_set(err, MEL_ERR_USAGE, "key size is more than %d bits",
				   MEL_KEY_MAX_BITS);
	mel_crypto_init();

	EVP_PKEY *pkey = EVP_RSA_gen(bits);

	if (!pkey)
		return mel_err_set(err, MEL_ERR_CRYPTO, "cannot generate a key: %s",
				   library_reason());
	*out = key_new(pkey, "");
	return 0;
}

/* Both PEM texts in memory that is wiped. The BIOs belong to the caller. */
static int format_key(const struct mel_key *key, BIO *private_pem, BIO *public_pem,
		      struct mel_err **err)
{
	if (private_pem && public_pem &&
	    PEM_write_bio_PrivateKey_traditional(private_pem, key->pkey, NULL, NULL, 0, NULL,
						 NULL) == 1 &&
	    PEM_write_bio_PUBKEY(public_pem, key->pkey) == 1)
		return 0;
	return mel_err_set(err, MEL_ERR_CRYPTO, "cannot write the key: %s", library_reason());
}

static int write_new(const char *path, BIO *pem, mode_t mode, bool may_replace,
		     struct mel_err **err)
{
	char *bytes = NULL;
	long len = BIO_get_mem_data(pem, &bytes);

	if (may_replace && unlink(path) < 0 && errno != ENOENT)
		return mel_err_sys(err, "cannot replace '%s'", path);

	MEL_AUTO_CLOSE int fd =
		mel_openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);

	if (fd < 0)
		return mel_err_sys(err, "cannot create '%s'", path);
	if (mel_write_full(fd, bytes, (size_t)len) < 0 || fsync(fd) < 0) {
		mel_err_sys(err, "cannot write '%s'", path);
		unlink(path);
		return -1;
	}
	return 0;
}

static int write_pair(const char *path, BIO *private_pem, BIO *public_pem, bool may_replace,
		      struct mel_err **err)
{
	MEL_AUTO_FREE char *public_path = mel_asprintf("%s.pub", path);

	if (!may_replace && access(public_path, F_OK) == 0) {
		errno = EEXIST;
		return mel_err_sys(err, "cannot create '%s'", public_path);
	}
	if (write_new(path, private_pem, 0600, may_replace, err) < 0)
		return -1;
	return write_new(public_path, public_pem, 0644, may_replace, err);
}

int mel_keygen_write(const struct mel_key *key, const char *path, bool may_replace,
		     struct mel_err **err)
{
	BIO *private_pem = BIO_new(BIO_s_secmem()), *public_pem = BIO_new(BIO_s_mem());
	int result = format_key(key, private_pem, public_pem, err);

	if (result == 0)
		result = write_pair(path, private_pem, public_pem, may_replace, err);
	BIO_free(private_pem);
	BIO_free(public_pem);
	return result;
}
