/*
 * Writing .apk files of version 2: [signature section] control section data section, each a
 * gzip member. The data section comes first in time: it is written to a file of its own while
 * the tree is walked, then its hash goes into the control section, then all is put together.
 * Source: apk-v2(5), docs/formats.md.
 *
 *	struct mel_package_data *data MEL_AUTO_PACKAGE_DATA = NULL;
 *
 *	mel_package_data_begin(&data, temp_fd);
 *	for each entry, in order:
 *		if (mel_package_data_file(data, &entry, fd, err) < 0) …  files, from an fd
 *		mel_package_data_entry(data, &entry);                    all others
 *	if (mel_package_data_end(data, &data_sum, err) < 0) …
 *	info.datahash = data_sum.datahash;
 *	info.size = data_sum.installed_bytes;
 *	mel_package_write(out_fd, temp_fd, &spec, &sum, err);
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "apk/pkginfo.h"
#include "base/err.h"
#include "base/slice.h"
#include "codec/digest.h"
#include "codec/rsa.h"
#include "codec/tar.h"

struct mel_package_data;

struct mel_package_data_sum {
	char datahash[2 * MEL_SHA256_BYTES + 1]; /* hex, of the compressed section */
	uint64_t bytes;                          /* of the compressed section */
	uint64_t
		installed_bytes; /* files, link targets, 4096 for each directory and the root */
	size_t entry_len;
};

/* Begin a data section; fd is borrowed and written from its current position. */
void mel_package_data_begin(struct mel_package_data **out, int fd);
/*
 * An entry whose content, if it has any, the caller writes with mel_package_data_bytes. A
 * symlink's checksum record is made here; a regular file without content needs none either,
 * for others entry->sha1 must be set. The size of a hard link's file, in entry->size, is not
 * written but counts as installed. Failures come out at the end.
 */
void mel_package_data_entry(struct mel_package_data *data, const struct mel_tar_entry *entry);
void mel_package_data_bytes(struct mel_package_data *data, const void *bytes, size_t len);
/*
 * A regular file from fd (borrowed, read by position): size and checksum are taken from the
 * content, so entry->size and ->sha1 need not be set. sha1, if not NULL, gets the checksum, for
 * the hard links that follow. A file that changes meanwhile is an error. Errors: SYSTEM, INPUT.
 */
int mel_package_data_file(struct mel_package_data *data, const struct mel_tar_entry *entry,
			  int fd, unsigned char sha1[MEL_SHA1_BYTES], struct mel_err **err);
/* End the section. Errors: the first failure of all. */
int mel_package_data_end(struct mel_package_data *data, struct mel_package_data_sum *sum,
			 struct mel_err **err);
void mel_package_data_free(struct mel_package_data *data); /* NULL is fine */
void mel_package_data_auto(struct mel_package_data **data);
#define MEL_AUTO_PACKAGE_DATA __attribute__((cleanup(mel_package_data_auto)))

/* In the order of the control section. */
enum mel_package_script {
	MEL_SCRIPT_POST_DEINSTALL,
	MEL_SCRIPT_POST_INSTALL,
	MEL_SCRIPT_POST_UPGRADE,
	MEL_SCRIPT_PRE_DEINSTALL,
	MEL_SCRIPT_PRE_INSTALL,
	MEL_SCRIPT_PRE_UPGRADE,
	MEL_SCRIPT_TRIGGER,
	MEL_SCRIPT_COUNT,
};

/* All borrowed. */
struct mel_package_spec {
	const struct mel_pkginfo *info;       /* datahash and size filled in */
	struct mel_slice melange_yaml;        /* content of .melange.yaml */
	const char *script[MEL_SCRIPT_COUNT]; /* texts; NULL or "": none */
	int64_t mtime;                        /* of all entries: SOURCE_DATE_EPOCH */
	const struct mel_key *key;            /* NULL: unsigned */
};

/* What an index has to know of a package that was just written. */
struct mel_package_sum {
	unsigned char identity[MEL_SHA1_BYTES]; /* SHA-1 of the control section */
	uint64_t signature_bytes, control_bytes, data_bytes;
	uint64_t bytes; /* of the whole file */
};

/*
 * Write the package to out_fd (at its position); data_fd holds the finished data section from
 * its beginning. Errors: OUTPUT, SYSTEM, CRYPTO, INPUT (see mel_pkginfo_write), LIMIT (control
 * section over 10 MiB: no reader would take it).
 */
int mel_package_write(int out_fd, int data_fd, const struct mel_package_spec *spec,
		      struct mel_package_sum *sum, struct mel_err **err);
/* The uncompressed control section, appended to out. */
int mel_package_control(struct mel_buf *out, const struct mel_package_spec *spec,
			struct mel_err **err);
