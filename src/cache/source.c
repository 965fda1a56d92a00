/* Getting sources: see source.h. */
#include "cache/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/vec.h"
#include "cache/download.h"
#include "cache/manifest.h"
#include "cache/use.h"
#include "codec/digest.h"

enum {
	TICK_MS = 200,
	CONNECT_S = 25,
	IDLE_S = 30,
	TRIES = 5,
	BACKOFF_MS = 500,
	TRIED_MAX = 16 * 1024,
};

/* One file that is not there yet. */
struct job {
	struct mel_source_file *source;
	size_t next;     /* candidate to try next: two names for each place, then the URI */
	int fd;          /* owned; what is downloaded */
	char *part;      /* owned; its name among the unfinished ones, NULL: it has none */
	bool is_resumed; /* it began with bytes that are there, of whatever origin */
	bool is_running, is_done;
	uint64_t bytes, total;
	const char *url; /* of the try that runs, for people */
	struct mel_buf tried;
};

struct work {
	const struct mel_source_opts *opts;
	struct mel_source_count *count;
	struct mel_arena arena;
	struct mel_downloads *downloads; /* NULL: not needed yet */
	int parts_fd;
	MEL_VEC(struct job) job;
	size_t running, len, settled; /* of all files, those that are no more open */
	int64_t begin_ns;
	struct mel_err *failed; /* of files that cannot be had */
};

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void note_use(const struct work *w, const struct mel_source_file *source)
{
	MEL_AUTO_ERR struct mel_err *ignored = NULL;
	char name[MEL_DEPOT_NAME_BYTES];

	mel_depot_name(name, &source->want);
	if (w->opts->state && w->opts->state->dirfd >= 0)
		mel_cache_use_add(w->opts->state, name, w->opts->now, &ignored);
}

/* In the list of what downloads brought into the cache directory. */
static void note_added(const struct work *w, const struct mel_source_file *source,
		       const unsigned char *sha256)
{
	MEL_AUTO_ERR struct mel_err *ignored = NULL;
	const char *const wanted[] = { source->want.sha256, source->want.sha512 };
	static const char *const kind[] = { "sha256", "sha512" };

	if (!w->opts->state || w->opts->state->dirfd < 0 ||
	    w->opts->store_dirfd != w->opts->cache_dirfd)
		return;
	for (size_t i = 0; i < MEL_COUNTOF(wanted); i++) {
		MEL_AUTO_FREE char *name =
			wanted[i] ? mel_asprintf("%s:%s", kind[i], wanted[i]) : NULL;

		if (name)
			mel_cache_manifest_add(w->opts->state, name, source->size, sha256,
					       &ignored);
	}
}

/* --- what is there ------------------------------------------------------------------------ */

static int look_in(struct mel_source_file *source, int dirfd, bool may_move, char *name,
		   struct mel_err **err)
{
	struct mel_depot_hit hit;

	if (mel_depot_find(&hit, dirfd, &source->want, may_move, err) < 0)
		return -1;
	if (hit.found != MEL_DEPOT_GOOD)
		return 0;
	close(hit.fd);
	memcpy(name, hit.name, MEL_DEPOT_NAME_BYTES);
	source->size = hit.size;
	source->is_hit = source->is_there = true;
	return 0;
}

static int look(const struct work *w, struct mel_source_file *source, struct mel_err **err)
{
	const struct mel_source_opts *opts = w->opts;
	char name[MEL_DEPOT_NAME_BYTES];

	source->is_hit = source->is_there = false;
	if (opts->cache_dirfd >= 0 &&
	    look_in(source, opts->cache_dirfd, opts->may_move, name, err) < 0)
		return -1;
	if (source->is_there && opts->store_dirfd == opts->cache_dirfd)
		return mel_depot_link(opts->store_dirfd, &source->want, name, err);
	if (!source->is_there && opts->store_dirfd != opts->cache_dirfd)
		return look_in(source, opts->store_dirfd, true, name, err);
	return 0;
}

