/* How builds are stopped: signals, timeouts, a full disk. Whatever happens, nothing stays. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "builds.h"

#define UP       "touch /var/cache/melange/up\n"
#define WAIT     UP "sleep 1000\n"
#define CHILDREN "sleep 1001 & setsid sleep 1002 & (sleep 1003 & sleep 1004) &\n" WAIT
#define DEAF     "trap '' TERM INT HUP\n" UP "while :; do sleep 1 || :; done\n"
#define LAST     "trap 'echo last words; exit 0' TERM\n" UP "while :; do sleep 0.1; done\n"

static const struct {
	const char *name, *script;
	int signal[2]; /* the second, if any, half a second later */
	bool to_group; /* as a terminal does */
	int code, at_least_ms, at_most_ms;
	const char *says[BUILD_SAYS_MAX];
} cases[] = {
	{ "Ctrl-C",
	  WAIT,
	  { SIGINT },
	  true,
	  130,
	  0,
	  6000,
	  { "stopped by SIGINT in step \"step\"" } },
	{ "SIGINT",
	  WAIT,
	  { SIGINT },
	  false,
	  130,
	  0,
	  6000,
	  { "stopped by SIGINT", "run it again" } },
	{ "SIGTERM", WAIT, { SIGTERM }, false, 143, 0, 6000, { "stopped by SIGTERM" } },
	{ "SIGHUP", WAIT, { SIGHUP }, false, 129, 0, 6000, { "stopped by SIGHUP" } },
	{ "SIGTERM and many processes",
	  CHILDREN,
	  { SIGTERM },
	  false,
	  143,
	  0,
	  6000,
	  { "SIGTERM" } },
	{ "a step with last words",
	  LAST,
	  { SIGTERM },
	  false,
	  143,
	  0,
	  6000,
	  { "INFO last words" } },
	{ "a deaf step", DEAF, { SIGINT }, false, 130, 9500, 16000, { "stopped by SIGINT" } },
	{ "a deaf step, two signals",
	  DEAF,
	  { SIGINT, SIGINT },
	  false,
	  130,
	  400,
	  6000,
	  { "stopped by SIGINT" } },
	{ "a deaf step, two kinds",
	  DEAF,
	  { SIGINT, SIGTERM },
	  true,
	  130,
	  400,
	  6000,
	  { "stopped by SIGINT" } },
	{ "SIGKILL", WAIT, { SIGKILL }, false, 137, 0, 6000, { NULL } },
	{ "SIGKILL and many processes", CHILDREN, { SIGKILL }, false, 137, 0, 6000, { NULL } },
	{ "SIGKILL and a deaf step", DEAF, { SIGKILL }, false, 137, 0, 6000, { NULL } },
};

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct shot {
	const struct run_place *place;
	size_t which;
	long at_ms;
};

static void shoot(pid_t pid, void *user)
{
	struct shot *shot = user;
	const struct timespec half = { .tv_nsec = 500000000 };

	build_await(shot->place, "cache/up");
	shot->at_ms = now_ms();
	for (size_t i = 0; i < 2 && cases[shot->which].signal[i]; i++) {
		if (i)
			nanosleep(&half, NULL);
		kill(cases[shot->which].to_group ? -pid : pid, cases[shot->which].signal[i]);
	}
}

/* The next build removes what a killed one left. */
static void build_after(const struct run_place *place)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };

	build_write_step(place, "y", "true");
	BUILD(&result, place, NULL, "--empty-workspace", "--cache-dir=cache", "y.yaml");
	cr_assert_eq(result.code, 0, "the build afterwards: %s", result.err);
}

ParameterizedTestParameters(ends, signals)
{
	BUILD_PARAMETERS(BUILD_COUNTOF(cases));
}

ParameterizedTest(const size_t *i, ends, signals, .timeout = 60)
{
	struct run_place place RUN_AUTO_PLACE;
	struct run_result result RUN_AUTO_RESULT = { 0 };
	struct shot shot = { .place = &place };
	const struct run_opts opts = { .timeout_s = 40, .while_running = shoot, .user = &shot };

	if (!build_place(&place, *i, &shot.which) || !run_has_sandbox(&place))
		return;
	build_write_step(&place, "x", cases[shot.which].script);
	BUILD(&result, &place, &opts, "--empty-workspace", "--cache-dir=cache", "x.yaml");
	long took_ms = now_ms() - shot.at_ms;

	build_expect(&place, &result, cases[shot.which].code, cases[shot.which].says);
	cr_assert(took_ms >= cases[shot.which].at_least_ms, "%s: over after %ld ms",
		  cases[shot.which].name, took_ms);
	cr_assert(took_ms <= cases[shot.which].at_most_ms, "%s: over after %ld ms",
		  cases[shot.which].name, took_ms);
	build_check_gone(&place);
	if (cases[shot.which].signal[0] == SIGKILL)
		build_after(&place);
	build_check_clean(&place);
	cr_assert_eq(access(run_place_path(&place, build_out("x-1.0-r0.apk")), F_OK), -1);
}

