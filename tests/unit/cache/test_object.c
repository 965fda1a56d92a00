/* Content-addressed files: does the content match the name? */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/mem.h"
#include "cache/object.h"
#include "codec/digest.h"
#include "tests/unit/table.h"

static int file_of(const void *bytes, size_t len)
{
	int fd = memfd_create("object", MFD_CLOEXEC);

	cr_assert_geq(fd, 0);
	cr_assert_eq(mel_write_full(fd, bytes, len), 0);
	return fd;
}

#define X256 "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
#define X512                                                                                   \
	"a4abd4448c49562d828115d13a1fccea927f52b4d5459297f8b43e42da89238bc13626e43dcb38ddb0"   \
	"82488927ec904fb42057443983e88585179d50551afe62"

/* What `git hash-object -w` makes of "x\n". */
static const char git_blob[] =
	"\x78\x01\x4b\xca\xc9\x4f\x52\x30\x62\xa8\xe0\x02\x00\x0e\x92\x02"
	"\x74";

static const struct {
	const char *name, *path;
	enum mel_cache_kind kind;
	const char *bytes;
	size_t len;
	int want;
} cases[] = {
	{ "sha256", "sha256:" X256, MEL_CACHE_OBJECT, "x", 1, 0 },
	{ "sha512", "sha512:" X512, MEL_CACHE_OBJECT, "x", 1, 0 },
	{ "upper case",
	  "sha256:2D711642B726B04401627CA9FBAC32F5C8530FB1903CC4DB02258717921A4881",
	  MEL_CACHE_OBJECT, "x", 1, 0 },
	{ "other content", "sha256:" X256, MEL_CACHE_OBJECT, "y", 1, 1 },
	{ "longer", "sha256:" X256, MEL_CACHE_OBJECT, "xx", 2, 1 },
	{ "no digest", "sha512:", MEL_CACHE_OBJECT, "", 0, 1 },
	{ "wrong digest", "sha512:" X256, MEL_CACHE_OBJECT, "x", 1, 1 },
	{ "long name", "sha256:" X256 X256 X256 X256, MEL_CACHE_OBJECT, "x", 1, 1 },
	{ "npm sha1", "npm/_cacache/content-v2/sha1/11/f6/ad8ec52a2984abaafd7c3b516503785c2072",
	  MEL_CACHE_NPM, "x", 1, 0 },
	{ "npm, other content",
	  "npm/_cacache/content-v2/sha1/11/f6/ad8ec52a2984abaafd7c3b516503785c2072",
	  MEL_CACHE_NPM, "y", 1, 1 },
	{ "npm, unknown digest", "npm/_cacache/content-v2/md9/11/f6/ad", MEL_CACHE_NPM, "x", 1,
	  1 },
	{ "npm, no name", "npm/_cacache/content-v2/", MEL_CACHE_NPM, "x", 1, 1 },
	{ "git", "cargo/git/db/r/objects/58/7be6b4c3f93f93c489c0111bba5596147a26cb",
	  MEL_CACHE_GIT_OBJECT, git_blob, sizeof(git_blob) - 1, 0 },
	{ "git, bytes behind",
	  "cargo/git/db/r/objects/58/7be6b4c3f93f93c489c0111bba5596147a26cb",
	  MEL_CACHE_GIT_OBJECT, git_blob, sizeof(git_blob), 1 },
	{ "git, cut off", "cargo/git/db/r/objects/58/7be6b4c3f93f93c489c0111bba5596147a26cb",
	  MEL_CACHE_GIT_OBJECT, git_blob, sizeof(git_blob) - 2, 1 },
	{ "git, other name", "cargo/git/db/r/objects/58/7be6b4c3f93f93c489c0111bba5596147a26cc",
	  MEL_CACHE_GIT_OBJECT, git_blob, sizeof(git_blob) - 1, 1 },
	{ "git, not compressed",
	  "cargo/git/db/r/objects/"
	  "58/7be6b4c3f93f93c489c0111bba5596147a26cb",
	  MEL_CACHE_GIT_OBJECT, "blob 2\0x\n", 9, 1 },
	{ "go hash", "cache/download/m/@v/v1.ziphash", MEL_CACHE_GO_ZIPHASH,
	  "h1:olpwvP2KacW1ZWvsR7uQhoyTYvKAupfQrRGBFM352Gk=", 47, 0 },
	{ "go hash, no base64", "cache/download/m/@v/v1.ziphash", MEL_CACHE_GO_ZIPHASH,
	  "h1:olpwvP2KacW1ZWvsR7uQhoyTYvKAupfQrRGBFM352G!=", 47, 1 },
	{ "go hash, too long", "cache/download/m/@v/v1.ziphash", MEL_CACHE_GO_ZIPHASH,
	  "h1:olpwvP2KacW1ZWvsR7uQhoyTYvKAupfQrRGBFM352Gk=x", 48, 1 },
	{ "ordinary", "x", MEL_CACHE_ORDINARY, "x", 1, 0 },
};

