/* "melange cache": the group of commands about a build cache, and what they share. */
#include "cmd/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/slice.h"
#include "base/units.h"

static int find_path(struct mel_cache_site *place, const char *dir, enum mel_cache_need need,
		     struct mel_err **err)
{
	if (dir[0] == '\0')
		return mel_err_set(err, MEL_ERR_USAGE,
				   "--cache-dir is empty: name a directory");
	place->path = realpath(dir, NULL);
	if (!place->path && errno == ENOENT && need == MEL_CACHE_TO_MAKE) {
		if (mel_mkdirs(AT_FDCWD, dir, 0700, err) < 0)
			return mel_err_wrap(err, "--cache-dir");
		mel_log(MEL_LOG_INFO, "made cache directory %s", dir);
		place->path = realpath(dir, NULL);
	}
	if (!place->path) {
		mel_err_sys(err, "no build cache at '%s' (--cache-dir)", dir);
		return mel_err_as(err, MEL_ERR_INPUT);
	}
	if (mel_text_eq(place->path, "/"))
		return mel_err_set(err, MEL_ERR_INPUT, "'/' cannot be a cache directory");
	return 0;
}

static int open_state(struct mel_cache_site *place, struct mel_ctx *ctx,
		      enum mel_cache_need need, struct mel_err **err)
{
	const char *home = mel_cmd_state_home(&ctx->arena);
	struct mel_err *why MEL_AUTO_ERR = NULL;

	if (home && mel_cache_state_open(&place->state, home, place->path, &why) == 0)
		return 0;
	if (need != MEL_CACHE_TO_READ)
		return mel_err_set(err, MEL_ERR_INPUT, "%s (XDG_STATE_HOME)",
				   why ? why->text : "no folder for the state of the cache");
	mel_log(MEL_LOG_DEBUG, "what is known about the cache cannot be read: %s",
		why ? why->text : "there is no home");
	return 0;
}

int mel_cache_site_open(struct mel_cache_site *place, struct mel_ctx *ctx, const char *dir,
			enum mel_cache_need need, struct mel_err **err)
{
	*place = (struct mel_cache_site)MEL_CACHE_SITE_INIT;
	if (find_path(place, dir, need, err) < 0)
		return -1;
	if (mel_cache_walk_open(&place->dirfd, place->path, err) < 0)
		return mel_err_as(err, MEL_ERR_INPUT);
	return open_state(place, ctx, need, err);
}

int mel_cache_site_lock(struct mel_cache_site *place, bool waits, struct mel_err **err)
{
	if (mel_cache_lock(&place->state, MEL_CACHE_LOCK_BUILD, true, !waits, &place->builds,
			   err) < 0)
		return -1;
	return mel_cache_lock(&place->state, MEL_CACHE_LOCK, true, false, &place->lock, err);
}

int mel_cache_site_list(struct mel_cache_site *place, struct mel_err **err)
{
	static const char *const odd[] = {
		[MEL_CACHE_UNREADABLE] = "cannot be read",
		[MEL_CACHE_TOO_DEEP] = "lie too deep",
	};

	if (place->state.dirfd >= 0 && mel_cache_use_load(&place->use, &place->state, err) < 0)
		return -1;
	if (mel_cache_list_make(&place->list, place->dirfd, &place->use, err) < 0)
		return -1;
	for (size_t i = 0; i < MEL_CACHE_ODD_COUNT; i++)
		if (place->list.odd[i])
			mel_log(MEL_LOG_WARN, "%llu folder(s) %s and are not counted: %s",
				(unsigned long long)place->list.odd[i], odd[i],
				place->list.odd_path);
	return 0;
}

void mel_cache_site_close(struct mel_cache_site *place)
{
	free(place->path);
	if (place->dirfd >= 0)
		close(place->dirfd);
	if (place->lock >= 0)
		close(place->lock);
	if (place->builds >= 0)
		close(place->builds);
	mel_cache_state_close(&place->state);
	mel_cache_use_clear(&place->use);
	mel_cache_list_clear(&place->list);
	*place = (struct mel_cache_site)MEL_CACHE_SITE_INIT;
}

const char *mel_cache_class_letter(enum mel_cache_class class)
{
	static const char *const letter[] = {
		[MEL_CACHE_SOURCES] = "A",
		[MEL_CACHE_PACKAGES] = "B",
		[MEL_CACHE_COMPILED] = "C",
	};

	return letter[class];
}

void mel_cache_write_size(struct mel_buf *out, uint64_t bytes, int width)
{
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(64);

	mel_size_write(&text, bytes);
	mel_buf_printf(out, "%*s", width, mel_buf_text(&text));
}

/* The pattern fits the path as a whole, or a folder above it. */
static bool fits(const char *pattern, const char *path)
{
	MEL_AUTO_FREE char *copy = mel_strdup(path);
	char *slash;

	do {
		if (fnmatch(pattern, copy, 0) == 0)
			return true;
		slash = strrchr(copy, '/');
		if (slash)
			*slash = '\0';
	} while (slash);
	return false;
}

bool mel_cache_is_meant(const struct mel_cache_list *list, const struct mel_cache_unit *unit,
			const char *area, const struct mel_opt_list *pattern)
{
	if (area && !mel_text_eq(area, unit->area->name))
		return false;
	for (size_t i = 0; i < pattern->len; i++) {
		if (fits(pattern->at[i], unit->name))
			return true;
		for (uint32_t r = unit->root; r != MEL_CACHE_NO_ROOT; r = list->root.at[r].next)
			if (fits(pattern->at[i], list->root.at[r].path))
				return true;
	}
	return pattern->len == 0;
}

int mel_cache_check_area(const char *area, struct mel_err **err)
{
	if (!area || mel_text_eq(area, MEL_CACHE_OBJECTS) ||
	    mel_text_eq(area, MEL_CACHE_OTHER) ||
	    mel_text_eq(area, mel_cache_area_of(area)->name))
		return 0;
	return mel_err_set(err, MEL_ERR_USAGE, "--area: a cache has no area '%s'", area);
}

int64_t mel_cmd_now(void)
{
	return time(NULL);
}

static const struct mel_cmd *const sub[] = {
	&mel_cmd_cache_ls,     &mel_cmd_cache_du,     &mel_cmd_cache_gc,
	&mel_cmd_cache_rm,     &mel_cmd_cache_verify, &mel_cmd_cache_export,
	&mel_cmd_cache_import, &mel_cmd_cache_stats,
};

const struct mel_cmd mel_cmd_cache = {
	.name = "cache",
	.summary = "Look after a build cache",
	.about =
		"Class A are source archives, verified by their names; class B what package "
		"managers\ndownload; class C what compilers made. 'other' is what melange does "
		"not know: it is\nshown, and never evicted.\n",
	.sub = sub,
	.sub_len = MEL_COUNTOF(sub),
};
