/*
 * The tar dialect of apk packages: ustar headers, with a pax header in front of entries that
 * need one. The writer's bytes are fixed by the rules in docs/formats.md; the reader takes what
 * other tools write and trusts nothing. Source: pax(1) of POSIX.1-2017, tar(5).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "codec/digest.h"
#include "codec/stream.h"

enum mel_tar_type {
	MEL_TAR_FILE = '0',
	MEL_TAR_HARDLINK = '1', /* linkname: path of the first name in the same archive */
	MEL_TAR_SYMLINK = '2',
	MEL_TAR_CHAR = '3',
	MEL_TAR_BLOCK = '4',
	MEL_TAR_DIR = '5',
	MEL_TAR_FIFO = '6',
};

/* An extended attribute; both borrowed. */
struct mel_xattr {
	const char *name;
	struct mel_slice value; /* raw bytes */
};

/* One entry. Texts are bytes without encoding, borrowed; NULL counts as "". */
struct mel_tar_entry {
	const char *name; /* relative, no "./", no '/' at the end */
	enum mel_tar_type type;
	uint32_t mode; /* the twelve permission bits */
	uint32_t uid, gid;
	const char *uname, *gname;
	uint64_t size; /* of the content that follows; used for files only */
	int64_t mtime; /* seconds since 1970 */
	const char *linkname;
	uint32_t devmajor, devminor;
	const unsigned char *sha1; /* MEL_SHA1_BYTES: checksum record of apk; NULL: none */
	const struct mel_xattr *xattr;
	size_t xattr_len;
};

/* Writer on a stream that it borrows. */
struct mel_tar {
	struct mel_stream *out;
	uint64_t left; /* content bytes the current entry still lacks */
	unsigned pad;  /* NUL bytes that follow the content */
};
#define MEL_TAR_INIT(stream_ptr)                                                               \
	{                                                                                      \
		.out = (stream_ptr)                                                            \
	}
/* Write the header(s) of an entry; entry->size bytes of content follow for files. */
void mel_tar_begin(struct mel_tar *tar, const struct mel_tar_entry *entry);
void mel_tar_content(struct mel_tar *tar, const void *bytes, size_t len);
/* A whole regular file with owner 0 and the owner names "root". */
void mel_tar_file(struct mel_tar *tar, const char *name, uint32_t mode, int64_t mtime,
		  struct mel_slice content);
/*
 * End the last entry; with has_trailer two zero blocks follow. 0, or -1 with the first failure
 * of the chain. INPUT: a name or value that cannot be written, content shorter or longer than
 * announced.
 */
int mel_tar_close(struct mel_tar *tar, bool has_trailer, struct mel_err **err);

enum {
	MEL_TAR_PAX_MAX_BYTES = 1024 * 1024, /* all pax records of one entry */
	MEL_TAR_NAME_MAX_BYTES = 4096,
};

/* Reader on a source that it borrows. */
struct mel_tar_reader {
	struct mel_source *in;
	const char *name;       /* borrowed, for messages */
	struct mel_arena arena; /* texts of the current entry */
	uint64_t left;          /* content bytes not yet read */
	unsigned pad;
	bool is_over;
	unsigned char sha1[MEL_SHA1_BYTES];
};
void mel_tar_reader_init(struct mel_tar_reader *reader, struct mel_source *in,
			 const char *name);
/*
 * The next entry: 1 and entry, whose texts live until the next call; 0 at the end (two zero
 * blocks, one, or the end of the source at an entry's border; the source is then read to its
 * end). What is left of the content before is skipped. Long names of GNU tar are understood,
 * global pax headers ignored. entry->name has no leading "/" or "./" and no "/" at its end, but
 * may hold "..": it is data. Errors: INPUT, LIMIT, and those of the source.
 */
int mel_tar_reader_next(struct mel_tar_reader *reader, struct mel_tar_entry *entry,
			struct mel_err **err);
/* Up to len bytes of content: the number, 0 at its end, -1. */
ssize_t mel_tar_reader_read(struct mel_tar_reader *reader, void *bytes, size_t len,
			    struct mel_err **err);
/* All of the content, appended to buf; its maximum applies. Errors: LIMIT, INPUT (cut off). */
int mel_tar_reader_content(struct mel_tar_reader *reader, struct mel_buf *buf,
			   struct mel_err **err);
void mel_tar_reader_clear(struct mel_tar_reader *reader);
#define MEL_AUTO_TAR_READER __attribute__((cleanup(mel_tar_reader_clear)))
