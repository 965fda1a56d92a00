/* Files below a directory, publishing, removal. */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/io.h"
#include "base/mem.h"

static char dir_path[] = "/tmp/mel-test-fs.XXXXXX";
static int dir_fd;

static void make_dir(void)
{
	cr_assert(mkdtemp(dir_path));
	dir_fd = open(dir_path, O_RDONLY | O_DIRECTORY);
	cr_assert_geq(dir_fd, 0);
}

static void remove_dir(void)
{
	MEL_AUTO_ERR struct mel_err *err = NULL;

	close(dir_fd);
	cr_assert_eq(mel_rmtree(AT_FDCWD, dir_path, &err), 0);
}

TestSuite(fs, .init = make_dir, .fini = remove_dir, .timeout = 20);

Test(fs, beneath_refuses_to_leave)
{
	cr_assert_eq(mkdirat(dir_fd, "in", 0755), 0);
	cr_assert_eq(symlinkat("/etc", dir_fd, "out"), 0);
	cr_assert_eq(symlinkat("in", dir_fd, "link"), 0);

	MEL_AUTO_CLOSE int in = mel_openat_beneath(dir_fd, "in", O_RDONLY | O_DIRECTORY, 0);

	cr_assert_geq(in, 0);
	cr_assert_lt(mel_openat_beneath(dir_fd, "out/passwd", O_RDONLY, 0), 0);
	cr_assert_lt(mel_openat_beneath(dir_fd, "link", O_RDONLY, 0), 0);
	cr_assert_lt(mel_openat_beneath(dir_fd, "../x", O_RDONLY, 0), 0);
	cr_assert_lt(mel_openat_beneath(dir_fd, "/etc/passwd", O_RDONLY, 0), 0);
}

Test(fs, publish_appears_whole_or_not_at_all)
{
	MEL_AUTO_ERR struct mel_err *err = NULL;
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(100);
	struct mel_publish dropped = MEL_PUBLISH_INIT, pub = MEL_PUBLISH_INIT;

	cr_assert_eq(mel_publish_open(&dropped, dir_fd, "a", 0644, &err), 0);
	cr_assert_eq(mel_write_full(dropped.fd, "old", 3), 0);
	cr_assert_eq(mel_publish_prepare(&dropped, &err), 0);
	mel_publish_abort(&dropped);
	cr_assert_lt(faccessat(dir_fd, "a", F_OK, 0), 0);

	cr_assert_eq(mel_publish_open(&pub, dir_fd, "a", 0644, &err), 0);
	cr_assert_eq(mel_write_full(pub.fd, "new", 3), 0);
	cr_assert_eq(mel_publish_commit(&pub, &err), 0);
	cr_assert_eq(mel_file_read(dir_fd, "a", &text, &err), 0);
	cr_assert_str_eq(mel_buf_text(&text), "new");
}

/* What a killed process left goes; what another process is writing, and names of others, stay.
 */
Test(fs, sweep_removes_what_nobody_writes)
{
	static const struct {
		const char *name;
		bool stays;
	} files[] = {
		{ ".a.apk.123.0.tmp", false },
		{ ".a.1.2.tmp", false },
		{ ".a.apk.tmp", true },
		{ ".a.apk.1.tmp", true },
		{ "a.apk.1.0.tmp", true },
		{ ".a.1.0", true },
		{ ".1.0.tmp", true },
		{ ".a.1.x.tmp", true },
		{ ".tmp", true },
	};
	MEL_AUTO_ERR struct mel_err *err = NULL;
	struct mel_publish live = MEL_PUBLISH_INIT;

	for (size_t i = 0; i < MEL_COUNTOF(files); i++)
		cr_assert_eq(mel_file_write(dir_fd, files[i].name, "", 0, 0644, &err), 0);
	cr_assert_eq(mel_publish_open(&live, dir_fd, "b.apk", 0644, &err), 0);
	cr_assert_eq(mel_publish_prepare(&live, &err), 0);
	mel_publish_sweep(dir_fd);
	for (size_t i = 0; i < MEL_COUNTOF(files); i++)
		cr_assert_eq(faccessat(dir_fd, files[i].name, F_OK, 0) == 0, files[i].stays,
			     "%s", files[i].name);
	cr_assert_eq(mel_publish_commit(&live, &err), 0);
	cr_assert_eq(faccessat(dir_fd, "b.apk", F_OK, 0), 0);
}

Test(fs, rmtree_removes_what_cannot_be_read_and_follows_no_link)
{
	MEL_AUTO_ERR struct mel_err *err = NULL;

	cr_assert_eq(mel_mkdirs(dir_fd, "t/a/b/c", 0755, &err), 0);
	cr_assert_eq(mel_mkdirs(dir_fd, "stays", 0755, &err), 0);
	cr_assert_eq(symlinkat("../../stays", dir_fd, "t/a/link"), 0);
	cr_assert_eq(mel_file_write(dir_fd, "t/a/b/c/f", "x", 1, 0600, &err), 0);
	cr_assert_eq(fchmodat(dir_fd, "t/a/b", 0, 0), 0);
	cr_assert_eq(mel_rmtree(dir_fd, "t", &err), 0);
	cr_assert_lt(faccessat(dir_fd, "t", F_OK, 0), 0);
	cr_assert_eq(faccessat(dir_fd, "stays", F_OK, 0), 0);
	cr_assert_eq(mel_rmtree(dir_fd, "t", &err), 0, "a missing tree is fine");
}

Test(fs, rmtree_goes_deeper_than_descriptors_last)
{
	MEL_AUTO_ERR struct mel_err *err = NULL;
	MEL_AUTO_CLOSE int at = dup(dir_fd);

	for (int i = 0; i < 3000; i++) {
		cr_assert_eq(mkdirat(at, "d", 0755), 0);
		cr_assert_eq(mkdirat(at, "e", 0755), 0);

		int next = openat(at, "d", O_RDONLY | O_DIRECTORY);

		cr_assert_geq(next, 0);
		close(at);
		at = next;
	}
	cr_assert_eq(mel_rmtree(dir_fd, "d", &err), 0, "%s", err ? err->text : "");
	cr_assert_lt(faccessat(dir_fd, "d", F_OK, 0), 0);
}

Test(fs, read_has_a_limit_and_names_the_file)
{
	MEL_AUTO_ERR struct mel_err *err = NULL;
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(3);

	cr_assert_eq(mel_file_write(dir_fd, "f", "1234", 4, 0644, &err), 0);
	cr_assert_eq(mel_file_read(dir_fd, "f", &text, &err), -1);
	cr_assert_eq(err->kind, MEL_ERR_LIMIT);
	cr_assert(strstr(err->text, "'f'"));
	mel_buf_clear(&text);
	cr_assert_eq(mel_file_read(dir_fd, "none", &text, &err), -1);
	cr_assert_eq(err->errnum, ENOENT);
}

Test(fs, copy_keeps_bytes_and_sets_mode)
{
	MEL_AUTO_ERR struct mel_err *err = NULL;
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(100);
	struct stat st;

	cr_assert_eq(mel_file_write(dir_fd, "from", "abc", 3, 0600, &err), 0);
	cr_assert_eq(mel_file_copy(dir_fd, "from", dir_fd, "to", 0755, &err), 0);
	cr_assert_eq(mel_file_read(dir_fd, "to", &text, &err), 0);
	cr_assert_str_eq(mel_buf_text(&text), "abc");
	cr_assert_eq(fstatat(dir_fd, "to", &st, 0), 0);
	cr_assert_eq(st.st_mode & 07777, 0755u);
}
