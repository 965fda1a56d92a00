/* The cache in modes ro, discard and commit: what reaches the folder of the host and what never
 * does, also after failures, kills, full disks, and with many builds at once. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builds.h"

#define PRIVATE(mode) "--empty-workspace", "--cache-dir=cache", "--cache-mode=" mode, "x.yaml"
#define C             "/var/cache/melange"

/* A cache as builds left it: objects, a package manager's area, read-only files and folders. */
static void fill_cache(const struct run_place *place)
{
	run_place_write(place, "cache/old", "old\n");
	run_place_write(place, "cache/sub/old", "old\n");
	run_place_write(place, "cache/gomodcache/m@v1/f.go", "package m\n");
	cr_assert_eq(symlink("old", run_place_path(place, "cache/link")), 0);
	cr_assert_eq(lchown(run_place_path(place, "cache/link"), place->uid, place->uid), 0);
	cr_assert_eq(chmod(run_place_path(place, "cache/gomodcache/m@v1/f.go"), 0444), 0);
	cr_assert_eq(chmod(run_place_path(place, "cache/gomodcache/m@v1"), 0555), 0);
}

/* All of a folder: kinds, modes, owners, times, sizes, digests. The caller frees. */
static char *snapshot(const struct run_place *place, const char *folder)
{
	struct run_result result = { 0 };
	struct run_place root = *place;
	const char *script =
		"cd \"$1\" && find . -printf '%p %y %m %U %G %s %T@ %l\\n' | sort && "
		"find . -type f -print0 | sort -z | xargs -0r sha256sum";
	char *text;

	root.uid = getuid();
	run_program(&result, &root, NULL, "sh",
		    (const char *const[]){ "-c", script, "sh", run_place_path(place, folder),
					   NULL });
	cr_assert_eq(result.code, 0, "%s", result.err);
	text = strdup(result.out);
	run_result_clear(&result);
	return text;
}

static void with_users(void (*check)(struct run_place *place))
{
	for (size_t i = 0, which; i < RUN_USERS_MAX; i++) {
		struct run_place place RUN_AUTO_PLACE;

		if (build_place(&place, i, &which) && run_has_sandbox(&place))
			check(&place);
	}
}

/* No layer of a build is left in the state. */
static void check_no_layers(const struct run_place *place)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };

	run_program(
		&result, place, NULL, "sh",
		(const char *const[]){ "-c",
				       "find . -path '*/melange/cache/*/layers/*' | grep -v "
				       "'^./cache/'",
				       NULL });
	cr_assert_str_eq(result.out, "", "layers are left: %s", result.out);
}

/* --- one build ------------------------------------------------------------------------------
 */

