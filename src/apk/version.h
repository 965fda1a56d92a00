/*
 * Package versions: digits *( "." digits ) [ a-z ] *( "_" suffix [ digits ] ) [ "~" hash ]
 * [ "-r" digits ]. Source: apk-package(5), version.c of apk-tools for the order.
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"

/*
 * The form a build file may have: one pre-release and one post-release suffix at most, no hash,
 * no revision (epoch gives it), numbers below 2^63. Errors: INPUT, what is wrong with it.
 */
int mel_version_check(const char *version, struct mel_err **err);
/* True when apk itself accepts it. */
bool mel_version_is_valid(struct mel_slice version);
/* Order as apk has it: <0, 0, >0. Invalid ones count as far as they can be read, then as
 * less. */
int mel_version_compare(struct mel_slice a, struct mel_slice b);

/* The tests of a dependency: "=1" "<1" ">1" "<=1" ">=1" "~1" (equal as far as 1 goes) … */
enum mel_version_test {
	MEL_VERSION_EQUAL = 1 << 0,
	MEL_VERSION_LESS = 1 << 1,
	MEL_VERSION_GREATER = 1 << 2,
	MEL_VERSION_FUZZY = 1 << 3, /* with the others: compare by prefix */
};
/*
 * Does version pass test (a set of the above) against wanted? "=1.0" also takes "1.0-r0";
 * nothing else looks through a missing revision.
 */
bool mel_version_matches(struct mel_slice version, unsigned test, struct mel_slice wanted);
