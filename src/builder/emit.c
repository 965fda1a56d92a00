/* Packages from output directories: see emit.h. Read mel_emit_all from the bottom up. */
#include "builder/emit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyse/license.h"
#include "analyse/sbom.h"
#include "analyse/sca.h"
#include "analyse/tree.h"
#include "apk/index.h"
#include "apk/package.h"
#include "apk/pkginfo.h"
#include "base/fs.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "builder/data.h"
#include "builder/owners.h"
#include "config/arch.h"
#include "config/record.h"

enum {
	SBOM_MAX_BYTES = 64 << 20,
	RECORD_MAX_BYTES = 64 << 20,
	ACCOUNTS_MAX_BYTES = 4 << 20,
};

/* One output on its way to a package. */
struct item {
	const struct mel_output *output;
	struct mel_tree tree;
	struct mel_deps *deps;      /* NULL until found */
	struct mel_publish publish; /* the finished package, without its name */
	struct mel_index_entry entry;
};

struct emitter {
	const struct mel_emit *in;
	struct item *item;
	size_t item_len;
	const char *full_version;
	struct mel_buf record; /* .melange.yaml, the same in all packages */
	struct mel_owners owners;
	struct mel_license_texts texts;
	struct mel_arena arena;
};

/* --- the bill of materials into the tree
 * ------------------------------------------------------ */

/* Open (and make) the directories of path below at; new ones belong to the owner of at. */
static int open_dirs(int at, const char *path, struct mel_err **err)
{
	MEL_AUTO_FREE char *copy = mel_strdup(path);
	MEL_AUTO_CLOSE int dir = mel_openat_beneath(at, ".", O_RDONLY | O_DIRECTORY, 0);
	char *rest = copy, *name;
	struct stat st;

	if (dir < 0 || fstat(dir, &st) < 0)
		return mel_err_sys(err, "cannot open the output directory");
	while ((name = strsep(&rest, "/"))) {
		bool made = mkdirat(dir, name, 0755) == 0;
		int next = made || errno == EEXIST
				   ? mel_openat_beneath(dir, name, O_RDONLY | O_DIRECTORY, 0)
				   : -1;

		if (next < 0)
			return mel_err_sys(err, "cannot make directory '%s' for '%s'", name,
					   path);
		close(dir);
		dir = next;
		if (made && fchown(dir, st.st_uid, st.st_gid) < 0 && errno != EPERM)
			return mel_err_sys(err, "cannot make directory '%s' for '%s'", name,
					   path);
	}
	return mel_steal_fd(&dir);
}

static int put_sbom(int out_fd, const char *path, const struct mel_buf *text,
		    struct mel_err **err)
{
	MEL_AUTO_FREE char *dir_path =
		mel_strndup(path, (size_t)(mel_text_basename(path) - path - 1));
	MEL_AUTO_CLOSE int dir = open_dirs(out_fd, dir_path, err);
	const char *name = mel_text_basename(path);
	struct stat st;

	if (dir < 0)
		return -1;
	if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
		return mel_err_sys(err, "cannot replace '%s'", path);
	if (mel_file_write(dir, name, mel_buf_text(text), text->len, 0644, err) < 0)
		return -1;
	if (fstat(out_fd, &st) < 0 ||
	    (fchownat(dir, name, st.st_uid, st.st_gid, 0) < 0 && errno != EPERM))
		return mel_err_sys(err, "cannot write '%s'", path);
	return 0;
}

static int write_sbom(struct emitter *e, const struct item *item, int out_fd,
		      struct mel_err **err)
{
	const struct mel_build_opts *opts = e->in->opts;
	const struct mel_sbom_input in = {
		.config = e->in->plan->config,
		.subpackage = item->output->subpackage,
		.arch = e->in->plan->arch,
		.name_space = opts->name_space,
		.created = opts->epoch,
		.tool_version = opts->tool_version,
		.config_path = opts->config_path,
		.config_license = opts->license,
		.commit = opts->commit,
		.repo_url = opts->repo_url,
		.texts = &e->texts,
	};
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(SBOM_MAX_BYTES);
	MEL_AUTO_FREE char *path = mel_sbom_path(item->output->name, e->full_version);