/* A build of the script with these flags ends so; the folder is as before, or has changed. */
static const struct {
	const char *name, *script;
	const char *args[BUILD_ARGS_MAX];
	int code;
	bool changes;
	const char *host, *absent;
	const char *says[BUILD_SAYS_MAX];
} cases[] = {
	{ "discard: success",
	  "grep -q old " C "/link\necho new >" C "/x\necho more >>" C "/old\nrm -r " C "/sub\n"
	  "[ \"$(cat " C "/link)\" = \"old\nmore\" ]\n[ ! -e " C "/sub ]",
	  { PRIVATE("discard") },
	  0,
	  false,
	  "cache/old",
	  "cache/x",
	  { "build cache @DIR@/cache (discard)", "cache: @DIR@/cache (discard)" } },
	{ "discard: failure",
	  "echo new >" C "/x\nrm " C "/old\nmv " C "/link " C "/l2\nfalse",
	  { PRIVATE("discard") },
	  1,
	  false,
	  "cache/old",
	  "cache/x",
	  { NULL } },
	{ "discard: read-only folders of tools",
	  "chmod -R u+w " C "/gomodcache && rm -r " C "/gomodcache\nmkdir -p " C "/a/b\n"
	  "touch " C "/a/b/c\nchmod 0444 " C "/a/b/c\nchmod 0555 " C "/a/b " C "/a",
	  { PRIVATE("discard") },
	  0,
	  false,
	  NULL,
	  "cache/a",
	  { NULL } },
	{ "discard: in memory",
	  "echo new >" C "/x\nhead -c 3000000 /dev/zero >" C "/big || echo it is full\n"
	  "cat " C "/old",
	  { "--cache-upper=tmpfs:1MiB", PRIVATE("discard") },
	  0,
	  false,
	  NULL,
	  "cache/x",
	  { "it is full", "INFO old" } },
	{ "discard: too much for memory",
	  "head -c 3000000 /dev/zero >" C "/big",
	  { "--cache-upper=tmpfs:1MiB", PRIVATE("discard") },
	  1,
	  false,
	  NULL,
	  "cache/big",
	  { "is in memory, up to the size of --cache-upper" } },
	{ "ro: failure",
	  "ls " C " && touch " C "/x",
	  { PRIVATE("ro") },
	  1,
	  false,
	  NULL,
	  "cache/x",
	  { "the cache is mounted read-only" } },
	{ "commit: failure",
	  "echo new >" C "/x\nrm " C "/old\nfalse",
	  { PRIVATE("commit") },
	  1,
	  false,
	  "cache/old",
	  "cache/x",
	  { NULL } },
	{ "commit: nothing was written",
	  "cat " C "/old",
	  { PRIVATE("commit") },
	  0,
	  false,
	  "cache/old",
	  NULL,
	  { "merged into the cache: nothing changed" } },
	{ "commit: success",
	  "mkdir " C "/d\necho new >" C "/d/x\nrm " C "/old\n[ ! -e " C "/old ]",
	  { PRIVATE("commit") },
	  0,
	  true,
	  "cache/d/x",
	  NULL,
	  { "build cache @DIR@/cache (commit)", "merged into the cache: 1 file" } },
	{ "commit: by the environment's word for the mode it is the flag that wins",
	  "echo new >" C "/x",
	  { "--cache-policy=all", PRIVATE("commit") },
	  0,
	  true,
	  "cache/x",
	  NULL,
	  { NULL } },
	{ "commit: only what its name proves",
	  "echo new >" C "/x\nprintf %s text >" C "/t\n"
	  "mv " C "/t " C "/sha256:$(sha256sum " C "/t | cut -c1-64)",
	  { "--cache-policy=verified", PRIVATE("commit") },
	  0,
	  true,
	  "cache/sha256:982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1",
	  "cache/x",
	  { NULL } },
	{ "commit: deletes are applied when wanted",
	  "rm -r " C "/old",
	  { "--cache-apply-deletes", PRIVATE("commit") },
	  0,
	  true,
	  "cache/sub/old",
	  "cache/old",
	  { NULL } },
	{ "exclusive",
	  "echo new >" C "/x",
	  { "--cache-exclusive", PRIVATE("commit") },
	  0,
	  true,
	  "cache/x",
	  NULL,
	  { NULL } },
	{ "too much for the layer",
	  "head -c 20000000 /dev/zero >" C "/big\nsleep 20",
	  { "--cache-upper=8MiB", PRIVATE("commit") },
	  1,
	  false,
	  NULL,
	  "cache/big",
	  { "step \"step\" of x: the build wrote", "(8.0 MiB); --cache-upper=SIZE" } },
	{ "too much at the end of a step",
	  "head -c 20000000 /dev/zero >" C "/big",
	  { "--cache-upper=8MiB", PRIVATE("commit") },
	  1,
	  false,
	  NULL,
	  "cache/big",
	  { "the build wrote" } },
	{ "in the records of caches",
	  "true",
	  { "--empty-workspace", "--cache-dir=.local/state/melange/cache",
	    "--cache-mode=discard", "x.yaml" },
	  3,
	  false,
	  NULL,
	  NULL,
	  { "the state of caches", "may not hold each other" } },
	{ "in the out dir, beside the architecture",
	  "true",
	  { "--empty-workspace", "--cache-dir=packages/cache", "--cache-mode=commit",
	    "x.yaml" },
	  3,
	  false,
	  NULL,
	  "packages/cache",
	  { "the output directory", "may not hold each other" } },
	{ "around the temporary directory",
	  "true",
	  { "--empty-workspace", "--cache-dir=tmp", "--cache-mode=discard", "x.yaml" },
	  3,
	  false,
	  NULL,
	  NULL,
	  { "may not hold each other" } },
};

