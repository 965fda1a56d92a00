/*
 * Lay out the guest's root: see rootfs.h. Folders below a lower layer belong to ids that the
 * guest does not have, so the places where builds write are made beforehand in the upper layer,
 * where they belong to the build user. Source: Linux Documentation/filesystems/overlayfs.rst.
 */
#include "builder/rootfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/slice.h"

enum { FILE_MAX_BYTES = 4 << 20 };
/* Of an upper layer that must be in memory. */
#define LAYER_MAX_BYTES (UINT64_C(2) << 30)

/* Fresh folders of every root. */
static const struct {
	const char *path;
	mode_t mode;
} fresh[] = {
	{ "dev", 0755 },        { "etc", 0755 },       { "home", 0755 },
	{ "home/build", 0755 }, { "mnt", 0755 },       { "opt", 0755 },
	{ "proc", 0755 },       { "root", 0755 },      { "run", 0755 },
	{ "srv", 0755 },        { "sys", 0755 },       { "tmp", 01777 },
	{ "var", 0755 },        { "var/cache", 0755 }, { "var/cache/melange", 0755 },
	{ "var/lib", 0755 },    { "var/log", 0755 },   { "var/tmp", 01777 },
	{ ".melange", 0755 },
};

/* Folders of /usr in which a build may write, made in the upper layer. */
static const char *const usr_writable[] = {
	"bin",           "sbin",
	"lib",           "libexec",
	"include",       "share",
	"local",         "local/bin",
	"local/sbin",    "local/lib",
	"local/include", "local/share",
	"local/etc",     "local/share/man",
	"lib/pkgconfig", "share/pkgconfig",
};

/* What of the machine's /etc tool chains need. Files are copied, folders shown read-only. */
static const char *const etc_files[] = {
	"bash.bashrc",    "ca-certificates.conf",
	"debian_version", "inputrc",
	"ld.so.cache",    "ld.so.conf",
	"locale.alias",   "login.defs",
	"magic",          "magic.mime",
	"mime.types",     "papersize",
	"protocols",      "rpc",
	"services",       "shells",
	"xattr.conf",
};

static const char *const etc_dirs[] = {
	"R",
	"alternatives",
	"ca-certificates",
	"crypto-policies",
	"fonts",
	"ghc",
	"gradle",
	"groff",
	"ld.so.conf.d",
	"maven",
	"mono",
	"ocaml",
	"perl",
	"php",
	"pki/ca-trust",
	"pki/tls/certs",
	"sgml",
	"ssl/certs",
	"terminfo",
	"texmf",
	"xml",
};

/* Folders whose name starts like this: language configuration by version. */
static const char *const etc_prefixes[] = { "java", "clang", "lua", "python3", "ruby", "tcl" };

static const char passwd_text[] = "root:x:0:0:root:/root:/bin/sh\n"
				  "nobody:x:65534:65534:nobody:/nonexistent:/bin/false\n";
static const char group_text[] = "root:x:0:\n"
				 "tty:x:5:\n"
				 "nogroup:x:65534:\n";
static const char hosts_text[] = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\n";
static const char nsswitch_text[] = "passwd: files\ngroup: files\nshadow: files\n"
				    "hosts: files dns\nnetworks: files\nprotocols: files\n"
				    "services: files\n";
static const char no_resolver_text[] = "# this build has no network\n";
static const char sh_profile_text[] = "export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:"
				      "/usr/bin:/sbin:/bin\n";

struct maker {
	struct mel_rootfs *out;
	const struct mel_workspace *ws;
	const struct mel_rootfs_spec *spec;
	int root_fd;
};

static int make_dir(int at, const char *path, mode_t mode, struct mel_err **err)
{
	if (mkdirat(at, path, mode) < 0 && errno != EEXIST)
		return mel_err_sys(err, "cannot make '%s' of the guest's root", path);
	return (mode & 01000) && fchmodat(at, path, mode, 0) < 0
		       ? mel_err_sys(err, "cannot make '%s' of the guest's root", path)
		       : 0;
}

static void add_mount(struct maker *m, struct sbx_mount mount)
{
	mel_vec_push(&m->out->mount, mount);
}

static const char *in_tree(struct maker *m, const char *name)
{
	return mel_arena_printf(&m->out->arena, "%s/%s", m->out->tree, name);
}

/* Show the folder name of the tree at /name: an overlay with upper and work folders of its own,
 * or a read-only bind. */
