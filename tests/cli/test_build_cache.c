/* The build cache of the host in whole builds: modes, owners, refused places. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builds.h"

static const struct {
	const char *name, *script;
	const char *args[BUILD_ARGS_MAX];
	const char *env; /* of melange */
	int code;
	const char *host, *absent; /* below the place: a file that is there then, and one not */
	const char *says[BUILD_SAYS_MAX];
} cases[] = {
	{ "read-write: a new file is on the host",
	  "echo text >/var/cache/melange/x\nmkdir /var/cache/melange/dir",
	  { "--cache-dir=cache" },
	  NULL,
	  0,
	  "cache/x",
	  NULL,
	  { "build cache @DIR@/cache (rw)", "cache: @DIR@/cache (rw)\n" } },
	{ "read-write: an old file changes and goes",
	  "grep -q old /var/cache/melange/old\n"
	  "mv /var/cache/melange/old /var/cache/melange/x\nrm /var/cache/melange/sub/old",
	  { "--cache-dir=cache", "--cache-mode=rw" },
	  NULL,
	  0,
	  "cache/x",
	  "cache/sub/old",
	  { NULL } },
	{ "read-write: also when the step fails",
	  "echo text >/var/cache/melange/x\nfalse",
	  { "--cache-dir=cache" },
	  NULL,
	  1,
	  "cache/x",
	  NULL,
	  { NULL } },
	{ "read-only: reading",
	  "grep -q old /var/cache/melange/old",
	  { "--cache-dir=cache", "--cache-mode=ro" },
	  NULL,
	  0,
	  "cache/old",
	  NULL,
	  { "build cache @DIR@/cache (ro)" } },
	{ "read-only: a new file",
	  "touch /var/cache/melange/x",
	  { "--cache-dir=cache", "--cache-mode=ro" },
	  NULL,
	  1,
	  "cache/old",
	  "cache/x",
	  { "Read-only file system", "the cache is mounted read-only (--cache-mode=ro)" } },
	{ "read-only: an old file",
	  "rm /var/cache/melange/sub/old",
	  { "--cache-dir=cache" },
	  "MELANGE_CACHE_MODE=ro",
	  1,
	  "cache/sub/old",
	  NULL,
	  { "the cache is mounted read-only (--cache-mode=ro)" } },
	{ "read-only: another reason is not blamed on it",
	  "false",
	  { "--cache-dir=cache", "--cache-mode=ro" },
	  NULL,
	  1,
	  "cache/old",
	  NULL,
	  { NULL } },
	{ "the flag wins over the environment",
	  "touch /var/cache/melange/x",
	  { "--cache-dir=cache", "--cache-mode=rw" },
	  "MELANGE_CACHE_MODE=ro",
	  0,
	  "cache/x",
	  NULL,
	  { NULL } },
	{ "off: an empty folder of the build",
	  "[ -z \"$(ls -A /var/cache/melange)\" ]\ntouch /var/cache/melange/x\n"
	  "[ \"$(stat -c %U:%a /var/cache/melange)\" = build:755 ]",
	  { "--cache-dir=cache", "--cache-mode=off" },
	  NULL,
	  0,
	  "cache/old",
	  "cache/x",
	  { "cache: off" } },
	{ "no name: the same",
	  "[ -z \"$(ls -A /var/cache/melange)\" ]\ntouch /var/cache/melange/x",
	  { "--cache-dir=" },
	  NULL,
	  0,
	  NULL,
	  "cache/x",
	  { "cache: off" } },
	{ "the default folder, missing",
	  "[ -z \"$(ls -A /var/cache/melange)\" ]",
	  { NULL },
	  NULL,
	  0,
	  NULL,
	  "melange-cache",
	  { "cache: no cache found at @DIR@/melange-cache\n" } },
	{ "a named folder is made",
	  "touch /var/cache/melange/x",
	  { "--cache-dir=new/place" },
	  NULL,
	  0,
	  "new/place/x",
	  NULL,
	  { "made cache directory new/place", "build cache @DIR@/new/place (rw)" } },
	{ "through a link",
	  "touch /var/cache/melange/x",
	  { "--cache-dir=link" },
	  NULL,
	  0,
	  "cache/x",
	  NULL,
	  { "build cache @DIR@/cache (rw)" } },
	{ "files that tools protect",
	  "mkdir -p /var/cache/melange/mod\necho module >/var/cache/melange/mod/f\n"
	  "chmod 0444 /var/cache/melange/mod/f\nchmod 0555 /var/cache/melange/mod",
	  { "--cache-dir=cache" },
	  NULL,
	  0,
	  "cache/mod/f",
	  NULL,
	  { NULL } },
	{ "the root folder", "true", { "--cache-dir=/" }, NULL, 3, NULL, NULL, { "'/'" } },
	{ "a file",
	  "true",
	  { "--cache-dir=x.yaml" },
	  NULL,
	  3,
	  NULL,
	  NULL,
	  { "cache directory 'x.yaml' is not a directory" } },
	{ "below a file",
	  "true",
	  { "--cache-dir=x.yaml/cache" },
	  NULL,
	  3,
	  NULL,
	  NULL,
	  { "x.yaml/cache", "Not a directory" } },
	{ "in the out dir",
	  "true",
	  { "--cache-dir=@OUT@/cache" },
	  NULL,
	  3,
	  NULL,
	  NULL,
	  { "cache directory '@DIR@/packages/", "may not hold each other" } },
	{ "around the out dir",
	  "true",
	  { "--cache-dir=." },
	  NULL,
	  3,
	  NULL,
	  NULL,
	  { "cache directory '@DIR@'", "may not hold each other", "--cache-dir" } },
	{ "in the workspace",
	  "true",
	  { "--workspace-dir=work", "--cache-dir=@WORK@/cache" },
	  NULL,
	  3,
	  NULL,
	  NULL,
	  { "the workspace", "may not hold each other" } },
	{ "around the workspace",
	  "true",
	  { "--workspace-dir=work", "--cache-dir=work", "--out-dir=elsewhere" },
	  NULL,
	  3,
	  NULL,
	  NULL,
	  { "the workspace", "may not hold each other" } },
};

