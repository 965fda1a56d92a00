/*
 * tar reader: see tar.h. Input is hostile: every length is bounded before memory is asked for,
 * and names are only data here.
 */
#include "codec/tar.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "codec/tar_header.h"

/* What headers in front of an entry say about it; NULL or false: nothing. */
struct extra {
	const char *path, *linkpath, *uname, *gname;
	bool has_size, has_mtime, has_uid, has_gid, has_sha1;
	uint64_t size, uid, gid;
	int64_t mtime;
	struct mel_xattr *xattr;
	size_t xattr_len, xattr_cap;
};

static int fail(const struct mel_tar_reader *reader, const char *what, struct mel_err **err)
{
	return mel_err_set(err, MEL_ERR_INPUT, "'%s': broken tar archive: %s", reader->name,
			   what);
}

/* A field's text, up to its NUL or its end. */
static char *field_text(struct mel_tar_reader *reader, const char *field, size_t field_bytes)
{
	return mel_arena_strndup(&reader->arena, field, strnlen(field, field_bytes));
}

/* Octal with spaces or NULs around it, or GNU tar's binary form: top bit, then big-endian. */
static bool parse_number(const char *field, size_t field_bytes, uint64_t *out)
{
	struct mel_slice s = mel_slice_make(field, field_bytes);
	uint64_t value = 0;

	if ((unsigned char)field[0] == 0x80) {
		for (size_t i = 1; i < field_bytes; i++) {
			if (value >> 55)
				return false;
			value = value << 8 | (unsigned char)field[i];
		}
		*out = value;
		return true;
	}
	s = mel_slice_trim(mel_slice_trim(s, " "), " ");
	for (size_t i = 0; i < s.len && s.ptr[i] && s.ptr[i] != ' '; i++) {
		unsigned digit = (unsigned char)s.ptr[i] - (unsigned)'0';

		if (digit > 7 || value >> 60)
			return false;
		value = value << 3 | digit;
	}
	*out = value;
	return true;
}

static bool has_right_checksum(const struct mel_ustar *header)
{
	const unsigned char *bytes = (const unsigned char *)header;
	size_t from = offsetof(struct mel_ustar, chksum);
	uint64_t want, sum = 0;

	for (size_t i = 0; i < sizeof(*header); i++)
		sum += i >= from && i < from + sizeof(header->chksum) ? ' ' : bytes[i];
	return parse_number(header->chksum, sizeof(header->chksum), &want) && want == sum;
}

static bool is_zero(const struct mel_ustar *header)
{
	const char *bytes = (const char *)header;

	for (size_t i = 0; i < sizeof(*header); i++)
		if (bytes[i])
			return false;
	return true;
}

/* Decimal with an optional sign and fraction, which is dropped. */
static bool parse_decimal(struct mel_slice text, int64_t *out)
{
	struct mel_slice whole;
	struct mel_err *err MEL_AUTO_ERR = NULL;

	return mel_slice_next(&text, '.', &whole) && mel_slice_i64(whole, out, &err) == 0;
}

static bool parse_unsigned(struct mel_slice text, uint64_t *out)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;

	return mel_slice_u64(text, out, &err) == 0;
}

/* The checksum record: 40 hex digits, or "Q1" and base64 as older tools wrote it. */
static bool parse_sha1(struct mel_tar_reader *reader, struct mel_slice text)
{
	if (mel_slice_starts(text, "Q1"))
		return mel_unbase64(reader->sha1, MEL_SHA1_BYTES,
				    mel_slice_make(text.ptr + 2, text.len - 2));
	return mel_unhex(reader->sha1, MEL_SHA1_BYTES, text);
}

static void add_xattr(struct mel_tar_reader *reader, struct extra *extra, struct mel_slice key,
		      struct mel_slice value)
{
	size_t prefix = strlen(MEL_TAR_XATTR_PREFIX);

	if (extra->xattr_len == extra->xattr_cap) {
		struct mel_xattr *old = extra->xattr;

		extra->xattr_cap = extra->xattr_cap ? extra->xattr_cap * 2 : 4;
		extra->xattr = mel_arena_array(&reader->arena, extra->xattr_cap,
					       sizeof(*extra->xattr));
		if (old)
			memcpy(extra->xattr, old, extra->xattr_len * sizeof(*old));
	}
	extra->xattr[extra->xattr_len++] = (struct mel_xattr){
		.name = mel_arena_strndup(&reader->arena, key.ptr + prefix, key.len - prefix),
		.value = value,
	};
}

