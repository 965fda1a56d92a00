#include "sandbox/internal.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <unistd.h>

#define COUNTOF(a) (sizeof(a) / sizeof((a)[0]))

/* Composed lines, what the two namespaces and a disk's map become. */
static const struct {
	const char *name;
	struct sbx_idmap line[4];
	size_t len;
	uint32_t caller;
	const char *u1, *u2, *disk;
} maps[] = {
	{ "one id",
	  { { 1000, 5000, 1 } },
	  1,
	  5000,
	  "0 5000 1\n",
	  "1000 0 1\n",
	  "5000 5000 1\n" },
	{ "root inside",
	  { { 0, 5000, 1 }, { 1, 100000, 65535 } },
	  2,
	  5000,
	  "0 5000 1\n1 100000 65535\n",
	  "0 0 1\n1 1 65535\n",
	  "5000 5000 1\n100000 100000 65535\n" },
	{ "swapped",
	  { { 1000, 100000, 1 }, { 0, 100001, 1000 }, { 1001, 101001, 64535 } },
	  3,
	  0,
	  "0 100000 1\n1 100001 1000\n1001 101001 64535\n",
	  "1000 0 1\n0 1 1000\n1001 1001 64535\n",
	  "0 100000 1\n100001 100001 1000\n101001 101001 64535\n" },
};

ParameterizedTestParameters(idmap, texts)
{
	static size_t index[COUNTOF(maps)];

	for (size_t i = 0; i < COUNTOF(maps); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, COUNTOF(maps));
}

ParameterizedTest(const size_t *i, idmap, texts, .timeout = 5)
{
	struct sbx_ids ids = { .uid_len = maps[*i].len,
			       .gid_len = maps[*i].len,
			       .caller_uid = maps[*i].caller,
			       .caller_gid = maps[*i].caller };
	struct sbx_maps out;

	for (size_t k = 0; k < maps[*i].len; k++)
		ids.uid[k] = ids.gid[k] = maps[*i].line[k];
	sbx_maps_make(&out, &ids);
	cr_assert_str_eq(out.u1_uid, maps[*i].u1, "%s: %s", maps[*i].name, out.u1_uid);
	cr_assert_str_eq(out.u2_gid, maps[*i].u2, "%s: %s", maps[*i].name, out.u2_gid);
	cr_assert_str_eq(out.disk_uid, maps[*i].disk, "%s: %s", maps[*i].name, out.disk_uid);
}

/* On-disk owner to id inside: of the caller (0), of the guest's range, of strangers. */
static const struct {
	uint32_t disk;
	bool on_idmapped, known;
	uint32_t inside;
} owners[] = {
	{ 100000, false, true, 1000 },  { 100001, false, true, 0 },
	{ 101000, false, true, 999 },   { 101001, false, true, 1001 },
	{ 165535, false, true, 65535 }, { 165536, false, false, 0 },
	{ 0, false, false, 0 },         { 0, true, true, 1000 },
	{ 100000, true, false, 0 },     { 100001, true, true, 0 },
	{ 1000, true, false, 0 },
};

ParameterizedTestParameters(idmap, owners)
{
	static size_t index[COUNTOF(owners)];

	for (size_t i = 0; i < COUNTOF(owners); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, COUNTOF(owners));
}

ParameterizedTest(const size_t *i, idmap, owners, .timeout = 5)
{
	struct sbx_ids ids = {
		.mode = SBX_IDS_ROOT,
		.idmap_mounts = true,
		.uid_len = 3,
		.gid_len = 3,
		.uid = { { 1000, 100000, 1 }, { 0, 100001, 1000 }, { 1001, 101001, 64535 } }
	};
	uid_t uid = 7;
	gid_t gid = 7;
	bool known = sbx_ids_inside_uid(&ids, owners[*i].disk, owners[*i].on_idmapped, &uid);

	cr_assert_eq(known, owners[*i].known, "%u: known %d", owners[*i].disk, known);
	if (known)
		cr_assert_eq(uid, owners[*i].inside, "%u: inside %u", owners[*i].disk, uid);
	for (size_t k = 0; k < 3; k++)
		ids.gid[k] = ids.uid[k];
	cr_assert_eq(sbx_ids_inside_gid(&ids, owners[*i].disk, owners[*i].on_idmapped, &gid),
		     known);
}

Test(idmap, single, .timeout = 5)
{
	struct sbx_ids ids;

	sbx_ids_single(&ids, 1000, 100);
	cr_assert_eq(ids.mode, SBX_IDS_SINGLE);
	cr_assert_eq(ids.uid_len, 1);
	cr_assert_eq(ids.uid[0].host, geteuid());
	cr_assert_eq(ids.gid[0].inside, 100);
	cr_assert_eq(ids.host_gid, getegid());
}

Test(idmap, choose, .timeout = 5)
{
	struct sbx_ids ids;
	struct sbx_err err;
	uint64_t n = 0;

	cr_assert_eq(sbx_ids_choose(&ids, UINT32_MAX, 0, -1, false, &err), -1);
	cr_assert_eq(err.stage, SBX_STAGE_SPEC);
	cr_assert_eq(sbx_ids_choose(&ids, 1000, 1000, -1, false, &err), 0);
	cr_assert_eq(ids.uid[0].inside, 1000);
	cr_assert_eq(ids.uid[0].host, ids.host_uid);
	if (geteuid() == 0 && ids.mode == SBX_IDS_ROOT)
		cr_assert_geq(ids.host_uid, 100000, "root gives away id %u", ids.host_uid);
	for (size_t i = 0; i < ids.uid_len; i++)
		n += ids.uid[i].count;
	cr_assert(n == 1 || n >= 1000, "%u ids", (unsigned)n);
}
