/* The private layer of a build: where it lies, its limit, the copy, what is left of it. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "cache/commit.h"
#include "cache/upper.h"
#include "sandbox/sbx.h"

/* A folder with cache, temp and the state of the cache. */
struct ground {
	char dir[64], cache[80], temp[80];
	int fd;
	struct mel_cache_state state;
	struct mel_err *err;
};

static void set_up(struct ground *g)
{
	*g = (struct ground){ .dir = "/tmp/melange-test-XXXXXX",
			      .state = MEL_CACHE_STATE_INIT };
	cr_assert(mkdtemp(g->dir));
	snprintf(g->cache, sizeof(g->cache), "%s/cache", g->dir);
	snprintf(g->temp, sizeof(g->temp), "%s/temp", g->dir);
	cr_assert_eq(mkdir(g->cache, 0700), 0);
	cr_assert_eq(mkdir(g->temp, 0700), 0);
	g->fd = mel_openat(AT_FDCWD, g->cache, O_RDONLY | O_DIRECTORY, 0);
	cr_assert_geq(g->fd, 0);
	cr_assert_eq(mel_cache_state_open(&g->state, g->dir, g->cache, &g->err), 0, "%s",
		     g->err ? g->err->text : "");
}

static void tear_down(struct ground *g)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;

	mel_cache_state_close(&g->state);
	close(g->fd);
	mel_err_free(g->err);
	cr_assert_eq(mel_rmtree(AT_FDCWD, g->dir, &err), 0);
}

static void write_file(const char *folder, const char *name, const char *text, mode_t mode)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "we");
	cr_assert(file, "%s", path);
	fputs(text, file);
	cr_assert_eq(fchmod(fileno(file), mode), 0);
	fclose(file);
}

static bool has(const char *folder, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return lstat(path, &st) == 0;
}

static void open_upper(struct mel_cache_upper *upper, struct ground *g, uint64_t max_bytes,
		       bool has_state)
{
	const struct mel_cache_upper_opts opts = { .state = has_state ? &g->state : NULL,
						   .cache_dirfd = g->fd,
						   .temp_path = g->temp,
						   .max_bytes = max_bytes };

	cr_assert_eq(mel_cache_upper_open(upper, &opts, &g->err), 0, "%s",
		     g->err ? g->err->text : "");
}

Test(upper, beside_the_state, .timeout = 10)
{
	struct mel_cache_upper upper;
	struct ground g;

	set_up(&g);
	open_upper(&upper, &g, 0, true);
	cr_assert(strncmp(upper.path, g.state.path, strlen(g.state.path)) == 0, "%s",
		  upper.path);
	cr_assert(has(upper.path, "upper") && has(upper.path, "work") &&
		  has(upper.path, "lock"));
	cr_assert_null(upper.note);
	cr_assert_geq(upper.limit, UINT64_C(1) << 30);

	char *path = mel_strdup(upper.path);

	mel_cache_upper_close(&upper, NULL, false, NULL);
	cr_assert_eq(access(path, F_OK), -1);
	cr_assert_null(upper.path);
	free(path);
	tear_down(&g);
}

Test(upper, without_a_state_in_the_temporary_folder, .timeout = 10)
{
	struct mel_cache_upper upper;
	struct ground g;

	set_up(&g);
	open_upper(&upper, &g, 0, false);
	cr_assert(strncmp(upper.path, g.temp, strlen(g.temp)) == 0, "%s", upper.path);
	mel_cache_upper_close(&upper, NULL, false, NULL);
	tear_down(&g);
}

/* A living layer is left alone, one of a dead build goes. */
Test(upper, recovery, .timeout = 10)
{
	struct mel_cache_upper upper;
	struct ground g;

	set_up(&g);
	open_upper(&upper, &g, 0, true);

	const struct mel_cache_commit_opts opts = { .cache_dirfd = g.fd,
						    .cache_path = g.cache,
						    .state = &g.state };

	cr_assert_eq(mel_cache_recover(&opts, &g.err), 0);
	cr_assert(has(upper.path, "upper"), "a living layer was removed");
	close(upper.lock_fd);
	upper.lock_fd = -1;
	cr_assert_eq(mel_cache_recover(&opts, &g.err), 0);
	cr_assert_not(has(upper.path, "upper"), "a dead layer is left");
	mel_cache_upper_close(&upper, NULL, false, NULL);
	tear_down(&g);
}

