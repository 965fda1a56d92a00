/* Sources of whole builds, from servers on loopback: cache modes, places, offline, mirrors. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "builds.h"
#include "tests/http.h"

#define SUM "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
#define SUM512                                                                                 \
	"e7c22b994c59d9cf2b48e549b1e24666636045930d3da7c1acb299d1c3b7f931"                     \
	"f94aae41edda2c2b207a36e10f8bcb8d45223e54878f5b316e7ce3b6bc019629"
#define OBJECT "cache/sha256:" SUM

static void with_users(void (*check)(struct run_place *place))
{
	for (size_t i = 0, which; i < RUN_USERS_MAX; i++) {
		struct run_place place RUN_AUTO_PLACE;

		if (build_place(&place, i, &which) && run_has_sandbox(&place))
			check(&place);
	}
}

/* The server's files: hello.txt. */
static void serve(struct http *http, const struct run_place *place)
{
	run_place_write(place, "www/hello.txt", "hello\n");
	http_start(http, run_place_path(place, "www"));
}

/* x.yaml: fetches path from the server with the lines of more, then runs the script. */
static void write_fetch(const struct run_place *place, const struct http *http,
			const char *path, const char *more, const char *script)
{
	char body[4096];

	snprintf(body, sizeof(body),
		 "pipeline:\n  - uses: fetch\n    with:\n"
		 "      uri: http://127.0.0.1:%d%s\n      extract: false\n"
		 "      retry-limit: 1\n%s  - runs: |\n      %s\n",
		 http->port, path, more, script);
	build_write(place, "x", body);
}

#define WITH_SUM "      expected-sha256: " SUM "\n"

/* --- cache modes ---------------------------------------------------------------------------
 */

static const struct {
	const char *mode;
	const char *script;
	int code;
	bool is_added; /* the cache has the object afterwards */
} modes[] = {
	{ "--cache-mode=rw", "grep -qx hello hello.txt", 0, true },
	{ "--cache-mode=rw", "false", 1, true },
	{ "--cache-mode=ro", "grep -qx hello hello.txt", 0, false },
	{ "--cache-mode=discard", "grep -qx hello hello.txt", 0, false },
	{ "--cache-mode=commit", "grep -qx hello hello.txt", 0, true },
	{ "--cache-mode=commit", "false", 1, false },
	{ "--cache-mode=off", "grep -qx hello hello.txt", 0, false },
};

ParameterizedTestParameters(sources, modes)
{
	BUILD_PARAMETERS(BUILD_COUNTOF(modes));
}

/* The steps have no network: what they find was downloaded for them. */
ParameterizedTest(const size_t *i, sources, modes, .timeout = 60)
{
	struct run_place place RUN_AUTO_PLACE;
	struct run_result result RUN_AUTO_RESULT = { 0 };
	struct http http;
	struct stat st;
	size_t which;

	if (!build_place(&place, *i, &which) || !run_has_sandbox(&place))
		return;
	run_place_write(&place, "cache/old", "old\n");
	serve(&http, &place);
	write_fetch(&place, &http, "/ok/hello.txt", WITH_SUM, modes[which].script);
	BUILD(&result, &place, NULL, "--network=none", "--empty-workspace", "--cache-dir=cache",
	      modes[which].mode, "x.yaml");
	cr_assert_eq(result.code, modes[which].code, "%s: %s", modes[which].mode, result.err);
	cr_assert_eq(http.shared->requests, 1);
	cr_assert_eq(lstat(run_place_path(&place, OBJECT), &st) == 0, modes[which].is_added,
		     "%s\n%s", modes[which].mode, result.err);
	if (modes[which].is_added) {
		cr_assert_eq(st.st_uid, place.uid);
		cr_assert(S_ISREG(st.st_mode) && !(st.st_mode & 0022), "mode %o", st.st_mode);
	}
	if (result.code == 0) {
		cr_assert(strstr(result.err, "downloaded: 6 B of sources in "), "%s",
			  result.err);
		cr_assert(strstr(modes[which].mode, "off") ||
				  strstr(result.err, "0 of 1 fetched files came from it"),
			  "%s", result.err);
	}
	http_stop(&http);
	build_check_clean(&place);
}

/* --- offline --------------------------------------------------------------------------------
 */

