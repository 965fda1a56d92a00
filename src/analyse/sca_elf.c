/*
 * Scanner: ELF programs and libraries. Needed: interpreter and libraries; offered: the own
 * name of a library in a directory of libraries; elsewhere it is vendored. A link to a library
 * (libx.so -> libx.so.1) needs what the library calls itself, so that a development package
 * brings the package with the library.
 */
#include "analyse/scanner.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/slice.h"
#include "codec/elf.h"

/* Parts of a driver that come with the machine, never from a package; bytewise order. */
static const char *const host_provided[] = {
	"libEGL_nvidia.so.1",
	"libGLESv1_CM_nvidia.so.1",
	"libGLESv2_nvidia.so.1",
	"libGLX_nvidia.so.1",
	"libcuda.so.1",
	"libcudadebugger.so.1",
	"libnvcuvid.so.1",
	"libnvidia-allocator.so.1",
	"libnvidia-cfg.so.1",
	"libnvidia-eglcore.so.1",
	"libnvidia-encode.so.1",
	"libnvidia-fbc.so.1",
	"libnvidia-glcore.so.1",
	"libnvidia-glsi.so.1",
	"libnvidia-glvkspirv.so.1",
	"libnvidia-gpucomp.so.1",
	"libnvidia-ml.so.1",
	"libnvidia-ngx.so.1",
	"libnvidia-nvvm.so.1",
	"libnvidia-opencl.so.1",
	"libnvidia-opticalflow.so.1",
	"libnvidia-pkcs11-openssl3.so.1",
	"libnvidia-pkcs11.so.1",
	"libnvidia-ptxjitcompiler.so.1",
	"libnvidia-rtcore.so.1",
	"libnvidia-tls.so.1",
	"libnvoptix.so.1",
};

static bool is_host_provided(const char *name)
{
	for (size_t i = 0; i < MEL_COUNTOF(host_provided); i++)
		if (mel_text_eq(name, host_provided[i]))
			return true;
	return false;
}

/* The version in a library's name: what stands between ".so." and a further ".so." if these
 * are digits and dots; "0" otherwise. */
static struct mel_slice library_version(const char *soname)
{
	const char *at = strstr(soname, ".so.");
	struct mel_slice version = mel_slice_make("0", 1);

	if (!at)
		return version;
	at += strlen(".so.");

	const char *end = strstr(at, ".so.");
	size_t len = end ? (size_t)(end - at) : strlen(at);

	if (len == 0 || strspn(at, "0123456789.") < len)
		return version;
	return mel_slice_make(at, len);
}

static void add_interpreter(struct mel_scan *scan, const char *path, const char *interp)
{
	static const char musl[] = "ld-musl";
	const char *name = mel_text_basename(interp);

	if (!mel_scan_is_name(scan, path, name))
		return;
	if (mel_text_starts(name, musl))
		mel_deps_printf(scan->found, &scan->found->runtime, "so:libc.musl%s",
				name + strlen(musl));
	else
		mel_deps_printf(scan->found, &scan->found->runtime, "so:%s", name);
}

static void add_sonames(struct mel_scan *scan, const struct mel_tree_entry *entry,
			const struct mel_elf *elf)
{
	struct mel_deps *found = scan->found;
	bool is_public = mel_scan_is_in(entry, scan->library_dir);
	struct mel_deps_list *list = is_public ? &found->provides : &found->vendored;

	for (size_t i = 0; i < elf->soname_len; i++) {
		const char *soname = elf->soname[i];
		struct mel_slice version = library_version(soname);

		if (is_host_provided(soname) || !mel_scan_is_name(scan, entry->path, soname))
			continue;
		mel_deps_printf(found, list, "so:%s=%.*s", soname, (int)version.len,
				version.ptr);
		mel_deps_printf(found, list, "so-ver:%s=%s", soname, scan->in->full_version);
	}
}

