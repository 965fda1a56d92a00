/* What a build starts from: the source directory in the workspace, and other roots. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builds.h"

static const char *const files[] = {
	"source/main.c",      "source/doc/a.md",       "source/doc/b.txt",
	"source/doc/keep.md", "source/build/o.o",      "source/sub/build/p.o",
	"source/top.log",     "source/sub/deep/x.log", "source/sub/deep/keep",
	"source/.hidden",
};

/* All names of the source, less our own, as a step sees them. */
#define ALL ".hidden " REST
#define REST                                                                                   \
	"build build/o.o doc doc/a.md doc/b.txt doc/keep.md main.c sub sub/build "             \
	"sub/build/p.o sub/deep sub/deep/keep sub/deep/x.log top.log "

static const struct {
	const char *name, *ignore, *want;
} cases[] = {
	{ "nothing left out", NULL, ALL },
	{ "comments and blanks", "# main.c\n\n   \n", ".hidden .melangeignore " REST },
	{ "by name, anywhere", "*.log\n",
	  ".hidden .melangeignore build build/o.o doc doc/a.md doc/b.txt doc/keep.md main.c "
	  "sub "
	  "sub/build sub/build/p.o sub/deep sub/deep/keep " },
	{ "a folder, anywhere", "build/\n",
	  ".hidden .melangeignore doc doc/a.md doc/b.txt doc/keep.md main.c sub sub/deep "
	  "sub/deep/keep sub/deep/x.log top.log " },
	{ "a folder at the top", "/build\n",
	  ".hidden .melangeignore doc doc/a.md doc/b.txt doc/keep.md main.c sub sub/build "
	  "sub/build/p.o sub/deep sub/deep/keep sub/deep/x.log top.log " },
	{ "exceptions, and itself", "doc/*.md\n!doc/keep.md\n.melangeignore\n",
	  ".hidden build build/o.o doc doc/b.txt doc/keep.md main.c sub sub/build "
	  "sub/build/p.o "
	  "sub/deep sub/deep/keep sub/deep/x.log top.log " },
	{ "the last rule wins", "!top.log\n*.log\n",
	  ".hidden .melangeignore build build/o.o doc doc/a.md doc/b.txt doc/keep.md main.c "
	  "sub "
	  "sub/build sub/build/p.o sub/deep sub/deep/keep " },
	{ "two stars", "sub/**/x.log\nmain.c\r\n",
	  ".hidden .melangeignore build build/o.o doc doc/a.md doc/b.txt doc/keep.md sub "
	  "sub/build sub/build/p.o sub/deep sub/deep/keep top.log " },
	{ "everything but one", "*\n!main.c\n", "main.c " },
};

ParameterizedTestParameters(source, ignore)
{
	BUILD_PARAMETERS(BUILD_COUNTOF(cases));
}

ParameterizedTest(const size_t *i, source, ignore, .timeout = 60)
{
	struct run_place place RUN_AUTO_PLACE;
	struct run_result result RUN_AUTO_RESULT = { 0 };
	size_t which;

	if (!build_place(&place, *i, &which) || !run_has_sandbox(&place))
		return;
	for (size_t file = 0; file < BUILD_COUNTOF(files); file++)
		run_place_write(&place, files[file], "text\n");
	if (cases[which].ignore)
		run_place_write(&place, "source/.melangeignore", cases[which].ignore);
	build_write_step(&place, "x",
			 "printf 'names: '\n"
			 "find . -mindepth 1 ! -path './melange-out*' ! -path './.melange.*' "
			 "! -path './.config*' | sed 's|^./||' | LC_ALL=C sort | tr '\\n' ' '\n"
			 "echo end");
	BUILD(&result, &place, NULL, "--source-dir=source", "x.yaml");
	cr_assert_eq(result.code, 0, "%s", result.err);

	const char *names = strstr(result.err, "INFO names: ");
	size_t len = strlen(cases[which].want);

	cr_assert(names, "%s", result.err);
	names += strlen("INFO names: ");
	cr_assert(strncmp(names, cases[which].want, len) == 0 &&
			  strncmp(names + len, "end", 3) == 0,
		  "%s: wanted %s\n%s", cases[which].name, cases[which].want, names);
}

static void with_users(void (*check)(struct run_place *place))
{
	for (size_t i = 0, which; i < RUN_USERS_MAX; i++) {
		struct run_place place RUN_AUTO_PLACE;

		if (build_place(&place, i, &which) && run_has_sandbox(&place))
			check(&place);
	}
}

static void give(const struct run_place *place, const char *path, mode_t mode)
{
	const char *full = run_place_path(place, path);

	if (geteuid() == 0)
		cr_assert_eq(lchown(full, place->uid, place->uid), 0);
	if (mode)
		cr_assert_eq(chmod(full, mode), 0);
}

/* Links are copied as such, empty folders too; what is read-only can be written by the build;
 * the source itself stays as it is. */
