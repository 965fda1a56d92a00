/* The layer of a build is merged into the cache directory. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "codec/digest.h"
#include "tests/unit/cache/layers.h"
#include "tests/unit/table.h"

static struct layers l;

static void begin(void)
{
	layers_open(&l);
}

static void end(void)
{
	layers_close(&l);
}

TestSuite(commit, .init = begin, .fini = end, .timeout = 60);

static struct mel_cache_area_count total(void)
{
	return mel_cache_tally_total(&l.tally);
}

/* --- the table of what an entry becomes --- */

enum type { NOTHING, FILE_, FOLDER, LINK, FIFO, WHITEOUT };

/* The letters of want: Added Replaced Unchanged reFused Skipped Conflict, '-': nothing. */
static const struct row {
	const char *name, *path;
	enum type upper;
	const char *upper_text;
	enum type cache;
	const char *cache_text;
	char want;
	const char *after; /* text of the file afterwards; NULL: as the cache's was */
} rows[] = {
#define X_SHA "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
	{ "new file", "a/f", FILE_, "new", NOTHING, NULL, 'A', "new" },
	{ "new empty file", "a/f", FILE_, "", NOTHING, NULL, 'A', "" },
	{ "same bytes", "a/f", FILE_, "old", FILE_, "old", 'U', NULL },
	{ "other bytes, same size", "a/f", FILE_, "new", FILE_, "old", 'R', "new" },
	{ "other bytes", "a/f", FILE_, "newer", FILE_, "old", 'R', "newer" },
	{ "file in place of a folder", "a/f", FILE_, "new", FOLDER, NULL, 'C', NULL },
	{ "file in place of a link", "a/f", FILE_, "new", LINK, "x", 'R', "new" },
	{ "folder in place of a file", "a/f", FOLDER, NULL, FILE_, "old", 'C', NULL },
	{ "folder in place of a link", "a/f", FOLDER, NULL, LINK, ".", 'C', NULL },
	{ "whiteout", "a/f", WHITEOUT, NULL, FILE_, "old", '-', NULL },
	{ "FIFO", "a/f", FIFO, NULL, NOTHING, NULL, 'F', NULL },
	{ "FIFO in place of a file", "a/f", FIFO, NULL, FILE_, "old", 'F', NULL },
	{ "link to a sister", "a/f", LINK, "g", NOTHING, NULL, 'A', NULL },
	{ "link up and down", "a/b/f", LINK, "../c/d", NOTHING, NULL, 'A', NULL },
	{ "link to its own folder", "a/b/f", LINK, "./.", NOTHING, NULL, 'A', NULL },
	{ "same link", "a/f", LINK, "g", LINK, "g", 'U', NULL },
	{ "other link", "a/f", LINK, "g", LINK, "h", 'C', NULL },
	{ "link in place of a file", "a/f", LINK, "g", FILE_, "old", 'C', NULL },
	{ "absolute link", "a/f", LINK, "/etc/passwd", NOTHING, NULL, 'F', NULL },
	{ "link to another area", "a/f", LINK, "../b/g", NOTHING, NULL, 'F', NULL },
	{ "link out of the cache", "a/b/f", LINK, "../../../x", NOTHING, NULL, 'F', NULL },
	{ "link up behind a name", "a/b/f", LINK, "c/../../d", NOTHING, NULL, 'F', NULL },
	{ "link at the top", "f", LINK, "g", NOTHING, NULL, 'F', NULL },
	{ "good object", "sha256:" X_SHA, FILE_, "x", NOTHING, NULL, 'A', "x" },
	{ "bad object", "sha256:" X_SHA, FILE_, "y", NOTHING, NULL, 'F', NULL },
	{ "object in place of a damaged one", "sha256:" X_SHA, FILE_, "x", FILE_, "z", 'R',
	  "x" },
	{ "bad object for a good one", "sha256:" X_SHA, FILE_, "y", FILE_, "x", 'C', NULL },
	{ "bad object for a damaged one", "sha256:" X_SHA, FILE_, "y", FILE_, "z", 'C', NULL },
	{ "object without a digest", "sha512:", FILE_, "x", NOTHING, NULL, 'F', NULL },
	{ "object that is a folder", "sha256:" X_SHA, FOLDER, NULL, NOTHING, NULL, 'F', NULL },
	{ "object that is a link", "sha256:" X_SHA, LINK, "g", NOTHING, NULL, 'F', NULL },
	{ "npm content",
	  "npm/_cacache/content-v2/sha1/11/f6/ad8ec52a2984abaafd7c3b516503785c2072", FILE_, "x",
	  NOTHING, NULL, 'A', "x" },
	{ "bad npm content",
	  "npm/_cacache/content-v2/sha1/11/f6/ad8ec52a2984abaafd7c3b516503785c2072", FILE_, "y",
	  NOTHING, NULL, 'F', NULL },
	{ "npm content of an unknown digest", "npm/_cacache/content-v2/md4/11/f6/ad8e", FILE_,
	  "y", NOTHING, NULL, 'F', NULL },
	{ "bad git object", "cargo/git/db/r/objects/11/f6ad8ec52a2984abaafd7c3b516503785c2072",
	  FILE_, "x", NOTHING, NULL, 'F', NULL },
	{ "go zip that is none", "gomodcache/cache/download/m/@v/v1.0.0.zip", FILE_, "x",
	  NOTHING, NULL, 'F', NULL },
	{ "go zip hash without a zip", "gomodcache/cache/download/m/@v/v1.0.0.ziphash", FILE_,
	  "h1:LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE=", NOTHING, NULL, 'F', NULL },
	{ "lock", "a/f.lock", FILE_, "x", NOTHING, NULL, 'S', NULL },
	{ "temporary name of ours", "a/.melange-0123456789abcdef", FILE_, "x", NOTHING, NULL,
	  'S', NULL },
	{ "folder of logs", "npm/_logs", FOLDER, NULL, NOTHING, NULL, 'S', NULL },
	{ "control characters", "a/b\nc", FILE_, "x", NOTHING, NULL, 'F', NULL },
	{ "folder with control characters", "a/\033[1m", FOLDER, NULL, NOTHING, NULL, 'F',
	  NULL },
	{ "unusual name", "a/-rf \xff '\"*", FILE_, "x", NOTHING, NULL, 'A', "x" },
};

