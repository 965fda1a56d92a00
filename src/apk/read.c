/* Reading packages: see read.h. */
#include "apk/read.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "codec/gzip.h"
#include "codec/stream.h"

static int broken(const struct mel_apk *apk, const char *why, struct mel_err **err)
{
	return mel_err_set(err, MEL_ERR_INPUT, "'%s' is not an apk package: %s", apk->name,
			   why);
}

/* A section of the file, being read: gzip and tar over the bytes from .. to. */
struct section {
	struct mel_fd_source file;
	struct mel_gunzip gunzip;
	struct mel_tar_reader tar;
};

static void section_init(struct section *section, const struct mel_apk *apk, uint64_t from,
			 uint64_t to)
{
	mel_fd_source_init(&section->file, apk->fd, from, to, apk->name);
	mel_gunzip_init(&section->gunzip, &section->file.source, apk->name);
	mel_tar_reader_init(&section->tar, &section->gunzip.source, apk->name);
}

static void section_clear(struct section *section)
{
	mel_tar_reader_clear(&section->tar);
	mel_gunzip_clear(&section->gunzip);
}
#define AUTO_SECTION __attribute__((cleanup(section_clear)))

static int section_next(struct section *section, const struct mel_apk *apk, uint64_t max,
			struct mel_err **err)
{
	int more = mel_gunzip_next(&section->gunzip, max, err);

	return more != 0 ? more : broken(apk, "a section is missing", err);
}

/* The signature section's name, if the first section is one; *control_at is behind it. */
static int read_signature_name(struct mel_apk *apk, struct mel_err **err)
{
	struct section section AUTO_SECTION = { 0 };
	struct mel_tar_entry entry;

	section_init(&section, apk, 0, apk->bytes);
	if (section_next(&section, apk, MEL_APK_CONTROL_MAX_BYTES, err) < 0)
		return -1;

	int more = mel_tar_reader_next(&section.tar, &entry, err);

	if (more <= 0)
		return more < 0 ? -1 : broken(apk, "its first section is empty", err);
	if (!mel_text_starts(entry.name, ".SIGN."))
		return 0;
	apk->signature_name = mel_arena_strdup(&apk->arena, entry.name);
	if (mel_gunzip_next(&section.gunzip, MEL_APK_CONTROL_MAX_BYTES, err) < 0)
		return -1;
	apk->control_at = mel_gunzip_offset(&section.gunzip);
	return 0;
}

static int read_pkginfo(struct mel_apk *apk, struct section *section, struct mel_err **err)
{
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(MEL_PKGINFO_MAX_BYTES);
	struct mel_tar_entry entry;
	int more = mel_tar_reader_next(&section->tar, &entry, err);

	if (more < 0)
		return -1;
	if (more == 0)
		return broken(apk, "its control section is empty", err);
	if (!mel_text_eq(entry.name, ".PKGINFO"))
		return mel_err_set(err, MEL_ERR_INPUT,
				   "'%s': unexpected file in control section: %s", apk->name,
				   entry.name);
	apk->pkginfo_mtime = entry.mtime;
	if (mel_tar_reader_content(&section->tar, &text, err) < 0)
		return -1;
	return mel_pkginfo_parse(&apk->info, mel_buf_slice(&text), &apk->arena, err) < 0
		       ? mel_err_wrap(err, "'%s'", apk->name)
		       : 0;
}

/* The bytes from .. to of the file through a digest. */
static int hash_range(const struct mel_apk *apk, uint64_t from, uint64_t to,
		      enum mel_digest_kind kind, unsigned char *out, struct mel_err **err)
{
	struct mel_digest digest MEL_AUTO_DIGEST = { 0 };
	struct mel_fd_source file;
	char chunk[64 * 1024];
	ssize_t got;

	mel_fd_source_init(&file, apk->fd, from, to, apk->name);
	mel_digest_init(&digest, kind);
	while ((got = mel_source_read(&file.source, chunk, sizeof(chunk), err)) > 0)
		mel_digest_update(&digest, chunk, (size_t)got);
	mel_digest_final(&digest, out);
	return (int)got;
}

static int read_control(struct mel_apk *apk, struct mel_err **err)
{
	struct section section AUTO_SECTION = { 0 };

	section_init(&section, apk, apk->control_at, apk->bytes);
	if (section_next(&section, apk, MEL_APK_CONTROL_MAX_BYTES, err) < 0 ||
	    read_pkginfo(apk, &section, err) < 0 ||
	    section_next(&section, apk, MEL_APK_DATA_MAX_BYTES, err) < 0)
		return -1;
	apk->data_at = apk->control_at + mel_gunzip_offset(&section.gunzip);
	return hash_range(apk, apk->control_at, apk->data_at, MEL_SHA1, apk->identity, err);
}

int mel_apk_open(struct mel_apk *out, int dirfd, const char *path, struct mel_err **err)
{
	struct stat st;

	*out = (struct mel_apk){ .name = mel_strdup(path) };
	out->fd = mel_openat(dirfd, path, O_RDONLY | O_NONBLOCK, 0);
	if (out->fd < 0 || fstat(out->fd, &st) < 0) {
		mel_err_sys(err, "cannot open '%s'", path);
	} else if (!S_ISREG(st.st_mode)) {
		mel_err_set(err, MEL_ERR_INPUT, "'%s' is not a regular file", path);
	} else {
		out->bytes = (uint64_t)st.st_size;
		if (read_signature_name(out, err) == 0 && read_control(out, err) == 0)
			return 0;
	}
	mel_apk_clear(out);
	return -1;
}

