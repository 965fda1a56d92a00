/* Subpackages: copies for each item of a range, variables put in. */
#pragma once

#include "config/model.h"
#include "config/vars.h"

/*
 * Replace config->subpackages by what their ranges make of them, in the order of the file and
 * of the items' keys (bytewise), with the variables of scope and range.* put in; conditions
 * get range.* only. Errors: INPUT (unknown range, two data of one name).
 */
int mel_subpackages_expand(struct mel_config *config, struct mel_arena *arena,
			   const struct mel_scope *scope, struct mel_err **err);

/* Put the variables of scope into all texts of config that are marked so, subpackages and
 * conditions excepted. */
void mel_config_substitute(struct mel_config *config, struct mel_arena *arena,
			   const struct mel_scope *scope);
