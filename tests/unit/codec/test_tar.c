/* tar: the writer's bytes, and a reader that believes nothing. */
#include <string.h>

#include "base/buf.h"
#include "codec/tar.h"
#include "tests/unit/table.h"

enum { EPOCH = 1700000000 };

static void sha256_hex(const void *bytes, size_t len, char hex[65])
{
	unsigned char sum[MEL_SHA256_BYTES];

	mel_digest_of(MEL_SHA256, mel_slice_make(bytes, len), sum);
	mel_hex(hex, sum, sizeof(sum));
}

static void assert_sha256(const void *bytes, size_t len, const char *want)
{
	char hex[65];

	sha256_hex(bytes, len, hex);
	cr_assert_str_eq(hex, want);
}

/* --- a whole data section --------------------------------------------------------------- */

static const unsigned char net_bind[] = { 1, 0, 0, 3, 0, 4, 0, 0, 0, 0, 0, 0,
					  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };

static const struct {
	const char *name;
	enum mel_tar_type type;
	uint32_t mode;
	const char *content; /* or link target */
	bool has_capability;
	size_t offset;             /* of the entry's first header */
	const char *checksum;      /* octal, of that header */
	const char *main_checksum; /* of the header behind a pax one */
} acme[] = {
	{ "etc", MEL_TAR_DIR, 0755, NULL, false, 0, "011553", NULL },
	{ "etc/acme.conf", MEL_TAR_FILE, 0644, "level=3\n", false, 512, "012543", "013375" },
	{ "usr", MEL_TAR_DIR, 0755, NULL, false, 2560, "011611", NULL },
	{ "usr/bin", MEL_TAR_DIR, 0755, NULL, false, 3072, "012361", NULL },
	{ "usr/bin/acme", MEL_TAR_FILE, 0755, "#!/bin/sh\necho hello from acme\n", true, 3584,
	  "012423", "013273" },
	{ "usr/bin/acme-cli", MEL_TAR_SYMLINK, 0777, "acme", false, 5632, "013172", "014662" },
	{ "usr/share", MEL_TAR_DIR, 0755, NULL, false, 7168, "012713", NULL },
	{ "usr/share/acme", MEL_TAR_DIR, 0755, NULL, false, 7680, "013620", NULL },
	{ "usr/share/acme/empty", MEL_TAR_FILE, 0644, "", false, 8192, "014115", "014746" },
	{ "var", MEL_TAR_DIR, 0755, NULL, false, 9728, "011570", NULL },
	{ "var/lib", MEL_TAR_DIR, 0755, NULL, false, 10240, "012336", NULL },
	{ "var/lib/db", MEL_TAR_DIR, 0755, NULL, false, 10752, "012723", NULL },
	{ "var/lib/db/sbom", MEL_TAR_DIR, 0755, NULL, false, 11264, "013663", NULL },
	{ "var/lib/db/sbom/acme-1.4.2-r3.spdx.json", MEL_TAR_FILE, 0644, "{}\n", false, 11776,
	  "016636", "017472" },
};

static const struct mel_xattr capability = { "security.capability",
					     { (const char *)net_bind, sizeof(net_bind) } };

static void write_acme_entry(struct mel_tar *tar, size_t i)
{
	const char *content = acme[i].content ? acme[i].content : "";
	bool has_sum = acme[i].type != MEL_TAR_DIR;
	unsigned char sha1[MEL_SHA1_BYTES];
	struct mel_tar_entry entry = {
		.name = acme[i].name,
		.type = acme[i].type,
		.mode = acme[i].mode,
		.uname = "root",
		.gname = "root",
		.size = acme[i].type == MEL_TAR_FILE ? strlen(content) : 0,
		.mtime = EPOCH,
		.linkname = acme[i].type == MEL_TAR_SYMLINK ? content : NULL,
		.sha1 = has_sum ? sha1 : NULL,
		.xattr = &capability,
		.xattr_len = acme[i].has_capability,
	};

	mel_digest_of(MEL_SHA1, mel_slice_of(content), sha1);
	mel_tar_begin(tar, &entry);
	mel_tar_content(tar, content, (size_t)entry.size);
}

