/* Sources from the cache, from places and from a server on loopback, by the real program. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "cache/source.h"
#include "codec/digest.h"
#include "tests/http.h"
#include "tests/unit/table.h"

enum { BODY_BYTES = 300000 };

/* Everything of one test. */
static char home[] = "/tmp/melange-test-XXXXXX";
static int home_fd = -1, store_fd = -1;
static struct http http;
static char body[BODY_BYTES], sha256[65], sha512[129];
static struct mel_cache_state state = MEL_CACHE_STATE_INIT;
static struct mel_source_count count;

static void open_all(void)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	unsigned char digest[64];

	cr_assert(mkdtemp(home));
	cr_assert_eq(chmod(home, 0755), 0);
	home_fd = mel_openat(AT_FDCWD, home, O_RDONLY | O_DIRECTORY, 0);
	cr_assert_eq(mkdirat(home_fd, "store", 0755), 0);
	cr_assert_eq(mkdirat(home_fd, "www", 0755), 0);
	store_fd = mel_openat(home_fd, "store", O_RDONLY | O_DIRECTORY, 0);
	for (size_t i = 0; i < BODY_BYTES; i++)
		body[i] = (char)(i * i / 7);
	mel_crypto_init();
	mel_digest_of(MEL_SHA256, mel_slice_make(body, BODY_BYTES), digest);
	mel_hex(sha256, digest, 32);
	mel_digest_of(MEL_SHA512, mel_slice_make(body, BODY_BYTES), digest);
	mel_hex(sha512, digest, 64);
	cr_assert_eq(mel_file_write(home_fd, "www/f", body, BODY_BYTES, 0644, &err), 0);
	cr_assert_eq(mel_cache_state_open(&state, home, "/srv/cache", &err), 0);

	char folder[64];

	snprintf(folder, sizeof(folder), "%s/www", home);
	http_start(&http, folder);
}

static void close_all(void)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;

	http_stop(&http);
	mel_cache_state_close(&state);
	close(store_fd);
	close(home_fd);
	cr_assert_eq(mel_rmtree(AT_FDCWD, home, &err), 0);
}

TestSuite(source, .init = open_all, .fini = close_all, .timeout = 60);

static const char *program(void)
{
	const char *given = getenv("MELANGE_FETCH");

	return given ? given : "./melange-fetch";
}

static struct mel_source_opts options(void)
{
	return (struct mel_source_opts){
		.cache_dirfd = store_fd,
		.may_move = true,
		.store_dirfd = store_fd,
		.state = &state,
		.program = program(),
		.backoff_ms = 20,
		.max_bytes = 10 * BODY_BYTES,
		.now = 1000,
		.wake_fd = -1,
	};
}

static const char *url(const char *path)
{
	static char made[8][128];
	static unsigned next;
	char *out = made[next++ % 8];

	snprintf(out, sizeof(made[0]), "http://127.0.0.1:%d%s", http.port, path);
	return out;
}

static struct mel_source_file wanted(const char *uri)
{
	return (struct mel_source_file){ .pos = { "x.yaml", 12, 5 },
					 .uri = uri,
					 .want = { .sha256 = sha256 },
					 .connect_s = 5,
					 .idle_s = 1 };
}

/* The object is in the store, whole, and nobody may write to it. */
static void check_stored(const char *name)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(1 << 20);
	struct stat st;

	cr_assert_eq(mel_file_read(store_fd, name, &text, &err), 0, "no %s", name);
	cr_assert_eq(text.len, BODY_BYTES);
	cr_assert_arr_eq(text.ptr, body, BODY_BYTES);
	cr_assert_eq(fstatat(store_fd, name, &st, 0), 0);
	cr_assert_eq(st.st_mode & 07777, 0444, "mode %o", st.st_mode & 07777);
}

static char *object(const char *kind, const char *hex)
{
	static char made[2][160];
	static unsigned next;
	char *out = made[next++ % 2];

	snprintf(out, sizeof(made[0]), "%s:%s", kind, hex);
	return out;
}

/* --- one file from a server --------------------------------------------------------------- */