ParameterizedTestParameters(cache, modes)
{
	BUILD_PARAMETERS(BUILD_COUNTOF(cases));
}

/* Names that depend on the machine. */
static const char *with_machine(const char *arg)
{
	static char made[256];
	const char *out = build_out("cache");

	if (strcmp(arg, "--cache-dir=@OUT@/cache") == 0)
		snprintf(made, sizeof(made), "--cache-dir=%s", out);
	else if (strcmp(arg, "--cache-dir=@WORK@/cache") == 0)
		snprintf(made, sizeof(made), "--cache-dir=work/%s", out + strlen("packages/"));
	else
		return arg;
	return made;
}

/* What came into the cache belongs to the caller, down to the last folder. */
static void check_owner(const struct run_place *place, const char *path)
{
	struct stat st;

	cr_assert_eq(lstat(run_place_path(place, path), &st), 0, "no %s on the host", path);
	cr_assert_eq(st.st_uid, place->uid, "%s belongs to uid %u", path, st.st_uid);
	cr_assert_eq(st.st_gid, place->uid, "%s belongs to gid %u", path, st.st_gid);
}

ParameterizedTest(const size_t *i, cache, modes, .timeout = 60)
{
	struct run_place place RUN_AUTO_PLACE;
	struct run_result result RUN_AUTO_RESULT = { 0 };
	const char *args[BUILD_ARGS_MAX + 2] = { "--empty-workspace", "x.yaml" };
	const char *env[] = { NULL, NULL };
	const struct run_opts opts = { .env = env };
	size_t which;

	if (!build_place(&place, *i, &which) || !run_has_sandbox(&place))
		return;
	env[0] = cases[which].env;
	for (size_t arg = 0; cases[which].args[arg]; arg++)
		args[arg + 2] = with_machine(cases[which].args[arg]);
	build_write_step(&place, "x", cases[which].script);
	run_place_write(&place, "cache/old", "old\n");
	run_place_write(&place, "cache/sub/old", "old\n");
	cr_assert_eq(symlink("cache", run_place_path(&place, "link")), 0);
	build_melange(&result, &place, &opts, args);
	build_expect(&place, &result, cases[which].code, cases[which].says);
	cr_assert_eq(strstr(result.err, "--cache-mode=ro)") != NULL,
		     strstr(cases[which].name, "read-only: a") && cases[which].code &&
			     !strstr(cases[which].name, "another"),
		     "%s", result.err);
	if (cases[which].host)
		check_owner(&place, cases[which].host);
	if (cases[which].absent)
		cr_assert_eq(access(run_place_path(&place, cases[which].absent), F_OK), -1);
	build_check_clean(&place);
}

