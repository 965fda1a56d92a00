/* Packages: sections to the byte, and read back. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "apk/package.h"
#include "apk/read.h"
#include "apk/sign.h"
#include "base/fs.h"
#include "base/io.h"
#include "base/mem.h"
#include "codec/gzip.h"
#include "codec/rsa.h"
#include "tests/unit/apk/acme.h"

static char place[] = "/tmp/mel-apk-XXXXXX";

static void enter(void)
{
	cr_assert(mkdtemp(place));
	cr_assert_eq(chdir(place), 0);
}

static void leave(void)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;

	cr_assert_eq(chdir("/"), 0);
	cr_assert_eq(mel_rmtree(AT_FDCWD, place, &err), 0);
}

TestSuite(package, .init = enter, .fini = leave, .timeout = 60);

static int shell(const char *command)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Compressed sizes and hashes are known for this version of the usual zlib only. */
static bool is_known_zlib(void)
{
	return strcmp(zlibVersion(), "1.2.13") == 0;
}

static void unpack(int fd, struct mel_buf *out)
{
	struct mel_gunzip gunzip MEL_AUTO_GUNZIP = { 0 };
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_fd_source source;
	char chunk[4096];
	ssize_t got;

	mel_fd_source_init(&source, fd, 0, UINT64_MAX, "test");
	mel_gunzip_init(&gunzip, &source.source, "test");
	cr_assert_eq(mel_gunzip_next(&gunzip, 1 << 20, &err), 1);
	while ((got = mel_source_read(&gunzip.source, chunk, sizeof(chunk), &err)) > 0)
		mel_buf_add(out, chunk, (size_t)got);
	cr_assert_eq(mel_gunzip_next(&gunzip, 1 << 20, &err), 0);
}

Test(package, data_section)
{
	MEL_AUTO_CLOSE int fd = acme_file();
	struct mel_buf tar MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_package_data_sum sum;

	acme_data(fd, &sum);
	unpack(fd, &tar);
	cr_assert_eq(tar.len, 14848);
	acme_assert_sha256(mel_buf_slice(&tar),
			   "89af4a3ed6a65af2e3a4121538d69bc2bf35ed8359a02c0a515d973b0c306ef4");
	cr_assert_eq(sum.installed_bytes, 41006);
	cr_assert_eq(sum.entry_len, 14);
	if (!is_known_zlib())
		return;
	cr_assert_eq(sum.bytes, 768);
	cr_assert_str_eq(sum.datahash, ACME_DATAHASH);
}

Test(package, empty_data_section)
{
	MEL_AUTO_CLOSE int fd = acme_file();
	struct mel_buf tar MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_package_data *data MEL_AUTO_PACKAGE_DATA = NULL;
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_package_data_sum sum;

	mel_package_data_begin(&data, fd);
	cr_assert_eq(mel_package_data_end(data, &sum, &err), 0);
	unpack(fd, &tar);
	cr_assert_eq(tar.len, 1024);
	cr_assert_eq(sum.installed_bytes, 4096);
}

Test(package, control_section)
{
	struct mel_buf tar MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_buf packed MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_package_spec spec;
	struct mel_pkginfo info;
	unsigned char identity[MEL_SHA1_BYTES];
	char base64[40];

	acme_spec(&spec, &info);
	cr_assert_eq(mel_package_control(&tar, &spec, &err), 0);
	cr_assert_eq(tar.len, 4608);
	acme_assert_sha256(mel_buf_slice(&tar),
			   "86c8d8c2a5862ea70fe249991b58b5564245a9cefe2554532240d8914cdf16b6");
	cr_assert_eq(mel_gzip_pack(&packed, mel_buf_slice(&tar), &err), 0);
	if (!is_known_zlib())
		return;
	cr_assert_eq(packed.len, 567);
	mel_digest_of(MEL_SHA1, mel_buf_slice(&packed), identity);
	mel_base64(base64, identity, sizeof(identity));
	cr_assert_str_eq(base64, "SbCqG1t/EwdBFZ+E/YPwlNfyWCE=");
}

