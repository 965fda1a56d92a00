/* Names of architectures: as packages, Go and compilers call them. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"

/* The name packages use ("x86_64") for either spelling ("amd64"); NULL if it is not known. */
const char *mel_arch_apk(const char *name);
/* Whether two names, in either spelling, are of one architecture. */
bool mel_arch_is_same(const char *a, const char *b);
/* The name image registries use: "amd64", "arm/v7"; name itself if it is not known. */
const char *mel_arch_oci(const char *name);
/* The value of ${{build.goarch}}: "amd64", "arm"; name itself if it is not known. */
const char *mel_arch_go(const char *name);
/* Triplet of arch with libc flavour ("gnu", "musl"), for GNU tools or for Rust. */
const char *mel_arch_triplet_gnu(struct mel_arena *arena, const char *arch, const char *libc);
const char *mel_arch_triplet_rust(struct mel_arena *arena, const char *arch, const char *libc);
/* The apk name of the running machine; NULL if packages cannot be built for it. Source:
 * uname(2). */
const char *mel_arch_host(void);
