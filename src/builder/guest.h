/*
 * The guest of a build: plan and workspace turned into a sandbox specification, and the running
 * sandbox that comes of it. Words the sandbox's errors and warnings.
 */
#pragma once

#include "builder/buildcache.h"
#include "builder/rootfs.h"
#include "builder/workspace.h"
#include "sandbox/sbx.h"

struct mel_mirrors;

#define MEL_GUEST_WORK "/home/build"

struct mel_guest {
	struct sbx *sbx;          /* owned */
	struct sbx_ids ids;       /* how ids inside relate to the host's */
	struct mel_rootfs rootfs; /* owned */
	bool network;             /* the host's network is shared */
	int tier;
};

/*
 * Choose ids (before the workspace is filled, since they decide who owns it). cache: whether
 * the guest must reach files of the caller. Errors: SANDBOX.
 */
int mel_guest_choose_ids(struct mel_guest *guest, const struct mel_workspace *ws,
			 const struct mel_build_cache *cache, struct mel_err **err);
struct mel_guest_spec {
	const char *tree; /* "" for the host's root, else an absolute path */
	const struct mel_build_texts
		*bind_ro; /* further folders of the host, at the same place */
	bool network;
	const struct mel_mirrors *mirrors; /* shown too */
	bool with_sources; /* the folder sources of the state directory is shown */
	const struct mel_environment *environment; /* accounts; NULL: none */
};

/* Lay out the root and start the sandbox. Errors: SANDBOX, SYSTEM, INPUT. */
int mel_guest_open(struct mel_guest *guest, struct mel_workspace *ws,
		   struct mel_build_cache *cache, const struct mel_guest_spec *spec,
		   struct mel_err **err);
void mel_guest_stop(struct mel_guest *guest); /* no process is left; ids and root stay */
void mel_guest_close(struct mel_guest *guest);
