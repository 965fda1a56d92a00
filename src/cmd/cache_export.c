/* "melange cache export": a cache as one archive. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/slice.h"
#include "base/units.h"
#include "cache/export.h"
#include "cmd/cache.h"

struct export_flags {
	const char *cache_dir, *since;
	struct mel_opt_list area, class;
	bool force;
};

#define EXPORT(field) .offset = offsetof(struct export_flags, field)

static const struct mel_opt export_opt[] = {
	MEL_CACHE_DIR_ROW(struct export_flags, cache_dir),
	MEL_CACHE_CHOICE_ROWS(struct export_flags),
	{ .name = "since",
	  .type = MEL_OPT_TEXT,
	  EXPORT(since),
	  .word = "FILE",
	  .help = "leave out what this former export, or its list, has" },
	MEL_CACHE_FORCE_ROW(struct export_flags),
};

int mel_cache_choose(struct mel_cache_choice *choice, const struct mel_opt_list *area,
		     const struct mel_opt_list *class, struct mel_err **err)
{
	*choice = (struct mel_cache_choice){ area->at, area->len, 0 };
	for (size_t i = 0; i < area->len; i++)
		if (mel_cache_check_area(area->at[i], err) < 0)
			return -1;
	for (size_t i = 0; i < class->len; i++) {
		char letter = class->at[i][0];

		if (letter < 'A' || letter > 'C' || class->at[i][1])
			return mel_err_set(err, MEL_ERR_USAGE,
					   "--class: '%s' is none of A, B, C", class->at[i]);
		choice->classes |= 1U << (letter - 'A');
	}
	return 0;
}

static int read_since(struct mel_cache_archive *archive, const char *file, struct mel_err **err)
{
	MEL_AUTO_CLOSE int fd = mel_openat(AT_FDCWD, file, O_RDONLY, 0);

	if (fd < 0) {
		mel_err_sys(err, "--since: cannot open '%s'", file);
		return mel_err_as(err, MEL_ERR_INPUT);
	}
	if (mel_cache_archive_open(archive, fd, file, UINT64_MAX / 2, true, err) < 0)
		return mel_err_wrap(err, "--since");
	return 0;
}

static bool is_compressed(const char *file)
{
	return mel_text_ends(file, ".gz") || mel_text_ends(file, ".tgz");
}

/* To a file that appears when it is whole, or to stdout. */
static int write_export(const struct mel_cache_export *what, const char *file,
			struct mel_cache_exported *done, struct mel_err **err)
{
	struct mel_publish pub MEL_AUTO_PUBLISH = MEL_PUBLISH_INIT;
	MEL_AUTO_FREE char *folder = NULL;
	MEL_AUTO_CLOSE int dirfd = -1;
	const char *slash = strrchr(file, '/');

	if (mel_text_eq(file, "-"))
		return mel_cache_export(what, STDOUT_FILENO, "stdout", done, err);
	folder = slash ? mel_strndup(file, (size_t)(slash - file) + 1) : mel_strdup(".");
	dirfd = mel_openat(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY, 0);
	if (dirfd < 0) {
		mel_err_sys(err, "cannot open folder '%s'", folder);
		return mel_err_as(err, MEL_ERR_OUTPUT);
	}
	if (mel_publish_open(&pub, dirfd, slash ? slash + 1 : file, 0644, err) < 0 ||
	    mel_cache_export(what, pub.fd, file, done, err) < 0 ||
	    mel_publish_prepare(&pub, err) < 0)
		return -1;
	return mel_publish_commit(&pub, err);
}

static void say_exported(const struct mel_cache_exported *done, const char *file)
{
	struct mel_buf size MEL_AUTO_BUF = MEL_BUF_INIT(64);

	mel_size_write(&size, done->bytes);
	mel_log(MEL_LOG_INFO, "exported %llu file(s) with %s to %s; %llu are in the former one",
		(unsigned long long)done->files, mel_buf_text(&size), file,
		(unsigned long long)done->known);
	if (done->skipped)
		mel_log(MEL_LOG_WARN,
			"%llu file(s), link(s) or folder(s) cannot travel and are left out: %s",
			(unsigned long long)done->skipped, done->skipped_path);
}

static int run_export(struct mel_ctx *ctx, void *flags, const struct mel_opt_result *given,
		      struct mel_err **err)
{
	const struct export_flags *f = flags;
	const char *file = given->arg.at[0];
	struct mel_cache_site place MEL_AUTO_CACHE_SITE = MEL_CACHE_SITE_INIT;
	struct mel_cache_archive since MEL_AUTO_CACHE_ARCHIVE = { .name = NULL };
	struct mel_cache_exported done = { .files = 0 };
	struct mel_cache_export what = {
		.since = f->since ? &since.bill : NULL,
		.compress = is_compressed(file),
		.worker_max = (unsigned)sysconf(_SC_NPROCESSORS_ONLN),
	};

	if (mel_cache_choose(&what.choice, &f->area, &f->class, err) < 0 ||
	    (f->since && read_since(&since, f->since, err) < 0) ||
	    mel_cache_site_open(&place, ctx, f->cache_dir, MEL_CACHE_TO_CHANGE, err) < 0 ||
	    mel_cache_site_lock(&place, !f->force, err) < 0)
		return -1;
	what.dirfd = place.dirfd;
	if (write_export(&what, file, &done, err) < 0)
		return -1;
	say_exported(&done, file);
	return 0;
}

const struct mel_cmd mel_cmd_cache_export = {
	.name = "export",
	.full = "cache export",
	.args = "FILE",
	.summary = "Write the cache, or what changed in it, as one archive",
	.about =
		"FILE is a tar archive; with a name that ends in .gz or .tgz it is compressed, "
		"'-' is stdout.\nThe same files give the same bytes. With --since it brings "
		"only what a former export lacks.\n",
	.opt = export_opt,
	.opt_len = MEL_COUNTOF(export_opt),
	.flags_size = sizeof(struct export_flags),
	.min_args = 1,
	.max_args = 1,
	.run = run_export,
};
