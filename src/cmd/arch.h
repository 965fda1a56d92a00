/* Names of processor architectures on the command line. */
#pragma once

#include "base/err.h"
#include "cmd/options.h"

/* The apk name of an OCI or apk name ("amd64", "x86_64"), or NULL. */
const char *mel_arch_apk(const char *name);
/* The apk name of the running machine; NULL if packages cannot be built for it. Source:
 * uname(2). */
const char *mel_arch_host(void);
/*
 * The one architecture that --arch asks for: no name at all and "host" are the running
 * machine. Errors: USAGE (unknown name, another machine, "all").
 */
int mel_arch_choose(const struct mel_opt_list *list, const char **arch, struct mel_err **err);
