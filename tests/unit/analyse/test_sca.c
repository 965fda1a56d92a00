/* Dependencies of packages with ELF files, links and commands. Package w, version 2.0-r1. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "analyse/sca.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/slice.h"
#include "elf_file.h"
#include "place.h"

TestSuite(sca, .init = place_make, .fini = place_remove, .timeout = 20);

#define GLIBC "/lib64/ld-linux-x86-64.so.2"

/* What is put into a tree; path begins with the package's folder. */
struct item {
	const char *path;
	unsigned mode;          /* 0: 0755 */
	const char *text;       /* content of a plain file */
	const char *target;     /* of a link */
	const char *other_name; /* hard link to this path */
	struct elf_file elf;    /* if neither is given */
};

struct row {
	const char *name;
	struct item item[6];
	const char *package; /* NULL: "w" */
	unsigned options;
	const char *runtime, *provides; /* of the build file, between blanks */
	const char *want_runtime, *want_provides, *want_vendored;
};

#define LIBW                                                                                   \
	{                                                                                      \
		"w/usr/lib/libw.so.2.0.1",                                                     \
			.elf = {.soname = "libw.so.2",                                         \
				.needed = "libc.so.6" }                                        \
	}
#define PLUGIN                                                                                 \
	{                                                                                      \
		"w/usr/lib/w/plugin.so",                                                       \
			.elf = {.soname = "plugin.so",                                         \
				.needed = "libw.so.2" }                                        \
	}
#define PROGRAM                                                                                \
	{                                                                                      \
		"w/usr/bin/w", .elf = {.interp = GLIBC, .needed = "libc.so.6 libz.so.1" }      \
	}
#define PLUGIN_NAMES  "so-ver:plugin.so=2.0-r1 so:plugin.so=0"
#define LIBW_NAMES    "so-ver:libw.so.2=2.0-r1 so:libw.so.2=2"
#define PROGRAM_NEEDS "so:ld-linux-x86-64.so.2 so:libc.so.6 so:libz.so.1"

