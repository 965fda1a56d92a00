/* APKINDEX: entries, merging, the file, and the update of a directory. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apk/index.h"
#include "apk/sign.h"
#include "base/mem.h"
#include "codec/gzip.h"
#include "tests/unit/apk/acme.h"
#include "tests/unit/table.h"

/* The identity and size that plain zlib 1.2.13 gives acme. */
static void acme_sum(struct mel_package_sum *sum)
{
	*sum = (struct mel_package_sum){ .bytes = 1711 };
	cr_assert(mel_unhex(sum->identity, MEL_SHA1_BYTES,
			    mel_slice_of("49b0aa1b5b7f130741159f84fd83f094d7f25821")));
}

#define ACME_STANZA(license)                                                                   \
	"C:Q1SbCqG1t/EwdBFZ+E/YPwlNfyWCE=\nP:acme\nV:1.4.2-r3\nA:x86_64\nS:1711\nI:41006\n"    \
	"T:Example widget daemon\nU:https://acme.example\nL:" license "\no:acme\nm:acme\n"     \
	"t:1700000000\nc:0123456789abcdef0123456789abcdef01234567\n"                           \
	"D:acme-data so:libc.so.6\np:cmd:acme=1.4.2-r3\nk:10\n\n"

static const struct {
	size_t license_len;
	const char *text;
	size_t text_bytes;
	const char *tar_sha256;
} acme[] = {
	{ 1, ACME_STANZA("MIT"), 249,
	  "89ea52f2d2422ee9523364c3462a149518dd7891cf9ad49fbb018f32b6c911d0" },
	{ 2, ACME_STANZA("MIT AND BSD-3-Clause"), 266,
	  "45d529c0f68001df942cfa615fa8e0564500561bfb5a13440dabf92c8453c2fc" },
};

TABLE_TEST(index, text_and_archive, acme)
{
	struct mel_index index MEL_AUTO_INDEX = { 0 };
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_buf tar MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_arena arena MEL_AUTO_ARENA = { 0 };
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_package_spec spec;
	struct mel_package_sum sum;
	struct mel_pkginfo info;
	struct mel_index_entry entry;

	acme_spec(&spec, &info);
	acme_sum(&sum);
	info.license.len = acme[*row].license_len;
	mel_index_entry_make(&entry, &info, &sum, &arena);
	mel_index_merge(&index, &entry);
	mel_index_render(&index, &text);
	cr_assert_str_eq(mel_buf_text(&text), acme[*row].text);
	cr_assert_eq(text.len, acme[*row].text_bytes);
	cr_assert_eq(mel_index_tar(&index, &tar, &err), 0);
	cr_assert_eq(tar.len, 2560);
	acme_assert_sha256(mel_buf_slice(&tar), acme[*row].tar_sha256);
}

static const char *const one[] = { "MIT OR ISC" };
static const char *const two[] = { "MIT OR ISC", "Zlib" };
static const char *const words[] = { "foo", "bar=1" };
#define LIST(array)                                                                            \
	{                                                                                      \
		array, MEL_COUNTOF(array)                                                      \
	}

/* What a package's values become; only the lines from T: on. */
static const struct {
	const char *name;
	struct mel_pkginfo info;
	const char *want;
} values[] = {
	{ "nothing", { .name = "w", .version = "1" }, "T:\nt:0\n\n" },
	{ "number sign",
	  { .name = "w", .version = "1", .description = "C# bindings" },
	  "T:C# bindings\nt:0\n\n" },
	{ "one compound licence",
	  { .name = "w", .version = "1", .license = LIST(one) },
	  "T:\nL:MIT OR ISC\nt:0\n\n" },
	{ "compound among others",
	  { .name = "w", .version = "1", .license = LIST(two) },
	  "T:\nL:(MIT OR ISC) AND Zlib\nt:0\n\n" },
	{ "install-if",
	  { .name = "w", .version = "1", .install_if = LIST(words) },
	  "T:\nt:0\ni:foo bar=1\n\n" },
	{ "priority with a zero",
	  { .name = "w", .version = "1", .provider_priority = "010" },
	  "T:\nt:0\nk:10\n\n" },
	{ "forged line",
	  { .name = "w", .version = "1", .description = "a\r\nP:evil" },
	  "T:a P:evil\nt:0\n\n" },
};

