/*
 * 64 builds at once that commit to one cache, many of which are killed with SIGKILL at random
 * instants and begun again: nothing is torn while they run and nothing is lost afterwards, no
 * lock is held and nothing unfinished is left. A note says how many of each there were.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "builds.h"

#ifdef MEL_SANITIZERS
enum { BUILDS = 16 /* each takes many times the memory and time */ };
#else
enum { BUILDS = 64 };
#endif

enum {
	TRIES_KILLED = 3, /* of each build at most; later ones are let live */
	KILL_MAX_MS = 3000,
	TREE_FILES = 8,
	SECONDS_MAX = 150, /* a guard; takes about 15 on two cores */
};

enum { STATUS_OK = 0, STATUS_KILLED = 9 };

struct attempt {
	pid_t pid; /* 0: none running */
	int tries;
	bool is_done;
};

static struct run_place place;
static struct attempt attempt[BUILDS];
static unsigned long started, kills, looks;

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Each build adds an object and a tree, and changes a file that all change. */
static void write_build(int i)
{
	char name[16], *script;

	snprintf(name, sizeof(name), "b%d", i);
	cr_assert_gt(asprintf(&script,
			      "c=/var/cache/melange\n"
			      "printf 'object %d' >o\n"
			      "cp o $c/sha256:$(sha256sum o | cut -c 1-64)\n"
			      "mkdir -p $c/pip $c/uv/archive-v0/t%d\n"
			      "for n in 0 1 2 3 4 5 6 7; do\n"
			      "  printf 'file %d' >$c/uv/archive-v0/t%d/$n\n"
			      "done\n"
			      "printf 'shared %d' >$c/pip/shared\n"
			      "printf 'own %d' >$c/pip/own%d\n"
			      "mkfifo $c/pip/fifo%d 2>/dev/null || true",
			      i, i, i, i, i, i, i, i),
		     0);
	build_write_step(&place, name, script);
	free(script);
}

static void kill_it(pid_t pid, void *user)
{
	(void)user;
	kill(pid, SIGKILL);
}

/* In a process of its own: run the build, perhaps kill it. Does not return. */
static void try_build(int i, bool is_killed, int delay_ms)
{
	const struct run_opts opts = { .timeout_s = 120,
				       .while_running = is_killed ? kill_it : NULL,
				       .delay_ms = delay_ms };
	struct run_result result = { 0 };
	char file[32];

	snprintf(file, sizeof(file), "b%d.yaml", i);
	BUILD(&result, &place, &opts, "--empty-workspace", "--cache-dir=cache",
	      "--cache-mode=commit", file);
	if (result.code != 0 && result.code != 128 + SIGKILL)
		fprintf(stderr, "build %d: %d\n%s", i, result.code, result.err);
	_exit(result.code == 0 ? STATUS_OK : result.code == 128 + SIGKILL ? STATUS_KILLED : 1);
}

static void start(int i)
{
	struct attempt *a = &attempt[i];
	bool is_killed = a->tries < TRIES_KILLED && rand() % 100 < 60;
	int delay_ms = 1 + rand() % KILL_MAX_MS;

	a->pid = fork();
	cr_assert_geq(a->pid, 0);
	if (a->pid == 0)
		try_build(i, is_killed, delay_ms);
	a->tries++;
	started++;
}

/* How many builds are not done yet. */
static int reap(void)
{
	int left = 0;

	for (int i = 0; i < BUILDS; i++) {
		struct attempt *a = &attempt[i];
		int status;

		if (a->is_done)
			continue;
		left++;
		if (waitpid(a->pid, &status, WNOHANG) != a->pid)
			continue;
		cr_assert(WIFEXITED(status) && (WEXITSTATUS(status) == STATUS_OK ||
						WEXITSTATUS(status) == STATUS_KILLED),
			  "build %d failed", i);
		a->is_done = WEXITSTATUS(status) == STATUS_OK;
		kills += !a->is_done;
		if (!a->is_done)
			start(i);
	}
	return left;
}

/* --- what is there --- */

static bool has_text(const char *path, const char *word, int number)
{
	char *is = run_place_read(&place, path), want[64];
	bool same;

	snprintf(want, sizeof(want), "%s %d", word, number);
	same = is && strcmp(is, want) == 0;
	free(is);
	return same;
}

