/* Listing of a package directory: order, facts, refusals, hostile shapes. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "analyse/tree.h"
#include "analyse/xattr.h"
#include "base/fs.h"
#include "base/io.h"
#include "base/mem.h"
#include "place.h"

TestSuite(tree, .init = place_make, .fini = place_remove, .timeout = 120);

static void scan(struct mel_tree *tree, const struct mel_tree_opts *opts)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;

	cr_assert_eq(mel_tree_scan(tree, place_fd, opts, &err), 0, "%s", err ? err->text : "");
}

static const struct mel_tree_entry *entry_of(const struct mel_tree *tree, const char *path)
{
	size_t index = mel_tree_find(tree, path);

	cr_assert_neq(index, MEL_TREE_NONE, "%s", path);
	return &tree->entry[index];
}

Test(tree, order_is_depth_first_and_bytewise_in_each_directory)
{
	static const char *const want[] = { ".top",         "lib",        "lib/JSON",
					    "lib/JSON/x",   "lib/JSON-x", "lib/JSON.pm",
					    "lib/\xc3\xa9", "lib/\xff",   "usr",
					    "usr/empty" };
	struct mel_tree tree MEL_AUTO_TREE = MEL_TREE_INIT;

	put_text("lib/JSON/x", 0644, "1");
	put_text("lib/JSON.pm", 0644, "2");
	put_text("lib/JSON-x", 0644, "3");
	put_text("lib/\xff", 0644, "4");
	put_text("lib/\xc3\xa9", 0644, "5");
	put_text(".top", 0644, "6");
	put_dir("usr/empty", 0755);
	scan(&tree, NULL);
	cr_assert_eq(tree.entry_len, MEL_COUNTOF(want));
	for (size_t i = 0; i < MEL_COUNTOF(want); i++) {
		cr_assert_str_eq(tree.entry[i].path, want[i]);
		cr_assert_eq(tree.entry[i].leader, i);
	}
	cr_assert_eq(entry_of(&tree, "usr/empty")->parent, mel_tree_find(&tree, "usr"));
	cr_assert_eq(entry_of(&tree, "usr")->parent, MEL_TREE_NONE);
	cr_assert_eq(mel_tree_find(&tree, "lib/none"), MEL_TREE_NONE);
}

Test(tree, an_empty_directory_is_a_listing_too)
{
	struct mel_tree tree MEL_AUTO_TREE = MEL_TREE_INIT;

	scan(&tree, NULL);
	cr_assert_eq(tree.entry_len, 0);
	cr_assert_eq(tree.size_bytes, 4096);
}

Test(tree, facts_and_installed_size)
{
	struct mel_tree tree MEL_AUTO_TREE = MEL_TREE_INIT;

	put_text("usr/bin/a", 0644, "12345");
	cr_assert_eq(fchmodat(place_fd, "usr/bin/a", 04750, 0), 0);
	put_dir("usr/sticky", 03777);
	put_link("usr/link", "bin/a");
	cr_assert_eq(linkat(place_fd, "usr/bin/a", place_fd, "usr/z", 0), 0);
	cr_assert_eq(linkat(place_fd, "usr/bin/a", place_fd, "b", 0), 0);
	scan(&tree, NULL);

	const struct mel_tree_entry *a = entry_of(&tree, "usr/bin/a");
	const struct mel_tree_entry *link = entry_of(&tree, "usr/link");

	cr_assert_eq(a->type, MEL_TREE_FILE);
	cr_assert_eq(a->mode, 04750);
	cr_assert_eq(a->size_bytes, 5);
	cr_assert_eq(a->nlink, 3);
	cr_assert_eq(a->uid, geteuid());
	cr_assert_eq(a->leader, mel_tree_find(&tree, "b"), "the first name leads");
	cr_assert_eq(entry_of(&tree, "usr/z")->leader, mel_tree_find(&tree, "b"));
	cr_assert_eq(link->type, MEL_TREE_LINK);
	cr_assert_eq(link->mode, 0777);
	cr_assert_str_eq(link->target, "bin/a");
	cr_assert_eq(link->size_bytes, 5);
	cr_assert_eq(entry_of(&tree, "usr/sticky")->mode, 03777);
	/* three names of five bytes, a target of five, three directories and the top */
	cr_assert_eq(tree.size_bytes, 4 * 5 + 4 * 4096);
	cr_assert(mel_tree_is_in(a, "usr/bin"));
	cr_assert_not(mel_tree_is_in(a, "usr"));
	cr_assert_not(mel_tree_is_in(a, "usr/bi"));
}

/* The error of listing the place, which must fail. */
static struct mel_err *scan_error(const struct mel_tree_opts *opts)
{
	struct mel_tree tree MEL_AUTO_TREE = MEL_TREE_INIT;
	struct mel_err *err = NULL;

