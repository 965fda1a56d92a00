/*
 * Files of the guest's other ids (an ordinary user with subordinate ids: a step did `chown
 * root`) that the caller may not read for packaging: they are opened up inside, before the
 * guest ends, and their true modes are remembered. Source: user_namespaces(7), newuidmap(1).
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/map.h"
#include "builder/guest.h"

struct mel_foreign {
	struct mel_arena arena;
	struct mel_map mode; /* path below melange-out -> const mode_t * */
};

/*
 * Let the caller read everything below melange-out of a running guest. Nothing happens where
 * the caller can read all files anyway. Errors: SANDBOX, INPUT when the guest refuses.
 */
int mel_foreign_open_up(struct mel_foreign *out, const struct mel_guest *guest,
			struct mel_err **err);
/* The mode that the file "package/path" had, or mode when it was not changed. */
mode_t mel_foreign_mode(const struct mel_foreign *foreign, const char *package,
			const char *path, mode_t mode);
void mel_foreign_clear(struct mel_foreign *foreign);
