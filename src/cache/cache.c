/* The build cache of the host: see cache.h. */
#include "cache/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/slice.h"

static const char *const mode_name[] = {
	[MEL_CACHE_RW] = "rw",         [MEL_CACHE_RO] = "ro",   [MEL_CACHE_DISCARD] = "discard",
	[MEL_CACHE_COMMIT] = "commit", [MEL_CACHE_OFF] = "off",
};

const char *mel_cache_mode_name(enum mel_cache_mode mode)
{
	return mode_name[mode];
}

/* Is a the same as b or one of its ancestors? Both absolute and clean. */
static bool holds(const char *a, const char *b)
{
	size_t len = strlen(a);

	return strncmp(a, b, len) == 0 && (b[len] == '\0' || b[len] == '/' || len == 1);
}

static int check_place(const char *path, const struct mel_cache_taboo *taboo,
		       struct mel_err **err)
{
	if ((taboo->may_be_same && mel_text_eq(path, taboo->path)) ||
	    (!holds(path, taboo->path) && !holds(taboo->path, path)))
		return 0;
	return mel_err_set(err, MEL_ERR_INPUT,
			   "cache directory '%s' and %s '%s' may not hold each other; "
			   "name another --cache-dir",
			   path, taboo->what, taboo->path);
}

static void warn_owner(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return;
	if (st.st_uid != geteuid() && st.st_uid != 0)
		mel_log(MEL_LOG_WARN, "cache directory %s belongs to uid %u", path, st.st_uid);
	else if ((st.st_mode & S_IWOTH) && !(st.st_mode & S_ISVTX))
		mel_log(MEL_LOG_WARN, "cache directory %s can be written by everybody", path);
}

/* Says where a cache was looked for: absolute, without "./" in front and '/' at the end. */
static char *missing_note(const char *path)
{
	char cwd[4096];
	bool is_absolute = path[0] == '/' || !getcwd(cwd, sizeof(cwd));
	size_t len;

	while (path[0] == '.' && path[1] == '/')
		path += 2;
	for (len = strlen(path); len > 1 && path[len - 1] == '/';)
		len--;
	return mel_asprintf("no cache found at %s%s%.*s", is_absolute ? "" : cwd,
			    is_absolute ? "" : "/", (int)len, path);
}

/* The existing part of a path that is to be made, resolved, and the rest. */
char *mel_cache_real_path(const char *path)
{
	char *whole = realpath(path, NULL);

	if (whole)
		return whole;

	MEL_AUTO_FREE char *part = mel_strdup(path);
	size_t len = strlen(part);

	while (len > 1 && part[len - 1] == '/')
		part[--len] = '\0';
	for (;;) {
		char *slash = strrchr(part, '/');
		const char *parent = !slash ? "." : slash == part ? "/" : part;
		const char *rest = path + (slash ? slash - part + 1 : 0);

		if (slash)
			*slash = '\0';

		MEL_AUTO_FREE char *real = realpath(parent, NULL);

		if (real)
			return mel_asprintf("%s%s%s", real, real[1] ? "/" : "", rest);
		if (!slash || slash == part)
			return mel_strdup(path);
	}
}

static int check_places(const char *path, const struct mel_cache_opts *opts,
			struct mel_err **err)
{
	for (size_t i = 0; i < opts->taboo_len; i++)
		if (opts->taboo[i].path && check_place(path, &opts->taboo[i], err) < 0)
			return -1;
	return 0;
}

static int absent(struct mel_cache *out, const struct mel_cache_opts *opts, int errnum,
		  struct mel_err **err)
{
	MEL_AUTO_FREE char *future = NULL;

	if (!opts->dir_given) {
		out->note = missing_note(opts->dir);
		return 0;
	}
	if (errnum != ENOENT) {
		errno = errnum;
		mel_err_sys(err, "cannot use cache directory '%s'", opts->dir);
		return mel_err_as(err, MEL_ERR_INPUT);
	}
	future = mel_cache_real_path(opts->dir);
	if (check_places(future, opts, err) < 0)
		return -1;
	if (mel_mkdirs(AT_FDCWD, opts->dir, 0700, err) < 0) {
		mel_err_wrap(err, "--cache-dir");
		return mel_err_as(err, MEL_ERR_INPUT);
	}
	mel_log(MEL_LOG_INFO, "made cache directory %s", opts->dir);
	out->path = realpath(opts->dir, NULL);
	return 0;
}

int mel_cache_open(struct mel_cache *out, const struct mel_cache_opts *opts,
		   struct mel_err **err)
{
	struct stat st;

	*out = (struct mel_cache){ .mode = opts->mode };
	if (opts->mode == MEL_CACHE_OFF || opts->dir[0] == '\0') {
		out->mode = MEL_CACHE_OFF;
		return 0;
	}
	out->path = realpath(opts->dir, NULL);
	if (!out->path && absent(out, opts, errno, err) < 0)
		return -1;
	if (!out->path)
		return 0;
	if (stat(out->path, &st) < 0 || !S_ISDIR(st.st_mode))
		return mel_err_set(err, MEL_ERR_INPUT,
				   "cache directory '%s' is not a directory", opts->dir);
	if (mel_text_eq(out->path, "/"))
		return mel_err_set(err, MEL_ERR_INPUT, "'/' cannot be a cache directory");
	if (check_places(out->path, opts, err) < 0)
		return -1;
	warn_owner(out->path);
	return 0;
}

void mel_cache_close(struct mel_cache *cache)
{
	free(cache->path);
	free(cache->note);
	*cache = (struct mel_cache){ 0 };
}