static int add_layer(struct maker *m, const char *name, struct mel_err **err)
{
	struct mel_arena *arena = &m->out->arena;
	struct sbx_mount mount = {
		.type = m->spec->use_overlay ? SBX_OVERLAY : SBX_BIND,
		.flags = m->spec->use_overlay ? SBX_MEMORY : SBX_READONLY,
		.max_bytes = m->spec->use_overlay ? LAYER_MAX_BYTES : 0,
		.source = in_tree(m, name),
		.target = mel_arena_printf(arena, "/%s", name),
	};
	const char *upper = mel_arena_printf(arena, "upper/%s", name);
	const char *work = mel_arena_printf(arena, "layer-work/%s", name);

	if (make_dir(m->root_fd, name, 0755, err) < 0)
		return -1;
	if (m->spec->use_overlay) {
		if (make_dir(mel_workspace_system(m->ws)->dirfd, "upper", 0755, err) < 0 ||
		    make_dir(mel_workspace_system(m->ws)->dirfd, "layer-work", 0755, err) < 0 ||
		    make_dir(mel_workspace_system(m->ws)->dirfd, upper, 0755, err) < 0 ||
		    make_dir(mel_workspace_system(m->ws)->dirfd, work, 0755, err) < 0)
			return -1;
		mount.upper = mel_arena_printf(arena, "%s/%s",
					       mel_workspace_system(m->ws)->path, upper);
		mount.work = mel_arena_printf(arena, "%s/%s", mel_workspace_system(m->ws)->path,
					      work);
	}
	add_mount(m, mount);
	return 0;
}

/* The folder of the C compiler's target triplet, as Debian names it, if the tree has one. */
static const char *triplet_dir(struct maker *m)
{
	DIR *dir = opendir(in_tree(m, "usr/lib"));
	const struct dirent *entry;
	const char *found = NULL;

	while (dir && !found && (entry = readdir(dir)))
		if (mel_text_ends(entry->d_name, "-linux-gnu"))
			found = mel_arena_printf(&m->out->arena, "lib/%s", entry->d_name);
	if (dir)
		closedir(dir);
	return found;
}

static int make_usr_writable(struct maker *m, struct mel_err **err)
{
	MEL_AUTO_CLOSE int usr = mel_openat(mel_workspace_system(m->ws)->dirfd, "upper/usr",
					    O_RDONLY | O_DIRECTORY, 0);
	const char *triplet = triplet_dir(m);
	struct stat st;

	if (usr < 0)
		return mel_err_sys(err, "cannot open the upper layer of /usr");
	for (size_t i = 0; i < MEL_COUNTOF(usr_writable); i++) {
		/* Where the tree has a link (usr/local/share/man often is one) it stays a link.
		 */
		MEL_AUTO_FREE char *below =
			mel_asprintf("%s/usr/%s", m->out->tree, usr_writable[i]);

		if (lstat(below, &st) == 0 && !S_ISDIR(st.st_mode))
			continue;
		if (make_dir(usr, usr_writable[i], 0755, err) < 0)
			return -1;
	}
	if (triplet && make_dir(usr, triplet, 0755, err) < 0)
		return -1;
	return 0;
}

/* /bin, /sbin, /lib*: links on merged systems, folders on others. */
static int add_top(struct maker *m, const char *name, struct mel_err **err)
{
	const char *path = in_tree(m, name);
	char target[256];
	struct stat st;

	if (lstat(path, &st) < 0)
		return 0;
	if (S_ISDIR(st.st_mode))
		return add_layer(m, name, err);
	if (!S_ISLNK(st.st_mode))
		return 0;

	ssize_t len = readlink(path, target, sizeof(target) - 1);

	if (len <= 0)
		return mel_err_sys(err, "cannot read link '%s'", path);
	target[len] = '\0';
	if (symlinkat(target, m->root_fd, name) < 0)
		return mel_err_sys(err, "cannot make link '%s' of the guest's root", name);
	return 0;
}

static int write_etc(struct maker *m, const char *name, const char *text, struct mel_err **err)
{
	MEL_AUTO_FREE char *path = mel_asprintf("etc/%s", name);

	return mel_file_write(m->root_fd, path, text, strlen(text), 0644, err);
}