static const struct {
	const char *path;
	const char *says;  /* NULL: it works */
	unsigned requests; /* 0: not looked at */
	const char *log;   /* the server saw this, or NULL */
} servers[] = {
	{ "/ok/f", NULL, 1, NULL },
	{ "/to/f", NULL, 2, NULL },
	{ "/cut/f", NULL, 2, "Range: bytes=150000-\r\nUser-Agent" },
	{ "/cut/f", NULL, 2, "If-Range: \"a\"" },
	{ "/changed/f", NULL, 2, "If-Range: \"a\"" },
	{ "/part/f", NULL, 3, "Range: bytes=150000-" },
	{ "/busy/f", NULL, 3, NULL },
	{ "/gone/f", "/gone/f: the server says 404", 1, NULL },
	{ "/ok/missing", "the server says 404", 1, NULL },
	{ "/loop/f", "redirect", 11, NULL },
	{ "/wrong/f", "its sha256 is ", 1, NULL },
	{ "/stall/f", "too slow", 3, NULL },
	{ "/big/f", "it is larger than 3000000 bytes", 1, NULL },
	{ "/auth/f", "the server says 401", 1, NULL },
};

TABLE_TEST(source, server, servers)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_source_opts opts = options();
	struct mel_source_file source = wanted(url(servers[*row].path));
	int result;

	source.tries = 3;
	result = mel_source_get(&source, 1, &opts, &count, &err);
	if (servers[*row].says) {
		cr_assert_eq(result, -1, "%s", servers[*row].path);
		cr_assert_eq(err->kind, MEL_ERR_NETWORK);
		cr_assert(strstr(err->text, servers[*row].says), "%s", err->text);
		cr_assert(mel_text_starts(err->text, "x.yaml:12:5: cannot get 'http://127."),
			  "%s", err->text);
		cr_assert(!source.is_there);
		cr_assert_eq(faccessat(store_fd, object("sha256", sha256), F_OK, 0), -1);
	} else {
		cr_assert_eq(result, 0, "%s: %s", servers[*row].path, err ? err->text : "");
		cr_assert(source.is_there && !source.is_hit);
		cr_assert_eq(source.size, BODY_BYTES);
		check_stored(object("sha256", sha256));
	}
	cr_assert_eq(count.misses, 1);
	if (servers[*row].requests)
		cr_assert_eq(http.shared->requests, servers[*row].requests, "%u requests\n%s",
			     http.shared->requests, http.shared->log);
	if (servers[*row].log)
		cr_assert(strstr(http.shared->log, servers[*row].log), "%s", http.shared->log);
}

/* Bytes without end, but slower than the time allowed. */
Test(source, time_limit)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_source_opts opts = options();
	struct mel_source_file source = wanted(url("/slow/f"));

	opts.total_s = 1;
	cr_assert_eq(mel_source_get(&source, 1, &opts, &count, &err), -1);
	cr_assert(strstr(err->text, "timed out"), "%s", err->text);
}

/* A server that speaks something else than TLS. */
Test(source, tls_failure)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_source_opts opts = options();
	char uri[64];
	struct mel_source_file source = wanted(uri);

	snprintf(uri, sizeof(uri), "https://127.0.0.1:%d/ok/f", http.port);
	source.tries = 2;
	cr_assert_eq(mel_source_get(&source, 1, &opts, &count, &err), -1);
	cr_assert(strstr(err->text, "SSL"), "%s", err->text);
}

/* --- several -------------------------------------------------------------------------------
 */

