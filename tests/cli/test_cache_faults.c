/* The cache in modes discard and commit after failures, kills and on full disks, and with many
 * builds at once: the folder stays whole, and nothing is left. */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "caches.h"

/* --- failures -------------------------------------------------------------------------------
 */

/* Keys are no cache; the home of the tests' users is their place. */
static void keys(struct run_place *place)
{
	static const char *const dirs[] = { "--cache-dir=.ssh", "--cache-dir=.ssh/x" };

	run_place_write(place, ".ssh/id", "canary\n");
	build_write_step(place, "x", "cat " C "/id");
	for (size_t i = 0; i < BUILD_COUNTOF(dirs); i++) {
		struct run_result result RUN_AUTO_RESULT = { 0 };

		run_result_clear(&result);
		BUILD(&result, place, NULL, dirs[i], "--empty-workspace", "x.yaml");
		BUILD_EXPECT(place, &result, 3, "the keys in '@DIR@/.ssh'");
	}
}

Test(cache_faults, keys, .timeout = 60)
{
	cache_with_users(keys);
}

/* Without a folder for records a build goes on, and says what is lost. */
static void no_state(struct run_place *place)
{
	static const char *const modes[] = { "--cache-mode=rw", "--cache-mode=discard",
					     "--cache-mode=commit" };
	const char *const env[] = { "XDG_STATE_HOME=/proc/nothing", NULL };
	const struct run_opts opts = { .env = env };

	build_write_step(place, "x", "echo new >" C "/x");
	for (size_t i = 0; i < BUILD_COUNTOF(modes); i++) {
		struct run_result result RUN_AUTO_RESULT = { 0 };

		run_result_clear(&result);
		BUILD(&result, place, &opts, modes[i], "--empty-workspace", "--cache-dir=c",
		      "x.yaml");
		BUILD_EXPECT(place, &result, 0, NULL);
		cr_assert_eq(strstr(result.err, "WARN no records of the cache") != NULL, i > 0,
			     "%s", result.err);
		cr_assert_eq(access(run_place_path(place, "c/x"), F_OK), i == 1 ? -1 : 0, "%zu",
			     i);
		unlink(run_place_path(place, "c/x"));
		build_check_clean(place);
	}
}

Test(cache_faults, no_state, .timeout = 60)
{
	cache_with_users(no_state);
}

static void kept(struct run_place *place)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };
	char *at, *text, file[512];

	cache_fill(place);
	build_write_step(place, "x", "echo new >" C "/x\nfalse");
	run_result_clear(&result);
	BUILD(&result, place, NULL, "--cache-keep-on-failure", CACHE_ARGS("commit"));
	BUILD_EXPECT(place, &result, 1, "is kept at @DIR@/");
	at = strstr(result.err, "is kept at ") + strlen("is kept at ");
	snprintf(file, sizeof(file), "%.*s/x", (int)strcspn(at, "\n"), at);
	text = run_place_read(place, file + strlen(place->dir) + 1);
	cr_assert_str_eq(text, "new\n");
	free(text);
	build_write_step(place, "x", "true");
	run_result_clear(&result);
	BUILD(&result, place, NULL, CACHE_ARGS("commit"));
	BUILD_EXPECT(place, &result, 0, "nothing changed");
	cr_assert_eq(access(file, F_OK), 0, "the next build removed it");
	cache_check_no_layers(place);
}

Test(cache_faults, kept_on_failure, .timeout = 60)
{
	cache_with_users(kept);
}

/* Kill the build when its layer holds what the step writes. */
static void kill_it(pid_t pid, void *user)
{
	const struct run_place *place = user;
	struct run_place root = *place;
	struct run_result result = { 0 };

	root.uid = getuid();
	run_result_clear(&result);
	run_program(&result, &root, NULL, "sh",
		    (const char *const[]){
			    "-c",
			    "until ls .local/state/melange/cache/*/layers/*/upper/x "
			    "tmp/melange.*/*/upper/x 2>/dev/null | grep .; do sleep 0.05; done",
			    NULL });
	cr_assert_eq(result.code, 0, "%s", result.err);
	run_result_clear(&result);
	kill(pid, SIGKILL);
}