static const struct row rows[] = {
	{ .name = "program",
	  .item = { PROGRAM },
	  .want_runtime = PROGRAM_NEEDS,
	  .want_provides = "cmd:w=2.0-r1" },
	{ .name = "program with musl",
	  .item = { { "w/usr/bin/w", .elf = { .interp = "/lib/ld-musl-aarch64.so.1",
					      .needed = "libc.musl-aarch64.so.1" } } },
	  .want_runtime = "so:libc.musl-aarch64.so.1",
	  .want_provides = "cmd:w=2.0-r1" },
	{ .name = "program not for everybody",
	  .item = { { "w/usr/bin/w", 0750,
		      .elf = { .interp = GLIBC, .needed = "libc.so.6 libz.so.1" } } },
	  .want_runtime = PROGRAM_NEEDS },
	{ .name = "linked program",
	  .item = { { "w/usr/lib/w/w", .elf = { .interp = GLIBC, .needed = "libc.so.6" } },
		    { "w/usr/bin/w", .target = "../lib/w/w" } },
	  .want_runtime = "so:ld-linux-x86-64.so.2 so:libc.so.6" },
	{ .name = "library with its link",
	  .item = { LIBW, { "w/usr/lib/libw.so.2", .target = "libw.so.2.0.1" } },
	  .want_runtime = "so:libc.so.6",
	  .want_provides = LIBW_NAMES },
	{ .name = "development link",
	  .package = "w-dev",
	  .item = { LIBW, { "w-dev/usr/lib/libw.so", .target = "libw.so.2.0.1" } },
	  .want_runtime = "so:libw.so.2" },
	{ .name = "development link to anywhere",
	  .package = "w-dev",
	  .item = { LIBW, { "w-dev/usr/lib/libw.so", .target = "/nowhere/libw.so.2.0.1" } },
	  .want_runtime = "so:libw.so.2" },
	{ .name = "link to a library that nobody has",
	  .package = "w-dev",
	  .item = { LIBW, { "w-dev/usr/lib/libw.so", .target = "libw.so.9" } } },
	{ .name = "vendored plugin",
	  .item = { PLUGIN },
	  .want_runtime = "so:libw.so.2",
	  .want_vendored = PLUGIN_NAMES },
	{ .name = "directory by ld.so.conf.d",
	  .item = { PLUGIN, { "w/etc/ld.so.conf.d/w.conf", 0644, "/usr/lib/w" } },
	  .want_runtime = "so:libw.so.2",
	  .want_provides = PLUGIN_NAMES },
	{ .name = "directory with blanks, comment and slashes",
	  .item = { PLUGIN,
		    { "w/etc/ld.so.conf.d/d/w.conf", 0644,
		      "# all\ninclude x\n  /usr//lib/./x/../w/ # here\n" } },
	  .want_runtime = "so:libw.so.2",
	  .want_provides = PLUGIN_NAMES },
	{ .name = "directory named by another package",
	  .item = { PLUGIN, { "w-dev/etc/ld.so.conf.d/w.conf", 0644, "/usr/lib/w\n" } },
	  .want_runtime = "so:libw.so.2",
	  .want_provides = PLUGIN_NAMES },
	{ .name = "file of another name names no directory",
	  .item = { PLUGIN, { "w/etc/ld.so.conf.d/w.txt", 0644, "/usr/lib/w\n" } },
	  .want_runtime = "so:libw.so.2",
	  .want_vendored = PLUGIN_NAMES },
	{ .name = "own vendored library",
	  .item = { { "w/usr/lib/w/libin.so.1", .elf = { .soname = "libin.so.1" } },
		    { "w/usr/bin/w",
		      .elf = { .interp = GLIBC, .needed = "libin.so.1 libc.so.6" } } },
	  .want_runtime = "so:ld-linux-x86-64.so.2 so:libc.so.6",
	  .want_provides = "cmd:w=2.0-r1",
	  .want_vendored = "so-ver:libin.so.1=2.0-r1 so:libin.so.1=1" },
	{ .name = "configured beats vendored",
	  .item = { { "w/usr/lib/w/libin.so.1", .elf = { .soname = "libin.so.1" } },
		    { "w/usr/bin/w",
		      .elf = { .interp = GLIBC, .needed = "libin.so.1 libc.so.6" } } },
	  .runtime = "so:libin.so.1",
	  .want_runtime = "so:ld-linux-x86-64.so.2 so:libc.so.6 so:libin.so.1",
	  .want_provides = "cmd:w=2.0-r1",
	  .want_vendored = "so-ver:libin.so.1=2.0-r1 so:libin.so.1=1" },
	{ .name = "name with no number",
	  .item = { { "w/usr/lib/libx.so.0unstable",
		      .elf = { .soname = "libx.so.0unstable" } } },
	  .want_provides = "so-ver:libx.so.0unstable=2.0-r1 so:libx.so.0unstable=0" },
	{ .name = "name with a long number",
	  .item = { { "w/usr/lib/libt.so.5.4.5", .elf = { .soname = "libt.so.5.4.5" } } },
	  .want_provides = "so-ver:libt.so.5.4.5=2.0-r1 so:libt.so.5.4.5=5.4.5" },
	{ .name = "name with the number before",
	  .item = { { "w/lib64/liba-1.2.so", .elf = { .soname = "liba-1.2.so" } } },
	  .want_provides = "so-ver:liba-1.2.so=2.0-r1 so:liba-1.2.so=0" },
	{ .name = "library that can be run",
	  .item = { { "w/usr/lib/libq.so.1",
		      .elf = { .interp = GLIBC, .soname = "libq.so.1" } } },
	  .want_runtime = "so:ld-linux-x86-64.so.2",
	  .want_provides = "so-ver:libq.so.1=2.0-r1 so:libq.so.1=1" },
	{ .name = "program that calls itself a library",
	  .item = { { "w/usr/bin/java", .elf = { .interp = GLIBC, .soname = "lib.so" } } },
	  .want_runtime = "so:ld-linux-x86-64.so.2",
	  .want_provides = "cmd:java=2.0-r1" },
	{ .name = "needs of the host and of plugins",
	  .item = { { "w/usr/lib/libg.so.1",
		      .elf = { .soname = "libg.so.1",
			       .needed = "libcuda.so.1 libplug.so libc.so.6" } } },
	  .want_runtime = "so:libc.so.6",
	  .want_provides = "so-ver:libg.so.1=2.0-r1 so:libg.so.1=1" },
	{ .name = "library of the host",
	  .item = { { "w/usr/lib/libcuda.so.1",
		      .elf = { .soname = "libcuda.so.1", .needed = "libc.so.6" } } },
	  .want_runtime = "so:libc.so.6" },
	{ .name = "no-provides hides, but the library is there",
	  .item = { LIBW, { "w/usr/lib/libw.so.2", .target = "libw.so.2.0.1" } },
	  .options = MEL_DEPS_NO_PROVIDES,
	  .want_runtime = "so:libc.so.6" },
	{ .name = "no-provides leaves vendored",
	  .item = { PLUGIN },
	  .options = MEL_DEPS_NO_PROVIDES,
	  .want_runtime = "so:libw.so.2",
	  .want_vendored = PLUGIN_NAMES },
	{ .name = "no-depends leaves the configured",
	  .item = { PROGRAM },
	  .options = MEL_DEPS_NO_DEPENDS,
	  .runtime = "foo",
	  .want_runtime = "foo",
	  .want_provides = "cmd:w=2.0-r1" },
	{ .name = "no-commands",
	  .item = { PROGRAM },
	  .options = MEL_DEPS_NO_COMMANDS,
	  .want_runtime = PROGRAM_NEEDS },
	{ .name = "options do not touch the configured",
	  .options = MEL_DEPS_NO_COMMANDS | MEL_DEPS_NO_PROVIDES | MEL_DEPS_NO_DEPENDS,
	  .runtime = "cmd:a so:b.so.1",
	  .provides = "cmd:c=1",
	  .want_runtime = "cmd:a so:b.so.1",
	  .want_provides = "cmd:c=1" },
	{ .name = "configured with a version stays",
	  .runtime = "b a b w-libs=2.0-r1",
	  .provides = "w-libs=2.0-r1",
	  .want_runtime = "a b w-libs=2.0-r1",
	  .want_provides = "w-libs=2.0-r1" },
	{ .name = "configured that is provided goes",
	  .runtime = "w-libs w",
	  .provides = "w-libs=2.0-r1",
	  .want_runtime = "w",
	  .want_provides = "w-libs=2.0-r1" },
	{ .name = "command names",
	  .item = { { "w/bin/a", .text = "" },
		    { "w/usr/sbin/b", .other_name = "w/bin/a" },
		    { "w/usr/bin/c=d", .text = "x" },
		    { "w/usr/bin/e f", .text = "x" },
		    { "w/usr/local/bin/g", .text = "x" },
		    { "w/usr/bin/h", 0755, .target = "../../bin/a" } },
	  .want_provides = "cmd:a=2.0-r1 cmd:b=2.0-r1" },
	{ .name = "names that would forge lines are left out",
	  .item = { { "w/usr/lib/libn.so.1",
		      .elf = { .soname = "libn.so.1\ndepend\x3d=x",
			       .needed = "liba.so.1=2 libb.so.1\tx libc.so.6" } } },
	  .want_runtime = "so:libc.so.6" },
	{ .name = "library without section headers",
	  .item = { { "w/usr/lib/libw.so.2", .elf = { .soname = "libw.so.2",
						      .needed = "libc.so.6",
						      .without_sections = true } } },
	  .want_runtime = "so:libc.so.6",
	  .want_provides = LIBW_NAMES },
	{ .name = "files that look like libraries",
	  .item = { { "w/usr/lib/empty.so.1", .text = "" },
		    { "w/usr/lib/script.so", .text = "GROUP ( libq.so.1 )" },
		    { "w/usr/lib/short.so.1", .text = "\177ELF" },
		    { "w/usr/lib/loop.so", .target = "loop.so" },
		    { "w/usr/lib/dir.so", .target = ".." } } },
	{ .name = "public link to a vendored library",
	  .item = { { "w/opt/x/libfoo.so.1.2", .elf = { .soname = "libfoo.so.1" } },
		    { "w/usr/lib/libfoo.so.1", .target = "../../opt/x/libfoo.so.1.2" } },
	  .want_provides = "so-ver:libfoo.so.1=2.0-r1 so:libfoo.so.1=1",
	  .want_vendored = "so-ver:libfoo.so.1=2.0-r1 so:libfoo.so.1=1" },
	{ .name = "documentation",
	  .item = { { "w-dev/usr/share/man/man1/w.1", .text = "x" },
		    { "w-dev/usr/share/info/w.info", .text = "x" } },
	  .package = "w-doc",
	  .want_runtime = "man-db texinfo" },
	{ .name = "python",
	  .item = { { "w/usr/lib/python3.13/site-packages/w/a.py", .text = "x" } },
	  .want_runtime = "python-3.13-base" },
	{ .name = "python of the build file",
	  .item = { { "w/usr/lib/python3.13/site-packages/w/a.py", .text = "x" } },
	  .runtime = "python-3.12-base",
	  .want_runtime = "python-3.12-base" },
	{ .name = "the last python in order",
	  .item = { { "w/opt/venv/lib/python3.11/site-packages/a.py", .text = "x" },
		    { "w/usr/lib/python3.13/site-packages/a.py", .text = "x" } },
	  .want_runtime = "python-3.13-base" },
	{ .name = "perl",
	  .item = { { "w/usr/lib/perl5/vendor_perl/W.pm", .text = "x" } },
	  .want_runtime = "perl~5" },
	{ .name = "perl in lib",
	  .item = { { "w/lib/perl5/vendor_perl/W.pm", .text = "x" } },
	  .want_runtime = "perl~5" },
	{ .name = "perl elsewhere",
	  .item = { { "w/usr/share/perl5/vendor_perl/W.pm", .text = "x" } } },
	{ .name = "ruby",
	  .item = { { "w/usr/lib/ruby/gems/3.4.1/gems/w.rb", .text = "x" } },
	  .want_runtime = "ruby-3.4" },
	{ .name = "ruby of the build file",
	  .item = { { "w/usr/lib/ruby/gems/3.4.0/gems/w.rb", .text = "x" } },
	  .runtime = "ruby-3.3",
	  .want_runtime = "ruby-3.3" },
};

