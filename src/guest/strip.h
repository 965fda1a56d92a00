/*
 * strip.h - one file through the guest's strip(1).
 */
#pragma once

#include "guest/util.h"

/*
 * Strip the file path in place with the options in opts: the inode, its links, owner, mode,
 * times and extended attributes stay. 0, or -1 after an error line.
 */
int mel_strip_file(const char *path, const struct mel_helper_list *opts);
