/* Archives into a cache: what a good one brings, and that a hostile one brings nothing. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/io.h"
#include "base/slice.h"
#include "cache/import.h"
#include "tests/unit/cache/dir.h"
#include "tests/unit/table.h"

enum { MAX_ENTRIES = 3 };

/* The digests of "abc", of no bytes, and of "b". */
#define ABC   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define B     "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d"

struct member {
	const char *name;
	enum mel_tar_type type;
	const char *content; /* or target */
	unsigned mode;
};

static const struct {
	const char *name;
	const char *bill; /* behind the magic */
	struct member member[MAX_ENTRIES];
	const char *says; /* NULL: it is imported */
} cases[] = {
	{ "nothing", "", { { 0 } }, NULL },
	{ "a file", ABC " 3 f npm/x\n", { { "npm/x", MEL_TAR_FILE, "abc", 0644 } }, NULL },
	{ "setuid is lost",
	  ABC " 3 x npm/x\n",
	  { { "npm/x", MEL_TAR_FILE, "abc", 06777 } },
	  NULL },
	{ "an object",
	  ABC " 3 f sha256:" ABC "\n",
	  { { "sha256:" ABC, MEL_TAR_FILE, "abc", 0644 } },
	  NULL },
	{ "a copy",
	  ABC " 3 f npm/x\n" ABC " 3 f npm/y\n",
	  { { "npm/x", MEL_TAR_FILE, "abc", 0644 },
	    { "npm/y", MEL_TAR_HARDLINK, "npm/x", 0644 } },
	  NULL },
	{ "a link", B " 1 l npm/x\n", { { "npm/x", MEL_TAR_SYMLINK, "b", 0777 } }, NULL },
	{ "not listed",
	  "",
	  { { "npm/x", MEL_TAR_FILE, "abc", 0644 } },
	  "is not what the list" },
	{ "other size",
	  ABC " 4 f npm/x\n",
	  { { "npm/x", MEL_TAR_FILE, "abc", 0644 } },
	  "is not what the list" },
	{ "other bytes",
	  ABC " 3 f npm/x\n",
	  { { "npm/x", MEL_TAR_FILE, "abd", 0644 } },
	  "is damaged" },
	{ "an object of another name",
	  ABC " 3 f sha256:" B "\n",
	  { { "sha256:" B, MEL_TAR_FILE, "abc", 0644 } },
	  "does not match" },
	{ "twice",
	  ABC " 3 f npm/x\n",
	  { { "npm/x", MEL_TAR_FILE, "abc", 0644 }, { "npm/x", MEL_TAR_FILE, "abc", 0644 } },
	  "twice" },
	{ "way out",
	  ABC " 3 f npm/x\n",
	  { { "npm/../../x", MEL_TAR_FILE, "abc", 0644 } },
	  "is not what the list" },
	{ "way out in the list", ABC " 3 f npm/../../x\n", { { 0 } }, "is not understood" },
	{ "link to the host",
	  "8a5edab282632443219e051e4ade2d1d5bbc671c781051bf1437897cbdfea0f1 1 l npm/x\n",
	  { { "npm/x", MEL_TAR_SYMLINK, "/", 0777 } },
	  "leaves its area" },
	{ "link that leaves",
	  "ef335da0f48b7a5e6acf24532148a0ca85fafe374899a9f7fb06d4c588784915 4 l npm/x\n",
	  { { "npm/x", MEL_TAR_SYMLINK, "../y", 0777 } },
	  "leaves its area" },
	{ "a link as a file",
	  ABC " 3 f npm/x\n",
	  { { "npm/x", MEL_TAR_SYMLINK, "abc", 0777 } },
	  "is not what the list" },
	{ "through a link",
	  ABC " 3 f npm/b/x\n" B " 1 l npm/c\n",
	  { { "npm/c", MEL_TAR_SYMLINK, "b", 0777 }, { "npm/c/x", MEL_TAR_FILE, "abc", 0644 } },
	  "is not what the list" },
	{ "hard link to the host",
	  ABC " 3 f npm/x\n",
	  { { "npm/x", MEL_TAR_HARDLINK, "/etc/passwd", 0644 } },
	  "is a link to nothing" },
	{ "hard link to itself",
	  ABC " 3 f npm/x\n",
	  { { "npm/x", MEL_TAR_HARDLINK, "npm/x", 0644 } },
	  "is a link to nothing" },
	{ "hard link to other bytes",
	  B " 1 f npm/x\n" ABC " 3 f npm/y\n",
	  { { "npm/x", MEL_TAR_FILE, "b", 0644 },
	    { "npm/y", MEL_TAR_HARDLINK, "npm/x", 0644 } },
	  "is a link to nothing" },
	{ "an empty folder",
	  EMPTY " 0 d npm/x/y\n",
	  { { "npm/x/y", MEL_TAR_DIR, NULL, 07777 } },
	  NULL },
	{ "a folder and a file in it",
	  ABC " 3 f npm/a/x\n" EMPTY " 0 d npm/b\n",
	  { { "npm/a/x", MEL_TAR_FILE, "abc", 0644 }, { "npm/b", MEL_TAR_DIR, NULL, 0 } },
	  NULL },
	{ "a folder that is not listed",
	  "",
	  { { "npm/x", MEL_TAR_DIR, NULL, 0755 } },
	  "is not what the list" },
	{ "a folder as a file",
	  EMPTY " 0 d npm/x\n",
	  { { "npm/x", MEL_TAR_FILE, "", 0644 } },
	  "is not what the list" },
	{ "a folder as a link",
	  EMPTY " 0 d npm/x\n",
	  { { "npm/x", MEL_TAR_SYMLINK, "b", 0777 } },
	  "is not what the list" },
	{ "a folder as a copy",
	  EMPTY " 0 d npm/x\n",
	  { { "npm/x", MEL_TAR_HARDLINK, "npm/x", 0755 } },
	  "is not what the list" },
	{ "a folder twice",
	  EMPTY " 0 d npm/x\n",
	  { { "npm/x", MEL_TAR_DIR, NULL, 0755 }, { "npm/x", MEL_TAR_DIR, NULL, 0755 } },
	  "twice" },
	{ "a folder in the place of an object",
	  EMPTY " 0 d sha256:" ABC "\n",
	  { { "sha256:" ABC, MEL_TAR_DIR, NULL, 0755 } },
	  "with the name of a file" },
	{ "a copy of a folder",
	  EMPTY " 0 d npm/x\n" EMPTY " 0 f npm/y\n",
	  { { "npm/x", MEL_TAR_DIR, NULL, 0755 },
	    { "npm/y", MEL_TAR_HARDLINK, "npm/x", 0644 } },
	  "is a link to nothing" },
	{ "way out by a folder", EMPTY " 0 d npm/../../x\n", { { 0 } }, "is not understood" },
	{ "FIFO",
	  ABC " 3 f npm/x\n",
	  { { "npm/x", MEL_TAR_FIFO, NULL, 0644 } },
	  "is neither a file nor a link" },
	{ "device",
	  ABC " 3 f npm/x\n",
	  { { "npm/x", MEL_TAR_BLOCK, NULL, 0644 } },
	  "is neither a file nor a link" },
	{ "folder",
	  ABC " 3 f npm/x\n",
	  { { "npm/x", MEL_TAR_DIR, NULL, 0755 } },
	  "is not what the list" },
};

