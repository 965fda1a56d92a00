/* One download: see transfer.h. */
#include "fetch/transfer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

enum {
	TELL_MS = 100,          /* between two events of progress */
	BACKOFF_MAX_MS = 30000, /* between two tries */
	RETRY_AFTER_MAX_S = 60,
	REDIRECTS_MAX = 10,
	RESOLVE_TRIES = 2, /* a name that does not exist is no passing trouble */
};

int64_t mel_fetch_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static long status_of(const struct mel_fetch_transfer *t)
{
	long status = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

static void tell(const struct mel_fetch_transfer *t, enum mel_fetch_event_kind kind,
		 uint64_t number, const char *text)
{
	struct mel_fetch_event event = {
		.kind = kind, .id = t->request.id, .number = number, .total = t->total
	};

	snprintf(event.text, sizeof(event.text), "%s", text);
	t->setup->event(&event);
}

/* --- bytes -------------------------------------------------------------------------------- */

static size_t on_header(char *bytes, size_t size, size_t count, void *user)
{
	struct mel_fetch_transfer *t = user;

	mel_fetch_head_add(&t->head, mel_slice_make(bytes, size * count));
	return size * count;
}

static bool start_anew(struct mel_fetch_transfer *t)
{
	t->size = 0;
	if (ftruncate(t->fd, 0) == 0)
		return true;
	snprintf(t->fatal, sizeof(t->fatal), "cannot write: %s", strerror(errno));
	return false;
}

/* The first bytes of a response: do they continue the file, or is it all of it again? */
static bool accept_body(struct mel_fetch_transfer *t)
{
	curl_off_t length = -1;

	t->has_body = true;
	t->first = t->head;
	curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	if (status_of(t) == 206) {
		if (!t->head.has_range || t->head.range_begin != t->size) {
			snprintf(t->text, sizeof(t->text),
				 "the server sends another part than it was asked for");
			return start_anew(t) && false;
		}
		t->total = t->head.has_total ? t->head.range_total : 0;
		return true;
	}
	if (t->size > 0 && !start_anew(t))
		return false;
	t->total = length > 0 ? (uint64_t)length : 0;
	return true;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *user)
{
	struct mel_fetch_transfer *t = user;
	size_t len = size * count, done = 0;
	int64_t now = mel_fetch_now_ms();

	if (!t->has_body && !accept_body(t))
		return 0;
	if (len > t->request.max_bytes || t->size > t->request.max_bytes - len ||
	    t->total > t->request.max_bytes) {
		snprintf(t->fatal, sizeof(t->fatal), "it is larger than %llu bytes",
			 (unsigned long long)t->request.max_bytes);
		return 0;
	}
	while (done < len) {
		ssize_t n = pwrite(t->fd, bytes + done, len - done, (off_t)(t->size + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			snprintf(t->fatal, sizeof(t->fatal), "cannot write: %s",
				 strerror(errno));
			return 0;
		}
		done += (size_t)n;
	}
	t->size += len;
	t->received += len;
	if (now - t->told_ms >= TELL_MS) {
		t->told_ms = now;
		tell(t, MEL_FETCH_PROGRESS, t->received, "");
	}
	return len;
}

/* --- a try -------------------------------------------------------------------------------- */

static void add_header(struct mel_fetch_transfer *t, const char *name, const char *value)
{
	MEL_AUTO_FREE char *line = mel_asprintf("%s: %s", name, value);
	struct curl_slist *list = curl_slist_append(t->header, line);

	if (list)
		t->header = list;
}

/* A bounded number for libcurl. */
static long seconds(uint64_t value)
{
	return value > 1000000 ? 1000000 : (long)value;
}

static void set_limits(struct mel_fetch_transfer *t)
{
	const struct mel_fetch_request *r = &t->request;
	int64_t spent_s = (mel_fetch_now_ms() - t->begin_ms) / 1000;
	long left = seconds(r->total_s) - (long)spent_s;

	curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT, seconds(r->connect_s));
	curl_easy_setopt(t->easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(t->easy, CURLOPT_LOW_SPEED_TIME, seconds(r->idle_s));
	if (r->total_s)
		curl_easy_setopt(t->easy, CURLOPT_TIMEOUT, left > 0 ? left : 1);
}

static void set_user(struct mel_fetch_transfer *t)
{
	const struct mel_fetch_request *r = &t->request;

	if (r->user) {
		curl_easy_setopt(t->easy, CURLOPT_USERNAME, r->user);
		curl_easy_setopt(t->easy, CURLOPT_PASSWORD, r->secret ? r->secret : "");
	}
	if (r->region) {
		MEL_AUTO_FREE char *how = mel_asprintf("aws:amz:%s:s3", r->region);

		curl_easy_setopt(t->easy, CURLOPT_AWS_SIGV4, how);
		if (r->token)
			add_header(t, "x-amz-security-token", r->token);
	} else {
		curl_easy_setopt(t->easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
	}
}

/* Ask for the rest of the file, if it is still the same one. */
static void set_range(struct mel_fetch_transfer *t)
{
	const char *validator = *t->first.etag ? t->first.etag : t->first.modified;
	MEL_AUTO_FREE char *range = mel_asprintf("%llu-", (unsigned long long)t->size);

	if (t->size == 0)
		return;
	curl_easy_setopt(t->easy, CURLOPT_RANGE, range);
	if (*validator && !t->request.region)
		add_header(t, "If-Range", validator);
}

void mel_fetch_transfer_begin(struct mel_fetch_transfer *t)
{
	curl_slist_free_all(t->header);
	t->header = NULL;
	t->head = (struct mel_fetch_head){ .has_range = false };
	t->has_body = false;
	t->due_ms = 0;
	t->fatal[0] = t->text[0] = '\0';
	t->try++;
	curl_easy_reset(t->easy);
	curl_easy_setopt(t->easy, CURLOPT_URL, t->request.url);
	curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
	curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->text);
	curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(t->easy, CURLOPT_USERAGENT, "melange/" PACKAGE_VERSION);
	curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(t->easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(t->easy, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(t->easy, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
	curl_easy_setopt(t->easy, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
	if (t->setup->ca_file)
		curl_easy_setopt(t->easy, CURLOPT_CAINFO, t->setup->ca_file);
	if (t->setup->ca_dir)
		curl_easy_setopt(t->easy, CURLOPT_CAPATH, t->setup->ca_dir);
	set_limits(t);
	set_range(t);
	set_user(t);
	curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->header);
}

/* --- its end ------------------------------------------------------------------------------ */

static bool passes_by_itself(long status)
{
	static const long list[] = { 408, 425, 429, 500, 502, 503, 504 };

	for (size_t i = 0; i < MEL_COUNTOF(list); i++)
		if (list[i] == status)
			return true;
	return false;
}

static bool may_retry(const struct mel_fetch_transfer *t, CURLcode code)
{
	static const CURLcode list[] = {
		CURLE_OK, /* of a response that was not what was asked for */
		CURLE_COULDNT_CONNECT,
		CURLE_OPERATION_TIMEDOUT,
		CURLE_PARTIAL_FILE,
		CURLE_RECV_ERROR,
		CURLE_SEND_ERROR,
		CURLE_GOT_NOTHING,
		CURLE_SSL_CONNECT_ERROR,
		CURLE_HTTP2,
		CURLE_HTTP2_STREAM,
		CURLE_WRITE_ERROR,
		CURLE_COULDNT_RESOLVE_HOST,
		CURLE_COULDNT_RESOLVE_PROXY,
	};

	if (*t->fatal || t->try >= t->request.tries)
		return false;
	if (t->request.total_s &&
	    mel_fetch_now_ms() - t->begin_ms >= seconds(t->request.total_s) * 1000)
		return false;
	if (code == CURLE_HTTP_RETURNED_ERROR)
		return passes_by_itself(status_of(t)) || status_of(t) == 416;
	if (code == CURLE_COULDNT_RESOLVE_HOST && t->try >= RESOLVE_TRIES)
		return false;
	for (size_t i = 0; i < MEL_COUNTOF(list); i++)
		if (list[i] == code)
			return true;
	return false;
}

static int64_t pause_ms(const struct mel_fetch_transfer *t)
{
	uint64_t step = t->request.backoff_ms << (t->try > 16 ? 16 : t->try - 1);
	uint64_t wanted = t->head.retry_after_s;
	uint32_t noise = 0;

	if (step > BACKOFF_MAX_MS)
		step = BACKOFF_MAX_MS;
	if (getrandom(&noise, sizeof(noise), 0) == sizeof(noise))
		step += noise % (step / 4 + 1); /* many builds do not come back at once */
	if (wanted > RETRY_AFTER_MAX_S)
		wanted = RETRY_AFTER_MAX_S;
	return (int64_t)(step > wanted * 1000 ? step : wanted * 1000);
}

/* Why it failed, for people. */
static void explain(const struct mel_fetch_transfer *t, CURLcode code, char *out, size_t size)
{
	if (*t->fatal)
		snprintf(out, size, "%s", t->fatal);
	else if (code == CURLE_HTTP_RETURNED_ERROR)
		snprintf(out, size, "the server says %ld", status_of(t));
	else if (*t->text)
		snprintf(out, size, "%s", t->text);
	else
		snprintf(out, size, "%s",
			 code ? curl_easy_strerror(code) : "the response is not complete");
}

static bool is_complete(struct mel_fetch_transfer *t, CURLcode code)
{
	long status = status_of(t);

	if (code == CURLE_HTTP_RETURNED_ERROR && status == 416)
		return t->head.has_total && t->head.range_total == t->size;
	if (code != CURLE_OK || (status != 200 && status != 206))
		return false;
	if (!t->has_body && !accept_body(t)) /* an empty file */
		return false;
	return t->total == 0 || t->size == t->total;
}

bool mel_fetch_transfer_end(struct mel_fetch_transfer *t, CURLcode code)
{
	char why[MEL_FETCH_TEXT_MAX];

	if (is_complete(t, code)) {
		tell(t, MEL_FETCH_DONE, t->received, "");
		return true;
	}
	explain(t, code, why, sizeof(why));
	if (!may_retry(t, code)) {
		tell(t, MEL_FETCH_FAIL, t->received, why);
		return true;
	}
	if (status_of(t) == 416 && !start_anew(t)) {
		tell(t, MEL_FETCH_FAIL, t->received, t->fatal);
		return true;
	}
	tell(t, MEL_FETCH_RETRY, t->try, why);
	t->due_ms = mel_fetch_now_ms() + pause_ms(t);
	return false;
}

/* --- its life ----------------------------------------------------------------------------- */

struct mel_fetch_transfer *mel_fetch_transfer_new(const struct mel_fetch_setup *setup,
						  struct mel_slice message, int fd,
						  struct mel_err **err)
{
	struct mel_fetch_transfer *t = mel_alloc(sizeof(*t));
	struct stat st;

	t->setup = setup;
	t->fd = fd;
	t->begin_ms = mel_fetch_now_ms();
	if (mel_fetch_request_parse(&t->request, message, &t->arena, err) < 0) {
		mel_fetch_transfer_free(t);
		return NULL;
	}
	t->size = t->request.offset;
	t->easy = curl_easy_init();
	if (!t->easy || fd < 0 || fstat(fd, &st) < 0 || (uint64_t)st.st_size < t->size) {
		mel_err_set(err, MEL_ERR_INPUT, "no file to write into");
		mel_fetch_transfer_free(t);
		return NULL;
	}
	return t;
}

void mel_fetch_transfer_free(struct mel_fetch_transfer *t)
{
	if (!t)
		return;
	curl_easy_cleanup(t->easy);
	curl_slist_free_all(t->header);
	mel_arena_clear(&t->arena);
	if (t->fd >= 0)
		close(t->fd);
	free(t);
}
