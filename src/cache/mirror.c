/* Mirrors of git repositories: see mirror.h. */
#include "cache/mirror.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/vec.h"
#include "codec/digest.h"

enum { TICK_MS = 200, OUTPUT_MAX = 1 << 16, ARGS_MAX = 24, REF_MAX = 512 };

struct work {
	const struct mel_mirror_opts *opts;
	struct mel_arena arena;
	struct mel_buf said; /* by the last git, on both streams */
};

bool mel_mirror_is_url(const char *url)
{
	static const char *const scheme[] = { "http://", "https://", "git://" };

	for (size_t i = 0; i < MEL_COUNTOF(scheme); i++)
		if (mel_text_starts(url, scheme[i]) && url[strlen(scheme[i])])
			return true;
	return false;
}

/* --- running git ----------------------------------------------------------------------------
 */

/* The password of HTTP_AUTH, for its host; by the environment, since others see arguments. */
static void add_auth(struct work *w, char **env)
{
	static const char *const scheme[] = { "http", "https" };
	const char *host, *secret;
	char *code;

	if (!mel_remote_auth(&w->opts->env, &w->arena, &host, &secret))
		return;
	code = mel_arena_alloc(&w->arena, 4 * ((strlen(secret) + 2) / 3) + 1);
	mel_base64(code, (const unsigned char *)secret, strlen(secret));
	for (size_t i = 0; i < MEL_COUNTOF(scheme); i++) {
		env[2 * i] = mel_arena_printf(&w->arena,
					      "GIT_CONFIG_KEY_%zu=http.%s://%s/.extraHeader", i,
					      scheme[i], host);
		env[2 * i + 1] = mel_arena_printf(
			&w->arena, "GIT_CONFIG_VALUE_%zu=Authorization: Basic %s", i, code);
	}
	env[4] = mel_arena_strdup(&w->arena, "GIT_CONFIG_COUNT=2");
}

static char *const *environment(struct work *w)
{
	static const char *const fixed[] = {
		"LC_ALL=C",
		"HOME=/nonexistent",
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_ATTR_NOSYSTEM=1",
		"GIT_TERMINAL_PROMPT=0",
		"GIT_ASKPASS=/bin/false",
		"GIT_ALLOW_PROTOCOL=http:https:git",
		"GIT_PROTOCOL_FROM_USER=0",
	};
	static const char *const passed[][2] = {
		{ "http_proxy", "http_proxy" },       { "https_proxy", "https_proxy" },
		{ "HTTPS_PROXY", "HTTPS_PROXY" },     { "no_proxy", "no_proxy" },
		{ "NO_PROXY", "NO_PROXY" },           { "all_proxy", "all_proxy" },
		{ "ALL_PROXY", "ALL_PROXY" },         { "SSL_CERT_FILE", "GIT_SSL_CAINFO" },
		{ "SSL_CERT_DIR", "GIT_SSL_CAPATH" },
	};
	const char *path = mel_remote_variable(&w->opts->env, "PATH");
	char **env = mel_arena_array(&w->arena, MEL_COUNTOF(fixed) + MEL_COUNTOF(passed) + 7,
				     sizeof(*env));
	size_t len = 0;

	env[len++] = mel_arena_printf(&w->arena, "PATH=%s", path ? path : "/usr/bin:/bin");
	for (size_t i = 0; i < MEL_COUNTOF(fixed); i++)
		env[len++] = mel_arena_strdup(&w->arena, fixed[i]);
	for (size_t i = 0; i < MEL_COUNTOF(passed); i++) {
		const char *value = mel_remote_variable(&w->opts->env, passed[i][0]);

		if (value)
			env[len++] = mel_arena_printf(&w->arena, "%s=%s", passed[i][1], value);
	}
	add_auth(w, env + len);
	return env;
}

static int spawn(struct work *w, pid_t *pid, char *const *argv, int out_fd,
		 struct mel_err **err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;
	int result;

	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out_fd, STDERR_FILENO);
	result = posix_spawnp(pid, "git", &actions, &attr, argv, environment(w));
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	errno = result;
	return result == 0 ? 0 : mel_err_sys(err, "cannot run git");
}