static void check_signature_tar(int64_t mtime, const char *sha256)
{
	struct mel_buf tar MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_buf packed MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_err *err MEL_AUTO_ERR = NULL;

	cr_assert_eq(mel_sign_tar(&tar, "acme.rsa", acme_signature(), mtime, &err), 0);
	cr_assert_eq(tar.len, 1024);
	acme_assert_sha256(mel_buf_slice(&tar), sha256);
	cr_assert_eq(mel_gzip_pack(&packed, mel_buf_slice(&tar), &err), 0);
	if (is_known_zlib() && mtime)
		cr_assert_eq(packed.len, 376);
}

Test(package, signature_section)
{
	check_signature_tar(ACME_EPOCH,
			    "3257d125d255946a29bdeaa55f54a22e341619b962dc298c78ed6c00f84b85e9");
	check_signature_tar(0,
			    "4474d03d8bfd080553c06f17c209b38f935b771602d5cf73bdcd2df458ebf637");
}

static struct mel_key *make_key(void)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_key *made MEL_AUTO_KEY = NULL, *key = NULL;

	cr_assert_eq(mel_key_generate(&made, 2048, &err), 0);
	cr_assert_eq(mel_keygen_write(made, "acme.rsa", true, &err), 0);
	cr_assert_eq(mel_key_load(&key, "acme.rsa", &err), 0);
	return key;
}

static void write_package(const char *path, const struct mel_key *key,
			  struct mel_package_sum *sum)
{
	MEL_AUTO_CLOSE int data = acme_file();
	MEL_AUTO_CLOSE int out = mel_openat(AT_FDCWD, path, O_RDWR | O_CREAT | O_TRUNC, 0644);
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_package_data_sum data_sum;
	struct mel_package_spec spec;
	struct mel_pkginfo info;

	acme_data(data, &data_sum);
	acme_spec(&spec, &info);
	info.datahash = data_sum.datahash;
	spec.key = key;
	cr_assert_eq(mel_package_write(out, data, &spec, sum, &err), 0, "%s",
		     err ? err->text : "");
	cr_assert_eq(lseek(out, 0, SEEK_CUR), (off_t)sum->bytes);
}

static int count_entry(void *user, const struct mel_tar_entry *entry,
		       struct mel_tar_reader *reader, struct mel_err **err)
{
	struct mel_buf *names = user;

	(void)reader;
	(void)err;
	mel_buf_printf(names, "%s\n", entry->name);
	return 0;
}

Test(package, written_and_read_back)
{
	struct mel_key *key MEL_AUTO_KEY = make_key();
	struct mel_apk apk MEL_AUTO_APK = MEL_APK_INIT;
	struct mel_buf names MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_buf control MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_buf section MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_package_sum sum;

	write_package("a.apk", key, &sum);
	cr_assert_eq(mel_apk_open(&apk, AT_FDCWD, "a.apk", &err), 0, "%s",
		     err ? err->text : "");
	cr_assert_str_eq(apk.signature_name, ".SIGN.RSA256.acme.rsa.pub");
	cr_assert_eq(apk.pkginfo_mtime, ACME_EPOCH);
	cr_assert_eq(apk.control_at, sum.signature_bytes);
	cr_assert_eq(apk.data_at, sum.signature_bytes + sum.control_bytes);
	cr_assert_eq(apk.bytes, sum.bytes);
	cr_assert_arr_eq(apk.identity, sum.identity, MEL_SHA1_BYTES);
	cr_assert_str_eq(apk.info.version, "1.4.2-r3");
	cr_assert_eq(mel_apk_check_datahash(&apk, &err), 0);
	cr_assert_eq(mel_apk_check_data(&apk, &err), 0);
	cr_assert_eq(mel_apk_walk_control(&apk, count_entry, &names, &err), 0);
	cr_assert_str_eq(mel_buf_text(&names),
			 ".PKGINFO\n.melange.yaml\n.post-install\n.trigger\n");
	mel_buf_truncate(&names, 0);
	cr_assert_eq(mel_apk_walk_data(&apk, count_entry, &names, &err), 0);
	cr_assert(mel_text_starts(mel_buf_text(&names), "etc\netc/acme.conf\nusr\n"));

	cr_assert_eq(mel_apk_read_control(&apk, &control, &err), 0);
	cr_assert_eq(mel_apk_read_signature(&apk, &section, &err), 0);
	cr_assert_eq(
		mel_sign_check(mel_buf_slice(&section), key, mel_buf_slice(&control), &err), 0);
	control.ptr[20] ^= 1;
	cr_assert_eq(
		mel_sign_check(mel_buf_slice(&section), key, mel_buf_slice(&control), &err),
		-1);
	cr_assert_eq(shell("gzip -t a.apk && tar tzf a.apk > list 2> /dev/null && test $(wc -l "
			   "< list) = 19 "
			   "&& tar xzOf a.apk .SIGN.RSA256.acme.rsa.pub > sig 2> /dev/null"),
		     0);
}