Test(upper, kept, .timeout = 10)
{
	struct mel_cache_upper upper;
	struct ground g;
	char *kept = NULL;

	set_up(&g);
	open_upper(&upper, &g, 0, true);
	write_file(upper.upper_path, "x", "x\n", 0644);
	mel_cache_upper_close(&upper, NULL, true, &kept);
	cr_assert(kept && has(kept, "upper/x"));
	cr_assert_not(has(kept, "lock"), "it would be taken for the layer of a dead build");
	free(kept);
	tear_down(&g);
}

Test(upper, limit, .timeout = 10)
{
	static char text[200001];
	struct mel_cache_upper upper;
	struct ground g;

	memset(text, 'x', sizeof(text) - 1);
	set_up(&g);
	open_upper(&upper, &g, 100000, true);
	cr_assert_eq(mel_cache_upper_check(&upper, true, &g.err), 0, "%s",
		     g.err ? g.err->text : "");
	write_file(upper.upper_path, "x", text, 0644);
	cr_assert_eq(mel_cache_upper_check(&upper, false, &g.err), 0, "looked too early");
	cr_assert_eq(mel_cache_upper_check(&upper, true, &g.err), -1);
	cr_assert_eq(g.err->kind, MEL_ERR_LIMIT);
	cr_assert(strstr(g.err->text, "--cache-upper"), "%s", g.err->text);
	mel_cache_upper_close(&upper, NULL, false, NULL);
	tear_down(&g);
}

/* Files, links and modes are there; what a build does not change is taken away again. */
Test(upper, copy, .timeout = 10)
{
	struct mel_cache_upper upper;
	struct stat st;
	struct ground g;
	char path[PATH_MAX];

	set_up(&g);
	snprintf(path, sizeof(path), "%s/d", g.cache);
	cr_assert_eq(mkdir(path, 0755), 0);
	write_file(g.cache, "d/script", "script\n", 04755);
	write_file(g.cache, "old", "old\n", 0444);
	snprintf(path, sizeof(path), "%s/link", g.cache);
	cr_assert_eq(symlink("old", path), 0);
	write_file(g.cache, "gone", "gone\n", 0644);
	snprintf(path, sizeof(path), "%s/same", g.cache);
	cr_assert_eq(mkdir(path, 0755), 0);
	write_file(g.cache, "same/x", "x\n", 0644);
	snprintf(path, sizeof(path), "%s/fifo", g.cache);
	cr_assert_eq(mkfifo(path, 0644), 0);
	snprintf(path, sizeof(path), "%s/d", g.cache);
	cr_assert_eq(chmod(path, 0555), 0);

	open_upper(&upper, &g, 100000, true);
	cr_assert_eq(mel_cache_upper_copy(&upper, g.fd, g.cache, &g.err), 0, "%s",
		     g.err ? g.err->text : "");
	cr_assert(upper.is_copy);
	cr_assert(has(upper.upper_path, "link") && has(upper.upper_path, "d/script"));
	cr_assert_not(has(upper.upper_path, "fifo"));
	snprintf(path, sizeof(path), "%s/d/script", upper.upper_path);
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0755, "mode %o", st.st_mode);
	cr_assert_eq(st.st_nlink, 1);
	cr_assert_eq(mel_cache_upper_check(&upper, true, &g.err), 0, "%s",
		     g.err ? g.err->text : "");

	write_file(upper.upper_path, "d/script", "changed\n", 0755);
	write_file(upper.upper_path, "new", "new\n", 0644);
	snprintf(path, sizeof(path), "%s/gone", upper.upper_path);
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(mel_cache_upper_prune(&upper, g.fd, true, &g.err), 0);
	cr_assert_eq(lstat(path, &st), 0);
	cr_assert(S_ISCHR(st.st_mode) ? st.st_rdev == 0
				      : getxattr(path, "user.overlay.whiteout", NULL, 0) == 1,
		  "no whiteout");
	cr_assert_not(has(upper.upper_path, "same"));
	cr_assert_not(has(upper.upper_path, "fifo"));
	cr_assert(has(upper.upper_path, "new") && has(upper.upper_path, "d/script"));
	cr_assert_not(has(upper.upper_path, "old"));
	cr_assert_not(has(upper.upper_path, "link"));
	mel_cache_upper_close(&upper, NULL, false, NULL);
	tear_down(&g);
}