	cr_assert_eq(mel_tree_scan(&tree, place_fd, opts, &err), -1);
	cr_assert_eq(tree.entry_len, 0);
	cr_assert_eq(tree.dirfd, -1);
	return err;
}

Test(tree, fifo_only_on_request)
{
	struct mel_tree tree MEL_AUTO_TREE = MEL_TREE_INIT;

	put_dir("usr", 0755);
	cr_assert_eq(mkfifoat(place_fd, "usr/pipe", 0640), 0);

	struct mel_err *err MEL_AUTO_ERR = scan_error(NULL);

	cr_assert_str_eq(err->text, "'usr/pipe' is a named pipe, which a package cannot hold");
	cr_assert_eq(err->kind, MEL_ERR_INPUT);
	scan(&tree, &(struct mel_tree_opts){ .flags = MEL_TREE_ALLOW_FIFO });
	cr_assert_eq(entry_of(&tree, "usr/pipe")->type, MEL_TREE_FIFO);
	cr_assert_eq(entry_of(&tree, "usr/pipe")->mode, 0640);
}

Test(tree, socket_never)
{
	MEL_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un name = { .sun_family = AF_UNIX };

	snprintf(name.sun_path, sizeof(name.sun_path), "/proc/self/fd/%d/s", place_fd);
	cr_assert_eq(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);

	struct mel_err *err MEL_AUTO_ERR = scan_error(&(struct mel_tree_opts){ .flags = 3 });

	cr_assert_str_eq(err->text, "'s' is a socket, which a package cannot hold");
}

Test(tree, device_only_on_request)
{
	struct mel_tree tree MEL_AUTO_TREE = MEL_TREE_INIT;

	if (mknodat(place_fd, "wide", S_IFCHR | 0600, makedev(300, 70000)) < 0)
		cr_skip_test("no device nodes can be made here");

	struct mel_err *err MEL_AUTO_ERR = scan_error(NULL);

	cr_assert_str_eq(err->text,
			 "'wide' is a character device, which a package cannot hold");
	scan(&tree, &(struct mel_tree_opts){ .flags = MEL_TREE_ALLOW_DEVICE });
	cr_assert_eq(entry_of(&tree, "wide")->type, MEL_TREE_CHAR);
	cr_assert_eq(entry_of(&tree, "wide")->rdev, makedev(300, 70000));
}

static void set_xattr(const char *path, const char *name, const char *value)
{
	MEL_AUTO_CLOSE int fd = openat(place_fd, path, O_RDONLY | O_CLOEXEC);

	if (fsetxattr(fd, name, value, strlen(value), 0) < 0)
		cr_skip_test("the file system has no attributes of users");
}

Test(tree, attributes_are_filtered_and_sorted)
{
	struct mel_tree tree MEL_AUTO_TREE = MEL_TREE_INIT;

	put_text("f", 0644, "x");
	put_dir("d", 0755);
	put_link("l", "f");
	set_xattr("f", "user.zeta", "last");
	set_xattr("f", "user.alpha", "");
	set_xattr("f", "user.Mid", "a\nb");
	set_xattr("d", "user.folder", "yes");
	scan(&tree, NULL);

	const struct mel_tree_entry *f = entry_of(&tree, "f"), *d = entry_of(&tree, "d");

	cr_assert_eq(f->xattr_len, 3);
	cr_assert_str_eq(f->xattr[0].name, "user.Mid");
	cr_assert_eq(f->xattr[0].value_len, 3);
	cr_assert_str_eq(f->xattr[1].name, "user.alpha");
	cr_assert_eq(f->xattr[1].value_len, 0);
	cr_assert_str_eq(f->xattr[2].name, "user.zeta");
	cr_assert_eq(memcmp(f->xattr[2].value, "last", 4), 0);
	cr_assert_eq(d->xattr_len, 1);
	cr_assert_eq(entry_of(&tree, "l")->xattr_len, 0);
}

static bool nobody_is_root(void *user, uint32_t uid)
{
	*(uint32_t *)user = uid;
	return false;
}

