/* Commit and address of the repository that holds a build file. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/slice.h"
#include "cmd/git.h"

static const struct {
	const char *remote, *want; /* NULL: no public address */
} urls[] = {
	{ "https://github.com/o/r", "https://github.com/o/r" },
	{ "https://github.com/o/r.git", "https://github.com/o/r" },
	{ "https://github.com/o/r.git/", "https://github.com/o/r" },
	{ "https://user:secret@github.com/o/r.git", "https://github.com/o/r" },
	{ "https://token@host:8443/a/b", "https://host:8443/a/b" },
	{ "http://host/r", "http://host/r" },
	{ "git@github.com:o/r.git", "https://github.com/o/r" },
	{ "ssh://git@host:2222/o/r.git", "https://host/o/r" },
	{ "ssh://host/o/r", "https://host/o/r" },
	{ "git://host/o/r", "https://host/o/r" },
	{ "/srv/git/r.git", NULL },
	{ "../r", NULL },
	{ "file:///srv/r", NULL },
	{ "folder/with:colon", NULL },
	{ "https://host", NULL },
	{ "", NULL },
};

ParameterizedTestParameters(git, url)
{
	static size_t index[MEL_COUNTOF(urls)];

	for (size_t i = 0; i < MEL_COUNTOF(urls); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, MEL_COUNTOF(urls));
}

ParameterizedTest(const size_t *i, git, url, .timeout = 10)
{
	struct mel_arena arena MEL_AUTO_ARENA = { NULL, 0 };
	const char *got = mel_git_public_url(urls[*i].remote, &arena);

	if (urls[*i].want)
		cr_assert(got && mel_text_eq(got, urls[*i].want), "%s: %s", urls[*i].remote,
			  got ? got : "none");
	else
		cr_assert_null(got, "%s: %s", urls[*i].remote, got);
}

static char top[] = "/tmp/melange-git-XXXXXX";

static void put(const char *path, const char *text)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	MEL_AUTO_FREE char *full = mel_asprintf("%s/%s", top, path);
	MEL_AUTO_FREE char *folder =
		mel_strndup(full, (size_t)(mel_text_basename(full) - full));

	cr_assert_eq(mel_mkdirs(AT_FDCWD, folder, 0755, &err), 0);
	cr_assert_eq(mel_file_write(AT_FDCWD, full, text, strlen(text), 0644, &err), 0);
}

static void make(void)
{
	strcpy(strrchr(top, '-'), "-XXXXXX");
	cr_assert(mkdtemp(top));
}

static void clear(void)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;

	mel_rmtree(AT_FDCWD, top, &err);
}

#define HASH_A "0123456789012345678901234567890123456789"
#define HASH_B "abcdefabcdefabcdefabcdefabcdefabcdefabcd"

/* Find the repository of the file and read all of it, with no program named git at hand. */
static bool read_without_git(struct mel_git *git, const char *file, struct mel_arena *arena)
{
	MEL_AUTO_FREE char *full = mel_asprintf("%s/%s", top, file);

	setenv("PATH", "/nonexistent", 1);
	if (!mel_git_find(git, full, arena))
		return false;
	mel_git_read_commit(git, arena);
	mel_git_read_url(git, arena);
	return true;
}

Test(git, loose_ref_and_origin, .init = make, .fini = clear, .timeout = 10)
{
	struct mel_arena arena MEL_AUTO_ARENA = { NULL, 0 };
	struct mel_git git;

	put(".git/HEAD", "ref: refs/heads/main\n");
	put(".git/refs/heads/main", HASH_A "\n");
	put(".git/packed-refs", "# pack-refs\n" HASH_B " refs/heads/main\n");
	put(".git/config", "[core]\n\tbare = false\n[remote \"fork\"]\n\turl = https://x/y\n"
			   "[remote \"origin\"]\n\turl = git@h.org:o/r.git\n");
	put("os/hello.yaml", "");
	cr_assert(read_without_git(&git, "os/hello.yaml", &arena));
	cr_assert_str_eq(git.path, "os/hello.yaml");
	cr_assert_str_eq(git.commit, HASH_A);
	cr_assert_str_eq(git.url, "https://h.org/o/r");
}

