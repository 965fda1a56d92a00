/* Names of attributes that stay out, and file capabilities in their forms. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <string.h>

#include "analyse/xattr.h"
#include "base/mem.h"

static const struct {
	const char *name;
	bool is_dropped;
} names[] = {
	{ "user.note", false },
	{ "user.overlayed", false },
	{ "security.capability", false },
	{ "system.nfs4_acl", false },
	{ "user.overlay.opaque", true },
	{ "trusted.overlay.opaque", true },
	{ "trusted.SGI_ACL_FILE", true },
	{ "security.selinux", true },
	{ "security.SMACK64EXEC", true },
	{ "security.ima", true },
	{ "security.evm", true },
	{ "security.apparmor", true },
	{ "security.csm", true },
	{ "system.posix_acl_access", true },
	{ "system.posix_acl_default", true },
	{ "com.apple.provenance", true },
	{ "com.docker.grpcfuse.ownership", true },
};

Test(xattr, names, .timeout = 10)
{
	for (size_t i = 0; i < MEL_COUNTOF(names); i++)
		cr_assert_eq(mel_xattr_is_dropped(names[i].name), names[i].is_dropped, "%s",
			     names[i].name);
}

static const struct {
	const char *name, *bytes;
	size_t len;
	const char *want; /* 24 bytes; NULL: refused */
	uint32_t root_id;
} caps[] = {
	{ "revision 3 of another namespace",
	  "\1\0\0\3\0\x20\0\0\0\x10\0\0\1\0\0\0\2\0\0\0\xe8\3\0\0", 24,
	  "\1\0\0\3\0\x20\0\0\0\x10\0\0\1\0\0\0\2\0\0\0\0\0\0\0", 1000 },
	{ "revision 2", "\0\0\0\2\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20,
	  "\0\0\0\3\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 0 },
	{ "revision 1", "\1\0\0\1\0\x04\0\0\0\0\0\0", 12,
	  "\1\0\0\3\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 0 },
	{ "empty", "", 0, NULL, 0 },
	{ "three bytes", "\1\0\0", 3, NULL, 0 },
	{ "revision 3, too short", "\1\0\0\3\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20, NULL, 0 },
	{ "revision 4", "\0\0\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24, NULL, 0 },
};

ParameterizedTestParameters(xattr, capabilities)
{
	static size_t index[MEL_COUNTOF(caps)];

	for (size_t i = 0; i < MEL_COUNTOF(caps); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, MEL_COUNTOF(caps));
}

ParameterizedTest(const size_t *i, xattr, capabilities, .timeout = 10)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_caps parsed;
	unsigned char out[MEL_CAPS_BYTES];
	int result = mel_caps_parse(&parsed, caps[*i].bytes, caps[*i].len, &err);

	if (!caps[*i].want) {
		cr_assert_eq(result, -1, "%s", caps[*i].name);
		cr_assert_eq(err->kind, MEL_ERR_INPUT);
		return;
	}
	cr_assert_eq(result, 0, "%s", caps[*i].name);
	cr_assert_eq(parsed.root_id, caps[*i].root_id);
	mel_caps_format(&parsed, out);
	cr_assert_eq(memcmp(out, caps[*i].want, sizeof(out)), 0, "%s", caps[*i].name);
}

static const struct {
	struct mel_caps caps;
	const char *want;
} forms[] = {
	{ { .permitted = 1 << 13 }, "\0\0\0\3\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" },
	{ { true, 1 << 13 | 1 << 12, 1 << 13 | 1 << 12, 0 },
	  "\1\0\0\3\0\x30\0\0\0\x30\0\0\0\0\0\0\0\0\0\0\0\0\0\0" },
	{ { true, 1 << 21, 0, 0 }, "\1\0\0\3\0\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" },
	{ { false, UINT64_C(1) << 39, 0, 7 },
	  "\0\0\0\3\0\0\0\0\0\0\0\0\x80\0\0\0\0\0\0\0\0\0\0\0" },
};

Test(xattr, format, .timeout = 10)
{
	for (size_t i = 0; i < MEL_COUNTOF(forms); i++) {
		unsigned char out[MEL_CAPS_BYTES];

		mel_caps_format(&forms[i].caps, out);
		cr_assert_eq(memcmp(out, forms[i].want, sizeof(out)), 0, "row %zu", i);
	}
}
