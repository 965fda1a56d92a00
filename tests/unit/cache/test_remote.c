/* Addresses as requests: passwords, buckets, objects; and header lines of a response. */
#include <string.h>

#include "cache/remote.h"
#include "fetch/header.h"
#include "tests/unit/table.h"

enum { ENV_MAX = 5 };

static const struct {
	const char *url;
	const char *env[ENV_MAX];
	const char *want, *user, *secret, *region, *token;
} requests[] = {
	{ "https://h/a", { NULL }, "https://h/a", NULL, NULL, NULL, NULL },
	{ "https://u:p%40q@h/a", { NULL }, "https://h/a", "u", "p@q", NULL, NULL },
	{ "https://u@h:8/a?b@c", { NULL }, "https://h:8/a?b@c", "u", NULL, NULL, NULL },
	{ "https://u%:%4@h/a", { NULL }, "https://h/a", "u%", "%4", NULL, NULL },
	{ "https://h/a", { "HTTP_AUTH=basic:h:u:p:q" }, "https://h/a", "u", "p:q", NULL, NULL },
	{ "https://H/a", { "HTTP_AUTH=basic:h:u:p" }, "https://H/a", "u", "p", NULL, NULL },
	{ "https://h:8/a",
	  { "HTTP_AUTH=basic:h:8:u:p:q" },
	  "https://h:8/a",
	  "u",
	  "p:q",
	  NULL,
	  NULL },
	{ "https://hh/a", { "HTTP_AUTH=basic:h:u:p" }, "https://hh/a", NULL, NULL, NULL, NULL },
	{ "https://h:9/a",
	  { "HTTP_AUTH=basic:h:u:p" },
	  "https://h:9/a",
	  NULL,
	  NULL,
	  NULL,
	  NULL },
	{ "https://x@h/a", { "HTTP_AUTH=basic:h:u:p" }, "https://h/a", "x", NULL, NULL, NULL },
	{ "s3://b/k/l",
	  { "AWS_ENDPOINT_URL=http://e:1/" },
	  "http://e:1/b/k/l",
	  NULL,
	  NULL,
	  NULL,
	  NULL },
	{ "s3://b/k",
	  { "AWS_ENDPOINT_URL=http://e", "AWS_ACCESS_KEY_ID=K", "AWS_SECRET_ACCESS_KEY=S",
	    "AWS_SESSION_TOKEN=T", "AWS_DEFAULT_REGION=r" },
	  "http://e/b/k",
	  "K",
	  "S",
	  "r",
	  "T" },
	{ "s3://b/k",
	  { "AWS_ACCESS_KEY_ID=K", "AWS_SECRET_ACCESS_KEY=S", "AWS_REGION=r" },
	  "https://b.s3.r.amazonaws.com/k",
	  "K",
	  "S",
	  "r",
	  NULL },
	{ "ftp://h/a", { NULL }, NULL, NULL, NULL, NULL, NULL },
	{ "file:///etc/passwd", { NULL }, NULL, NULL, NULL, NULL, NULL },
	{ "https:///a", { NULL }, NULL, NULL, NULL, NULL, NULL },
	{ "s3://b", { NULL }, NULL, NULL, NULL, NULL, NULL },
	{ "/etc/passwd", { NULL }, NULL, NULL, NULL, NULL, NULL },
};

static void check_text(const char *what, const char *got, const char *want)
{
	if (want)
		cr_assert(got && strcmp(got, want) == 0, "%s is %s", what, got);
	else
		cr_assert_null(got, "%s is %s", what, got);
}

TABLE_TEST(remote, request, requests)
{
	MEL_AUTO_ARENA struct mel_arena arena = { 0 };
	MEL_AUTO_ERR struct mel_err *err = NULL;
	struct mel_fetch_request request = { .url = NULL };
	struct mel_remote_env env = { requests[*row].env, 0 };

	while (env.len < ENV_MAX && env.at[env.len])
		env.len++;
	cr_assert_eq(mel_remote_request(&request, requests[*row].url, &env, &arena, &err),
		     requests[*row].want ? 0 : -1, "%s", requests[*row].url);
	if (!requests[*row].want)
		return;
	check_text("url", request.url, requests[*row].want);
	check_text("user", request.user, requests[*row].user);
	check_text("secret", request.secret, requests[*row].secret);
	check_text("region", request.region, requests[*row].region);
	check_text("token", request.token, requests[*row].token);
}