ParameterizedTestParameters(cache_modes, one)
{
	BUILD_PARAMETERS(BUILD_COUNTOF(cases));
}

static void check_owner(const struct run_place *place, const char *path)
{
	struct stat st;

	cr_assert_eq(lstat(run_place_path(place, path), &st), 0, "no %s on the host", path);
	cr_assert_eq(st.st_uid, place->uid, "%s belongs to uid %u", path, st.st_uid);
	cr_assert_eq(st.st_gid, place->uid, "%s belongs to gid %u", path, st.st_gid);
}

ParameterizedTest(const size_t *i, cache_modes, one, .timeout = 60)
{
	struct run_place place RUN_AUTO_PLACE;
	struct run_result result RUN_AUTO_RESULT = { 0 };
	char *before, *after;
	size_t which;

	if (!build_place(&place, *i, &which) || !run_has_sandbox(&place))
		return;
	build_write_step(&place, "x", cases[which].script);
	fill_cache(&place);
	before = snapshot(&place, "cache");
	build_melange(&result, &place, NULL, cases[which].args);
	build_expect(&place, &result, cases[which].code, cases[which].says);
	after = snapshot(&place, "cache");
	if (!cases[which].changes)
		cr_assert_str_eq(before, after, "%s", cases[which].name);
	if (cases[which].host)
		check_owner(&place, cases[which].host);
	if (cases[which].absent)
		cr_assert_eq(access(run_place_path(&place, cases[which].absent), F_OK), -1,
			     "%s: %s is there", cases[which].name, cases[which].absent);
	check_no_layers(&place);
	build_check_clean(&place);
	free(before);
	free(after);
}

/* --- hostile builds -------------------------------------------------------------------------
 */

/* Content-addressed files are not replaced, nothing is planted, the rest is merged. */
static void hostile(struct run_place *place)
{
	static const char object[] =
		"sha256:982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1";
	struct run_result result RUN_AUTO_RESULT = { 0 };
	char path[128], *text, *list;

	fill_cache(place);
	snprintf(path, sizeof(path), "cache/%s", object);
	run_place_write(place, path, "text");
	run_place_write(place, "secret", "canary\n");
	build_write(place, "x",
		    "pipeline:\n  - name: step\n    runs: |\n"
		    "      cd " C "\n"
		    "      rm sha256:*\n"
		    "      echo evil >sha256:"
		    "982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1\n"
		    "      rm old\n"
		    "      ln -s @DIR@/secret out\n"
		    "      ln -s ../../../../../../../../../etc/passwd up\n"
		    "      cp /bin/true suid\n      chmod 6755 suid\n"
		    "      mkfifo fifo 2>/dev/null || :\n"
		    "      mknod null c 1 3 2>/dev/null || :\n"
		    "      mkdir -m 0777 open\n      echo new >open/new\n      chmod 0666 "
		    "open/new\n"
		    "      ln -s new open/link\n");
	BUILD(&result, place, NULL, PRIVATE("commit"));
	BUILD_EXPECT(place, &result, 0, "WARN", "merged into the cache: ");
	text = run_place_read(place, path);
	cr_assert_str_eq(text, "text");
	free(text);
	run_program(&result, place, NULL, "sh",
		    (const char *const[]){ "-c",
					   "find cache -printf '%P %y %m\\n' | grep -Ev "
					   "'^(gomod|sub|sha256)' | sort",
					   NULL });
	list = result.out;
	cr_assert(strstr(list, "old f "), "%s", list);
	cr_assert(strstr(list, "open d 755\n") && strstr(list, "open/new f 644\n") &&
			  strstr(list, "open/link l "),
		  "%s", list);
	cr_assert(strstr(list, "suid f 755\n"), "%s", list);
	cr_assert(!strstr(list, "out") && !strstr(list, "up ") && !strstr(list, "fifo") &&
			  !strstr(list, "null"),
		  "%s", list);
	check_owner(place, "cache/open/new");
	check_owner(place, "cache/suid");
	check_no_layers(place);
	build_check_clean(place);
}