static void with_users(void (*check)(struct run_place *place))
{
	for (size_t i = 0, which; i < RUN_USERS_MAX; i++) {
		struct run_place place RUN_AUTO_PLACE;

		if (build_place(&place, i, &which) && run_has_sandbox(&place))
			check(&place);
	}
}

/* A folder made by us is nobody else's business. */
static void made_folder(struct run_place *place)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };
	struct stat st;

	build_write_step(place, "x", "touch /var/cache/melange/x");
	BUILD(&result, place, NULL, "--empty-workspace", "--cache-dir=a/b", "x.yaml");
	BUILD_EXPECT(place, &result, 0, NULL);
	cr_assert_eq(stat(run_place_path(place, "a/b"), &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0700, "mode %o", st.st_mode & 07777);
	check_owner(place, "a/b");
	check_owner(place, "a/b/x");
}

Test(cache, made_folder, .timeout = 60)
{
	with_users(made_folder);
}

/* The default folder is used when it exists, and is not copied into the workspace. */
static void default_folder(struct run_place *place)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };

	run_place_write(place, "melange-cache/old", "old\n");
	build_write_step(place, "x",
			 "[ -e x.yaml ]\nls -A\ncp /var/cache/melange/old new\n"
			 "touch /var/cache/melange/x\n"
			 "[ ! -e melange-cache ]\n[ ! -e packages ]");
	BUILD(&result, place, NULL, "x.yaml");
	BUILD_EXPECT(place, &result, 0, "build cache @DIR@/melange-cache (rw)");
	check_owner(place, "melange-cache/x");
}

Test(cache, default_folder, .timeout = 60)
{
	with_users(default_folder);
}

#define SECRET_SUM "3f54e0a9e4b36ed2a1d2a7a5cdbaf2c6f3f0d60a1e58ea25d1d9f0d9c1f8a5ee"

/* What a build planted in the cache does not lead a later build out of it. */
static void planted_links(struct run_place *place)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };

	run_place_write(place, "secret", "canary\n");
	build_write_step(place, "x",
			 "ln -sf @DIR@/secret /var/cache/melange/sha256:" SECRET_SUM);
	BUILD(&result, place, NULL, "--empty-workspace", "--cache-dir=cache", "x.yaml");
	cr_assert_eq(result.code, 0, "%s", result.err);
	run_result_clear(&result);
	build_write(place, "y",
		    "pipeline:\n  - uses: fetch\n    with:\n"
		    "      uri: http://127.0.0.1:1/f.txt\n      retry-limit: 1\n"
		    "      extract: false\n      expected-sha256: " SECRET_SUM "\n");
	BUILD(&result, place, NULL, "--empty-workspace", "--cache-dir=cache", "y.yaml");
	cr_assert_eq(result.code, 4, "%s", result.err);
	cr_assert(strstr(result.err, "is damaged and was moved"), "%s", result.err);
	cr_assert_not(strstr(result.err, "INFO canary"));
	build_check_clean(place);
}

Test(cache, planted_links, .timeout = 60)
{
	with_users(planted_links);
}