static int copy_etc(struct maker *m, const char *name, struct mel_err **err)
{
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(FILE_MAX_BYTES);
	MEL_AUTO_ERR struct mel_err *ignored = NULL;
	MEL_AUTO_FREE char *path = mel_asprintf("etc/%s", name);
	struct stat st;

	if (stat(in_tree(m, path), &st) < 0 || !S_ISREG(st.st_mode) || !(st.st_mode & S_IROTH))
		return 0;
	if (mel_file_read(AT_FDCWD, in_tree(m, path), &text, &ignored) < 0)
		return 0; /* a convenience of the machine, not a need */
	return mel_file_write(m->root_fd, path, mel_buf_text(&text), text.len, 0644, err);
}

static int bind_etc(struct maker *m, const char *name, struct mel_err **err)
{
	MEL_AUTO_FREE char *path = mel_asprintf("etc/%s", name);
	const char *source = in_tree(m, path);
	struct stat st;

	if (stat(source, &st) < 0 || !S_ISDIR(st.st_mode))
		return 0;
	if (mel_mkdirs(m->root_fd, path, 0755, err) < 0)
		return -1;
	add_mount(m, (struct sbx_mount){
			     .type = SBX_BIND,
			     .flags = SBX_READONLY | SBX_OPTIONAL,
			     .source = source,
			     .target = mel_arena_printf(&m->out->arena, "/%s", path),
		     });
	return 0;
}

static int bind_etc_by_prefix(struct maker *m, struct mel_err **err)
{
	DIR *dir = opendir(in_tree(m, "etc"));
	const struct dirent *entry;
	int result = 0;

	while (dir && result == 0 && (entry = readdir(dir)))
		for (size_t i = 0; i < MEL_COUNTOF(etc_prefixes) && result == 0; i++)
			if (mel_text_starts(entry->d_name, etc_prefixes[i]))
				result = bind_etc(m, entry->d_name, err);
	if (dir)
		closedir(dir);
	return result;
}

/* passwd and group: ours, then the accounts of the build file. */
static int write_accounts(struct maker *m, struct mel_err **err)
{
	const struct mel_environment *env = m->spec->environment;
	struct mel_buf passwd MEL_AUTO_BUF = MEL_BUF_INIT(FILE_MAX_BYTES);
	struct mel_buf group MEL_AUTO_BUF = MEL_BUF_INIT(FILE_MAX_BYTES);

	mel_buf_add_text(&passwd, passwd_text);
	mel_buf_add_text(&group, group_text);
	for (size_t i = 0; env && i < env->accounts.user_len; i++) {
		const struct mel_user *user = &env->accounts.user[i];

		mel_buf_printf(
			&passwd, "%s:x:%u:%u:%s:%s:%s\n", user->username, (unsigned)user->uid,
			(unsigned)(user->has_gid ? user->gid : user->uid), user->username,
			user->homedir && *user->homedir ? user->homedir : "/home/build",
			user->shell && *user->shell ? user->shell : "/bin/sh");
	}
	for (size_t i = 0; env && i < env->accounts.group_len; i++) {
		const struct mel_group *one = &env->accounts.group[i];

		mel_buf_printf(&group, "%s:x:%u:", one->groupname, (unsigned)one->gid);
		for (size_t j = 0; j < one->members.len; j++)
			mel_buf_printf(&group, "%s%s", j ? "," : "", one->members.at[j]);
		mel_buf_add_char(&group, '\n');
	}
	return write_etc(m, "passwd", mel_buf_text(&passwd), err) < 0
		       ? -1
		       : write_etc(m, "group", mel_buf_text(&group), err);
}

/* An /etc of the guest's own: no secrets, no time zone, no host name, no machine id. */
static int make_host_etc(struct maker *m, struct mel_err **err)
{
	static const struct {
		const char *name, *text;
	} own[] = {
		{ "hosts", hosts_text },
		{ "nsswitch.conf", nsswitch_text },
		{ "hostname", "localhost\n" },
		{ "profile", sh_profile_text },
		{ "mtab", "" },
	};

	if (write_accounts(m, err) < 0)
		return -1;
	for (size_t i = 0; i < MEL_COUNTOF(own); i++)
		if (write_etc(m, own[i].name, own[i].text, err) < 0)
			return -1;
	for (size_t i = 0; i < MEL_COUNTOF(etc_files); i++)
		if (copy_etc(m, etc_files[i], err) < 0)
			return -1;
	for (size_t i = 0; i < MEL_COUNTOF(etc_dirs); i++)
		if (bind_etc(m, etc_dirs[i], err) < 0)
			return -1;
	if (copy_etc(m, "os-release", err) < 0 ||
	    make_dir(m->root_fd, "etc/ssl", 0755, err) < 0 ||
	    copy_etc(m, "ssl/openssl.cnf", err) < 0)
		return -1;
	return bind_etc_by_prefix(m, err);
}

