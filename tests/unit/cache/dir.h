/* A fresh cache directory with its state, for the tests of one suite. */
#pragma once

#include "cache/state.h"

extern char dir_home[];  /* holds all of it */
extern char dir_cache[]; /* path of the cache directory */
extern int dir_fd;       /* of it */
extern struct mel_cache_state dir_state;

void dir_open(void);
void dir_close(void);
