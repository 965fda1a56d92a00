/*
 * Owners of packaged files: ids on the host's disk -> ids inside the guest -> ids and names in
 * the package. The build user's files are root's in a package, since a rootless build cannot
 * make them so itself. Source: user_namespaces(7), passwd(5), group(5).
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/vec.h"
#include "sandbox/sbx.h"

struct mel_owner_name {
	uint32_t id;
	const char *name;
};

struct mel_owners {
	const struct sbx_ids *ids; /* borrowed */
	bool on_idmapped; /* files are read where the caller's id stands for the build user */
	uint32_t build_uid, build_gid; /* ids inside of the account `build`: become 0 */
	struct mel_arena arena;
	MEL_VEC(struct mel_owner_name) user, group;
};

/* Parse the guest's passwd and group texts; later lines win. */
void mel_owners_init(struct mel_owners *out, const struct sbx_ids *ids, bool on_idmapped,
		     const char *passwd, const char *group);
/* The package's uid for a file on disk. Errors: INPUT when the id has no meaning inside; path
 * is for the message. */
int mel_owners_uid(const struct mel_owners *owners, uid_t disk, const char *path, uint32_t *out,
		   struct mel_err **err);
int mel_owners_gid(const struct mel_owners *owners, gid_t disk, const char *path, uint32_t *out,
		   struct mel_err **err);
/* Name of an id of the package, "" when the guest has none. */
const char *mel_owners_user(const struct mel_owners *owners, uint32_t uid);
const char *mel_owners_group(const struct mel_owners *owners, uint32_t gid);
void mel_owners_clear(struct mel_owners *owners);
