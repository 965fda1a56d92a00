/*
 * Targets inside a root, and removal of trees.
 */
#include "sandbox/init.h"
#include "sandbox/internal.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNTOF(a) (sizeof(a) / sizeof((a)[0]))

static char *make_dir(void)
{
	static char dir[32];

	strcpy(dir, "/tmp/sbx-unit-XXXXXX");
	cr_assert(mkdtemp(dir), "%s", strerror(errno));
	return dir;
}

#define DIR    INIT_TARGET_DIR
#define FILE_  INIT_TARGET_FILE
#define CREATE INIT_TARGET_CREATE
#define REAL   INIT_TARGET_REAL

/* In a root with: dir/, dir/file, up -> .., out -> /tmp, in -> /dir, loop -> loop, fifo,
 * dangling -> /made/up, chain -> in, outer -> ../../../dir */
static const struct {
	const char *path;
	unsigned flags;
	int errnum;       /* expected, or 0 */
	const char *same; /* then it is the same as this below the root */
} targets[] = {
	{ "/", DIR, 0, "." },
	{ "/dir", DIR, 0, "dir" },
	{ "/dir/", DIR, 0, "dir" },
	{ "//dir//.//file", FILE_, 0, "dir/file" },
	{ "/dir", FILE_, EISDIR, NULL },
	{ "/dir/file", DIR, ENOTDIR, NULL },
	{ "/dir/file/x", DIR | CREATE, ENOTDIR, NULL },
	{ "/fifo", FILE_, EINVAL, NULL },
	{ "/none", DIR, ENOENT, NULL },
	{ "/in/file", FILE_, 0, "dir/file" },
	{ "/chain/file", FILE_, 0, "dir/file" },
	{ "/in/file", FILE_ | REAL, ELOOP, NULL },
	{ "/up/dir", DIR, 0, "dir" },
	{ "/outer/file", FILE_, 0, "dir/file" },
	{ "/loop", DIR, ELOOP, NULL },
	{ "/loop/x", DIR | CREATE, ELOOP, NULL },
	{ "/out", DIR, ENOENT, NULL },
	{ "/out/new", DIR | CREATE, 0, "tmp/new" },
	{ "/up/up/new/deep", DIR | CREATE, 0, "new/deep" },
	{ "/in/new/file", FILE_ | CREATE, 0, "dir/new/file" },
	{ "/dangling", FILE_ | CREATE, 0, "made/up" },
	{ "/dangling", DIR | CREATE, 0, "made/up" },
	{ "/dangling/more", FILE_ | CREATE, 0, "made/up/more" },
	{ "/new/link", DIR | CREATE | REAL, 0, "new/link" },
	{ "/in/new", DIR | CREATE | REAL, ELOOP, NULL },
};

static void fill(const char *dir)
{
	cr_assert_eq(chdir(dir), 0);
	mkdir("dir", 0755);
	close(open("dir/file", O_WRONLY | O_CREAT, 0644));
	cr_assert_eq(symlink("..", "up"), 0);
	cr_assert_eq(symlink("/tmp", "out"), 0);
	cr_assert_eq(symlink("/dir", "in"), 0);
	cr_assert_eq(symlink("in", "chain"), 0);
	cr_assert_eq(symlink("loop", "loop"), 0);
	cr_assert_eq(symlink("/made/up", "dangling"), 0);
	cr_assert_eq(symlink("../../../dir", "outer"), 0);
	cr_assert_eq(mkfifo("fifo", 0644), 0);
}

ParameterizedTestParameters(target, cases)
{
	static size_t index[COUNTOF(targets)];

	for (size_t i = 0; i < COUNTOF(targets); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, COUNTOF(targets));
}