/* A prepared tree: every folder of it as a layer, its links and files as they are. */
static int add_tree(struct maker *m, struct mel_err **err)
{
	static const char *const ours[] = { "dev",  "proc", "sys", "tmp",     "run",
					    "home", "usr",  "mnt", ".melange" };
	DIR *dir = opendir(m->out->tree);
	const struct dirent *entry;
	int result = 0;

	if (!dir)
		return mel_err_sys(err, "cannot open root tree '%s'", m->out->tree);
	while (result == 0 && (entry = readdir(dir))) {
		bool skip = mel_text_eq(entry->d_name, ".") || mel_text_eq(entry->d_name, "..");

		for (size_t i = 0; i < MEL_COUNTOF(ours); i++)
			skip |= mel_text_eq(entry->d_name, ours[i]);
		if (!skip)
			result = add_top(m, entry->d_name, err);
	}
	closedir(dir);
	return result;
}

/* Where an overlay covers a folder the places below it must exist in the upper layer. */
static int make_tree_writable(struct maker *m, struct mel_err **err)
{
	static const char *const places[] = { "etc", "var", "opt", "srv", "root" };
	static const char *const below_var[] = { "cache", "cache/melange", "lib", "log",
						 "tmp" };

	for (size_t i = 0; i < MEL_COUNTOF(places); i++) {
		MEL_AUTO_FREE char *upper = mel_asprintf("upper/%s", places[i]);

		if (!mel_text_eq(places[i], "var") ||
		    faccessat(mel_workspace_system(m->ws)->dirfd, upper, F_OK, 0) < 0)
			continue;
		for (size_t j = 0; j < MEL_COUNTOF(below_var); j++) {
			MEL_AUTO_FREE char *path = mel_asprintf("%s/%s", upper, below_var[j]);
			mode_t mode = mel_text_eq(below_var[j], "tmp") ? 01777 : 0755;

			if (make_dir(mel_workspace_system(m->ws)->dirfd, path, mode, err) < 0)
				return -1;
		}
	}
	return 0;
}

static int make_resolver(struct maker *m, struct mel_err **err)
{
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(FILE_MAX_BYTES);
	MEL_AUTO_ERR struct mel_err *ignored = NULL;

	if (!m->spec->with_resolver ||

	    mel_file_read(AT_FDCWD, "/etc/resolv.conf", &text, &ignored) < 0) {
		mel_buf_clear(&text);
		mel_buf_add_text(&text, no_resolver_text);
	}
	if (mel_file_write(mel_workspace_system(m->ws)->dirfd, "resolv.conf",
			   mel_buf_text(&text), text.len, 0644, err) < 0)
		return -1;
	add_mount(m, (struct sbx_mount){
			     .type = SBX_BIND,
			     .flags = SBX_READONLY,
			     .source = mel_arena_printf(&m->out->arena, "%s/resolv.conf",
							mel_workspace_system(m->ws)->path),
			     .target = "/etc/resolv.conf",
		     });
	return 0;
}

/* What a path of the tree really is, all links followed inside the tree; "" if it is missing.
 */
static const char *resolve(struct maker *m, const char *path)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
	MEL_AUTO_CLOSE int tree = mel_openat(AT_FDCWD, *m->out->tree ? m->out->tree : "/",
					     O_PATH | O_DIRECTORY, 0);
	MEL_AUTO_CLOSE int fd = (int)syscall(SYS_openat2, tree, path, &how, sizeof(how));
	char self[32], target[4096];

	if (fd < 0 && errno == ENOSYS && !*m->out->tree)
		fd = mel_openat(AT_FDCWD, path, O_PATH, 0);
	if (fd < 0)
		return "";
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);

	ssize_t len = readlink(self, target, sizeof(target) - 1);

	return len > 0 ? mel_arena_strndup(&m->out->arena, target, (size_t)len) : "";
}

