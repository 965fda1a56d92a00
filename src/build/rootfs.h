/*
 * The guest's root: a private directory in which the mounts of the guest come together. For
 * "host" it shows the running machine's /usr, /bin and /lib* below a private upper layer, with
 * an /etc of its own; for "dir" the folders of a prepared tree in the same way.
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/vec.h"
#include "build/build.h"
#include "build/workspace.h"
#include "sandbox/sbx.h"

typedef MEL_VEC(struct sbx_mount) mel_mounts;

struct mel_rootfs {
	struct mel_arena arena; /* texts of the mounts */
	const char *path;       /* absolute; becomes "/" of the guest */
	const char *tree;       /* the tree shown: "" for the host, else absolute */
	mel_mounts mount;       /* layers, binds; to be appended to by others */
	bool has_overlay;       /* layers are overlays; without it they are read-only binds */
	const char *shell;      /* program that runs the steps, guest path */
	const char *shell_why;  /* for the DEBUG line */
};

/*
 * Lay out the root in the state directory of ws. kind is HOST or DIR (tree: absolute path).
 * use_overlay: layers may be overlays. with_resolver: the guest has a network, give it a copy
 * of the machine's resolver. Errors: SYSTEM; SANDBOX when no shell for steps is found.
 */
int mel_rootfs_make(struct mel_rootfs *out, const struct mel_workspace *ws, const char *tree,
		    bool use_overlay, bool with_resolver, struct mel_err **err);
void mel_rootfs_clear(struct mel_rootfs *rootfs);
