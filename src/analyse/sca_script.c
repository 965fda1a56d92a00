/* Scanner: programs that scripts name in their first line are needed as cmd:NAME. */
#include "analyse/scanner.h"

#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/slice.h"

enum { LINE_MAX_BYTES = 80 };

#define BLANKS " \t\v\f\r"

static const char *const script_dir[] = { "usr/bin/", "usr/local/bin/", "usr/local/sbin/" };

/* Interpreters that every root has, or that come with the language's own dependency. */
static const char *const usual[] = { "python3", "python", "sh", "awk", "luajit" };

static bool is_below(const char *path)
{
	for (size_t i = 0; i < MEL_COUNTOF(script_dir); i++)
		if (mel_text_starts(path, script_dir[i]))
			return true;
	return false;
}

static bool is_assignment(struct mel_slice word)
{
	return memchr(word.ptr, '=', word.len) != NULL;
}

static bool is_option(struct mel_slice word)
{
	return word.len && word.ptr[0] == '-';
}

/* What "env" runs: its only word, or with -S the first that is no assignment. */
static bool command_of_env(struct mel_slice rest, struct mel_slice *command)
{
	struct mel_slice more;

	if (!mel_slice_word(&rest, BLANKS, command))
		return false;
	if (mel_slice_eq_text(*command, "-S")) {
		do {
			if (!mel_slice_word(&rest, BLANKS, command))
				return false;
		} while (is_assignment(*command));
		return !is_option(*command);
	}
	return !is_option(*command) && !mel_slice_word(&rest, BLANKS, &more);
}

/* The program of "#! program …", through env; false when there is none. */
static bool command_of(struct mel_slice line, struct mel_slice *command)
{
	if (!mel_slice_starts(line, "#!"))
		return false;
	line.ptr += 2;
	line.len -= 2;
	if (!mel_slice_word(&line, BLANKS, command))
		return false;
	if (mel_slice_eq_text(*command, "/usr/bin/env") ||
	    mel_slice_eq_text(*command, "/bin/env"))
		return command_of_env(line, command);
	return true;
}

static bool is_usual(const char *name)
{
	for (size_t i = 0; i < MEL_COUNTOF(usual); i++)
		if (mel_text_eq(name, usual[i]))
			return true;
	return false;
}

static int scan_script(struct mel_scan *scan, size_t index, struct mel_err **err)
{
	const struct mel_tree_entry *entry = &scan->in->tree->entry[index];
	MEL_AUTO_CLOSE int fd = mel_tree_open(scan->in->tree, index, err);
	char bytes[LINE_MAX_BYTES], name[LINE_MAX_BYTES + 1];
	struct mel_slice line, command;
	ssize_t len = fd < 0 ? -1 : mel_read_full(fd, bytes, sizeof(bytes));

	if (fd < 0)
		return -1;
	if (len < 0)
		return mel_err_sys(err, "cannot read '%s'", entry->path);

	struct mel_slice rest = mel_slice_make(bytes, (size_t)len);

	if (!mel_slice_next(&rest, '\n', &line) || memchr(line.ptr, '\0', line.len) ||
	    !command_of(line, &command))
		return 0;
	memcpy(name, command.ptr, command.len);
	name[command.len] = '\0';

	const char *base = mel_text_basename(name);

	if (!is_usual(base) && mel_scan_is_name(scan, entry->path, base))
		mel_deps_printf(scan->found, &scan->found->runtime, "cmd:%s", base);
	return 0;
}

static int scan_scripts(struct mel_scan *scan, struct mel_err **err)
{
	const struct mel_tree *tree = scan->in->tree;

	for (size_t i = 0; i < tree->entry_len; i++)
		if (tree->entry[i].type == MEL_TREE_FILE && is_below(tree->entry[i].path) &&
		    scan_script(scan, i, err) < 0)
			return -1;
	return 0;
}

const struct mel_scanner mel_scan_script = { "scripts", scan_scripts };