	if (mel_sbom_write(&text, &in, err) < 0)
		return mel_err_wrap(err, "bill of materials of %s", item->output->name);
	return put_sbom(out_fd, path, &text, err);
}

/* --- one package ----------------------------------------------------------------------------
 */

struct tree_owner {
	const struct sbx_ids *ids;
	const struct mel_foreign *foreign;
	const char *package;
};

static bool is_guest_root(void *user, uint32_t uid)
{
	const struct sbx_ids *ids = ((const struct tree_owner *)user)->ids;
	uid_t inside;

	return sbx_ids_inside_uid(ids, uid, false, &inside) &&
	       (inside == 0 || inside == ids->run_uid);
}

static mode_t true_mode(void *user, const char *path, mode_t mode)
{
	const struct tree_owner *owner = user;

	return mel_foreign_mode(owner->foreign, owner->package, path, mode);
}

/* Write the bill of materials and list the tree, which then stays as it is. */
static int scan(struct emitter *e, struct item *item, struct mel_err **err)
{
	MEL_AUTO_FREE char *path = mel_asprintf("melange-out/%s", item->output->name);
	MEL_AUTO_CLOSE int fd =
		mel_openat_beneath(e->in->ws->work_fd, path, O_RDONLY | O_DIRECTORY, 0);
	struct tree_owner owner = { &e->in->guest->ids, e->in->foreign, item->output->name };
	const struct mel_tree_opts opts = {
		.flags = MEL_TREE_ALLOW_FIFO | MEL_TREE_ALLOW_DEVICE,
		.is_guest_root = is_guest_root,
		.true_mode = true_mode,
		.user = &owner,
	};

	if (fd < 0)
		return mel_err_sys(err, "cannot open '%s'", path);
	if (write_sbom(e, item, fd, err) < 0)
		return -1;
	if (mel_tree_scan(&item->tree, fd, &opts, err) < 0)
		return mel_err_wrap(err, "package %s", item->output->name);
	return 0;
}

static unsigned deps_options(const struct mel_package_options *options)
{
	unsigned bits = 0;

	if (!options)
		return 0;
	bits |= options->no_commands ? MEL_DEPS_NO_COMMANDS : 0;
	bits |= options->no_depends ? MEL_DEPS_NO_DEPENDS : 0;
	bits |= options->no_provides ? MEL_DEPS_NO_PROVIDES : 0;
	bits |= options->no_versioned_shlib_deps ? MEL_DEPS_NO_VERSIONED_SHLIB : 0;
	return bits;
}

static int find_deps(struct emitter *e, const struct item *item, struct mel_deps *out,
		     struct mel_err **err)
{
	const struct mel_dependencies *given = item->output->dependencies;
	const struct mel_tree **related =
		mel_arena_array(&e->arena, e->item_len, sizeof(*related));

	for (size_t i = 0; i < e->item_len; i++)
		related[i] = &e->item[i].tree;

	const struct mel_sca_input in = {
		.name = item->output->name,
		.tree = &item->tree,
		.related = related,
		.related_len = e->item_len,
		.full_version = e->full_version,
		.options = deps_options(item->output->options),
		.runtime = { given->runtime.at, given->runtime.len },
		.provides = { given->provides.at, given->provides.len },
	};

	return mel_sca_run(out, &in, err);
}

static bool is_empty(const struct item *item)
{
	/* The bill of materials and its four directories are always there. */
	return item->tree.entry_len <= 5;
}

