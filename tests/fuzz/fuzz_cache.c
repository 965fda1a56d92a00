/*
 * Any bytes as what a cache and its state hold: a journal, lines of a manifest, a Go module's
 * zip with its hash, a loose object of git, any path's kind. What was read and can be written
 * reads back equal.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "cache/gozip.h"
#include "cache/journal.h"
#include "cache/manifest.h"
#include "cache/object.h"

static void try_manifest(struct mel_slice text)
{
	struct mel_slice line;

	while (mel_slice_next(&text, '\n', &line)) {
		MEL_AUTO_BUF struct mel_buf again = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
		struct mel_cache_manifest_line a, b;

		if (!mel_cache_manifest_parse(&a, line))
			continue;
		mel_cache_manifest_write(&again, &a);
		if (!mel_cache_manifest_parse(&b, mel_slice_make(again.ptr, again.len - 1)) ||
		    a.size != b.size || !mel_slice_eq(a.path, b.path) ||
		    memcmp(a.sha256, b.sha256, sizeof(a.sha256)) != 0)
			abort();
	}
}

static void try_journal(struct mel_slice text)
{
	MEL_AUTO_ERR struct mel_err *err = NULL;
	struct mel_cache_journal journal;

	if (mel_cache_journal_parse(&journal, text, &err) == 0 &&
	    (strchr(journal.temp, '/') || strlen(journal.temp) >= sizeof(journal.temp)))
		abort();
}

static void try_path(struct mel_slice text)
{
	MEL_AUTO_FREE char *path = mel_strndup(text.ptr, text.len < 4096 ? text.len : 4096);

	if (!mel_cache_area_of(path) || mel_cache_kind_of(path) >= MEL_CACHE_KIND_COUNT)
		abort();
}

static void try_file(struct mel_slice bytes)
{
	static const struct {
		const char *path;
		enum mel_cache_kind kind;
	} as[] = {
		{ "cache/download/m/@v/v1.zip", MEL_CACHE_GO_ZIP },
		{ "cache/download/m/@v/v1.ziphash", MEL_CACHE_GO_ZIPHASH },
		{ "cargo/git/db/r/objects/58/7be6b4c3f93f93c489c0111bba5596147a26cb",
		  MEL_CACHE_GIT_OBJECT },
	};
	MEL_AUTO_ERR struct mel_err *err = NULL;
	MEL_AUTO_CLOSE int fd = memfd_create("fuzz", MFD_CLOEXEC);
	char why[MEL_CACHE_WHY_BYTES], a[MEL_CACHE_H1_BYTES], b[MEL_CACHE_H1_BYTES];

	if (fd < 0 || mel_write_full(fd, bytes.ptr, bytes.len) < 0)
		abort();
	for (size_t i = 0; i < MEL_COUNTOF(as); i++)
		if (mel_cache_object_check(fd, as[i].path, as[i].kind, why, &err) < 0)
			abort();
	if (mel_cache_go_hash(a, fd, as[0].path, &err) == 0 &&
	    (mel_cache_go_hash(b, fd, as[0].path, &err) < 0 || !mel_text_eq(a, b)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mel_slice bytes = mel_slice_make((const char *)data, size);

	try_journal(bytes);
	try_manifest(bytes);
	try_path(bytes);
	try_file(bytes);
	return 0;
}