/* One record; false when its value is unusable. Keys of no interest are passed over. */
static bool take_record(struct mel_tar_reader *reader, struct extra *extra,
			struct mel_slice key, struct mel_slice value)
{
	const struct {
		const char *key;
		const char **place;
	} texts[] = {
		{ "path", &extra->path },
		{ "linkpath", &extra->linkpath },
		{ "uname", &extra->uname },
		{ "gname", &extra->gname },
	};

	for (size_t i = 0; i < MEL_COUNTOF(texts); i++) {
		if (!mel_slice_eq_text(key, texts[i].key))
			continue;
		*texts[i].place = mel_arena_slice(&reader->arena, value);
		return !memchr(value.ptr, 0, value.len);
	}
	if (mel_slice_starts(key, MEL_TAR_XATTR_PREFIX))
		add_xattr(reader, extra, key, value);
	else if (mel_slice_eq_text(key, MEL_TAR_SHA1_KEY))
		return extra->has_sha1 = parse_sha1(reader, value);
	else if (mel_slice_eq_text(key, "size"))
		return extra->has_size = parse_unsigned(value, &extra->size);
	else if (mel_slice_eq_text(key, "mtime"))
		return extra->has_mtime = parse_decimal(value, &extra->mtime);
	else if (mel_slice_eq_text(key, "uid"))
		return extra->has_uid = parse_unsigned(value, &extra->uid);
	else if (mel_slice_eq_text(key, "gid"))
		return extra->has_gid = parse_unsigned(value, &extra->gid);
	return true;
}

/* Cut "<len> <key>=<value>\n" off rest. */
static bool next_record(struct mel_slice *rest, struct mel_slice *key, struct mel_slice *value)
{
	size_t len = 0, at = 0;

	while (at < rest->len && rest->ptr[at] >= '0' && rest->ptr[at] <= '9' && at < 8)
		len = len * 10 + (size_t)(rest->ptr[at++] - '0');
	if (at == 0 || at >= rest->len || rest->ptr[at] != ' ' || len > rest->len ||
	    len < at + 3 || rest->ptr[len - 1] != '\n')
		return false;

	const char *from = rest->ptr + at + 1, *end = rest->ptr + len - 1;
	const char *equals = memchr(from, '=', (size_t)(end - from));

	if (!equals || equals == from)
		return false;
	*key = mel_slice_make(from, (size_t)(equals - from));
	*value = mel_slice_make(equals + 1, (size_t)(end - equals - 1));
	*rest = mel_slice_make(rest->ptr + len, rest->len - len);
	return true;
}

static int read_block(struct mel_tar_reader *reader, void *bytes, size_t len,
		      struct mel_err **err)
{
	ssize_t got = mel_source_read_full(reader->in, bytes, len, err);

	if (got < 0)
		return -1;
	return (size_t)got == len ? 0 : fail(reader, "it is cut off", err);
}

/* The content of a header entry (pax records, a long name) into the arena. */
static int read_extra(struct mel_tar_reader *reader, uint64_t size, struct mel_slice *out,
		      struct mel_err **err)
{
	if (size > MEL_TAR_PAX_MAX_BYTES)
		return mel_err_set(err, MEL_ERR_LIMIT,
				   "'%s': extended header of more than %d bytes", reader->name,
				   MEL_TAR_PAX_MAX_BYTES);

	size_t padded = ((size_t)size + MEL_TAR_BLOCK_BYTES - 1) & ~(MEL_TAR_BLOCK_BYTES - 1ul);
	char *bytes = mel_arena_alloc(&reader->arena, padded + 1);

	*out = mel_slice_make(bytes, (size_t)size);
	return read_block(reader, bytes, padded, err);
}

static int take_pax(struct mel_tar_reader *reader, struct extra *extra, uint64_t size,
		    struct mel_err **err)
{
	struct mel_slice rest, key, value;

	if (read_extra(reader, size, &rest, err) < 0)
		return -1;
	while (rest.len)
		if (!next_record(&rest, &key, &value) ||
		    !take_record(reader, extra, key, value))
			return fail(reader, "unreadable pax record", err);
	return 0;
}

/* A header entry in front of the real one: 1 when it was one, 0 when not. */
static int take_header(struct mel_tar_reader *reader, const struct mel_ustar *header,
		       struct extra *extra, uint64_t size, struct mel_err **err)
{
	struct mel_slice text;

