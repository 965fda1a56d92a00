/*
 * fetch.c - the verb `fetch`: finds and verifies an artefact, never downloads (helper.h).
 * The names in the cache are those of docs/formats.md: "sha256:" or "sha512:" and the digest.
 */
#include "guest/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest/helper.h"
#include "guest/util.h"

struct fetch {
	const char *cache;
	const char *sources; /* where the host put what is not in the cache; or "" */
	const char *uri;
	const char *want[MEL_DIGEST_KINDS]; /* hex digits as in the build file, or "" */
	const char *none;                   /* not empty: nothing is verified */
	const char *part;
	const char *failed;
	char *name; /* base name of the URI; owned */
};

enum outcome { FETCH_ERROR = -1, FETCH_OK, FETCH_ABSENT, FETCH_MISMATCH };

static bool has_digest(const struct fetch *f)
{
	return *f->want[MEL_DIGEST_SHA256] || *f->want[MEL_DIGEST_SHA512];
}

/* As basename(1): slashes at the end do not count, a query string does. */
static char *base_name(const char *uri)
{
	size_t end = strlen(uri), start;

	while (end > 0 && uri[end - 1] == '/')
		end--;
	for (start = end; start > 0 && uri[start - 1] != '/'; start--)
		;
	return mel_helper_copy(uri + start, end - start);
}

static int check_inputs(struct fetch *f)
{
	if (!*f->none && !has_digest(f)) {
		puts("One of expected-sha256 or expected-sha512 is required");
		return -1;
	}
	for (unsigned k = 0; k < MEL_DIGEST_KINDS; k++) {
		if (*f->want[k] && !mel_digest_is_hex(mel_digest_kind_at(k), f->want[k])) {
			mel_helper_fail("fetch: expected-%s is not a digest: '%s'",
					mel_digest_kind_at(k)->name, f->want[k]);
			return -1;
		}
	}
	f->name = base_name(f->uri);
	if (*f->name == '\0' || strcmp(f->name, ".") == 0 || strcmp(f->name, "..") == 0) {
		mel_helper_fail("fetch: the uri '%s' does not end in a file name", f->uri);
		return -1;
	}
	return 0;
}

/* Copy fd to copy_fd (-1: only read it) and compare; explain says what differs. */
static enum outcome compare(const struct fetch *f, int fd, int copy_fd, bool explain)
{
	char hex[MEL_DIGEST_KINDS][MEL_SHA2_MAX_HEX];
	enum outcome result = FETCH_OK;

	if (mel_digest_read(fd, copy_fd, f->want, hex) < 0) {
		mel_helper_fail_errno("fetch: cannot copy or read '%s'", f->name);
		return FETCH_ERROR;
	}
	for (unsigned k = 0; k < MEL_DIGEST_KINDS; k++) {
		bool equal = !*f->want[k] || strcasecmp(hex[k], f->want[k]) == 0;
		const char *kind = mel_digest_kind_at(k)->name;

		if (!equal)
			result = FETCH_MISMATCH;
		if (!equal && explain)
			printf("fetch: Expected %s: %s\n"
			       "fetch: Expected %s does not match found: %s\n",
			       kind, f->want[k], kind, hex[k]);
	}
	return result;
}

static enum outcome accept_file(const struct fetch *f)
{
	if (*f->none)
		puts("fetch: Checksum validation skipped");
	for (unsigned k = 0; k < MEL_DIGEST_KINDS && !*f->none; k++)
		if (*f->want[k])
			printf("fetch: Expected %s: %s\n", mel_digest_kind_at(k)->name,
			       f->want[k]);
	return FETCH_OK;
}

/* The mode that open(2) would have given; mkstemp(3) gives 0600. */
static int set_default_mode(int fd)
{
	mode_t mask = umask(0);

	umask(mask);
	return fchmod(fd, 0666 & ~mask);
}

/* Nothing appears under the final name before it is verified. */
static enum outcome copy_from_cache(const struct fetch *f, int fd, const char *path)
{
	char temp[] = ".melange-fetch.XXXXXX";
	MEL_HELPER_CLOSE int out = mkstemp(temp);
	enum outcome result;

	if (out < 0) {
		mel_helper_fail_errno("fetch: cannot make a file in the working directory");
		return FETCH_ERROR;
	}
	result = compare(f, fd, out, true);
	if (result == FETCH_OK && (set_default_mode(out) < 0 || rename(temp, f->name) < 0)) {
		mel_helper_fail_errno("fetch: cannot write '%s'", f->name);
		result = FETCH_ERROR;
	}
	if (result != FETCH_OK)
		unlink(temp);
	if (result == FETCH_MISMATCH)
		printf("fetch: %s is damaged and not used\n", path);
	return result;
}

static enum outcome try_cache_file(const struct fetch *f, const char *path)
{
	/* O_NONBLOCK: whoever can write to the cache could have left a FIFO there. */
	MEL_HELPER_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return FETCH_ABSENT;
	printf("fetch: found %s in cache\n", path);
	return copy_from_cache(f, fd, path);
}