static void write_acme(struct mel_buf *out)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_buf_sink sink;
	struct mel_tar tar = MEL_TAR_INIT(&sink.stream);

	mel_buf_sink_init(&sink, out, "test");
	for (size_t i = 0; i < MEL_COUNTOF(acme); i++)
		write_acme_entry(&tar, i);
	cr_assert_eq(mel_tar_close(&tar, true, &err), 0);
}

Test(tar, data_section_to_the_byte, .timeout = 10)
{
	struct mel_buf out MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);

	write_acme(&out);
	cr_assert_eq(out.len, 14848);
	assert_sha256(out.ptr, out.len,
		      "89af4a3ed6a65af2e3a4121538d69bc2bf35ed8359a02c0a515d973b0c306ef4");
}

TABLE_TEST(tar, header_checksum_field, acme)
{
	struct mel_buf out MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);

	write_acme(&out);

	const char *header = out.ptr + acme[*row].offset;

	cr_assert_arr_eq(header + 148, acme[*row].checksum, 7, "%s", acme[*row].name);
	cr_assert_eq(header[155], ' ');
	if (!acme[*row].main_checksum) {
		cr_assert_str_eq(header, acme[*row].name);
		return;
	}
	cr_assert_eq(header[156], 'x');
	cr_assert_arr_eq(header + 1024 + 148, acme[*row].main_checksum, 7, "%s",
			 acme[*row].name);
	cr_assert_str_eq(header + 1024, acme[*row].name);
}

Test(tar, first_record_is_68_bytes, .timeout = 10)
{
	struct mel_buf out MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);

	write_acme(&out);
	cr_assert_str_eq(out.ptr + 512, "etc/PaxHeaders.0/acme.conf");
	cr_assert_arr_eq(
		out.ptr + 1024,
		"68 APK-TOOLS.checksum.SHA1=e862888a1737209b8c5b19f1d092008a03492939\n", 69);
}

Test(tar, reads_back_what_it_wrote, .timeout = 10)
{
	struct mel_buf out MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_slice_source source;
	struct mel_tar_reader reader MEL_AUTO_TAR_READER = { 0 };
	struct mel_tar_entry entry;

	write_acme(&out);
	mel_slice_source_init(&source, mel_buf_slice(&out));
	mel_tar_reader_init(&reader, &source.source, "test");
	for (size_t i = 0; i < MEL_COUNTOF(acme); i++) {
		struct mel_buf content MEL_AUTO_BUF = MEL_BUF_INIT(1024);
		unsigned char sha1[MEL_SHA1_BYTES];

		cr_assert_eq(mel_tar_reader_next(&reader, &entry, &err), 1);
		cr_assert_str_eq(entry.name, acme[i].name);
		cr_assert_eq(entry.type, acme[i].type);
		cr_assert_eq(entry.mode, acme[i].mode);
		cr_assert_eq(entry.mtime, EPOCH);
		cr_assert_str_eq(entry.uname, "root");
		cr_assert_eq(entry.xattr_len, acme[i].has_capability);
		if (entry.xattr_len) {
			cr_assert_str_eq(entry.xattr[0].name, "security.capability");
			cr_assert(mel_slice_eq(entry.xattr[0].value, capability.value));
		}
		cr_assert_eq(mel_tar_reader_content(&reader, &content, &err), 0);
		if (entry.type == MEL_TAR_FILE)
			cr_assert_str_eq(mel_buf_text(&content), acme[i].content);
		if (entry.type == MEL_TAR_SYMLINK)
			cr_assert_str_eq(entry.linkname, acme[i].content);
		cr_assert_eq(entry.sha1 != NULL, acme[i].type != MEL_TAR_DIR);
		if (!entry.sha1)
			continue;
		mel_digest_of(MEL_SHA1, mel_slice_of(acme[i].content), sha1);
		cr_assert_arr_eq(entry.sha1, sha1, MEL_SHA1_BYTES);
	}
	cr_assert_eq(mel_tar_reader_next(&reader, &entry, &err), 0);
	cr_assert_eq(mel_tar_reader_next(&reader, &entry, &err), 0);
}

/* --- awkward headers -------------------------------------------------------------------- */

static const struct mel_xattr note = { "user.note", { "hi", 2 } };

