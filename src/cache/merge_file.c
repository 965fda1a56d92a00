/*
 * What happens to one file of a layer: see merge_walk.h. A file with a content-addressed name
 * comes in only when it is what its name says, and takes the place of another one only when
 * that is damaged; of all others the last committer wins.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/slice.h"
#include "cache/archive.h"
#include "cache/check.h"
#include "cache/manifest.h"
#include "cache/merge_walk.h"
#include "codec/stream.h"

enum {
	PIECE_BYTES = 64 * 1024,
	LINK_MAX_BYTES = 4096,
	HOLES_MAX_BYTES = 1 << 30, /* what a file may have more than the disk holds of it */
};

/* A file of the layer and what the cache has in its place. */
struct candidate {
	const struct mel_merge_entry *entry;
	int dirfd; /* of the layer's folder; borrowed */
	int fd;
	int to_dirfd;  /* of the cache's folder, -1: there is none yet; borrowed */
	bool is_there; /* the cache has something of this name */
	int old_fd;    /* it, when it is a regular file that can be read */
	struct stat st, old_st;
};

static void close_candidate(struct candidate *c)
{
	if (c->fd >= 0)
		close(c->fd);
	if (c->old_fd >= 0)
		close(c->old_fd);
}

static struct mel_merge_level *top(struct mel_merge_walk *walk)
{
	return &walk->level.at[walk->level.len - 1];
}

