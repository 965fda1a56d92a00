/*
 * Zip files, read strictly: what two readers could understand in two ways is refused, because
 * a digest of the files is worth nothing when the next reader sees other files. So the end
 * record is the very end of the file, right behind the directory; there is no comment, no
 * second disk, no encryption, no zip64, and each file's own header says what the directory
 * says. That is what `go mod download` writes. Source: PKWARE APPNOTE.TXT 6.3.9.
 *
 *     [local header, name, extra, data, descriptor]...
 *     [directory entry, name, extra, comment]...
 *     end record (22 bytes)
 */
#pragma once

#include "codec/digest.h"
#include "codec/stream.h"

enum { MEL_ZIP_DIRECTORY_MAX_BYTES = 32 << 20 };

/* Zeroed: empty. */
struct mel_zip {
	int fd;                    /* borrowed; read by position */
	const char *name;          /* borrowed, for messages */
	char *directory;           /* owned */
	size_t at, len;            /* in the directory */
	uint64_t directory_offset; /* in the file */
	unsigned left;             /* entries not read yet */
};

struct mel_zip_entry {
	struct mel_slice name; /* as it is in the directory, valid until clear */
	uint64_t bytes, packed_bytes;
	uint64_t header; /* offset of its local header */
	uint32_t crc;
	unsigned method; /* 0 or 8 */
};

/* Read the directory of fd. Errors: INPUT (no such zip), LIMIT, SYSTEM. */
int mel_zip_open(struct mel_zip *out, int fd, const char *name, struct mel_err **err);
/* The next entry in the order of the directory: 1, 0 at its end, -1. Errors: INPUT. */
int mel_zip_next(struct mel_zip *zip, struct mel_zip_entry *entry, struct mel_err **err);
/* Digest of the entry's content, whose length and check sum must be right. Errors: INPUT,
 * SYSTEM. */
int mel_zip_digest(const struct mel_zip *zip, const struct mel_zip_entry *entry,
		   enum mel_digest_kind kind, unsigned char *out, struct mel_err **err);
void mel_zip_clear(struct mel_zip *zip);
#define MEL_AUTO_ZIP __attribute__((cleanup(mel_zip_clear)))