void mel_apk_clear(struct mel_apk *apk)
{
	if (apk->fd >= 0)
		close(apk->fd);
	free(apk->name);
	mel_arena_clear(&apk->arena);
	*apk = (struct mel_apk)MEL_APK_INIT;
}

int mel_apk_check_datahash(const struct mel_apk *apk, struct mel_err **err)
{
	unsigned char hash[MEL_SHA256_BYTES];
	char hex[2 * MEL_SHA256_BYTES + 1];

	if (hash_range(apk, apk->data_at, apk->bytes, MEL_SHA256, hash, err) < 0)
		return -1;
	mel_hex(hex, hash, sizeof(hash));
	if (apk->info.datahash && mel_text_eq(apk->info.datahash, hex))
		return 0;
	return mel_err_set(err, MEL_ERR_INPUT, "datahash mismatch in %s", apk->name);
}

static int walk(struct section *section, mel_apk_visit *visit, void *user, struct mel_err **err)
{
	struct mel_tar_entry entry;
	int more;

	while ((more = mel_tar_reader_next(&section->tar, &entry, err)) > 0)
		if (visit(user, &entry, &section->tar, err) < 0)
			return -1;
	return more;
}

int mel_apk_walk_control(const struct mel_apk *apk, mel_apk_visit *visit, void *user,
			 struct mel_err **err)
{
	struct section section AUTO_SECTION = { 0 };

	section_init(&section, apk, apk->control_at, apk->data_at);
	if (section_next(&section, apk, MEL_APK_CONTROL_MAX_BYTES, err) < 0)
		return -1;
	return walk(&section, visit, user, err);
}

int mel_apk_walk_data(const struct mel_apk *apk, mel_apk_visit *visit, void *user,
		      struct mel_err **err)
{
	struct section section AUTO_SECTION = { 0 };

	section_init(&section, apk, apk->data_at, apk->bytes);
	if (section_next(&section, apk, MEL_APK_DATA_MAX_BYTES, err) < 0 ||
	    walk(&section, visit, user, err) < 0)
		return -1;

	int more = mel_gunzip_next(&section.gunzip, 0, err);

	return more > 0 ? broken(apk, "its data section is more than one gzip member", err)
			: more;
}

/* Compare one regular file with its record; one without a record is accepted. */
static int visit_checksum(void *user, const struct mel_tar_entry *entry,
			  struct mel_tar_reader *reader, struct mel_err **err)
{
	struct mel_digest *digest = user;
	unsigned char made[MEL_SHA1_BYTES];
	char want_hex[2 * MEL_SHA1_BYTES + 1], made_hex[2 * MEL_SHA1_BYTES + 1];
	char chunk[64 * 1024];
	ssize_t got;

	if (entry->type != MEL_TAR_FILE || !entry->sha1)
		return 0;
	mel_digest_init(digest, MEL_SHA1);
	while ((got = mel_tar_reader_read(reader, chunk, sizeof(chunk), err)) > 0)
		mel_digest_update(digest, chunk, (size_t)got);
	if (got < 0)
		return -1;
	mel_digest_final(digest, made);
	if (memcmp(made, entry->sha1, sizeof(made)) == 0)
		return 0;
	mel_hex(want_hex, entry->sha1, MEL_SHA1_BYTES);
	mel_hex(made_hex, made, MEL_SHA1_BYTES);
	return mel_err_set(err, MEL_ERR_INPUT,
			   "checksum mismatch: %s header was %s, computed %s", entry->name,
			   want_hex, made_hex);
}

int mel_apk_check_data(const struct mel_apk *apk, struct mel_err **err)
{
	struct mel_digest digest MEL_AUTO_DIGEST = { 0 };

	return mel_apk_walk_data(apk, visit_checksum, &digest, err);
}

static int read_range(const struct mel_apk *apk, uint64_t from, uint64_t to,
		      struct mel_buf *out, struct mel_err **err)
{
	struct mel_fd_source file;
	char *room = mel_buf_reserve(out, (size_t)(to - from));

	if (!room)
		return mel_buf_check(out, apk->name, err);
	mel_fd_source_init(&file, apk->fd, from, to, apk->name);

	ssize_t got = mel_source_read_full(&file.source, room, (size_t)(to - from), err);

	if (got < 0)
		return -1;
	out->len += (size_t)got;
	out->ptr[out->len] = '\0';
	return (uint64_t)got == to - from ? 0 : broken(apk, "it is cut off", err);
}

int mel_apk_read_signature(const struct mel_apk *apk, struct mel_buf *out, struct mel_err **err)
{
	return read_range(apk, 0, apk->control_at, out, err);
}

int mel_apk_read_control(const struct mel_apk *apk, struct mel_buf *out, struct mel_err **err)
{
	return read_range(apk, apk->control_at, apk->data_at, out, err);
}