/* --- any moment ----------------------------------------------------------------------------
 */

static const int moment_ms[] = { 0, 3, 6, 10, 15, 20, 30, 45, 70 };
static const int stops[] = { SIGTERM, SIGKILL };

static void shoot_at_once(pid_t pid, void *user)
{
	kill(pid, *(const int *)user);
}

ParameterizedTestParameters(ends, moments)
{
	BUILD_PARAMETERS(BUILD_COUNTOF(moment_ms) * BUILD_COUNTOF(stops));
}

/* Set-up, a short step, packaging, clean-up: a signal may come at any time. */
ParameterizedTest(const size_t *i, ends, moments, .timeout = 60)
{
	struct run_place place RUN_AUTO_PLACE;
	struct run_result result RUN_AUTO_RESULT = { 0 };
	size_t which;

	if (!build_place(&place, *i, &which) || !run_has_sandbox(&place))
		return;

	int stop = stops[which % BUILD_COUNTOF(stops)];
	const struct run_opts opts = {
		.while_running = shoot_at_once,
		.user = &stop,
		.delay_ms = moment_ms[which / BUILD_COUNTOF(stops)],
	};

	build_write_step(&place, "x",
			 "mkdir -p melange-out/x/usr && echo data >melange-out/x/usr/f");
	BUILD(&result, &place, &opts, "--empty-workspace", "--cache-dir=cache", "x.yaml");
	cr_assert(result.code == 0 || result.code == 128 + stop, "exit status %d\n%s",
		  result.code, result.err);
	if (stop == SIGKILL) {
		build_after(&place);
	} else {
		/* the index names what is there */
		char *index = build_member(&place, "APKINDEX.tar.gz", "APKINDEX");
		bool is_built =
			access(run_place_path(&place, build_out("x-1.0-r0.apk")), F_OK) == 0;

		cr_assert_eq(index && strstr(index, "P:x\n"), is_built, "%d: %s", is_built,
			     index);
		free(index);
	}
	build_check_clean(&place);
}

/* What killed builds left goes with the next one, whenever they were killed; what was kept
 * stays. */
Test(ends, leftovers, .timeout = 60)
{
	for (size_t i = 0, which; i < RUN_USERS_MAX; i++) {
		struct run_place place RUN_AUTO_PLACE;
		struct run_result result RUN_AUTO_RESULT = { 0 };
		char *list;

		if (!build_place(&place, i, &which) || !run_has_sandbox(&place))
			continue;
		run_place_write(&place, "tmp/melange.1.begun/x", "");
		cr_assert_eq(unlink(run_place_path(&place, "tmp/melange.1.begun/x")), 0);
		run_place_write(&place, "tmp/melange.1.killed/lock", "");
		run_place_write(&place, "tmp/melange.1.killed/work/f", "");
		run_place_write(&place, "tmp/melange.1.kept/work/f", "");
		build_write_step(&place, "x", "true");
		BUILD(&result, &place, NULL, "--empty-workspace", "x.yaml");
		BUILD_EXPECT(&place, &result, 0, NULL);
		list = build_list(&place, "tmp");
		cr_assert_str_eq(list, "melange.1.kept/\nmelange.1.kept/work/\n"
				       "melange.1.kept/work/f\n");
		free(list);
	}
}

/* --- time limits ---------------------------------------------------------------------------
 */

static const struct {
	const char *name, *body;
	const char *args[BUILD_ARGS_MAX];
	const char *says[BUILD_SAYS_MAX];
} limits[] = {
	{ "by the flag",
	  "pipeline:\n  - runs: 'true'\n  - name: long\n    runs: sleep 1000\n",
	  { "--timeout=1s", "x.yaml" },
	  { "build exceeded its timeout of 1s in step \"long\"" } },
	{ "by the build file",
	  "  timeout: 1500ms\npipeline:\n  - name: long\n    runs: sleep 1000\n",
	  { "x.yaml" },
	  { "build exceeded its timeout of 1.5s in step \"long\"" } },
	{ "the flag wins",
	  "  timeout: 1h\npipeline:\n  - name: long\n    runs: sleep 1000 & sleep 1001\n",
	  { "--timeout=1s", "x.yaml" },
	  { "build exceeded its timeout of 1s in step \"long\"" } },
};

