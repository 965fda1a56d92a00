/* The sources of a build: see sources.h. */
#include "builder/sources.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/slice.h"

#define FOLDER "sources"

const char *mel_step_variable(const struct mel_step *step, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; step->env[i]; i++)
		if (strncmp(step->env[i], name, len) == 0 && step->env[i][len] == '=')
			return step->env[i] + len + 1;
	return NULL;
}

/* --- what is asked for ---------------------------------------------------------------------
 */

static const char *input(const struct mel_step *step, const char *name)
{
	const char *value = mel_step_variable(step, name);

	return value ? value : "";
}

static uint64_t number(const struct mel_step *step, const char *name)
{
	MEL_AUTO_ERR struct mel_err *ignored = NULL;
	uint64_t value = 0;

	/* what is no number is the step's to complain about */
	mel_slice_u64(mel_slice_of(input(step, name)), &value, &ignored);
	return value;
}

/* In lower case; NULL when it is no digest, which is the step's to complain about. */
static const char *digest(struct mel_arena *arena, const char *text, size_t digits)
{
	char *made;

	if (!mel_depot_is_hex(text, digits))
		return NULL;
	made = mel_arena_strdup(arena, text);
	for (char *p = made; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return made;
}

/* As the step names it: the last part of the address, slashes at its end do not count. */
static const char *file_name(struct mel_arena *arena, const char *uri)
{
	size_t end = strlen(uri), begin;

	while (end > 0 && uri[end - 1] == '/')
		end--;
	for (begin = end; begin > 0 && uri[begin - 1] != '/'; begin--)
		;
	return mel_arena_strndup(arena, uri + begin, end - begin);
}

/* Does the file lie where the step would put it, with the right content? */
static int is_in_workspace(bool *out, struct mel_arena *arena, int work_fd,
			   const struct mel_step *step, const struct mel_source_file *source,
			   struct mel_err **err)
{
	const size_t len = strlen(MEL_PLAN_HOME);
	MEL_AUTO_BUF struct mel_buf why = MEL_BUF_INIT(1024);
	const char *name = file_name(arena, source->uri);
	struct stat st;
	int result;

	*out = false;
	if (work_fd < 0 || !*name || strncmp(step->workdir, MEL_PLAN_HOME, len) != 0 ||
	    (step->workdir[len] && step->workdir[len] != '/'))
		return 0;
	name = mel_arena_printf(arena, ".%s/%s", step->workdir + len, name);

	MEL_AUTO_CLOSE int fd = mel_openat_beneath(work_fd, name, O_RDONLY | O_NONBLOCK, 0);

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	result = mel_depot_check(fd, &source->want, NULL, NULL, &why, err);
	*out = result == 0;
	return result < 0 ? -1 : 0;
}

static int add_fetch(struct mel_sources *out, const struct mel_step *step, int work_fd,
		     struct mel_err **err)
{
	const char *sha256 = input(step, "MELANGE_INPUT_EXPECTED_SHA256");
	const char *sha512 = input(step, "MELANGE_INPUT_EXPECTED_SHA512");
	struct mel_source_file source = {
		.pos = step->use_pos,
		.uri = input(step, "MELANGE_INPUT_URI"),
		.want = { digest(&out->arena, sha256, 64), digest(&out->arena, sha512, 128) },
		.idle_s = number(step, "MELANGE_INPUT_TIMEOUT"),
		.tries = number(step, "MELANGE_INPUT_RETRY_LIMIT"),
	};
	bool is_there = false;

	if (*input(step, "MELANGE_INPUT_EXPECTED_NONE")) {
		out->unverified++;
		return 0;
	}
	if ((*sha256 && !source.want.sha256) || (*sha512 && !source.want.sha512) ||
	    (!*sha256 && !*sha512) || !*source.uri)
		return 0; /* the step says what is wrong */
	source.connect_s = source.idle_s + number(step, "MELANGE_INPUT_DNS_TIMEOUT");
	source.is_optional = !mel_remote_is_url(source.uri);
	source.pos.file = mel_arena_strdup(&out->arena, source.pos.file ? source.pos.file : "");
	if (is_in_workspace(&is_there, &out->arena, work_fd, step, &source, err) < 0)
		return -1;
	source.uri = mel_arena_strdup(&out->arena, source.uri);
	if (!is_there)
		mel_vec_push(&out->file, source);
	return 0;
}

int mel_sources_collect(struct mel_sources *out, const struct mel_plan *plan, int work_fd,
			struct mel_err **err)
{
	for (size_t i = 0; i < plan->step_len; i++) {
		const struct mel_step *step = &plan->step[i];

		/* the variables of inputs are those of our own definition */
		if (step->uses && mel_text_eq(step->uses, "fetch") &&
		    mel_step_variable(step, "MELANGE_INPUT_URI") &&
		    add_fetch(out, step, work_fd, err) < 0)
			return -1;
	}
	return 0;
}

void mel_sources_clear(struct mel_sources *sources)
{
	mel_vec_clear(&sources->file);
	mel_arena_clear(&sources->arena);
	if (sources->fd >= 0)
		close(sources->fd);
	*sources = (struct mel_sources)MEL_SOURCES_INIT;
}

/* --- getting it ----------------------------------------------------------------------------
 */

static void add_mib(struct mel_buf *out, uint64_t bytes)
{
	uint64_t tenths = bytes / 1024 * 10 / 1024;

	mel_buf_printf(out, "%llu.%llu", (unsigned long long)(tenths / 10),
		       (unsigned long long)(tenths % 10));
}

void mel_sources_bar(struct mel_buf *out, const struct mel_source_progress *progress)
{
	enum { CELLS = 20 };
	uint64_t all = progress->total, part = progress->bytes;
	unsigned filled;

	if (all == 0) { /* no size is known: count files */
		all = progress->len;
		part = progress->done;
	}
	filled = all ? (unsigned)((part > all ? all : part) * CELLS / all) : 0;
	mel_buf_add_char(out, '[');
	for (unsigned i = 0; i < CELLS; i++)
		mel_buf_add_char(out, i < filled ? '#' : '-');
	mel_buf_printf(out, "] %zu of %zu files, ", progress->done, progress->len);
	add_mib(out, progress->bytes);
	if (progress->total) {
		mel_buf_add_text(out, " of ");
		add_mib(out, progress->total);
	}
	mel_buf_add_text(out, " MiB");
}

static int tick(void *user, const struct mel_source_progress *progress, struct mel_err **err)
{
	const struct mel_sources_build *build = user;
	const struct mel_progress *display = build->progress;
	MEL_AUTO_BUF struct mel_buf bar = MEL_BUF_INIT(256);

	mel_sources_bar(&bar, progress);
	if (display->output)
		display->output(display->user, mel_buf_text(&bar), bar.len);
	if (display->tick)
		display->tick(display->user);
	return build->check ? build->check(build->user, err) : 0;
}

/* May objects be put into the directory itself? */
static bool is_direct(const struct mel_build_cache *cache)
{
	return cache->fd >= 0 && cache->dir.mode == MEL_CACHE_RW &&
	       faccessat(cache->fd, ".", W_OK, AT_EACCESS) == 0;
}

static int open_folder(struct mel_sources *sources, const struct mel_workspace *ws,
		       struct mel_err **err)
{
	if (mkdirat(ws->state.dirfd, FOLDER, 0755) < 0 && errno != EEXIST)
		return mel_err_sys(err, "cannot make a folder for sources");
	sources->fd =
		mel_openat(ws->state.dirfd, FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	return sources->fd < 0 ? mel_err_sys(err, "cannot make a folder for sources") : 0;
}

int mel_sources_get(struct mel_sources *sources, const struct mel_sources_build *build,
		    struct mel_err **err)
{
	const struct mel_build_opts *opts = build->opts;
	bool direct = is_direct(build->cache);
	struct mel_report *report = build->report;
	struct mel_source_count count = { .hits = 0 };
	struct mel_source_opts get = {
		.cache_dirfd = build->cache->fd,
		.may_move = direct,
		.store_dirfd = build->cache->fd,
		.state = &build->cache->state,
		.place = opts->cache_source.at,
		.place_len = opts->cache_source.len,
		.env = { opts->net_env.at, opts->net_env.len },
		.is_offline = opts->offline,
		.now = opts->now,
		.wake_fd = opts->signal_fd,
		.tick = tick,
		.user = (void *)(uintptr_t)build,
	};
	int result;

	for (size_t i = 0; i < opts->cache_source.len; i++)
		if (mel_source_check_place(opts->cache_source.at[i], err) < 0)
			return -1;
	if (sources->file.len && !direct) {
		if (open_folder(sources, build->ws, err) < 0)
			return -1;
		get.store_dirfd = sources->fd;
	}
	if (sources->file.len && build->progress->phase)
		build->progress->phase(build->progress->user, "sources");
	result = mel_source_get(sources->file.at, sources->file.len, &get, &count, err);
	report->fetch_hits += count.hits;
	report->fetch_misses += count.misses + sources->unverified;
	report->downloaded_bytes += count.downloaded_bytes;
	report->download_ns += count.download_ns;
	return result;
}

/* --- into the layer -------------------------------------------------------------------------
 */

static int add_one(const struct mel_sources *sources, const struct mel_source_file *source,
		   int upper_fd, struct mel_err **err)
{
	struct mel_depot_hit hit;
	int result;

	if (mel_depot_find(&hit, sources->fd, &source->want, false, err) < 0)
		return -1;
	if (hit.found != MEL_DEPOT_GOOD)
		return 0; /* the cache has it */
	result = mel_depot_store(upper_fd, &source->want, hit.fd, err);
	close(hit.fd);
	return result;
}

void mel_sources_add_to_layer(const struct mel_sources *sources,
			      const struct mel_build_cache *cache)
{
	MEL_AUTO_CLOSE int upper = -1;

	if (cache->dir.mode != MEL_CACHE_COMMIT || !cache->upper.path || sources->fd < 0)
		return;
	upper = mel_openat_beneath(cache->upper.dirfd, "upper", O_RDONLY | O_DIRECTORY, 0);
	for (size_t i = 0; i < sources->file.len; i++) {
		MEL_AUTO_ERR struct mel_err *err = NULL;

		if (upper < 0)
			mel_err_sys(&err, "cannot open the layer");
		if (upper < 0 || add_one(sources, &sources->file.at[i], upper, &err) < 0) {
			mel_log(MEL_LOG_WARN, "sources are not added to the cache: %s",
				err->text);
			return;
		}
	}
}