static const struct {
	enum mel_tar_type type;
	uint32_t mode, id;
	const char *owner, *content, *sha1;
	uint32_t devmajor, devminor;
	bool has_note;
	size_t bytes;
	const char *sha256;
} awkward[] = {
	{ MEL_TAR_FILE, 0644, 0, "root", "", "da39a3ee5e6b4b0d3255bfef95601890afd80709", 0, 0,
	  false, 1536, "48fc48cb8d67d92c524a3b96dc4db8a54dd86380ac965c1fbc2f0589932729b3" },
	{ MEL_TAR_DIR, 01777, 0, "root", "", NULL, 0, 0, false, 512,
	  "b88cbb4f5ffbd1582e46106757f362f104f4f05837c3a79110c3794fef405b10" },
	{ MEL_TAR_DIR, 0755, 0, "root", "", NULL, 0, 0, false, 1536,
	  "c7882eeb572ea6f69ae1566ce48877c32830beff639f18900bc8c712836b5e06" },
	{ MEL_TAR_CHAR, 0666, 0, "root", "", NULL, 1, 3, false, 512,
	  "54148f2e92f5cec4a2afddeb1e38d4c2f3af5e83b102d3cb61237302e4bea514" },
	{ MEL_TAR_SYMLINK, 0777, 0, "root", "", "e6f30d1fb8fc5f0c23c22abf5ca5f49ccd817a5a", 0,
	  0, false, 1536, "a3b3b0d6f9a3ef45acce991dc85ba94a2dd6f8a64d0660c77782737542fb3ca3" },
	{ MEL_TAR_FILE, 04755, 65532, "nonroot", "x",
	  "11f6ad8ec52a2984abaafd7c3b516503785c2072", 0, 0, true, 2048,
	  "16d6cf16cbeedfc5459d460b204c45cac82f706d6ea407a043a8c29c49596b7b" },
};

/* Names of repeated letters: "d/" 30 times and "f" 60 times, and so on. */
static void awkward_names(size_t i, struct mel_buf *name, struct mel_buf *link)
{
	static const char *const short_name[] = {
		"", "", "caf\xc3\xa9", "dev/null", "lnk", "u"
	};

	mel_buf_add_text(name, short_name[i]);
	for (int k = 0; i == 0 && k < 90; k++)
		mel_buf_add_text(name, k < 30 ? "d/" : "f");
	for (int k = 0; i == 1 && k < 151; k++)
		mel_buf_add_char(name, k < 90 ? 'p' : k == 90 ? '/' : 'q');
	for (int k = 0; i == 4 && k < 120; k++)
		mel_buf_add_char(link, 't');
}

static void write_awkward(struct mel_tar *tar, size_t i)
{
	struct mel_buf name MEL_AUTO_BUF = MEL_BUF_INIT(200),
			    link MEL_AUTO_BUF = MEL_BUF_INIT(200);
	unsigned char sha1[MEL_SHA1_BYTES];

	awkward_names(i, &name, &link);
	if (awkward[i].sha1)
		cr_assert(mel_unhex(sha1, sizeof(sha1), mel_slice_of(awkward[i].sha1)));

	const struct mel_tar_entry entry = {
		.name = mel_buf_text(&name),
		.type = awkward[i].type,
		.mode = awkward[i].mode,
		.uid = awkward[i].id,
		.gid = awkward[i].id,
		.uname = awkward[i].owner,
		.gname = awkward[i].owner,
		.size = strlen(awkward[i].content),
		.mtime = EPOCH,
		.linkname = mel_buf_text(&link),
		.devmajor = awkward[i].devmajor,
		.devminor = awkward[i].devminor,
		.sha1 = awkward[i].sha1 ? sha1 : NULL,
		.xattr = &note,
		.xattr_len = awkward[i].has_note,
	};

	mel_tar_begin(tar, &entry);
	mel_tar_content(tar, awkward[i].content, strlen(awkward[i].content));
}

TABLE_TEST(tar, awkward_header, awkward)
{
	struct mel_buf out MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_buf_sink sink;
	struct mel_tar tar = MEL_TAR_INIT(&sink.stream);

	mel_buf_sink_init(&sink, &out, "test");
	write_awkward(&tar, *row);
	cr_assert_eq(mel_tar_close(&tar, false, &err), 0);
	cr_assert_eq(out.len, awkward[*row].bytes);
	assert_sha256(out.ptr, out.len, awkward[*row].sha256);
}

