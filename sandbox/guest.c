/*
 * A running guest: steps are sent to its pid 1, their output is pumped here. The monitor is the
 * only child of the caller. Source: poll(2), pipe(7), unix(7).
 */
#include "sandbox/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DRAIN_MS    5000 /* how long output may come after the last process's end */
#define CHUNK_BYTES 65536

struct sbx {
	struct sbx_monitor monitor;
	struct sbx_info info;
	bool is_running;
	bool is_done; /* the status is there, output may still come */
	bool is_lost;
	int out[2]; /* reading ends of stdout and stderr, -1 when ended */
	struct wire_done done;
	void (*output)(void *user, int stream, const char *bytes, size_t len);
	void *user;
	char chunk[CHUNK_BYTES];
};

static void note(struct sbx_info *info, int hint)
{
	if (hint != SBX_HINT_NONE && info->warning_len < SBX_COUNTOF(info->warning))
		info->warning[info->warning_len++] = hint;
}

/* A single id cannot drop groups; access by them reaches what is shown to the guest. */
static bool has_other_groups(const struct sbx_ids *ids)
{
	gid_t group[64];
	int n = ids->mode == SBX_IDS_SINGLE ? getgroups((int)SBX_COUNTOF(group), group) : 0;

	for (int i = 0; i < n; i++)
		if (group[i] != ids->caller_gid)
			return true;
	return n < 0; /* more than fit */
}

int sbx_open(struct sbx **out, const struct sbx_spec *spec, struct sbx_err *err)
{
	struct sbx_order order;
	struct wire_ready ready;
	struct sbx *sbx;
	int r;

	*out = NULL;
	if (sbx_order_guest(&order, spec, err) < 0)
		return -1;
	sbx = malloc(sizeof(*sbx));
	if (!sbx) {
		sbx_order_clear(&order);
		return sbx_fail(err, SBX_STAGE_SPEC, WIRE_CALL_NONE, ENOMEM, "sandbox", NULL);
	}
	memset(sbx, 0, offsetof(struct sbx, chunk));
	sbx->out[0] = sbx->out[1] = -1;
	r = sbx_monitor_start(&sbx->monitor, &order, spec->init_path, &ready, err);
	sbx_order_clear(&order);
	if (r < 0) {
		free(sbx);
		return -1;
	}
	sbx->info.tier = ready.tier;
	sbx->info.init_pid = ready.pid;
	note(&sbx->info, spec->ids.warning);
	if (has_other_groups(&spec->ids))
		note(&sbx->info, SBX_HINT_GROUPS);
	for (int hint = 1; hint < SBX_HINT_COUNT; hint++)
		if ((ready.warnings >> hint) & 1)
			note(&sbx->info, hint);
	*out = sbx;
	return 0;
}

const struct sbx_info *sbx_info(const struct sbx *sbx)
{
	return &sbx->info;
}

/* --- start of a step ------------------------------------------------------------------------
 */

static uint32_t put_argv(struct sbx_blob *b, const struct sbx_step *step, uint32_t *len)
{
	uint32_t at = sbx_blob_list(b, step->argv, len);
	uint64_t place = 0;

	for (uint32_t i = 0; step->script && i < *len && !b->is_broken; i++) {
		if (strcmp(step->argv[i], "{}") != 0)
			continue;
		if (!place)
			place = sbx_blob_text(b, "/dev/fd/3");
		if (!b->is_broken)
			memcpy(b->ptr + at + i * sizeof(place), &place, sizeof(place));
	}
	return at;
}

static void step_message(struct sbx_blob *b, const struct sbx_step *step)
{
	static const char *const nothing[] = { NULL };
	struct wire_step w = { .has_script = step->script != NULL };

	*b = (struct sbx_blob){ 0 };
	sbx_blob_room(b, sizeof(w));
	w.argv = put_argv(b, step, &w.argv_len);
	w.env = sbx_blob_list(b, step->env ? step->env : nothing, &w.env_len);
	w.file = sbx_blob_text(b, step->file ? step->file : step->argv[0]);
	w.workdir = sbx_blob_text(b, step->workdir ? step->workdir : "/");
	sbx_blob_room(b, 8); /* the last byte must be NUL */
	if (!b->is_broken)
		memcpy(b->ptr, &w, sizeof(w));
}

static void close_fds(int *fd, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (fd[i] >= 0)
			close(fd[i]);
}

/* fd: writing ends and the script; the reading ends stay in sbx. */
static int make_fds(struct sbx *sbx, const struct sbx_step *step, int fd[3],
		    struct sbx_err *err)
{
	int out[2], errs[2];

