/* Builds with a cache: a cache to begin with, what it is like, and disks of its own. */
#pragma once

#include "builds.h"

/* The flags of a build with the folder "cache" of the place. */
#define CACHE_ARGS(mode)                                                                       \
	"--empty-workspace", "--cache-dir=cache", "--cache-mode=" mode, "x.yaml"
#define C "/var/cache/melange" /* where steps see it */

/* A cache as builds left it: files, a link, read-only files and folders. */
void cache_fill(const struct run_place *place);
/* All of a folder: kinds, modes, owners, times, sizes, digests; the caller frees. */
char *cache_snapshot(const struct run_place *place, const char *folder);
/* Run check in a place of each user that can make sandboxes. */
void cache_with_users(void (*check)(struct run_place *place));
/* Fail if the layer of a build is left in the state. */
void cache_check_no_layers(const struct run_place *place);
/* Fail unless the file is there and belongs to the place's user. */
void cache_check_owner(const struct run_place *place, const char *path);

/* Give this process mounts of its own, for root; false: it may not. */
bool cache_own_mounts(void);
/* Mount a file system on a folder of the place, which is made, and give it to its user. */
void cache_mount(struct run_place *place, const char *type, const char *path,
		 const char *options);