Test(cache_modes, hostile, .timeout = 60)
{
	with_users(hostile);
}

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

		BUILD(&result, place, NULL, dirs[i], "--empty-workspace", "x.yaml");
		BUILD_EXPECT(place, &result, 3, "the keys in '@DIR@/.ssh'");
	}
}

Test(cache_modes, keys, .timeout = 60)
{
	with_users(keys);
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

Test(cache_modes, no_state, .timeout = 60)
{
	with_users(no_state);
}

static void kept(struct run_place *place)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };
	char *at, *text, file[512];

	fill_cache(place);
	build_write_step(place, "x", "echo new >" C "/x\nfalse");
	BUILD(&result, place, NULL, "--cache-keep-on-failure", PRIVATE("commit"));
	BUILD_EXPECT(place, &result, 1, "is kept at @DIR@/");
	at = strstr(result.err, "is kept at ") + strlen("is kept at ");
	snprintf(file, sizeof(file), "%.*s/x", (int)strcspn(at, "\n"), at);
	text = run_place_read(place, file + strlen(place->dir) + 1);
	cr_assert_str_eq(text, "new\n");
	free(text);
	build_write_step(place, "x", "true");
	BUILD(&result, place, NULL, PRIVATE("commit"));
	BUILD_EXPECT(place, &result, 0, "nothing changed");
	cr_assert_eq(access(file, F_OK), 0, "the next build removed it");
	check_no_layers(place);
}

Test(cache_modes, kept_on_failure, .timeout = 60)
{
	with_users(kept);
}

/* Kill the build when its layer holds what the step writes. */
static void kill_it(pid_t pid, void *user)
{
	const struct run_place *place = user;
	struct run_place root = *place;
	struct run_result result = { 0 };

	root.uid = getuid();
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
static void killed(struct run_place *place)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };
	const struct run_opts opts = { .while_running = kill_it, .user = place };
	char *before, *after;

	fill_cache(place);
	build_write_step(place, "x", "echo new >" C "/x\nrm " C "/old\nsleep 1000");
	before = snapshot(place, "cache");
	BUILD(&result, place, &opts, PRIVATE("commit"));
	cr_assert_eq(result.code, 128 + SIGKILL, "%s", result.err);
	build_check_gone(place);
	after = snapshot(place, "cache");
	cr_assert_str_eq(before, after);
	free(after);
	build_write_step(place, "x", "true");
	BUILD(&result, place, NULL, PRIVATE("discard"));
	BUILD_EXPECT(place, &result, 0, NULL);
	after = snapshot(place, "cache");
	cr_assert_str_eq(before, after);
	free(before);
	free(after);
	check_no_layers(place);
	build_check_clean(place);
}

Test(cache_modes, killed, .timeout = 60)
{
	with_users(killed);
}

