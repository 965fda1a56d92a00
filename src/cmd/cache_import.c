/* "melange cache import": the files of exported archives. */
#include "cache/import.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/slice.h"
#include "base/units.h"
#include "cmd/cache.h"

struct import_flags {
	const char *cache_dir;
	struct mel_opt_list area, class;
	uint64_t max_size;
	bool verified, keep, force;
};

#define IMPORT(field) .offset = offsetof(struct import_flags, field)

static const struct mel_opt import_opt[] = {
	MEL_CACHE_DIR_ROW(struct import_flags, cache_dir),
	MEL_CACHE_CHOICE_ROWS(struct import_flags),
	{ .name = "verified",
	  .type = MEL_OPT_BOOL,
	  IMPORT(verified),
	  .help = "only files whose names prove their content" },
	{ .name = "keep",
	  .type = MEL_OPT_BOOL,
	  IMPORT(keep),
	  .help = "a file that is there stays, whatever it holds" },
	{ .name = "max-size",
	  .type = MEL_OPT_SIZE,
	  IMPORT(max_size),
	  .word = "SIZE",
	  .preset = "50GiB",
	  .help = "refuse an archive that holds more; 0: any size" },
	MEL_CACHE_FORCE_ROW(struct import_flags),
};

static void say_imported(const struct mel_cache_imported *done, const char *file)
{
	struct mel_buf size MEL_AUTO_BUF = MEL_BUF_INIT(64);

	mel_size_write(&size, done->bytes);
	mel_log(MEL_LOG_INFO,
		"imported %s: %llu file(s) added, %llu replaced (%s), %llu unchanged, %llu "
		"kept, %llu skipped",
		file, (unsigned long long)done->added, (unsigned long long)done->replaced,
		mel_buf_text(&size), (unsigned long long)done->unchanged,
		(unsigned long long)done->kept, (unsigned long long)done->skipped);
	if (done->missing)
		mel_log(MEL_LOG_WARN,
			"%s goes on from a former export: %llu file(s) of that are not in the "
			"cache; import it, too",
			file, (unsigned long long)done->missing);
}

static int import_one(struct mel_cache_import *what, const char *file, struct mel_err **err)
{
	MEL_AUTO_CLOSE int own = -1;
	struct mel_cache_imported done = { .added = 0 };
	int fd = STDIN_FILENO;

	if (!mel_text_eq(file, "-")) {
		own = mel_openat(AT_FDCWD, file, O_RDONLY, 0);
		fd = own;
	}
	if (fd < 0) {
		mel_err_sys(err, "cannot open '%s'", file);
		return mel_err_as(err, MEL_ERR_INPUT);
	}
	if (mel_cache_import(what, fd, file, &done, err) < 0)
		return -1;
	say_imported(&done, file);
	return 0;
}

static int run_import(struct mel_ctx *ctx, void *flags, const struct mel_opt_result *given,
		      struct mel_err **err)
{
	const struct import_flags *f = flags;
	struct mel_cache_site place MEL_AUTO_CACHE_SITE = MEL_CACHE_SITE_INIT;
	struct mel_cache_import what = {
		.verified_only = f->verified,
		.keep = f->keep,
		.max_bytes = f->max_size,
	};

	if (mel_cache_choose(&what.choice, &f->area, &f->class, err) < 0 ||
	    mel_cache_site_open(&place, ctx, f->cache_dir, MEL_CACHE_TO_MAKE, err) < 0 ||
	    mel_cache_site_lock(&place, !f->force, err) < 0)
		return -1;
	what.dirfd = place.dirfd;
	what.state = &place.state;
	for (size_t i = 0; i < given->arg.len; i++)
		if (import_one(&what, given->arg.at[i], err) < 0)
			return -1;
	return 0;
}

const struct mel_cmd mel_cmd_cache_import = {
	.name = "import",
	.full = "cache import",
	.args = "FILE...",
	.summary = "Take the files of exported archives into the cache",
	.about = "Each file is compared with the archive's list and, where it has such a name, "
		 "with its name;\na file that is content-addressed is never replaced by other "
		 "bytes. '-' is stdin.\n",
	.opt = import_opt,
	.opt_len = MEL_COUNTOF(import_opt),
	.flags_size = sizeof(struct import_flags),
	.min_args = 1,
	.max_args = MEL_CMD_ANY_ARGS,
	.run = run_import,
};
