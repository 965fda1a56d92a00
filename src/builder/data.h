/*
 * From a listed tree to the data section of a package: owners as the package has them, file
 * capabilities of the build file, hard links. Source: apk-v2(5), docs/formats.md.
 */
#pragma once

#include <stdint.h>

#include "analyse/tree.h"
#include "apk/package.h"
#include "base/err.h"
#include "builder/owners.h"
#include "plan/plan.h"

struct mel_data_spec {
	const struct mel_tree *tree;
	const struct mel_owners *owners;
	const struct mel_setcap *setcap; /* file capabilities that the build file gives */
	size_t setcap_len;
	int64_t mtime; /* of every entry, seconds */
};

/*
 * Write the section to out_fd (from its current position). Errors: SYSTEM (a file of the tree
 * cannot be read, out_fd cannot be written), INPUT (owner without meaning, setcap path that is
 * no regular file of the tree).
 */
int mel_data_write(struct mel_package_data_sum *out, const struct mel_data_spec *spec,
		   int out_fd, struct mel_err **err);
