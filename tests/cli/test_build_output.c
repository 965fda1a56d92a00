/* What builds leave in the out dir: index, packages, log; the same bytes everywhere. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builds.h"

/* Run check for every user who is available and can make a sandbox. */
static void with_users(void (*check)(struct run_place *place))
{
	for (size_t i = 0, which; i < RUN_USERS_MAX; i++) {
		struct run_place place RUN_AUTO_PLACE;

		if (build_place(&place, i, &which) && run_has_sandbox(&place))
			check(&place);
	}
}

static size_t count(const char *text, const char *what)
{
	size_t found = 0;

	for (; text && (text = strstr(text, what)); text += strlen(what))
		found++;
	return found;
}

static void check_index(const struct run_place *place, const char *const *want)
{
	char *index = build_member(place, "APKINDEX.tar.gz", "APKINDEX");
	size_t len = 0;

	cr_assert(index, "no index");
	for (; want[len]; len++)
		cr_assert_eq(count(index, want[len]), 1, "'%s' in\n%s", want[len], index);
	cr_assert_eq(count(index, "P:"), len, "%s", index);
	free(index);
}
#define CHECK_INDEX(place, ...) check_index(place, (const char *const[]){ __VA_ARGS__, NULL })

/* --- index ---------------------------------------------------------------------------------
 */

static void index_merge(struct run_place *place)
{
	struct run_result first RUN_AUTO_RESULT = { 0 }, second RUN_AUTO_RESULT = { 0 },
				again RUN_AUTO_RESULT = { 0 };
	char *one, *two;

	build_keygen(place);
	build_write_step(place, "a", "mkdir -p melange-out/a/usr\necho 1 >melange-out/a/usr/f");
	build_write_step(place, "b", "mkdir -p melange-out/b/usr\necho 2 >melange-out/b/usr/f");
	BUILD(&first, place, NULL, "--empty-workspace", "--signing-key=test.rsa", "a.yaml");
	BUILD_EXPECT(place, &first, 0, NULL);
	CHECK_INDEX(place, "P:a\nV:1.0-r0\n");
	BUILD(&second, place, NULL, "--empty-workspace", "--signing-key=test.rsa", "b.yaml");
	BUILD_EXPECT(place, &second, 0, NULL);
	CHECK_INDEX(place, "P:a\nV:1.0-r0\n", "P:b\nV:1.0-r0\n");

	/* the same package again replaces its entry */
	one = build_member(place, "APKINDEX.tar.gz", "APKINDEX");
	build_write_step(place, "a",
			 "mkdir -p melange-out/a/usr\necho other >melange-out/a/usr/f");
	BUILD(&again, place, NULL, "--empty-workspace", "--signing-key=test.rsa", "a.yaml");
	BUILD_EXPECT(place, &again, 0, NULL);
	CHECK_INDEX(place, "P:a\nV:1.0-r0\n", "P:b\nV:1.0-r0\n");
	two = build_member(place, "APKINDEX.tar.gz", "APKINDEX");
	cr_assert_str_neq(one, two, "the entry is the old one");
	free(one);
	free(two);

	char *names = build_members(place, "APKINDEX.tar.gz");

	cr_assert_str_eq(names, ".SIGN.RSA256.test.rsa.pub\nAPKINDEX\nDESCRIPTION\n");
	free(names);
	build_check_clean(place);
}

Test(output, index_merge, .timeout = 60)
{
	with_users(index_merge);
}

/* Builds at the same time share one out dir. */
static void concurrent(struct run_place *place)
{
	static const char script[] =
		"for name in a b c d e f; do\n"
		"  ./melange build --network=none --empty-workspace --signing-key=test.rsa "
		"$name.yaml 2>$name.log &\n"
		"done\n"
		"wait\n"
		"cat *.log >&2\n";
	const char *const args[] = { "-c", script, NULL };
	struct run_result result RUN_AUTO_RESULT = { 0 };
	char temp[128], name[] = "a";
	const char *const env[] = { temp, NULL };
	const struct run_opts opts = { .env = env, .timeout_s = 60 };

	snprintf(temp, sizeof(temp), "TMPDIR=%s/tmp", place->dir);
	build_keygen(place);
	for (; name[0] <= 'f'; name[0]++)
		build_write_step(place, name, "true");
	run_program(&result, place, &opts, "sh", args);
	cr_assert_eq(count(result.err, "built 1 package in"), 6, "%s", result.err);
	CHECK_INDEX(place, "P:a\n", "P:b\n", "P:c\n", "P:d\n", "P:e\n", "P:f\n");
	build_check_clean(place);
}

Test(output, concurrent, .timeout = 120)
{
	with_users(concurrent);
}