/* Wait for the child, and its helpers' end if it must be stopped. The exit status, or -1. */
static int await(struct work *w, pid_t pid, struct mel_err **err)
{
	MEL_AUTO_CLOSE int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	int status = 0, result = 0;

	while (result == 0 && waitpid(pid, &status, WNOHANG) == 0) {
		struct pollfd fds[] = { { .fd = pidfd, .events = POLLIN },
					{ .fd = w->opts->wake_fd, .events = POLLIN } };

		poll(fds, MEL_COUNTOF(fds), pidfd < 0 ? 20 : TICK_MS);
		if (w->opts->tick)
			result = w->opts->tick(w->opts->user, err);
	}
	if (result < 0) {
		kill(-pid, SIGKILL);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		return -1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

/* git with the arguments, for the repository dir; its exit status, or -1. What it says is in
 * w->said. */
static int git(struct work *w, const char *dir, const char *const *args, struct mel_err **err)
{
	static const char *const fixed[] = {
		"git",
		"-c",
		"core.hooksPath=/dev/null",
		"-c",
		"gc.auto=0",
		"-c",
		"maintenance.auto=false",
		"-c",
		"credential.helper=",
		"-c",
		"core.fsmonitor=false",
	};
	MEL_AUTO_CLOSE int out = memfd_create("git", MFD_CLOEXEC);
	const char *argv[ARGS_MAX + MEL_COUNTOF(fixed)];
	size_t len = 0;
	pid_t pid;
	int status;

	for (; len < MEL_COUNTOF(fixed); len++)
		argv[len] = fixed[len];
	argv[len++] = mel_arena_printf(&w->arena, "--git-dir=%s", dir);
	for (size_t i = 0; args[i] && i < ARGS_MAX - 4; i++)
		argv[len++] = args[i];
	argv[len] = NULL;
	mel_buf_truncate(&w->said, 0);
	if (out < 0)
		return mel_err_sys(err, "cannot run git");
	/* argv of posix_spawnp(3) is not changed, though its type cannot say so */
	if (spawn(w, &pid, (char *const *)(uintptr_t)argv, out, err) < 0)
		return -1;
	status = await(w, pid, err);
	if (status >= 0) {
		MEL_AUTO_ERR struct mel_err *ignored = NULL;

		lseek(out, 0, SEEK_SET);
		mel_read_all(out, "output of git", &w->said, &ignored);
	}
	return status;
}

#define GIT(w, dir, err, ...) git(w, dir, (const char *const[]){ __VA_ARGS__, NULL }, err)

/* --- what is there ---------------------------------------------------------------------------
 */

static bool is_given(const char *text)
{
	return text && *text;
}

static const char *wanted_ref(struct work *w, const struct mel_mirror *m)
{
	if (is_given(m->tag))
		return mel_arena_printf(&w->arena, "refs/tags/%s", m->tag);
	if (is_given(m->branch))
		return mel_arena_printf(&w->arena, "refs/heads/%s", m->branch);
	return "HEAD";
}

static bool said_is(const struct work *w, const char *text)
{
	return mel_slice_eq_text(mel_slice_trim(mel_buf_slice(&w->said), " \r\n"), text);
}

/*
 * 1: the mirror has what the checkout needs, and asking would not change it; 2: it has the ref,
 * which may have moved elsewhere; 0: it does not have it.
 */
static int is_enough(struct work *w, const char *dir, const struct mel_mirror *m,
		     struct mel_err **err)
{
	const char *ref = wanted_ref(w, m);
	const char *commit = mel_arena_printf(&w->arena, "%s^{commit}", ref);
	MEL_AUTO_FREE char *shallow = mel_asprintf("%s/shallow", dir);
	int status = GIT(w, dir, err, "rev-parse", "--quiet", "--verify", "--end-of-options",
			 commit);

	if (status != 0)
		return status < 0 ? -1 : 0;
	if (m->depth == 0 && access(shallow, F_OK) == 0)
		return 0;
	if (!is_given(m->commit))
		return 2;
	if (said_is(w, m->commit))
		return 1;
	status = GIT(w, dir, err, "rev-parse", "--quiet", "--verify", "--end-of-options", ref);
	if (status < 0)
		return -1;
	if (status == 0 && said_is(w, m->commit)) /* the object of an annotated tag */
		return 1;
	if (is_given(m->tag) || m->depth > 0)
		return 2;
	status = GIT(w, dir, err, "merge-base", "--is-ancestor", m->commit, commit);
	return status < 0 ? -1 : status == 0 ? 1 : 2;
}

/* --- getting it ------------------------------------------------------------------------------
 */

/* "ref: refs/heads/main\tHEAD": what the repository checks out by default. */
static const char *default_ref(struct work *w)
{
	static const char begin[] = "ref: refs/heads/", end[] = "\tHEAD";
	struct mel_slice rest = mel_buf_slice(&w->said), line;

	while (mel_slice_next(&rest, '\n', &line)) {
		if (!mel_slice_starts(line, begin) || !mel_slice_ends(line, end) ||
		    line.len > REF_MAX)
			continue;
		return mel_arena_strndup(&w->arena, line.ptr + strlen("ref: "),
					 line.len - strlen("ref: ") - strlen(end));
	}
	return NULL;
}

static int fetch_ref(struct work *w, const char *dir, const struct mel_mirror *m,
		     const char *ref, struct mel_err **err)
{
	MEL_AUTO_FREE char *shallow = mel_asprintf("%s/shallow", dir);
	const char *spec = mel_arena_printf(&w->arena, "+%s:%s", ref, ref);
	const char *depth =
		mel_arena_printf(&w->arena, "--depth=%llu", (unsigned long long)m->depth);
	bool is_shallow = access(shallow, F_OK) == 0;
	const char *how = "--no-tags";

	if (is_shallow)
		how = m->depth ? depth : "--unshallow";
	else if (m->depth && GIT(w, dir, err, "for-each-ref", "--count=1") == 0 &&
		 w->said.len == 0)
		how = depth; /* new: no more than is asked for; a full one stays full */
	if (*err)
		return -1;
	return GIT(w, dir, err, "fetch", "--quiet", "--no-tags", "--force",
		   "--no-write-fetch-head", "--no-recurse-submodules", how, "--", m->url, spec);
}

/* The exit status of the git that matters, or -1. */
static int fetch(struct work *w, const char *dir, const struct mel_mirror *m,
		 struct mel_err **err)
{
	const char *ref = wanted_ref(w, m);
	int status;

	if (!mel_text_eq(ref, "HEAD")) {
		status = fetch_ref(w, dir, m, ref, err);
		if (status <= 0 || is_given(m->tag))
			return status;
		/* git clone takes the name of a tag for --branch, too */
		status = fetch_ref(w, dir, m,
				   mel_arena_printf(&w->arena, "refs/tags/%s", m->branch), err);
		return status;
	}
	status = GIT(w, dir, err, "ls-remote", "--quiet", "--symref", "--", m->url, "HEAD");
	if (status != 0)
		return status;
	ref = default_ref(w);
	if (!ref) {
		mel_buf_truncate(&w->said, 0);
		mel_buf_add_text(&w->said, "it does not say which branch is the default one");
		return 1;
	}
	status = fetch_ref(w, dir, m, ref, err);
	if (status != 0)
		return status;
	return GIT(w, dir, err, "symbolic-ref", "HEAD", ref);
}

/* The last line that git said, without its own introduction. */
static const char *reason(struct work *w)
{
	struct mel_slice rest = mel_slice_trim(mel_buf_slice(&w->said), " \r\n"), line, last;

	last = mel_slice_of("git failed");
	while (mel_slice_next(&rest, '\n', &line))
		if (mel_slice_starts(line, "fatal: ") || mel_slice_starts(line, "error: ") ||
		    last.len == 0 || !rest.ptr)
			last = line;
	return mel_arena_slice(&w->arena, last);
}

static int pause_for(struct work *w, unsigned ms, struct mel_err **err)
{
	for (unsigned done = 0; done < ms; done += TICK_MS) {
		struct pollfd wake = { .fd = w->opts->wake_fd, .events = POLLIN };

		poll(&wake, 1, ms - done < TICK_MS ? (int)(ms - done) : TICK_MS);
		if (w->opts->tick && w->opts->tick(w->opts->user, err) < 0)
			return -1;
	}
	return 0;
}

static int update(struct work *w, const char *dir, struct mel_mirror *m, struct mel_err **err)
{
	unsigned tries = w->opts->tries ? w->opts->tries : MEL_MIRROR_TRIES;
	unsigned wait = w->opts->pause_ms ? w->opts->pause_ms : 1000;
	const char *url = mel_remote_public(m->url, &w->arena);

	mel_log(MEL_LOG_INFO, "mirroring %s", url);
	for (unsigned i = 1;; i++, wait *= 2) {
		int status = fetch(w, dir, m, err);

		if (status <= 0)
			return status;
		if (i == tries)
			break;
		mel_log(MEL_LOG_WARN, "%s: %s; trying again", url, reason(w));
		if (pause_for(w, wait, err) < 0)
			return -1;
	}
	mel_err_at(err, &m->pos, "cannot get '%s' (%s): %s", url, wanted_ref(w, m), reason(w));
	return mel_err_as(err, MEL_ERR_NETWORK);
}

/* --- one after the other
 * ---------------------------------------------------------------------- */

static int open_mirror(struct work *w, const struct mel_mirror *m, char **dir, int *lock,
		       struct mel_err **err)
{
	MEL_AUTO_FREE char *lock_path = NULL;
	int status;

	*dir = mel_asprintf("%s/%s", w->opts->path, m->name);
	lock_path = mel_asprintf("%s.lock", *dir);
	*lock = mel_openat(AT_FDCWD, lock_path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
	if (*lock < 0 || flock(*lock, LOCK_EX) < 0)
		return mel_err_sys(err, "cannot lock '%s'", lock_path);
	if (mel_mkdirs(AT_FDCWD, *dir, 0755, err) < 0)
		return -1;
	/* eviction goes by the times of the two */
	if (futimens(*lock, NULL) < 0 || utimensat(AT_FDCWD, *dir, NULL, 0) < 0)
		mel_log(MEL_LOG_DEBUG, "the use of mirror %s is not noted: %m", *dir);
	status = GIT(w, *dir, err, "init", "--quiet", "--bare", "--template=");
	if (status > 0)
		mel_err_set(err, MEL_ERR_SYSTEM, "cannot make a mirror: %s", reason(w));
	return status == 0 ? 0 : -1;
}

/* 1: offline, and it is missing. */
static int get_one(struct work *w, struct mel_mirror *m, struct mel_err **err)
{
	MEL_AUTO_FREE char *dir = NULL;
	MEL_AUTO_CLOSE int lock = -1;
	unsigned char digest[MEL_SHA256_BYTES];
	int enough;

	mel_crypto_init();
	mel_digest_of(MEL_SHA256, mel_slice_of(m->url), digest);
	mel_hex(m->name, digest, (MEL_MIRROR_NAME_BYTES - 1) / 2);
	if (open_mirror(w, m, &dir, &lock, err) < 0)
		return -1;
	enough = is_enough(w, dir, m, err);
	if (enough < 0)
		return -1;
	m->is_hit = enough == 1 || (enough == 2 && w->opts->is_offline);
	if (m->is_hit)
		return 0;
	return w->opts->is_offline ? 1 : update(w, dir, m, err);
}

int mel_mirror_get(struct mel_mirror *mirror, size_t len, const struct mel_mirror_opts *opts,
		   struct mel_err **err)
{
	struct work work = { .opts = opts, .said = MEL_BUF_INIT(OUTPUT_MAX) };
	MEL_AUTO_BUF struct mel_buf missing = MEL_BUF_INIT(1 << 20);
	struct mel_err *found = NULL;
	int result = 0;

	for (size_t i = 0; i < len && result >= 0; i++) {
		struct mel_err *one = NULL;

		result = get_one(&work, &mirror[i], &one);
		if (result > 0)
			mel_buf_printf(&missing, "\n  %s:%u:%u: %s  %s", mirror[i].pos.file,
				       mirror[i].pos.line, mirror[i].pos.column,
				       mel_remote_public(mirror[i].url, &work.arena),
				       wanted_ref(&work, &mirror[i]));
		if (result < 0 && one->kind == MEL_ERR_NETWORK)
			result = 0; /* the others are tried all the same */
		mel_err_append(&found, one);
	}
	if (missing.len)
		mel_err_set(err, MEL_ERR_INPUT,
			    "--offline: not all repositories have been mirrored:%s",
			    mel_buf_text(&missing));
	mel_err_append(err, found);
	mel_buf_clear(&work.said);
	mel_arena_clear(&work.arena);
	return *err ? -1 : 0;
}
