/* A cache directory as one archive: see export.h. */
#include "cache/export.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/io.h"
#include "base/map.h"
#include "base/mem.h"
#include "cache/walk.h"

enum { CHUNK_BYTES = 256 * 1024 };

struct exporter {
	const struct mel_cache_export *what;
	struct mel_cache_exported *done;
	struct mel_cache_bill bill;
	char *chunk; /* CHUNK_BYTES */
	struct mel_digest digest;
};

static void skip(struct exporter *x, const char *path)
{
	if (x->done->skipped++ == 0)
		snprintf(x->done->skipped_path, sizeof(x->done->skipped_path), "%s", path);
}

static int hash_file(struct exporter *x, int fd, struct mel_cache_bill_entry *entry,
		     struct mel_err **err)
{
	ssize_t n;

	mel_digest_init(&x->digest, MEL_SHA256);
	while ((n = mel_read_full(fd, x->chunk, CHUNK_BYTES)) > 0) {
		mel_digest_update(&x->digest, x->chunk, (size_t)n);
		entry->size += (uint64_t)n;
	}
	if (n < 0)
		return mel_err_sys(err, "cannot read '%s'", entry->path);
	mel_digest_final(&x->digest, entry->sha256);
	return 0;
}

static int list_file(struct exporter *x, const struct mel_cache_entry *from,
		     struct mel_err **err)
{
	struct mel_cache_bill_entry entry = { .path = from->path };
	MEL_AUTO_CLOSE int fd =
		mel_openat(from->dirfd, from->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return mel_err_sys(err, "cannot open '%s'", from->path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		skip(x, from->path);
		return 0;
	}
	entry.type = st.st_mode & S_IXUSR ? 'x' : 'f';
	if (hash_file(x, fd, &entry, err) < 0)
		return -1;
	mel_cache_bill_add(&x->bill, &entry);
	return 0;
}

static void list_link(struct exporter *x, const struct mel_cache_entry *from)
{
	struct mel_cache_bill_entry entry = { .path = from->path, .type = 'l' };
	char target[MEL_CACHE_PATH_MAX_BYTES + 1];
	ssize_t n = readlinkat(from->dirfd, from->name, target, sizeof(target) - 1);

	if (n < 0)
		n = 0;
	target[n] = '\0';
	if (!mel_cache_link_stays(from->path, target)) {
		skip(x, from->path);
		return;
	}
	entry.size = (uint64_t)n;
	mel_digest_of(MEL_SHA256, mel_slice_make(target, (size_t)n), entry.sha256);
	mel_cache_bill_add(&x->bill, &entry);
}

/* Listed for now; it stays on the list when nothing below it comes behind it. */
static void list_folder(struct exporter *x, const struct mel_cache_entry *from)
{
	struct mel_cache_bill_entry entry = { .path = from->path };

	mel_cache_bill_set_folder(&entry);
	mel_cache_bill_add(&x->bill, &entry);
}

static int list_entry(void *user, const struct mel_cache_entry *from, struct mel_err **err)
{
	struct exporter *x = user;
	bool is_dir = S_ISDIR(from->st->st_mode);

	if (!mel_cache_is_chosen(&x->what->choice, from->path))
		return is_dir && !mel_cache_area_of(from->path)->is_host;
	if (mel_cache_kind_of(from->path) == MEL_CACHE_VOLATILE)
		return is_dir;
	if (!mel_cache_path_fits(from->path)) {
		skip(x, from->path);
		return is_dir; /* nor does anything below it */
	}
	if (is_dir)
		list_folder(x, from);
	else if (S_ISREG(from->st->st_mode))
		return list_file(x, from, err);
	else if (S_ISLNK(from->st->st_mode))
		list_link(x, from);
	else
		skip(x, from->path);
	return 0;
}

/* A folder that was listed, but cannot be read. */
static void list_odd(void *user, const char *path, enum mel_cache_odd odd)
{
	struct exporter *x = user;
	size_t len = x->bill.entry.len;

	(void)odd;
	skip(x, path);
	if (len && mel_text_eq(x->bill.entry.at[len - 1].path, path))
		x->bill.entry.len--;
}

static bool is_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return strncmp(path, folder, len) == 0 && path[len] == '/';
}