Test(source, in_parallel)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_source_opts opts = options();
	struct mel_source_file source[6];
	char hex[6][65], uri[6][64];

	for (size_t i = 0; i < MEL_COUNTOF(source); i++) {
		unsigned char digest[32];
		char name[16], text[16];

		snprintf(name, sizeof(name), "www/p%zu", i);
		snprintf(text, sizeof(text), "text %zu", i);
		mel_digest_of(MEL_SHA256, mel_slice_of(text), digest);
		mel_hex(hex[i], digest, 32);
		cr_assert_eq(mel_file_write(home_fd, name, text, strlen(text), 0644, &err), 0);
		snprintf(uri[i], sizeof(uri[i]), "http://127.0.0.1:%d/meet/p%zu", http.port, i);
		source[i] = wanted(uri[i]);
		source[i].idle_s = 20;
		source[i].want.sha256 = hex[i];
	}
	cr_assert_eq(mel_source_get(source, 6, &opts, &count, &err), 0, "%s",
		     err ? err->text : "");
	cr_assert_eq(http.shared->most_open, 4, "%u at once", http.shared->most_open);
	cr_assert_eq(count.misses, 6);
	/* all of them are there now */
	cr_assert_eq(mel_source_get(source, 6, &opts, &count, &err), 0);
	cr_assert_eq(count.hits, 6);
	cr_assert_eq(http.shared->requests, 6);
}

/* The same artefact twice is got once. */
Test(source, the_same_twice)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_source_opts opts = options();
	struct mel_source_file source[] = { wanted(url("/ok/f")), wanted(url("/ok/f")) };

	cr_assert_eq(mel_source_get(source, 2, &opts, &count, &err), 0);
	cr_assert(source[0].is_there && source[1].is_there);
	cr_assert_eq(http.shared->requests, 1);
}

/* Each failure is told, and the others are not lost. */
Test(source, all_failures)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_source_opts opts = options();
	char zeros[65];
	struct mel_source_file source[] = { wanted(url("/gone/f")), wanted(url("/ok/f")) };

	memset(zeros, '0', 64);
	zeros[64] = '\0';
	source[0].want.sha256 = zeros;
	cr_assert_eq(mel_source_get(source, 2, &opts, &count, &err), -1);
	cr_assert_eq(mel_err_count(err), 1);
	check_stored(object("sha256", sha256));
}

/* --- names ---------------------------------------------------------------------------------
 */

Test(source, both_digests)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_source_opts opts = options();
	struct mel_source_file source = wanted(url("/ok/f"));
	struct stat a, b;

	source.want.sha512 = sha512;
	cr_assert_eq(mel_source_get(&source, 1, &opts, &count, &err), 0);
	check_stored(object("sha512", sha512));
	cr_assert_eq(fstatat(store_fd, object("sha512", sha512), &a, 0), 0);
	cr_assert_eq(fstatat(store_fd, object("sha256", sha256), &b, 0), 0);
	cr_assert_eq(a.st_ino, b.st_ino);
}

Test(source, sha512_only)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_source_opts opts = options();
	struct mel_source_file source = wanted(url("/ok/f"));

	source.want = (struct mel_depot_want){ .sha512 = sha512 };
	cr_assert_eq(mel_source_get(&source, 1, &opts, &count, &err), 0);
	check_stored(object("sha512", sha512));
	cr_assert_eq(faccessat(store_fd, object("sha256", sha256), F_OK, 0), -1);
	/* asked for by both later: the other name is made, nothing is downloaded */
	source = wanted(url("/gone/f"));
	source.want.sha512 = sha512;
	cr_assert_eq(mel_source_get(&source, 1, &opts, &count, &err), 0);
	check_stored(object("sha256", sha256));
}

/* A file that is not what its name says is moved aside; so are links and folders. */
static const char *const planted[] = { "file", "link", "folder", "fifo", "unreadable" };

TABLE_TEST(source, damaged, planted)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_source_opts opts = options();
	struct mel_source_file source = wanted(url("/ok/f"));
	const char *name = object("sha256", sha256), *what = planted[*row];
	char aside[160];

	if (mel_text_eq(what, "link"))
		cr_assert_eq(symlinkat("/etc/passwd", store_fd, name), 0);
	else if (mel_text_eq(what, "folder"))
		cr_assert_eq(mkdirat(store_fd, name, 0700), 0);
	else if (mel_text_eq(what, "fifo"))
		cr_assert_eq(mkfifoat(store_fd, name, 0600), 0);
	else
		cr_assert_eq(mel_file_write(store_fd, name, "x", 1,
					    mel_text_eq(what, "file") ? 0644 : 0, &err),
			     0);
	cr_assert_eq(mel_source_get(&source, 1, &opts, &count, &err), 0, "%s: %s", what,
		     err ? err->text : "");
	check_stored(object("sha256", sha256));
	snprintf(aside, sizeof(aside), "%s.damaged", object("sha256", sha256));
	cr_assert_eq(faccessat(store_fd, aside, F_OK, AT_SYMLINK_NOFOLLOW), 0);
}

