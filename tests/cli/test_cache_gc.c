/* "melange cache gc" and "rm" as a whole. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ONE   "sha256:" HEX64

static void fill(struct run_place *place, uid_t uid)
{
	run_place_make(place, uid);
	run_place_write(place, "c/" ONE, "source");
	run_place_write(place, "c/gomodcache/cache/download/a.org/b/@v/v1.0.0.zip", "zip");
	run_place_write(place, "c/gomodcache/a.org/b@v1.0.0/x/go.mod", "module");
	run_place_write(place, "c/gomodcache/a.org/b@v1.0.0/other", "x");
	run_place_write(place, "c/ccache/0/1/x", "object");
	run_place_write(place, "c/mine/notes", "notes");
	run_place_write(place, "file", "outside");
	chmod(run_place_path(place, "c/gomodcache/a.org/b@v1.0.0/x"), 0555);
	chmod(run_place_path(place, "c/gomodcache/a.org/b@v1.0.0"), 0555);
}

static bool is_there(const struct run_place *place, const char *path)
{
	return faccessat(AT_FDCWD, run_place_path(place, path), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

enum { SOURCE = 1, MODULE = 2, OBJECT = 4, MINE = 8, ALL = 15 };

static int what_is_left(const struct run_place *place)
{
	static const char *const path[] = { "c/" ONE, "c/gomodcache/a.org/b@v1.0.0",
					    "c/ccache/0/1/x", "c/mine/notes" };
	int left = 0;

	for (int i = 0; i < 4; i++)
		left |= is_there(place, path[i]) ? 1 << i : 0;
	return left;
}

static const struct {
	const char *arg[4];
	int code, left;
	const char *out, *err; /* parts */
} cases[] = {
	{ { "gc" }, 0, ALL, "removed 0 unit(s)", "" },
	{ { "gc", "--max-size=1" }, 0, MINE, "removed 3 unit(s), 5 file(s), ", "" },
	{ { "gc", "--max-size=1", "--dry-run" }, 0, ALL, "would remove 3 unit(s)", "" },
	{ { "gc", "--max-size=1", "--json" }, 0, MINE, "{\"name\":\"ccache/0/1/x\"", "" },
	{ { "gc", "--max-size=1", "--keep-for=files" }, 0, SOURCE | MINE, "2 unit(s)", "" },
	{ { "gc", "--keep-for=none" }, 3, ALL, "", "cannot open folder 'none'" },
	{ { "gc", "--max-size=x" }, 2, ALL, "", "'x' is not a size" },
	{ { "gc", "--max-age=x" }, 2, ALL, "", "'x' is not an age" },
	{ { "rm" }, 2, ALL, "", "name what to remove" },
	{ { "rm", "--area=gomodcache" }, 0, ALL & ~MODULE, "removed 1 unit(s)", "" },
	{ { "rm", "gomodcache/a.org/*" }, 0, ALL & ~MODULE, "removed 1 unit(s), 3 file", "" },
	{ { "rm", "gomodcache/a.org", "ccache" }, 0, SOURCE | MINE, "2 unit(s)", "" },
	{ { "rm", "*" }, 0, 0, "removed 4 unit(s)", "" },
	{ { "rm", "*", "--dry-run" }, 0, ALL, "would remove 4 unit(s)", "" },
	{ { "rm", "mine" }, 0, ALL & ~MINE, "removed 1 unit(s)", "" },
	{ { "rm", "mine", "frob" }, 3, ALL, "", "nothing in the cache fits 'frob'" },
	{ { "rm", "../file" }, 3, ALL, "", "nothing in the cache fits '../file'" },
	{ { "rm", "mine/.." }, 3, ALL, "", "is no path in a cache" },
	{ { "rm", "gomodcache/a.org/b@v1.0.0/x/go.mod" }, 0, ALL, "removed 0 unit", "" },
	{ { "rm", "--area=frob" }, 2, ALL, "", "no area 'frob'" },
};

