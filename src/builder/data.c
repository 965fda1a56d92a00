/* The data section of a package: see data.h. */
#include "builder/data.h"

#include <string.h>
#include <sys/sysmacros.h>

#include "analyse/xattr.h"
#include "base/mem.h"
#include "base/slice.h"
#include "codec/tar.h"
#include "config/caps.h"

enum { XATTR_MAX = 64 };

#define CAPABILITY_NAME "security.capability"

struct writer {
	const struct mel_data_spec *spec;
	struct mel_package_data *data;
	unsigned char (*sha1)[MEL_SHA1_BYTES]; /* by entry, of files that others link to */
	struct mel_err **err;
};

/* Relative and clean, as the tree names its entries. */
static const char *inside(const char *path)
{
	while (*path == '/')
		path++;
	return path;
}

/* The capabilities that the build file gives to path, combined; false when it gives none. */
static bool caps_of(const struct mel_data_spec *spec, const char *path, struct mel_caps *out)
{
	bool any = false;

	*out = (struct mel_caps){ 0 };
	for (size_t i = 0; i < spec->setcap_len; i++) {
		const struct mel_setcap *setcap = &spec->setcap[i];

		if (!mel_text_eq(inside(setcap->path), path))
			continue;
		for (size_t j = 0; j < setcap->add.len; j++) {
			const struct mel_text_pair *pair = &setcap->add.at[j];
			struct mel_slice rest = mel_slice_of(pair->key), name;
			uint64_t bits = 0;

			while (mel_slice_next(&rest, ',', &name))
				bits |= UINT64_C(1) << mel_cap_number(name);
			out->is_effective |= strchr(pair->value, 'e') != NULL;
			out->permitted |= strchr(pair->value, 'p') ? bits : 0;
			out->inheritable |= strchr(pair->value, 'i') ? bits : 0;
			any = true;
		}
	}
	return any;
}

static int check_setcap(const struct mel_data_spec *spec, struct mel_err **err)
{
	for (size_t i = 0; i < spec->setcap_len; i++) {
		size_t at = mel_tree_find(spec->tree, inside(spec->setcap[i].path));

		if (at == MEL_TREE_NONE || spec->tree->entry[at].type != MEL_TREE_FILE)
			return mel_err_at(err, &spec->setcap[i].pos,
					  "setcap: '%s' is not a regular file of the package",
					  spec->setcap[i].path);
	}
	return 0;
}

/* Attributes of an entry as the archive wants them; a setcap of the build file replaces. */
static size_t xattrs_of(const struct writer *w, const struct mel_tree_entry *entry,
			struct mel_xattr out[XATTR_MAX],
			unsigned char caps_bytes[MEL_CAPS_BYTES])
{
	struct mel_caps caps;
	bool has_caps = entry->type == MEL_TREE_FILE && caps_of(w->spec, entry->path, &caps);
	size_t len = 0;

	if (has_caps) {
		mel_caps_format(&caps, caps_bytes);
		out[len++] = (struct mel_xattr){ CAPABILITY_NAME,
						 mel_slice_make((const char *)caps_bytes,
								MEL_CAPS_BYTES) };
	}
	for (size_t i = 0; i < entry->xattr_len && len < XATTR_MAX; i++)
		if (!has_caps || !mel_text_eq(entry->xattr[i].name, CAPABILITY_NAME))
			out[len++] =
				(struct mel_xattr){ entry->xattr[i].name,
						    mel_slice_make(entry->xattr[i].value,
								   entry->xattr[i].value_len) };
	return len;
}

/* Owner, names, times: the same for every kind of entry. */
static int common(const struct writer *w, const struct mel_tree_entry *entry,
		  struct mel_tar_entry *out)
{
	const struct mel_owners *owners = w->spec->owners;
	uint32_t uid = 0, gid = 0;

	/* A link's owner means nothing to an installer. */
	if (entry->type != MEL_TREE_LINK &&
	    (mel_owners_uid(owners, entry->uid, entry->path, &uid, w->err) < 0 ||
	     mel_owners_gid(owners, entry->gid, entry->path, &gid, w->err) < 0))
		return -1;
	*out = (struct mel_tar_entry){
		.name = entry->path,
		.mode = entry->mode,
		.uid = uid,
		.gid = gid,
		.uname = mel_owners_user(owners, uid),
		.gname = mel_owners_group(owners, gid),
		.mtime = w->spec->mtime,
	};
	return 0;
}

static int write_file(struct writer *w, size_t index, struct mel_tar_entry *out)
{
	const struct mel_tree_entry *entry = &w->spec->tree->entry[index];
	unsigned char(*sha1)[MEL_SHA1_BYTES] = &w->sha1[entry->leader];

	if (entry->leader != index) {
		out->type = MEL_TAR_HARDLINK;
		out->linkname = w->spec->tree->entry[entry->leader].path;
		out->size = entry->size_bytes;
		out->sha1 = *sha1;
		mel_package_data_entry(w->data, out);
		return 0;
	}

	MEL_AUTO_CLOSE int fd = mel_tree_open(w->spec->tree, index, w->err);

	out->type = MEL_TAR_FILE;
	return fd < 0 ? -1 : mel_package_data_file(w->data, out, fd, *sha1, w->err);
}

static int write_entry(struct writer *w, size_t index)
{
	static const enum mel_tar_type plain[] = {
		[MEL_TREE_DIR] = MEL_TAR_DIR,   [MEL_TREE_LINK] = MEL_TAR_SYMLINK,
		[MEL_TREE_CHAR] = MEL_TAR_CHAR, [MEL_TREE_BLOCK] = MEL_TAR_BLOCK,
		[MEL_TREE_FIFO] = MEL_TAR_FIFO,
	};
	const struct mel_tree_entry *entry = &w->spec->tree->entry[index];
	struct mel_xattr xattr[XATTR_MAX];
	unsigned char caps[MEL_CAPS_BYTES];
	struct mel_tar_entry out;

	if (common(w, entry, &out) < 0)
		return -1;
	out.xattr = xattr;
	out.xattr_len = xattrs_of(w, entry, xattr, caps);
	if (entry->type == MEL_TREE_FILE)
		return write_file(w, index, &out);
	out.type = plain[entry->type];
	out.linkname = entry->target;
	out.devmajor = major(entry->rdev);
	out.devminor = minor(entry->rdev);
	mel_package_data_entry(w->data, &out);
	return 0;
}

int mel_data_write(struct mel_package_data_sum *out, const struct mel_data_spec *spec,
		   int out_fd, struct mel_err **err)
{
	struct mel_package_data *data MEL_AUTO_PACKAGE_DATA = NULL;
	MEL_AUTO_FREE unsigned char(*sha1)[MEL_SHA1_BYTES] =
		mel_realloc(NULL, spec->tree->entry_len + 1, sizeof(*sha1));

	if (check_setcap(spec, err) < 0)
		return -1;
	mel_package_data_begin(&data, out_fd);

	struct writer w = { .spec = spec, .data = data, .sha1 = sha1, .err = err };

	for (size_t i = 0; i < spec->tree->entry_len; i++)
		if (write_entry(&w, i) < 0)
			return -1;
	return mel_package_data_end(data, out, err);
}
