/*
 * builtin.c - looks into the table of built-in definitions (builtin.h).
 */
#include "pipelines/builtin.h"

#include <stdlib.h>
#include <string.h>

#include "pipelines/builtin_table.h"

static int compare_name(const void *name, const void *entry)
{
	return strcmp(name, ((const struct mel_builtin *)entry)->name);
}

const struct mel_builtin *mel_builtin_find(const char *name)
{
	return bsearch(name, mel_builtin_table, mel_builtin_table_len,
		       sizeof(mel_builtin_table[0]), compare_name);
}

const struct mel_builtin *mel_builtin_at(size_t index)
{
	return index < mel_builtin_table_len ? &mel_builtin_table[index] : NULL;
}

size_t mel_builtin_count(void)
{
	return mel_builtin_table_len;
}
