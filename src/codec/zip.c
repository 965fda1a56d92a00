/* Zip files: see zip.h. */
#include "codec/zip.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <zlib.h>

#include "base/mem.h"
#include "codec/inflate.h"

/*
 * Where the fields are, all little-endian.
 *
 *            local header   directory entry   end record
 *     0      "PK\3\4"       "PK\1\2"          "PK\5\6"
 *     flags  6              8                 disks, entries: 4 6 8 10
 *     method 8              10                directory size, offset: 12 16
 *     crc    14             16                comment length: 20
 *     packed, unpacked size 20 24
 *     name, extra length    26 28             28 30, comment 32
 *     disk                                    34
 *     header offset                           42
 */
enum { LOCAL_BYTES = 30, ENTRY_BYTES = 46, END_BYTES = 22, PIECE_BYTES = 64 * 1024 };
enum { FLAG_ENCRYPTED = 1 << 0, FLAG_STRONG = 1 << 6, FLAG_MASKED = 1 << 13 };
enum { STORED = 0, DEFLATED = 8 };

static unsigned u16(const char *at)
{
	const unsigned char *p = (const unsigned char *)at;

	return p[0] | (unsigned)p[1] << 8;
}

static uint32_t u32(const char *at)
{
	return u16(at) | (uint32_t)u16(at + 2) << 16;
}

static int refuse(const struct mel_zip *zip, const char *why, struct mel_err **err)
{
	return mel_err_set(err, MEL_ERR_INPUT, "'%s' is no zip file to be trusted: %s",
			   zip->name, why);
}

/* Exactly len bytes at offset. */
static int read_at(const struct mel_zip *zip, uint64_t offset, void *bytes, size_t len,
		   struct mel_err **err)
{
	struct mel_fd_source file;
	ssize_t got;

	mel_fd_source_init(&file, zip->fd, offset, offset + len, zip->name);
	got = mel_source_read_full(&file.source, bytes, len, err);
	if (got < 0)
		return -1;
	return (size_t)got == len ? 0 : refuse(zip, "it is cut off", err);
}

static int check_end(struct mel_zip *zip, const char *end, uint64_t end_offset,
		     struct mel_err **err)
{
	zip->left = u16(end + 10);
	zip->len = u32(end + 12);
	zip->directory_offset = u32(end + 16);
	if (memcmp(end, "PK\5\6", 4) != 0 || u16(end + 20) != 0)
		return refuse(zip, "its end is no end record without a comment", err);
	if (u16(end + 4) || u16(end + 6) || u16(end + 8) != zip->left)
		return refuse(zip, "it has several disks", err);
	if (zip->left == 0xffff || zip->len == UINT32_MAX ||
	    zip->directory_offset == UINT32_MAX)
		return refuse(zip, "it needs zip64", err);
	if (zip->directory_offset + zip->len != end_offset)
		return refuse(zip, "its directory does not lie before the end record", err);
	if (zip->len > MEL_ZIP_DIRECTORY_MAX_BYTES)
		return mel_err_set(err, MEL_ERR_LIMIT,
				   "'%s' has a directory of more than %d bytes", zip->name,
				   MEL_ZIP_DIRECTORY_MAX_BYTES);
	return 0;
}

int mel_zip_open(struct mel_zip *out, int fd, const char *name, struct mel_err **err)
{
	char end[END_BYTES];
	struct stat st;

	*out = (struct mel_zip){ .fd = fd, .name = name };
	if (fstat(fd, &st) < 0)
		return mel_err_sys(err, "cannot read '%s'", name);
	if (st.st_size < END_BYTES)
		return refuse(out, "it is too short", err);

	uint64_t end_offset = (uint64_t)st.st_size - END_BYTES;

	if (read_at(out, end_offset, end, sizeof(end), err) < 0 ||
	    check_end(out, end, end_offset, err) < 0)
		return -1;
	out->directory = mel_alloc(out->len ? out->len : 1);
	return read_at(out, out->directory_offset, out->directory, out->len, err);
}