static void write_archive(struct mel_buf *out, const char *bill, const struct member *member)
{
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_buf_sink sink;
	struct mel_tar tar = MEL_TAR_INIT(&sink.stream);

	mel_buf_sink_init(&sink, out, "archive");
	mel_buf_printf(&text, "%s%s", MEL_CACHE_BILL_MAGIC, bill);
	mel_tar_file(&tar, MEL_CACHE_BILL_NAME, 0644, 0, mel_buf_slice(&text));
	for (int i = 0; i < MAX_ENTRIES && member[i].name; i++) {
		bool is_file = member[i].type == MEL_TAR_FILE;
		const struct mel_tar_entry entry = {
			.name = member[i].name,
			.type = member[i].type,
			.mode = member[i].mode,
			.size = is_file ? strlen(member[i].content) : 0,
			.linkname = is_file ? NULL : member[i].content,
		};

		mel_tar_begin(&tar, &entry);
		if (is_file)
			mel_tar_content(&tar, member[i].content, entry.size);
	}
	cr_assert_eq(mel_tar_close(&tar, true, &err), 0, "%s", err ? err->text : "");
	mel_stream_clear(&sink.stream);
}

static int import(const struct mel_buf *archive, struct mel_cache_import what,
		  struct mel_cache_imported *done, struct mel_err **err)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), r;

	cr_assert(fd >= 0);
	cr_assert_eq(mel_write_full(fd, archive->ptr, archive->len), 0);
	cr_assert_eq(lseek(fd, 0, SEEK_SET), 0);
	what.dirfd = dir_fd;
	what.state = &dir_state;
	r = mel_cache_import(&what, fd, "archive", done, err);
	close(fd);
	return r;
}

/* Nothing but plain files without privilege, folders, and links; how many files and links, and
 * empty folders below areas. */
static unsigned count(void)
{
	char command[256];
	FILE *pipe;
	unsigned files = 0, bad = 1;

	snprintf(command, sizeof(command),
		 "cd %s && find . ! -type d -o -empty -path './*/*' | wc -l; find . '(' -perm "
		 "/07022 ! -type l ')' -o ! "
		 "-type f ! -type d ! -type l | wc -l",
		 dir_cache);
	pipe = popen(command, "r");
	cr_assert(pipe);
	cr_assert_eq(fscanf(pipe, "%u %u", &files, &bad), 2);
	pclose(pipe);
	cr_assert_eq(bad, 0);
	return files;
}