/* Steps want a shell that knows pipefail; dash of Debian 12 does not. */
static int choose_shell(struct maker *m, struct mel_err **err)
{
	static const char *const knows[] = { "bash", "busybox", "ash", "ksh",
					     "mksh", "zsh",     "yash" };
	static const char *const other[] = { "/bin/bash", "/usr/bin/bash", "/bin/busybox",
					     "/usr/bin/busybox" };
	const char *target = resolve(m, "/bin/sh"), *name = mel_text_basename(target);

	for (size_t i = 0; i < MEL_COUNTOF(knows); i++)
		if (mel_text_eq(name, knows[i])) {
			m->out->shell = "/bin/sh";
			m->out->shell_why = "/bin/sh knows pipefail";
			return 0;
		}
	for (size_t i = 0; i < MEL_COUNTOF(other); i++)
		if (*resolve(m, other[i])) {
			m->out->shell = other[i];
			m->out->shell_why = mel_arena_printf(&m->out->arena, "/bin/sh is %s",
							     *name ? name : "missing");
			return 0;
		}
	return mel_err_set(
		err, MEL_ERR_SANDBOX,
		"no shell for the steps: /bin/sh of the root does not know pipefail and "
		"there is no bash or busybox; install bash");
}

static int make_root(struct maker *m, struct mel_err **err)
{
	static const char *const host_tops[] = { "bin",   "sbin",  "lib",
						 "lib32", "lib64", "libx32" };
	bool is_host = *m->out->tree == '\0';

	for (size_t i = 0; i < MEL_COUNTOF(fresh); i++)
		if (make_dir(m->root_fd, fresh[i].path, fresh[i].mode, err) < 0)
			return -1;
	if (add_layer(m, "usr", err) < 0 ||
	    (m->spec->use_overlay && make_usr_writable(m, err) < 0))
		return -1;
	if (is_host) {
		for (size_t i = 0; i < MEL_COUNTOF(host_tops); i++)
			if (add_top(m, host_tops[i], err) < 0)
				return -1;
		if (make_host_etc(m, err) < 0)
			return -1;
	} else if (add_tree(m, err) < 0 ||
		   (m->spec->use_overlay && make_tree_writable(m, err) < 0)) {
		return -1;
	}
	return make_resolver(m, err) < 0 ? -1 : choose_shell(m, err);
}

int mel_rootfs_make(struct mel_rootfs *out, const struct mel_workspace *ws,
		    const struct mel_rootfs_spec *spec, struct mel_err **err)
{
	*out = (struct mel_rootfs){ .tree = spec->tree, .has_overlay = spec->use_overlay };
	out->path = mel_arena_printf(&out->arena, "%s/root", mel_workspace_system(ws)->path);
	if (mkdirat(mel_workspace_system(ws)->dirfd, "root", 0755) < 0)
		return mel_err_sys(err, "cannot make the guest's root in '%s'",
				   mel_workspace_system(ws)->path);

	MEL_AUTO_CLOSE int root_fd =
		mel_openat(mel_workspace_system(ws)->dirfd, "root", O_RDONLY | O_DIRECTORY, 0);
	struct maker maker = { out, ws, spec, root_fd };

	if (root_fd < 0)
		return mel_err_sys(err, "cannot open the guest's root");
	return make_root(&maker, err);
}

/* Upper layer first, then the root itself, then the tree below. */
void mel_rootfs_read(const struct mel_rootfs *rootfs, const struct mel_workspace *ws,
		     const char *path, struct mel_buf *out)
{
	MEL_AUTO_CLOSE int upper =
		mel_openat(mel_workspace_system(ws)->dirfd, "upper", O_RDONLY | O_DIRECTORY, 0);
	MEL_AUTO_CLOSE int root =
		mel_openat(mel_workspace_system(ws)->dirfd, "root", O_RDONLY | O_DIRECTORY, 0);
	MEL_AUTO_CLOSE int tree =
		*rootfs->tree ? mel_openat(AT_FDCWD, rootfs->tree, O_RDONLY | O_DIRECTORY, 0)
			      : -1;
	const int place[] = { upper, root, tree };

	for (size_t i = 0; i < MEL_COUNTOF(place); i++) {
		MEL_AUTO_ERR struct mel_err *ignored = NULL;
		MEL_AUTO_CLOSE int fd =
			place[i] < 0
				? -1
				: mel_openat_beneath(place[i], path, O_RDONLY | O_NONBLOCK, 0);

		if (fd >= 0 && mel_read_all(fd, path, out, &ignored) == 0)
			return;
		mel_buf_truncate(out, 0);
	}
}

void mel_rootfs_clear(struct mel_rootfs *rootfs)
{
	mel_vec_clear(&rootfs->mount);
	mel_arena_clear(&rootfs->arena);
}