/*
 * Only folders without anything in them are on the list: the others come with their files.
 * The list is in the order of the pass still, a folder right before what is in it.
 */
static void drop_folders(struct exporter *x)
{
	struct mel_cache_bill_entry *at = x->bill.entry.at;
	size_t len = x->bill.entry.len, kept = 0;

	for (size_t i = 0; i < len; i++) {
		bool is_folder = at[i].type == 'd';

		if (is_folder && i + 1 < len && is_below(at[i + 1].path, at[i].path))
			continue;
		/* A name that stands for bytes. */
		if (is_folder && mel_cache_kind_is_addressed(mel_cache_kind_of(at[i].path))) {
			skip(x, at[i].path);
			continue;
		}
		at[kept++] = at[i];
	}
	x->bill.entry.len = kept;
}

/* Which files the archive has to bring. */
static void choose(struct exporter *x)
{
	for (size_t i = 0; i < x->bill.entry.len; i++) {
		struct mel_cache_bill_entry *entry = &x->bill.entry.at[i];
		const struct mel_cache_bill_entry *old =
			x->what->since ? mel_cache_bill_find(x->what->since, entry->path)
				       : NULL;

		entry->is_here = !old || !mel_cache_bill_same(old, entry);
		if (entry->is_here) {
			x->done->files++;
			x->done->bytes += entry->type == 'l' ? 0 : entry->size;
		} else {
			x->done->known++;
		}
	}
}

/* As read at first, or the export fails. */
static int write_content(struct exporter *x, struct mel_tar *tar,
			 const struct mel_cache_bill_entry *entry, struct mel_err **err)
{
	MEL_AUTO_CLOSE int fd =
		mel_openat_beneath(x->what->dirfd, entry->path, O_RDONLY | O_NONBLOCK, 0);
	unsigned char sha256[MEL_SHA256_BYTES];
	uint64_t left = entry->size;
	ssize_t n = 0;

	mel_digest_init(&x->digest, MEL_SHA256);
	while (fd >= 0 && left) {
		n = mel_read_full(fd, x->chunk, left < CHUNK_BYTES ? left : CHUNK_BYTES);
		if (n <= 0)
			break;
		mel_digest_update(&x->digest, x->chunk, (size_t)n);
		mel_tar_content(tar, x->chunk, (size_t)n);
		left -= (uint64_t)n;
	}
	mel_digest_final(&x->digest, sha256);
	if (fd < 0 || n < 0)
		return mel_err_sys(err, "cannot read '%s'", entry->path);
	if (left || memcmp(sha256, entry->sha256, sizeof(sha256)) != 0)
		return mel_err_set(err, MEL_ERR_INPUT, "'%s' changed while it was exported",
				   entry->path);
	return 0;
}

static int write_link(struct exporter *x, struct mel_tar *tar,
		      const struct mel_cache_bill_entry *entry, struct mel_err **err)
{
	char target[MEL_CACHE_PATH_MAX_BYTES + 1];
	struct mel_tar_entry header = {
		.name = entry->path, .type = MEL_TAR_SYMLINK, .mode = 0777, .linkname = target
	};
	const char *slash = strrchr(entry->path, '/');
	MEL_AUTO_FREE char *folder =
		mel_strndup(entry->path, slash ? (size_t)(slash - entry->path) : 0);
	MEL_AUTO_CLOSE int fd = mel_openat_beneath(x->what->dirfd, folder[0] ? folder : ".",
						   O_RDONLY | O_DIRECTORY, 0);
	ssize_t n = fd < 0 ? -1
			   : readlinkat(fd, mel_text_basename(entry->path), target,
					sizeof(target) - 1);

	if (n < 0)
		return mel_err_sys(err, "cannot read link '%s'", entry->path);
	target[n] = '\0';
	mel_tar_begin(tar, &header);
	return 0;
}