/* Mounts of a test that root makes for itself; false: it may not. */
static bool own_mounts(void)
{
	if (geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
		return true;
	cr_log_warn("cannot mount here");
	return false;
}

static void mount_here(struct run_place *place, const char *type, const char *path,
		       const char *options)
{
	char marker[128];

	snprintf(marker, sizeof(marker), "%s/mounted", path);
	run_place_write(place, marker, "");
	cr_assert_eq(mount("test", run_place_path(place, path), type, 0, options), 0,
		     "%s on %s: %m", type, path);
	cr_assert_eq(chown(run_place_path(place, path), place->uid, place->uid), 0);
}

/* The same with the layer in the temporary folder, since the cache is on another disk. */
static void killed_elsewhere(struct run_place *place)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };
	const struct run_opts opts = { .while_running = kill_it, .user = place };
	char *before, *after;

	mount_here(place, "tmpfs", "disk", "size=16m");
	run_place_write(place, "disk/cache/old", "old\n");
	before = snapshot(place, "disk/cache");
	build_write_step(place, "x", "echo new >" C "/x\nrm " C "/old\nsleep 1000");
	BUILD(&result, place, &opts, "--empty-workspace", "--cache-dir=disk/cache",
	      "--cache-mode=commit", "x.yaml");
	cr_assert_eq(result.code, 128 + SIGKILL, "%s", result.err);
	build_write_step(place, "x", "true");
	BUILD(&result, place, NULL, "--empty-workspace", "--cache-dir=disk/cache",
	      "--cache-mode=commit", "x.yaml");
	BUILD_EXPECT(place, &result, 0, NULL);
	after = snapshot(place, "disk/cache");
	cr_assert_str_eq(before, after);
	free(before);
	free(after);
	check_no_layers(place);
	cr_assert_eq(rmdir(run_place_path(place, "tmp")), 0, "something is left in tmp: %m");
	cr_assert_eq(umount2(run_place_path(place, "disk"), MNT_DETACH), 0);
}

Test(cache_modes, killed_elsewhere, .timeout = 60)
{
	if (own_mounts())
		with_users(killed_elsewhere);
}

/* The disk of the cache is too small for what is to be merged: the packages are there, what the
 * cache had is whole, and somebody says so. */
static void full_merge(struct run_place *place)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };
	char *text;

	mount_here(place, "tmpfs", "disk", "size=1m");
	run_place_write(place, "disk/cache/old", "old\n");
	build_write_step(place, "x",
			 "head -c 3000000 /dev/zero >" C "/big\necho new >>" C "/old");
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
	check_no_layers(place);
	cr_assert_eq(umount2(run_place_path(place, "disk"), MNT_DETACH), 0);
}

Test(cache_modes, full_merge, .timeout = 60)
{
	if (own_mounts())
		with_users(full_merge);
}

/* A full disk fails the build, not the cache. */
static void full_disk(struct run_place *place)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };
	char state[128], *before, *after;
	const char *const env[] = { state, NULL };
	const struct run_opts opts = { .env = env };

	mount_here(place, "tmpfs", "disk", "size=4m");
	snprintf(state, sizeof(state), "XDG_STATE_HOME=%s/disk/state", place->dir);
	run_place_write(place, "disk/cache/old", "old\n");
	before = snapshot(place, "disk/cache");
	build_write_step(place, "x", "echo new >" C "/x\nhead -c 9000000 /dev/zero >" C "/big");
	BUILD(&result, place, &opts, "--empty-workspace", "--cache-dir=disk/cache",
	      "--cache-mode=commit", "x.yaml");
	cr_assert_eq(result.code, 1, "%s", result.err);
	cr_assert(strstr(result.err, "No space left on device") ||
			  strstr(result.err, "are left in the file system"),
		  "%s", result.err);
	after = snapshot(place, "disk/cache");
	cr_assert_str_eq(before, after);
	free(after);
	build_write_step(place, "x", "echo new >" C "/x");
	BUILD(&result, place, &opts, "--empty-workspace", "--cache-dir=disk/cache",
	      "--cache-mode=commit", "x.yaml");
	BUILD_EXPECT(place, &result, 0, "1 file (4 B) added");
	free(before);
	cr_assert_eq(umount2(run_place_path(place, "disk"), MNT_DETACH), 0);
}

Test(cache_modes, full_disk, .timeout = 60)
{
	if (own_mounts())
		with_users(full_disk);
}

/* State and cache on different file systems: the merge copies. */
static void two_file_systems(struct run_place *place)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };
	char *text;

	mount_here(place, "tmpfs", "disk", "size=16m");
	run_place_write(place, "disk/cache/old", "old\n");
	build_write_step(place, "x", "mkdir " C "/d\necho new >" C "/d/x\necho new >" C "/old");
	BUILD(&result, place, NULL, "--empty-workspace", "--cache-dir=disk/cache",
	      "--cache-mode=commit", "x.yaml");
	BUILD_EXPECT(place, &result, 0, "1 file (4 B) added", "replaced");
	text = run_place_read(place, "disk/cache/old");
	cr_assert_str_eq(text, "new\n");
	free(text);
	check_owner(place, "disk/cache/d/x");
	check_owner(place, "disk/cache/old");
	check_no_layers(place);
	cr_assert_eq(umount2(run_place_path(place, "disk"), MNT_DETACH), 0);
}

