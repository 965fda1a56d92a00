/*
 * What git knows of a build file: the commit and the address of its repository. Files of the
 * repository are read directly; the program git, if installed, is asked whether the build file
 * differs from the commit. Sources: gitrepository-layout(5), git-status(1), git-config(1).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

/* Texts live in the arena given; NULL: not known. */
struct mel_git {
	const char *top;  /* real path of the working tree's top folder */
	const char *path; /* of the build file below top */
	const char
		*commit; /* 40 or 64 hexadecimal digits, "-dirty" behind if the file differs */
	const char *url; /* of the remote "origin", as https address without credentials */
};

/* Find the repository that holds the folder of file ("." for a bare name); no program is
 * started. True if there is one; top and path are set then. */
bool mel_git_find(struct mel_git *git, const char *file, struct mel_arena *arena);
/* Fill commit; may start git. */
void mel_git_read_commit(struct mel_git *git, struct mel_arena *arena);
/* Fill url. */
void mel_git_read_url(struct mel_git *git, struct mel_arena *arena);
/* Time of the last commit that changed the file, in seconds; starts git. False if unknown. */
bool mel_git_time(const struct mel_git *git, int64_t *seconds);
/*
 * The public https address for a remote's address, NULL if there is none (a local path):
 * credentials and a final ".git" are left out, "git@host:path" and ssh addresses are turned
 * into https ones.
 */
const char *mel_git_public_url(const char *remote, struct mel_arena *arena);