static bool same_want(const struct mel_depot_want *a, const struct mel_depot_want *b)
{
	const char *const pair[][2] = { { a->sha256, b->sha256 }, { a->sha512, b->sha512 } };

	for (size_t i = 0; i < MEL_COUNTOF(pair); i++)
		if (!pair[i][0] != !pair[i][1] ||
		    (pair[i][0] && !mel_text_eq(pair[i][0], pair[i][1])))
			return false;
	return true;
}

/* Look for each; those that are missing become jobs, once each. */
static int find_missing(struct work *w, struct mel_source_file *source, size_t len,
			struct mel_err **err)
{
	for (size_t i = 0; i < len; i++) {
		bool is_known = false;

		for (size_t j = 0; j < w->job.len && !is_known; j++)
			is_known = same_want(&w->job.at[j].source->want, &source[i].want);
		if (is_known)
			continue;
		if (look(w, &source[i], err) < 0)
			return -1;
		w->len++;
		if (source[i].is_there) {
			w->count->hits++;
			w->settled++;
			note_use(w, &source[i]);
			continue;
		}
		w->count->misses++;
		mel_vec_push(&w->job, (struct job){ .source = &source[i],
						    .fd = -1,
						    .tried = MEL_BUF_INIT(TRIED_MAX) });
	}
	return 0;
}

/* --- unfinished downloads ------------------------------------------------------------------
 */

static void open_parts(struct work *w)
{
	const struct mel_cache_state *state = w->opts->state;

	w->parts_fd = -1;
	if (!state || state->dirfd < 0)
		return;
	if (mkdirat(state->dirfd, "parts", 0700) < 0 && errno != EEXIST)
		return;
	w->parts_fd = mel_openat_beneath(state->dirfd, "parts", O_RDONLY | O_DIRECTORY, 0);
}

/* A file to download into: with a name if it can be kept for later, and nobody else uses it. */
static int open_part(const struct work *w, struct job *job, struct mel_err **err)
{
	char name[MEL_DEPOT_NAME_BYTES];
	struct stat st, named;

	mel_depot_name(name, &job->source->want);
	if (w->parts_fd >= 0) {
		MEL_AUTO_CLOSE int fd =
			mel_openat_beneath(w->parts_fd, name, O_RDWR | O_CREAT, 0600);

		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &st) == 0 &&
		    fstatat(w->parts_fd, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode) && st.st_ino == named.st_ino) {
			job->fd = mel_steal_fd(&fd);
			job->part = mel_strdup(name);
			return 0;
		}
	}
	job->fd = mel_openat(w->opts->store_dirfd, ".", O_TMPFILE | O_RDWR, 0600);
	if (job->fd < 0) {
		MEL_AUTO_FREE char *temp = mel_asprintf(".%s.%ld.1.tmp", name, (long)getpid());

		job->fd =
			mel_openat(w->opts->store_dirfd, temp, O_RDWR | O_CREAT | O_EXCL, 0600);
		unlinkat(w->opts->store_dirfd, temp, 0);
	}
	return job->fd < 0 ? mel_err_sys(err, "cannot make a file for a download") : 0;
}

/* Unfinished ones stay when they have a name, so that the next build goes on with them. */
static void close_part(const struct work *w, struct job *job, bool is_of_use)
{
	if (job->fd < 0)
		return;
	if (job->part && !is_of_use)
		unlinkat(w->parts_fd, job->part, 0);
	close(job->fd);
	job->fd = -1;
	free(job->part);
	job->part = NULL;
}

/* --- one try after the other ---------------------------------------------------------------
 */

static void settle(struct work *w, struct job *job)
{
	job->is_done = true;
	w->settled++;
	mel_buf_clear(&job->tried);
}

static void got(struct work *w, struct job *job)
{
	job->source->is_there = true;
	note_use(w, job->source);
	settle(w, job);
}

static void add_tried(struct job *job, const char *where, const char *why)
{
	mel_buf_printf(&job->tried, "%s%s: %s", job->tried.len ? "; " : "", where, why);
}