TABLE_TEST(import, archive, cases)
{
	struct mel_buf archive MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_cache_imported done = { .added = 0 };
	struct mel_err *err MEL_AUTO_ERR = NULL;
	unsigned members = 0;
	int r;

	dir_open();
	while (members < MAX_ENTRIES && cases[*row].member[members].name)
		members++;
	write_archive(&archive, cases[*row].bill, cases[*row].member);
	r = import(&archive, (struct mel_cache_import){ .max_bytes = 100 }, &done, &err);
	if (cases[*row].says) {
		cr_assert_eq(r, -1, "%s", cases[*row].name);
		cr_assert_eq(err->kind, MEL_ERR_INPUT);
		cr_assert(strstr(err->text, cases[*row].says), "%s: %s", cases[*row].name,
			  err->text);
		cr_assert_eq(count(), members ? members - 1 : 0, "%s", cases[*row].name);
	} else {
		cr_assert_eq(r, 0, "%s: %s", cases[*row].name, err ? err->text : "");
		cr_assert_eq(done.added, members);
		cr_assert_eq(count(), members);
	}
	dir_close();
}

TestSuite(import_dir, .init = dir_open, .fini = dir_close, .timeout = 60);

static const struct member one[MAX_ENTRIES] = { { "npm/x", MEL_TAR_FILE, "abc", 0644 } };
#define ONE ABC " 3 f npm/x\n"

static void put(const char *path, const char *text)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;

	mkdirat(dir_fd, "npm", 0755);
	cr_assert_eq(mel_file_write(dir_fd, path, text, strlen(text), 0644, &err), 0);
}

static bool has(const char *path, const char *text)
{
	struct mel_buf got MEL_AUTO_BUF = MEL_BUF_INIT(1 << 10);
	struct mel_err *err MEL_AUTO_ERR = NULL;

	return mel_file_read(dir_fd, path, &got, &err) == 0 &&
	       mel_text_eq(mel_buf_text(&got), text);
}

static const char *const there_before[] = { NULL, "abc", "old" };
static const struct {
	unsigned before; /* index of there_before */
	bool keep, verified;
	uint64_t added, replaced, unchanged, kept, skipped;
} choices[] = {
	{ 0, false, false, 1, 0, 0, 0, 0 }, { 1, false, false, 0, 0, 1, 0, 0 },
	{ 2, false, false, 0, 1, 0, 0, 0 }, { 2, true, false, 0, 0, 0, 1, 0 },
	{ 0, false, true, 0, 0, 0, 0, 1 },
};

Test(import_dir, what_is_there_already)
{
	for (size_t i = 0; i < MEL_COUNTOF(choices); i++) {
		struct mel_buf archive MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
		struct mel_cache_imported done = { .added = 0 };
		struct mel_err *err MEL_AUTO_ERR = NULL;

		unlinkat(dir_fd, "npm/x", 0);
		if (choices[i].before)
			put("npm/x", there_before[choices[i].before]);
		write_archive(&archive, ONE, one);
		cr_assert_eq(import(&archive,
				    (struct mel_cache_import){ .keep = choices[i].keep,
							       .verified_only =
								       choices[i].verified },
				    &done, &err),
			     0);
		cr_assert_eq(done.added, choices[i].added, "row %zu", i);
		cr_assert_eq(done.replaced, choices[i].replaced, "row %zu", i);
		cr_assert_eq(done.unchanged, choices[i].unchanged, "row %zu", i);
		cr_assert_eq(done.kept, choices[i].kept, "row %zu", i);
		cr_assert_eq(done.skipped, choices[i].skipped, "row %zu", i);
	}
}

Test(import_dir, an_object_is_never_replaced)
{
	struct mel_buf archive MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_cache_imported done = { .added = 0 };
	struct mel_err *err MEL_AUTO_ERR = NULL;
	const struct member object[MAX_ENTRIES] = { { "sha256:" ABC, MEL_TAR_FILE, "abc",
						      0644 } };

	put("sha256:" ABC, "bad");
	write_archive(&archive, ABC " 3 f sha256:" ABC "\n", object);
	cr_assert_eq(import(&archive, (struct mel_cache_import){ 0 }, &done, &err), 0);
	cr_assert_eq(done.kept, 1);
	cr_assert(has("sha256:" ABC, "bad"));
}