/* On an overlay the device is not to be had: the other form, an empty file with an attribute.
 */
static void mark_whiteout(int dirfd, const char *path)
{
	int fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	cr_assert_geq(fd, 0);
	cr_assert_eq(fsetxattr(fd, "user.overlay.whiteout", "y", 1, 0), 0, "no whiteouts here");
	close(fd);
}

static void make(int dirfd, enum type type, const char *path, const char *text)
{
	switch (type) {
	case NOTHING:
		return;
	case FILE_:
		layers_put(dirfd, path, text);
		return;
	default:
		layers_put(dirfd, path, ""); /* for the folders */
		cr_assert_eq(unlinkat(dirfd, path, 0), 0);
	}
	if (type == FOLDER)
		cr_assert_eq(mkdirat(dirfd, path, 0755), 0);
	if (type == LINK)
		cr_assert_eq(symlinkat(text, dirfd, path), 0);
	if (type == FIFO)
		cr_assert_eq(mkfifoat(dirfd, path, 0644), 0);
	if (type == WHITEOUT && mknodat(dirfd, path, S_IFCHR, makedev(0, 0)) < 0)
		mark_whiteout(dirfd, path);
}

static char verdict(void)
{
	struct mel_cache_area_count t = total();

	cr_assert_leq(t.added + t.replaced + t.unchanged + t.refused + t.skipped + t.conflicts,
		      1);
	return t.added       ? 'A'
	       : t.replaced  ? 'R'
	       : t.unchanged ? 'U'
	       : t.refused   ? 'F'
	       : t.skipped   ? 'S'
	       : t.conflicts ? 'C'
			     : '-';
}

static mode_t type_of(int dirfd, const char *path)
{
	struct stat st;

	return fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : st.st_mode & S_IFMT;
}

TABLE_PARAMETERS(commit, entry, rows)
ParameterizedTest(const size_t *i, commit, entry, .timeout = 60)
{
	const struct row *row = &rows[*i];
	mode_t before;

	make(l.cache_fd, row->cache, row->path, row->cache_text);
	make(l.upper_fd, row->upper, row->path, row->upper_text);
	before = type_of(l.cache_fd, row->path);
	layers_commit(&l);
	cr_assert_eq(verdict(), row->want, "%s: %c", row->name, verdict());
	if (row->after)
		cr_assert(layers_has(l.cache_fd, row->path, row->after), "%s", row->name);
	else if (row->want == 'A')
		cr_assert_eq(type_of(l.cache_fd, row->path), S_IFLNK, "%s", row->name);
	else
		cr_assert_eq(type_of(l.cache_fd, row->path), before, "%s", row->name);
	if (!row->after && row->cache == FILE_)
		cr_assert(layers_has(l.cache_fd, row->path, row->cache_text), "%s", row->name);
	cr_assert(layers_has(l.layer_fd, "journal", NULL));
	cr_assert(layers_has(l.layer_fd, "added", NULL));
}

/* --- what files look like afterwards --- */

