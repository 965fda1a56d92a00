/*
 * What a path below a cache directory is: whose it is, and what its name says about its
 * content. Pure, by tables. Source: the layouts of the tools' caches, docs/cache.md.
 */
#pragma once

enum mel_cache_class {
	MEL_CACHE_SOURCES,  /* verified sources: sha256:, sha512: */
	MEL_CACHE_PACKAGES, /* what package managers download and unpack */
	MEL_CACHE_COMPILED, /* what compilers made */
};

struct mel_cache_area {
	const char *name; /* the folder at the top; or one of those below */
	enum mel_cache_class class;
};
#define MEL_CACHE_OBJECTS "sources" /* objects at the top */
#define MEL_CACHE_OTHER   "other"   /* what no table knows */

/* The area in which path lies; never NULL, one pointer per area. */
const struct mel_cache_area *mel_cache_area_of(const char *path);

enum mel_cache_kind {
	MEL_CACHE_ORDINARY,
	MEL_CACHE_VOLATILE,   /* locks, logs, temporary names: of one run of a tool */
	MEL_CACHE_OBJECT,     /* sha256:HEX, sha512:HEX at the top */
	MEL_CACHE_NPM,        /* npm/_cacache/content-v2/ALGORITHM/xx/yy/rest */
	MEL_CACHE_GO_ZIP,     /* gomodcache/cache/download/MODULE/@v/VERSION.zip */
	MEL_CACHE_GIT_OBJECT, /* .../objects/xx/rest */
};

enum mel_cache_kind mel_cache_kind_of(const char *path);