static void no_index(struct run_place *place)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };

	build_write_step(place, "x", "true");
	BUILD(&result, place, NULL, "--empty-workspace", "--generate-index=false", "x.yaml");
	BUILD_EXPECT(place, &result, 0, NULL);
	cr_assert_eq(access(run_place_path(place, build_out("x-1.0-r0.apk")), F_OK), 0);
	cr_assert_eq(access(run_place_path(place, build_out("APKINDEX.tar.gz")), F_OK), -1);
}

Test(output, no_index, .timeout = 60)
{
	with_users(no_index);
}

/* An index that cannot be read is neither lost nor half merged, and the package does not come
 * without it. */
static void broken_index(struct run_place *place)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };
	const char *index = build_out("APKINDEX.tar.gz");
	char *text;

	build_write_step(place, "x", "true");
	run_place_write(place, index, "this is no index\n");
	if (geteuid() == 0) {
		char *folder = strdup(run_place_path(place, index));

		*strrchr(folder, '/') = '\0';
		cr_assert_eq(chown(folder, place->uid, place->uid), 0);
		free(folder);
	}
	BUILD(&result, place, NULL, "--empty-workspace", "x.yaml");
	cr_assert_neq(result.code, 0, "%s", result.err);
	cr_assert(strstr(result.err, "APKINDEX.tar.gz"), "%s", result.err);
	text = run_place_read(place, index);
	cr_assert_str_eq(text, "this is no index\n");
	free(text);
	cr_assert_eq(access(run_place_path(place, build_out("x-1.0-r0.apk")), F_OK), -1);
	build_check_clean(place);
}

Test(output, broken_index, .timeout = 60)
{
	with_users(broken_index);
}

/* --- packages ------------------------------------------------------------------------------
 */

static void empty_package(struct run_place *place)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };

	build_write(
		place, "x",
		"pipeline:\n  - runs: mkdir -p melange-out/x/usr && touch melange-out/x/usr/f\n"
		"subpackages:\n  - name: x-doc\n    pipeline:\n      - runs: 'true'\n");
	BUILD(&result, place, NULL, "--empty-workspace", "x.yaml");
	BUILD_EXPECT(place, &result, 0, "WARN package x-doc has no files", "built 2 packages");
	cr_assert_not(strstr(result.err, "WARN package x has"), "%s", result.err);
	CHECK_INDEX(place, "P:x\n", "P:x-doc\n");
}

Test(output, empty_package, .timeout = 60)
{
	with_users(empty_package);
}

/* The log file holds what the terminal saw. */
static void log_file(struct run_place *place)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };
	char path[256], *text;

	snprintf(path, sizeof(path), "packages/logs/%s", build_out("x-1.0-r0.log") + 9);
	build_write_step(place, "x", "echo to-stdout\necho to-stderr >&2\nfalse");
	BUILD(&result, place, NULL, "--empty-workspace", "x.yaml");
	BUILD_EXPECT(place, &result, 1, "INFO to-stdout", "WARN to-stderr");
	text = run_place_read(place, path);
	cr_assert(text, "no %s", path);
	cr_assert(strstr(text, "INFO to-stdout") && strstr(text, "WARN to-stderr") &&
			  strstr(text, "failed: exit status 1"),
		  "%s", text);
	free(text);
}

Test(output, log_file, .timeout = 60)
{
	with_users(log_file);
}

/* Owners are root's, modes and links stay, whoever builds. */
static void entries(struct run_place *place)
{
	static const char script[] =
		"cd melange-out/x\n"
		"mkdir -p a/b usr/bin\nchmod 0711 a/b\necho 1 >a/file\nchmod 0640 a/file\n"
		"ln -s file a/link\nln a/file a/hard\nmkfifo a/pipe\n"
		"echo 2 >usr/bin/tool\nchmod 4755 usr/bin/tool\n";
	struct run_result built RUN_AUTO_RESULT = { 0 }, listed RUN_AUTO_RESULT = { 0 };
	const char *const args[] = { "--numeric-owner", "-tvzf", build_out("x-1.0-r0.apk"),
				     NULL };
	static const char *const want[] = {
		"drwx--x--x 0/0 ", "-rw-r----- 0/0 ", "lrwxrwxrwx 0/0 ", "prw-r--r-- 0/0 ",
		"-rwsr-xr-x 0/0 ", " a/link -> file", " a/hard",
	};

	build_write_step(place, "x", script);
	BUILD(&built, place, NULL, "--empty-workspace", "x.yaml");
	BUILD_EXPECT(place, &built, 0, NULL);
	run_program(&listed, place, NULL, "tar", args);
	for (size_t i = 0; i < BUILD_COUNTOF(want); i++)
		cr_assert(strstr(listed.out, want[i]), "no '%s' in\n%s%s", want[i], listed.out,
			  listed.err);
}

