/*
 * The guest's root: a private directory in which the mounts of the guest come together. For
 * "host" it shows the running machine's /usr, /bin and /lib* below a private upper layer, with
 * an /etc of its own; for "dir" the folders of a prepared tree in the same way.
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"
#include "builder/build.h"
#include "builder/workspace.h"
#include "config/model.h"
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

struct mel_rootfs_spec {
	const char *tree;   /* "" for the host's, else an absolute path */
	bool use_overlay;   /* layers may be overlays */
	bool with_resolver; /* the guest has a network: give it a copy of the machine's resolver
			     */
	const struct mel_environment *environment; /* its accounts get entries; NULL: none */
};

/*
 * Lay out the root in the state directory of ws. Errors: SYSTEM; SANDBOX when no shell for
 * steps is found.
 */
int mel_rootfs_make(struct mel_rootfs *out, const struct mel_workspace *ws,
		    const struct mel_rootfs_spec *spec, struct mel_err **err);
/* Content of a small file of the guest as the steps left it ("etc/passwd"), "" when missing. */
void mel_rootfs_read(const struct mel_rootfs *rootfs, const struct mel_workspace *ws,
		     const char *path, struct mel_buf *out);
void mel_rootfs_clear(struct mel_rootfs *rootfs);
