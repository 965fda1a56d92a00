/*
 * tar writer: see tar.h. Which header an entry gets, which fields and records it holds and in
 * which order is fixed: packages made twice are equal to the byte. Source: docs/formats.md,
 * pax(1) of POSIX.1-2017 "ustar Interchange Format".
 */
#include "codec/tar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/vec.h"
#include "codec/tar_header.h"

/* A pax record in the making. */
struct record {
	char *key; /* owned */
	struct mel_slice value;
};

/* What an entry needs beyond a plain ustar header. */
struct plan {
	MEL_VEC(struct record) record;
	MEL_VEC(char *) number; /* owned texts behind record values */
	bool is_pax;            /* a record is needed that ustar cannot do without */
};

static const char *text_of(const char *text)
{
	return text ? text : "";
}

static bool is_ascii(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text >= 0x80)
			return false;
	return true;
}

/* Where ustar cuts a long name: the length of the prefix, 0 when it cannot. */
static size_t split_name(const char *name)
{
	size_t len = strlen(name);
	size_t at = len > MEL_USTAR_PREFIX_BYTES ? MEL_USTAR_PREFIX_BYTES : len - 1;

	while (at > 0 && name[at] != '/')
		at--;
	return at > 0 && len - at - 1 <= MEL_USTAR_NAME_BYTES && len > at + 1 ? at : 0;
}

static void add_record(struct plan *plan, const char *key, struct mel_slice value)
{
	mel_vec_push(&plan->record, (struct record){ mel_strdup(key), value });
}

static void plan_text(struct plan *plan, const char *key, const char *text, size_t field_bytes)
{
	if (strlen(text) <= field_bytes && is_ascii(text))
		return;
	add_record(plan, key, mel_slice_of(text));
	plan->is_pax = true;
}

static void plan_name(struct plan *plan, const char *name)
{
	bool is_long = strlen(name) > MEL_USTAR_NAME_BYTES;

	if (!is_long && is_ascii(name))
		return;
	add_record(plan, "path", mel_slice_of(name)); /* written only if pax is needed */
	if (!is_ascii(name) || !split_name(name))
		plan->is_pax = true;
}

static void plan_number(struct plan *plan, const char *key, int64_t value, unsigned digits)
{
	if (value >= 0 && value >> 3 * digits == 0)
		return;

	char *text = mel_asprintf("%lld", (long long)value);

	mel_vec_push(&plan->number, text);
	add_record(plan, key, mel_slice_of(text));
	plan->is_pax = true;
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct record *)a)->key, ((const struct record *)b)->key);
}

static void plan_make(struct plan *plan, const struct mel_tar_entry *entry, uint64_t size,
		      char hex[2 * MEL_SHA1_BYTES + 1])
{
	plan_name(plan, entry->name);
	plan_text(plan, "linkpath", text_of(entry->linkname), MEL_USTAR_LINK_BYTES);
	plan_text(plan, "uname", text_of(entry->uname), MEL_USTAR_OWNER_BYTES);
	plan_text(plan, "gname", text_of(entry->gname), MEL_USTAR_OWNER_BYTES);
	plan_number(plan, "uid", entry->uid, 7);
	plan_number(plan, "gid", entry->gid, 7);
	plan_number(plan, "size", (int64_t)size, 11);
	plan_number(plan, "mtime", entry->mtime, 11);
	if (entry->sha1) {
		mel_hex(hex, entry->sha1, MEL_SHA1_BYTES);
		plan_text(plan, MEL_TAR_SHA1_KEY, hex, 0);
	}
	for (size_t i = 0; i < entry->xattr_len; i++) {
		MEL_AUTO_FREE char *key =
			mel_asprintf(MEL_TAR_XATTR_PREFIX "%s", entry->xattr[i].name);

		add_record(plan, key, entry->xattr[i].value);
		plan->is_pax = true;
	}
	if (plan->record.len)
		qsort(plan->record.at, plan->record.len, sizeof(*plan->record.at), by_key);
}

