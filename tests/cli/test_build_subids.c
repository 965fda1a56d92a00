/*
 * An ordinary user with subordinate ids: steps may give files to other ids, and the user's
 * build still packages them, readable or not. Source: newuidmap(1), subuid(5).
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builds.h"
#include "tests/unit/table.h"

static void cover(const char *file, const char *text)
{
	char path[] = "/tmp/melange-account-XXXXXX";
	int fd = mkstemp(path);

	cr_assert(fd >= 0 && fchmod(fd, 0644) == 0);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	cr_assert_eq(mount(path, file, NULL, MS_BIND, NULL), 0, "%s", file);
	unlink(path);
}

/* Account files of our own, seen by this test only: RUN_UID has subordinate ids. */
static void give_subids(void)
{
	char passwd[160];

	snprintf(passwd, sizeof(passwd),
		 "root:x:0:0::/root:/bin/sh\nbuilder:x:%d:%d::/tmp:/bin/sh\n", RUN_UID,
		 RUN_UID);
	cr_assert_eq(unshare(CLONE_NEWNS), 0);
	cr_assert_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	cover("/etc/passwd", passwd);
	cover("/etc/subuid", "builder:700000:65536\n");
	cover("/etc/subgid", "builder:700000:65536\n");
}

static bool may_map(void)
{
	return access("/usr/bin/newuidmap", X_OK) == 0 && access("/etc/subuid", R_OK) == 0 &&
	       access("/etc/subgid", R_OK) == 0;
}

/* A place of the user with subordinate ids; skips the test where there is none. */
static void begin(struct run_place *place)
{
	uid_t user[RUN_USERS_MAX];
	size_t which;

	if (geteuid() == 0 && may_map())
		give_subids();
	cr_assert(build_place(place, run_users(user) - 1, &which));
	if (!run_has_sandbox(place))
		cr_skip_test("no sandbox");
	if (!may_map())
		TABLE_CANNOT("newuidmap and /etc/subuid are needed");
}

Test(subids, unreadable_files, .timeout = 60)
{
	static const char script[] =
		"d=melange-out/a\n"
		"mkdir -p $d/usr/bin $d/etc/private/deep\n"
		"echo key >$d/etc/private/deep/key\n"
		"echo own >$d/etc/private/own\n"
		"echo prog >$d/usr/bin/prog\n"
		"echo plain >$d/usr/bin/plain\n"
		"chmod 0600 $d/etc/private/deep/key\n"
		"chmod 0640 $d/etc/private/own\n"
		"chmod 0700 $d/etc/private $d/etc/private/deep\n"
		"chown 0:0 $d/etc/private/deep/key $d/usr/bin/prog $d/etc/private/deep\n"
		"chown 7:9 $d/etc/private\n"
		"chmod 4111 $d/usr/bin/prog";
	static const char *const says[] = {
		"drwx------ 7/9               0 1970-01-01 00:00 etc/private\n",
		"drwx------ 0/0               0 1970-01-01 00:00 etc/private/deep\n",
		"-rw------- 0/0               4 1970-01-01 00:00 etc/private/deep/key\n",
		"-rw-r----- 0/0               4 1970-01-01 00:00 etc/private/own\n",
		"---s--x--x 0/0               5 1970-01-01 00:00 usr/bin/prog\n",
	};
	struct run_place place RUN_AUTO_PLACE;
	struct run_result result RUN_AUTO_RESULT = { 0 }, list RUN_AUTO_RESULT = { 0 };
	char *text;

	begin(&place);
	build_write_step(&place, "a", script);
	BUILD(&result, &place, NULL, "--empty-workspace", "a.yaml");
	BUILD_EXPECT(&place, &result, 0, NULL);
	run_program(&list, &place, NULL, "tar",
		    (const char *const[]){ "--numeric-owner", "-tvzf",
					   build_out("a-1.0-r0.apk"), NULL });
	cr_assert_eq(list.code, 0, "%s", list.err);
	for (size_t i = 0; i < sizeof(says) / sizeof(says[0]); i++)
		cr_assert(strstr(list.out, says[i]), "'%s' in\n%s", says[i], list.out);
	text = build_member(&place, "a-1.0-r0.apk", "etc/private/deep/key");
	cr_assert_str_eq(text, "key\n");
	free(text);
	build_check_clean(&place);
}