	switch (header->typeflag) {
	case 'x':
		return take_pax(reader, extra, size, err) < 0 ? -1 : 1;
	case 'g':
		return read_extra(reader, size, &text, err) < 0 ? -1 : 1;
	case 'L':
	case 'K':
		if (read_extra(reader, size, &text, err) < 0)
			return -1;
		/* the arena's byte behind the text is NUL */
		*(header->typeflag == 'L' ? &extra->path : &extra->linkpath) = text.ptr;
		return 1;
	default:
		return 0;
	}
}

/* Without "./" and "/" in front and "/" at the end. */
static char *clean_name(char *name)
{
	while (name[0] == '/' || (name[0] == '.' && name[1] == '/'))
		name++;
	for (size_t len = strlen(name); len > 0 && name[len - 1] == '/'; len--)
		name[len - 1] = '\0';
	return name;
}

static char *ustar_name(struct mel_tar_reader *reader, const struct mel_ustar *header)
{
	const char *name = field_text(reader, header->name, sizeof(header->name));

	if (memcmp(header->magic, "ustar", 6) != 0 || header->prefix[0] == '\0')
		return mel_arena_strdup(&reader->arena, name);
	return mel_arena_printf(&reader->arena, "%s/%s",
				field_text(reader, header->prefix, sizeof(header->prefix)),
				name);
}

/* Types that only other tools write count as what they are nearest to. */
static bool parse_type(char flag, const char *name, enum mel_tar_type *out)
{
	size_t len = strlen(name);

	if (flag == '\0' || flag == '7')
		flag = len && name[len - 1] == '/' ? MEL_TAR_DIR : MEL_TAR_FILE;
	*out = (enum mel_tar_type)flag;
	return flag >= MEL_TAR_FILE && flag <= MEL_TAR_FIFO;
}

static int fill_texts(struct mel_tar_reader *reader, const struct mel_ustar *header,
		      const struct extra *extra, struct mel_tar_entry *entry,
		      struct mel_err **err)
{
	char *name = extra->path ? mel_arena_strdup(&reader->arena, extra->path)
				 : ustar_name(reader, header);

	if (!parse_type(header->typeflag, name, &entry->type))
		return fail(reader, "entry of an unknown type", err);
	entry->name = clean_name(name);
	entry->linkname = extra->linkpath ? extra->linkpath
					  : field_text(reader, header->linkname,
						       sizeof(header->linkname));
	entry->uname = extra->uname ? extra->uname
				    : field_text(reader, header->uname, sizeof(header->uname));
	entry->gname = extra->gname ? extra->gname
				    : field_text(reader, header->gname, sizeof(header->gname));
	if (strlen(entry->name) > MEL_TAR_NAME_MAX_BYTES ||
	    strlen(entry->linkname) > MEL_TAR_NAME_MAX_BYTES)
		return mel_err_set(err, MEL_ERR_LIMIT, "'%s': name of more than %d bytes",
				   reader->name, MEL_TAR_NAME_MAX_BYTES);
	return 0;
}

static int fill_numbers(struct mel_tar_reader *reader, const struct mel_ustar *header,
			const struct extra *extra, struct mel_tar_entry *entry,
			struct mel_err **err)
{
	uint64_t mode, uid, gid, size, mtime, major, minor;

	if (!parse_number(header->mode, sizeof(header->mode), &mode) ||
	    !parse_number(header->uid, sizeof(header->uid), &uid) ||
	    !parse_number(header->gid, sizeof(header->gid), &gid) ||
	    !parse_number(header->size, sizeof(header->size), &size) ||
	    !parse_number(header->mtime, sizeof(header->mtime), &mtime) ||
	    !parse_number(header->devmajor, sizeof(header->devmajor), &major) ||
	    !parse_number(header->devminor, sizeof(header->devminor), &minor))
		return fail(reader, "unreadable number in a header", err);
	uid = extra->has_uid ? extra->uid : uid;
	gid = extra->has_gid ? extra->gid : gid;
	size = extra->has_size ? extra->size : size;
	if ((uid | gid | major | minor) > UINT32_MAX || size > INT64_MAX / 2)
		return fail(reader, "number in a header is too large", err);
	entry->mode = (uint32_t)mode & 07777;
	entry->uid = (uint32_t)uid;
	entry->gid = (uint32_t)gid;
	entry->size = entry->type == MEL_TAR_FILE ? size : 0;
	entry->mtime = extra->has_mtime ? extra->mtime : (int64_t)mtime;
	entry->devmajor = (uint32_t)major;
	entry->devminor = (uint32_t)minor;
	return 0;
}

