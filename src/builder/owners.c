/* Owners of packaged files: see owners.h. */
#include "builder/owners.h"

#include "base/slice.h"

enum { DEFAULT_BUILD_ID = 1000 };

/* "name:password:id:…", one per line; the id of the name `build` goes to *build_id. */
static void parse(struct mel_owners *out, const char *text, bool is_group, uint32_t *build_id)
{
	struct mel_slice rest = mel_slice_of(text), line;

	while (mel_slice_next(&rest, '\n', &line)) {
		MEL_AUTO_ERR struct mel_err *ignored = NULL;
		struct mel_slice name, password, id;
		uint64_t number;

		if (!mel_slice_next(&line, ':', &name) ||
		    !mel_slice_next(&line, ':', &password) ||
		    !mel_slice_next(&line, ':', &id) ||
		    mel_slice_u64(id, &number, &ignored) < 0 || number > UINT32_MAX)
			continue;
		if (mel_slice_eq_text(name, "build"))
			*build_id = (uint32_t)number;

		struct mel_owner_name entry = { (uint32_t)number,
						mel_arena_slice(&out->arena, name) };

		if (is_group)
			mel_vec_push(&out->group, entry);
		else
			mel_vec_push(&out->user, entry);
	}
}

void mel_owners_init(struct mel_owners *out, const struct sbx_ids *ids, bool on_idmapped,
		     const char *passwd, const char *group)
{
	*out = (struct mel_owners){ .ids = ids,
				    .on_idmapped = on_idmapped,
				    .build_uid = DEFAULT_BUILD_ID,
				    .build_gid = DEFAULT_BUILD_ID };
	parse(out, passwd, false, &out->build_uid);
	parse(out, group, true, &out->build_gid);
}

static int no_meaning(const char *what, uint32_t id, const char *path, struct mel_err **err)
{
	return mel_err_set(
		err, MEL_ERR_INPUT,
		"'%s' belongs to %s %u of the host, which does not exist in the guest", path,
		what, id);
}

int mel_owners_uid(const struct mel_owners *owners, uid_t disk, const char *path, uint32_t *out,
		   struct mel_err **err)
{
	uid_t inside;

	if (!sbx_ids_inside_uid(owners->ids, disk, owners->on_idmapped, &inside))
		return no_meaning("user", disk, path, err);
	*out = inside == owners->build_uid || inside == owners->ids->run_uid ? 0 : inside;
	return 0;
}

int mel_owners_gid(const struct mel_owners *owners, gid_t disk, const char *path, uint32_t *out,
		   struct mel_err **err)
{
	gid_t inside;

	if (!sbx_ids_inside_gid(owners->ids, disk, owners->on_idmapped, &inside))
		return no_meaning("group", disk, path, err);
	*out = inside == owners->build_gid || inside == owners->ids->run_gid ? 0 : inside;
	return 0;
}

const char *mel_owners_user(const struct mel_owners *owners, uint32_t uid)
{
	for (size_t i = owners->user.len; i-- > 0;)
		if (owners->user.at[i].id == uid)
			return owners->user.at[i].name;
	return "";
}

const char *mel_owners_group(const struct mel_owners *owners, uint32_t gid)
{
	for (size_t i = owners->group.len; i-- > 0;)
		if (owners->group.at[i].id == gid)
			return owners->group.at[i].name;
	return "";
}

void mel_owners_clear(struct mel_owners *owners)
{
	mel_vec_clear(&owners->user);
	mel_vec_clear(&owners->group);
	mel_arena_clear(&owners->arena);
}
