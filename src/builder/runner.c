/* Runs the steps of a plan: see runner.h. */
#include "builder/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/date.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "builder/lines.h"

enum {
	GRACE_MS = 10000,            /* between SIGTERM and SIGKILL */
	TICK_MS = 200,               /* of a live display */
	LOOK_MS = 1000,              /* at the size of the cache's layer, and of memory */
	SCRIPT_MAX_ARG = 120 * 1024, /* longer ones go through a file descriptor */
};

/* How a step came to its end. */
struct outcome {
	struct sbx_status status;
	int signo; /* signal that asked the whole build to stop, or 0 */
	bool is_timed_out;
	struct mel_err *limit; /* owned; what was exceeded, or NULL */
};

int64_t mel_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int sandbox_error(struct mel_err **err, const struct sbx_err *why)
{
	return mel_err_set(err, MEL_ERR_SANDBOX, "sandbox: %s", why->text);
}

/* melange-out/NAME in the workspace; by steps of ours only, since the guest may plant links. */
static int make_output(struct mel_runner *runner, const char *name, struct mel_err **err)
{
	const struct sbx_ids *ids = &runner->guest->ids;
	uid_t uid = ids->idmap_mounts ? geteuid() : ids->host_uid;
	gid_t gid = ids->idmap_mounts ? getegid() : ids->host_gid;
	const char *const part[] = { "melange-out", name };
	MEL_AUTO_CLOSE int at =
		mel_openat_beneath(runner->ws->work_fd, ".", O_RDONLY | O_DIRECTORY, 0);

	for (size_t i = 0; at >= 0 && i < MEL_COUNTOF(part); i++) {
		bool made = mkdirat(at, part[i], 0755) == 0;

		if (!made && errno != EEXIST)
			return mel_err_sys(err, "cannot make 'melange-out/%s'", name);

		int next = mel_openat_beneath(at, part[i], O_RDONLY | O_DIRECTORY, 0);

		if (next >= 0 && made && (uid != geteuid() || gid != getegid()) &&
		    fchown(next, uid, gid) < 0) {
			close(next);
			return mel_err_sys(err, "cannot make 'melange-out/%s'", name);
		}
		close(at);
		at = next;
	}
	return at < 0 ? mel_err_sys(err, "cannot open 'melange-out/%s'", name) : 0;
}

static void on_output(void *user, int stream, const char *bytes, size_t len)
{
	mel_lines_add(user, stream, bytes, len);
}

/* How long to wait at most: until the next tick of a display or the deadline. */
static int wait_ms(const struct mel_runner *runner, int64_t deadline_ns)
{
	int64_t left = -1;

	if (deadline_ns) {
		left = (deadline_ns - mel_now_ns()) / 1000000;
		left = left < 0 ? 0 : left;
	}
	if (runner->progress->tick && (left < 0 || left > TICK_MS))
		return TICK_MS;
	if ((runner->cache->upper.path || runner->ws->memory.path) &&
	    (left < 0 || left > LOOK_MS))
		return LOOK_MS;
	return left > 3600000 ? 3600000 : (int)left;
}

/* Does the cache's layer or what lies in memory outgrow its limit? Once is enough. */
static bool is_over(struct mel_runner *runner, struct outcome *out)
{
	return !out->limit &&
	       (mel_cache_upper_check(&runner->cache->upper, false, &out->limit) < 0 ||
		mel_workspace_check(runner->ws, &out->limit) < 0);
}

static bool is_stopping(const struct outcome *out)
{
	return out->signo || out->is_timed_out || out->limit;
}

static int read_signal(int fd)
{
	struct signalfd_siginfo info;

	return read(fd, &info, sizeof(info)) == sizeof(info) ? (int)info.ssi_signo : 0;
}

/*
 * Wait for the step's end. A signal or the deadline ends it by SIGTERM; after the grace time,
 * or at a second signal, everything inside is killed.
 */
