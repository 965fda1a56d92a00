/* Inside of sca: what a scanner gets, and the scanners. Each has one file and one entry here.
 */
#pragma once

#include "analyse/deps.h"
#include "analyse/sca.h"

struct mel_scan {
	const struct mel_sca_input *in;
	struct mel_deps *found; /* scanners add here, in any order, with repetitions */
	struct mel_text_list library_dir; /* fixed ones, then those of ld.so.conf.d */
};

struct mel_scanner {
	const char *name; /* for messages */
	int (*scan)(struct mel_scan *scan, struct mel_err **err);
};

extern const struct mel_scanner mel_scan_elf;
extern const struct mel_scanner mel_scan_command;
extern const struct mel_scanner mel_scan_docs, mel_scan_perl, mel_scan_python, mel_scan_ruby;
extern const struct mel_scanner mel_scan_script;

/* Can name be part of a dependency: no blank, control byte or comparison sign in it? If not,
 * a warning says that it is left out. */
bool mel_scan_is_name(const struct mel_scan *scan, const char *path, const char *name);
/* "lib" for "lib/x"; is the directory of the entry one of list? */
bool mel_scan_is_in(const struct mel_tree_entry *entry, struct mel_text_list list);