/* The folder is as before, and what is left goes with the next build. */
static void killed_and_next(struct run_place *place, const char *next_mode)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };
	const struct run_opts opts = { .while_running = kill_it, .user = place };
	char *before, *after;

	cache_fill(place);
	build_write_step(place, "x", "echo new >" C "/x\nrm " C "/old\nsleep 1000");
	before = cache_snapshot(place, "cache");
	run_result_clear(&result);
	BUILD(&result, place, &opts, CACHE_ARGS("commit"));
	cr_assert_eq(result.code, 128 + SIGKILL, "%s", result.err);
	build_check_gone(place);
	after = cache_snapshot(place, "cache");
	cr_assert_str_eq(before, after);
	free(after);
	build_write_step(place, "x", "true");
	run_result_clear(&result);
	BUILD(&result, place, NULL, "--empty-workspace", "--cache-dir=cache", next_mode,
	      "x.yaml");
	BUILD_EXPECT(place, &result, 0, NULL);
	after = cache_snapshot(place, "cache");
	cr_assert_str_eq(before, after);
	free(before);
	free(after);
	cache_check_no_layers(place);
	build_check_clean(place);
}

static void killed(struct run_place *place)
{
	killed_and_next(place, "--cache-mode=discard");
}

static void killed_before_rw(struct run_place *place)
{
	killed_and_next(place, "--cache-mode=rw");
}

Test(cache_faults, killed_before_rw, .timeout = 60)
{
	cache_with_users(killed_before_rw);
}

Test(cache_faults, killed, .timeout = 60)
{
	cache_with_users(killed);
}

/* The same with the layer in the temporary folder, since the cache is on another disk. */
static void killed_elsewhere(struct run_place *place)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };
	const struct run_opts opts = { .while_running = kill_it, .user = place };
	char *before, *after;

	cache_mount(place, "tmpfs", "disk", "size=16m");
	run_place_write(place, "disk/cache/old", "old\n");
	before = cache_snapshot(place, "disk/cache");
	build_write_step(place, "x", "echo new >" C "/x\nrm " C "/old\nsleep 1000");
	run_result_clear(&result);
	BUILD(&result, place, &opts, "--empty-workspace", "--cache-dir=disk/cache",
	      "--cache-mode=commit", "x.yaml");
	cr_assert_eq(result.code, 128 + SIGKILL, "%s", result.err);
	build_write_step(place, "x", "true");
	run_result_clear(&result);
	BUILD(&result, place, NULL, "--empty-workspace", "--cache-dir=disk/cache",
	      "--cache-mode=commit", "x.yaml");
	BUILD_EXPECT(place, &result, 0, NULL);
	after = cache_snapshot(place, "disk/cache");
	cr_assert_str_eq(before, after);
	free(before);
	free(after);
	cache_check_no_layers(place);
	cr_assert_eq(rmdir(run_place_path(place, "tmp")), 0, "something is left in tmp: %m");
	cr_assert_eq(umount2(run_place_path(place, "disk"), MNT_DETACH), 0);
}

Test(cache_faults, killed_elsewhere, .timeout = 60)
{
	if (cache_own_mounts())
		cache_with_users(killed_elsewhere);
}

/* The disk of the cache is too small for what is to be merged: the packages are there, what the
 * cache had is whole, and somebody says so. */
static void full_merge(struct run_place *place)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };
	char *text;

	cache_mount(place, "tmpfs", "disk", "size=1m");
	run_place_write(place, "disk/cache/old", "old\n");
	build_write_step(place, "x",
			 "head -c 3000000 /dev/zero >" C "/big\necho new >>" C "/old");
	run_result_clear(&result);
	BUILD(&result, place, NULL, "--empty-workspace", "--cache-dir=disk/cache",
	      "--cache-mode=commit", "x.yaml");
	BUILD_EXPECT(place, &result, 0, "WARN cache: what the build wrote is not merged",
		     "No space left on device", "merged into the cache: not merged");
	text = build_list(place, "disk/cache");
	cr_assert(!strstr(text, "big") && !strstr(text, ".melange-"), "%s", text);
	free(text);
	text = run_place_read(place, "disk/cache/old");
	cr_assert(strcmp(text, "old\n") == 0 || strcmp(text, "old\nnew\n") == 0, "%s", text);
	free(text);
	cache_check_no_layers(place);
	cr_assert_eq(umount2(run_place_path(place, "disk"), MNT_DETACH), 0);
}

Test(cache_faults, full_merge, .timeout = 60)
{
	if (cache_own_mounts())
		cache_with_users(full_merge);
}