/* Content that another path of the archive has brought already is a hard link to it. */
static int write_entry(struct exporter *x, struct mel_tar *tar, struct mel_map *brought,
		       const struct mel_cache_bill_entry *entry, struct mel_err **err)
{
	struct mel_tar_entry header = { .name = entry->path, .type = MEL_TAR_FILE };
	char hex[2 * MEL_SHA256_BYTES + 1];
	char *key;

	if (entry->type == 'l')
		return write_link(x, tar, entry, err);
	if (entry->type == 'd') {
		header.type = MEL_TAR_DIR;
		header.mode = 0755;
		mel_tar_begin(tar, &header);
		return 0;
	}
	mel_hex(hex, entry->sha256, MEL_SHA256_BYTES);
	/* Of the same sort, so that an import of a part finds the first one, too. */
	key = mel_arena_printf(&x->bill.arena, "%s %c %s %d", hex, entry->type,
			       mel_cache_area_of(entry->path)->name,
			       (int)mel_cache_kind_of(entry->path));
	header.mode = entry->type == 'x' ? 0755 : 0644;
	header.linkname = entry->size ? mel_map_get(brought, key) : NULL;
	if (header.linkname) {
		header.type = MEL_TAR_HARDLINK;
		mel_tar_begin(tar, &header);
		return 0;
	}
	mel_map_set(brought, key, mel_arena_strdup(&x->bill.arena, entry->path));
	header.size = entry->size;
	mel_tar_begin(tar, &header);
	return write_content(x, tar, entry, err);
}

static int write_all(struct exporter *x, struct mel_stream *out, struct mel_err **err)
{
	struct mel_tar tar = MEL_TAR_INIT(out);
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(MEL_CACHE_BILL_MAX_BYTES);
	struct mel_map brought MEL_AUTO_MAP = { 0 };

	mel_cache_bill_write(&x->bill, &text);
	if (mel_buf_check(&text, "list of the export", err) < 0)
		return -1;
	mel_tar_file(&tar, MEL_CACHE_BILL_NAME, 0644, 0, mel_buf_slice(&text));
	for (size_t i = 0; i < x->bill.entry.len && !mel_stream_has_failed(out); i++)
		if (x->bill.entry.at[i].is_here &&
		    write_entry(x, &tar, &brought, &x->bill.entry.at[i], err) < 0)
			return -1;
	return mel_tar_close(&tar, true, err);
}

static int write_archive(struct exporter *x, int fd, const char *name, struct mel_err **err)
{
	struct mel_fd_sink sink;
	struct mel_gzip gzip MEL_AUTO_GZIP = { 0 };
	int r;

	mel_fd_sink_init(&sink, fd, name);
	if (!x->what->compress) {
		r = write_all(x, &sink.stream, err);
	} else {
		mel_gzip_init(&gzip, &sink.stream, x->what->worker_max);
		r = write_all(x, &gzip.stream, err);
		if (r == 0)
			r = mel_gzip_close(&gzip, err);
	}
	mel_gzip_clear(&gzip);
	mel_stream_clear(&sink.stream);
	return r;
}

int mel_cache_export(const struct mel_cache_export *what, int fd, const char *name,
		     struct mel_cache_exported *done, struct mel_err **err)
{
	struct exporter x = { .what = what, .done = done, .chunk = mel_alloc(CHUNK_BYTES) };
	const struct mel_cache_walk walk = { list_entry, list_odd, &x };
	int r = mel_cache_walk(what->dirfd, &walk, err);

	if (r == 0) {
		drop_folders(&x);
		mel_cache_bill_sort(&x.bill);
		choose(&x);
		r = write_archive(&x, fd, name, err);
	}
	mel_digest_clear(&x.digest);
	mel_cache_bill_clear(&x.bill);
	free(x.chunk);
	return r;
}
