/*
 * A process that commits is killed with SIGKILL at each of its system calls, before and behind
 * it (ptrace(2) stops there). Whatever the instant: every file in the directory is the old or
 * the new one and whole, a new folder is there with all that is in it or not at all, and the
 * next recovery brings the directory to the old state or to the new one.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/slice.h"
#include "tests/unit/cache/layers.h"
#include "tests/unit/table.h"

/* Seconds per row: a slow machine tries fewer instants, and valgrind, whose own calls are
 * stops, too, hardly any. */
static double patience(void)
{
	return getenv("MEL_UNDER_VALGRIND") ? 1 : 30;
}

static const struct {
	const char *name;
	bool elsewhere; /* the layer lies on another file system: files are copied */
	bool verified_only, apply_deletes;
} rows[] = {
	{ "rename", false, false, false },
	{ "copy", true, false, false },
	{ "verified", false, true, false },
	{ "deletes", false, false, true },
};

#define X_SHA "sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
#define X_NPM "npm/_cacache/content-v2/sha1/11/f6/ad8ec52a2984abaafd7c3b516503785c2072"

/* What the layer holds and the cache had; a NULL is no file. */
static const struct file {
	const char *path, *old, *new;
	bool is_verified; /* comes in by any policy */
	bool is_whole;    /* all of these come at once */
	bool is_deleted;  /* by the layer */
} files[] = {
	{ X_SHA, NULL, "x", true, false, false },
	{ X_NPM, NULL, "x", true, false, false },
	{ "npm/_cacache/index-v5/a", "old", "new one", false, false, false },
	{ "npm/same", "same", "same", false, false, false },
	{ "gomodcache/m@v1/a", NULL, "a", false, true, false },
	{ "gomodcache/m@v1/b/c", NULL, "c", false, true, false },
	{ "gomodcache/m@v1/b/d/e", NULL, "e", false, true, false },
	{ "gomodcache/kept", "kept", NULL, false, false, false },
	{ "pip/gone", "gone", NULL, false, false, true },
};

static struct layers l;
static char elsewhere[64]; /* where the layer is, "": in the state */

static bool is_wanted(const struct file *file)
{
	return !l.opts.verified_only || file->is_verified;
}