Test(package, signature_holds_for_openssl)
{
	struct mel_key *key MEL_AUTO_KEY = make_key();
	struct mel_apk apk MEL_AUTO_APK = MEL_APK_INIT;
	struct mel_buf control MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_package_sum sum;

	write_package("a.apk", key, &sum);
	cr_assert_eq(mel_apk_open(&apk, AT_FDCWD, "a.apk", &err), 0);
	cr_assert_eq(mel_apk_read_control(&apk, &control, &err), 0);
	cr_assert_eq(mel_file_write(AT_FDCWD, "control", control.ptr, control.len, 0644, &err),
		     0);
	cr_assert_eq(shell("tar xzOf a.apk .SIGN.RSA256.acme.rsa.pub > sig 2> /dev/null && "
			   "openssl dgst "
			   "-sha256 -verify acme.rsa.pub -signature sig control > /dev/null"),
		     0);
}

Test(package, unsigned_one)
{
	struct mel_apk apk MEL_AUTO_APK = MEL_APK_INIT;
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_package_sum sum;

	write_package("u.apk", NULL, &sum);
	cr_assert_eq(sum.signature_bytes, 0);
	cr_assert_eq(mel_apk_open(&apk, AT_FDCWD, "u.apk", &err), 0);
	cr_assert_null(apk.signature_name);
	cr_assert_eq(apk.control_at, 0);
	if (is_known_zlib())
		cr_assert_eq(apk.bytes, 567 + 768);
}

