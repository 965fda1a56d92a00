/*
 * Which compilers a root has, as a short name: compiled output of one set of them is kept apart
 * from that of another.
 */
#pragma once

#include "base/arena.h"

/*
 * "ARCH-HEX": the architecture and 16 digits of a hash over path, size and time of change of
 * the compilers in the tree ("" is this machine's) and in the folders of bind_ro. In arena.
 */
const char *mel_toolchain_name(struct mel_arena *arena, const char *arch, const char *tree,
			       const char *const *bind_ro, size_t bind_ro_len);