ParameterizedTestParameters(sca, rows)
{
	static size_t index[MEL_COUNTOF(rows)];

	for (size_t i = 0; i < MEL_COUNTOF(rows); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, MEL_COUNTOF(rows));
}

static void put_item(const struct item *item)
{
	unsigned char bytes[ELF_FILE_BYTES];
	unsigned mode = item->mode ? item->mode : 0755;

	if (item->text) {
		put_text(item->path, mode, item->text);
	} else if (item->target) {
		put_link(item->path, item->target);
	} else if (item->other_name) {
		put_dir("w/usr/sbin", 0755);
		cr_assert_eq(linkat(place_fd, item->other_name, place_fd, item->path, 0), 0);
	} else {
		size_t len = elf_file_make(&item->elf, bytes);

		put_file(item->path, mode, bytes, len);
	}
}

/* Words of text as a list, in arrays that live as long as the test. */
static struct mel_text_list list_of(const char *text, struct mel_arena *arena)
{
	const char **at = mel_arena_array(arena, 16, sizeof(*at));
	struct mel_slice rest = mel_slice_of(text ? text : ""), word;
	size_t len = 0;

	while (mel_slice_word(&rest, " ", &word))
		at[len++] = mel_arena_slice(arena, word);
	return (struct mel_text_list){ at, len };
}

