/* What the parts of a merge share: the folders the walk is in, and the verdicts. Internal. */
#pragma once

#include <dirent.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/vec.h"
#include "cache/kind.h"
#include "cache/merge.h"
#include "cache/place.h"

/* Names of a folder, sorted, as many as fit. */
struct mel_merge_names {
	MEL_VEC(char *) name; /* owned */
	size_t next, bytes;
	bool is_last; /* the folder has no more */
};

/* One folder the walk is in. */
struct mel_merge_level {
	DIR *dir; /* owned; of the layer */
	struct mel_merge_names names;
	int to_fd;       /* owned; the same folder of the cache, -1: not made yet */
	char *name;      /* owned; in the folder above */
	char *staged;    /* owned; its name until all of it is there, NULL: it is no new one */
	size_t path_len; /* of the whole path, for entries behind it */
	mode_t mode;
};

struct mel_merge_walk {
	const struct mel_cache_merge *merge;
	struct mel_cache_place place;
	MEL_VEC(struct mel_merge_level) level;
	struct mel_buf path; /* of the entry in work, below the cache directory */
	uint64_t entries;
	unsigned warned;
	bool is_quiet; /* nothing is counted: it was already */
};

/* One entry; borrowed. */
struct mel_merge_entry {
	const char *path, *name;
	enum mel_cache_kind kind;
	struct stat st; /* of the name in the layer */
};

/* Its area's counts. */
struct mel_cache_area_count *mel_merge_count(struct mel_merge_walk *walk, const char *path);
/* Not let in, or not put in place of what is there: counted, and a warning says why. */
void mel_merge_refuse(struct mel_merge_walk *walk, const char *path, const char *why);
void mel_merge_conflict(struct mel_merge_walk *walk, const char *path, const char *why);
/* The folder of the innermost level in the cache, made if it is not there yet; -1 with err. */
int mel_merge_target(struct mel_merge_walk *walk, struct mel_err **err);

/* What happens to a regular file and to a symbolic link of the innermost folder. */
int mel_merge_file(struct mel_merge_walk *walk, const struct mel_merge_entry *entry,
		   struct mel_err **err);
int mel_merge_link(struct mel_merge_walk *walk, const struct mel_merge_entry *entry,
		   struct mel_err **err);

/* The build deleted what the cache has under this name. */
void mel_merge_whiteout(struct mel_merge_walk *walk, const struct mel_merge_entry *entry);

/* Does the overlay say of the open file or folder that it hides one (attribute "whiteout"), or
 * all below it ("opaque")? */
bool mel_merge_has_mark(int fd, const char *attribute);