Test(tar, awkward_headers_together_and_back, .timeout = 10)
{
	struct mel_buf out MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_buf_sink sink;
	struct mel_tar tar = MEL_TAR_INIT(&sink.stream);
	struct mel_slice_source source;
	struct mel_tar_reader reader MEL_AUTO_TAR_READER = { 0 };
	struct mel_tar_entry entry;

	mel_buf_sink_init(&sink, &out, "test");
	for (size_t i = 0; i < MEL_COUNTOF(awkward); i++)
		write_awkward(&tar, i);
	cr_assert_eq(mel_tar_close(&tar, true, &err), 0);
	cr_assert_eq(out.len, 8704);
	assert_sha256(out.ptr, out.len,
		      "5b299ced0c90a76c3ca05cb4c1fb3babefe0234eeae7e15b3a1f5ebf65b6cf17");

	mel_slice_source_init(&source, mel_buf_slice(&out));
	mel_tar_reader_init(&reader, &source.source, "test");
	for (size_t i = 0; i < MEL_COUNTOF(awkward); i++) {
		struct mel_buf name MEL_AUTO_BUF = MEL_BUF_INIT(200),
				    link MEL_AUTO_BUF = MEL_BUF_INIT(200);

		awkward_names(i, &name, &link);
		cr_assert_eq(mel_tar_reader_next(&reader, &entry, &err), 1);
		cr_assert_str_eq(entry.name, mel_buf_text(&name));
		cr_assert_str_eq(entry.linkname, mel_buf_text(&link));
		cr_assert_eq(entry.uid, awkward[i].id);
		cr_assert_eq(entry.devminor, awkward[i].devminor);
	}
	cr_assert_eq(mel_tar_reader_next(&reader, &entry, &err), 0);
}

/* --- numbers that do not fit ------------------------------------------------------------ */

static const struct {
	const char *name;
	int64_t mtime;
	uint32_t uid;
	uint64_t size;
	const char *records;
} numbers[] = {
	{ "times before 1970", -5, 0, 0, "12 mtime=-5\n" },
	{ "late times", INT64_C(1) << 33, 0, 0, "20 mtime=8589934592\n" },
	{ "large ids", 0, 1 << 21, 0, "15 uid=2097152\n" },
	{ "largest octal id", 0, (1 << 21) - 1, 0, NULL },
	{ "large files", 0, 0, UINT64_C(1) << 33, "19 size=8589934592\n" },
	{ "largest octal size", 0, 0, (UINT64_C(1) << 33) - 1, NULL },
};

TABLE_TEST(tar, number_goes_to_a_record, numbers)
{
	struct mel_buf out MEL_AUTO_BUF = MEL_BUF_INIT(4096);
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_buf_sink sink;
	struct mel_tar tar = MEL_TAR_INIT(&sink.stream);
	const struct mel_tar_entry entry = {
		.name = "n",
		.type = MEL_TAR_FILE,
		.uid = numbers[*row].uid,
		.mtime = numbers[*row].mtime,
		.size = numbers[*row].size,
	};
	struct mel_slice_source source;
	struct mel_tar_reader reader MEL_AUTO_TAR_READER = { 0 };
	struct mel_tar_entry got;

	mel_buf_sink_init(&sink, &out, "test");
	mel_tar_begin(&tar, &entry);
	cr_assert_eq(mel_stream_check(&sink.stream, &err), 0);
	if (numbers[*row].records)
		cr_assert_str_eq(out.ptr + 512, numbers[*row].records);
	else
		cr_assert_eq(out.len, 512);
	mel_slice_source_init(&source, mel_buf_slice(&out));
	mel_tar_reader_init(&reader, &source.source, "test");
	cr_assert_eq(mel_tar_reader_next(&reader, &got, &err), 1);
	cr_assert_eq(got.mtime, entry.mtime);
	cr_assert_eq(got.uid, entry.uid);
	cr_assert_eq(got.size, entry.size);
}

/* --- writer's complaints ---------------------------------------------------------------- */

static const struct mel_xattr bad_name = { "user.a=b", { "", 0 } };

