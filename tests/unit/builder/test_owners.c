/* Owners on disk, in the guest and in packages. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "builder/owners.h"
#include "tests/unit/table.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "build:x:1000:1000::/home/build:/bin/sh\n"
			     "web:x:82:33::/:/bin/false\n"
			     "broken\n"
			     "no:id\n"
			     "text:x:many:1::/:/bin/sh\n"
			     "large:x:4294967296:1::/:/bin/sh\n"
			     "later:x:82:33::/:/bin/false\n";
static const char group[] = "root:x:0:\nbuild:x:1000:\nwww:x:33:\n";

/* The caller (uid 500) builds; ids 0 to 999 and 1001 to 65535 are a range from 100000 on. */
static const struct sbx_ids range = {
	.run_uid = 1000,
	.run_gid = 1000,
	.host_uid = 101000,
	.host_gid = 101000,
	.caller_uid = 500,
	.caller_gid = 500,
	.idmap_mounts = true,
	.uid = { { 1000, 101000, 1 }, { 0, 100000, 1000 }, { 1001, 101001, 64535 } },
	.gid = { { 1000, 101000, 1 }, { 0, 100000, 1000 }, { 1001, 101001, 64535 } },
	.uid_len = 3,
	.gid_len = 3,
};

static const struct {
	const char *name;
	bool on_idmapped;
	uid_t disk;
	int result;
	uint32_t want;
	const char *user, *group;
} cases[] = {
	{ "build user", false, 101000, 0, 0, "root", "root" },
	{ "root of the guest", false, 100000, 0, 0, "root", "root" },
	{ "another account, the later name", false, 100082, 0, 82, "later", "" },
	{ "an account's group", false, 100033, 0, 33, "", "www" },
	{ "without a name", false, 101234, 0, 1234, "", "" },
	{ "last of the range", false, 165535, 0, 65535, "", "" },
	{ "behind the range", false, 165536, -1, 0, "", "" },
	{ "the caller is nobody here", false, 500, -1, 0, "", "" },
	{ "the caller on an id-mapped mount", true, 500, 0, 0, "root", "root" },
	{ "another on an id-mapped mount", true, 100082, 0, 82, "later", "" },
	{ "root of the host", false, 0, -1, 0, "", "" },
};

TABLE_PARAMETERS(owners, map, cases)

ParameterizedTest(const size_t *i, owners, map, .timeout = 5)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_owners owners;
	uint32_t uid = 7, gid = 7;

	mel_owners_init(&owners, &range, cases[*i].on_idmapped, passwd, group);
	cr_assert_eq(mel_owners_uid(&owners, cases[*i].disk, "some/file", &uid, &err),
		     cases[*i].result);
	if (cases[*i].result < 0) {
		cr_assert_eq(err->kind, MEL_ERR_INPUT);
		cr_assert(strstr(err->text, "'some/file'"), "%s", err->text);
		cr_assert_eq(mel_owners_gid(&owners, cases[*i].disk, "some/file", &gid, &err),
			     -1);
	} else {
		cr_assert_eq(mel_owners_gid(&owners, cases[*i].disk, "some/file", &gid, &err),
			     0);
		cr_assert_eq(uid, cases[*i].want);
		cr_assert_eq(gid, cases[*i].want);
		cr_assert_str_eq(mel_owners_user(&owners, uid), cases[*i].user);
		cr_assert_str_eq(mel_owners_group(&owners, gid), cases[*i].group);
	}
	mel_owners_clear(&owners);
}

/* The id of the account `build` is the guest's own matter. */
Test(owners, other_build_id, .timeout = 5)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_owners owners;
	uint32_t uid;

	mel_owners_init(&owners, &range, false, "build:x:200:200::/:/bin/sh\n",
			"build:x:201:\n");
	cr_assert_eq(mel_owners_uid(&owners, 100200, "f", &uid, &err), 0);
	cr_assert_eq(uid, 0);
	cr_assert_eq(mel_owners_gid(&owners, 100200, "f", &uid, &err), 0);
	cr_assert_eq(uid, 200);
	cr_assert_eq(mel_owners_gid(&owners, 100201, "f", &uid, &err), 0);
	cr_assert_eq(uid, 0);
	mel_owners_clear(&owners);
}