static void fill_info(const struct emitter *e, const struct item *item,
		      const struct mel_deps *deps, const struct mel_package_data_sum *data,
		      const char **license, struct mel_pkginfo *out)
{
	const struct mel_build_opts *opts = e->in->opts;
	const struct mel_output *output = item->output;
	const struct mel_package *package = &e->in->plan->config->package;
	const struct mel_dependencies *given = output->dependencies;
	const struct mel_scriptlets *scripts = output->scriptlets;

	for (size_t i = 0; i < package->copyright_len; i++)
		license[i] = package->copyright[i].license ? package->copyright[i].license : "";
	*out = (struct mel_pkginfo){
		.name = output->name,
		.version = e->full_version,
		.arch = e->in->plan->arch,
		.size = item->tree.size_bytes,
		.origin = opts->strip_origin_name ? output->name : package->name,
		.description = output->description,
		.url = output->url,
		.commit = output->commit,
		.maintainer = opts->name_space,
		.builddate = opts->epoch,
		.license = { license, package->copyright_len },
		.depend = { deps->runtime.at, deps->runtime.len },
		.provides = { deps->provides.at, deps->provides.len },
		.replaces = { given->replaces.at, given->replaces.len },
		.vendored = { deps->vendored.at, deps->vendored.len },
		.provider_priority = given->provider_priority,
		.replaces_priority = given->replaces_priority,
		.datahash = data->datahash,
	};
	if (scripts && scripts->trigger)
		out->trigger = (struct mel_pkginfo_list){ scripts->trigger->paths.at,
							  scripts->trigger->paths.len };
}

static void fill_scripts(const struct mel_scriptlets *from, struct mel_package_spec *spec)
{
	if (!from)
		return;
	spec->script[MEL_SCRIPT_PRE_INSTALL] = from->pre_install;
	spec->script[MEL_SCRIPT_POST_INSTALL] = from->post_install;
	spec->script[MEL_SCRIPT_PRE_DEINSTALL] = from->pre_deinstall;
	spec->script[MEL_SCRIPT_POST_DEINSTALL] = from->post_deinstall;
	spec->script[MEL_SCRIPT_PRE_UPGRADE] = from->pre_upgrade;
	spec->script[MEL_SCRIPT_POST_UPGRADE] = from->post_upgrade;
	spec->script[MEL_SCRIPT_TRIGGER] = from->trigger ? from->trigger->script : NULL;
}

/* The data section goes through an unnamed file beside the state of the build. */
static int write_data(struct emitter *e, const struct item *item, int *fd,
		      struct mel_package_data_sum *sum, struct mel_err **err)
{
	const struct mel_data_spec spec = {
		.tree = &item->tree,
		.owners = &e->owners,
		.setcap = item->output->setcap,
		.setcap_len = item->output->setcap_len,
		.mtime = e->in->opts->epoch,
	};

	*fd = mel_openat(e->in->out_fd, ".", O_TMPFILE | O_RDWR, 0600);
	if (*fd < 0)
		*fd = memfd_create("data", MFD_CLOEXEC);
	if (*fd < 0)
		return mel_err_sys(err, "cannot make a temporary file");
	return mel_data_write(sum, &spec, *fd, err);
}

static const char *list_text(struct emitter *e, const struct mel_deps_list *list)
{
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);

	for (size_t i = 0; i < list->len; i++)
		mel_buf_printf(&text, "\n    %s", list->at[i]);
	return mel_arena_strdup(&e->arena, mel_buf_text(&text));
}

static void say_deps(struct emitter *e, const struct mel_deps *deps)
{
	if (deps->runtime.len)
		mel_log(MEL_LOG_INFO, "  runtime:%s", list_text(e, &deps->runtime));
	if (deps->provides.len)
		mel_log(MEL_LOG_INFO, "  provides:%s", list_text(e, &deps->provides));
}

static void add_to_report(struct emitter *e, const struct item *item, const char *file,
			  const struct mel_package_sum *sum)
{
	struct mel_report *report = e->in->report;

	mel_vec_push(
		&report->package,
		(struct mel_report_package){
			.name = mel_arena_strdup(&report->arena, item->output->name),
			.file = mel_arena_printf(&report->arena, "%s/%s", e->in->out_dir, file),
			.size_bytes = sum->bytes,
			.installed_bytes = item->tree.size_bytes,
			.is_empty = is_empty(item),
		});
}

