/*
 * The host's build cache, shown to the guest at /var/cache/melange. The directory is the
 * user's own, often used by other tools too: nothing of ours is put into it.
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "builder/build.h"

#define MEL_CACHE_TARGET "/var/cache/melange"

struct mel_cache {
	char *path; /* owned; absolute, free of symlinks; NULL: no cache */
	enum mel_cache_mode mode;
	char *note; /* owned; why there is none, for the summary, or NULL */
};

/*
 * Decide by the options: a named directory that does not exist is made (mode 0700), the default
 * one is used only when it exists. Refused are "/", and directories that hold or lie in the
 * workspace or the output directory (work_path and out_dir, absolute). Errors:
 * INPUT, SYSTEM.
 */
int mel_cache_open(struct mel_cache *out, const struct mel_build_opts *opts,
		   const char *work_path, const char *out_dir, struct mel_err **err);
const char *mel_cache_mode_name(enum mel_cache_mode mode);
void mel_cache_close(struct mel_cache *cache);