Test(cache_gc, table, .timeout = 120)
{
	uid_t user[RUN_USERS_MAX];
	size_t user_len = run_users(user), rows = sizeof(cases) / sizeof(cases[0]);

	for (size_t i = 0; i < rows * user_len; i++) {
		struct run_place place RUN_AUTO_PLACE;
		struct run_result result RUN_AUTO_RESULT;
		size_t row = i / user_len;
		const char *args[8] = { "cache", "--cache-dir=c" };

		fill(&place, user[i % user_len]);
		run_place_write(&place, "files/x/y.yaml", "expected-sha256: " HEX64 "\n");
		for (size_t k = 0; k < 4; k++)
			args[k + 2] = cases[row].arg[k];
		run_melange(&result, &place, NULL, args);
		cr_assert_eq(result.code, cases[row].code, "row %zu: %d %s", row, result.code,
			     result.err);
		cr_assert(strstr(result.out, cases[row].out), "row %zu: %s", row, result.out);
		cr_assert(strstr(result.err, cases[row].err), "row %zu: %s", row, result.err);
		cr_assert_eq(what_is_left(&place), cases[row].left, "row %zu: %d", row,
			     what_is_left(&place));
		cr_assert(is_there(&place, "file"), "row %zu", row);
	}
}

Test(cache_gc, a_build_looks_after_the_cache, .timeout = 120)
{
	struct run_place place RUN_AUTO_PLACE;
	struct run_result old RUN_AUTO_RESULT, small RUN_AUTO_RESULT, stamp RUN_AUTO_RESULT;
	const char *const find[] = { "-c", "ls .local/state/melange/cache/*/scanned", NULL };

	fill(&place, geteuid());
	run_place_write(&place, "hello.yaml",
			"package: {name: hello, version: '1', epoch: 0, description: x}\n"
			"pipeline: [{runs: 'true'}]\n");
	if (!run_has_sandbox(&place))
		return;
	/* All of it was used in the last day. */
	RUN_MELANGE(&small, &place, NULL, "build", "hello.yaml", "--root=host", "--cache-dir=c",
		    "--network=none", "--cache-max-size=1");
	cr_assert_eq(small.code, 0, "%s", small.err);
	cr_assert_eq(what_is_left(&place), ALL);
	run_program(&stamp, &place, NULL, "sh", find);
	cr_assert_eq(stamp.code, 0, "it was looked at: %s", small.err);
	RUN_MELANGE(&old, &place, NULL, "build", "hello.yaml", "--root=host", "--cache-dir=c",
		    "--network=none", "--cache-max-age=x");
	cr_assert_eq(old.code, 2, "%s", old.err);
}

Test(cache_gc, rm_leaves_the_target_of_a_link, .timeout = 60)
{
	struct run_place place RUN_AUTO_PLACE;
	struct run_result inside RUN_AUTO_RESULT, link RUN_AUTO_RESULT;

	fill(&place, geteuid());
	cr_assert_eq(symlink("..", run_place_path(&place, "c/npm")), 0);
	RUN_MELANGE(&inside, &place, NULL, "cache", "rm", "--cache-dir=c", "npm/file");
	cr_assert_eq(inside.code, 3, "%s", inside.err);
	RUN_MELANGE(&link, &place, NULL, "cache", "rm", "--cache-dir=c", "npm");
	cr_assert_eq(link.code, 0, "%s", link.err);
	cr_assert(is_there(&place, "file"));
	cr_assert(!is_there(&place, "c/npm"));
}

Test(cache_gc, waits_for_builds_unless_forced, .timeout = 60)
{
	struct run_place place RUN_AUTO_PLACE;
	struct run_result first RUN_AUTO_RESULT, waits RUN_AUTO_RESULT, forced RUN_AUTO_RESULT;
	const char *const find[] = { "-c", "echo .local/state/melange/cache/*/build", NULL };
	struct run_result name RUN_AUTO_RESULT;
	const struct run_opts opts = { .timeout_s = 2 };
	int fd;

	fill(&place, geteuid());
	RUN_MELANGE(&first, &place, NULL, "cache", "gc", "--cache-dir=c");
	cr_assert_eq(first.code, 0, "%s", first.err);
	run_program(&name, &place, NULL, "sh", find);
	name.out[strcspn(name.out, "\n")] = '\0';
	fd = open(run_place_path(&place, name.out), O_RDWR | O_CLOEXEC);
	cr_assert(fd >= 0, "%s", name.out);
	cr_assert_eq(flock(fd, LOCK_SH), 0);
	RUN_MELANGE(&waits, &place, &opts, "cache", "rm", "--cache-dir=c", "*");
	cr_assert_eq(waits.code, -1, "%s", waits.err);
	cr_assert(strstr(waits.err, "waiting for another process"), "%s", waits.err);
	cr_assert_eq(what_is_left(&place), ALL);
	RUN_MELANGE(&forced, &place, NULL, "cache", "rm", "--cache-dir=c", "--force", "*");
	cr_assert_eq(forced.code, 0, "%s", forced.err);
	cr_assert_eq(what_is_left(&place), 0);
	close(fd);
}