Test(tree, file_capabilities_take_the_form_of_packages)
{
	static const char caps[] = "\1\0\0\2\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
	struct mel_tree tree MEL_AUTO_TREE = MEL_TREE_INIT;
	uint32_t asked = 1;

	put_text("ping", 0755, "x");

	MEL_AUTO_CLOSE int fd = openat(place_fd, "ping", O_RDONLY | O_CLOEXEC);

	if (fsetxattr(fd, "security.capability", caps, 20, 0) < 0)
		cr_skip_test("no file capabilities can be set here");
	scan(&tree, NULL);

	const struct mel_tree_entry *ping = entry_of(&tree, "ping");

	cr_assert_eq(ping->xattr_len, 1);
	cr_assert_eq(ping->xattr[0].value_len, MEL_CAPS_BYTES);
	cr_assert_eq(memcmp(ping->xattr[0].value,
			    "\1\0\0\3\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24),
		     0);

	struct mel_err *err MEL_AUTO_ERR = scan_error(
		&(struct mel_tree_opts){ .is_guest_root = nobody_is_root, .user = &asked });

	cr_assert_eq(err->kind, MEL_ERR_INPUT);
	cr_assert_eq(asked, 0, "the hook gets the root id");
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	cr_assert_eq(fstatat(place_fd, path, &st, AT_SYMLINK_NOFOLLOW), 0, "%s", path);
	return st.st_mode & 07777;
}

Test(tree, what_we_own_is_listed_and_read_without_permission)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_tree tree MEL_AUTO_TREE = MEL_TREE_INIT;
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(100);

	become_ordinary();
	put_text("d/e/f", 0000, "secret");
	put_text("x/y", 0111, "run");
	cr_assert_eq(fchmodat(place_fd, "d/e", 0000, 0), 0);
	cr_assert_eq(fchmodat(place_fd, "d", 0111, 0), 0);
	cr_assert_eq(fchmodat(place_fd, "x", 0400, 0), 0);
	scan(&tree, NULL);
	cr_assert_eq(tree.entry_len, 5);
	cr_assert_eq(entry_of(&tree, "d")->mode, 0111);
	cr_assert_eq(entry_of(&tree, "d/e")->mode, 0000);
	cr_assert_eq(entry_of(&tree, "d/e/f")->mode, 0000);
	cr_assert_eq(entry_of(&tree, "x/y")->mode, 0111);
	cr_assert_eq(mode_of("d"), 0111, "permissions are put back");
	cr_assert_eq(mode_of("x"), 0400);

	MEL_AUTO_CLOSE int fd = mel_tree_open(&tree, mel_tree_find(&tree, "d/e/f"), &err);

	cr_assert_geq(fd, 0, "%s", err ? err->text : "");
	cr_assert_eq(mel_read_all(fd, "f", &text, &err), 0);
	cr_assert_str_eq(mel_buf_text(&text), "secret");
	cr_assert_eq(mode_of("d"), 0111);
	cr_assert_eq(fchmodat(place_fd, "d", 0700, 0), 0);
	cr_assert_eq(mode_of("d/e"), 0000, "opening puts permissions back too");
}

Test(tree, the_top_may_lack_permission_too)
{
	struct mel_tree tree MEL_AUTO_TREE = MEL_TREE_INIT;
	struct mel_err *err MEL_AUTO_ERR = NULL;

	become_ordinary();
	put_text("top/f", 0644, "x");

	MEL_AUTO_CLOSE int fd = open_dir("top");

	cr_assert_eq(fchmod(fd, 0), 0);
	cr_assert_eq(mel_tree_scan(&tree, fd, NULL, &err), 0, "%s", err ? err->text : "");
	cr_assert_eq(tree.entry_len, 1);
	cr_assert_eq(mode_of("top"), 0);
}

Test(tree, a_failure_puts_permissions_back)
{
	become_ordinary();
	put_dir("d/e", 0755);
	cr_assert_eq(mkfifoat(place_fd, "d/e/pipe", 0600), 0);
	cr_assert_eq(fchmodat(place_fd, "d/e", 0000, 0), 0);
	cr_assert_eq(fchmodat(place_fd, "d", 0100, 0), 0);

	struct mel_err *err MEL_AUTO_ERR = scan_error(NULL);

	cr_assert_eq(err->kind, MEL_ERR_INPUT);
	cr_assert_eq(mode_of("d"), 0100);
	cr_assert_eq(fchmodat(place_fd, "d", 0700, 0), 0);
	cr_assert_eq(mode_of("d/e"), 0000);
}

/* A chain of directories named name, with a file at its end. */
static void put_chain(const char *name, size_t levels)
{
	int fd = openat(place_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < levels; i++) {
		cr_assert_eq(mkdirat(fd, name, 0755), 0);

		int next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		close(fd);
		fd = next;
	}

	int file = openat(fd, "f", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	cr_assert_geq(file, 0);
	close(file);
	close(fd);
}

/* Take the chain away from its end, which other ways of removal may not reach. */
static void remove_chain(const char *name, size_t levels)
{
	int fd = openat(place_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < levels; i++) {
		int next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		close(fd);
		fd = next;
	}
	cr_assert_eq(unlinkat(fd, "f", 0), 0);
	for (size_t i = 0; i < levels; i++) {
		int next = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		close(fd);
		fd = next;
		cr_assert_eq(unlinkat(fd, name, AT_REMOVEDIR), 0);
	}
	close(fd);
}

/* Deeper than a path may be long and than descriptors may be open. */
Test(tree, four_thousand_levels)
{
	enum { LEVELS = 4000 };
	struct rlimit few;
	struct mel_tree tree MEL_AUTO_TREE = MEL_TREE_INIT;
	struct mel_err *err MEL_AUTO_ERR = NULL;

	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &few), 0);
	few.rlim_cur = 256;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	put_chain("d", LEVELS);
	scan(&tree, NULL);
	cr_assert_eq(tree.entry_len, LEVELS + 1);
	cr_assert_eq(strlen(tree.entry[LEVELS].path), 2 * LEVELS + 1);

	MEL_AUTO_CLOSE int fd = mel_tree_open(&tree, LEVELS, &err);

	cr_assert_geq(fd, 0, "%s", err ? err->text : "");
	remove_chain("d", LEVELS);
}