Test(commit, nobody_else_may_write_and_nothing_is_special)
{
	static const char *const path[] = { "a/suid", "a/data", "a/none" };
	static const mode_t mode[] = { 06777, 0666, 0 };
	static const mode_t want[] = { 0755, 0644, 0600 };

	for (size_t i = 0; i < MEL_COUNTOF(path); i++) {
		layers_put(l.upper_fd, path[i], path[i]);
		cr_assert_eq(fchmodat(l.upper_fd, path[i], mode[i], 0), 0);
	}
	layers_put(l.upper_fd, "a/sub/x", "x");
	cr_assert_eq(fchmodat(l.upper_fd, "a/sub", 01555, 0), 0);
	cr_assert_eq(mkdirat(l.cache_fd, "a", 0755), 0);
	layers_commit(&l);
	for (size_t i = 0; i < MEL_COUNTOF(path); i++) {
		cr_assert(layers_has(l.cache_fd, path[i], path[i]), "%s", path[i]);
		cr_assert_eq(layers_mode(l.cache_fd, path[i]), want[i], "%s: %o", path[i],
			     layers_mode(l.cache_fd, path[i]));
	}
	cr_assert_eq(layers_mode(l.cache_fd, "a/sub"), 0755);
}

Test(commit, extended_attributes_are_gone)
{
	char value[8];
	int fd;

	layers_put(l.upper_fd, "a/f", "x");
	fd = openat(l.upper_fd, "a/f", O_RDONLY | O_CLOEXEC);
	if (fsetxattr(fd, "user.mine", "1", 1, 0) < 0)
		TABLE_CANNOT("no extended attributes here");
	close(fd);
	layers_commit(&l);
	fd = openat(l.cache_fd, "a/f", O_RDONLY | O_CLOEXEC);
	cr_assert_lt(fgetxattr(fd, "user.mine", value, sizeof(value)), 0);
	close(fd);
}

Test(commit, everything_belongs_to_the_caller)
{
	struct stat st;

	if (geteuid() != 0)
		cr_skip_test("needs root, who alone can make files of others");
	layers_put(l.upper_fd, "a/f", "x");
	cr_assert_eq(fchownat(l.upper_fd, "a/f", 12345, 12345, 0), 0);
	cr_assert_eq(fchownat(l.upper_fd, "a", 12345, 12345, 0), 0);
	layers_commit(&l);
	cr_assert_eq(fstatat(l.cache_fd, "a/f", &st, 0), 0);
	cr_assert_eq(st.st_uid, 0);
	cr_assert_eq(st.st_gid, 0);
	cr_assert_eq(fstatat(l.cache_fd, "a", &st, 0), 0);
	cr_assert_eq(st.st_uid, 0);
}

/* --- trees --- */

Test(commit, a_new_tree_comes_whole)
{
	layers_put(l.upper_fd, "gomodcache/m@v1/a", "a");
	layers_put(l.upper_fd, "gomodcache/m@v1/b/c/d", "d");
	layers_put(l.upper_fd, "gomodcache/m@v1/go.lock", "l");
	cr_assert_eq(mkdirat(l.upper_fd, "gomodcache/m@v1/empty", 0755), 0);
	layers_commit(&l);
	cr_assert(layers_has(l.cache_fd, "gomodcache/m@v1/b/c/d", "d"));
	cr_assert(layers_has(l.cache_fd, "gomodcache/m@v1/go.lock", "l"));
	cr_assert_eq(layers_count(l.cache_fd), 8);
	cr_assert_eq(total().added, 3);
	cr_assert_eq(total().added_bytes, 3);
}

Test(commit, deep_trees_are_cut_off)
{
	char path[64 * 2 + 200] = "";

	for (int i = 0; i < 70; i++)
		strcat(path, "d/");
	strcat(path, "f");
	layers_put(l.upper_fd, path, "x");
	layers_put(l.upper_fd, "d/f", "x");
	layers_commit(&l);
	cr_assert_eq(total().refused, 1);
	cr_assert_eq(total().added, 1);
	cr_assert_eq(layers_count(l.cache_fd), 65);
}

Test(commit, many_names_in_one_folder)
{
	char path[128];

	for (int i = 0; i < 20000; i++) {
		snprintf(path, sizeof(path), "a/%0100d", i);
		int fd = -1;

		if (i == 0)
			layers_put(l.upper_fd, path, "");
		else if ((fd = openat(l.upper_fd, path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644)) <
			 0)
			cr_assert_fail("cannot make %s", path);
		if (fd >= 0)
			close(fd);
	}
	layers_commit(&l);
	cr_assert_eq(total().added, 20000);
	cr_assert_eq(layers_count(l.cache_fd), 20001);
}