static void offline(struct run_place *place)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };
	struct http http;

	serve(&http, place);
	write_fetch(place, &http, "/ok/hello.txt", WITH_SUM,
		    "[ \"$GOPROXY\" = off ] && grep -qx hello hello.txt");
	BUILD(&result, place, NULL, "--offline", "--empty-workspace", "--cache-dir=cache",
	      "x.yaml");
	BUILD_EXPECT(place, &result, 3, "x.yaml:9:5: sha256:" SUM "  http://127.0.0.1:");
	cr_assert_eq(http.shared->requests, 0);
	run_result_clear(&result);
	RUN_MELANGE(&result, place, NULL, "update-cache", "--cache-dir=cache", "x.yaml");
	BUILD_EXPECT(place, &result, 0,
		     "sources: 0 in the cache before, 1 new (6 B downloaded)");
	run_result_clear(&result);
	RUN_MELANGE(&result, place, NULL, "update-cache", "--cache-dir=cache", "x.yaml",
		    "x.yaml");
	BUILD_EXPECT(place, &result, 0, "sources: 2 in the cache before, 0 new");
	cr_assert_eq(http.shared->requests, 1);
	http_stop(&http);
	run_result_clear(&result);
	BUILD(&result, place, NULL, "--offline", "--empty-workspace", "--cache-dir=cache",
	      "x.yaml");
	BUILD_EXPECT(place, &result, 0, "1 of 1 fetched files came from it", "network none");
	build_check_clean(place);
}

Test(sources, offline, .timeout = 60)
{
	with_users(offline);
}

/* --- places and names ------------------------------------------------------------------------
 */

/* Another cache, named by SHA-512 only; the address itself is dead. */
static void another_cache(struct run_place *place)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };
	struct http http;

	serve(&http, place);
	run_place_write(place, "other/sha512:" SUM512, "hello\n");
	run_place_write(place, "lying/sha512:" SUM512, "olleh\n");
	write_fetch(place, &http, "/gone/hello.txt", "      expected-sha512: " SUM512 "\n",
		    "grep -qx hello hello.txt");
	BUILD(&result, place, NULL, "--empty-workspace", "--cache-dir=cache",
	      "--cache-source=lying", "--cache-source=other", "x.yaml");
	BUILD_EXPECT(place, &result, 0, "taken from other");
	cr_assert_eq(access(run_place_path(place, "cache/sha512:" SUM512), R_OK), 0);
	cr_assert_eq(http.shared->requests, 0);
	http_stop(&http);
	build_check_clean(place);
}

Test(sources, another_cache, .timeout = 60)
{
	with_users(another_cache);
}

/* A file with the name that an empty digest would give is never looked at. */
static void planted(struct run_place *place)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };
	struct http http;

	serve(&http, place);
	run_place_write(place, "cache/sha512:", "planted\n");
	run_place_write(place, "cache/sha256:", "planted\n");
	write_fetch(place, &http, "/ok/hello.txt", "      expected-none: yes\n",
		    "grep -qx hello hello.txt");
	BUILD(&result, place, NULL, "--network=host", "--empty-workspace", "--cache-dir=cache",
	      "x.yaml");
	BUILD_EXPECT(place, &result, 0, "0 of 1 fetched files came from it");
	run_result_clear(&result);
	write_fetch(place, &http, "/gone/hello.txt", "      expected-none: yes\n", "true");
	BUILD(&result, place, NULL, "--network=host", "--empty-workspace", "--cache-dir=cache",
	      "x.yaml");
	cr_assert_eq(result.code, 1, "%s", result.err);
	http_stop(&http);
}

Test(sources, planted, .timeout = 60)
{
	with_users(planted);
}

/* --- failures --------------------------------------------------------------------------------
 */

static const struct {
	const char *path, *says;
} failures[] = {
	{ "/gone/hello.txt", "/gone/hello.txt: the server says 404" },
	{ "/wrong/hello.txt", "/wrong/hello.txt: its sha256 is " },
	{ "/loop/hello.txt", "redirects" },
};

ParameterizedTestParameters(sources, failures)
{
	BUILD_PARAMETERS(BUILD_COUNTOF(failures));
}

/* The end comes before any step runs. */
ParameterizedTest(const size_t *i, sources, failures, .timeout = 60)
{
	struct run_place place RUN_AUTO_PLACE;
	struct run_result result RUN_AUTO_RESULT = { 0 };
	struct http http;
	size_t which;

	if (!build_place(&place, *i, &which) || !run_has_sandbox(&place))
		return;
	serve(&http, &place);
	write_fetch(&place, &http, failures[which].path, WITH_SUM, "echo it-ran");
	BUILD(&result, &place, NULL, "--empty-workspace", "--cache-dir=cache", "x.yaml");
	BUILD_EXPECT(&place, &result, 4,
		     "x.yaml:9:5: cannot get 'http://127.0.0.1:", failures[which].says);
	cr_assert_not(strstr(result.err, "running step"));
	http_stop(&http);
	build_check_clean(&place);
}

static void interrupt(pid_t pid, void *user)
{
	(void)user;
	kill(pid, SIGINT);
}