Test(package, large_files_and_hard_links)
{
	MEL_AUTO_CLOSE int section = acme_file();
	MEL_AUTO_CLOSE int fd = acme_file();
	struct mel_package_data *data MEL_AUTO_PACKAGE_DATA = NULL;
	struct mel_buf tar MEL_AUTO_BUF = MEL_BUF_INIT(1 << 24);
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_package_data_sum sum;
	unsigned char sha1[MEL_SHA1_BYTES], want[MEL_SHA1_BYTES];
	size_t size = 3 * 1024 * 1024 + 17;
	MEL_AUTO_FREE char *bytes = mel_alloc(size);
	struct mel_tar_entry entry = { .name = "big", .type = MEL_TAR_FILE, .mode = 0644 };

	memset(bytes, 'x', size);
	cr_assert_eq(mel_write_full(fd, bytes, size), 0);
	mel_package_data_begin(&data, section);
	cr_assert_eq(mel_package_data_file(data, &entry, fd, sha1, &err), 0);
	entry = (struct mel_tar_entry){ .name = "link",
					.type = MEL_TAR_HARDLINK,
					.linkname = "big",
					.size = size,
					.sha1 = sha1 };
	mel_package_data_entry(data, &entry);
	cr_assert_eq(mel_package_data_end(data, &sum, &err), 0);
	mel_digest_of(MEL_SHA1, mel_slice_make(bytes, size), want);
	cr_assert_arr_eq(sha1, want, sizeof(want));
	cr_assert_eq(sum.installed_bytes, 4096 + 2 * size);
	mel_buf_reserve(&tar, 4 << 20);

	struct mel_gunzip gunzip MEL_AUTO_GUNZIP = { 0 };
	struct mel_fd_source source;
	struct mel_tar_reader reader MEL_AUTO_TAR_READER = { 0 };

	mel_fd_source_init(&source, section, 0, UINT64_MAX, "test");
	mel_gunzip_init(&gunzip, &source.source, "test");
	cr_assert_eq(mel_gunzip_next(&gunzip, 1 << 24, &err), 1);
	mel_tar_reader_init(&reader, &gunzip.source, "test");
	cr_assert_eq(mel_tar_reader_next(&reader, &entry, &err), 1);
	cr_assert_eq(mel_tar_reader_content(&reader, &tar, &err), 0);
	cr_assert(mel_slice_eq(mel_buf_slice(&tar), mel_slice_make(bytes, size)));
	cr_assert_eq(mel_tar_reader_next(&reader, &entry, &err), 1);
	cr_assert_eq(entry.type, MEL_TAR_HARDLINK);
	cr_assert_eq(entry.size, 0);
	cr_assert_str_eq(entry.linkname, "big");
	cr_assert_arr_eq(entry.sha1, want, sizeof(want));
}

Test(package, full_disk)
{
	MEL_AUTO_CLOSE int full = mel_openat(AT_FDCWD, "/dev/full", O_RDWR, 0);
	MEL_AUTO_CLOSE int data_fd = acme_file();
	struct mel_package_data *data MEL_AUTO_PACKAGE_DATA = NULL;
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_package_data_sum data_sum;
	struct mel_package_sum sum;
	struct mel_package_spec spec;
	struct mel_pkginfo info;

	cr_assert(full >= 0);
	mel_package_data_begin(&data, full);
	cr_assert_eq(mel_package_data_end(data, &data_sum, &err), -1);
	cr_assert_eq(err->kind, MEL_ERR_OUTPUT);
	cr_assert(strstr(err->text, "No space left on device"), "%s", err->text);

	acme_data(data_fd, &data_sum);
	acme_spec(&spec, &info);
	cr_assert_eq(mel_package_write(full, data_fd, &spec, &sum, &err), -1);
	cr_assert_eq(err->kind, MEL_ERR_OUTPUT);
}

/* Damage to a good unsigned package at an offset into a section; then which reading fails. */
enum stage { AT_OPEN, AT_DATAHASH, AT_DATA, NOWHERE };
enum part { CONTROL, DATA, END };

static const struct {
	const char *name;
	enum part part;
	int at;
	bool is_cut;
	enum stage want;
	const char *text;
} damage[] = {
	{ "none", CONTROL, 0, false, NOWHERE, NULL },
	{ "no gzip", CONTROL, 0, false, AT_OPEN, "not a gzip" },
	{ "empty file", CONTROL, 0, true, AT_OPEN, "a section is missing" },
	{ "control cut", CONTROL, 300, true, AT_OPEN, "cut off" },
	{ "control damaged", CONTROL, 300, false, AT_OPEN, "" },
	{ "no data section", DATA, 0, true, AT_OPEN, "a section is missing" },
	{ "data is no gzip", DATA, 0, false, AT_DATAHASH, "datahash mismatch in d.apk" },
	{ "data cut", END, -20, true, AT_DATAHASH, "datahash mismatch in d.apk" },
	{ "data damaged", DATA, 300, false, AT_DATAHASH, "datahash mismatch in d.apk" },
};