static void check_list(const char *what, const struct mel_deps_list *got, const char *want)
{
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);

	for (size_t i = 0; i < got->len; i++)
		mel_buf_printf(&text, "%s%s", i ? " " : "", got->at[i]);
	cr_assert_str_eq(mel_buf_text(&text), want ? want : "", "%s", what);
}

static void scan_package(struct mel_tree *tree, const char *name)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	MEL_AUTO_CLOSE int fd = open_dir(name);

	cr_assert_eq(mel_tree_scan(tree, fd, NULL, &err), 0, "%s", err ? err->text : "");
}

ParameterizedTest(const size_t *i, sca, rows)
{
	const struct row *row = &rows[*i];
	struct mel_tree w MEL_AUTO_TREE = MEL_TREE_INIT, dev MEL_AUTO_TREE = MEL_TREE_INIT;
	const struct mel_tree *related[] = { &w, &dev };
	struct mel_arena arena MEL_AUTO_ARENA = { 0 };
	struct mel_deps deps MEL_AUTO_DEPS = { 0 };
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_sca_input in = {
		.name = row->package ? row->package : "w",
		.tree = row->package ? &dev : &w,
		.related = related,
		.related_len = 2,
		.full_version = "2.0-r1",
		.options = row->options,
		.runtime = list_of(row->runtime, &arena),
		.provides = list_of(row->provides, &arena),
	};

	put_dir("w", 0755);
	put_dir("w-dev", 0755);
	for (size_t n = 0; n < MEL_COUNTOF(row->item) && row->item[n].path; n++)
		put_item(&row->item[n]);
	scan_package(&w, "w");
	scan_package(&dev, "w-dev");
	cr_assert_eq(mel_sca_run(&deps, &in, &err), 0, "%s: %s", row->name,
		     err ? err->text : "");
	check_list(row->name, &deps.runtime, row->want_runtime);
	check_list(row->name, &deps.provides, row->want_provides);
	check_list(row->name, &deps.vendored, row->want_vendored);
}