ParameterizedTestParameters(ends, limits)
{
	BUILD_PARAMETERS(BUILD_COUNTOF(limits));
}

ParameterizedTest(const size_t *i, ends, limits, .timeout = 60)
{
	struct run_place place RUN_AUTO_PLACE;
	struct run_result result RUN_AUTO_RESULT = { 0 };
	const char *args[BUILD_ARGS_MAX + 1] = { "--empty-workspace" };
	size_t which;

	if (!build_place(&place, *i, &which) || !run_has_sandbox(&place))
		return;
	for (size_t arg = 0; limits[which].args[arg]; arg++)
		args[arg + 1] = limits[which].args[arg];
	build_write(&place, "x", limits[which].body);
	build_melange(&result, &place, NULL, args);
	build_expect(&place, &result, 124, limits[which].says);
	build_check_clean(&place);
}

/* --- a full disk ---------------------------------------------------------------------------
 */

/* A small tmpfs as out dir in a mount namespace of the script's own; it prints what is there
 * before and after the build that does not fit. */
static const char full_disk[] = "set -e\n"
				"mkdir -p small\n"
				"mount -t tmpfs -o size=$SIZE,mode=0777 none small\n"
				"as() { $AS ./melange build --network=none --empty-workspace "
				"--out-dir=small \"$@\"; }\n"
				"as --signing-key=test.rsa first.yaml\n"
				"sum() { (cd small && find . -type f ! -path '*/logs/*' -exec "
				"sha256sum {} + | sort); }\n"
				"sum >before\n"
				"code=0\n"
				"as --signing-key=test.rsa big.yaml || code=$?\n"
				"sum | cmp - before\n"
				"ls -A small/*/\n"
				"exit $code\n";

ParameterizedTestParameters(ends, full_disk)
{
	static const char *const sizes[] = { "96k", "300k", "600k" };

	BUILD_PARAMETERS(BUILD_COUNTOF(sizes));
}

ParameterizedTest(const size_t *i, ends, full_disk, .timeout = 60)
{
	static const char *const sizes[] = { "SIZE=96k", "SIZE=300k", "SIZE=600k" };
	struct run_place place RUN_AUTO_PLACE;
	struct run_result result RUN_AUTO_RESULT = { 0 };
	char as[128] = "AS=", temp[128];
	const char *env[] = { as, temp, NULL, NULL };
	const struct run_opts opts = { .env = env };
	size_t which;

	if (!build_place(&place, *i, &which) || !run_has_sandbox(&place))
		return;

	bool is_root = geteuid() == 0;
	struct run_place as_caller = place;
	const char *const args[] = { is_root ? "-m" : "-Urm", "sh", "-c", full_disk, NULL };

	env[2] = sizes[which];
	snprintf(temp, sizeof(temp), "TMPDIR=%s/tmp", place.dir);
	if (is_root && place.uid != 0)
		snprintf(as, sizeof(as), "AS=setpriv --reuid %u --regid %u --clear-groups",
			 place.uid, place.uid);
	as_caller.uid = geteuid();
	build_keygen(&place);
	build_write_step(&place, "first",
			 "mkdir -p melange-out/first/a && echo 1 >melange-out/first/a/b");
	build_write(&place, "big",
		    "pipeline:\n  - runs: |\n"
		    "      mkdir -p melange-out/big/a melange-out/small/a\n"
		    "      head -c 400000 /dev/urandom >melange-out/big/a/b\n"
		    "subpackages:\n"
		    "  - name: big-more\n"
		    "    pipeline:\n"
		    "      - runs: |\n"
		    "          mkdir -p melange-out/big-more/a\n"
		    "          head -c 400000 /dev/urandom >melange-out/big-more/a/b\n");
	run_program(&result, &as_caller, &opts, "unshare", args);
	BUILD_EXPECT(&place, &result, 6, "No space left on device", "to run it again");
	cr_assert_not(strstr(result.out, "big"), "torn packages: %s", result.out);
	cr_assert_not(strstr(result.out, ".tmp"), "temporary names: %s", result.out);
	build_check_clean(&place);
}
