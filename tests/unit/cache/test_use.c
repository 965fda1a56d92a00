/* When what was used last: lines appended, read, compacted, and torn. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "cache/use.h"
#include "tests/unit/table.h"

static struct mel_cache_state state = MEL_CACHE_STATE_INIT;
static char home[] = "/tmp/melange-test-XXXXXX";

static void open_state(void)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;

	cr_assert(mkdtemp(home));
	cr_assert_eq(mel_cache_state_open(&state, home, "/srv/cache", &err), 0);
}

static void close_state(void)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;

	mel_cache_state_close(&state);
	cr_assert_eq(mel_rmtree(AT_FDCWD, home, &err), 0);
}

TestSuite(use, .init = open_state, .fini = close_state, .timeout = 60);

static const struct {
	const char *name, *text;
	int64_t want; /* last use of "a b" */
} cases[] = {
	{ "nothing", "", 0 },
	{ "one", "7 a b\n", 7 },
	{ "the latest counts", "9 a b\n7 a b\n", 9 },
	{ "no line feed at the end", "7 a b", 7 },
	{ "torn line before", "12\n7 a b\n", 7 },
	{ "torn number", "x7 a b\n", 0 },
	{ "negative", "-7 a b\n", 0 },
	{ "too large", "99999999999999999999 a b\n", 0 },
	{ "no unit", "7 \n7\n", 0 },
	{ "another unit", "7 a\n7 a b c\n", 0 },
	{ "control character", "7 a b\t\n", 0 },
};

TABLE_TEST(use, parse, cases)
{
	struct mel_cache_use use MEL_AUTO_CACHE_USE = { .map = { 0 } };

	mel_cache_use_parse(&use, mel_slice_of(cases[*row].text));
	cr_assert_eq(mel_cache_use_of(&use, "a b"), cases[*row].want);
}

static char *content(void)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	size_t len;

	cr_assert_eq(mel_file_read(state.dirfd, "use", &text, &err), 0);
	return mel_buf_steal(&text, &len);
}

Test(use, lines_are_appended_behind_a_torn_one)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	const char *const more[] = { "npm", "bad\nname", "x" };

	cr_assert_eq(mel_cache_use_add(&state, "sha256:12", 5, &err), 0);
	cr_assert_eq(mel_file_write(state.dirfd, "use", "5 sha256:12\n6 np", 16, 0600, &err),
		     0);
	cr_assert_eq(mel_cache_use_add_all(&state, more, 3, 7, &err), 0);

	MEL_AUTO_FREE char *text = content();

	cr_assert_str_eq(text, "5 sha256:12\n6 np\n7 npm\n7 x\n");
}

static bool is_not_x(void *user, const char *unit)
{
	(void)user;
	return strcmp(unit, "x") != 0;
}

Test(use, compaction_keeps_the_last_use_of_known_units)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;

	cr_assert_eq(mel_cache_use_compact(&state, is_not_x, NULL, &err), 0); /* no file yet */
	cr_assert_eq(mel_cache_use_add(&state, "b", 5, &err), 0);
	cr_assert_eq(mel_cache_use_add(&state, "x", 6, &err), 0);
	cr_assert_eq(mel_cache_use_add(&state, "a", 7, &err), 0);
	cr_assert_eq(mel_cache_use_add(&state, "b", 8, &err), 0);
	cr_assert_eq(mel_cache_use_compact(&state, is_not_x, NULL, &err), 0);

	MEL_AUTO_FREE char *text = content();

	cr_assert_str_eq(text, "7 a\n8 b\n");
}

enum { WRITERS = 4 };

/* Of each writer; valgrind is slow. */
static size_t line_count(void)
{
	return getenv("MEL_UNDER_VALGRIND") ? 10 : 200;
}

static void write_lines(int writer)
{
	for (int i = 0; (size_t)i < line_count(); i++) {
		struct mel_err *err = NULL;
		char unit[32];

		snprintf(unit, sizeof(unit), "unit-%d-%d", writer, i);
		if (mel_cache_use_add(&state, unit, i + 1, &err) < 0)
			_exit(1);
	}
	_exit(0);
}

static bool always(void *user, const char *unit)
{
	(void)user;
	(void)unit;
	return true;
}

Test(use, nothing_is_lost_while_the_file_is_rewritten)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_cache_use use MEL_AUTO_CACHE_USE = { .map = { 0 } };
	int running = WRITERS, status;

	for (int i = 0; i < WRITERS; i++)
		if (fork() == 0)
			write_lines(i);
	while (running > 0) {
		cr_assert_eq(mel_cache_use_compact(&state, always, NULL, &err), 0, "%s",
			     err ? err->text : "");
		while (waitpid(-1, &status, WNOHANG) > 0) {
			cr_assert_eq(status, 0);
			running--;
		}
	}
	cr_assert_eq(mel_cache_use_load(&use, &state, &err), 0);
	cr_assert_eq(use.map.len, WRITERS * line_count());
}