ParameterizedTest(const size_t *i, target, cases, .timeout = 10)
{
	const char *dir = make_dir();
	struct stat a, b;
	int call = 0, root;
	long fd;

	fill(dir);
	root = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	fd = init_target_open(root, targets[*i].path, targets[*i].flags, &call);
	if (targets[*i].errnum) {
		cr_assert_eq(fd, -targets[*i].errnum, "%s: %ld", targets[*i].path, fd);
	} else {
		cr_assert_geq(fd, 0, "%s: %s", targets[*i].path, strerror((int)-fd));
		cr_assert_eq(fstat((int)fd, &a), 0);
		cr_assert_eq(fstatat(root, targets[*i].same, &b, AT_SYMLINK_NOFOLLOW), 0,
			     "%s: no '%s'", targets[*i].path, targets[*i].same);
		cr_assert(a.st_ino == b.st_ino && a.st_dev == b.st_dev, "%s: elsewhere",
			  targets[*i].path);
		close((int)fd);
	}
	close(root);
	cr_assert_eq(chdir("/"), 0);
	cr_assert_eq(sbx_remove_tree(AT_FDCWD, dir, &call), 0);
}

Test(target, proc, .timeout = 5)
{
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int call;

	cr_assert_eq(init_target_open(root, "/proc/sys", DIR | INIT_TARGET_PLAIN, &call),
		     -EINVAL);
	cr_assert_eq(init_target_open(root, "/proc/self/cwd", DIR, &call), -ELOOP);
	cr_assert_eq(init_target_open(root, "/proc/self/root/none", DIR | CREATE, &call),
		     -ELOOP);
	cr_assert(init_is_fs(root, 0) == false);
	close(root);
}

Test(target, long_names, .timeout = 5)
{
	const char *dir = make_dir();
	char path[300] = "/";
	int root, call;
	long fd;

	cr_assert_eq(chdir(dir), 0);
	root = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	memset(path + 1, 'n', 256);
	cr_assert_eq(init_target_open(root, path, DIR | CREATE, &call), -ENAMETOOLONG);
	path[256] = '\0';
	fd = init_target_open(root, path, DIR | CREATE, &call);
	cr_assert_geq(fd, 0);
	close((int)fd);
	close(root);
	cr_assert_eq(chdir("/"), 0);
	cr_assert_eq(sbx_remove_tree(AT_FDCWD, dir, &call), 0);
}

/* 3 000 levels, links to elsewhere, directories that nobody may enter. */
Test(removal, tree, .timeout = 30)
{
	const char *dir = make_dir();
	const char *outside;
	char kept[32], path[64];
	int call = 0;

	snprintf(kept, sizeof(kept), "%s", dir);
	outside = make_dir();
	snprintf(path, sizeof(path), "%s/kept", outside);
	close(open(path, O_WRONLY | O_CREAT, 0644));
	cr_assert_eq(chdir(kept), 0);
	cr_assert_eq(symlink(outside, "link"), 0);
	cr_assert_eq(mkdir("closed", 0755) | mkdir("closed/in", 0755), 0);
	close(open("closed/in/file", O_WRONLY | O_CREAT, 0644));
	cr_assert_eq(chmod("closed/in", 0) | chmod("closed", 0), 0);
	for (int i = 0; i < 3000; i++) {
		cr_assert_eq(mkdir("d", 0755), 0);
		if (i % 100 == 0)
			close(open("f", O_WRONLY | O_CREAT, 0644));
		cr_assert_eq(chdir("d"), 0);
	}
	cr_assert_eq(chdir("/"), 0);
	cr_assert_eq(sbx_remove_tree(AT_FDCWD, kept, &call), 0, "call %d", call);
	cr_assert_neq(access(kept, F_OK), 0);
	cr_assert_eq(access(path, F_OK), 0, "followed a link");
	cr_assert_eq(sbx_remove_tree(AT_FDCWD, kept, &call), 0,
		     "nothing to remove is no error");
	cr_assert_eq(sbx_remove_tree(AT_FDCWD, outside, &call), 0);
	cr_assert_eq(sbx_remove_tree(AT_FDCWD, "/proc/self/comm", &call) < 0, true);
}
