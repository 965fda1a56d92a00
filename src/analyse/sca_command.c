/* Scanner: programs in the directories of commands are offered as cmd:NAME. */
#include "analyse/scanner.h"

#include "base/mem.h"
#include "base/slice.h"

static const char *const command_dir[] = { "bin", "sbin", "usr/bin", "usr/sbin" };

enum { EXECUTABLE = 0555 }; /* for everybody */

static int scan_commands(struct mel_scan *scan, struct mel_err **err)
{
	const struct mel_tree *tree = scan->in->tree;
	struct mel_text_list dirs = { command_dir, MEL_COUNTOF(command_dir) };

	(void)err;
	for (size_t i = 0; i < tree->entry_len; i++) {
		const struct mel_tree_entry *entry = &tree->entry[i];
		const char *name = mel_text_basename(entry->path);

		if (entry->type == MEL_TREE_FILE && (entry->mode & EXECUTABLE) == EXECUTABLE &&
		    mel_scan_is_in(entry, dirs) && mel_scan_is_name(scan, entry->path, name))
			mel_deps_printf(scan->found, &scan->found->provides, "cmd:%s=%s", name,
					scan->in->full_version);
	}
	return 0;
}

const struct mel_scanner mel_scan_command = { "commands", scan_commands };