/* Trees that are there have all their files; the file that all change is one of theirs. */
static void check_whole(void)
{
	char *shared = run_place_read(&place, "cache/pip/shared"), path[64], end;
	struct stat st;
	int number;

	looks++;
	if (shared)
		cr_assert_eq(sscanf(shared, "shared %d%c", &number, &end), 1, "torn: '%s'",
			     shared);
	free(shared);
	for (int i = 0; i < BUILDS; i++) {
		snprintf(path, sizeof(path), "cache/uv/archive-v0/t%d", i);
		if (stat(run_place_path(&place, path), &st) < 0)
			continue;
		for (int n = 0; n < TREE_FILES; n++) {
			snprintf(path, sizeof(path), "cache/uv/archive-v0/t%d/%d", i, n);
			cr_assert(has_text(path, "file", i), "'%s' is not whole", path);
		}
	}
}

/* Every file of every build, and nothing else. */
static void check_complete(void)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };
	const char *script = "cd \"$1\" && find . -type f -name 'sha256:*' | sed 's,^./,,' |\n"
			     "while IFS=: read -r kind hex; do\n"
			     "  echo \"$hex  $kind:$hex\"\n"
			     "done | sha256sum -c --quiet && find . -name 'sha256:*' | wc -l\n"
			     "find . ! -type f ! -type d -o -name '.mel*' -o ! -uid $2\n"
			     "find . | wc -l";
	char want[64], path[64], uid[16];

	for (int i = 0; i < BUILDS; i++) {
		snprintf(path, sizeof(path), "cache/pip/own%d", i);
		cr_assert(has_text(path, "own", i), "'%s' is lost", path);
		snprintf(path, sizeof(path), "cache/uv/archive-v0/t%d/7", i);
		cr_assert(has_text(path, "file", i), "'%s' is lost", path);
	}
	check_whole();
	snprintf(uid, sizeof(uid), "%u", place.uid);
	run_program(&result, &place, NULL, "sh",
		    (const char *const[]){ "-c", script, "sh", run_place_path(&place, "cache"),
					   uid, NULL });
	cr_assert_eq(result.code, 0, "%s", result.err);
	/* The root, uv, archive-v0, pip, shared, and of each build: object, own, tree. */
	snprintf(want, sizeof(want), "%d\n%d\n", BUILDS, 5 + BUILDS * (2 + 1 + TREE_FILES));
	cr_assert_str_eq(result.out, want);
}

/* An empty folder may be left for a minute: of a build that was killed before it locked it. */
static void check_state(void)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };
	const char *script = "cd \"$HOME\"/.local/state/melange/cache/* &&\n"
			     "find layers -mindepth 1 ! -empty\n"
			     "flock -n lock true && flock -n build true && wc -l <builds";
	unsigned long records;

	run_program(&result, &place, NULL, "sh", (const char *const[]){ "-c", script, NULL });
	cr_assert_eq(result.code, 0, "a lock is held: %s%s", result.out, result.err);
	records = strtoul(result.out, NULL, 10);
	cr_assert_geq(records, BUILDS, "layers are left: %s", result.out);
}

static void make_place(void)
{
	run_place_make(&place, run_users((uid_t[RUN_USERS_MAX]){ 0 }) > 1 ? RUN_UID : getuid());
	run_place_write(&place, "tmp/made", "");
	run_place_write(&place, "cache/made", "");
	unlink(run_place_path(&place, "cache/made"));
	for (int i = 0; i < BUILDS; i++)
		write_build(i);
}

Test(cache_stress, builds_that_are_killed_lose_nothing, .timeout = SECONDS_MAX + 30)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };
	const char *seed_text = getenv("MEL_STRESS_SEED");
	unsigned seed = seed_text ? (unsigned)strtoul(seed_text, NULL, 10) : (unsigned)getpid();
	double begin = seconds();

	make_place();
	if (!run_has_sandbox(&place)) {
		run_place_remove(&place);
		return;
	}
	srand(seed);
	for (int i = 0; i < BUILDS; i++)
		start(i);
	while (reap() > 0) {
		check_whole();
		cr_assert_lt(seconds() - begin, SECONDS_MAX, "seed %u: too slow", seed);
		nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	}
	/* The next build cleans up. */
	build_write_step(&place, "after", "true");
	BUILD(&result, &place, NULL, "--empty-workspace", "--cache-dir=cache",
	      "--cache-mode=commit", "after.yaml");
	cr_assert_eq(result.code, 0, "%s", result.err);
	check_complete();
	check_state();
	fprintf(stderr,
		"cache stress: %d builds at once, %lu started, %lu commits, %lu kills, %lu "
		"looks, "
		"%.1f s (seed %u)\n",
		BUILDS, started, started - kills, kills, looks, seconds() - begin, seed);
	run_place_remove(&place);
}