Test(subids, cache_rm_takes_files_of_other_ids, .timeout = 60)
{
	static const char script[] = "d=/var/cache/melange/npm/a/b\n"
				     "mkdir -p $d /var/cache/melange/pip\n"
				     "echo x >$d/x; echo y >/var/cache/melange/pip/y\n"
				     "chown -R 7:9 $d /var/cache/melange/pip\n"
				     "chmod 0500 $d /var/cache/melange/pip";
	struct run_place place RUN_AUTO_PLACE;
	struct run_result result RUN_AUTO_RESULT = { 0 }, rm RUN_AUTO_RESULT = { 0 };
	struct stat st;
	char *left;

	begin(&place);
	build_write_step(&place, "a", script);
	BUILD(&result, &place, NULL, "--empty-workspace", "--cache-dir=@DIR@/c", "a.yaml");
	BUILD_EXPECT(&place, &result, 0, NULL);
	cr_assert_eq(stat(run_place_path(&place, "c/pip"), &st), 0);
	cr_assert_neq(st.st_uid, place.uid, "the file is of another id");
	RUN_MELANGE(&rm, &place, NULL, "cache", "rm", "--cache-dir=c", "npm", "pip");
	cr_assert_eq(rm.code, 0, "%s", rm.err);
	left = build_list(&place, "c");
	cr_assert_str_empty(left, "%s", left);
	free(left);
}

/* Is the layer of a build there, with what it wrote? */
static bool has_layer(const struct run_place *place)
{
	char *list = build_list(place, ".local/state/melange/cache");
	bool has = strstr(list, "/upper") != NULL;

	free(list);
	return has;
}

static void kill_it(pid_t pid, void *user)
{
	(void)user;
	kill(pid, SIGKILL);
}

/* What a build with many ids wrote comes into the cache as the caller's, or not at all. */
Test(subids, commit_makes_files_of_other_ids_the_callers, .timeout = 60)
{
	static const char script[] =
		"d=/var/cache/melange/pip\n"
		"mkdir -p $d/read $d/closed\n"
		"echo x >$d/read/x; echo y >$d/read/y; echo z >$d/closed/z\n"
		"chmod 0600 $d/read/y\n"
		"chown -R 7:9 $d/read $d/closed\n"
		"chmod 0555 $d/read; chmod 0700 $d/closed";
	struct run_place place RUN_AUTO_PLACE;
	struct run_result result RUN_AUTO_RESULT = { 0 };
	struct stat st;
	char *left;

	begin(&place);
	build_write_step(&place, "a", script);
	BUILD(&result, &place, NULL, "--empty-workspace", "--cache-dir=@DIR@/c",
	      "--cache-mode=commit", "a.yaml");
	BUILD_EXPECT(&place, &result, 0, "'pip/closed': folder that cannot be opened",
		     "'pip/read/y': cannot be opened");
	left = build_list(&place, "c");
	cr_assert_str_eq(left, "pip/\npip/read/\npip/read/x\n", "%s", left);
	free(left);
	cr_assert_eq(stat(run_place_path(&place, "c/pip/read/x"), &st), 0);
	cr_assert_eq(st.st_uid, place.uid);
	build_check_clean(&place);
	cr_assert(!has_layer(&place));
}

Test(subids, layers_of_killed_builds_go, .timeout = 60)
{
	const struct run_opts killed = { .while_running = kill_it, .delay_ms = 2000 };
	struct run_place place RUN_AUTO_PLACE;
	struct run_result result RUN_AUTO_RESULT = { 0 }, next RUN_AUTO_RESULT = { 0 };

	begin(&place);
	build_write_step(&place, "a",
			 "d=/var/cache/melange/pip/d\nmkdir -p $d\necho x >$d/x\n"
			 "chown -R 7:9 $d\nchmod 0500 $d\nsleep 30");
	build_write_step(&place, "b", "true");
	BUILD(&result, &place, &killed, "--empty-workspace", "--cache-dir=@DIR@/c",
	      "--cache-mode=commit", "a.yaml");
	cr_assert_eq(result.code, 128 + SIGKILL, "%s", result.err);
	cr_assert(has_layer(&place));
	BUILD(&next, &place, NULL, "--empty-workspace", "--cache-dir=@DIR@/c",
	      "--cache-mode=commit", "b.yaml");
	BUILD_EXPECT(&place, &next, 0, NULL);
	cr_assert(!has_layer(&place), "%s", next.err);
}