static void plan_clear(struct plan *plan)
{
	for (size_t i = 0; i < plan->record.len; i++)
		free(plan->record.at[i].key);
	for (size_t i = 0; i < plan->number.len; i++)
		free(plan->number.at[i]);
	mel_vec_clear(&plan->record);
	mel_vec_clear(&plan->number);
}

/* "<len> <key>=<value>\n"; len counts itself. */
static void format_record(struct mel_buf *out, const struct record *record)
{
	size_t rest = strlen(record->key) + record->value.len + 3, len = 0;
	size_t next = rest + 1;

	while (next != len) {
		len = next;
		next = rest + (size_t)snprintf(NULL, 0, "%zu", len);
	}
	mel_buf_printf(out, "%zu %s=", len, record->key);
	mel_buf_add_slice(out, record->value);
	mel_buf_add_char(out, '\n');
}

/* digits octal digits and a NUL; 0 when the value does not fit (a pax record has it then). */
static void put_octal(char *field, unsigned digits, int64_t value)
{
	if (value < 0 || value >> 3 * digits != 0)
		value = 0;
	for (unsigned i = digits; i-- > 0; value >>= 3)
		field[i] = (char)('0' + (value & 7));
	field[digits] = '\0';
}

/* The ASCII bytes of text, as many as fit; no NUL if the field is full. */
static void put_ascii(char *field, size_t field_bytes, const char *text)
{
	size_t len = 0, total = 0;

	for (; *text; text++) {
		if ((unsigned char)*text >= 0x80)
			continue;
		if (len < field_bytes)
			field[len++] = *text;
		total++;
	}
	/* A cut at a '/' would make some readers take a file for a directory. */
	if (total > field_bytes && field[len - 1] == '/') {
		while (len > 0 && field[len - 1] == '/')
			len--;
		field[len] = '\0';
	}
}

static void put_checksum(struct mel_ustar *header)
{
	const unsigned char *bytes = (const unsigned char *)header;
	unsigned sum = 0;

	memset(header->chksum, ' ', sizeof(header->chksum));
	for (size_t i = 0; i < sizeof(*header); i++)
		sum += bytes[i];
	put_octal(header->chksum, 6, sum);
}

static void write_header(struct mel_tar *tar, struct mel_ustar *header)
{
	memcpy(header->magic, "ustar", 6);
	memcpy(header->version, "00", 2);
	put_checksum(header);
	mel_stream_write(tar->out, header, sizeof(*header));
}

static void write_zeros(struct mel_tar *tar, size_t len)
{
	static const char zeros[MEL_TAR_BLOCK_BYTES];

	mel_stream_write(tar->out, zeros, len);
}

static unsigned pad_of(uint64_t size)
{
	return (unsigned)(-size & (MEL_TAR_BLOCK_BYTES - 1));
}

static void write_pax(struct mel_tar *tar, const struct mel_tar_entry *entry,
		      const struct plan *plan)
{
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(MEL_TAR_PAX_MAX_BYTES);
	struct mel_ustar header = { .typeflag = 'x' };
	const char *base = mel_text_basename(entry->name);
	MEL_AUTO_FREE char *name = mel_asprintf("%.*sPaxHeaders.0/%s",
						(int)(base - entry->name), entry->name, base);

	for (size_t i = 0; i < plan->record.len; i++)
		format_record(&text, &plan->record.at[i]);
	put_ascii(header.name, sizeof(header.name), name);
	for (size_t at = strnlen(header.name, sizeof(header.name));
	     at > 0 && header.name[at - 1] == '/'; at--)
		header.name[at - 1] = '\0'; /* the last part may have no ASCII byte */
	put_octal(header.mode, 7, 0);
	put_octal(header.uid, 7, 0);
	put_octal(header.gid, 7, 0);
	put_octal(header.size, 11, (int64_t)text.len);
	put_octal(header.mtime, 11, 0);
	write_header(tar, &header);
	mel_stream_write(tar->out, text.ptr, text.len);
	write_zeros(tar, pad_of(text.len));
	if (text.is_over && !mel_stream_has_failed(tar->out))
		mel_buf_check(&text, "attributes of an archive entry",
			      mel_stream_error(tar->out));
}