/* Everything of one package but its name. */
static int make_package(struct emitter *e, struct item *item, struct mel_err **err)
{
	const char *file =
		mel_arena_printf(&e->arena, "%s-%s.apk", item->output->name, e->full_version);
	const char **license = mel_arena_array(
		&e->arena, e->in->plan->config->package.copyright_len + 1, sizeof(*license));
	struct mel_deps *deps = mel_arena_alloc(&e->arena, sizeof(*deps));
	struct mel_pkginfo *info = mel_arena_alloc(&e->arena, sizeof(*info));
	struct mel_package_data_sum *data = mel_arena_alloc(&e->arena, sizeof(*data));
	struct mel_package_sum sum;
	MEL_AUTO_CLOSE int data_fd = -1;

	item->deps = deps;
	mel_log(MEL_LOG_INFO, "generating package %s", file);
	if (find_deps(e, item, deps, err) < 0 || write_data(e, item, &data_fd, data, err) < 0)
		return -1;
	fill_info(e, item, deps, data, license, info);
	say_deps(e, deps);

	struct mel_package_spec spec = {
		.info = info,
		.melange_yaml = mel_buf_slice(&e->record),
		.mtime = e->in->opts->epoch,
		.key = e->in->key,
	};

	fill_scripts(item->output->scriptlets, &spec);
	if (mel_publish_open(&item->publish, e->in->out_fd, file, 0666, err) < 0 ||
	    mel_package_write(item->publish.fd, data_fd, &spec, &sum, err) < 0 ||
	    mel_publish_prepare(&item->publish, err) < 0)
		return -1;
	mel_log(MEL_LOG_INFO, "  installed-size: %llu", (unsigned long long)info->size);
	mel_log(MEL_LOG_INFO, "  data.tar.gz digest: %s", data->datahash);
	mel_index_entry_make(&item->entry, info, &sum, &e->arena);
	add_to_report(e, item, file, &sum);
	if (is_empty(item))
		mel_log(MEL_LOG_WARN, "package %s has no files", item->output->name);
	return 0;
}

/* --- all of them
 * -------------------------------------------------------------------------------- */

static int prepare_index(struct emitter *e, struct mel_index_update *index,
			 struct mel_err **err)
{
	const struct mel_index_entry **add =
		mel_arena_array(&e->arena, e->item_len, sizeof(*add));

	for (size_t i = 0; i < e->item_len; i++)
		add[i] = &e->item[i].entry;
	mel_log(MEL_LOG_INFO, "generating apk index from packages in %s", e->in->out_dir);
	return mel_index_prepare(index, e->in->out_fd, add, e->item_len, e->in->key, err);
}

/* Names appear: packages first, so that an index never lists what is not there. */
static int commit(struct emitter *e, struct mel_index_update *index, struct mel_err **err)
{
	for (size_t i = 0; i < e->item_len; i++) {
		const char *name = mel_arena_strdup(&e->arena, e->item[i].publish.name);

		if (mel_publish_commit(&e->item[i].publish, err) < 0)
			return -1;
		mel_log(MEL_LOG_INFO, "wrote %s/%s", e->in->out_dir, name);
	}
	return e->in->opts->generate_index ? mel_index_commit(index, err) : 0;
}

static void append_build_log(const struct emitter *e)
{
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	const char *main_name = e->in->plan->config->package.name;

	for (size_t i = 0; i < e->item_len; i++) {
		const char *name = e->item[i].output->name;

		mel_buf_printf(&text, "%s|%s|%s|%s\n", e->in->plan->arch,
			       e->in->opts->strip_origin_name ? name : main_name, name,
			       e->full_version);
	}

	MEL_AUTO_CLOSE int fd =
		mel_openat(AT_FDCWD, "packages.log", O_WRONLY | O_CREAT | O_APPEND, 0644);

	if (fd < 0 || mel_write_full(fd, mel_buf_text(&text), text.len) < 0)
		mel_log(MEL_LOG_WARN, "cannot append to packages.log: %s", strerror(errno));
}