TABLE_TEST(index, value, values)
{
	struct mel_index index MEL_AUTO_INDEX = { 0 };
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_arena arena MEL_AUTO_ARENA = { 0 };
	struct mel_package_sum sum = { .bytes = 0 };
	struct mel_index_entry entry;

	mel_index_entry_make(&entry, &values[*row].info, &sum, &arena);
	mel_index_merge(&index, &entry);
	mel_index_render(&index, &text);

	const char *from = strstr(mel_buf_text(&text), "\nT:");

	cr_assert(from);
	cr_assert_str_eq(from + 1, values[*row].want, "%s", values[*row].name);
}

static const struct {
	const char *name, *text, *want; /* want NULL: as text */
} texts[] = {
	{ "nothing", "", NULL },
	{ "minimal", "C:Q1AAA=\nP:a\nV:1\nT:\n\n", NULL },
	{ "end of file ends a stanza", "C:Q1AAA=\nP:a\nV:1\nT:", "C:Q1AAA=\nP:a\nV:1\nT:\n\n" },
	{ "foreign checksum", "C:X9whatever\nP:a\nV:1\nT:\n\n", NULL },
	{ "unknown lines", "C:Q1AAA=\nP:a\nV:1\nT:\nr:old\nq:2\n\n", NULL },
	{ "order of lines", "q:2\nV:1\nP:a\nC:Q1AAA=\n\n", "C:Q1AAA=\nP:a\nV:1\nT:\nq:2\n\n" },
	{ "all lines",
	  "C:Q1AAA=\nP:a\nV:1\nA:x\nS:1\nI:2\nT:d\nU:u\nL:l\no:o\nm:m\nt:0\nc:c\nD:d e\n"
	  "i:i j\np:p q=1\nk:3\n\n",
	  NULL },
	{ "no time stays no time", "C:Q1AAA=\nP:a\nV:1\nT:d\n\n", NULL },
	{ "stanza without a name", "V:1\n\nC:Q1AAA=\nP:b\nV:1\nT:\n\n\n\n",
	  "C:Q1AAA=\nP:b\nV:1\nT:\n\n" },
};

TABLE_TEST(index, text_is_kept, texts)
{
	struct mel_index index MEL_AUTO_INDEX = { 0 };
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_err *err MEL_AUTO_ERR = NULL;

	cr_assert_eq(mel_index_parse_text(&index, mel_slice_of(texts[*row].text), "test", &err),
		     0);
	mel_index_render(&index, &text);
	cr_assert_str_eq(mel_buf_text(&text),
			 texts[*row].want ? texts[*row].want : texts[*row].text, "%s",
			 texts[*row].name);
}

static const struct {
	const char *text, *error;
} bad_texts[] = {
	{ "P:a\nx\n", "'test': cannot parse line 2: no ':'" },
	{ "P:a\nSize:1\n", "'test': cannot parse line 2: no ':'" },
	{ "S:x\n", "'test': cannot parse line 1: " },
	{ "S:-1\n", "'test': cannot parse line 1: " },
	{ "I:18446744073709551616\n", "'test': cannot parse line 1: " },
	{ "k:\n", "'test': cannot parse line 1: " },
	{ "t:soon\n", "'test': cannot parse line 1: " },
};

TABLE_TEST(index, bad_text, bad_texts)
{
	struct mel_index index MEL_AUTO_INDEX = { 0 };
	struct mel_err *err MEL_AUTO_ERR = NULL;

	cr_assert_eq(
		mel_index_parse_text(&index, mel_slice_of(bad_texts[*row].text), "test", &err),
		-1);
	cr_assert(mel_text_starts(err->text, bad_texts[*row].error), "%s", err->text);
}