/* A full disk fails the build, not the cache. */
static void full_disk(struct run_place *place)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };
	char state[128], *before, *after;
	const char *const env[] = { state, NULL };
	const struct run_opts opts = { .env = env };

	cache_mount(place, "tmpfs", "disk", "size=4m");
	snprintf(state, sizeof(state), "XDG_STATE_HOME=%s/disk/state", place->dir);
	run_place_write(place, "disk/cache/old", "old\n");
	before = cache_snapshot(place, "disk/cache");
	build_write_step(place, "x", "echo new >" C "/x\nhead -c 9000000 /dev/zero >" C "/big");
	run_result_clear(&result);
	BUILD(&result, place, &opts, "--empty-workspace", "--cache-dir=disk/cache",
	      "--cache-mode=commit", "x.yaml");
	cr_assert_eq(result.code, 1, "%s", result.err);
	cr_assert(strstr(result.err, "No space left on device") ||
			  strstr(result.err, "are left in the file system"),
		  "%s", result.err);
	after = cache_snapshot(place, "disk/cache");
	cr_assert_str_eq(before, after);
	free(after);
	build_write_step(place, "x", "echo new >" C "/x");
	run_result_clear(&result);
	BUILD(&result, place, &opts, "--empty-workspace", "--cache-dir=disk/cache",
	      "--cache-mode=commit", "x.yaml");
	BUILD_EXPECT(place, &result, 0, "1 file (4 B) added");
	free(before);
	cr_assert_eq(umount2(run_place_path(place, "disk"), MNT_DETACH), 0);
}

Test(cache_faults, full_disk, .timeout = 60)
{
	if (cache_own_mounts())
		cache_with_users(full_disk);
}

/* State and cache on different file systems: the merge copies. */
static void two_file_systems(struct run_place *place)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };
	char *text;

	cache_mount(place, "tmpfs", "disk", "size=16m");
	run_place_write(place, "disk/cache/old", "old\n");
	build_write_step(place, "x", "mkdir " C "/d\necho new >" C "/d/x\necho new >" C "/old");
	run_result_clear(&result);
	BUILD(&result, place, NULL, "--empty-workspace", "--cache-dir=disk/cache",
	      "--cache-mode=commit", "x.yaml");
	BUILD_EXPECT(place, &result, 0, "1 file (4 B) added", "replaced");
	text = run_place_read(place, "disk/cache/old");
	cr_assert_str_eq(text, "new\n");
	free(text);
	cache_check_owner(place, "disk/cache/d/x");
	cache_check_owner(place, "disk/cache/old");
	cache_check_no_layers(place);
	cr_assert_eq(umount2(run_place_path(place, "disk"), MNT_DETACH), 0);
}

Test(cache_faults, two_file_systems, .timeout = 60)
{
	if (cache_own_mounts())
		cache_with_users(two_file_systems);
}

/* Where no layer can be stacked, as in a container: a copy, or memory. */
static void no_overlay(struct run_place *place)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };
	char options[400], state[128], temp[128], *before, *after;
	const char *const env[] = { state, temp, NULL };
	const struct run_opts opts = { .env = env };

	cache_mount(place, "tmpfs", "disk", "size=64m");
	run_place_write(place, "disk/l/x", "");
	run_place_write(place, "disk/u/x", "");
	run_place_write(place, "disk/w/x", "");
	cr_assert_eq(unlink(run_place_path(place, "disk/w/x")), 0);
	snprintf(options, sizeof(options),
		 "lowerdir=%s/disk/l,upperdir=%s/disk/u,workdir=%s/disk/w", place->dir,
		 place->dir, place->dir);
	cache_mount(place, "overlay", "o", options);
	snprintf(state, sizeof(state), "XDG_STATE_HOME=%s/o/state", place->dir);
	snprintf(temp, sizeof(temp), "NO=thing");
	run_place_write(place, "o/cache/old", "old\n");
	run_place_write(place, "o/cache/sub/other", "other\n");
	before = cache_snapshot(place, "o/cache");
	build_write_step(place, "x",
			 "grep -q other " C "/sub/other\necho new >" C "/x\n"
			 "echo more >>" C "/old");
	run_result_clear(&result);
	BUILD(&result, place, &opts, "--empty-workspace", "--cache-dir=o/cache",
	      "--cache-mode=discard", "x.yaml");
	BUILD_EXPECT(place, &result, 0, NULL);
	after = cache_snapshot(place, "o/cache");
	cr_assert_str_eq(before, after);
	run_result_clear(&result);
	BUILD(&result, place, &opts, "--empty-workspace", "--cache-dir=o/cache",
	      "--cache-mode=commit", "x.yaml");
	BUILD_EXPECT(place, &result, 0, "the build gets a copy of it (2 files, 10 B)",
		     "1 file (4 B) added, 1 (9 B) replaced");
	cache_check_owner(place, "o/cache/x");
	cache_check_owner(place, "o/cache/old");
	free(before);
	free(after);
	cr_assert_eq(umount2(run_place_path(place, "o"), MNT_DETACH), 0);
	cr_assert_eq(umount2(run_place_path(place, "disk"), MNT_DETACH), 0);
}