/* A download without end is stopped at once, and nothing of it stays. */
static void stopped(struct run_place *place)
{
	const struct run_opts opts = { .while_running = interrupt, .delay_ms = 1500 };
	struct run_result result RUN_AUTO_RESULT = { 0 };
	struct http http;

	serve(&http, place);
	write_fetch(place, &http, "/slow/hello.txt", WITH_SUM, "true");
	BUILD(&result, place, &opts, "--empty-workspace", "--cache-dir=cache", "x.yaml");
	cr_assert_eq(result.code, 130, "%d %s", result.code, result.err);
	http_stop(&http);
	build_check_clean(place);
}

Test(sources, stopped, .timeout = 60)
{
	with_users(stopped);
}

/* --- repositories
 * ------------------------------------------------------------------------------ */

static int free_port(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert(fd >= 0 && bind(fd, (const struct sockaddr *)&address, len) == 0 &&
		  getsockname(fd, (struct sockaddr *)&address, &len) == 0);
	close(fd);
	return ntohs(address.sin_port);
}

/* git daemon for the folders of the place; it has a process group of its own. */
static pid_t start_daemon(const struct run_place *place, int port)
{
	char listen[64], base[128];
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)port),
				       .sin_addr = { htonl(INADDR_LOOPBACK) } };
	pid_t pid;

	snprintf(listen, sizeof(listen), "--port=%d", port);
	snprintf(base, sizeof(base), "--base-path=%s", place->dir);
	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		setpgid(0, 0);
		for (int fd = 0; fd < 3; fd++)
			dup2(null, fd);
		if (geteuid() == 0 && place->uid != 0 &&
		    (setgid(place->uid) < 0 || setuid(place->uid) < 0))
			_exit(1);
		setenv("HOME", place->dir, 1);
		execlp("git", "git", "daemon", "--listen=127.0.0.1", listen, base,
		       "--reuseaddr", "--export-all", (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < 100; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		int result = connect(fd, (const struct sockaddr *)&address, sizeof(address));

		close(fd);
		if (result == 0)
			break;
		poll(NULL, 0, 50);
	}
	return pid;
}

static void stop_daemon(pid_t pid)
{
	kill(-pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void sh(const struct run_place *place, const char *script)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };
	const char *const args[] = { "-ec", script, NULL };

	run_program(&result, place, NULL, "sh", args);
	cr_assert_eq(result.code, 0, "%s", result.err);
}

static void mirrors(struct run_place *place)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };
	int port = free_port();
	char body[2048];
	pid_t pid;

	sh(place, "git init -q -b main r && cd r && git config user.name n && "
		  "git config user.email e && for i in 1 2 3; do echo $i >f && git add f && "
		  "git commit -q -m $i; done && git tag -m t v1 && "
		  "git rev-parse HEAD~1 | tr -d '\\n' >../commit");

	char *commit = run_place_read(place, "commit");

	snprintf(body, sizeof(body),
		 "pipeline:\n"
		 "  - uses: git-checkout\n    with:\n"
		 "      repository: git://127.0.0.1:%d/r\n      branch: main\n"
		 "      expected-commit: %s\n      destination: a\n      max-retries: 0\n"
		 "  - uses: git-checkout\n    with:\n"
		 "      repository: git://127.0.0.1:%d/r\n      tag: v1\n      destination: b\n"
		 "      max-retries: 0\n"
		 "  - uses: git-checkout\n    with:\n"
		 "      repository: git://127.0.0.1:%d/r\n      destination: c\n"
		 "      max-retries: 0\n"
		 "  - runs: |\n      [ \"$(cat a/f b/f c/f | tr -d '\\n')\" = 233 ]\n"
		 "      git -C a log -1 --format=%%s | grep -qx 2\n",
		 port, commit, port, port);
	free(commit);
	build_write(place, "x", body);
	BUILD(&result, place, NULL, "--offline", "--empty-workspace", "--cache-dir=cache",
	      "x.yaml");
	BUILD_EXPECT(place, &result, 3, "not all repositories have been mirrored",
		     "x.yaml:9:5: git://127.0.0.1:", "/r  refs/heads/main",
		     "x.yaml:16:5: git://127.0.0.1:", "/r  refs/tags/v1");
	run_result_clear(&result);
	pid = start_daemon(place, port);
	BUILD(&result, place, NULL, "--network=none", "--empty-workspace", "--cache-dir=cache",
	      "x.yaml");
	stop_daemon(pid);
	BUILD_EXPECT(place, &result, 0, "mirroring git://127.0.0.1:");
	run_result_clear(&result);
	BUILD(&result, place, NULL, "--offline", "--empty-workspace", "--cache-dir=cache",
	      "x.yaml");
	BUILD_EXPECT(place, &result, 0, NULL);
	build_check_clean(place);
}

Test(sources, mirrors, .timeout = 120)
{
	with_users(mirrors);
}