static int fill_entry(struct mel_tar_reader *reader, const struct mel_ustar *header,
		      const struct extra *extra, struct mel_tar_entry *entry,
		      struct mel_err **err)
{
	*entry = (struct mel_tar_entry){ 0 };
	if (fill_texts(reader, header, extra, entry, err) < 0 ||
	    fill_numbers(reader, header, extra, entry, err) < 0)
		return -1;
	entry->sha1 = extra->has_sha1 ? reader->sha1 : NULL;
	entry->xattr = extra->xattr;
	entry->xattr_len = extra->xattr_len;
	reader->left = entry->size;
	reader->pad = (unsigned)(-entry->size & (MEL_TAR_BLOCK_BYTES - 1));
	return 0;
}

/* Read on until what follows the last entry is used up, so that the source checks its end. */
static int drain(struct mel_tar_reader *reader, struct mel_err **err)
{
	char rest[16 * 1024];
	ssize_t got;

	reader->is_over = true;
	do {
		got = mel_source_read(reader->in, rest, sizeof(rest), err);
	} while (got > 0);
	return (int)got;
}

static int skip_content(struct mel_tar_reader *reader, struct mel_err **err)
{
	char skipped[16 * 1024];

	while (reader->left) {
		ssize_t got = mel_tar_reader_read(reader, skipped, sizeof(skipped), err);

		if (got < 0)
			return -1;
	}

	unsigned pad = reader->pad;

	reader->pad = 0;
	return read_block(reader, skipped, pad, err);
}

void mel_tar_reader_init(struct mel_tar_reader *reader, struct mel_source *in, const char *name)
{
	*reader = (struct mel_tar_reader){ .in = in, .name = name };
}

int mel_tar_reader_next(struct mel_tar_reader *reader, struct mel_tar_entry *entry,
			struct mel_err **err)
{
	struct mel_ustar header;
	struct extra extra = { 0 };
	size_t used = 0; /* by the headers in front of this entry */
	uint64_t size;

	if (reader->is_over)
		return 0;
	if (skip_content(reader, err) < 0)
		return -1;
	mel_arena_clear(&reader->arena);
	for (;;) {
		ssize_t got = mel_source_read_full(reader->in, &header, sizeof(header), err);

		if (got < 0)
			return -1;
		if (got == 0 && used == 0) {
			reader->is_over = true;
			return 0;
		}
		if ((size_t)got < sizeof(header))
			return fail(reader, "it is cut off", err);
		if (is_zero(&header))
			return used ? fail(reader, "an entry is missing", err)
				    : drain(reader, err);
		if (!has_right_checksum(&header))
			return fail(reader, "wrong header checksum", err);
		if (!parse_number(header.size, sizeof(header.size), &size))
			return fail(reader, "unreadable number in a header", err);

		int is_header = take_header(reader, &header, &extra, size, err);

		if (is_header < 0)
			return -1;
		if (!is_header)
			break;
		used += size + sizeof(header);
		if (used > 4 * MEL_TAR_PAX_MAX_BYTES)
			return mel_err_set(err, MEL_ERR_LIMIT,
					   "'%s': too many extended headers", reader->name);
	}
	return fill_entry(reader, &header, &extra, entry, err) < 0 ? -1 : 1;
}

ssize_t mel_tar_reader_read(struct mel_tar_reader *reader, void *bytes, size_t len,
			    struct mel_err **err)
{
	if (len > reader->left)
		len = (size_t)reader->left;
	if (len == 0)
		return 0;

	ssize_t got = mel_source_read(reader->in, bytes, len, err);

	if (got < 0)
		return -1;
	if (got == 0)
		return fail(reader, "it is cut off", err);
	reader->left -= (uint64_t)got;
	return got;
}

int mel_tar_reader_content(struct mel_tar_reader *reader, struct mel_buf *buf,
			   struct mel_err **err)
{
	if (reader->left > buf->max - buf->len)
		return mel_err_set(err, MEL_ERR_LIMIT, "'%s': entry of more than %zu bytes",
				   reader->name, buf->max);
	while (reader->left) {
		size_t part = reader->left < 65536 ? (size_t)reader->left : 65536;
		ssize_t got =
			mel_tar_reader_read(reader, mel_buf_reserve(buf, part), part, err);

		if (got < 0)
			return -1;
		buf->len += (size_t)got;
		buf->ptr[buf->len] = '\0';
	}
	return 0;
}

void mel_tar_reader_clear(struct mel_tar_reader *reader)
{
	mel_arena_clear(&reader->arena);
}
