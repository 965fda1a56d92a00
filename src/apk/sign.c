/* Signature sections: see sign.h. */
#include "apk/sign.h"

#include <string.h>

#include "base/mem.h"
#include "codec/gzip.h"
#include "codec/stream.h"
#include "codec/tar.h"

enum { SECTION_MAX_BYTES = 10 * 1024 * 1024, SIGNATURE_MAX_BYTES = 16 * 1024 };

int mel_sign_tar(struct mel_buf *out, const char *key_name, struct mel_slice signature,
		 int64_t mtime, struct mel_err **err)
{
	MEL_AUTO_FREE char *name = mel_asprintf(".SIGN.RSA256.%s.pub", key_name);
	struct mel_buf_sink sink;
	struct mel_tar tar = MEL_TAR_INIT(&sink.stream);

	mel_buf_sink_init(&sink, out, "signature section");
	mel_tar_file(&tar, name, 0644, mtime, signature);

	int result = mel_tar_close(&tar, false, err);

	mel_stream_clear(&sink.stream);
	return result;
}

int mel_sign_make(struct mel_buf *out, const struct mel_key *key, struct mel_slice bytes,
		  int64_t mtime, struct mel_err **err)
{
	struct mel_buf signature MEL_AUTO_BUF = MEL_BUF_INIT(SIGNATURE_MAX_BYTES);
	struct mel_buf tar MEL_AUTO_BUF = MEL_BUF_INIT(SECTION_MAX_BYTES);

	if (mel_key_sign(key, bytes, &signature, err) < 0 ||
	    mel_sign_tar(&tar, mel_key_name(key), mel_buf_slice(&signature), mtime, err) < 0)
		return -1;
	return mel_gzip_pack(out, mel_buf_slice(&tar), err);
}

/* The content of the section's entry for key's name. */
static int find_signature(struct mel_tar_reader *reader, const char *name, struct mel_buf *out,
			  struct mel_err **err)
{
	struct mel_tar_entry entry;
	int more;

	while ((more = mel_tar_reader_next(reader, &entry, err)) > 0)
		if (mel_text_eq(entry.name, name))
			return mel_tar_reader_content(reader, out, err);
	return more < 0 ? -1
			: mel_err_set(err, MEL_ERR_CRYPTO, "there is no signature '%s'", name);
}

int mel_sign_check(struct mel_slice section, const struct mel_key *key, struct mel_slice bytes,
		   struct mel_err **err)
{
	MEL_AUTO_FREE char *name = mel_asprintf(".SIGN.RSA256.%s.pub", mel_key_name(key));
	struct mel_buf signature MEL_AUTO_BUF = MEL_BUF_INIT(SIGNATURE_MAX_BYTES);
	struct mel_gunzip gunzip MEL_AUTO_GUNZIP = { 0 };
	struct mel_tar_reader reader MEL_AUTO_TAR_READER = { 0 };
	struct mel_slice_source source;

	mel_slice_source_init(&source, section);
	mel_gunzip_init(&gunzip, &source.source, "signature");
	mel_tar_reader_init(&reader, &gunzip.source, "signature");

	int more = mel_gunzip_next(&gunzip, SECTION_MAX_BYTES, err);

	if (more <= 0)
		return more < 0 ? -1
				: mel_err_set(err, MEL_ERR_CRYPTO, "there is no signature");
	if (find_signature(&reader, name, &signature, err) < 0)
		return -1;
	return mel_key_verify(key, bytes, mel_buf_slice(&signature), err);
}