/* --- places --------------------------------------------------------------------------------
 */

Test(source, places_in_their_order)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_source_opts opts = options();
	struct mel_source_file source = wanted(url("/gone/f"));
	char folder[64], file[64], name[160];
	const char *const place[] = { url("/gone/"), folder, file, url("/ok"), url("/wrong") };

	snprintf(folder, sizeof(folder), "%s/nothing", home);
	snprintf(file, sizeof(file), "file://%s/nothing", home);
	cr_assert_eq(mkdirat(home_fd, "nothing", 0755), 0);
	snprintf(name, sizeof(name), "www/%s", object("sha256", sha256));
	cr_assert_eq(mel_file_write(home_fd, name, body, BODY_BYTES, 0644, &err), 0);
	opts.place = place;
	opts.place_len = 5;
	cr_assert_eq(mel_source_get(&source, 1, &opts, &count, &err), 0, "%s",
		     err ? err->text : "");
	check_stored(object("sha256", sha256));
	cr_assert(strstr(http.shared->log, "GET /gone/sha256%3A"), "%s", http.shared->log);
	cr_assert(strstr(http.shared->log, "GET /ok/sha256%3A"));
	cr_assert(!strstr(http.shared->log, "GET /wrong"));
	cr_assert(!strstr(http.shared->log, "/gone/f "));
}

/* What a place has is verified; the next one is asked then. */
Test(source, a_place_that_lies)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_source_opts opts = options();
	struct mel_source_file source = wanted(url("/ok/f"));
	char name[160], folder[64];
	const char *const place[] = { folder, url("/wrong") };

	snprintf(folder, sizeof(folder), "%s/www", home);
	snprintf(name, sizeof(name), "www/%s", object("sha256", sha256));
	cr_assert_eq(mel_file_write(home_fd, name, "lie", 3, 0644, &err), 0);
	opts.place = place;
	opts.place_len = 2;
	cr_assert_eq(mel_source_get(&source, 1, &opts, &count, &err), 0);
	check_stored(object("sha256", sha256));
	/* the folder is somebody else's and is left as it was */
	cr_assert_eq(faccessat(home_fd, name, F_OK, 0), 0);
}

Test(source, a_folder_while_offline)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_source_opts opts = options();
	struct mel_source_file source = wanted(url("/ok/f"));
	char folder[64], name[160];
	const char *const place[] = { url("/ok"), folder };

	snprintf(folder, sizeof(folder), "%s/www", home);
	opts.place = place;
	opts.place_len = 2;
	opts.is_offline = true;
	cr_assert_eq(mel_source_get(&source, 1, &opts, &count, &err), -1);
	snprintf(name, sizeof(name), "www/%s", object("sha256", sha256));
	cr_assert_eq(mel_file_write(home_fd, name, body, BODY_BYTES, 0644, &err), 0);
	mel_err_free(err);
	err = NULL;
	cr_assert_eq(mel_source_get(&source, 1, &opts, &count, &err), 0);
	check_stored(object("sha256", sha256));
	cr_assert_eq(http.shared->requests, 0);
}

Test(source, offline_lists_all)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_source_opts opts = options();
	struct mel_source_file source[] = { wanted("https://example.invalid/a"),
					    wanted("https://example.invalid/b") };

	source[1].want = (struct mel_depot_want){ .sha512 = sha512 };
	source[1].pos.line = 20;
	opts.is_offline = true;
	cr_assert_eq(mel_source_get(source, 2, &opts, &count, &err), -1);
	cr_assert_eq(err->kind, MEL_ERR_INPUT);
	cr_assert_null(err->next);
	cr_assert(strstr(err->text, "2 files are not in the cache"), "%s", err->text);
	cr_assert(strstr(err->text, "x.yaml:12:5: sha256:"), "%s", err->text);
	cr_assert(strstr(err->text, "https://example.invalid/a"), "%s", err->text);
	cr_assert(strstr(err->text, "x.yaml:20:5: sha512:"), "%s", err->text);
}