Test(index, line_too_long, .timeout = 10)
{
	struct mel_index index MEL_AUTO_INDEX = { 0 };
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(1 << 22);
	struct mel_err *err MEL_AUTO_ERR = NULL;

	mel_buf_add_text(&text, "T:");
	for (int i = 0; i < 1024 * 1024; i++)
		mel_buf_add_char(&text, 'x');
	cr_assert_eq(mel_index_parse_text(&index, mel_buf_slice(&text), "test", &err), -1);
	cr_assert(strstr(err->text, "1 MiB"));
}

/* --- archives --------------------------------------------------------------------------- */

static void add_stanzas(struct mel_index *index, const char *text)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;

	cr_assert_eq(mel_index_parse_text(index, mel_slice_of(text), "test", &err), 0);
}

Test(index, archive_with_a_strange_file, .timeout = 10)
{
	struct mel_index index MEL_AUTO_INDEX = { 0 };
	struct mel_buf tar MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_buf file MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_buf_sink sink;
	struct mel_tar writer = MEL_TAR_INIT(&sink.stream);

	mel_buf_sink_init(&sink, &tar, "test");
	mel_tar_file(&writer, "evil", 0644, 0, mel_slice_of(""));
	cr_assert_eq(mel_tar_close(&writer, true, &err), 0);
	cr_assert_eq(mel_gzip_pack(&file, mel_buf_slice(&tar), &err), 0);
	cr_assert_eq(mel_index_parse(&index, mel_buf_slice(&file), "i", &err), -1);
	cr_assert_str_eq(err->text, "'i': unexpected file found in APKINDEX: evil");
}

static const char stranger[] =
	"C:Q1A=\nP:a\nV:1-r0\nT:\nx:1\n\nC:Q1B=\nP:b\nV:1-r0\nS:1\nT:old\n\n";

Test(index, merge_replaces_in_place_and_appends, .timeout = 10)
{
	struct mel_index index MEL_AUTO_INDEX = { 0 }, add MEL_AUTO_INDEX = { 0 };
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);

	add_stanzas(&index, stranger);
	add_stanzas(&add, "C:Q1C=\nP:b\nV:1-r0\nT:new\n\nC:Q1D=\nP:a\nV:2-r0\nT:\n\n");
	for (size_t i = 0; i < add.entry.len; i++)
		mel_index_merge(&index, &add.entry.at[i]);
	mel_index_render(&index, &text);
	cr_assert_str_eq(mel_buf_text(&text),
			 "C:Q1A=\nP:a\nV:1-r0\nT:\nx:1\n\nC:Q1C=\nP:b\nV:1-r0\nT:new\n\n"
			 "C:Q1D=\nP:a\nV:2-r0\nT:\n\n");
}

/* --- a directory ------------------------------------------------------------------------ */

static char place[] = "/tmp/mel-index-XXXXXX";

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

TestSuite(index_file, .init = enter, .fini = leave, .timeout = 60);

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

static struct mel_key *make_key(void)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_key *made MEL_AUTO_KEY = NULL, *key = NULL;

	cr_assert_eq(mel_key_generate(&made, 2048, &err), 0);
	cr_assert_eq(mel_keygen_write(made, "acme.rsa", true, &err), 0);
	cr_assert_eq(mel_key_load(&key, "acme.rsa", &err), 0);
	return key;
}

static int update(int dirfd, const char *stanzas, const struct mel_key *key,
		  struct mel_err **err)
{
	struct mel_index add MEL_AUTO_INDEX = { 0 };
	const struct mel_index_entry *entry[8];

	add_stanzas(&add, stanzas);
	for (size_t i = 0; i < add.entry.len; i++)
		entry[i] = &add.entry.at[i];
	return mel_index_update(dirfd, entry, add.entry.len, key, err);
}

