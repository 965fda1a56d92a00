/* Which units are evicted, and that they are gone then. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/slice.h"
#include "cache/gc.h"
#include "cache/remove.h"
#include "tests/unit/cache/dir.h"
#include "tests/unit/table.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

enum { DAY = 24 * 60 * 60, NOW = 1000 * DAY };

/* One unit per class and age, with 100 bytes each; k: kept, o: of somebody else. */
static const struct {
	const char *name;
	const char *area;
	int used_day, area_day;
	bool is_kept;
} units[] = {
	{ "A-old", "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", 1,
	  0, false },
	{ "A-new", "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	  999, 0, false },
	{ "A-kept", "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	  1, 0, true },
	{ "B-old", "npm", 2, 998, false },
	{ "B-new", "npm", 998, 998, false },
	{ "C-old", "ccache", 3, 0, false },
	{ "C-new", "ccache", 1001, 0, false }, /* of the future */
	{ "mine", "mine", 1, 0, false },
};

static const struct {
	const char *name;
	struct mel_cache_limits limits;
	const char *want; /* names of those that go */
} cases[] = {
	{ "no limit", { 0 }, "" },
	{ "age", { .max_age_s = 90 * DAY }, "A-old B-old C-old " },
	{ "age, areas in use",
	  { .max_age_s = 90 * DAY, .area_use_counts = true },
	  "A-old C-old " },
	{ "fits", { .max_bytes = 700 }, "" },
	{ "compiled first, longest unused first", { .max_bytes = 600 }, "C-old " },
	{ "then packages", { .max_bytes = 450 }, "B-old C-old C-new " },
	{ "then sources", { .max_bytes = 250 }, "A-old B-old B-new C-old C-new " },
	{ "kept ones stay", { .max_bytes = 1 }, "A-old A-new B-old B-new C-old C-new " },
	{ "age counts first",
	  { .max_bytes = 400, .max_age_s = 90 * DAY },
	  "A-old B-old C-old " },
	{ "used a short time ago",
	  { .max_bytes = 1, .min_age_s = 5 * DAY },
	  "A-old B-old C-old " },
};

TABLE_TEST(gc, choose, cases)
{
	struct mel_cache_list list MEL_AUTO_CACHE_LIST = { 0 };
	char got[256] = "";

	for (size_t i = 0; i < MEL_COUNTOF(units); i++) {
		const struct mel_cache_area *area = mel_cache_area_of(units[i].area);
		const struct mel_cache_unit unit = {
			.name = units[i].name,
			.area = area,
			.disk_bytes = 100,
			.used = (int64_t)units[i].used_day * DAY,
			.area_used = (int64_t)units[i].area_day * DAY,
			.is_kept = units[i].is_kept,
		};
		const struct mel_cache_area_size size = { .area = area, .disk_bytes = 100 };

		mel_vec_push(&list.unit, unit);
		mel_vec_push(&list.area, size);
	}
	mel_cache_gc_choose(&list, &cases[*row].limits, NOW);
	for (size_t i = 0; i < list.unit.len; i++)
		if (list.unit.at[i].goes)
			snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s ",
				 list.unit.at[i].name);
	cr_assert_str_eq(got, cases[*row].want, "%s: %s", cases[*row].name, got);
}

TestSuite(gc_dir, .init = dir_open, .fini = dir_close, .timeout = 60);

static void put(const char *folder, const char *name)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	cr_assert_eq(mel_mkdirs(dir_fd, folder, 0755, &err), 0);
	cr_assert_eq(mel_file_write(dir_fd, path, "12345", 5, 0444, &err), 0);
}

