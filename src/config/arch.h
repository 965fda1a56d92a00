/* Names of architectures: as packages, Go and compilers call them. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"

/* The name packages use ("x86_64") for any accepted spelling ("amd64"), else name itself. */
const char *mel_arch_apk(const char *name);
/* The name image registries use: "amd64", "arm/v7"; name itself if it is not known. */
const char *mel_arch_oci(const char *name);
/* The value of ${{build.goarch}}: "amd64", "arm". */
const char *mel_arch_go(const char *name);
/* Whether name, in any accepted spelling, is an architecture we know. */
bool mel_arch_is_known(const char *name);
/* Triplet of the apk name arch with libc flavour ("gnu", "musl"), for GNU tools or for Rust. */
const char *mel_arch_triplet_gnu(struct mel_arena *arena, const char *arch, const char *libc);
const char *mel_arch_triplet_rust(struct mel_arena *arena, const char *arch, const char *libc);
/* The apk name of the machine this runs on, by uname(2). In arena if it is not a known one. */
const char *mel_arch_host(struct mel_arena *arena);
