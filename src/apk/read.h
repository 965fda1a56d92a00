/*
 * Reading .apk files of version 2. Nothing is unpacked; a package of a stranger is as safe to
 * open as one of ours. Source: apk-v2(5), docs/formats.md.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "apk/pkginfo.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "codec/tar.h"

enum { MEL_APK_CONTROL_MAX_BYTES = 10 * 1024 * 1024 }; /* also of a signature section */
#define MEL_APK_DATA_MAX_BYTES ((uint64_t)16 << 30)

/* An open package. */
struct mel_apk {
	int fd;     /* owned */
	char *name; /* owned; as given, for messages */
	struct mel_arena arena;
	struct mel_pkginfo info;
	int64_t pkginfo_mtime;
	const char *signature_name;          /* ".SIGN.RSA256.acme.rsa.pub"; NULL: unsigned */
	uint64_t control_at, data_at, bytes; /* offsets in the file; its size */
	unsigned char identity[MEL_SHA1_BYTES];
};

/*
 * Open the package path and read its signature's name and control section. The data section is
 * not looked at. Errors: SYSTEM, INPUT (no package, damaged), LIMIT.
 */
int mel_apk_open(struct mel_apk *out, int dirfd, const char *path, struct mel_err **err);
void mel_apk_clear(struct mel_apk *apk);
#define MEL_AUTO_APK __attribute__((cleanup(mel_apk_clear)))
#define MEL_APK_INIT                                                                           \
	{                                                                                      \
		.fd = -1                                                                       \
	}

/* Compare the data section with datahash: "datahash mismatch in <file>". */
int mel_apk_check_datahash(const struct mel_apk *apk, struct mel_err **err);

/* Called for each entry; content may be read from reader. -1 with *err set ends the walk. */
typedef int mel_apk_visit(void *user, const struct mel_tar_entry *entry,
			  struct mel_tar_reader *reader, struct mel_err **err);
/* Walk the entries of the control section. */
int mel_apk_walk_control(const struct mel_apk *apk, mel_apk_visit *visit, void *user,
			 struct mel_err **err);
/*
 * Walk the data section. Checksums are not compared: that is for those who read the content.
 * More than one gzip member is an error, as it is for apk.
 */
int mel_apk_walk_data(const struct mel_apk *apk, mel_apk_visit *visit, void *user,
		      struct mel_err **err);
/* Compare every regular file of the data section with its checksum record. */
int mel_apk_check_data(const struct mel_apk *apk, struct mel_err **err);
/* The compressed sections' bytes, appended to out: of the signature (may be none) or control.
 */
int mel_apk_read_signature(const struct mel_apk *apk, struct mel_buf *out,
			   struct mel_err **err);
int mel_apk_read_control(const struct mel_apk *apk, struct mel_buf *out, struct mel_err **err);
