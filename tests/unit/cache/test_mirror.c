/* Mirrors of repositories, as far as no git server is needed. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "cache/mirror.h"
#include "tests/http.h"
#include "tests/unit/table.h"

static const struct {
	const char *url;
	bool is_ours;
} urls[] = {
	{ "https://h/r", true }, { "http://h/r", true },
	{ "git://h/r", true },   { "ssh://h/r", false },
	{ "git@h:r", false },    { "file:///etc", false },
	{ "/srv/r", false },     { "ext::sh -c id", false },
	{ "https://", false },   { "--upload-pack=x", false },
	{ "", false },
};

TABLE_TEST(mirror, address, urls)
{
	cr_assert_eq(mel_mirror_is_url(urls[*row].url), urls[*row].is_ours, "%s",
		     urls[*row].url);
}

/* The password goes to its host; what the server says is in the error, the password is not. */
Test(mirror, auth_and_failure, .timeout = 60)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	char home[] = "/tmp/melange-test-XXXXXX", auth[64], url[64];
	const char *const env[] = { auth, "PATH=/usr/bin:/bin" };
	struct mel_mirror mirror = {
		.pos = { "x.yaml", 3, 5 }, .url = url, .branch = "main", .tag = "", .commit = ""
	};
	const struct mel_mirror_opts opts = {
		.path = home, .env = { env, 2 }, .tries = 2, .pause_ms = 10, .wake_fd = -1
	};
	struct http http;

	cr_assert(mkdtemp(home));
	http_start(&http, home);
	snprintf(auth, sizeof(auth), "HTTP_AUTH=basic:127.0.0.1:%d:user:pass:word", http.port);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/gone/r", http.port);
	cr_assert_eq(mel_mirror_get(&mirror, 1, &opts, &err), -1);
	cr_assert_eq(err->kind, MEL_ERR_NETWORK);
	cr_assert(mel_text_starts(err->text, "x.yaml:3:5: cannot get 'http://127.0.0.1:"), "%s",
		  err->text);
	cr_assert(strstr(err->text, "not found"), "%s", err->text);
	cr_assert(strstr(http.shared->log, "Authorization: Basic dXNlcjpwYXNzOndvcmQ="), "%s",
		  http.shared->log);
	http_stop(&http);
	mel_err_free(err);
	err = NULL;
	cr_assert_eq(mel_rmtree(AT_FDCWD, home, &err), 0);
}
