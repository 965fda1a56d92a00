/* What the caller's environment says about downloads: proxies, certificates, passwords. */
#pragma once

#include "base/arena.h"
#include "builder/build.h"

/* "NAME=value" of each variable that is set; in arena. */
struct mel_build_texts mel_network_variables(struct mel_arena *arena);
