/* An archive into a cache directory: see import.h. */
#include "cache/import.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "cache/check.h"
#include "cache/lines.h"
#include "cache/manifest.h"

enum { CHUNK_BYTES = 256 * 1024, FILE_MODE = 0644, EXEC_MODE = 0755, OBJECT_MODE = 0444 };

struct importer {
	const struct mel_cache_import *what;
	struct mel_cache_imported *done;
	struct mel_cache_archive archive;
	struct mel_buf folder; /* of folder_fd */
	int folder_fd;         /* owned; the folder used last, or -1 */
	char *chunk;           /* CHUNK_BYTES */
	uint64_t left;         /* bytes that may still come */
	struct mel_buf added;  /* lines for the manifest */
};

static int bad(const struct importer *im, const char *path, const char *why,
	       struct mel_err **err)
{
	return mel_err_set(err, MEL_ERR_INPUT, "'%s': '%s' %s", im->archive.name, path, why);
}

/* Open the folder of path, making what is missing; no link on the way. -1 with errno. */
static int make_folder(int dirfd, const char *path)
{
	MEL_AUTO_CLOSE int fd = mel_openat(dirfd, ".", O_RDONLY | O_DIRECTORY, 0);
	struct mel_slice rest = mel_slice_of(path), part;

	while (fd >= 0 && path[0] && mel_slice_next(&rest, '/', &part)) {
		MEL_AUTO_FREE char *name = mel_strndup(part.ptr, part.len);
		int next;

		if (mkdirat(fd, name, 0755) < 0 && errno != EEXIST)
			return -1;
		next = mel_openat_beneath(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
		close(fd);
		fd = next;
	}
	return mel_steal_fd(&fd);
}

/* folder_fd becomes the folder of path, *name its last component. -1 with errno. */
static int go_to(struct importer *im, const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	struct mel_slice folder = mel_slice_make(path, slash ? (size_t)(slash - path) : 0);

	*name = slash ? slash + 1 : path;
	if (im->folder_fd >= 0 && mel_slice_eq(mel_buf_slice(&im->folder), folder))
		return 0;
	if (im->folder_fd >= 0)
		close(im->folder_fd);
	mel_buf_truncate(&im->folder, 0);
	mel_buf_add_slice(&im->folder, folder);
	im->folder_fd = make_folder(im->what->dirfd, mel_buf_text(&im->folder));
	return im->folder_fd < 0 ? -1 : 0;
}

enum there { NOTHING, SAME, OTHER, IN_THE_WAY };

/* What the cache has at the place now. */
static enum there look(const struct importer *im, const char *name,
		       const struct mel_cache_bill_entry *entry)
{
	struct mel_cache_bill_entry old = { .type = entry->type };
	MEL_AUTO_CLOSE int fd = mel_cache_open_file(im->folder_fd, name);
	struct stat st;

	if (fd < 0)
		return errno == ENOENT ? NOTHING : IN_THE_WAY;
	if (fstat(fd, &st) < 0 || (uint64_t)st.st_size != entry->size ||
	    mel_cache_hash(fd, old.sha256, &old.size) < 0 || !mel_cache_bill_same(&old, entry))
		return OTHER;
	return SAME;
}

static void keep(struct importer *im, const char *path, const char *why)
{
	im->done->kept++;
	mel_log(MEL_LOG_WARN, "'%s' is not imported: %s", path, why);
}

/* True when the file of the archive is wanted at its place. */
static bool is_wanted(struct importer *im, enum there there, const char *path)
{
	switch (there) {
	case NOTHING:
		return true;
	case SAME:
		im->done->unchanged++;
		return false;
	case IN_THE_WAY:
		keep(im, path, "something else is in its place");
		return false;
	case OTHER:
		break;
	}
	if (mel_cache_kind_is_addressed(mel_cache_kind_of(path))) {
		keep(im, path,
		     "the cache has other bytes under this name ('cache verify' says "
		     "whether they are good)");
		return false;
	}
	im->done->kept += im->what->keep;
	return !im->what->keep;
}

/* The content of the archive's entry into fd, compared with the bill. */
static int take_content(struct importer *im, int fd, const struct mel_cache_bill_entry *entry,
			struct mel_err **err)
{
	struct mel_digest digest MEL_AUTO_DIGEST = { 0 };
	unsigned char sha256[MEL_SHA256_BYTES];
	ssize_t n;

	mel_digest_init(&digest, MEL_SHA256);
	while ((n = mel_tar_reader_read(&im->archive.tar, im->chunk, CHUNK_BYTES, err)) > 0) {
		mel_digest_update(&digest, im->chunk, (size_t)n);
		if (mel_write_full(fd, im->chunk, (size_t)n) < 0) {
			mel_err_sys(err, "cannot write '%s'", entry->path);
			return mel_err_as(err, MEL_ERR_OUTPUT);
		}
	}
	mel_digest_final(&digest, sha256);
	if (n < 0)
		return -1;
	if (memcmp(sha256, entry->sha256, sizeof(sha256)) != 0)
		return bad(im, entry->path, "is damaged", err);
	return 0;
}

/* The bytes of another path of the archive; 1: it has other ones, since it was kept. */
static int copy_content(struct importer *im, int fd, const char *from,
			const struct mel_cache_bill_entry *entry, struct mel_err **err)
{
	MEL_AUTO_CLOSE int source = mel_cache_open_file(im->what->dirfd, from);
	unsigned char sha256[MEL_SHA256_BYTES];
	uint64_t size;

	if (source < 0)
		return 1;
	if (mel_copy_fd(fd, source, NULL, err) < 0)
		return mel_err_wrap(err, "'%s'", entry->path);
	if (lseek(fd, 0, SEEK_SET) < 0 || mel_cache_hash(fd, sha256, &size) < 0)
		return mel_err_sys(err, "cannot read '%s'", entry->path);
	return size != entry->size || memcmp(sha256, entry->sha256, sizeof(sha256)) != 0;
}

static mode_t mode_of(const struct mel_cache_bill_entry *entry)
{
	if (mel_cache_kind_of(entry->path) == MEL_CACHE_OBJECT)
		return OBJECT_MODE;
	return entry->type == 'x' ? EXEC_MODE : FILE_MODE;
}

static void note(struct importer *im, const struct mel_cache_bill_entry *entry,
		 enum there there)
{
	struct mel_cache_manifest_line line = { .size = entry->size,
						.path = mel_slice_of(entry->path) };

	memcpy(line.sha256, entry->sha256, sizeof(line.sha256));
	mel_cache_manifest_write(&im->added, &line);
	im->done->added += there == NOTHING;
	im->done->replaced += there != NOTHING;
	im->done->bytes += entry->size;
}

/* A checked file gets its name. from: path of the same content, or NULL: it follows. */
static int put_file(struct importer *im, const char *name,
		    const struct mel_cache_bill_entry *entry, const char *from,
		    enum there there, struct mel_err **err)
{
	struct mel_publish pub MEL_AUTO_PUBLISH = MEL_PUBLISH_INIT;
	char why[MEL_CACHE_WHY_BYTES];
	int r;

	if (mel_publish_open(&pub, im->folder_fd, name, 0600, err) < 0)
		return -1;
	r = from ? copy_content(im, pub.fd, from, entry, err)
		 : take_content(im, pub.fd, entry, err);
	if (r > 0)
		keep(im, entry->path, "the file that it is a copy of was not imported");
	if (r != 0)
		return r < 0 ? -1 : 0;
	if (lseek(pub.fd, 0, SEEK_SET) < 0 || fchmod(pub.fd, mode_of(entry)) < 0)
		return mel_err_sys(err, "cannot write '%s'", entry->path);
	r = mel_cache_check(im->what->dirfd, entry->path, pub.fd, why, err);
	if (r != 0)
		return r < 0 ? -1 : bad(im, entry->path, why, err);
	if (mel_publish_commit(&pub, err) < 0)
		return -1;
	note(im, entry, there);
	return 0;
}

/* Two names of one verified source are one file, as downloads make them. */
static bool link_object(struct importer *im, const char *name,
			const struct mel_cache_bill_entry *entry, const char *from)
{
	struct mel_err *ignored MEL_AUTO_ERR = NULL;
	MEL_AUTO_CLOSE int fd = -1;
	char why[MEL_CACHE_WHY_BYTES];

	if (mel_cache_kind_of(entry->path) != MEL_CACHE_OBJECT ||
	    mel_cache_kind_of(from) != MEL_CACHE_OBJECT)
		return false;
	fd = mel_cache_open_file(im->what->dirfd, from);
	return fd >= 0 &&
	       mel_cache_check(im->what->dirfd, entry->path, fd, why, &ignored) == 0 &&
	       linkat(im->what->dirfd, from, im->folder_fd, name, 0) == 0;
}

/* As go_to; 1: something that is no folder is on the way, and stays. */
static int enter(struct importer *im, const struct mel_cache_bill_entry *entry,
		 const char **name, struct mel_err **err)
{
	if (go_to(im, entry->path, name) == 0)
		return 0;
	if (errno != ELOOP && errno != ENOTDIR && errno != EXDEV)
		return mel_err_sys(err, "cannot make the folder of '%s'", entry->path);
	keep(im, entry->path, "something else is in the place of its folder");
	return 1;
}

static int import_file(struct importer *im, const struct mel_cache_bill_entry *entry,
		       const char *from, struct mel_err **err)
{
	const char *name;
	enum there there;
	int r = enter(im, entry, &name, err);

	if (r != 0)
		return r < 0 ? -1 : 0;
	there = look(im, name, entry);
	if (!is_wanted(im, there, entry->path))
		return 0;
	if (from && there == NOTHING && link_object(im, name, entry, from)) {
		note(im, entry, there);
		return 0;
	}
	return put_file(im, name, entry, from, there, err);
}

static int import_link(struct importer *im, const struct mel_cache_bill_entry *entry,
		       const char *target, struct mel_err **err)
{
	unsigned char sha256[MEL_SHA256_BYTES];
	const char *name;
	int r;

	mel_digest_of(MEL_SHA256, mel_slice_of(target), sha256);
	if (strlen(target) != entry->size || memcmp(sha256, entry->sha256, sizeof(sha256)) != 0)
		return bad(im, entry->path, "is damaged", err);
	if (!mel_cache_link_stays(entry->path, target))
		return bad(im, entry->path, "is a link that leaves its area", err);
	r = enter(im, entry, &name, err);
	if (r != 0)
		return r < 0 ? -1 : 0;
	if (symlinkat(target, im->folder_fd, name) == 0) {
		im->done->added++;
		return 0;
	}
	if (errno != EEXIST)
		return mel_err_sys(err, "cannot make link '%s'", entry->path);
	im->done->unchanged++;
	return 0;
}

/* Whatever mode the archive says: a folder that the caller may use. */
static int import_folder(struct importer *im, const struct mel_cache_bill_entry *entry,
			 struct mel_err **err)
{
	const char *name;
	struct stat st;
	int r;

	if (mel_cache_kind_is_addressed(mel_cache_kind_of(entry->path)))
		return bad(im, entry->path, "is a folder with the name of a file", err);
	r = enter(im, entry, &name, err);
	if (r != 0)
		return r < 0 ? -1 : 0;
	if (mkdirat(im->folder_fd, name, EXEC_MODE) == 0) {
		im->done->added++;
		return 0;
	}
	if (errno != EEXIST)
		return mel_err_sys(err, "cannot make folder '%s'", entry->path);
	if (fstatat(im->folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
		im->done->unchanged++;
	else
		keep(im, entry->path, "something else is in its place");
	return 0;
}

static bool is_chosen(const struct importer *im, const struct mel_cache_bill_entry *entry)
{
	enum mel_cache_kind kind = mel_cache_kind_of(entry->path);

	if (kind == MEL_CACHE_VOLATILE || !mel_cache_is_chosen(&im->what->choice, entry->path))
		return false;
	return !im->what->verified_only ||
	       (strchr("fx", entry->type) && mel_cache_kind_is_addressed(kind));
}

/* What an entry of the bill may be in the archive. */
static bool fits_type(const struct mel_cache_bill_entry *entry,
		      const struct mel_tar_entry *header)
{
	switch (entry->type) {
	case 'l':
		return header->type == MEL_TAR_SYMLINK;
	case 'd':
		return header->type == MEL_TAR_DIR;
	default:
		return header->type == MEL_TAR_HARDLINK ||
		       (header->type == MEL_TAR_FILE && header->size == entry->size);
	}
}

/* What the bill says about the entry of the archive; NULL with an error. */
static struct mel_cache_bill_entry *
find_entry(struct importer *im, const struct mel_tar_entry *header, struct mel_err **err)
{
	struct mel_cache_bill_entry *entry =
		mel_cache_bill_find(&im->archive.bill, header->name);

	if (header->type != MEL_TAR_FILE && header->type != MEL_TAR_HARDLINK &&
	    header->type != MEL_TAR_SYMLINK && header->type != MEL_TAR_DIR) {
		bad(im, header->name, "is neither a file nor a link nor a folder", err);
		return NULL;
	}
	if (!entry || !fits_type(entry, header)) {
		bad(im, header->name, "is not what the list of the export says", err);
		return NULL;
	}
	if (entry->is_here) {
		bad(im, header->name, "is in the archive twice", err);
		return NULL;
	}
	entry->is_here = true;
	return entry;
}

/* The file whose content a hard link repeats: an entry that came before. */
static int find_link(struct importer *im, const struct mel_cache_bill_entry *entry,
		     const char *linkname, const char **from, struct mel_err **err)
{
	const struct mel_cache_bill_entry *first =
		mel_cache_bill_find(&im->archive.bill, linkname);

	if (!first || !first->is_here || first == entry || !strchr("fx", first->type) ||
	    first->size != entry->size ||
	    memcmp(first->sha256, entry->sha256, sizeof(first->sha256)) != 0)
		return bad(im, entry->path, "is a link to nothing", err);
	*from = first->path;
	return 0;
}

static int import_entry(struct importer *im, const struct mel_tar_entry *header,
			struct mel_err **err)
{
	struct mel_cache_bill_entry *entry = find_entry(im, header, err);
	const char *from = NULL;

	if (!entry)
		return -1;
	if (im->what->max_bytes && entry->size > im->left)
		return mel_err_set(err, MEL_ERR_LIMIT, "'%s' holds more than --max-size",
				   im->archive.name);
	im->left -= im->what->max_bytes ? entry->size : 0;
	if (header->type == MEL_TAR_HARDLINK &&
	    find_link(im, entry, header->linkname, &from, err) < 0)
		return -1;
	if (!is_chosen(im, entry)) {
		im->done->skipped++;
		return 0;
	}
	if (entry->type == 'd')
		return import_folder(im, entry, err);
	return entry->type == 'l' ? import_link(im, entry, header->linkname, err)
				  : import_file(im, entry, from, err);
}

/* Files that a former export was to bring. */
static void count_missing(struct importer *im)
{
	struct stat st;

	for (size_t i = 0; i < im->archive.bill.entry.len; i++) {
		const struct mel_cache_bill_entry *entry = &im->archive.bill.entry.at[i];

		if (!entry->is_here && is_chosen(im, entry) &&
		    fstatat(im->what->dirfd, entry->path, &st, AT_SYMLINK_NOFOLLOW) < 0)
			im->done->missing++;
	}
}

static int import_all(struct importer *im, int fd, const char *name, struct mel_err **err)
{
	uint64_t limit = im->what->max_bytes ? im->what->max_bytes : UINT64_MAX / 4;
	struct mel_tar_entry header;
	int more;

	/* Headers need room as well; content is counted apart. */
	if (mel_cache_archive_open(&im->archive, fd, name, limit * 2 + MEL_CACHE_BILL_MAX_BYTES,
				   false, err) < 0)
		return -1;
	while ((more = mel_tar_reader_next(&im->archive.tar, &header, err)) > 0)
		if (import_entry(im, &header, err) < 0)
			return -1;
	if (more == 0)
		count_missing(im);
	return more;
}

int mel_cache_import(const struct mel_cache_import *what, int fd, const char *name,
		     struct mel_cache_imported *done, struct mel_err **err)
{
	struct mel_buf empty MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	struct importer im = { .what = what,
			       .done = done,
			       .folder = empty,
			       .folder_fd = -1,
			       .chunk = mel_alloc(CHUNK_BYTES),
			       .left = what->max_bytes,
			       .added = empty };
	struct mel_err *late MEL_AUTO_ERR = NULL;
	int r = import_all(&im, fd, name, err);

	syncfs(what->dirfd);
	if (im.added.len &&
	    mel_cache_lines_append(what->state, MEL_CACHE_MANIFEST, im.added.ptr, im.added.len,
				   r < 0 ? &late : err) < 0)
		r = -1;
	mel_cache_archive_close(&im.archive);
	if (im.folder_fd >= 0)
		close(im.folder_fd);
	mel_buf_clear(&im.folder);
	mel_buf_clear(&im.added);
	free(im.chunk);
	return r;
}
