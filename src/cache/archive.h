/*
 * Archives of caches as they are read: a tar archive, plain or in one gzip member, from a file
 * or a pipe, whose first member is the bill (bill.h). Nothing in it is trusted.
 */
#pragma once

#include "cache/bill.h"
#include "cache/kind.h"
#include "codec/gzip.h"
#include "codec/tar.h"

/* Which paths an export or import is about. Zeroed: all known areas. */
struct mel_cache_choice {
	const char *const *area; /* names; any when area_len is 0, but for MEL_CACHE_OTHER */
	size_t area_len;
	unsigned classes; /* bit 1 << class each; 0: all */
};
bool mel_cache_is_chosen(const struct mel_cache_choice *choice, const char *path);
/* A symbolic link at path with this target: relative, and inside the path's area? */
bool mel_cache_link_stays(const char *path, const char *target);

/* Source: a file descriptor from its current position, also a pipe. */
struct mel_cache_pipe {
	struct mel_source source;
	int fd;
	const char *name;
	char first[32]; /* bytes read already, to see what it is */
	size_t first_len, first_at;
};

struct mel_cache_archive {
	const char *name; /* borrowed, for messages */
	struct mel_cache_pipe pipe;
	struct mel_gunzip gunzip;
	struct mel_tar_reader tar;
	struct mel_cache_bill bill;
};

/*
 * Begin to read the archive in fd (borrowed): its bill is known then. Its content may have at
 * most max_bytes. With bill_only, fd may also hold nothing but the text of a bill. The struct
 * must not move. Errors: INPUT, LIMIT, SYSTEM.
 */
int mel_cache_archive_open(struct mel_cache_archive *archive, int fd, const char *name,
			   uint64_t max_bytes, bool bill_only, struct mel_err **err);
void mel_cache_archive_close(struct mel_cache_archive *archive); /* zeroed is fine */
#define MEL_AUTO_CACHE_ARCHIVE __attribute__((cleanup(mel_cache_archive_close)))
