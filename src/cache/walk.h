/*
 * One pass over everything below a cache directory, by directory descriptors: each directory is
 * opened once, no link is followed, nothing is resolved twice. What builds left there is
 * hostile: too deep trees and unreadable folders are told, not entered.
 * Source: openat(2), fstatat(2).
 */
#pragma once

#include <sys/stat.h>

#include "base/err.h"

enum { MEL_CACHE_DEPTH_MAX = 128 }; /* each level holds one descriptor */

/* Something below the directory; valid during the call. */
struct mel_cache_entry {
	const char *path; /* below the directory */
	int dirfd;        /* of the folder that holds it */
	const char *name; /* in there */
	const struct stat *st;
};

enum mel_cache_odd {
	MEL_CACHE_UNREADABLE, /* a folder that could not be opened or read */
	MEL_CACHE_TOO_DEEP,   /* a folder more than MEL_CACHE_DEPTH_MAX levels down */
	MEL_CACHE_ODD_COUNT,
};

struct mel_cache_walk {
	/* Each entry, a folder before what is in it, names of a folder in bytewise order. 1: do
	 * not enter the folder. */
	int (*entry)(void *user, const struct mel_cache_entry *entry, struct mel_err **err);
	/* A folder that is not entered; NULL: nobody wants to know. */
	void (*odd)(void *user, const char *path, enum mel_cache_odd odd);
	void *user;
};

/* Walk the directory dirfd. Errors: those of entry, SYSTEM (the directory itself). */
int mel_cache_walk(int dirfd, const struct mel_cache_walk *walk, struct mel_err **err);
/* Open a cache directory for this. path: absolute, without links. Errors: SYSTEM. */
int mel_cache_walk_open(int *dirfd, const char *path, struct mel_err **err);