Test(git, packed_ref, .init = make, .fini = clear, .timeout = 10)
{
	struct mel_arena arena MEL_AUTO_ARENA = { NULL, 0 };
	struct mel_git git;

	put(".git/HEAD", "ref: refs/heads/main\n");
	put(".git/packed-refs",
	    "# pack-refs\n" HASH_A " refs/heads/main2\n" HASH_B " refs/heads/main\n");
	cr_assert(read_without_git(&git, "hello.yaml", &arena));
	cr_assert_str_eq(git.path, "hello.yaml");
	cr_assert_str_eq(git.commit, HASH_B);
	cr_assert_null(git.url);
}

Test(git, worktree, .init = make, .fini = clear, .timeout = 10)
{
	struct mel_arena arena MEL_AUTO_ARENA = { NULL, 0 };
	struct mel_git git;

	put("main/.git/refs/heads/side", HASH_A "\n");
	put("main/.git/worktrees/w/HEAD", "ref: refs/heads/side\n");
	put("main/.git/worktrees/w/commondir", "../..\n");
	put("w/.git", "gitdir: ../main/.git/worktrees/w\n");
	cr_assert(read_without_git(&git, "w/x.yaml", &arena));
	cr_assert_str_eq(git.path, "x.yaml");
	cr_assert_str_eq(git.commit, HASH_A);
}

Test(git, detached_unborn_and_none, .init = make, .fini = clear, .timeout = 10)
{
	struct mel_arena arena MEL_AUTO_ARENA = { NULL, 0 };
	struct mel_git git;

	cr_assert_not(read_without_git(&git, "x.yaml", &arena));
	cr_assert_not(read_without_git(&git, "no/such/folder/x.yaml", &arena));
	put(".git/HEAD", HASH_B "\n");
	cr_assert(read_without_git(&git, "x.yaml", &arena));
	cr_assert_str_eq(git.commit, HASH_B);
	put(".git/HEAD", "ref: refs/heads/unborn\n");
	cr_assert(read_without_git(&git, "x.yaml", &arena));
	cr_assert_null(git.commit);
	put(".git/HEAD", "ref: ../../etc/passwd\n");
	cr_assert(read_without_git(&git, "x.yaml", &arena));
	cr_assert_null(git.commit);
}

static void shell(const char *script)
{
	MEL_AUTO_FREE char *line =
		mel_asprintf("cd %s && { %s; } >/dev/null 2>&1", top, script);

	cr_assert_eq(system(line), 0, "%s", script);
}

Test(git, a_changed_file_is_dirty, .init = make, .fini = clear, .timeout = 30)
{
	struct mel_arena arena MEL_AUTO_ARENA = { NULL, 0 };
	MEL_AUTO_FREE char *file = NULL;
	struct mel_git git;
	int64_t seconds = 0;

	if (system("git --version >/dev/null 2>&1") != 0)
		cr_skip_test("git is not installed");
	put("a.yaml", "a\n");
	put("b.yaml", "b\n");
	setenv("HOME", top, 1);
	shell("git init -q . && git add a.yaml b.yaml && GIT_AUTHOR_DATE=@1000000000Z "
	      "GIT_COMMITTER_DATE=@1000000000Z git -c user.name=n -c user.email=e commit "
	      "-qm m");
	file = mel_asprintf("%s/a.yaml", top);
	put("b.yaml", "changed\n");
	cr_assert(mel_git_find(&git, file, &arena));
	mel_git_read_commit(&git, &arena);
	cr_assert(git.commit && strlen(git.commit) == 40, "%s", git.commit);
	cr_assert(mel_git_time(&git, &seconds));
	cr_assert_eq(seconds, 1000000000);
	put("a.yaml", "changed\n");
	mel_git_read_commit(&git, &arena);
	cr_assert(mel_text_ends(git.commit, "-dirty"), "%s", git.commit);
	put("new.yaml", "new\n");
	git.path = "new.yaml";
	mel_git_read_commit(&git, &arena);
	cr_assert(mel_text_ends(git.commit, "-dirty"), "%s", git.commit);
}
