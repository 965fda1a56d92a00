/*
 * Units of a cache: what lives and dies together, because its tool would take a part of it for
 * a damaged whole. A unit has a name, which is a path below the cache directory, and roots,
 * which are the files and folders that have to go when it goes: a Go module is what was
 * downloaded of one version and the folder it was unpacked to. Pure, by tables.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"

/*
 * The unit in which path is a root; its name is put into out (which is emptied first). False:
 * path is a folder with units below it. A file is always a root; of a folder that is one,
 * everything below belongs to the unit. Errors: none, a path in no known area has a unit too.
 */
bool mel_cache_unit_of(struct mel_buf *out, const char *path, bool is_dir);