Test(output, entries, .timeout = 60)
{
	with_users(entries);
}

/* --- the same bytes ------------------------------------------------------------------------
 */

static const struct {
	const char *name;
	size_t user; /* 0: the caller, 1: the other one, if there is one */
	mode_t umask_;
	const char *env[4];
	const char *cwd;
} places[] = {
	{ "plain", 0, 022, { NULL }, "here" },
	{ "umask 077, other user", 1, 077, { "LC_ALL=C.UTF-8", NULL }, "here" },
	{ "umask 0, time zone",
	  0,
	  0,
	  { "TZ=Asia/Tokyo", "LANG=de_DE.UTF-8" },
	  "a/long/way/down" },
	{ "umask 027, another folder", 1, 027, { "TZ=America/New_York" }, "x" },
};

static const char recipe[] =
	"  dependencies:\n    runtime: [one, two]\n    provides: [three=1]\n"
	"  scriptlets:\n    post-install: echo installed\n"
	"pipeline:\n"
	"  - runs: |\n"
	"      for i in $(seq 1 40); do\n"
	"        mkdir -p melange-out/x/usr/share/d$i\n"
	"        echo $i >melange-out/x/usr/share/d$i/f$((i * 7 % 11))\n"
	"      done\n"
	"      cp -a source melange-out/x/usr/share/source\n"
	"      date >melange-out/x/usr/share/zone-and-no-time; : >melange-out/x/usr/share/"
	"zone-and-no-time\n"
	"      ls | sort >melange-out/x/usr/share/listing\n"
	"      ln -s d1 melange-out/x/usr/share/link\n"
	"      touch -d 2001-01-01 melange-out/x/usr/share/old\n"
	"      umask 077; mkdir melange-out/x/usr/private; echo >melange-out/x/usr/private/f\n"
	"subpackages:\n"
	"  - name: x-data\n"
	"    pipeline:\n"
	"      - runs: |\n"
	"          mkdir -p melange-out/x-data/usr\n"
	"          mv melange-out/x/usr/share/d2 melange-out/x-data/usr\n";

/* A build in the folder cwd of a place of its own; its out dir is "packages" of the place. */
static void build_there(const struct run_place *place, size_t which, const char *key)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };
	const struct run_opts opts = { .env = places[which].env, .cwd = places[which].cwd };
	char path[128], *text;

	build_write(place, "x", recipe);
	text = run_place_read(place, "x.yaml");
	snprintf(path, sizeof(path), "%s/x.yaml", places[which].cwd);
	run_place_write(place, path, text);
	free(text);
	snprintf(path, sizeof(path), "%s/source/b", places[which].cwd);
	run_place_write(place, path, "b\n");
	snprintf(path, sizeof(path), "%s/source/a/c", places[which].cwd);
	run_place_write(place, path, "c\n");
	run_place_write(place, "keys/test.rsa", key);

	mode_t before = umask(places[which].umask_);

	BUILD(&result, place, &opts, "--signing-key=@DIR@/keys/test.rsa",
	      "--out-dir=@DIR@/packages", "--build-date=2024-05-06T07:08:09Z", "x.yaml");
	umask(before);
	BUILD_EXPECT(place, &result, 0, NULL);
	build_check_clean(place);
}

static void digests(struct run_result *result, const struct run_place *place)
{
	static const char script[] = "cd \"$1\"\nsha256sum *\nstat -c '%a %n' *\n";
	const char *const args[] = { "-c", script, "sh", build_out(""), NULL };
	struct run_place as_caller = *place;

	as_caller.uid = geteuid();
	run_program(result, &as_caller, NULL, "sh", args);
}

Test(output, reproducible, .timeout = 120)
{
	struct run_result first RUN_AUTO_RESULT = { 0 };
	char *key = NULL;

	for (size_t i = 0, which; i < BUILD_COUNTOF(places); i++) {
		struct run_place place RUN_AUTO_PLACE;
		struct run_result result RUN_AUTO_RESULT = { 0 };
		uid_t user[RUN_USERS_MAX];

		if (!build_place(&place, places[i].user % run_users(user), &which) ||
		    !run_has_sandbox(&place))
			return;
		if (!key) {
			build_keygen(&place);
			key = run_place_read(&place, "test.rsa");
		}
		build_there(&place, i, key);
		digests(i ? &result : &first, &place);
		cr_assert(strstr(first.out, "x-data-1.0-r0.apk"), "%s%s", first.out, first.err);
		if (i)
			cr_assert_str_eq(result.out, first.out, "%s differs from plain",
					 places[i].name);
	}
	free(key);
}