static const struct {
	const char *why, *name, *content;
	uint64_t size;
	uint32_t devmajor;
	bool has_bad_xattr;
	const char *text;
} refused[] = {
	{ "short content", "f", "ab", 3, 0, false, "shorter than announced" },
	{ "long content", "f", "abcd", 3, 0, false, "longer than announced" },
	{ "absolute name", "/f", "", 0, 0, false, "not a relative path" },
	{ "slash behind", "f/", "", 0, 0, false, "not a relative path" },
	{ "empty name", "", "", 0, 0, false, "not a relative path" },
	{ "device number", "f", "", 0, 1 << 21, false, "device number is too large" },
	{ "attribute name", "f", "", 0, 0, true, "has a '='" },
};

TABLE_TEST(tar, writer_refuses, refused)
{
	struct mel_buf out MEL_AUTO_BUF = MEL_BUF_INIT(8192);
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_buf_sink sink;
	struct mel_tar tar = MEL_TAR_INIT(&sink.stream);
	const struct mel_tar_entry entry = {
		.name = refused[*row].name,
		.type = MEL_TAR_FILE,
		.size = refused[*row].size,
		.devmajor = refused[*row].devmajor,
		.xattr = &bad_name,
		.xattr_len = refused[*row].has_bad_xattr,
	};

	mel_buf_sink_init(&sink, &out, "test");
	mel_tar_begin(&tar, &entry);
	mel_tar_content(&tar, refused[*row].content, strlen(refused[*row].content));
	cr_assert_eq(mel_tar_close(&tar, true, &err), -1, "%s", refused[*row].why);
	cr_assert(strstr(err->text, refused[*row].text), "%s", err->text);
	mel_stream_clear(&sink.stream);
}

/* --- reader ----------------------------------------------------------------------------- */

/* Damage at one place of a good archive; text is part of the message, NULL: it reads well. */
static const struct {
	const char *name;
	size_t at;
	unsigned char value;
	size_t cut; /* length kept; 0: all */
	const char *text;
} damage[] = {
	{ "none", 0, 'e', 0, NULL },
	{ "no end blocks", 0, 'e', 13824, NULL },
	{ "one end block", 0, 'e', 14336, NULL },
	{ "cut in a header", 0, 'e', 600, "cut off" },
	{ "cut behind a pax header", 0, 'e', 1536, "cut off" },
	{ "cut in content", 0, 'e', 2050, "cut off" },
	{ "cut in padding", 0, 'e', 2100, "cut off" },
	{ "changed name", 0, 'f', 0, "checksum" },
	{ "record length too small", 1024, '0', 0, "pax record" },
	{ "record length too large", 1024, '9', 0, "pax record" },
	{ "record without end", 1024 + 67, 'x', 0, "pax record" },
	{ "record without '='", 1024 + 26, 'x', 0, "pax record" },
	{ "checksum no hex", 1024 + 30, 'x', 0, "pax record" },
	{ "missing main header", 1537, 0, 0, "checksum" },
};

static int read_all(struct mel_slice bytes, struct mel_err **err)
{
	struct mel_slice_source source;
	struct mel_tar_reader reader MEL_AUTO_TAR_READER = { 0 };
	struct mel_tar_entry entry;
	int more;

	mel_slice_source_init(&source, bytes);
	mel_tar_reader_init(&reader, &source.source, "test");
	do {
		more = mel_tar_reader_next(&reader, &entry, err);
	} while (more > 0);
	return more;
}

TABLE_TEST(tar, reader_finds_damage, damage)
{
	struct mel_buf out MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_err *err MEL_AUTO_ERR = NULL;

	write_acme(&out);
	out.ptr[damage[*row].at] = (char)damage[*row].value;
	if (damage[*row].cut)
		mel_buf_truncate(&out, damage[*row].cut);

	int result = read_all(mel_buf_slice(&out), &err);

	cr_assert_eq(result, damage[*row].text ? -1 : 0, "%s", damage[*row].name);
	if (damage[*row].text)
		cr_assert(strstr(err->text, damage[*row].text), "%s: %s", damage[*row].name,
			  err->text);
}