static int pump(struct mel_runner *runner, struct outcome *out, struct mel_err **err)
{
	struct sbx *sbx = runner->guest->sbx;
	int64_t deadline_ns = runner->deadline_ns;
	bool is_killed = false;
	struct sbx_err why = { 0 };

	for (;;) {
		int stop = 0;
		bool was_stopping;

		if (sbx_wait(sbx, wait_ms(runner, deadline_ns), runner->opts->signal_fd,
			     &out->status, &why) < 0)
			return sandbox_error(err, &why);
		if (runner->progress->tick)
			runner->progress->tick(runner->progress->user);
		if (out->status.end != SBX_TIMEOUT && out->status.end != SBX_WOKEN)
			return 0;
		was_stopping = is_stopping(out);
		if (is_over(runner, out)) {
			stop = was_stopping ? SIGKILL : SIGTERM;
		} else if (out->status.end == SBX_WOKEN) {
			int signo = read_signal(runner->opts->signal_fd);

			if (!signo)
				continue;
			stop = was_stopping ? SIGKILL : SIGTERM;
			out->signo = out->signo ? out->signo : signo;
		} else if (deadline_ns && mel_now_ns() >= deadline_ns) {
			if (is_killed)
				return mel_err_set(err, MEL_ERR_SANDBOX,
						   "the step does not end even after SIGKILL");
			stop = was_stopping ? SIGKILL : SIGTERM;
			out->is_timed_out |= !was_stopping;
		}
		if (stop == 0)
			continue;
		is_killed = stop == SIGKILL;
		if (sbx_kill(sbx, stop, &why) < 0)
			return sandbox_error(err, &why);
		deadline_ns = mel_now_ns() + (int64_t)(is_killed ? 3 : 1) * GRACE_MS * 1000000;
	}
}

static const char *how_it_ended(struct mel_report *report, const struct sbx_status *status)
{
	if (status->end == SBX_SIGNALED)
		return mel_arena_printf(&report->arena, "killed by SIG%s",
					sigabbrev_np(status->code) ? sigabbrev_np(status->code)
								   : "?");
	if (status->end == SBX_LOST)
		return "the sandbox was killed";
	if (status->exec_errno)
		return mel_arena_printf(&report->arena, "cannot run the shell: %s",
					strerror(status->exec_errno));
	return mel_arena_printf(&report->arena, "exit status %d", status->code);
}

static bool tail_says(const struct mel_report *report, const char *text)
{
	for (unsigned i = 0; i < report->tail_len; i++)
		if (strstr(report->tail[i], text))
			return true;
	return false;
}

/* The likely cause when the guest itself is it. */
static const char *failure_hint(const struct mel_runner *runner)
{
	const struct mel_report *report = runner->report;

	if (tail_says(report, "Read-only file system")) {
		if (runner->cache->dir.path && runner->cache->dir.mode == MEL_CACHE_RO)
			return "; the cache is mounted read-only (--cache-mode=ro)";
		if (!runner->guest->rootfs.has_overlay)
			return "; /usr of this guest is the host's, read-only (no overlay "
			       "here)";
	}
	if (runner->cache->upper.in_memory && tail_says(report, "No space left on device"))
		return "; what is written into the cache is in memory, up to the size of "
		       "--cache-upper";
	if (tail_says(report, "/usr") && tail_says(report, "Permission denied"))
		return "; this root is the host's: folders of its /usr belong to the host, "
		       "install "
		       "below melange-out";
	return "";
}

/* Where a step of a definition is, for the end of a message about the step that uses it. */
static const char *definition_place(struct mel_report *report, const struct mel_step *step)
{
	if (!step->uses)
		return "";
	return mel_arena_printf(&report->arena, " (%s:%u:%u)", step->pos.file, step->pos.line,
				step->pos.column);
}

static int step_failed(struct mel_runner *runner, const struct mel_step *step,
		       struct outcome *outcome, int64_t elapsed_ns, struct mel_err **err)
{
	struct mel_report *report = runner->report;
	const char *package = runner->plan->output[step->output].name;
	const char *label = step->label ? step->label : "runs";
	char limit[MEL_DATE_BYTES];

	report->failed_label = mel_arena_strdup(&report->arena, label);
	report->failed_package = mel_arena_strdup(&report->arena, package);
	report->failed_elapsed_ns = (uint64_t)elapsed_ns;
	report->failed_how = how_it_ended(report, &outcome->status);
	if (outcome->signo) {
		mel_err_set(err, MEL_ERR_SIGNAL, "stopped by SIG%s in step \"%s\" of %s",
			    sigabbrev_np(outcome->signo), label, package);
		(*err)->errnum = outcome->signo;
		return -1;
	}
	if (outcome->limit) {
		*err = mel_steal_ptr(&outcome->limit);
		mel_err_as(err, MEL_ERR_STEP);
		report->failed_how = "it was stopped";
		return mel_err_wrap(err, "step \"%s\" of %s", label, package);
	}
	if (outcome->is_timed_out) {
		mel_duration_format(runner->timeout_ns, limit);
		return mel_err_set(err, MEL_ERR_TIMEOUT,
				   "build exceeded its timeout of %s in step \"%s\"", limit,
				   label);
	}
	return mel_err_set(
		err, outcome->status.end == SBX_LOST ? MEL_ERR_SANDBOX : MEL_ERR_STEP,
		"%s:%u:%u: step \"%s\" of package %s failed: %s%s%s", step->use_pos.file,
		step->use_pos.line, step->use_pos.column, label, package, report->failed_how,
		definition_place(report, step), failure_hint(runner));
}