static size_t count_files(const char *path)
{
	DIR *dir = opendir(path);
	size_t count = 0;

	cr_assert(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2;
}

Test(index_file, made_signed_and_merged)
{
	struct mel_key *key MEL_AUTO_KEY = make_key();
	struct mel_err *err MEL_AUTO_ERR = NULL;

	cr_assert_eq(mkdir("out", 0755), 0);

	MEL_AUTO_CLOSE int dirfd = mel_openat(AT_FDCWD, "out", O_RDONLY | O_DIRECTORY, 0);

	cr_assert_eq(update(dirfd, stranger, key, &err), 0, "%s", err ? err->text : "");
	cr_assert_eq(count_files("out"), 1); /* no lock, nothing half done */
	cr_assert_eq(update(dirfd, "C:Q1C=\nP:b\nV:1-r0\nT:new\n\n", key, &err), 0);
	cr_assert_eq(
		shell("test \"$(tar tzf out/APKINDEX.tar.gz | tr '\\n' ' ')\" = "
		      "'.SIGN.RSA256.acme.rsa.pub APKINDEX DESCRIPTION ' && "
		      "tar xzOf out/APKINDEX.tar.gz APKINDEX > text && "
		      "printf 'C:Q1A=\\nP:a\\nV:1-r0\\nT:\\nx:1\\n\\nC:Q1C=\\nP:b\\nV:1-r0\\n"
		      "T:new\\n\\n' | cmp - text"),
		0);
}

Test(index_file, signature_holds_for_openssl)
{
	struct mel_key *key MEL_AUTO_KEY = make_key();
	struct mel_index index MEL_AUTO_INDEX = { 0 };
	struct mel_buf plain MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_buf whole MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_err *err MEL_AUTO_ERR = NULL;

	add_stanzas(&index, stranger);
	cr_assert_eq(mel_index_pack(&index, NULL, &plain, &err), 0);
	cr_assert_eq(mel_index_pack(&index, key, &whole, &err), 0);
	cr_assert(mel_slice_ends(mel_buf_slice(&whole), ""));
	cr_assert_arr_eq(whole.ptr + whole.len - plain.len, plain.ptr, plain.len);
	cr_assert_eq(mel_sign_check(mel_buf_slice(&whole), key, mel_buf_slice(&plain), &err),
		     0);
	cr_assert_eq(mel_file_write(AT_FDCWD, "plain", plain.ptr, plain.len, 0644, &err), 0);
	cr_assert_eq(mel_file_write(AT_FDCWD, "whole", whole.ptr, whole.len, 0644, &err), 0);
	cr_assert_eq(shell("tar xzOf whole .SIGN.RSA256.acme.rsa.pub > sig && openssl dgst "
			   "-sha256 -verify acme.rsa.pub -signature sig plain > /dev/null"),
		     0);
}

Test(index_file, description_and_others_entries_stay)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;

	cr_assert_eq(shell("printf 'C:Q1A=\\nP:a\\nV:1\\nT:\\n' > APKINDEX && "
			   "printf 'what was there\\n' > DESCRIPTION && "
			   "tar czf APKINDEX.tar.gz DESCRIPTION APKINDEX && rm APKINDEX "
			   "DESCRIPTION"),
		     0);

	MEL_AUTO_CLOSE int dirfd = mel_openat(AT_FDCWD, ".", O_RDONLY | O_DIRECTORY, 0);

	cr_assert_eq(update(dirfd, "P:b\nV:1\n\n", NULL, &err), 0, "%s", err ? err->text : "");
	cr_assert_eq(
		shell("test \"$(tar xzOf APKINDEX.tar.gz DESCRIPTION)\" = 'what was there' "
		      "&& test \"$(tar xzOf APKINDEX.tar.gz APKINDEX | grep -c ^P:)\" = 2"),
		0);
}

Test(index_file, broken_index_is_left_alone)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;

	cr_assert_eq(shell("echo garbage > APKINDEX.tar.gz"), 0);

	MEL_AUTO_CLOSE int dirfd = mel_openat(AT_FDCWD, ".", O_RDONLY | O_DIRECTORY, 0);

	cr_assert_eq(update(dirfd, "P:b\nV:1\n\n", NULL, &err), -1);
	cr_assert(strstr(err->text, "'APKINDEX.tar.gz' is not a gzip file"), "%s", err->text);
	cr_assert_eq(shell("test $(cat APKINDEX.tar.gz) = garbage"), 0);
	cr_assert_eq(count_files("."), 1);
}