static void kinds(struct run_place *place)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };
	struct stat st;
	char *text;

	run_place_write(place, "source/file", "before\n");
	run_place_write(place, "source/tool", "#!/bin/sh\necho tool runs\n");
	run_place_write(place, "source/folder/inner", "inner\n");
	cr_assert_eq(mkdir(run_place_path(place, "source/empty"), 0755), 0);
	cr_assert_eq(symlink("file", run_place_path(place, "source/link")), 0);
	cr_assert_eq(symlink("nowhere", run_place_path(place, "source/dangling")), 0);
	cr_assert_eq(symlink("/etc", run_place_path(place, "source/absolute")), 0);
	cr_assert_eq(mkfifo(run_place_path(place, "source/pipe"), 0644), 0);
	give(place, "source/empty", 0);
	give(place, "source/file", 0444);
	give(place, "source/tool", 0555);
	give(place, "source/folder", 0555);
	build_write_step(place, "x",
			 "[ \"$(readlink link)\" = file ]\n"
			 "[ \"$(readlink dangling)\" = nowhere ]\n"
			 "[ \"$(readlink absolute)\" = /etc ]\n"
			 "[ -d empty ]\n"
			 "[ ! -e pipe ]\n"
			 "./tool\n"
			 "[ \"$(stat -c %a:%U file tool folder | tr '\\n' ' ')\" = "
			 "'644:build 755:build 755:build ' ]\n"
			 "echo after >file\n"
			 "echo new >folder/new\n"
			 "rm -r folder");
	BUILD(&result, place, NULL, "--source-dir=source", "x.yaml");
	BUILD_EXPECT(place, &result, 0, "INFO tool runs");
	text = run_place_read(place, "source/file");
	cr_assert_str_eq(text, "before\n");
	free(text);
	cr_assert_eq(stat(run_place_path(place, "source/folder/inner"), &st), 0);
	build_check_clean(place);
}

Test(source, kinds, .timeout = 60)
{
	with_users(kinds);
}

/* Without --source-dir it is the folder of the build file. */
static void beside_file(struct run_place *place)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };
	char *text;

	build_write_step(place, "x", "grep -q text beside\n[ ! -e far ]");
	text = run_place_read(place, "x.yaml");
	run_place_write(place, "folder/x.yaml", text);
	free(text);
	run_place_write(place, "folder/beside", "text\n");
	run_place_write(place, "far", "text\n");
	BUILD(&result, place, NULL, "folder/x.yaml");
	BUILD_EXPECT(place, &result, 0, NULL);
}

Test(source, beside_file, .timeout = 60)
{
	with_users(beside_file);
}

/* --- a workspace of the user's -------------------------------------------------------------
 */

static void user_workspace(struct run_place *place)
{
	struct run_result first RUN_AUTO_RESULT = { 0 }, kept RUN_AUTO_RESULT = { 0 },
				refused RUN_AUTO_RESULT = { 0 };
	char path[256], *names;

	build_write_step(place, "x", "echo text >result");
	BUILD(&first, place, NULL, "--empty-workspace", "--workspace-dir=kept", "x.yaml");
	BUILD_EXPECT(place, &first, 0, NULL);
	names = build_list(place, "kept");
	cr_assert_str_eq(names, "", "left: %s", names);
	free(names);

	BUILD(&kept, place, NULL, "--empty-workspace", "--workspace-dir=kept", "--rm=false",
	      "x.yaml");
	BUILD_EXPECT(place, &kept, 0, "the workspace is kept at @DIR@/kept/");
	names = build_list(place, "kept");
	cr_assert(strstr(names, "/result\n"), "%s", names);
	free(names);

	snprintf(path, sizeof(path), "mine/%s", build_out("precious") + strlen("packages/"));
	run_place_write(place, path, "precious\n");
	BUILD(&refused, place, NULL, "--empty-workspace", "--workspace-dir=mine", "x.yaml");
	BUILD_EXPECT(place, &refused, 3, "'mine/", "is not empty and was not made by a build");
	cr_assert_eq(access(run_place_path(place, path), F_OK), 0);
}

Test(source, user_workspace, .timeout = 60)
{
	with_users(user_workspace);
}

/* --- a root of the user's ------------------------------------------------------------------
 */

/* busybox, its libraries if it needs any, and nothing else. */
static const char make_tree[] =
	"set -e\n"
	"mkdir -p tree/bin tree/etc tree/usr/share\n"
	"cp \"$(command -v busybox)\" tree/bin/busybox\n"
	"for name in sh ls cat echo mkdir test [ id stat grep readlink touch; do\n"
	"  ln -s busybox tree/bin/$name\n"
	"done\n"
	"ldd tree/bin/busybox 2>/dev/null | grep -o '/[^ ]*' | while read -r lib; do\n"
	"  mkdir -p \"tree${lib%/*}\"\n"
	"  cp \"$lib\" \"tree$lib\"\n"
	"done\n"
	"echo 'root:x:0:0::/root:/bin/sh' >tree/etc/passwd\n"
	"echo of-the-tree >tree/etc/canary\n";

static void own_root(struct run_place *place)
{
	const char *const args[] = { "-c", make_tree, NULL };
	struct run_result made RUN_AUTO_RESULT = { 0 }, built RUN_AUTO_RESULT = { 0 };
	char *before, *after;

	run_program(&made, place, NULL, "sh", args);
	cr_assert_eq(made.code, 0, "%s", made.err);
	before = build_list(place, "tree");
	build_write_step(place, "x",
			 "grep -q of-the-tree /etc/canary\n"
			 "[ \"$(id -u)\" = 1000 ]\n"
			 "[ ! -e /usr/bin/env ]\n"
			 "[ ! -e /bin/bash ]\n"
			 "[ \"$PWD\" = /home/build ]\n"
			 "mkdir -p melange-out/x/usr\n"
			 "echo text >melange-out/x/usr/f\n"
			 "touch /var/cache/melange/new");
	BUILD(&built, place, NULL, "--root=dir:tree", "--cache-dir=cache", "--empty-workspace",
	      "x.yaml");
	BUILD_EXPECT(place, &built, 0, "environment: root dir:@DIR@/tree");
	cr_assert_eq(access(run_place_path(place, "cache/new"), F_OK), 0);
	after = build_list(place, "tree");
	cr_assert_str_eq(after, before, "the tree was changed");
	free(before);
	free(after);
	build_check_clean(place);
}

Test(source, own_root, .timeout = 60)
{
	with_users(own_root);
}