static void open_old(struct candidate *c)
{
	const char *name = c->entry->name;

	if (c->to_dirfd < 0 || fstatat(c->to_dirfd, name, &c->old_st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	c->is_there = true;
	c->old_fd = mel_cache_open_file(c->to_dirfd, name);
	if (c->old_fd >= 0)
		fstat(c->old_fd, &c->old_st);
}

/* 1: the same bytes, 0: others. */
static int compare(const struct candidate *c, struct mel_err **err)
{
	MEL_AUTO_FREE char *piece = NULL;
	struct mel_fd_source a, b;
	ssize_t x, y;

	if (c->old_fd < 0 || c->st.st_size != c->old_st.st_size)
		return 0;
	piece = mel_alloc(2 * (size_t)PIECE_BYTES);
	mel_fd_source_init(&a, c->fd, 0, (uint64_t)c->st.st_size, c->entry->path);
	mel_fd_source_init(&b, c->old_fd, 0, (uint64_t)c->st.st_size, c->entry->path);
	do {
		x = mel_source_read_full(&a.source, piece, PIECE_BYTES, err);
		if (x < 0)
			return -1;
		y = mel_source_read_full(&b.source, piece + PIECE_BYTES, PIECE_BYTES, err);
		if (y < 0)
			return -1;
	} while (x == y && x > 0 && memcmp(piece, piece + PIECE_BYTES, (size_t)x) == 0);
	return x == y && x == 0;
}

/* --- names that say what is in the file --- */

/* The file beside path with another suffix, in the cache or else in the layer; -1: none. */
static int open_sibling(const struct candidate *c, const char *from, const char *to)
{
	size_t len = strlen(c->entry->name) - strlen(from);
	MEL_AUTO_FREE char *name = mel_asprintf("%.*s%s", (int)len, c->entry->name, to);
	int fd = c->to_dirfd < 0 ? -1 : mel_cache_open_file(c->to_dirfd, name);

	return fd >= 0 ? fd : mel_cache_open_file(c->dirfd, name);
}

/* A zip proves itself only together with the hash beside it. */
static int check_zip(const struct candidate *c, int fd, char why[MEL_CACHE_WHY_BYTES],
		     struct mel_err **err)
{
	MEL_AUTO_CLOSE int hash_fd = open_sibling(c, ".zip", ".ziphash");

	if (hash_fd >= 0)
		return mel_cache_object_check_go(fd, c->entry->path, hash_fd, why, err);
	snprintf(why, MEL_CACHE_WHY_BYTES, "there is no hash beside it");
	return 1;
}

/* The other way around; the zip came first, by the order of names. */
static int check_ziphash(const struct candidate *c, int fd, char why[MEL_CACHE_WHY_BYTES],
			 struct mel_err **err)
{
	MEL_AUTO_CLOSE int zip_fd = open_sibling(c, ".ziphash", ".zip");
	MEL_AUTO_FREE char *path = NULL;

	if (zip_fd < 0) {
		snprintf(why, MEL_CACHE_WHY_BYTES, "there is no zip beside it");
		return 1;
	}
	path = mel_strndup(c->entry->path, strlen(c->entry->path) - strlen("hash"));
	return mel_cache_object_check_go(zip_fd, path, fd, why, err);
}

static int check_name(const struct candidate *c, int fd, char why[MEL_CACHE_WHY_BYTES],
		      struct mel_err **err)
{
	switch (c->entry->kind) {
	case MEL_CACHE_GO_ZIP:
		return check_zip(c, fd, why, err);
	case MEL_CACHE_GO_ZIPHASH:
		return check_ziphash(c, fd, why, err);
	default:
		return mel_cache_object_check(fd, c->entry->path, c->entry->kind, why, err);
	}
}

/* --- verdicts --- */

enum verdict { FAILED = -1, DONE, WANTED };

/* The cache has other bytes under a name that says what they are. */
static enum verdict judge_other(struct mel_merge_walk *walk, const struct candidate *c,
				bool is_good, struct mel_err **err)
{
	char why[MEL_CACHE_WHY_BYTES];
	int old = c->old_fd < 0 ? 1 : check_name(c, c->old_fd, why, err);

	if (old < 0)
		return FAILED;
	if (old && is_good && !S_ISDIR(c->old_st.st_mode))
		return WANTED; /* what is there is damaged */
	if (!old && is_good && c->entry->kind == MEL_CACHE_GIT_OBJECT)
		mel_merge_count(walk, c->entry->path)->unchanged++; /* compressed otherwise */
	else
		mel_merge_conflict(walk, c->entry->path,
				   "the build has other content under this name");
	return DONE;
}

static enum verdict judge_addressed(struct mel_merge_walk *walk, const struct candidate *c,
				    struct mel_err **err)
{
	char why[MEL_CACHE_WHY_BYTES];
	int bad = check_name(c, c->fd, why, err);

	if (bad < 0)
		return FAILED;
	if (c->is_there)
		return judge_other(walk, c, !bad, err);
	if (!bad)
		return WANTED;
	mel_merge_refuse(walk, c->entry->path, why);
	return DONE;
}

static enum verdict judge(struct mel_merge_walk *walk, const struct candidate *c,
			  struct mel_err **err)
{
	const char *path = c->entry->path;
	int same = compare(c, err);

	if (same < 0)
		return FAILED;
	if (same) {
		mel_merge_count(walk, path)->unchanged++;
		return DONE;
	}
	if ((uint64_t)c->st.st_size >
	    (uint64_t)c->st.st_blocks * 512 + (uint64_t)HOLES_MAX_BYTES) {
		mel_merge_refuse(walk, path, "a file that is mostly holes");
		return DONE;
	}
	if (mel_cache_kind_is_addressed(c->entry->kind))
		return judge_addressed(walk, c, err);
	if (!c->is_there || !S_ISDIR(c->old_st.st_mode))
		return WANTED;
	mel_merge_conflict(walk, path, "the build made the folder a file");
	return DONE;
}

/* --- into the cache --- */

/* The line of the manifest is written first: a line too many says nothing wrong. */
static int note(const struct mel_merge_walk *walk, const struct candidate *c,
		struct mel_err **err)
{
	struct mel_cache_manifest_line line = { .path = mel_slice_of(c->entry->path) };
	struct mel_buf text MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);

	if (walk->merge->added_fd < 0)
		return 0;
	if (lseek(c->fd, 0, SEEK_SET) < 0 || mel_cache_hash(c->fd, line.sha256, &line.size) < 0)
		return mel_err_sys(err, "cannot read");
	mel_cache_manifest_write(&text, &line);
	if (mel_write_full(walk->merge->added_fd, text.ptr, text.len) < 0)
		return mel_err_sys(err, "cannot write the list of added files");
	return 0;
}

/* Tools trust these without looking at the content again. */
static bool is_synced(enum mel_cache_kind kind)
{
	return kind == MEL_CACHE_OBJECT || kind == MEL_CACHE_GO_ZIP ||
	       kind == MEL_CACHE_GO_ZIPHASH;
}

static int put(struct mel_merge_walk *walk, const struct candidate *c, struct mel_err **err)
{
	struct mel_cache_area_count *count = mel_merge_count(walk, c->entry->path);
	const struct mel_cache_placed placed = { .dirfd = c->dirfd,
						 .name = c->entry->name,
						 .fd = c->fd,
						 .st = &c->st,
						 .is_synced = is_synced(c->entry->kind) };
	int to_dirfd = mel_merge_target(walk, err);

	if (to_dirfd < 0 || note(walk, c, err) < 0 ||
	    mel_cache_place_file(&walk->place, &placed, to_dirfd, err) < 0)
		return -1;
	*(c->is_there ? &count->replaced : &count->added) += 1;
	*(c->is_there ? &count->replaced_bytes : &count->added_bytes) +=
		(uint64_t)c->st.st_size;
	return 0;
}

int mel_merge_file(struct mel_merge_walk *walk, const struct mel_merge_entry *entry,
		   struct mel_err **err)
{
	struct candidate c = { .entry = entry,
			       .dirfd = dirfd(top(walk)->dir),
			       .to_dirfd = top(walk)->to_fd,
			       .old_fd = -1,
			       .st = entry->st };
	enum verdict verdict = DONE;

	c.fd = mel_cache_placed_open(c.dirfd, entry->name, &c.st);
	if (c.fd < 0) {
		mel_merge_refuse(walk, entry->path, "cannot be opened");
		return 0;
	}
	if (mel_merge_has_mark(c.fd, "metacopy")) {
		mel_merge_refuse(walk, entry->path, "its content is not in the layer");
	} else if (mel_merge_has_mark(c.fd, "whiteout")) {
		mel_merge_whiteout(walk, entry);
	} else {
		open_old(&c);
		verdict = judge(walk, &c, err);
	}
	if (verdict == WANTED)
		verdict = put(walk, &c, err) < 0 ? FAILED : DONE;
	close_candidate(&c);
	return verdict == FAILED ? -1 : 0;
}

/* --- symbolic links --- */

int mel_merge_link(struct mel_merge_walk *walk, const struct mel_merge_entry *entry,
		   struct mel_err **err)
{
	char target[LINK_MAX_BYTES], old[LINK_MAX_BYTES];
	ssize_t len = readlinkat(dirfd(top(walk)->dir), entry->name, target, sizeof(target));
	int to_fd;

	if (len < 0 || len == sizeof(target)) {
		mel_merge_refuse(walk, entry->path, "link that cannot be read");
		return 0;
	}
	target[len] = '\0';
	if (!mel_cache_link_stays(entry->path, target)) {
		mel_merge_refuse(walk, entry->path, "link out of its area");
		return 0;
	}
	to_fd = mel_merge_target(walk, err);
	if (to_fd < 0)
		return -1;
	if (symlinkat(target, to_fd, entry->name) == 0) {
		mel_merge_count(walk, entry->path)->added++;
		return 0;
	}
	if (errno != EEXIST)
		return mel_err_sys(err, "cannot make link");
	if (readlinkat(to_fd, entry->name, old, sizeof(old)) == len &&
	    memcmp(old, target, (size_t)len) == 0)
		mel_merge_count(walk, entry->path)->unchanged++;
	else
		mel_merge_conflict(walk, entry->path, "the build made it another link");
	return 0;
}