/* A folder on another file system than the cache; false when there is none. */
static bool move_layer(void)
{
	char note[96];
	struct stat a, b;

	snprintf(elsewhere, sizeof(elsewhere), "/dev/shm/melange-test-XXXXXX");
	if (!mkdtemp(elsewhere))
		return false;
	if (stat(elsewhere, &a) < 0 || fstat(l.cache_fd, &b) < 0 || a.st_dev == b.st_dev) {
		rmdir(elsewhere);
		snprintf(elsewhere, sizeof(elsewhere), "/var/tmp/melange-test-XXXXXX");
		if (!mkdtemp(elsewhere))
			return false;
		if (stat(elsewhere, &a) < 0 || a.st_dev == b.st_dev)
			return false;
	}
	snprintf(note, sizeof(note), "%s\n", elsewhere);
	layers_put(l.layer_fd, "place", note);
	cr_assert_eq(unlinkat(l.layer_fd, "lock", 0), 0);
	close(l.upper_fd);
	close(l.layer_fd);
	l.layer_fd = open(elsewhere, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_eq(mkdirat(l.layer_fd, "upper", 0755), 0);
	l.upper_fd = openat(l.layer_fd, "upper", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	layers_put(l.layer_fd, "lock", "");
	return true;
}

static void begin(size_t row)
{
	const struct timespec later[2] = { { .tv_sec = time(NULL) + 1000 },
					   { .tv_sec = time(NULL) + 1000 } };

	layers_open(&l);
	elsewhere[0] = '\0';
	l.opts.verified_only = rows[row].verified_only;
	l.opts.apply_deletes = rows[row].apply_deletes;
	if (rows[row].elsewhere && !move_layer())
		TABLE_CANNOT("there is one file system only");
	for (size_t i = 0; i < MEL_COUNTOF(files); i++) {
		if (files[i].old)
			layers_put(l.cache_fd, files[i].path, files[i].old);
		if (files[i].new)
			layers_put(l.upper_fd, files[i].path, files[i].new);
		if (files[i].is_deleted) {
			layers_put(l.upper_fd, files[i].path, "");
			unlinkat(l.upper_fd, files[i].path, 0);
			if (mknodat(l.upper_fd, files[i].path, S_IFCHR, makedev(0, 0)) < 0)
				l.opts.apply_deletes = false;
		}
	}
	/* What the policy does not want, or nobody. */
	cr_assert_eq(mkfifoat(l.upper_fd, "npm/fifo", 0600), 0);
	layers_put(l.upper_fd, "sha512:", "planted");
	cr_assert_eq(utimensat(l.layer_fd, "lock", later, 0), 0);
}

static void end(void)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;

	layers_close(&l);
	if (elsewhere[0])
		mel_rmtree(AT_FDCWD, elsewhere, &err);
}

/* --- the process that is killed --- */

typedef int worker(void);

static int commit_work(void)
{
	struct mel_err *err = NULL;
	int fd = openat(l.layer_fd, "lock", O_RDWR | O_CLOEXEC);

	return flock(fd, LOCK_EX) < 0 ||
	       mel_cache_commit(&l.opts, l.layer_fd, &l.tally, &err) < 0;
}

static int recover_work(void)
{
	struct mel_err *err = NULL;

	return mel_cache_recover(&l.opts, &err) < 0;
}

/* Run work up to its stop number at (0: to its end); the number of stops seen. */
static long run_to(worker *work, long at)
{
	pid_t pid = fork();
	long stops = 0;
	int status;

	cr_assert_geq(pid, 0);
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(2);
		raise(SIGSTOP);
		_exit(work());
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	if (!WIFSTOPPED(status))
		TABLE_CANNOT("processes cannot be traced here");
	for (;;) {
		if (at && stops == at)
			kill(pid, SIGKILL);
		else
			ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
		cr_assert_eq(waitpid(pid, &status, 0), pid);
		if (!WIFSTOPPED(status))
			break;
		stops++;
	}
	if (!WIFSIGNALED(status))
		cr_assert_eq(WEXITSTATUS(status), 0, "it failed after %ld stops", stops);
	return stops;
}

/* --- what is there --- */

static bool is_old(const struct file *file)
{
	return layers_has(l.cache_fd, file->path, file->old);
}

static bool is_new(const struct file *file)
{
	if (file->is_deleted)
		return layers_has(l.cache_fd, file->path,
				  l.opts.apply_deletes ? NULL : file->old);
	return file->new &&is_wanted(file) ? layers_has(l.cache_fd, file->path, file->new)
					   : is_old(file);
}

/* At any instant. */
static void check_whole(long at)
{
	bool is_there = !layers_has(l.cache_fd, "gomodcache/m@v1", NULL);

	for (size_t i = 0; i < MEL_COUNTOF(files); i++) {
		cr_assert(is_old(&files[i]) || is_new(&files[i]), "stop %ld: '%s'", at,
			  files[i].path);
		if (files[i].is_whole)
			cr_assert_eq(is_there, !is_old(&files[i]), "stop %ld: '%s'", at,
				     files[i].path);
	}
}

/* After a recovery: all old or all new, and nothing else. */
static void check_done(long at)
{
	size_t old = 0, new = 0;
	MEL_AUTO_CLOSE int fd = -1;
	struct mel_err *err MEL_AUTO_ERR = NULL;

	for (size_t i = 0; i < MEL_COUNTOF(files); i++) {
		old += is_old(&files[i]);
		new += is_new(&files[i]);
	}
	cr_assert(old == MEL_COUNTOF(files) || new == MEL_COUNTOF(files),
		  "stop %ld: %zu old, %zu new", at, old, new);
	cr_assert(layers_has(l.cache_fd, "npm/fifo", NULL));
	cr_assert(layers_has(l.cache_fd, "sha512:", NULL));
	fd = openat(l.state.dirfd, "layers", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_eq(layers_count(fd), 0, "stop %ld: a layer is left", at);
	close(fd);
	cr_assert_eq(mel_cache_lock(&l.state, MEL_CACHE_LOCK, true, true, &fd, &err), 0);
	cr_assert_geq(fd, 0, "stop %ld: the lock is held", at);
	if (elsewhere[0])
		cr_assert_lt(access(elsewhere, F_OK), 0, "stop %ld: the layer is left", at);
}

/* How many entries the directory has when nothing unfinished lies in it. */
static size_t entries_done(size_t row, bool is_committed)
{
	size_t count;

	begin(row);
	if (is_committed)
		layers_commit(&l);
	count = layers_count(l.cache_fd);
	end();
	return count;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* One try: killed at a stop of the commit, perhaps then at one of the recovery. */
static void try_at(size_t row, long at, long recover_at, const size_t entries[2])
{
	size_t count;

	begin(row);
	run_to(commit_work, at);
	check_whole(at);
	if (recover_at) {
		run_to(recover_work, recover_at);
		check_whole(at);
	}
	layers_recover(&l);
	check_done(at);
	count = layers_count(l.cache_fd);
	cr_assert(count == entries[0] || count == entries[1],
		  "stop %ld: %zu entries, expected %zu or %zu", at, count, entries[0],
		  entries[1]);
	end();
}

TABLE_PARAMETERS(commit_kill, every_call, rows)
ParameterizedTest(const size_t *row, commit_kill, every_call, .timeout = 300)
{
	const size_t entries[2] = { entries_done(*row, false), entries_done(*row, true) };
	long stops, tries = 0, step, recover_stops;
	double start = seconds();

	begin(*row);
	stops = run_to(commit_work, 0);
	check_whole(0);
	layers_recover(&l);
	check_done(0);
	end();
	/* One run of each kind took that long; on a fast machine every stop is tried. */
	step = 1 + (long)((double)stops * (seconds() - start) / 2 / patience());
	for (long at = 1; at < stops; at += step, tries++)
		try_at(*row, at, 0, entries);

	begin(*row);
	run_to(commit_work, stops * 3 / 4);
	recover_stops = run_to(recover_work, 0);
	end();
	for (long at = 1; at < stops; at += 29 * step)
		for (long again = 1; again < recover_stops; again += 31 * step, tries++)
			try_at(*row, at, again, entries);
	fprintf(stderr, "%s: %ld stops of a commit, %ld kills\n", rows[*row].name, stops,
		tries);
}