Test(index_file, abort_leaves_the_old_one)
{
	struct mel_index_update pending MEL_AUTO_INDEX_UPDATE = MEL_INDEX_UPDATE_INIT;
	struct mel_err *err MEL_AUTO_ERR = NULL;
	const struct mel_index_entry entry = { .name = "a", .version = "1" };
	const struct mel_index_entry *const add[] = { &entry };
	MEL_AUTO_CLOSE int dirfd = mel_openat(AT_FDCWD, ".", O_RDONLY | O_DIRECTORY, 0);

	cr_assert_eq(mel_index_prepare(&pending, dirfd, add, 1, NULL, &err), 0);
	cr_assert_eq(access("APKINDEX.tar.gz", F_OK), -1);
	cr_assert_eq(access("APKINDEX.tar.gz.lock", F_OK), 0);
	mel_index_abort(&pending);
	cr_assert_eq(count_files("."), 0);
	cr_assert_eq(mel_index_prepare(&pending, dirfd, add, 1, NULL, &err), 0);
	cr_assert_eq(mel_index_commit(&pending, &err), 0);
	cr_assert_eq(count_files("."), 1);
}

/* Many at once into one directory: nobody's entry is lost. */
Test(index_file, concurrent_updates)
{
	enum { CHILDREN = 6, ROUNDS = 5 };
	MEL_AUTO_CLOSE int dirfd = mel_openat(AT_FDCWD, ".", O_RDONLY | O_DIRECTORY, 0);

	for (int child = 0; child < CHILDREN; child++) {
		if (fork() != 0)
			continue;
		for (int i = 0; i < ROUNDS; i++) {
			struct mel_err *err = NULL;
			MEL_AUTO_FREE char *text = mel_asprintf("P:p%d\nV:%d\n\n", child, i);

			if (update(dirfd, text, NULL, &err) < 0)
				_exit(1);
		}
		_exit(0);
	}
	for (int child = 0, status; child < CHILDREN; child++) {
		cr_assert(wait(&status) > 0);
		cr_assert_eq(status, 0);
	}
	cr_assert_eq(shell("test \"$(tar xzOf APKINDEX.tar.gz APKINDEX | grep -c ^P:)\" = 30"),
		     0);
	cr_assert_eq(count_files("."), 1);
}

Test(index_file, entry_of_a_package_file)
{
	struct mel_index_entry made, read;
	struct mel_arena arena MEL_AUTO_ARENA = { 0 };
	struct mel_index a MEL_AUTO_INDEX = { 0 }, b MEL_AUTO_INDEX = { 0 };
	struct mel_buf a_text MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_buf b_text MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_apk apk MEL_AUTO_APK = MEL_APK_INIT;
	struct mel_err *err MEL_AUTO_ERR = NULL;
	MEL_AUTO_CLOSE int data = acme_file();
	MEL_AUTO_CLOSE int out = mel_openat(AT_FDCWD, "a.apk", O_RDWR | O_CREAT, 0644);
	struct mel_package_data_sum data_sum;
	struct mel_package_sum sum;
	struct mel_package_spec spec;
	struct mel_pkginfo info;

	acme_data(data, &data_sum);
	acme_spec(&spec, &info);
	info.datahash = data_sum.datahash;
	cr_assert_eq(mel_package_write(out, data, &spec, &sum, &err), 0);
	mel_index_entry_make(&made, &info, &sum, &arena);
	mel_index_merge(&a, &made);
	cr_assert_eq(mel_apk_open(&apk, AT_FDCWD, "a.apk", &err), 0);
	mel_index_entry_of(&read, &apk, &arena);
	mel_index_merge(&b, &read);
	mel_index_render(&a, &a_text);
	mel_index_render(&b, &b_text);
	cr_assert_str_eq(mel_buf_text(&a_text), mel_buf_text(&b_text));
}