Test(tree, too_long_a_path_is_an_error)
{
	enum { LEVELS = 300 };
	char name[251] = { 0 };

	memset(name, 'n', sizeof(name) - 1);
	put_chain(name, LEVELS);

	struct mel_err *err MEL_AUTO_ERR = scan_error(NULL);

	cr_assert_eq(err->kind, MEL_ERR_LIMIT);
	remove_chain(name, LEVELS);
}

Test(tree, a_file_that_changed_is_not_opened)
{
	struct mel_tree tree MEL_AUTO_TREE = MEL_TREE_INIT;
	static const char *const name[] = { "grown", "link", "other", "gone", "pipe" };

	for (size_t i = 0; i < MEL_COUNTOF(name); i++)
		put_text(name[i], 0644, "x");
	scan(&tree, NULL);
	put_text("grown", 0644, "xy");
	/* Moved, not removed: their inode numbers must not come again. */
	put_dir("old", 0755);

	MEL_AUTO_CLOSE int old = open_dir("old");

	for (size_t i = 1; i < MEL_COUNTOF(name); i++)
		cr_assert_eq(renameat(place_fd, name[i], old, name[i]), 0);
	put_link("link", "/etc/passwd");
	put_text("other", 0644, "x");
	cr_assert_eq(mkfifoat(place_fd, "pipe", 0600), 0);
	for (size_t i = 0; i < MEL_COUNTOF(name); i++) {
		struct mel_err *err MEL_AUTO_ERR = NULL;

		cr_assert_eq(mel_tree_open(&tree, mel_tree_find(&tree, name[i]), &err), -1,
			     "%s", name[i]);
		cr_assert(err);
	}
}

static const struct {
	const char *path, *want; /* NULL: leads nowhere */
} ways[] = {
	{ "usr/lib/x.so.1", "usr/lib/x.so.1" },
	{ "usr/lib/x.so", "usr/lib/x.so.1" },
	{ "lib/x.so", "usr/lib/x.so.1" },
	{ "usr/bin/up", "usr/lib/x.so.1" },
	{ "usr/bin/chain", "usr/lib/x.so.1" },
	{ "usr/bin/dots", "usr/lib/x.so.1" },
	{ "lib", "usr/lib" },
	{ "usr/bin/absolute", NULL },
	{ "usr/bin/outside", NULL },
	{ "usr/bin/dangling", NULL },
	{ "usr/bin/loop-a", NULL },
	{ "usr/bin/self", NULL },
	{ "usr/bin/through-file", NULL },
	{ "usr/lib/x.so.1/../x.so", NULL },
	{ "none", NULL },
	{ "../usr", NULL },
	{ "", NULL },
};

Test(tree, links_are_followed_inside)
{
	struct mel_tree tree MEL_AUTO_TREE = MEL_TREE_INIT;

	put_text("usr/lib/x.so.1", 0644, "x");
	put_link("usr/lib/x.so", "x.so.1");
	put_link("lib", "usr/lib");
	put_link("usr/bin/up", "../lib/x.so");
	put_link("usr/bin/chain", "up");
	put_link("usr/bin/dots", ".././/bin/../../lib/./x.so.1");
	put_link("usr/bin/absolute", "/usr/lib/x.so.1");
	put_link("usr/bin/outside", "../../../etc/passwd");
	put_link("usr/bin/dangling", "nowhere");
	put_link("usr/bin/loop-a", "loop-b");
	put_link("usr/bin/loop-b", "loop-a");
	put_link("usr/bin/self", "self");
	put_link("usr/bin/through-file", "../lib/x.so.1/y");
	scan(&tree, NULL);
	for (size_t i = 0; i < MEL_COUNTOF(ways); i++) {
		size_t got = mel_tree_resolve(&tree, ways[i].path);
		const char *path = got == MEL_TREE_NONE ? NULL : tree.entry[got].path;

		cr_assert_eq(!path, !ways[i].want, "%s", ways[i].path);
		if (path)
			cr_assert_str_eq(path, ways[i].want, "%s", ways[i].path);
	}
}