	fd[0] = fd[1] = fd[2] = -1;
	if (pipe2(out, O_CLOEXEC) < 0)
		return sbx_fail(err, SBX_STAGE_CONTROL, WIRE_CALL_OPEN, errno, "output pipe",
				NULL);
	sbx->out[0] = out[0];
	fd[0] = out[1];
	if (pipe2(errs, O_CLOEXEC) < 0)
		return sbx_fail(err, SBX_STAGE_CONTROL, WIRE_CALL_OPEN, errno, "output pipe",
				NULL);
	sbx->out[1] = errs[0];
	fd[1] = errs[1];
	if (!step->script)
		return 0;
	fd[2] = sbx_sealed_memfd("script", step->script, step->script_len, false);
	return fd[2] < 0 ? sbx_fail(err, SBX_STAGE_CONTROL, WIRE_CALL_CREATE, errno, "script",
				    NULL)
			 : 0;
}

static void close_output(struct sbx *sbx)
{
	close_fds(sbx->out, 2);
	sbx->out[0] = sbx->out[1] = -1;
}

static int fail_lost(struct sbx *sbx, struct sbx_err *err)
{
	sbx->is_lost = true;
	return sbx_fail(err, SBX_STAGE_CONTROL, WIRE_CALL_NONE, ECONNRESET,
			"pid 1 of the sandbox is gone", NULL);
}

/* The answer to a step: it runs, or why not. */
static int hear_start(struct sbx *sbx, const struct sbx_step *step, struct sbx_err *err)
{
	union {
		struct wire_error error;
		struct wire_done done;
	} answer;
	size_t len = 0;
	int type = sbx_message_receive(sbx->monitor.ctl, &answer, sizeof(answer), &len);

	if (type == WIRE_STARTED)
		return 0;
	if (type == WIRE_ERROR && len == sizeof(answer.error)) {
		const struct wire_error *e = &answer.error;

		if (e->stage == SBX_STAGE_WORKDIR)
			return sbx_fail(err, e->stage, e->call, e->errnum, "working directory",
					step->workdir);
		return sbx_fail_remote(err, e, NULL);
	}
	return fail_lost(sbx, err);
}

static int check_step(const struct sbx *sbx, const struct sbx_step *step, struct sbx_err *err)
{
	if (sbx->is_lost || sbx->is_running)
		return sbx_fail(err, SBX_STAGE_SPEC, WIRE_CALL_NONE,
				sbx->is_lost ? ECONNRESET : EBUSY, "sandbox", NULL);
	if (!step->argv || !step->argv[0])
		return sbx_fail(err, SBX_STAGE_SPEC, WIRE_CALL_NONE, EINVAL, "arguments", NULL);
	if (step->workdir && step->workdir[0] != '/')
		return sbx_fail(err, SBX_STAGE_SPEC, WIRE_CALL_NONE, EINVAL,
				"working directory", step->workdir);
	return 0;
}

int sbx_exec(struct sbx *sbx, const struct sbx_step *step, struct sbx_err *err)
{
	struct sbx_blob blob;
	int fd[3];
	int r;

	if (check_step(sbx, step, err) < 0)
		return -1;
	r = make_fds(sbx, step, fd, err);
	if (r == 0) {
		step_message(&blob, step);
		if (sbx_message_send(sbx->monitor.ctl, WIRE_STEP, 0, &blob, fd,
				     step->script ? 3 : 2) < 0)
			r = errno == EPIPE || errno == ECONNRESET
				    ? fail_lost(sbx, err)
				    : sbx_fail(err, SBX_STAGE_CONTROL, WIRE_CALL_WRITE, errno,
					       "step", NULL);
		sbx_blob_clear(&blob);
	}
	close_fds(fd, 3); /* only the step may hold the writing ends */
	if (r == 0)
		r = hear_start(sbx, step, err);
	if (r < 0) {
		close_output(sbx);
		return -1;
	}
	sbx->output = step->output;
	sbx->user = step->user;
	sbx->is_running = true;
	sbx->is_done = false;
	return 0;
}

/* --- output and end -------------------------------------------------------------------------
 */

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void pump(struct sbx *sbx, int stream)
{
	ssize_t n = read(sbx->out[stream], sbx->chunk, sizeof(sbx->chunk));

	if (n > 0) {
		if (sbx->output)
			sbx->output(sbx->user, stream + 1, sbx->chunk, (size_t)n);
	} else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
		close(sbx->out[stream]);
		sbx->out[stream] = -1;
	}
}