Test(cache_faults, no_overlay, .timeout = 60)
{
	if (cache_own_mounts())
		cache_with_users(no_overlay);
}

/* --- many builds ----------------------------------------------------------------------------
 */

enum { MANY = 16 };

/* All succeed, each one's files are there whole, no lock and no layer is left. */
static void many(struct run_place *place)
{
	static const char script[] =
		"i=1; while [ $i -le %d ]; do (./melange build --network=none "
		"--empty-workspace "
		"--cache-dir=cache --cache-mode=commit --generate-index=false --out-dir=out$i "
		"b$i.yaml >log$i 2>&1; echo $? >code$i) & i=$((i+1)); done; wait; "
		"[ \"$(sort -u code*)\" = 0 ] || { tail log*; exit 1; }";
	struct run_result result RUN_AUTO_RESULT = { 0 };
	const struct run_opts opts = { .timeout_s = 100 };
	char text[1024], path[64];

	cache_fill(place);
	for (int i = 1; i <= MANY; i++) {
		char name[16];

		snprintf(name, sizeof(name), "b%d", i);
		snprintf(text, sizeof(text),
			 "mkdir -p " C "/own\nhead -c 300000 /dev/zero | tr '\\0' %c >" C
			 "/own/%d\n"
			 "sum=$(sha256sum <" C "/own/%d | cut -c1-64)\n"
			 "cp " C "/own/%d " C "/sha256:$sum\necho build %d >" C "/shared",
			 'a' + i, i, i, i, i);
		build_write_step(place, name, text);
	}
	snprintf(text, sizeof(text), script, MANY);
	run_result_clear(&result);
	run_program(&result, place, &opts, "sh", (const char *const[]){ "-c", text, NULL });
	cr_assert_eq(result.code, 0, "%s%s", result.out, result.err);
	for (int i = 1; i <= MANY; i++) {
		struct stat st;

		snprintf(path, sizeof(path), "cache/own/%d", i);
		cr_assert_eq(stat(run_place_path(place, path), &st), 0, "%s", path);
		cr_assert_eq(st.st_size, 300000, "%s is torn", path);
		cache_check_owner(place, path);
	}
	run_result_clear(&result);
	run_program(&result, place, NULL, "sh",
		    (const char *const[]){
			    "-c",
			    "cd cache && ls | grep -c ^sha256: && for f in sha256:*; do [ $f = "
			    "sha256:$(sha256sum <$f | cut -c1-64) ] || echo torn $f; done; for "
			    "l in "
			    "../.local/state/melange/cache/*/lock "
			    "../.local/state/melange/cache/*/build; "
			    "do flock -n $l true || echo held $l; done",
			    NULL });
	cr_assert_str_eq(result.out, "16\n", "%s", result.out);
	cache_check_no_layers(place);
}

Test(cache_faults, many, .timeout = 240)
{
	cache_with_users(many);
}

/* One after the other, whatever the mode. */
static void exclusive(struct run_place *place)
{
	static const char script[] =
		"for i in 1 2 3 4; do (./melange build --network=none --empty-workspace "
		"--cache-dir=cache --cache-exclusive --generate-index=false --out-dir=out$i "
		"x.yaml "
		">log$i 2>&1; echo $? >code$i) & done; wait; "
		"[ \"$(sort -u code*)\" = 0 ] || { tail log*; exit 1; }; grep -h waiting log* "
		"| wc -l";
	struct run_result result RUN_AUTO_RESULT = { 0 };

	cache_fill(place);
	build_write_step(place, "x", "mkdir " C "/busy\nsleep 0.3\nrmdir " C "/busy");
	run_result_clear(&result);
	run_program(&result, place, NULL, "sh", (const char *const[]){ "-c", script, NULL });
	cr_assert_eq(result.code, 0, "%s%s", result.out, result.err);
	cr_assert_gt(atoi(result.out), 0, "nobody had to wait");
}

Test(cache_faults, exclusive, .timeout = 60)
{
	cache_with_users(exclusive);
}
