/*
 * What a path below the cache directory is: which tool's area it lies in, and by which rule its
 * content can be trusted. Pure, by tables; paths are relative, without "." and "..", and come
 * from strangers. Sources: the layouts of the tools' caches as docs/cache.md lists them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum mel_cache_class {
	MEL_CACHE_SOURCES,  /* verified sources: sha256:, sha512: */
	MEL_CACHE_PACKAGES, /* areas of package managers */
	MEL_CACHE_COMPILED, /* outputs of compilers */
	MEL_CACHE_CLASS_COUNT,
};

#define MEL_CACHE_OBJECTS "sources" /* name of the area of objects at the top */
#define MEL_CACHE_OTHER   "other"   /* of what no table knows: somebody else's */

struct mel_cache_area {
	const char *name; /* first component of its paths, or one of those above */
	enum mel_cache_class class;
	bool is_host; /* somebody else's, or the cache directory is this area itself, a tool's
			 own cache (`go env GOMODCACHE`): never evicted */
};

/* The area in which path lies; never NULL. */
const struct mel_cache_area *mel_cache_area_of(const char *path);

enum mel_cache_kind {
	MEL_CACHE_ORDINARY,
	MEL_CACHE_VOLATILE,   /* locks, logs, temporary files: of no use to the next build */
	MEL_CACHE_OBJECT,     /* sha256:HEX, sha512:HEX at the top: a source by its digest */
	MEL_CACHE_NPM,        /* _cacache/content-v2/ALGORITHM/xx/yy/REST */
	MEL_CACHE_GO_ZIP,     /* cache/download/MODULE/@v/VERSION.zip */
	MEL_CACHE_GIT_OBJECT, /* a loose object of a repository: objects/xx/REST */
	MEL_CACHE_GO_ZIPHASH, /* what the zip beside it hashes to */
	MEL_CACHE_KIND_COUNT,
};

enum mel_cache_kind mel_cache_kind_of(const char *path);
/* Is a file of this kind what its name says, or else damaged? */
bool mel_cache_kind_is_addressed(enum mel_cache_kind kind);