static void hear_end(struct sbx *sbx)
{
	size_t len = 0;
	int type = sbx_message_receive(sbx->monitor.ctl, &sbx->done, sizeof(sbx->done), &len);

	if (type == WIRE_DONE && len == sizeof(sbx->done))
		sbx->is_done = true;
	else
		sbx->is_lost = true;
}

static void fill_status(struct sbx *sbx, struct sbx_status *out)
{
	int status = sbx->done.status;

	*out = (struct sbx_status){ .end = SBX_LOST };
	if (sbx->is_lost)
		return;
	_Static_assert(sizeof(out->usage) == sizeof(sbx->done.usage), "as the kernel has it");
	memcpy(&out->usage, sbx->done.usage, sizeof(out->usage));
	out->stray = sbx->done.stray;
	out->exec_errno = sbx->done.exec_errno;
	if ((status & 0x7f) == 0) {
		out->end = SBX_EXITED;
		out->code = (status >> 8) & 0xff;
	} else {
		out->end = SBX_SIGNALED;
		out->code = status & 0x7f;
	}
}

/* One round: 1 something happened, 0 the time is up, 2 wake_fd, -1 poll failed. */
static int wait_once(struct sbx *sbx, int timeout_ms, int wake_fd)
{
	bool over = sbx->is_done || sbx->is_lost;
	struct pollfd p[4] = { { .fd = sbx->out[0], .events = POLLIN },
			       { .fd = sbx->out[1], .events = POLLIN },
			       { .fd = over ? -1 : sbx->monitor.ctl, .events = POLLIN },
			       { .fd = wake_fd, .events = POLLIN } };
	int n = poll(p, 4, timeout_ms);

	if (n < 0)
		return errno == EINTR ? 1 : -1;
	for (int i = 0; i < 2; i++)
		if (p[i].revents)
			pump(sbx, i);
	if (p[2].revents)
		hear_end(sbx);
	if (n == 0)
		return 0;
	return p[3].revents ? 2 : 1;
}

/* Milliseconds until then for poll; -1: for ever. */
static int left_ms(long long until)
{
	long long left = until < 0 ? -1 : until - now_ms();

	if (until >= 0 && left < 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

/* The step is over: what is still in the pipes, but not for long. */
static int drain(struct sbx *sbx, struct sbx_status *out)
{
	long long until = now_ms() + DRAIN_MS;

	while ((sbx->out[0] >= 0 || sbx->out[1] >= 0) && left_ms(until) > 0)
		if (wait_once(sbx, left_ms(until), -1) < 0)
			break;
	close_output(sbx);
	sbx->is_running = false;
	fill_status(sbx, out);
	return 0;
}

int sbx_wait(struct sbx *sbx, int timeout_ms, int wake_fd, struct sbx_status *out,
	     struct sbx_err *err)
{
	long long until = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;

	if (!sbx->is_running)
		return sbx_fail(err, SBX_STAGE_SPEC, WIRE_CALL_NONE, EINVAL, "no step runs",
				NULL);
	while (!sbx->is_done && !sbx->is_lost) {
		int r = wait_once(sbx, left_ms(until), wake_fd);

		if (r < 0)
			return sbx_fail(err, SBX_STAGE_CONTROL, WIRE_CALL_READ, errno, "poll",
					NULL);
		if (sbx->is_done || sbx->is_lost)
			break;
		/* Also between two pieces of output: a step that never pauses has to end, too.
		 */
		if (r == 2 || (until >= 0 && left_ms(until) == 0)) {
			*out = (struct sbx_status){ .end = r == 2 ? SBX_WOKEN : SBX_TIMEOUT };
			return 0;
		}
	}
	return drain(sbx, out);
}

int sbx_kill(struct sbx *sbx, int signo, struct sbx_err *err)
{
	if (sbx_message_send(sbx->monitor.ctl, WIRE_KILL, (uint32_t)signo, NULL, NULL, 0) == 0)
		return 0;
	if (errno == EPIPE || errno == ECONNRESET)
		return 0; /* it is over already; sbx_wait tells */
	return sbx_fail(err, SBX_STAGE_CONTROL, WIRE_CALL_WRITE, errno, "signal", NULL);
}

void sbx_close(struct sbx *sbx)
{
	if (!sbx)
		return;
	sbx_monitor_stop(&sbx->monitor);
	close_output(sbx);
	free(sbx);
}
