/* Extended attributes of package files: see xattr.h. */
#include "analyse/xattr.h"

#include <linux/capability.h>
#include <string.h>

#include "base/mem.h"
#include "base/slice.h"

static const char *const dropped_name[] = {
	"com.apple.provenance", "com.docker.grpcfuse.ownership",
	"security.apparmor",    "security.csm",
	"security.evm",         "security.ima",
	"security.selinux",
};

static const char *const dropped_prefix[] = {
	"security.SMACK",
	"system.posix_acl_",
	"trusted.",
	"user.overlay.",
};

bool mel_xattr_is_dropped(const char *name)
{
	for (size_t i = 0; i < MEL_COUNTOF(dropped_name); i++)
		if (mel_text_eq(name, dropped_name[i]))
			return true;
	for (size_t i = 0; i < MEL_COUNTOF(dropped_prefix); i++)
		if (mel_text_starts(name, dropped_prefix[i]))
			return true;
	return false;
}

static uint32_t get_le32(const unsigned char *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void put_le32(unsigned char *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (unsigned char)(v >> 8 * i);
}

int mel_caps_parse(struct mel_caps *out, const void *value, size_t len, struct mel_err **err)
{
	const unsigned char *p = value;
	uint32_t magic = len >= 4 ? get_le32(p) : 0;
	uint32_t revision = magic & VFS_CAP_REVISION_MASK;

	*out = (struct mel_caps){ .is_effective = magic & VFS_CAP_FLAGS_EFFECTIVE };
	if (!(revision == VFS_CAP_REVISION_1 && len == XATTR_CAPS_SZ_1) &&
	    !(revision == VFS_CAP_REVISION_2 && len == XATTR_CAPS_SZ_2) &&
	    !(revision == VFS_CAP_REVISION_3 && len == XATTR_CAPS_SZ_3))
		return mel_err_set(err, MEL_ERR_INPUT,
				   "file capabilities of unknown form (%zu bytes, magic %#x)",
				   len, magic);
	out->permitted = get_le32(p + 4);
	out->inheritable = get_le32(p + 8);
	if (revision != VFS_CAP_REVISION_1) {
		out->permitted |= (uint64_t)get_le32(p + 12) << 32;
		out->inheritable |= (uint64_t)get_le32(p + 16) << 32;
	}
	if (revision == VFS_CAP_REVISION_3)
		out->root_id = get_le32(p + 20);
	return 0;
}

void mel_caps_format(const struct mel_caps *caps, unsigned char out[MEL_CAPS_BYTES])
{
	put_le32(out, VFS_CAP_REVISION_3 | (caps->is_effective ? VFS_CAP_FLAGS_EFFECTIVE : 0));
	put_le32(out + 4, (uint32_t)caps->permitted);
	put_le32(out + 8, (uint32_t)caps->inheritable);
	put_le32(out + 12, (uint32_t)(caps->permitted >> 32));
	put_le32(out + 16, (uint32_t)(caps->inheritable >> 32));
	put_le32(out + 20, 0);
}