int mel_zip_next(struct mel_zip *zip, struct mel_zip_entry *entry, struct mel_err **err)
{
	const char *at = zip->directory + zip->at;
	size_t rest = zip->len - zip->at, name_len, whole;

	if (zip->left == 0)
		return rest == 0 ? 0
				 : refuse(zip, "its directory holds more than it says", err);
	if (rest < ENTRY_BYTES || memcmp(at, "PK\1\2", 4) != 0)
		return refuse(zip, "its directory is damaged", err);
	name_len = u16(at + 28);
	whole = ENTRY_BYTES + name_len + u16(at + 30) + u16(at + 32);
	if (rest < whole)
		return refuse(zip, "its directory is cut off", err);
	if (u16(at + 8) & (FLAG_ENCRYPTED | FLAG_STRONG | FLAG_MASKED) || u16(at + 34))
		return refuse(zip, "it has encrypted parts or several disks", err);
	*entry = (struct mel_zip_entry){
		.name = mel_slice_make(at + ENTRY_BYTES, name_len),
		.method = u16(at + 10),
		.crc = u32(at + 16),
		.packed_bytes = u32(at + 20),
		.bytes = u32(at + 24),
		.header = u32(at + 42),
	};
	if (entry->method != STORED && entry->method != DEFLATED)
		return refuse(zip, "it uses a rare compression", err);
	if (entry->packed_bytes == UINT32_MAX || entry->bytes == UINT32_MAX ||
	    entry->header == UINT32_MAX)
		return refuse(zip, "it needs zip64", err);
	zip->at += whole;
	zip->left--;
	return 1;
}

/* Where the entry's data begins; its own header has to agree with the directory. */
static int find_data(const struct mel_zip *zip, const struct mel_zip_entry *entry,
		     uint64_t *offset, struct mel_err **err)
{
	char local[LOCAL_BYTES + UINT16_MAX];
	size_t head = LOCAL_BYTES + entry->name.len;

	if (entry->header + head > zip->directory_offset)
		return refuse(zip, "a file lies in or behind the directory", err);
	if (read_at(zip, entry->header, local, head, err) < 0)
		return -1;
	if (memcmp(local, "PK\3\4", 4) != 0 || u16(local + 8) != entry->method ||
	    u16(local + 26) != entry->name.len ||
	    memcmp(local + LOCAL_BYTES, entry->name.ptr, entry->name.len) != 0)
		return refuse(zip, "a file's header contradicts the directory", err);
	*offset = entry->header + head + u16(local + 28);
	if (*offset + entry->packed_bytes > zip->directory_offset)
		return refuse(zip, "a file reaches into the directory", err);
	return 0;
}

static int digest_source(const struct mel_zip *zip, const struct mel_zip_entry *entry,
			 struct mel_source *content, struct mel_digest *digest,
			 struct mel_err **err)
{
	MEL_AUTO_FREE char *piece = mel_alloc(PIECE_BYTES);
	uint64_t total = 0;
	uLong crc = crc32(0, NULL, 0);
	ssize_t got;

	while ((got = mel_source_read(content, piece, PIECE_BYTES, err)) > 0) {
		total += (uint64_t)got;
		if (total > entry->bytes)
			break;
		crc = crc32(crc, (const Bytef *)piece, (uInt)got);
		mel_digest_update(digest, piece, (size_t)got);
	}
	if (got < 0)
		return -1;
	if (total != entry->bytes || crc != entry->crc)
		return refuse(zip, "a file has another length or check sum than it says", err);
	return 0;
}

int mel_zip_digest(const struct mel_zip *zip, const struct mel_zip_entry *entry,
		   enum mel_digest_kind kind, unsigned char *out, struct mel_err **err)
{
	MEL_AUTO_DIGEST struct mel_digest digest = { 0 };
	MEL_AUTO_INFLATE struct mel_inflate inflate = { 0 };
	struct mel_fd_source data;
	uint64_t offset = 0;
	int r;

	if (find_data(zip, entry, &offset, err) < 0)
		return -1;
	mel_fd_source_init(&data, zip->fd, offset, offset + entry->packed_bytes, zip->name);
	mel_digest_init(&digest, kind);
	if (entry->method == STORED) {
		r = digest_source(zip, entry, &data.source, &digest, err);
	} else {
		mel_inflate_init(&inflate, &data.source, MEL_INFLATE_RAW, zip->name);
		r = digest_source(zip, entry, &inflate.source, &digest, err);
		if (r == 0 && mel_inflate_used(&inflate) != entry->packed_bytes)
			r = refuse(zip, "a file has bytes behind its end", err);
	}
	if (r == 0)
		mel_digest_final(&digest, out);
	return r;
}

void mel_zip_clear(struct mel_zip *zip)
{
	free(zip->directory);
	zip->directory = NULL;
}