TABLE_TEST(object, check, cases)
{
	MEL_AUTO_CLOSE int fd = file_of(cases[*row].bytes, cases[*row].len);
	struct mel_err *err MEL_AUTO_ERR = NULL;
	char why[MEL_CACHE_WHY_BYTES] = "";
	int is = mel_cache_object_check(fd, cases[*row].path, cases[*row].kind, why, &err);

	cr_assert_eq(is, cases[*row].want, "%s: %d %s%s", cases[*row].name, is, why,
		     err ? err->text : "");
	cr_assert_eq(why[0] != '\0', is == 1, "%s", cases[*row].name);
}

/* --- zips of Go modules --- */

/* A zip as Go writes it, with files that are stored; places that a case spoils. */
struct zip {
	struct mel_buf bytes;
	size_t directory, end;
};

static void u16(struct mel_buf *out, unsigned value)
{
	mel_buf_add_char(out, (char)(value & 0xff));
	mel_buf_add_char(out, (char)(value >> 8));
}

static void u32(struct mel_buf *out, size_t value)
{
	u16(out, (unsigned)(value & 0xffff));
	u16(out, (unsigned)(value >> 16 & 0xffff));
}

/* The CRC-32 of one byte texts is all that is needed. */
enum { CRC_X = 0x8cdc1683 };

static void zip_file(struct zip *zip, struct mel_buf *directory, const char *name)
{
	size_t header = zip->bytes.len, len = strlen(name);

	mel_buf_add(&zip->bytes, "PK\3\4\24\0\0\0\0\0\0\0\0\0", 14);
	u32(&zip->bytes, CRC_X);
	u32(&zip->bytes, 1);
	u32(&zip->bytes, 1);
	u16(&zip->bytes, (unsigned)len);
	u16(&zip->bytes, 0);
	mel_buf_add_text(&zip->bytes, name);
	mel_buf_add_char(&zip->bytes, 'x');

	mel_buf_add(directory, "PK\1\2\24\0\24\0\0\0\0\0\0\0\0\0", 16);
	u32(directory, CRC_X);
	u32(directory, 1);
	u32(directory, 1);
	u16(directory, (unsigned)len);
	for (int i = 0; i < 6; i++)
		u16(directory, 0);
	u32(directory, header);
	mel_buf_add_text(directory, name);
}

static void zip_make(struct zip *zip, const char *const *name, size_t len)
{
	struct mel_buf directory MEL_AUTO_BUF = MEL_BUF_INIT(1 << 16);

	zip->bytes = (struct mel_buf)MEL_BUF_INIT(1 << 16);
	for (size_t i = 0; i < len && name[i]; i++)
		zip_file(zip, &directory, name[i]);
	zip->directory = zip->bytes.len;
	mel_buf_add(&zip->bytes, mel_buf_text(&directory), directory.len);
	zip->end = zip->bytes.len;
	for (len = 0; name[len]; len++)
		;
	mel_buf_add(&zip->bytes, "PK\5\6\0\0\0\0", 8);
	u16(&zip->bytes, (unsigned)len);
	u16(&zip->bytes, (unsigned)len);
	u32(&zip->bytes, directory.len);
	u32(&zip->bytes, zip->directory);
	u16(&zip->bytes, 0);
}

enum spoil {
	NOTHING,
	CONTENT,    /* other bytes in a file */
	LOCAL_NAME, /* the file's header has another name than the directory */
	COMMENT,    /* bytes behind the end record */
	FRONT,      /* bytes in front of all */
	CUT,        /* without the last byte */
	DIRECTORY,  /* its place is said wrong */
	COUNT,      /* more files than it says */
	OFFSET,     /* a file that begins in the directory */
	METHOD,     /* a compression that nobody uses */
	ENCRYPTED,
	OTHER_HASH,
	NO_HASH,
};

