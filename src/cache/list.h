/*
 * What is in a cache directory: its units with size and last use, and totals by area. Taken in
 * one pass; everything that the commands show or evict is decided on this list.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/vec.h"
#include "cache/kind.h"
#include "cache/use.h"
#include "cache/walk.h"

enum { MEL_CACHE_NO_ROOT = UINT32_MAX };

/* A file or folder that goes with its unit. */
struct mel_cache_root {
	const char *path;
	uint32_t next; /* index of a further root of the same unit, MEL_CACHE_NO_ROOT: none */
	bool is_dir;
};

struct mel_cache_unit {
	const char *name;
	const struct mel_cache_area *area;
	uint64_t bytes;      /* of its files; a file of several names counts once in the list */
	uint64_t disk_bytes; /* what the disk gives to them */
	uint32_t files;
	uint32_t root; /* index of the first */
	/* Newest change of a file, seconds since 1970: its ctime, since archives bring old
	 * mtimes along and everybody can set a new one. */
	int64_t changed;
	int64_t used;      /* last recorded use, or changed if that is later */
	int64_t area_used; /* last recorded use of its area as a whole; 0: not known */
	bool is_kept;      /* for the caller's use: never evict */
	bool goes;         /* result of a selection */
};

struct mel_cache_area_size {
	const struct mel_cache_area *area;
	uint64_t bytes, disk_bytes; /* disk_bytes with the folders' own */
	uint64_t files, folders, links, units;
};

struct mel_cache_list {
	struct mel_arena arena;
	MEL_VEC(struct mel_cache_unit) unit; /* by name */
	MEL_VEC(struct mel_cache_root) root;
	MEL_VEC(struct mel_cache_area_size) area; /* by class, then name */
	struct mel_cache_area_size total;         /* area is NULL */
	uint64_t special;                         /* devices, FIFOs, sockets */
	uint64_t odd[MEL_CACHE_ODD_COUNT];
	const char *odd_path; /* the first of them, or NULL */
};

/*
 * List the directory dirfd; use (may be NULL): what is known about uses. A zeroed list is
 * empty. Errors: SYSTEM.
 */
int mel_cache_list_make(struct mel_cache_list *list, int dirfd, const struct mel_cache_use *use,
			struct mel_err **err);
void mel_cache_list_clear(struct mel_cache_list *list);
#define MEL_AUTO_CACHE_LIST __attribute__((cleanup(mel_cache_list_clear)))
