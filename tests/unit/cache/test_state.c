/* The folder with what is kept about a cache directory, and its locks. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "cache/state.h"

static struct mel_cache_state state = MEL_CACHE_STATE_INIT;
static char home[] = "/tmp/melange-test-XXXXXX";

static void open_state(void)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;

	cr_assert(mkdtemp(home));
	cr_assert_eq(mel_cache_state_open(&state, home, "/srv/cache", &err), 0, "%s",
		     err ? err->text : "");
}

static void close_state(void)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;

	mel_cache_state_close(&state);
	cr_assert_eq(mel_rmtree(AT_FDCWD, home, &err), 0);
}

TestSuite(state, .init = open_state, .fini = close_state, .timeout = 10);

Test(state, has_a_private_folder_named_by_the_path)
{
	MEL_AUTO_FREE char *expected =
		mel_asprintf("%s/melange/cache/2a93e82e011c66d5c7dbd25da5f2e6c1", home);
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(4096);
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct stat st;

	cr_assert_str_eq(state.path, expected);
	cr_assert_eq(stat(state.path, &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0700);
	cr_assert_eq(mel_file_read(state.dirfd, "path", &text, &err), 0);
	cr_assert_str_eq(mel_buf_text(&text), "/srv/cache\n");
}

static const struct {
	bool first, second; /* exclusive? */
	bool gets;
} pairs[] = { { false, false, true },
	      { false, true, false },
	      { true, false, false },
	      { true, true, false } };

Test(state, locks_exclude_each_other)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;

	for (size_t i = 0; i < MEL_COUNTOF(pairs); i++) {
		MEL_AUTO_CLOSE int a = -1;
		MEL_AUTO_CLOSE int b = -1;
		MEL_AUTO_CLOSE int other = -1;

		cr_assert_eq(
			mel_cache_lock(&state, MEL_CACHE_LOCK, pairs[i].first, true, &a, &err),
			0);
		cr_assert_geq(a, 0);
		cr_assert_eq(
			mel_cache_lock(&state, MEL_CACHE_LOCK, pairs[i].second, true, &b, &err),
			0);
		cr_assert_eq(b >= 0, pairs[i].gets, "pair %zu", i);
		cr_assert_eq(
			mel_cache_lock(&state, MEL_CACHE_LOCK_BUILD, true, true, &other, &err),
			0);
		cr_assert_geq(other, 0, "the two locks are one");
	}
}
