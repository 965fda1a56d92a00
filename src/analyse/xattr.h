/*
 * Which extended attributes belong into a package, and file capabilities in the one form that
 * packages carry. Sources: xattr(7), capabilities(7) "File capability extended attribute
 * versioning", linux/capability.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Does an attribute of this name stay out: labels, integrity data, overlay marks, ACLs? */
bool mel_xattr_is_dropped(const char *name);

enum {
	MEL_CAPS_BYTES = 24,
	MEL_CAPS_MAX = 64, /* number of capability bits */
};

/*
 * security.capability, drawn as six little-endian 32-bit words:
 *   magic (revision 3, bit 0 effective) | permitted 0-31 | inheritable 0-31
 *   | permitted 32-63 | inheritable 32-63 | root id
 */
struct mel_caps {
	bool is_effective;
	uint64_t permitted, inheritable;
	uint32_t root_id; /* host uid of the namespace's root, 0 for older revisions */
};

/* Errors: INPUT (unknown revision or length). */
int mel_caps_parse(struct mel_caps *out, const void *value, size_t len, struct mel_err **err);
/* Revision 3 with root id 0, whatever caps says: how a package carries it. */
void mel_caps_format(const struct mel_caps *caps, unsigned char out[MEL_CAPS_BYTES]);