Test(import_dir, links_of_the_cache_are_not_followed)
{
	struct mel_buf archive MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_cache_imported done = { .added = 0 };
	struct mel_err *err MEL_AUTO_ERR = NULL;

	cr_assert_eq(symlinkat("..", dir_fd, "npm"), 0);
	write_archive(&archive, ONE, one);
	cr_assert_eq(import(&archive, (struct mel_cache_import){ 0 }, &done, &err), 0);
	cr_assert_eq(done.kept, 1);
	cr_assert_neq(faccessat(dir_fd, "../x", F_OK, 0), 0);

	cr_assert_eq(unlinkat(dir_fd, "npm", 0), 0);
	cr_assert_eq(mkdirat(dir_fd, "npm", 0755), 0);
	cr_assert_eq(symlinkat("../../x", dir_fd, "npm/x"), 0);
	done = (struct mel_cache_imported){ .added = 0 };
	cr_assert_eq(import(&archive, (struct mel_cache_import){ 0 }, &done, &err), 0);
	cr_assert_eq(done.kept, 1);
	cr_assert_neq(faccessat(dir_fd, "../x", F_OK, 0), 0);
}

/* What is at npm, and at npm/x, when the folder npm/x comes. */
static const char *const way[] = { "mkdir npm; mkdir npm/x; echo >npm/x/y",
				   "mkdir npm; echo >npm/x",
				   "mkdir npm; ln -s .. npm/x",
				   "mkdir npm; ln -s ../mine npm/x",
				   "mkdir npm; mkfifo npm/x",
				   "ln -s mine npm",
				   "echo >npm" };

Test(import_dir, folders_replace_nothing)
{
	const struct member folder[MAX_ENTRIES] = { { "npm/x", MEL_TAR_DIR, NULL, 0700 } };

	for (size_t i = 0; i < MEL_COUNTOF(way); i++) {
		struct mel_buf archive MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
		struct mel_cache_imported done = { .added = 0 };
		struct mel_err *err MEL_AUTO_ERR = NULL;
		char command[512];

		snprintf(command, sizeof(command), "cd %s && rm -rf npm mine && mkdir mine; %s",
			 dir_cache, way[i]);
		cr_assert_eq(system(command), 0);
		write_archive(&archive, EMPTY " 0 d npm/x\n", folder);
		cr_assert_eq(import(&archive, (struct mel_cache_import){ 0 }, &done, &err), 0,
			     "row %zu: %s", i, err ? err->text : "");
		cr_assert_eq(done.added, 0, "row %zu", i);
		cr_assert_eq(done.unchanged, i == 0, "row %zu", i);
		cr_assert_eq(done.kept, i != 0, "row %zu", i);
		snprintf(command, sizeof(command), "cd %s && rmdir mine", dir_cache);
		cr_assert_eq(system(command), 0, "row %zu: something is in it", i);
	}
}

Test(import_dir, a_folder_proves_nothing_and_may_be_missed)
{
	struct mel_buf archive MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_buf rest MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_cache_imported done = { .added = 0 };
	struct mel_err *err MEL_AUTO_ERR = NULL;
	const struct member folder[MAX_ENTRIES] = { { "npm/x", MEL_TAR_DIR, NULL, 0755 } };
	const struct member nothing[MAX_ENTRIES] = { { 0 } };

	write_archive(&archive, EMPTY " 0 d npm/x\n", folder);
	cr_assert_eq(import(&archive, (struct mel_cache_import){ .verified_only = true }, &done,
			    &err),
		     0);
	cr_assert_eq(done.skipped, 1);
	cr_assert_neq(faccessat(dir_fd, "npm", F_OK, 0), 0);
	write_archive(&rest, EMPTY " 0 d npm/x\n", nothing);
	cr_assert_eq(import(&rest, (struct mel_cache_import){ 0 }, &done, &err), 0);
	cr_assert_eq(done.missing, 1);
}

Test(import_dir, size_is_limited)
{
	struct mel_buf archive MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct mel_cache_imported done = { .added = 0 };
	struct mel_err *err MEL_AUTO_ERR = NULL;

	write_archive(&archive, ONE, one);
	cr_assert_eq(import(&archive, (struct mel_cache_import){ .max_bytes = 2 }, &done, &err),
		     -1);
	cr_assert_eq(err->kind, MEL_ERR_LIMIT);
	cr_assert_eq(done.added, 0);
}

Test(import_dir, a_cut_archive_is_refused)
{
	struct mel_buf archive MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);

	write_archive(&archive, ONE, one);
	for (size_t len = 0; len < archive.len - 1024; len += 100) {
		struct mel_cache_imported done = { .added = 0 };
		struct mel_err *err MEL_AUTO_ERR = NULL;
		struct mel_buf cut = archive;

		cut.len = len;
		if (import(&cut, (struct mel_cache_import){ 0 }, &done, &err) == 0)
			cr_assert(done.missing == 1 || done.added || done.unchanged, "%zu",
				  len);
		else
			cr_assert(err->kind == MEL_ERR_INPUT, "%zu: %s", len, err->text);
	}
}
