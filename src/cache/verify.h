/*
 * Is what a cache directory holds what it should be? Files whose names say what is in them are
 * hashed, others compared with the manifest of what was added, and nothing but files, folders
 * and links that stay inside should be there.
 */
#pragma once

#include "cache/archive.h"
#include "cache/state.h"

enum mel_cache_fault {
	MEL_CACHE_FOREIGN, /* neither its name nor the manifest says what it should be */
	MEL_CACHE_CHANGED, /* not as the manifest says: a tool, or somebody, changed it */
	MEL_CACHE_DAMAGED, /* does not match its name */
	MEL_CACHE_SPECIAL, /* device, FIFO, socket */
	MEL_CACHE_ESCAPES, /* link that leaves its area */
	MEL_CACHE_SETUID,  /* file with the set-user-id or set-group-id bit */
	MEL_CACHE_UNKNOWN, /* could not be read */
	MEL_CACHE_FAULT_COUNT,
};

struct mel_cache_finding {
	enum mel_cache_fault fault;
	const char *path, *why; /* in the arena */
};

/* All borrowed. */
struct mel_cache_verify {
	int dirfd;                           /* the cache directory */
	const struct mel_cache_state *state; /* dirfd -1: there is no manifest */
	struct mel_cache_choice choice;
};

struct mel_cache_verified {
	struct mel_arena arena;
	MEL_VEC(struct mel_cache_finding) finding; /* by path, foreign ones too */
	uint64_t by_name, by_manifest, bytes;      /* what was hashed */
	uint64_t count[MEL_CACHE_FAULT_COUNT];
};

/* Check all of it; a zeroed result. Errors: SYSTEM. */
int mel_cache_verify(const struct mel_cache_verify *what, struct mel_cache_verified *out,
		     struct mel_err **err);
void mel_cache_verified_clear(struct mel_cache_verified *out);
#define MEL_AUTO_CACHE_VERIFIED __attribute__((cleanup(mel_cache_verified_clear)))
/* Is a finding of this sort wrong for certain? Others may be the work of tools. */
bool mel_cache_fault_is_bad(enum mel_cache_fault fault);
/* "damaged", "changed" ... */
const char *mel_cache_fault_name(enum mel_cache_fault fault);

/*
 * Take what was found at path out of the directory: a file goes to the folder bad/ of the state
 * where that is on the same file system, all else is removed; of a file with privilege bits
 * only these go. The caller holds the locks. Errors: SYSTEM.
 */
int mel_cache_set_aside(const struct mel_cache_verify *what,
			const struct mel_cache_finding *finding, struct mel_err **err);