/* --- passwords and signatures ---------------------------------------------------------------
 */

Test(source, http_auth)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_source_opts opts = options();
	struct mel_source_file source = wanted(url("/auth/f"));
	char text[128];
	const char *const list[] = { text };

	snprintf(text, sizeof(text), "HTTP_AUTH=basic:127.0.0.1:%d:user:pass:word", http.port);
	opts.env = (struct mel_remote_env){ list, 1 };
	cr_assert_eq(mel_source_get(&source, 1, &opts, &count, &err), 0, "%s",
		     err ? err->text : "");
	check_stored(object("sha256", sha256));
}

Test(source, s3)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_source_opts opts = options();
	struct mel_source_file source = wanted(url("/gone/f"));
	char endpoint[128], name[160];
	const char *const list[] = { endpoint, "AWS_ACCESS_KEY_ID=KEY",
				     "AWS_SECRET_ACCESS_KEY=SECRET", "AWS_SESSION_TOKEN=TOKEN",
				     "AWS_REGION=eu-test-1" };
	const char *const place[] = { "s3://bucket" };

	snprintf(endpoint, sizeof(endpoint), "AWS_ENDPOINT_URL_S3=http://127.0.0.1:%d/",
		 http.port);
	snprintf(name, sizeof(name), "www/%s", object("sha256", sha256));
	cr_assert_eq(mel_file_write(home_fd, name, body, BODY_BYTES, 0644, &err), 0);
	opts.env = (struct mel_remote_env){ list, 5 };
	opts.place = place;
	opts.place_len = 1;
	cr_assert_eq(mel_source_get(&source, 1, &opts, &count, &err), 0, "%s\n%s",
		     err ? err->text : "", http.shared->log);
	check_stored(object("sha256", sha256));
	cr_assert(strstr(http.shared->log, "x-amz-security-token"), "%s", http.shared->log);
	cr_assert(strstr(http.shared->log, "TOKEN"));
	cr_assert(!strstr(http.shared->log, "SECRET"));
}

/* --- what an earlier build left
 * --------------------------------------------------------------- */

static const struct {
	const char *name;
	size_t len;
	bool is_right;
	const char *log;
} parts[] = {
	{ "half of it", BODY_BYTES / 2, true, "Range: bytes=150000-" },
	{ "all of it", BODY_BYTES, true, "Range: bytes=300000-" },
	{ "half of another", BODY_BYTES / 2, false, "Range: bytes=150000-" },
};

TABLE_TEST(source, resumed, parts)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_source_opts opts = options();
	struct mel_source_file source = wanted(url("/ok/f"));
	char name[160];

	snprintf(name, sizeof(name), "parts/%s", object("sha256", sha256));
	mkdirat(state.dirfd, "parts", 0700);
	cr_assert_eq(mel_file_write(state.dirfd, name,
				    parts[*row].is_right ? body : body + 1000, parts[*row].len,
				    0600, &err),
		     0);
	cr_assert_eq(mel_source_get(&source, 1, &opts, &count, &err), 0, "%s: %s",
		     parts[*row].name, err ? err->text : "");
	check_stored(object("sha256", sha256));
	cr_assert(strstr(http.shared->log, parts[*row].log), "%s", http.shared->log);
	cr_assert_eq(http.shared->requests, parts[*row].is_right ? 1 : 2);
	cr_assert_eq(faccessat(state.dirfd, name, F_OK, 0), -1, "the part is left");
	if (parts[*row].is_right)
		cr_assert_eq(count.downloaded_bytes, BODY_BYTES - parts[*row].len);
}