static const struct {
	const char *name, *path;
	const char *file[4];
	enum spoil spoil;
	int want;
} zips[] = {
	{ "good",
	  "cache/download/a.org/m/@v/v1.0.0.zip",
	  { "a.org/m@v1.0.0/go.mod", "a.org/m@v1.0.0/a.go" },
	  NOTHING,
	  0 },
	{ "escaped",
	  "gomodcache/cache/download/a.org/!m/@v/v1.0.0.zip",
	  { "a.org/M@v1.0.0/go.mod" },
	  NOTHING,
	  0 },
	{ "empty", "cache/download/m/@v/v1.0.0.zip", { NULL }, NOTHING, 0 },
	{ "another module",
	  "cache/download/a.org/m/@v/v1.0.0.zip",
	  { "a.org/n@v1.0.0/x" },
	  NOTHING,
	  1 },
	{ "another version",
	  "cache/download/a.org/m/@v/v1.0.0.zip",
	  { "a.org/m@v1.0.1/x" },
	  NOTHING,
	  1 },
	{ "no file name",
	  "cache/download/a.org/m/@v/v1.0.0.zip",
	  { "a.org/m@v1.0.0/" },
	  NOTHING,
	  1 },
	{ "a file twice", "cache/download/m/@v/v1.zip", { "m@v1/a", "m@v1/a" }, NOTHING, 1 },
	{ "a line feed", "cache/download/m/@v/v1.zip", { "m@v1/a\nb" }, NOTHING, 1 },
	{ "bad escape", "cache/download/!M/@v/v1.zip", { "M@v1/a" }, NOTHING, 1 },
	{ "other content", "cache/download/m/@v/v1.zip", { "m@v1/a" }, CONTENT, 1 },
	{ "two names", "cache/download/m/@v/v1.zip", { "m@v1/a" }, LOCAL_NAME, 1 },
	{ "comment", "cache/download/m/@v/v1.zip", { "m@v1/a" }, COMMENT, 1 },
	{ "bytes in front", "cache/download/m/@v/v1.zip", { "m@v1/a" }, FRONT, 1 },
	{ "cut off", "cache/download/m/@v/v1.zip", { "m@v1/a" }, CUT, 1 },
	{ "directory elsewhere", "cache/download/m/@v/v1.zip", { "m@v1/a" }, DIRECTORY, 1 },
	{ "more files", "cache/download/m/@v/v1.zip", { "m@v1/a", "m@v1/b" }, COUNT, 1 },
	{ "file in the directory", "cache/download/m/@v/v1.zip", { "m@v1/a" }, OFFSET, 1 },
	{ "compression", "cache/download/m/@v/v1.zip", { "m@v1/a" }, METHOD, 1 },
	{ "encrypted", "cache/download/m/@v/v1.zip", { "m@v1/a" }, ENCRYPTED, 1 },
	{ "another hash", "cache/download/m/@v/v1.zip", { "m@v1/a" }, OTHER_HASH, 1 },
	{ "no hash", "cache/download/m/@v/v1.zip", { "m@v1/a" }, NO_HASH, 1 },
};

/* The hash that go.sum would have, computed the other way: from names known to be sorted. */
static void hash_of(char out[64], const char *const *file)
{
	struct mel_buf lines MEL_AUTO_BUF = MEL_BUF_INIT(1 << 16);
	unsigned char sum[MEL_SHA256_BYTES];

	for (size_t i = 0; file[i]; i++) {
		size_t last = 0;

		while (file[last + 1])
			last++;
		mel_buf_printf(&lines, X256 "  %s\n", file[last - i]);
	}
	mel_digest_of(MEL_SHA256, mel_buf_slice(&lines), sum);
	memcpy(out, "h1:", 4);
	mel_base64(out + 3, sum, sizeof(sum));
}

static void spoil(struct zip *zip, enum spoil how)
{
	char *bytes = zip->bytes.ptr;

	switch (how) {
	case CONTENT:
		bytes[zip->directory - 1] = 'y';
		break;
	case LOCAL_NAME:
		bytes[30]++;
		break;
	case COMMENT:
		mel_buf_add_text(&zip->bytes, "x");
		break;
	case CUT:
		mel_buf_truncate(&zip->bytes, zip->bytes.len - 1);
		break;
	case DIRECTORY:
		bytes[zip->end + 16]--;
		break;
	case COUNT:
		bytes[zip->end + 8]--;
		bytes[zip->end + 10]--;
		break;
	case OFFSET:
		bytes[zip->directory + 42] = (char)zip->directory;
		break;
	case METHOD:
		bytes[8] = bytes[zip->directory + 10] = 12;
		break;
	case ENCRYPTED:
		bytes[6] = bytes[zip->directory + 8] = 1;
		break;
	default:
		break;
	}
}

TABLE_TEST(object, go_zip, zips)
{
	struct zip zip = { 0 };
	struct mel_err *err MEL_AUTO_ERR = NULL;
	char why[MEL_CACHE_WHY_BYTES] = "", hash[64];
	MEL_AUTO_CLOSE int zip_fd = -1;
	MEL_AUTO_CLOSE int hash_fd = -1;
	int is;

	mel_crypto_init();
	zip_make(&zip, zips[*row].file, MEL_COUNTOF(zips[*row].file));
	spoil(&zip, zips[*row].spoil);
	hash_of(hash, zips[*row].file);
	if (zips[*row].spoil == OTHER_HASH)
		hash[5] = hash[5] == 'A' ? 'B' : 'A';
	zip_fd = zips[*row].spoil == FRONT ? file_of("x", 1) : file_of("", 0);
	cr_assert_eq(mel_write_full(zip_fd, zip.bytes.ptr, zip.bytes.len), 0);
	hash_fd = file_of(hash, zips[*row].spoil == NO_HASH ? 0 : strlen(hash));
	is = mel_cache_object_check_go(zip_fd, zips[*row].path, hash_fd, why, &err);
	cr_assert_eq(is, zips[*row].want, "%s: %d %s%s", zips[*row].name, is, why,
		     err ? err->text : "");
	mel_buf_clear(&zip.bytes);
}