static int run(struct emitter *e, struct mel_index_update *index, struct mel_err **err)
{
	for (size_t i = 0; i < e->item_len; i++)
		if (scan(e, &e->item[i], err) < 0)
			return -1;
	for (size_t i = 0; i < e->item_len; i++)
		if (make_package(e, &e->item[i], err) < 0)
			return -1;
	if (e->in->opts->generate_index && prepare_index(e, index, err) < 0)
		return -1;
	if (commit(e, index, err) < 0)
		return -1;
	if (e->in->opts->create_build_log)
		append_build_log(e);
	return 0;
}

/* The record names what the guest became: its architecture, the homes of its accounts. */
static void record_guest(struct emitter *e)
{
	struct mel_environment *environment = e->in->plan->config->environment;
	struct mel_accounts *accounts = &environment->accounts;

	environment->archs = (struct mel_texts){ 0 };
	mel_texts_add(&e->arena, &environment->archs, mel_arch_oci(e->in->plan->arch),
		      (struct mel_pos){ 0 });

	for (size_t i = 0; i < accounts->user_len; i++) {
		struct mel_user *user = &accounts->user[i];

		if (!user->homedir || !*user->homedir)
			user->homedir = mel_arena_printf(&e->arena, "/home/%s", user->username);
	}
}

/* What all packages share. */
static int begin(struct emitter *e, struct mel_err **err)
{
	const struct mel_emit *in = e->in;
	const struct mel_package *package = &in->plan->config->package;
	struct mel_buf passwd MEL_AUTO_BUF = MEL_BUF_INIT(ACCOUNTS_MAX_BYTES);
	struct mel_buf group MEL_AUTO_BUF = MEL_BUF_INIT(ACCOUNTS_MAX_BYTES);

	e->full_version = mel_arena_printf(&e->arena, "%s-r%llu", package->version,
					   (unsigned long long)package->epoch);
	mel_rootfs_read(&in->guest->rootfs, in->ws, "etc/passwd", &passwd);
	mel_rootfs_read(&in->guest->rootfs, in->ws, "etc/group", &group);
	mel_owners_init(&e->owners, &in->guest->ids, in->guest->ids.idmap_mounts,
			mel_buf_text(&passwd), mel_buf_text(&group));
	if (mel_license_texts_load(&e->texts, in->ws->work_fd, package->copyright,
				   package->copyright_len, err) < 0)
		return -1;
	record_guest(e);
	mel_record_yaml(&e->record, in->plan->config);
	return mel_buf_check(&e->record, ".melange.yaml", err);
}

static void clear(struct emitter *e)
{
	for (size_t i = 0; i < e->item_len; i++) {
		mel_publish_abort(&e->item[i].publish);
		mel_tree_clear(&e->item[i].tree);
		if (e->item[i].deps)
			mel_deps_clear(e->item[i].deps);
	}
	mel_buf_clear(&e->record);
	mel_owners_clear(&e->owners);
	mel_license_texts_clear(&e->texts);
	mel_arena_clear(&e->arena);
}

int mel_emit_all(const struct mel_emit *in, struct mel_err **err)
{
	struct mel_index_update index MEL_AUTO_INDEX_UPDATE = MEL_INDEX_UPDATE_INIT;
	struct emitter e = { .in = in, .record = MEL_BUF_INIT(RECORD_MAX_BYTES) };

	e.item = mel_arena_array(&e.arena, in->plan->output_len, sizeof(*e.item));
	e.item_len = in->plan->output_len;
	for (size_t i = 0; i < e.item_len; i++) {
		e.item[i].output = &in->plan->output[i];
		e.item[i].tree = (struct mel_tree)MEL_TREE_INIT;
		e.item[i].publish = (struct mel_publish)MEL_PUBLISH_INIT;
	}

	int result = begin(&e, err) < 0 ? -1 : run(&e, &index, err);

	clear(&e);
	return result;
}