static void record(struct mel_runner *runner, const struct mel_step *step,
		   const struct sbx_status *status, int64_t elapsed_ns)
{
	const struct rusage *usage = &status->usage;
	uint64_t cpu_us =
		(uint64_t)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1000000 +
		(uint64_t)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec);

	/* the report outlives the plan */
	mel_vec_push(
		&runner->report->step,
		(struct mel_report_step){
			.package = mel_arena_strdup(&runner->report->arena,
						    runner->plan->output[step->output].name),
			.label = mel_arena_strdup(&runner->report->arena,
						  step->label ? step->label : ""),
			.elapsed_ns = (uint64_t)elapsed_ns,
			.cpu_ns = cpu_us * 1000,
			.max_rss_bytes = (uint64_t)usage->ru_maxrss * 1024,
		});
	if (status->stray)
		mel_log(MEL_LOG_WARN,
			"%u process%s of the step still ran at its end and %s killed",
			status->stray, status->stray == 1 ? "" : "es",
			status->stray == 1 ? "was" : "were");
}

static int start(struct mel_runner *runner, const struct mel_step *step,
		 struct mel_lines *lines, struct mel_err **err)
{
	size_t script_len = strlen(step->script);
	bool by_fd = script_len > SCRIPT_MAX_ARG;
	const char *const inline_argv[] = { "/bin/sh", "-c", step->script, NULL };
	const char *const file_argv[] = { "/bin/sh", "{}", NULL };
	const struct sbx_step run = {
		.file = runner->guest->rootfs.shell,
		.argv = by_fd ? file_argv : inline_argv,
		.env = step->env,
		.workdir = step->workdir,
		.script = by_fd ? step->script : NULL,
		.script_len = by_fd ? script_len : 0,
		.output = on_output,
		.user = lines,
	};
	struct sbx_err why = { 0 };

	return sbx_exec(runner->guest->sbx, &run, &why) < 0 ? sandbox_error(err, &why) : 0;
}

static int run_step(struct mel_runner *runner, size_t index, struct mel_err **err)
{
	const struct mel_step *step = &runner->plan->step[index];
	const struct mel_progress *progress = runner->progress;
	const char *package = runner->plan->output[step->output].name;
	struct outcome outcome = { 0 };
	struct mel_lines lines = {
		.package = package,
		.label = step->label,
		.progress = progress,
		.report = runner->report,
	};
	int64_t begin = mel_now_ns();

	if (step->label && !step->is_continued)
		mel_log(MEL_LOG_INFO, "running step \"%s\"", step->label);
	if (progress->step_begin)
		progress->step_begin(progress->user, index, runner->plan->step_len, package,
				     step->label ? step->label : "");
	mel_lines_init(&lines);

	int result = start(runner, step, &lines, err);

	if (result == 0)
		result = pump(runner, &outcome, err);
	mel_lines_end(&lines);

	int64_t elapsed_ns = mel_now_ns() - begin;

	if (progress->step_end)
		progress->step_end(progress->user);
	if (result < 0) {
		mel_err_free(outcome.limit);
		return -1;
	}
	record(runner, step, &outcome.status, elapsed_ns);
	if (is_stopping(&outcome) || outcome.status.end != SBX_EXITED ||
	    outcome.status.code != 0)
		step_failed(runner, step, &outcome, elapsed_ns, err);
	mel_err_free(outcome.limit);
	return *err ? -1 : 0;
}

int mel_runner_run(struct mel_runner *runner, struct mel_err **err)
{
	const struct mel_plan *plan = runner->plan;
	size_t next = 0;

	for (size_t output = 0; output < plan->output_len; output++) {
		if (output > 0)
			mel_log(MEL_LOG_INFO, "running pipeline for subpackage %s",
				plan->output[output].name);
		if (make_output(runner, plan->output[output].name, err) < 0)
			return -1;
		for (; next < plan->step_len && plan->step[next].output == output; next++)
			if (run_step(runner, next, err) < 0)
				return -1;
	}
	return 0;
}