Test(sca, versioned_needs_meet_their_own_offer)
{
	struct mel_deps found MEL_AUTO_DEPS = { 0 }, out MEL_AUTO_DEPS = { 0 };
	struct mel_text_list none = { 0 };

	mel_deps_add(&found, &found.runtime, "so-ver:libw.so.2>=2.0-r1");
	mel_deps_add(&found, &found.runtime, "so-ver:libz.so.1>=1.3-r0");
	mel_deps_add(&found, &found.runtime, "foo>=1");
	mel_deps_add(&found, &found.provides, "so-ver:libw.so.2=2.0-r1");
	mel_deps_add(&found, &found.provides, "foo=1");
	mel_deps_merge(&out, &found, 0, none, none);
	check_list("kept with its version", &out.runtime, "foo>=1 so-ver:libz.so.1>=1.3-r0");
	mel_deps_clear(&out);
	mel_deps_merge(&out, &found, MEL_DEPS_NO_VERSIONED_SHLIB, none, none);
	check_list("option", &out.runtime, "foo>=1");
	check_list("offers stay", &out.provides, "foo=1 so-ver:libw.so.2=2.0-r1");
}

/* First lines of usr/bin/s, and the program they need. */
static const struct {
	const char *text, *want;
} script_rows[] = {
	{ "#!/usr/bin/env bash\n", "cmd:bash" },
	{ "#! /usr/bin/perl -w\n", "cmd:perl" },
	{ "#!/usr/bin/env -S ruby -W0\n", "cmd:ruby" },
	{ "#!/usr/bin/env -S A=b ruby\n", "cmd:ruby" },
	{ "#!/usr/bin/env node --harmony\n", "" },
	{ "#!/usr/bin/env -i\n", "" },
	{ "#!/usr/bin/env\n", "" },
	{ "#!/bin/env bash\n", "cmd:bash" },
	{ "#!/usr/bin/python3\n", "" },
	{ "#!/bin/sh\n", "" },
	{ "#!/usr/bin/awk -f\n", "" },
	{ "#!/usr/bin/python3.13\n", "cmd:python3.13" },
	{ "#!   \n", "" },
	{ "#!/usr/bin/perl", "cmd:perl" },
	{ "no script\n", "" },
	{ "", "" },
};

Test(sca, scripts)
{
	for (size_t i = 0; i < MEL_COUNTOF(script_rows); i++) {
		struct mel_tree tree MEL_AUTO_TREE = MEL_TREE_INIT;
		struct mel_deps deps MEL_AUTO_DEPS = { 0 };
		struct mel_err *err MEL_AUTO_ERR = NULL;
		const struct mel_tree *related = &tree;
		char folder[16];

		snprintf(folder, sizeof(folder), "s%zu", i);

		MEL_AUTO_FREE char *path = mel_asprintf("%s/usr/bin/s", folder);

		put_text(path, 0644, script_rows[i].text);
		scan_package(&tree, folder);

		const struct mel_sca_input in = { .name = "w",
						  .tree = &tree,
						  .related = &related,
						  .related_len = 1,
						  .full_version = "2.0-r1" };

		cr_assert_eq(mel_sca_run(&deps, &in, &err), 0);
		cr_assert_eq(deps.runtime.len, *script_rows[i].want ? 1u : 0u, "%s",
			     script_rows[i].text);
		if (deps.runtime.len)
			cr_assert_str_eq(deps.runtime.at[0], script_rows[i].want);
	}
}