static void add_elf(struct mel_scan *scan, const struct mel_tree_entry *entry,
		    const struct mel_elf *elf)
{
	const char *base = mel_text_basename(entry->path);

	if (elf->interp)
		add_interpreter(scan, entry->path, elf->interp);
	for (size_t i = 0; i < elf->needed_len; i++) {
		const char *name = elf->needed[i];

		if (strstr(name, ".so.") && !is_host_provided(name) &&
		    mel_scan_is_name(scan, entry->path, name))
			mel_deps_printf(scan->found, &scan->found->runtime, "so:%s", name);
	}
	/* Some libraries can be run (libc.so.6), some programs have a name of this kind. */
	if (!elf->interp || strstr(base, ".so.") || mel_text_ends(base, ".so"))
		add_sonames(scan, entry, elf);
}

static int read_elf(struct mel_elf *elf, const struct mel_tree *tree, size_t index,
		    struct mel_err **err)
{
	MEL_AUTO_CLOSE int fd = mel_tree_open(tree, index, err);

	if (fd < 0)
		return -1;
	if (mel_elf_read(elf, fd, err) < 0)
		return mel_err_wrap(err, "'%s'", tree->entry[index].path);
	return 0;
}

/* A link in a tree: needs the library that has the last part of its target as file name. */
static int add_link_in(struct mel_scan *scan, const struct mel_tree *tree, const char *path,
		       bool *is_found, struct mel_err **err)
{
	struct mel_elf elf MEL_AUTO_ELF = { 0 };
	size_t index = mel_tree_resolve(tree, path);

	*is_found = index != MEL_TREE_NONE;
	if (!*is_found || tree->entry[index].type != MEL_TREE_FILE)
		return 0;
	if (read_elf(&elf, tree, index, err) < 0)
		return -1;
	for (size_t i = 0; i < elf.soname_len; i++)
		if (!is_host_provided(elf.soname[i]) &&
		    mel_scan_is_name(scan, path, elf.soname[i]))
			mel_deps_printf(scan->found, &scan->found->runtime, "so:%s",
					elf.soname[i]);
	return 0;
}

static int add_link(struct mel_scan *scan, const struct mel_tree_entry *link,
		    struct mel_err **err)
{
	struct mel_slice target =
		mel_slice_trim(mel_slice_make(link->target, strlen(link->target)), "/");
	char *copy MEL_AUTO_FREE = mel_strndup(target.ptr, target.len);
	const char *base = mel_text_basename(copy);
	bool is_found = false;

	if (!strstr(link->path, ".so") || !base[0] || mel_text_eq(base, ".") ||
	    mel_text_eq(base, ".."))
		return 0;
	for (size_t i = 0; i < scan->in->related_len; i++)
		for (size_t j = 0; j < scan->library_dir.len; j++) {
			char *path MEL_AUTO_FREE =
				mel_asprintf("%s/%s", scan->library_dir.at[j], base);

			if (add_link_in(scan, scan->in->related[i], path, &is_found, err) < 0)
				return -1;
			if (is_found)
				return 0;
		}
	return 0;
}

static int scan_entry(struct mel_scan *scan, size_t index, struct mel_err **err)
{
	const struct mel_tree *tree = scan->in->tree;
	const struct mel_tree_entry *entry = &tree->entry[index];
	struct mel_elf elf MEL_AUTO_ELF = { 0 };

	if (entry->type == MEL_TREE_LINK) {
		if (add_link(scan, entry, err) < 0)
			return -1;
		index = mel_tree_resolve(tree, entry->path);
	}
	if (index == MEL_TREE_NONE || tree->entry[index].type != MEL_TREE_FILE)
		return 0;
	if (read_elf(&elf, tree, index, err) < 0)
		return -1;
	if (elf.is_elf)
		add_elf(scan, entry, &elf);
	return 0;
}

static int scan_elf(struct mel_scan *scan, struct mel_err **err)
{
	for (size_t i = 0; i < scan->in->tree->entry_len; i++)
		if (scan_entry(scan, i, err) < 0)
			return -1;
	return 0;
}

const struct mel_scanner mel_scan_elf = { "shared objects", scan_elf };