static void give_up(struct work *w, struct job *job)
{
	const struct mel_source_file *source = job->source;
	char name[MEL_DEPOT_NAME_BYTES];
	struct mel_err *one = NULL;

	mel_depot_name(name, &source->want);
	mel_err_at(&one, &source->pos, "cannot get '%s' (%s): %s",
		   mel_remote_public(source->uri, &w->arena), name,
		   job->tried.len ? mel_buf_text(&job->tried)
				  : "it is in no place that can be asked");
	mel_err_as(&one, MEL_ERR_NETWORK);
	mel_err_append(&w->failed, one);
	settle(w, job);
}

/* A folder of --cache-source, with or without file:// in front. */
static const char *folder_of(const char *place)
{
	if (mel_text_starts(place, "file://"))
		return place + strlen("file://");
	return mel_remote_is_url(place) ? NULL : place;
}

/* 1: it was there and is stored; 0: it was not. */
static int try_folder(struct work *w, struct job *job, const char *folder, struct mel_err **err)
{
	MEL_AUTO_CLOSE int dirfd = mel_openat(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY, 0);
	MEL_AUTO_BUF struct mel_buf why = MEL_BUF_INIT(1024);
	unsigned char sha256[MEL_SHA256_BYTES];
	struct mel_depot_hit hit;
	int result;

	if (dirfd < 0) {
		add_tried(job, folder, strerror(errno));
		return 0;
	}
	if (mel_depot_find(&hit, dirfd, &job->source->want, false, err) < 0)
		return -1;
	if (hit.found != MEL_DEPOT_GOOD) {
		add_tried(job, folder, hit.found == MEL_DEPOT_ABSENT ? "not there" : "damaged");
		return 0;
	}
	result = mel_depot_check(hit.fd, &job->source->want, &job->source->size, sha256, &why,
				 err);
	if (result == 0)
		result = mel_depot_store(w->opts->store_dirfd, &job->source->want, hit.fd, err);
	else if (result > 0)
		add_tried(job, folder, "it changes");
	close(hit.fd);
	if (result != 0)
		return result < 0 ? -1 : 0;
	note_added(w, job->source, sha256);
	mel_log(MEL_LOG_INFO, "%s: taken from %s", hit.name, folder);
	return 1;
}

static int start_download(struct work *w, struct job *job, const char *url, bool is_origin,
			  struct mel_err **err)
{
	const struct mel_source_opts *opts = w->opts;
	const struct mel_source_file *source = job->source;
	struct mel_fetch_request request = {
		.id = (uint64_t)(job - w->job.at),
		.max_bytes = opts->max_bytes ? opts->max_bytes : MEL_SOURCE_MAX_BYTES,
		.connect_s = source->connect_s ? source->connect_s : CONNECT_S,
		.idle_s = source->idle_s ? source->idle_s : IDLE_S,
		.total_s = opts->total_s ? opts->total_s : MEL_SOURCE_TOTAL_S,
		.tries = source->tries && is_origin ? source->tries : TRIES,
		.backoff_ms = opts->backoff_ms ? opts->backoff_ms : BACKOFF_MS,
	};
	struct stat st;

	if (job->fd < 0 && open_part(w, job, err) < 0)
		return -1;
	if (fstat(job->fd, &st) < 0)
		return mel_err_sys(err, "cannot make a file for a download");
	request.offset = (uint64_t)st.st_size;
	job->is_resumed = st.st_size > 0;
	if (mel_remote_request(&request, url, &opts->env, &w->arena, err) < 0)
		return -1;
	if (!w->downloads &&
	    mel_downloads_open(&w->downloads, opts->program, &opts->env, err) < 0)
		return -1;
	if (mel_downloads_add(w->downloads, &request, job->fd, err) < 0)
		return -1;
	job->url = mel_remote_public(url, &w->arena);
	job->is_running = true;
	job->bytes = job->total = 0;
	w->running++;
	mel_log(MEL_LOG_INFO, "downloading %s", job->url);
	return 0;
}

/* The name of the object in a place, by the digest of that kind, NULL: it is not given. */
static const char *name_in_place(struct work *w, const struct mel_source_file *source,
				 bool is_512)
{
	const struct mel_depot_want alone = { is_512 ? NULL : source->want.sha256,
					      is_512 ? source->want.sha512 : NULL };
	char name[MEL_DEPOT_NAME_BYTES];

	if (!alone.sha256 && !alone.sha512)
		return NULL;
	mel_depot_name(name, &alone);
	return mel_arena_strdup(&w->arena, name);
}