Test(cache_modes, two_file_systems, .timeout = 60)
{
	if (own_mounts())
		with_users(two_file_systems);
}

/* Where no layer can be stacked, as in a container: a copy, or memory. */
static void no_overlay(struct run_place *place)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };
	char options[400], state[128], temp[128], *before, *after;
	const char *const env[] = { state, temp, NULL };
	const struct run_opts opts = { .env = env };

	mount_here(place, "tmpfs", "disk", "size=64m");
	run_place_write(place, "disk/l/x", "");
	run_place_write(place, "disk/u/x", "");
	run_place_write(place, "disk/w/x", "");
	cr_assert_eq(unlink(run_place_path(place, "disk/w/x")), 0);
	snprintf(options, sizeof(options),
		 "lowerdir=%s/disk/l,upperdir=%s/disk/u,workdir=%s/disk/w", place->dir,
		 place->dir, place->dir);
	mount_here(place, "overlay", "o", options);
	snprintf(state, sizeof(state), "XDG_STATE_HOME=%s/o/state", place->dir);
	snprintf(temp, sizeof(temp), "NO=thing");
	run_place_write(place, "o/cache/old", "old\n");
	run_place_write(place, "o/cache/sub/other", "other\n");
	before = snapshot(place, "o/cache");
	build_write_step(place, "x",
			 "grep -q other " C "/sub/other\necho new >" C "/x\n"
			 "echo more >>" C "/old");
	BUILD(&result, place, &opts, "--empty-workspace", "--cache-dir=o/cache",
	      "--cache-mode=discard", "x.yaml");
	BUILD_EXPECT(place, &result, 0, NULL);
	after = snapshot(place, "o/cache");
	cr_assert_str_eq(before, after);
	BUILD(&result, place, &opts, "--empty-workspace", "--cache-dir=o/cache",
	      "--cache-mode=commit", "x.yaml");
	BUILD_EXPECT(place, &result, 0, "the build gets a copy of it (2 files, 10 B)",
		     "1 file (4 B) added, 1 (9 B) replaced");
	check_owner(place, "o/cache/x");
	check_owner(place, "o/cache/old");
	free(before);
	free(after);
	cr_assert_eq(umount2(run_place_path(place, "o"), MNT_DETACH), 0);
	cr_assert_eq(umount2(run_place_path(place, "disk"), MNT_DETACH), 0);
}

Test(cache_modes, no_overlay, .timeout = 60)
{
	if (own_mounts())
		with_users(no_overlay);
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

	fill_cache(place);
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
	run_program(&result, place, &opts, "sh", (const char *const[]){ "-c", text, NULL });
	cr_assert_eq(result.code, 0, "%s%s", result.out, result.err);
	for (int i = 1; i <= MANY; i++) {
		struct stat st;

		snprintf(path, sizeof(path), "cache/own/%d", i);
		cr_assert_eq(stat(run_place_path(place, path), &st), 0, "%s", path);
		cr_assert_eq(st.st_size, 300000, "%s is torn", path);
		check_owner(place, path);
	}
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
	check_no_layers(place);
}

Test(cache_modes, many, .timeout = 240)
{
	with_users(many);
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

	fill_cache(place);
	build_write_step(place, "x", "mkdir " C "/busy\nsleep 0.3\nrmdir " C "/busy");
	run_program(&result, place, NULL, "sh", (const char *const[]){ "-c", script, NULL });
	cr_assert_eq(result.code, 0, "%s%s", result.out, result.err);
	cr_assert_gt(atoi(result.out), 0, "nobody had to wait");
}

Test(cache_modes, exclusive, .timeout = 60)
{
	with_users(exclusive);
}