/* Objects are named in lower case; a name spelt as in the build file is found as well. */
static enum outcome try_folder(const struct fetch *f, const char *folder)
{
	for (unsigned k = 0; k < MEL_DIGEST_KINDS; k++) {
		const char *kind = mel_digest_kind_at(k)->name;
		MEL_HELPER_FREE char *given =
			mel_helper_format("%s/%s:%s", folder, kind, f->want[k]);
		MEL_HELPER_FREE char *lower = mel_helper_copy(given, strlen(given));
		enum outcome result;

		if (!*f->want[k])
			continue;
		for (char *c = lower + strlen(lower) - strlen(f->want[k]); *c; c++)
			if (*c >= 'A' && *c <= 'F')
				*c = (char)(*c - 'A' + 'a');
		result = try_cache_file(f, lower);
		if (result == FETCH_ABSENT && strcmp(lower, given) != 0)
			result = try_cache_file(f, given);
		if (result == FETCH_OK || result == FETCH_ERROR)
			return result;
	}
	return FETCH_ABSENT;
}

static enum outcome try_cache(const struct fetch *f)
{
	enum outcome result = FETCH_ABSENT;

	if (*f->sources)
		result = try_folder(f, f->sources);
	return result == FETCH_ABSENT ? try_folder(f, f->cache) : result;
}

/* A file of the right name may lie in the source directory; the name alone proves nothing. */
static enum outcome try_present(const struct fetch *f)
{
	MEL_HELPER_CLOSE int fd = open(f->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	enum outcome result = FETCH_OK;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return FETCH_ABSENT;
	if (!*f->none)
		result = compare(f, fd, -1, false);
	if (result == FETCH_OK)
		printf("fetch: %s is already there\n", f->name);
	if (result == FETCH_MISMATCH)
		printf("fetch: %s is already there but has another checksum, so it is "
		       "fetched again\n",
		       f->name);
	return result;
}

static enum outcome take_part(const struct fetch *f)
{
	MEL_HELPER_CLOSE int fd = open(f->part, O_RDONLY | O_CLOEXEC);
	enum outcome result = FETCH_OK;

	if (fd < 0) {
		mel_helper_fail_errno("fetch: cannot read '%s'", f->part);
		return FETCH_ERROR;
	}
	if (!*f->none)
		result = compare(f, fd, -1, true);
	if (result == FETCH_OK && rename(f->part, f->name) < 0) {
		mel_helper_fail_errno("fetch: cannot write '%s'", f->name);
		result = FETCH_ERROR;
	}
	if (result == FETCH_MISMATCH) {
		unlink(f->part);
		mel_helper_fail("fetch: '%s' is not what the build file expects", f->uri);
	}
	return result;
}

/* One sentence: which artefact, why not, what to do. */
static int fail_missing(const struct fetch *f, const char *reason, const char *advice)
{
	unsigned k = *f->want[MEL_DIGEST_SHA256] ? MEL_DIGEST_SHA256 : MEL_DIGEST_SHA512;
	const char *kind = mel_digest_kind_at(k)->name;

	if (!has_digest(f))
		return mel_helper_fail("fetch: cannot get '%s' (no checksum expected): %s; %s",
				       f->uri, reason, advice);
	return mel_helper_fail("fetch: cannot get '%s' (expected %s %s): %s; put it into the "
			       "cache directory (--cache-dir) as '%s:%s', or %s",
			       f->uri, kind, f->want[k], reason, kind, f->want[k], advice);
}

static int report_miss(const struct fetch *f)
{
	const char *network = getenv("MELANGE_NETWORK");

	if (network && strcmp(network, "none") == 0)
		return fail_missing(f,
				    "it is not in the build cache and this build has no "
				    "network",
				    "build with --network=host");
	return MEL_HELPER_MISS;
}

static int run(struct fetch *f)
{
	enum outcome result;

	if (check_inputs(f) < 0)
		return 1;
	if (*f->failed)
		return fail_missing(f, f->failed, "see that the guest can reach it");
	if (*f->part)
		return take_part(f) == FETCH_OK && accept_file(f) == FETCH_OK ? 0 : 1;
	result = try_cache(f);
	if (result == FETCH_ABSENT)
		result = try_present(f);
	if (result == FETCH_OK)
		return accept_file(f) == FETCH_OK ? 0 : 1;
	return result == FETCH_ERROR ? 1 : report_miss(f);
}

int mel_helper_fetch(int argc, char **argv)
{
	struct fetch f = { "", "", "", { "", "" }, "", "", "", NULL };
	const struct mel_helper_option option[] = {
		{ "cache", &f.cache },
		{ "sources", &f.sources },
		{ "uri", &f.uri },
		{ "sha256", &f.want[MEL_DIGEST_SHA256] },
		{ "sha512", &f.want[MEL_DIGEST_SHA512] },
		{ "none", &f.none },
		{ "part", &f.part },
		{ "failed", &f.failed },
	};
	int at = mel_helper_options(argc, argv, option, MEL_COUNT(option));
	int status;

	if (at < 0 || at != argc)
		return at < 0 ? 1 : mel_helper_fail("fetch: unexpected '%s'", argv[at]);
	status = run(&f);
	free(f.name);
	return status;
}