static void apply_damage(size_t i, const struct mel_package_sum *sum)
{
	MEL_AUTO_CLOSE int fd = mel_openat(AT_FDCWD, "d.apk", O_RDWR, 0);
	const off_t base[] = { 0, (off_t)sum->control_bytes, (off_t)sum->bytes };
	off_t at = base[damage[i].part] + damage[i].at;
	char byte;

	if (damage[i].is_cut) {
		cr_assert_eq(ftruncate(fd, at), 0);
		return;
	}
	cr_assert_eq(pread(fd, &byte, 1, at), 1);
	byte = (char)(byte ^ 0x55);
	cr_assert_eq(pwrite(fd, &byte, 1, at), 1);
}

static enum stage read_package(struct mel_err **err)
{
	struct mel_apk apk MEL_AUTO_APK = MEL_APK_INIT;

	if (mel_apk_open(&apk, AT_FDCWD, "d.apk", err) < 0)
		return AT_OPEN;
	if (mel_apk_check_datahash(&apk, err) < 0)
		return AT_DATAHASH;
	return mel_apk_check_data(&apk, err) < 0 ? AT_DATA : NOWHERE;
}

Test(package, damaged_ones)
{
	for (size_t i = 0; i < MEL_COUNTOF(damage); i++) {
		struct mel_err *err MEL_AUTO_ERR = NULL;
		struct mel_package_sum sum;

		write_package("d.apk", NULL, &sum);
		if (damage[i].want != NOWHERE)
			apply_damage(i, &sum);
		cr_assert_eq(read_package(&err), damage[i].want, "%s: %s", damage[i].name,
			     err ? err->text : "");
		if (damage[i].text)
			cr_assert(strstr(err->text, damage[i].text), "%s: %s", damage[i].name,
				  err->text);
	}
}

/* A checksum record that belongs to other content. */
Test(package, wrong_checksum_record)
{
	MEL_AUTO_CLOSE int data_fd = acme_file();
	MEL_AUTO_CLOSE int out = mel_openat(AT_FDCWD, "w.apk", O_RDWR | O_CREAT, 0644);
	struct mel_package_data *data MEL_AUTO_PACKAGE_DATA = NULL;
	struct mel_apk apk MEL_AUTO_APK = MEL_APK_INIT;
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_package_data_sum data_sum;
	struct mel_package_sum sum;
	struct mel_package_spec spec;
	struct mel_pkginfo info;
	unsigned char sha1[MEL_SHA1_BYTES] = { 0xab };
	const struct mel_tar_entry entry = {
		.name = "f", .type = MEL_TAR_FILE, .size = 1, .sha1 = sha1
	};

	mel_package_data_begin(&data, data_fd);
	mel_package_data_entry(data, &entry);
	mel_package_data_bytes(data, "x", 1);
	cr_assert_eq(mel_package_data_end(data, &data_sum, &err), 0);
	acme_spec(&spec, &info);
	info.datahash = data_sum.datahash;
	cr_assert_eq(mel_package_write(out, data_fd, &spec, &sum, &err), 0);
	cr_assert_eq(mel_apk_open(&apk, AT_FDCWD, "w.apk", &err), 0);
	cr_assert_eq(mel_apk_check_datahash(&apk, &err), 0);
	cr_assert_eq(mel_apk_check_data(&apk, &err), -1);
	cr_assert_str_eq(err->text, "checksum mismatch: f header was "
				    "ab00000000000000000000000000000000000000, computed "
				    "11f6ad8ec52a2984abaafd7c3b516503785c2072");
}

Test(package, two_data_members_are_refused)
{
	struct mel_apk apk MEL_AUTO_APK = MEL_APK_INIT;
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_package_sum sum;

	write_package("d.apk", NULL, &sum);
	cr_assert_eq(shell("printf x | gzip >> d.apk"), 0);
	cr_assert_eq(mel_apk_open(&apk, AT_FDCWD, "d.apk", &err), 0);
	cr_assert_eq(mel_apk_check_data(&apk, &err), -1);
	cr_assert(strstr(err->text, "more than one gzip member"), "%s", err->text);
}
