/*
 * APKINDEX.tar.gz, the list of a repository's packages: a gzip member with the files APKINDEX
 * and DESCRIPTION, a signature section in front. Source: apk-index(5), docs/formats.md.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apk/package.h"
#include "apk/pkginfo.h"
#include "apk/read.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/slice.h"
#include "base/vec.h"
#include "codec/rsa.h"

#define MEL_INDEX_NAME "APKINDEX.tar.gz"

/* One package. Texts are borrowed; NULL and "" are the same. */
struct mel_index_entry {
	const char
		*checksum; /* as written: "Q1" and base64 of the identity, or a foreign one */
	const char *name, *version, *arch;
	uint64_t size, installed_size;
	const char *description, *url, *license, *origin, *maintainer;
	bool has_build_time;
	int64_t build_time;
	const char *commit;
	const char *depends, *install_if, *provides; /* joined by single spaces */
	uint64_t provider_priority;
	const char *unknown; /* whole lines of kinds we do not know, kept as they were */
};

/* Zeroed: empty. */
struct mel_index {
	MEL_VEC(struct mel_index_entry) entry;
	struct mel_slice description; /* content of DESCRIPTION */
	struct mel_arena arena;       /* behind all texts */
};
void mel_index_clear(struct mel_index *index);
#define MEL_AUTO_INDEX __attribute__((cleanup(mel_index_clear)))

#define MEL_INDEX_MAX_BYTES ((uint64_t)300 << 20) /* uncompressed */

/*
 * Add the packages of the archive in bytes (a signature is dropped) to index. name is for
 * messages. Errors: INPUT with the line number, LIMIT.
 */
int mel_index_parse(struct mel_index *index, struct mel_slice bytes, const char *name,
		    struct mel_err **err);
/* The same from the text of APKINDEX. */
int mel_index_parse_text(struct mel_index *index, struct mel_slice text, const char *name,
			 struct mel_err **err);

/* The entry of a package just written; new texts live in arena, the others are info's. */
void mel_index_entry_make(struct mel_index_entry *out, const struct mel_pkginfo *info,
			  const struct mel_package_sum *sum, struct mel_arena *arena);
/* The entry of a package that was read. */
void mel_index_entry_of(struct mel_index_entry *out, const struct mel_apk *apk,
			struct mel_arena *arena);

/* Replace the first entry with entry's name and version, else append. Texts are copied. */
void mel_index_merge(struct mel_index *index, const struct mel_index_entry *entry);
/* The text of APKINDEX, appended to out. */
void mel_index_render(const struct mel_index *index, struct mel_buf *out);
/* The uncompressed archive of the index. */
int mel_index_tar(const struct mel_index *index, struct mel_buf *out, struct mel_err **err);
/* The whole file, signed unless key is NULL, appended to out. */
int mel_index_pack(const struct mel_index *index, const struct mel_key *key,
		   struct mel_buf *out, struct mel_err **err);

/*
 * An index in the making, so that it can be renamed together with the packages it lists. Holds
 * the lock APKINDEX.tar.gz.lock (removed at the end) from prepare to commit or abort: another
 * program that updates the same index waits.
 */
struct mel_index_update {
	struct mel_publish publish;
	int dirfd;   /* borrowed */
	int lock_fd; /* owned */
};
#define MEL_INDEX_UPDATE_INIT                                                                  \
	{                                                                                      \
		.publish = MEL_PUBLISH_INIT, .dirfd = -1, .lock_fd = -1                        \
	}
#define MEL_AUTO_INDEX_UPDATE __attribute__((cleanup(mel_index_abort)))

/*
 * Take the lock, read the index of the directory (none is fine), merge the add_len entries, and
 * write, sign (key may be NULL) and sync the result under a temporary name. On failure nothing
 * is left. Errors: SYSTEM, INPUT, LIMIT, CRYPTO, OUTPUT.
 */
int mel_index_prepare(struct mel_index_update *out, int dirfd,
		      const struct mel_index_entry *const add[], size_t add_len,
		      const struct mel_key *key, struct mel_err **err);
/* Give it its name and let the lock go. */
int mel_index_commit(struct mel_index_update *update, struct mel_err **err);
/* Leave the old index as it is and let the lock go; also fine after commit. */
void mel_index_abort(struct mel_index_update *update);
/* prepare and commit in one. */
int mel_index_update(int dirfd, const struct mel_index_entry *const add[], size_t add_len,
		     const struct mel_key *key, struct mel_err **err);