static const struct {
	const char *text;
	bool is_good;
} auths[] = {
	{ "HTTP_AUTH=basic:h:u:p", true },
	{ "HTTP_AUTH=basic:h:u:", true },
	{ "HTTP_AUTH=", true },
	{ "HTTP_AUTH=basic:h:u", false },
	{ "HTTP_AUTH=bearer:h:u:p", false },
	{ "HTTP_AUTH=basic::u:p", false },
};

TABLE_TEST(remote, auth_form, auths)
{
	MEL_AUTO_ERR struct mel_err *err = NULL;
	const struct mel_remote_env env = { &auths[*row].text, 1 };

	cr_assert_eq(mel_remote_check(&env, &err), auths[*row].is_good ? 0 : -1, "%s",
		     auths[*row].text);
	cr_assert(!err || !strstr(err->text, ":u:p"), "the password is shown");
}

static const struct {
	const char *base, *name, *want;
} objects[] = {
	{ "https://h/c/", "sha256:ab", "https://h/c/sha256%3Aab" },
	{ "s3://b", "sha512:ab", "s3://b/sha512%3Aab" },
};

TABLE_TEST(remote, object, objects)
{
	MEL_AUTO_ARENA struct mel_arena arena = { 0 };

	cr_assert_str_eq(mel_remote_object(objects[*row].base, objects[*row].name, &arena),
			 objects[*row].want);
}

static const struct {
	const char *line;
	bool has_range, has_total;
	uint64_t begin, total, retry;
	const char *etag;
} lines[] = {
	{ "Content-Range: bytes 5-9/10\r\n", true, true, 5, 10, 0, "" },
	{ "content-range:bytes 5-9/*", true, false, 5, 0, 0, "" },
	{ "Content-Range: bytes */10", false, true, 0, 10, 0, "" },
	{ "Content-Range: bytes 99999999999999999999-/1", false, true, 0, 1, 0, "" },
	{ "Content-Range: lines 5-9/10", false, false, 0, 0, 0, "" },
	{ "ETag: \"abc\"\r\n", false, false, 0, 0, 0, "\"abc\"" },
	{ "ETag: W/\"abc\"", false, false, 0, 0, 0, "" },
	{ "ETag: \"a\tb\"", false, false, 0, 0, 0, "" },
	{ "Retry-After: 7", false, false, 0, 0, 7, "" },
	{ "Retry-After: Mon, 1 Jan", false, false, 0, 0, 0, "" },
	{ "ETagger: \"x\"", false, false, 0, 0, 0, "" },
};

TABLE_TEST(remote, header, lines)
{
	struct mel_fetch_head head = { .has_range = false };

	mel_fetch_head_add(&head, mel_slice_of(lines[*row].line));
	cr_assert_eq(head.has_range, lines[*row].has_range, "%s", lines[*row].line);
	cr_assert_eq(head.has_total, lines[*row].has_total);
	if (head.has_range)
		cr_assert_eq(head.range_begin, lines[*row].begin);
	if (head.has_total)
		cr_assert_eq(head.range_total, lines[*row].total);
	cr_assert_eq(head.retry_after_s, lines[*row].retry);
	cr_assert_str_eq(head.etag, lines[*row].etag);
	mel_fetch_head_add(&head, mel_slice_of("HTTP/1.1 200 OK"));
	cr_assert(!head.has_range && !head.has_total && !head.etag[0]);
}

/* What must not be in a message is refused before it is sent. */
Test(remote, request_lines, .timeout = 5)
{
	MEL_AUTO_BUF struct mel_buf out = MEL_BUF_INIT(MEL_FETCH_MESSAGE_MAX);
	MEL_AUTO_ERR struct mel_err *err = NULL;
	const struct mel_fetch_request request = { .url = "https://h/\nuser x" };

	cr_assert_eq(mel_fetch_request_write(&out, &request, &err), -1);
}
