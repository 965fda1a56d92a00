/* Names of processor architectures on the command line. */
#pragma once

#include "base/err.h"
#include "cmd/options.h"

/*
 * The one architecture that --arch asks for: no name at all and "host" are the running
 * machine. Errors: USAGE (unknown name, another machine, "all").
 */
int mel_arch_choose(const struct mel_opt_list *list, const char **arch, struct mel_err **err);