/* Go on with the next candidate, until one is being downloaded or all were tried. */
static int go_on(struct work *w, struct job *job, struct mel_err **err)
{
	const struct mel_source_opts *opts = w->opts;

	while (job->next < 2 * opts->place_len) {
		const char *place = opts->place[job->next / 2];
		const char *folder = folder_of(place);
		const char *name = name_in_place(w, job->source, job->next % 2);
		bool is_first = job->next++ % 2 == 0;
		int found;

		if (!folder && name && !opts->is_offline)
			return start_download(w, job, mel_remote_object(place, name, &w->arena),
					      false, err);
		if (!folder || !is_first)
			continue;
		found = try_folder(w, job, folder, err);
		if (found > 0)
			got(w, job);
		if (found != 0)
			return found < 0 ? -1 : 0;
	}
	if (job->next++ == 2 * opts->place_len && !opts->is_offline &&
	    mel_remote_is_url(job->source->uri))
		return start_download(w, job, job->source->uri, true, err);
	if (!opts->is_offline && !job->source->is_optional)
		give_up(w, job);
	else
		settle(w, job); /* offline it is listed with all the others */
	return 0;
}

/* A download ended well: is it what is wanted? */
static int check_download(struct work *w, struct job *job, struct mel_err **err)
{
	MEL_AUTO_BUF struct mel_buf why = MEL_BUF_INIT(1024);
	struct mel_source_file *source = job->source;
	unsigned char sha256[MEL_SHA256_BYTES];
	int result = mel_depot_check(job->fd, &source->want, &source->size, sha256, &why, err);

	if (result < 0)
		return -1;
	if (result == 0) {
		if (mel_depot_store(w->opts->store_dirfd, &source->want, job->fd, err) < 0)
			return -1;
		close_part(w, job, false);
		note_added(w, source, sha256);
		got(w, job);
		return 0;
	}
	if (ftruncate(job->fd, 0) < 0)
		return mel_err_sys(err, "cannot empty a file");
	if (job->is_resumed) { /* what was there may have been of another file */
		job->is_resumed = false;
		job->next--;
		return go_on(w, job, err);
	}
	add_tried(job, job->url, mel_buf_text(&why));
	return go_on(w, job, err);
}

static int on_event(struct work *w, const struct mel_fetch_event *event, struct mel_err **err)
{
	struct job *job = event->id < w->job.len ? &w->job.at[event->id] : NULL;

	if (!job || !job->is_running)
		return mel_err_set(err, MEL_ERR_NETWORK, "melange-fetch: unexpected answer");
	if (event->kind == MEL_FETCH_PROGRESS) {
		job->bytes = event->number;
		job->total = event->total;
		return 0;
	}
	if (event->kind == MEL_FETCH_RETRY) {
		mel_log(MEL_LOG_WARN, "%s: %s; trying again", job->url, event->text);
		return 0;
	}
	job->is_running = false;
	job->bytes = job->total = event->number;
	w->running--;
	w->count->downloaded_bytes += event->number;
	if (event->kind == MEL_FETCH_DONE)
		return check_download(w, job, err);
	add_tried(job, job->url, event->text);
	return go_on(w, job, err);
}

/* --- all of them ---------------------------------------------------------------------------
 */

static int tick(struct work *w, struct mel_err **err)
{
	struct mel_source_progress progress = { .done = w->settled, .len = w->len };
	bool is_known = true;

	if (!w->opts->tick)
		return 0;
	for (size_t i = 0; i < w->job.len; i++) {
		const struct job *job = &w->job.at[i];

		progress.bytes += job->bytes;
		progress.total += job->total;
		is_known &= job->total > 0 || !job->is_running;
	}
	if (!is_known)
		progress.total = 0;
	return w->opts->tick(w->opts->user, &progress, err);
}