/* A download that fails in the middle stays for the next build. */
Test(source, leaves_a_part)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_source_opts opts = options();
	struct mel_source_file source = wanted(url("/cut/f"));
	char name[160];
	struct stat st;

	source.tries = 1;
	cr_assert_eq(mel_source_get(&source, 1, &opts, &count, &err), -1);
	snprintf(name, sizeof(name), "parts/%s", object("sha256", sha256));
	cr_assert_eq(fstatat(state.dirfd, name, &st, 0), 0);
	cr_assert_eq(st.st_size, BODY_BYTES / 2);
	mel_err_free(err);
	err = NULL;
	cr_assert_eq(mel_source_get(&source, 1, &opts, &count, &err), 0);
	check_stored(object("sha256", sha256));
	cr_assert_eq(count.downloaded_bytes, BODY_BYTES);
}

/* --- stopping -------------------------------------------------------------------------------
 */

static int stop(void *user, const struct mel_source_progress *progress, struct mel_err **err)
{
	(void)user;
	return progress->bytes > 0 ? mel_err_set(err, MEL_ERR_SIGNAL, "stopped") : 0;
}

Test(source, stops)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_source_opts opts = options();
	struct mel_source_file source = wanted(url("/slow/f"));

	opts.tick = stop;
	cr_assert_eq(mel_source_get(&source, 1, &opts, &count, &err), -1);
	cr_assert_str_eq(err->text, "stopped");
}

/* The status of our child, as proc(5) shows it. */
static void read_child(struct mel_buf *out)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_buf children MEL_AUTO_BUF = MEL_BUF_INIT(4096);
	struct mel_slice rest, pid;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	cr_assert_eq(mel_file_read(AT_FDCWD, path, &children, &err), 0);
	rest = mel_buf_slice(&children);
	while (mel_slice_word(&rest, " ", &pid)) {
		snprintf(path, sizeof(path), "/proc/%.*s/status", (int)pid.len, pid.ptr);
		mel_buf_truncate(out, 0);
		if (mel_file_read(AT_FDCWD, path, out, &err) == 0 &&
		    mel_text_starts(mel_buf_text(out), "Name:\tmelange-fetch"))
			return;
	}
	mel_buf_truncate(out, 0);
}

static int look_at_child(void *user, const struct mel_source_progress *progress,
			 struct mel_err **err)
{
	if (progress->bytes == 0)
		return 0;
	read_child(user);
	return mel_err_set(err, MEL_ERR_SIGNAL, "seen");
}

/* Whoever reads from the network has no rights left that it could lose. */
Test(source, confined)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_buf status MEL_AUTO_BUF = MEL_BUF_INIT(1 << 16);
	struct mel_source_opts opts = options();
	struct mel_source_file source = wanted(url("/slow/f"));

	opts.tick = look_at_child;
	opts.user = &status;
	cr_assert_eq(mel_source_get(&source, 1, &opts, &count, &err), -1);
	cr_assert_str_eq(err->text, "seen");
	cr_assert(strstr(mel_buf_text(&status), "NoNewPrivs:\t1\n"), "%s",
		  mel_buf_text(&status));
	cr_assert(strstr(mel_buf_text(&status), "Seccomp:\t2\n"), "%s", mel_buf_text(&status));
	cr_assert(strstr(mel_buf_text(&status), "CapEff:\t0000000000000000\n") ||
			  geteuid() != 0,
		  "%s", mel_buf_text(&status));
	cr_assert(strstr(mel_buf_text(&status), "Uid:\t65534\t65534\t65534\t65534\n") ||
			  geteuid() != 0,
		  "%s", mel_buf_text(&status));
}

Test(source, no_program)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_source_opts opts = options();
	struct mel_source_file source = wanted(url("/ok/f"));

	opts.program = "/nonexistent/melange-fetch";
	cr_assert_eq(mel_source_get(&source, 1, &opts, &count, &err), -1);
	cr_assert(strstr(err->text, "cannot start '/nonexistent/melange-fetch'"), "%s",
		  err->text);
	opts.program = "/bin/false";
	mel_err_free(err);
	err = NULL;
	cr_assert_eq(mel_source_get(&source, 1, &opts, &count, &err), -1);
	cr_assert(strstr(err->text, "ended unexpectedly"), "%s", err->text);
}