static bool is_there(const char *path)
{
	return faccessat(dir_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static const char *const refused[] = {
	"..", ".", "", "a/../b", "npm/..", "/etc", "a//b", "npm/"
};

Test(gc_dir, remove_refuses_ways_out)
{
	put("npm", "x");
	for (size_t i = 0; i < MEL_COUNTOF(refused); i++) {
		struct mel_cache_remover remover MEL_AUTO_CACHE_REMOVER =
			MEL_CACHE_REMOVER_INIT(dir_fd, dir_cache);
		struct mel_err *err MEL_AUTO_ERR = NULL;

		cr_assert_eq(mel_cache_remove(&remover, refused[i], &err), -1, "%s",
			     refused[i]);
		cr_assert_eq(err->kind, MEL_ERR_INPUT);
	}
	cr_assert(is_there("npm/x"));
}

Test(gc_dir, remove_takes_read_only_trees_and_no_link)
{
	struct mel_cache_remover remover MEL_AUTO_CACHE_REMOVER =
		MEL_CACHE_REMOVER_INIT(dir_fd, dir_cache);
	struct mel_err *err MEL_AUTO_ERR = NULL;

	put("gomodcache/a.org/b@v1/c", "x");
	cr_assert_eq(fchmodat(dir_fd, "gomodcache/a.org/b@v1/c", 0555, 0), 0);
	cr_assert_eq(fchmodat(dir_fd, "gomodcache/a.org/b@v1", 0555, 0), 0);
	cr_assert_eq(fchmodat(dir_fd, "gomodcache/a.org", 0555, 0), 0);
	put("npm", "x");
	cr_assert_eq(symlinkat("npm", dir_fd, "link"), 0);
	cr_assert_eq(mel_cache_remove(&remover, "gomodcache/a.org/b@v1", &err), 0);
	cr_assert_eq(mel_cache_remove(&remover, "link/x", &err), -1);
	mel_err_free(err);
	err = NULL;
	cr_assert_eq(mel_cache_remove(&remover, "link", &err), 0);
	cr_assert_eq(mel_cache_remove(&remover, "gone/x", &err), 0);
	mel_cache_remover_finish(&remover);
	cr_assert(!is_there("gomodcache/a.org"), "empty folders go");
	cr_assert(is_there("gomodcache"), "those at the top stay");
	cr_assert(is_there("npm/x"));
	cr_assert(!is_there("link"));
}

static void run_auto(int64_t now, uint64_t max_bytes)
{
	const struct mel_cache_limits limits = { .max_bytes = max_bytes,
						 .area_use_counts = true };
	struct mel_err *err MEL_AUTO_ERR = NULL;

	cr_assert_eq(mel_cache_gc_auto(&dir_state, dir_cache, &limits, now, &err), 0, "%s",
		     err ? err->text : "");
}

Test(gc_dir, auto_looks_once_a_day)
{
	struct mel_cache_use use MEL_AUTO_CACHE_USE = { .map = { 0 } };
	struct mel_err *err MEL_AUTO_ERR = NULL;

	put("npm", "x");
	run_auto(NOW, UINT64_C(1) << 40);
	cr_assert(is_there("npm/x"));
	run_auto(NOW + DAY - 1, 1);
	cr_assert(is_there("npm/x"));
	run_auto(NOW + DAY, 1);
	cr_assert(!is_there("npm/x"));
	cr_assert_eq(mel_cache_use_load(&use, &dir_state, &err), 0);
	cr_assert_eq(mel_cache_use_of(&use, "npm"), NOW + DAY);
}

Test(gc_dir, auto_waits_for_no_build)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	int fd;

	put("npm", "x");
	cr_assert_eq(mel_cache_lock(&dir_state, MEL_CACHE_LOCK_BUILD, false, true, &fd, &err),
		     0);
	cr_assert(fd >= 0);
	run_auto(NOW, 1);
	cr_assert(is_there("npm/x"));
	close(fd);
	run_auto(NOW, 1);
	cr_assert(!is_there("npm/x"), "the stamp is not set by a scan that was not made");
}

Test(gc_dir, auto_sweeps_the_state)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_buf manifest MEL_AUTO_BUF = MEL_BUF_INIT(1 << 16);
	static const char lines[] = HEX " 1 npm/x\n" HEX " 2 npm/x\n" HEX " 3 gone/y\ntorn";
	struct stat st;

	put("npm", "x");
	cr_assert_eq(mkdirat(dir_state.dirfd, "parts", 0700), 0);
	cr_assert_eq(
		mel_file_write(dir_state.dirfd, "manifest", lines, strlen(lines), 0600, &err),
		0);
	cr_assert_eq(mel_file_write(dir_state.dirfd, "parts/a", "x", 1, 0600, &err), 0);
	cr_assert_eq(mel_cache_use_add(&dir_state, "gone/unit", 5, &err), 0);
	cr_assert_eq(mel_cache_use_add(&dir_state, "npm/x", 5, &err), 0);
	cr_assert_eq(fstatat(dir_state.dirfd, "parts/a", &st, 0), 0);
	run_auto(st.st_ctim.tv_sec + 6 * DAY, UINT64_C(1) << 40);
	cr_assert_eq(faccessat(dir_state.dirfd, "parts/a", F_OK, 0), 0);
	run_auto(st.st_ctim.tv_sec + 8 * DAY, UINT64_C(1) << 40);
	cr_assert_neq(faccessat(dir_state.dirfd, "parts/a", F_OK, 0), 0);

	struct mel_cache_use use MEL_AUTO_CACHE_USE = { .map = { 0 } };

	cr_assert_eq(mel_cache_use_load(&use, &dir_state, &err), 0);
	cr_assert_eq(mel_cache_use_of(&use, "gone/unit"), 0);
	cr_assert_eq(mel_cache_use_of(&use, "npm/x"), 5);
	cr_assert_eq(mel_file_read(dir_state.dirfd, "manifest", &manifest, &err), 0);
	cr_assert_str_eq(mel_buf_text(&manifest), HEX " 2 npm/x\n");
}

static bool state_has(const char *name)
{
	return faccessat(dir_state.dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

Test(gc_dir, kept_layers_go_after_a_week)
{
	static const char kept[] = "melange-kept.1.a", link[] = "melange-kept.2.b";
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct stat st;

	put("npm", "x");
	cr_assert_eq(
		mel_mkdirs(dir_state.dirfd, "melange-kept.1.a/upper/gomodcache", 0755, &err),
		0);
	cr_assert_eq(mel_file_write(dir_state.dirfd, "melange-kept.1.a/upper/gomodcache/go.mod",
				    "x", 1, 0444, &err),
		     0);
	cr_assert_eq(fchmodat(dir_state.dirfd, "melange-kept.1.a/upper/gomodcache", 0555, 0),
		     0);
	cr_assert_eq(symlinkat(dir_cache, dir_state.dirfd, link), 0);
	cr_assert_eq(mkdirat(dir_state.dirfd, "melange-keep", 0700), 0);
	cr_assert_eq(fstatat(dir_state.dirfd, kept, &st, 0), 0);
	run_auto(st.st_ctim.tv_sec + 6 * DAY, UINT64_C(1) << 40);
	cr_assert(state_has(kept) && state_has(link));
	run_auto(st.st_ctim.tv_sec + 8 * DAY, UINT64_C(1) << 40);
	cr_assert(!state_has(kept) && !state_has(link));
	cr_assert(state_has("melange-keep") && state_has("path") && state_has("lock"));
	cr_assert(is_there("npm/x"), "links are not followed");
}