static int run(struct work *w, struct mel_err **err)
{
	unsigned parallel = w->opts->parallel ? w->opts->parallel : MEL_SOURCE_PARALLEL;
	size_t next = 0;

	while (next < w->job.len || w->running > 0) {
		struct mel_fetch_event event;
		int more = 0;

		while (next < w->job.len && w->running < parallel)
			if (go_on(w, &w->job.at[next++], err) < 0)
				return -1;
		if (tick(w, err) < 0)
			return -1;
		if (w->running > 0)
			more = mel_downloads_wait(w->downloads, TICK_MS, w->opts->wake_fd,
						  &event, err);
		if (more < 0 || (more > 0 && on_event(w, &event, err) < 0))
			return -1;
	}
	return 0;
}

/* Offline: everything that is missing, in one error. */
static int list_missing(const struct mel_source_file *source, size_t len, struct mel_err **err)
{
	MEL_AUTO_BUF struct mel_buf list = MEL_BUF_INIT(1 << 20);
	size_t missing = 0;

	for (size_t i = 0; i < len; i++) {
		char name[MEL_DEPOT_NAME_BYTES];

		if (source[i].is_there)
			continue;
		missing++;
		mel_depot_name(name, &source[i].want);
		mel_buf_printf(&list, "\n  %s:%u:%u: %s  %s", source[i].pos.file,
			       source[i].pos.line, source[i].pos.column, name, source[i].uri);
	}
	return mel_err_set(err, MEL_ERR_INPUT,
			   "--offline: %zu file%s not in the cache and cannot be downloaded:%s",
			   missing, missing == 1 ? " is" : "s are", mel_buf_text(&list));
}

/* Those that were left out since another one asks for the same. */
static void share_results(const struct work *w, struct mel_source_file *source, size_t len)
{
	for (size_t i = 0; i < len; i++)
		for (size_t j = 0; j < w->job.len && !source[i].is_there; j++)
			if (same_want(&w->job.at[j].source->want, &source[i].want)) {
				source[i].is_there = w->job.at[j].source->is_there;
				source[i].size = w->job.at[j].source->size;
			}
}

static void end(struct work *w)
{
	mel_downloads_close(w->downloads);
	for (size_t i = 0; i < w->job.len; i++) {
		struct job *job = &w->job.at[i];
		struct stat st;

		close_part(w, job, job->fd >= 0 && fstat(job->fd, &st) == 0 && st.st_size > 0);
		mel_buf_clear(&job->tried);
	}
	mel_vec_clear(&w->job);
	if (w->parts_fd >= 0)
		close(w->parts_fd);
	mel_arena_clear(&w->arena);
	mel_err_free(w->failed);
}

static int get(struct work *w, struct mel_source_file *source, size_t len, struct mel_err **err)
{
	if (find_missing(w, source, len, err) < 0)
		return -1;
	if (w->job.len == 0)
		return 0;
	open_parts(w);
	if (run(w, err) < 0)
		return -1;
	share_results(w, source, len);
	if (w->failed) {
		*err = mel_steal_ptr(&w->failed);
		return -1;
	}
	for (size_t i = 0; i < len && w->opts->is_offline; i++)
		if (!source[i].is_there)
			return list_missing(source, len, err);
	return 0;
}

int mel_source_get(struct mel_source_file *source, size_t len,
		   const struct mel_source_opts *opts, struct mel_source_count *count,
		   struct mel_err **err)
{
	struct work work = { .opts = opts, .count = count, .parts_fd = -1 };
	int64_t begin_ns = now_ns();
	int result;

	if (mel_remote_check(&opts->env, err) < 0)
		return -1;
	result = get(&work, source, len, err);
	if (work.job.len)
		count->download_ns += (uint64_t)(now_ns() - begin_ns);
	end(&work);
	return result;
}

int mel_source_check_place(const char *place, struct mel_err **err)
{
	const char *folder = folder_of(place);
	struct stat st;

	if (!folder)
		return 0;
	if (strstr(folder, "://"))
		return mel_err_set(err, MEL_ERR_INPUT,
				   "--cache-source: '%s' is neither a folder nor an http://, "
				   "https:// or s3:// address",
				   place);
	if (stat(folder, &st) < 0 || !S_ISDIR(st.st_mode))
		return mel_err_set(err, MEL_ERR_INPUT, "--cache-source: '%s' is not a folder",
				   place);
	return 0;
}
