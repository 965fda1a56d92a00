/*
 * The bill of an export: what a cache held, file by file, whether the archive it stands in
 * brings the bytes or a former one did. Text, the first member of the archive:
 *
 *     melange cache export 1
 *     SHA-256 SIZE TYPE PATH      in bytewise order of the paths
 *
 * TYPE is f (file), x (file that may be executed), l (symbolic link: digest and size are
 * those of its target's text) or d (folder with nothing in it: those of no bytes). Format:
 * docs/formats.md.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/vec.h"

#define MEL_CACHE_BILL_NAME  ".melange-cache" /* in the archive */
#define MEL_CACHE_BILL_MAGIC "melange cache export 1\n"

enum {
	MEL_CACHE_BILL_MAX_BYTES = 256 * 1024 * 1024,
	MEL_CACHE_PATH_MAX_BYTES = 4096,
	MEL_CACHE_PATH_MAX_DEPTH = 64,
};

struct mel_cache_bill_entry {
	const char *path; /* in the bill's arena */
	uint64_t size;
	unsigned char sha256[32];
	char type;
	bool is_here; /* for the caller's use: the archive brings its bytes */
};

/* Zeroed: empty. */
struct mel_cache_bill {
	struct mel_arena arena;
	MEL_VEC(struct mel_cache_bill_entry) entry;
};

/* Can the path be in a bill? Relative, no component ".", ".." or empty, no control character,
 * not too long, not too deep. */
bool mel_cache_path_fits(const char *path);
/* Make it the entry of a folder; its path is the caller's. */
void mel_cache_bill_set_folder(struct mel_cache_bill_entry *entry);
/* Add a copy of the entry. */
void mel_cache_bill_add(struct mel_cache_bill *bill, const struct mel_cache_bill_entry *entry);
/* Order by path: before it is written, or searched. */
void mel_cache_bill_sort(struct mel_cache_bill *bill);
/* The entry of that path, NULL: none. The bill is sorted. */
struct mel_cache_bill_entry *mel_cache_bill_find(const struct mel_cache_bill *bill,
						 const char *path);
/* Same type, size and digest? */
bool mel_cache_bill_same(const struct mel_cache_bill_entry *a,
			 const struct mel_cache_bill_entry *b);
/* Append the text. */
void mel_cache_bill_write(const struct mel_cache_bill *bill, struct mel_buf *out);
/* Read the text into an empty bill; name is for messages. Errors: INPUT. */
int mel_cache_bill_parse(struct mel_cache_bill *bill, struct mel_slice text, const char *name,
			 struct mel_err **err);
void mel_cache_bill_clear(struct mel_cache_bill *bill);
#define MEL_AUTO_CACHE_BILL __attribute__((cleanup(mel_cache_bill_clear)))
