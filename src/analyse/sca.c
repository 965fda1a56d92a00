/* The scanner table and what its scanners share: see sca.h. */
#include "analyse/sca.h"

#include <string.h>
#include <unistd.h>

#include "analyse/scanner.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/slice.h"
#include "base/vec.h"

/* In the order in which they run; a new one is a file and a row. */
static const struct mel_scanner *const scanner[] = {
	&mel_scan_elf,    &mel_scan_command, &mel_scan_docs,   &mel_scan_perl,
	&mel_scan_python, &mel_scan_ruby,    &mel_scan_script,
};

static const char *const fixed_library_dir[] = { "lib", "usr/lib", "lib64", "usr/lib64" };

enum { LDCONF_MAX_BYTES = 1 << 20 };

bool mel_scan_is_name(const struct mel_scan *scan, const char *path, const char *name)
{
	const unsigned char *p = (const unsigned char *)name;

	while (*p > ' ' && *p != 0x7f && !strchr("=<>~!", *p))
		p++;
	if (*p == '\0' && p != (const unsigned char *)name)
		return true;
	mel_log(MEL_LOG_WARN, "%s: '%s': the name '%s' cannot be a dependency, left out",
		scan->in->name, path, name);
	return false;
}

bool mel_scan_is_in(const struct mel_tree_entry *entry, struct mel_text_list list)
{
	for (size_t i = 0; i < list.len; i++)
		if (mel_tree_is_in(entry, list.at[i]))
			return true;
	return false;
}

/* Library directories; their texts are in arena. */
struct dirs {
	MEL_VEC(const char *) list;
	struct mel_arena arena;
};

/* "/usr//lib/x/ # why" as "usr/lib/x"; NULL if the line names no absolute directory. */
static const char *normalise_dir(struct mel_arena *arena, struct mel_slice line)
{
	struct mel_slice part, text = { line.ptr, 0 };
	const char *comment = memchr(line.ptr, '#', line.len);
	char *out, *p;

	text.len = comment ? (size_t)(comment - line.ptr) : line.len;
	text = mel_slice_trim(text, " \t\r\v\f");
	if (!text.len || text.ptr[0] != '/' || memchr(text.ptr, '\0', text.len))
		return NULL;
	out = p = mel_arena_alloc(arena, text.len + 1);
	while (mel_slice_word(&text, "/", &part)) {
		if (mel_slice_eq_text(part, "."))
			continue;
		if (mel_slice_eq_text(part, "..")) {
			char *slash = memrchr(out, '/', (size_t)(p - out));

			p = slash ? slash : out;
			*p = '\0';
			continue;
		}
		if (p != out)
			*p++ = '/';
		memcpy(p, part.ptr, part.len);
		p += part.len;
		*p = '\0';
	}
	return p == out ? NULL : out;
}

static int read_ldconf(struct dirs *dirs, const struct mel_tree *tree, size_t index,
		       struct mel_err **err)
{
	MEL_AUTO_CLOSE int fd = mel_tree_open(tree, index, err);
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(LDCONF_MAX_BYTES);
	struct mel_slice rest, line;

	if (fd < 0 || mel_read_all(fd, tree->entry[index].path, &text, err) < 0)
		return -1;
	rest = mel_buf_slice(&text);
	while (mel_slice_next(&rest, '\n', &line)) {
		const char *dir = normalise_dir(&dirs->arena, line);

		if (dir)
			mel_vec_push(&dirs->list, dir);
	}
	return 0;
}

static int find_library_dirs(struct dirs *dirs, const struct mel_sca_input *in,
			     struct mel_err **err)
{
	for (size_t i = 0; i < MEL_COUNTOF(fixed_library_dir); i++)
		mel_vec_push(&dirs->list, fixed_library_dir[i]);
	for (size_t i = 0; i < in->related_len; i++) {
		const struct mel_tree *tree = in->related[i];

		for (size_t j = 0; j < tree->entry_len; j++)
			if (tree->entry[j].type == MEL_TREE_FILE &&
			    mel_text_starts(tree->entry[j].path, "etc/ld.so.conf.d/") &&
			    mel_text_ends(tree->entry[j].path, ".conf") &&
			    read_ldconf(dirs, tree, j, err) < 0)
				return -1;
	}
	return 0;
}

static void clear_dirs(struct dirs *dirs)
{
	mel_vec_clear(&dirs->list);
	mel_arena_clear(&dirs->arena);
}

int mel_sca_run(struct mel_deps *out, const struct mel_sca_input *in, struct mel_err **err)
{
	__attribute__((cleanup(clear_dirs))) struct dirs dirs = { 0 };
	struct mel_deps found MEL_AUTO_DEPS = { 0 };
	struct mel_scan scan = { .in = in, .found = &found };

	*out = (struct mel_deps){ 0 };
	if (find_library_dirs(&dirs, in, err) < 0)
		return mel_err_wrap(err, "dependencies of '%s'", in->name);
	scan.library_dir = (struct mel_text_list){ dirs.list.at, dirs.list.len };
	for (size_t i = 0; i < MEL_COUNTOF(scanner); i++)
		if (scanner[i]->scan(&scan, err) < 0)
			return mel_err_wrap(err, "dependencies of '%s' (%s)", in->name,
					    scanner[i]->name);
	mel_deps_merge(out, &found, in->options, in->runtime, in->provides);
	return 0;
}