Test(commit, verified_policy_takes_only_what_proves_itself)
{
	l.opts.verified_only = true;
	layers_put(l.upper_fd, "sha256:" X_SHA, "x");
	layers_put(l.upper_fd, "pip/x/y", "x");
	layers_put(l.upper_fd, "npm/_cacache/index-v5/a", "x");
	layers_put(l.upper_fd,
		   "npm/_cacache/content-v2/sha1/11/f6/ad8ec52a2984abaafd7c3b516503785c2072",
		   "x");
	cr_assert_eq(symlinkat("y", l.upper_fd, "pip/x/z"), 0);
	layers_commit(&l);
	cr_assert_eq(total().added, 2);
	cr_assert_eq(total().skipped, 3);
	cr_assert_eq(layers_count(l.cache_fd), 8);
}

/* --- what the build deleted --- */

static void age(void)
{
	const struct timespec later[2] = { { .tv_sec = time(NULL) + 5 },
					   { .tv_sec = time(NULL) + 5 } };

	cr_assert_eq(utimensat(l.layer_fd, "lock", later, 0), 0);
}

Test(commit, deletes_are_applied_on_request)
{
	layers_put(l.cache_fd, "a/f", "x");
	layers_put(l.cache_fd, "a/t/u/v", "x");
	layers_put(l.cache_fd, "a/keep", "x");
	make(l.upper_fd, WHITEOUT, "a/f", NULL);
	make(l.upper_fd, WHITEOUT, "a/t", NULL);
	age();
	l.opts.apply_deletes = true;
	layers_commit(&l);
	cr_assert(layers_has(l.cache_fd, "a/f", NULL));
	cr_assert(layers_has(l.cache_fd, "a/t", NULL));
	cr_assert(layers_has(l.cache_fd, "a/keep", "x"));
	cr_assert_eq(total().deleted, 2);
}

Test(commit, what_came_later_is_not_deleted)
{
	const struct timespec before[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };

	layers_put(l.cache_fd, "a/f", "x");
	layers_put(l.cache_fd, "a/t/u/v", "x");
	make(l.upper_fd, WHITEOUT, "a/f", NULL);
	make(l.upper_fd, WHITEOUT, "a/t", NULL);
	cr_assert_eq(utimensat(l.layer_fd, "lock", before, 0), 0);
	l.opts.apply_deletes = true;
	layers_commit(&l);
	cr_assert(layers_has(l.cache_fd, "a/f", "x"));
	cr_assert(layers_has(l.cache_fd, "a/t/u/v", "x"));
	cr_assert_eq(total().deleted, 0);
}

static void mark(const char *path, const char *name, const char *value)
{
	int fd = openat(l.upper_fd, path, O_RDONLY | O_CLOEXEC);

	if (fsetxattr(fd, name, value, strlen(value), 0) < 0)
		TABLE_CANNOT("no extended attributes here");
	close(fd);
}

Test(commit, an_opaque_folder_hides_what_was_in_it)
{
	layers_put(l.cache_fd, "a/t/old", "x");
	layers_put(l.cache_fd, "a/t/both", "x");
	layers_put(l.upper_fd, "a/t/both", "y");
	layers_put(l.upper_fd, "a/t/new", "y");
	mark("a/t", "user.overlay.opaque", "y");
	age();
	l.opts.apply_deletes = true;
	layers_commit(&l);
	cr_assert(layers_has(l.cache_fd, "a/t/old", NULL));
	cr_assert(layers_has(l.cache_fd, "a/t/both", "y"));
	cr_assert(layers_has(l.cache_fd, "a/t/new", "y"));
}

Test(commit, whiteouts_can_be_files_with_an_attribute)
{
	layers_put(l.cache_fd, "a/f", "x");
	layers_put(l.upper_fd, "a/f", "");
	mark("a/f", "user.overlay.whiteout", "y");
	layers_commit(&l);
	cr_assert(layers_has(l.cache_fd, "a/f", "x"));
	cr_assert_eq(total().replaced, 0);
}

/* --- bookkeeping --- */

Test(commit, the_manifest_names_what_was_added)
{
	layers_put(l.cache_fd, "a/old", "x");
	layers_put(l.upper_fd, "a/old", "x");
	layers_put(l.upper_fd, "a/new", "x");
	layers_commit(&l);
	cr_assert(layers_has(l.state.dirfd, "manifest", X_SHA " 1 a/new\n"));
}

Test(commit, nothing_is_noted_of_an_empty_layer)
{
	layers_commit(&l);
	cr_assert_eq(l.tally.area.len, 0);
	cr_assert(layers_has(l.state.dirfd, "lock", NULL));
}

Test(commit, works_without_a_state)
{
	l.opts.state = NULL;
	layers_put(l.upper_fd, "a/new", "x");
	layers_commit(&l);
	cr_assert(layers_has(l.cache_fd, "a/new", "x"));
}

Test(commit, recovery_removes_layers_that_had_not_begun)
{
	layers_put(l.upper_fd, "a/new", "x");
	layers_recover(&l);
	cr_assert(layers_has(l.cache_fd, "a", NULL));
	cr_assert(layers_has(l.state.dirfd, "layers/1.abc", NULL));
}