/* Headers as other programs write them. */
static void put_foreign(struct mel_buf *out, const char *name, char type, const char *size,
			const char *content)
{
	char header[512] = { 0 };
	unsigned sum = 0;

	memcpy(header, name, strlen(name));
	memcpy(header + 100, "000644 ", 7);
	memcpy(header + 124, size, strlen(size));
	header[156] = type;
	memcpy(header + 257, "ustar  ", 8);
	memset(header + 148, ' ', 8);
	for (size_t i = 0; i < sizeof(header); i++)
		sum += (unsigned char)header[i];
	snprintf(header + 148, 8, "%06o", sum);
	mel_buf_add(out, header, sizeof(header));
	mel_buf_add_text(out, content);
	while (out->len % 512)
		mel_buf_add_char(out, '\0');
}

static const struct {
	const char *name, *size, *content, *want_name;
	char type;
	enum mel_tar_type want_type;
	const char *error;
} foreign[] = {
	{ "./dir/", "0", "", "dir", '5', MEL_TAR_DIR, NULL },
	{ "/abs", "0", "", "abs", '0', MEL_TAR_FILE, NULL },
	{ "old", " 3 ", "abc", "old", '\0', MEL_TAR_FILE, NULL },
	{ "old/", "0", "", "old", '\0', MEL_TAR_DIR, NULL },
	{ "sparse", "0", "", NULL, 'S', MEL_TAR_FILE, "unknown type" },
	{ "socket", "0", "", NULL, '8', MEL_TAR_FILE, "unknown type" },
	{ "size", "9", "", NULL, '0', MEL_TAR_FILE, "unreadable number" },
	{ "x", "7777777", "", NULL, 'x', MEL_TAR_FILE, "more than" },
	{ "g", "10", "8 a=bcd\n", NULL, 'g', MEL_TAR_FILE, "cut off" },
};

TABLE_TEST(tar, foreign_header, foreign)
{
	struct mel_buf out MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_slice_source source;
	struct mel_tar_reader reader MEL_AUTO_TAR_READER = { 0 };
	struct mel_tar_entry entry;

	put_foreign(&out, foreign[*row].name, foreign[*row].type, foreign[*row].size,
		    foreign[*row].content);
	mel_slice_source_init(&source, mel_buf_slice(&out));
	mel_tar_reader_init(&reader, &source.source, "test");
	cr_assert_eq(mel_tar_reader_next(&reader, &entry, &err), foreign[*row].error ? -1 : 1);
	if (foreign[*row].error) {
		cr_assert(strstr(err->text, foreign[*row].error), "%s", err->text);
		return;
	}
	cr_assert_str_eq(entry.name, foreign[*row].want_name);
	cr_assert_eq(entry.type, foreign[*row].want_type);
}

Test(tar, long_names_of_gnu_tar, .timeout = 10)
{
	struct mel_buf out MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_slice_source source;
	struct mel_tar_reader reader MEL_AUTO_TAR_READER = { 0 };
	struct mel_tar_entry entry;

	put_foreign(&out, "././@LongLink", 'L', "12", "quite/long");
	put_foreign(&out, "quite/lo", '0', "0", "");
	mel_slice_source_init(&source, mel_buf_slice(&out));
	mel_tar_reader_init(&reader, &source.source, "test");
	cr_assert_eq(mel_tar_reader_next(&reader, &entry, &err), 1);
	cr_assert_str_eq(entry.name, "quite/long");
}

Test(tar, old_form_of_the_checksum_record, .timeout = 10)
{
	struct mel_buf out MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_slice_source source;
	struct mel_tar_reader reader MEL_AUTO_TAR_READER = { 0 };
	struct mel_tar_entry entry;
	char hex[41];

	put_foreign(&out, "h", 'x', "72",
		    "58 APK-TOOLS.checksum.SHA1=Q12jmj7l5rSw0yVb/vlWAYkK/YBwk=\n");
	put_foreign(&out, "empty", '0', "0", "");
	mel_slice_source_init(&source, mel_buf_slice(&out));
	mel_tar_reader_init(&reader, &source.source, "test");
	cr_assert_eq(mel_tar_reader_next(&reader, &entry, &err), 1, "%s", err ? err->text : "");
	mel_hex(hex, entry.sha1, MEL_SHA1_BYTES);
	cr_assert_str_eq(hex, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}