static void write_main(struct mel_tar *tar, const struct mel_tar_entry *entry, uint64_t size,
		       bool is_pax)
{
	struct mel_ustar header = { .typeflag = (char)entry->type };
	size_t prefix = 0;

	if (!is_pax && strlen(entry->name) > sizeof(header.name))
		prefix = split_name(entry->name);
	memcpy(header.prefix, entry->name, prefix);
	put_ascii(header.name, sizeof(header.name), entry->name + prefix + (prefix > 0));
	put_octal(header.mode, 7, entry->mode);
	put_octal(header.uid, 7, entry->uid);
	put_octal(header.gid, 7, entry->gid);
	put_octal(header.size, 11, (int64_t)size);
	put_octal(header.mtime, 11, entry->mtime);
	put_ascii(header.linkname, sizeof(header.linkname), text_of(entry->linkname));
	put_ascii(header.uname, sizeof(header.uname), text_of(entry->uname));
	put_ascii(header.gname, sizeof(header.gname), text_of(entry->gname));
	put_octal(header.devmajor, 7, entry->devmajor);
	put_octal(header.devminor, 7, entry->devminor);
	write_header(tar, &header);
}

static void fail(struct mel_tar *tar, const char *name, const char *why)
{
	if (!mel_stream_has_failed(tar->out))
		mel_err_set(mel_stream_error(tar->out), MEL_ERR_INPUT,
			    "cannot archive '%s': %s", name, why);
}

/* Why the entry cannot be written, NULL when it can. */
static const char *problem_of(const struct mel_tar_entry *entry)
{
	size_t len = entry->name ? strlen(entry->name) : 0;

	if (len == 0 || entry->name[0] == '/' || entry->name[len - 1] == '/')
		return "its name is not a relative path";
	if ((entry->devmajor | entry->devminor) >> 21)
		return "its device number is too large";
	for (size_t i = 0; i < entry->xattr_len; i++)
		if (!entry->xattr[i].name[0] || strchr(entry->xattr[i].name, '='))
			return "the name of an extended attribute is empty or has a '='";
	return NULL;
}

static void end_entry(struct mel_tar *tar)
{
	if (tar->left)
		fail(tar, "entry", "content shorter than announced (did the file change?)");
	write_zeros(tar, tar->pad);
	tar->left = tar->pad = 0;
}

void mel_tar_begin(struct mel_tar *tar, const struct mel_tar_entry *entry)
{
	const char *problem = problem_of(entry);
	uint64_t size = entry->type == MEL_TAR_FILE ? entry->size : 0;
	char hex[2 * MEL_SHA1_BYTES + 1];
	struct plan plan = { 0 };

	end_entry(tar);
	if (problem) {
		fail(tar, text_of(entry->name), problem);
		return;
	}
	plan_make(&plan, entry, size, hex);
	if (plan.is_pax)
		write_pax(tar, entry, &plan);
	write_main(tar, entry, size, plan.is_pax);
	plan_clear(&plan);
	tar->left = size;
	tar->pad = pad_of(size);
}

void mel_tar_content(struct mel_tar *tar, const void *bytes, size_t len)
{
	if (len > tar->left) {
		fail(tar, "entry", "content longer than announced (did the file change?)");
		return;
	}
	mel_stream_write(tar->out, bytes, len);
	tar->left -= len;
}

void mel_tar_file(struct mel_tar *tar, const char *name, uint32_t mode, int64_t mtime,
		  struct mel_slice content)
{
	const struct mel_tar_entry entry = {
		.name = name,
		.type = MEL_TAR_FILE,
		.mode = mode,
		.uname = "root",
		.gname = "root",
		.size = content.len,
		.mtime = mtime,
	};

	mel_tar_begin(tar, &entry);
	mel_tar_content(tar, content.ptr, content.len);
}

int mel_tar_close(struct mel_tar *tar, bool has_trailer, struct mel_err **err)
{
	end_entry(tar);
	if (has_trailer) {
		write_zeros(tar, MEL_TAR_BLOCK_BYTES);
		write_zeros(tar, MEL_TAR_BLOCK_BYTES);
	}
	return mel_stream_check(tar->out, err);
}
