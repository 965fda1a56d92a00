/* A cache directory, its state and the layer of a build, below a folder of the test's own. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "cache/commit.h"

struct layers {
	char home[64];
	struct mel_cache_state state;
	int cache_fd, layer_fd, upper_fd;
	struct mel_cache_commit_opts opts; /* for the calls under test */
	struct mel_cache_tally tally;
};

/* Begin in $TMPDIR or /tmp. Both fail the test when they cannot. */
void layers_open(struct layers *l);
void layers_close(struct layers *l);

/* One more layer folder in the state, with a lock that nobody holds; the descriptor. */
int layers_make(struct layers *l, const char *name);

/* A file and the folders above it. */
void layers_put(int dirfd, const char *path, const char *text);
void layers_put_bytes(int dirfd, const char *path, const void *bytes, size_t len);
/* Has the file this text? With NULL: is there nothing of this name? */
bool layers_has(int dirfd, const char *path, const char *text);
mode_t layers_mode(int dirfd, const char *path);
/* Everything below the folder: how many entries. */
size_t layers_count(int dirfd);

/* Commit the layer; fails the test when that fails. */
void layers_commit(struct layers *l);
void layers_recover(struct layers *l);
