/*
 * Bare mirrors of git repositories, one for each address, with the refs that were asked for and
 * no more: folders named by the SHA-256 of the address, each with a lock beside it that is held
 * while it changes. The host's own git gets them, as a child without the caller's environment,
 * settings, hooks and credentials, and by http, https and git only: an address comes out of a
 * build file and must reach neither the caller's files nor its keys. Sources: git(1),
 * git-fetch(1), gitprotocol-common(5).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "cache/remote.h"

enum { MEL_MIRROR_NAME_BYTES = 33, MEL_MIRROR_TRIES = 3 };

/* What a checkout needs; borrowed. */
struct mel_mirror {
	struct mel_pos pos;       /* of the step */
	const char *url;          /* as the build file has it */
	const char *branch, *tag; /* NULL or "": not given; neither: the default branch */
	const char *commit;       /* "" : whatever comes out */
	uint64_t depth;           /* commits of history, 0: all */
	char name[MEL_MIRROR_NAME_BYTES]; /* result: the folder */
	bool is_hit;                      /* result: nothing had to be asked for */
};

struct mel_mirror_opts {
	const char *path; /* of the folder with the mirrors, which exists */
	struct mel_remote_env env;
	bool is_offline;
	unsigned tries;    /* 0: MEL_MIRROR_TRIES */
	unsigned pause_ms; /* before the second try, doubled then; 0: a second */
	int wake_fd;       /* -1: none; readable: tick is called at once */
	int (*tick)(void *user, struct mel_err **err); /* may be NULL; -1 ends it */
	void *user;
};

/* Is url one that the host mirrors? */
bool mel_mirror_is_url(const char *url);
/*
 * Bring the mirrors up to what the list asks for: where a commit is named and there, nothing is
 * asked. Errors: one for each repository that cannot be had (NETWORK; INPUT while offline, one
 * that lists all), SYSTEM, and those of tick.
 */
int mel_mirror_get(struct mel_mirror *mirror, size_t len, const struct mel_mirror_opts *opts,
		   struct mel_err **err);
