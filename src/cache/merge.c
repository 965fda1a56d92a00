/*
 * The walk over a layer: see merge.h. Folders are entered by their descriptors, one level at a
 * time and never deeper than DEPTH_MAX; names are read in portions, so that the memory needed
 * does not depend on what the build made.
 *
 * A folder that the cache does not have is filled under a temporary name beside its place and
 * renamed when all of it is there: other programs never see half of an unpacked module. A
 * process that is killed leaves it behind; since its name follows from the journal and from the
 * folder's own name, the next one goes on filling it.
 */
#include "cache/merge.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/slice.h"
#include "cache/merge_walk.h"
#include "cache/prune.h"
#include "codec/digest.h"

enum {
	DEPTH_MAX = 64, /* components of a path */
	PATH_MAX_BYTES = 4096,
	ENTRIES_MAX = 1000000,
	NAMES_MAX_BYTES = 1 << 20, /* read of a folder at a time */
	WARNED_MAX = 20,           /* warnings per commit: a build could cause any number */
	STAGED_HASH_BYTES = 8,
};

/* --- verdicts --- */

struct mel_cache_area_count *mel_merge_count(struct mel_merge_walk *walk, const char *path)
{
	static struct mel_cache_area_count nobody; /* never read */

	return walk->is_quiet ? &nobody : mel_cache_tally_at(walk->merge->tally, path);
}

static void warn(struct mel_merge_walk *walk, const char *verdict, const char *path,
		 const char *why)
{
	if (walk->is_quiet || walk->warned++ > WARNED_MAX)
		return;
	if (walk->warned > WARNED_MAX)
		mel_log(MEL_LOG_WARN, "cache: further such entries are only counted");
	else
		mel_log(MEL_LOG_WARN, "cache: %s '%s': %s", verdict, path, why);
}

void mel_merge_refuse(struct mel_merge_walk *walk, const char *path, const char *why)
{
	mel_merge_count(walk, path)->refused++;
	warn(walk, "refused", path, why);
}

void mel_merge_conflict(struct mel_merge_walk *walk, const char *path, const char *why)
{
	mel_merge_count(walk, path)->conflicts++;
	warn(walk, "kept", path, why);
}

/* --- names of a folder --- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void clear_names(struct mel_merge_names *names)
{
	for (size_t i = names->next; i < names->name.len; i++)
		free(names->name.at[i]);
	mel_vec_clear(&names->name);
	names->next = names->bytes = 0;
}

/* The next portion; entries that were renamed away meanwhile do no harm. */
static int read_names(struct mel_merge_level *level)
{
	struct mel_merge_names *names = &level->names;
	struct dirent *entry;

	clear_names(names);
	errno = 0;
	while (names->bytes < NAMES_MAX_BYTES && (entry = readdir(level->dir))) {
		if (mel_text_eq(entry->d_name, ".") || mel_text_eq(entry->d_name, ".."))
			continue;
		mel_vec_push(&names->name, mel_strdup(entry->d_name));
		names->bytes += sizeof(char *) + strlen(entry->d_name) + 1;
	}
	names->is_last = names->bytes < NAMES_MAX_BYTES;
	if (names->name.len)
		qsort(names->name.at, names->name.len, sizeof(char *), by_text);
	return errno ? -1 : 0;
}

/* Owned by the caller; NULL at the end. -1 (errno). */
static int next_name(struct mel_merge_level *level, char **name)
{
	struct mel_merge_names *names = &level->names;

	*name = NULL;
	if (names->next == names->name.len && !names->is_last && read_names(level) < 0)
		return -1;
	if (names->next < names->name.len)
		*name = names->name.at[names->next++];
	return 0;
}

/* --- levels --- */

static struct mel_merge_level *top(struct mel_merge_walk *walk)
{
	return &walk->level.at[walk->level.len - 1];
}

static void clear_level(struct mel_merge_level *level)
{
	if (level->dir)
		closedir(level->dir);
	if (level->to_fd >= 0)
		close(level->to_fd);
	clear_names(&level->names);
	free(level->name);
	free(level->staged);
}

/* A copy that a killed process left half. */
static void drop_leftover(const struct mel_merge_walk *walk, int to_fd)
{
	if (walk->merge->is_recovery && to_fd >= 0)
		unlinkat(to_fd, walk->place.temp, 0);
}

/* Takes the two descriptors. */
static int push_level(struct mel_merge_walk *walk, int fd, int to_fd, const char *name,
		      mode_t mode, struct mel_err **err)
{
	struct mel_merge_level level = { .to_fd = to_fd,
					 .name = mel_strdup(name),
					 .path_len = walk->path.len,
					 .mode = mel_cache_place_mode(mode) };

	drop_leftover(walk, to_fd);
	level.dir = fdopendir(fd);
	if (!level.dir) {
		mel_err_sys(err, "cannot read folder '%s'", mel_buf_text(&walk->path));
		close(fd);
		clear_level(&level);
		return -1;
	}
	mel_vec_push(&walk->level, level);
	return 0;
}

/* The temporary name of a folder that is being filled. */
static char *staged_name(const struct mel_merge_walk *walk, const char *name)
{
	unsigned char digest[MEL_SHA256_BYTES];
	char hex[2 * STAGED_HASH_BYTES + 1];

	mel_digest_of(MEL_SHA256, mel_slice_of(name), digest);
	mel_hex(hex, digest, STAGED_HASH_BYTES);
	return mel_asprintf("%s-%s", walk->place.temp, hex);
}

static int open_folder(int dirfd, const char *name)
{
	return mel_openat_beneath(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
}

/* Make the folder of level, or go on with the one that a killed process left. */
static int make_folder(struct mel_merge_walk *walk, struct mel_merge_level *level, int parent,
		       bool is_private, struct mel_err **err)
{
	const char *name = level->name;

	if (!is_private)
		name = level->staged = staged_name(walk, level->name);
	if (mkdirat(parent, name, level->mode) < 0 && errno != EEXIST)
		return mel_err_sys(err, "cannot make folder");
	level->to_fd = open_folder(parent, name);
	/* The mode may have been cut by the umask. */
	if (level->to_fd < 0 || fchmod(level->to_fd, level->mode) < 0)
		return mel_err_sys(err, "cannot make folder");
	drop_leftover(walk, level->to_fd);
	return 0;
}

int mel_merge_target(struct mel_merge_walk *walk, struct mel_err **err)
{
	size_t first = walk->level.len - 1;
	bool is_private = false; /* something above is not in its place yet */

	while (walk->level.at[first].to_fd < 0)
		first--;
	for (size_t i = 0; i <= first; i++)
		is_private = is_private || walk->level.at[i].staged;
	for (size_t i = first + 1; i < walk->level.len; i++) {
		if (make_folder(walk, &walk->level.at[i], walk->level.at[i - 1].to_fd,
				is_private, err) < 0)
			return -1;
		is_private = true;
	}
	return top(walk)->to_fd;
}

/* --- folders that are new to the cache --- */

static int merge_tree(const struct mel_merge_walk *outer, int fd, int to_fd, size_t path_len,
		      struct mel_err **err);

/* Put what lies in the folder temp into the folder name beside it, and remove the rest. */
static int merge_beside(struct mel_merge_walk *walk, int parent, const char *temp,
			const char *name, struct mel_err **err)
{
	int from = open_folder(parent, temp), to = open_folder(parent, name);

	if (from >= 0 && to >= 0)
		/* Takes both. */
		return merge_tree(walk, from, to, walk->path.len, err) < 0
			       ? -1
			       : mel_rmtree(parent, temp, err);
	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	/* Something that is no folder took its place: what was made is dropped. */
	return mel_rmtree(parent, temp, err);
}

/* All of it is there: it gets its name. */
static int publish_folder(struct mel_merge_walk *walk, struct mel_merge_level *level,
			  struct mel_err **err)
{
	int parent = walk->level.at[walk->level.len - 2].to_fd;

	if (renameat2(parent, level->staged, parent, level->name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno == EINVAL && renameat(parent, level->staged, parent, level->name) == 0)
		return 0;
	/* Another program made one meanwhile. */
	if (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR)
		return merge_beside(walk, parent, level->staged, level->name, err);
	return mel_err_sys(err, "cannot rename folder");
}

static int leave_level(struct mel_merge_walk *walk, struct mel_err **err)
{
	struct mel_merge_level *level = top(walk);
	int r;

	mel_buf_truncate(&walk->path, level->path_len);
	r = level->staged ? publish_folder(walk, level, err) : 0;
	clear_level(level);
	walk->level.len--;
	return r;
}

/* Give up: no unfinished folder stays. */
static void abandon(struct mel_merge_walk *walk)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;

	while (walk->level.len) {
		struct mel_merge_level *level = top(walk);

		if (level->staged)
			mel_rmtree(level[-1].to_fd, level->staged, &err);
		clear_level(level);
		walk->level.len--;
	}
	mel_vec_clear(&walk->level);
	mel_buf_clear(&walk->path);
}

/* --- entries --- */

bool mel_merge_has_mark(int fd, const char *attribute)
{
	static const char *const prefix[] = { "user.overlay.", "trusted.overlay." };
	char name[64], value[8];

	for (size_t i = 0; i < MEL_COUNTOF(prefix); i++) {
		snprintf(name, sizeof(name), "%s%s", prefix[i], attribute);
		if (fgetxattr(fd, name, value, sizeof(value)) >= 0)
			return true;
	}
	return false;
}

/* The build hid all that the cache has in this folder. */
static void prune_opaque(struct mel_merge_walk *walk, int fd, int to_fd, const char *path)
{
	const struct mel_cache_journal *journal = walk->merge->journal;

	if (!journal->apply_deletes || journal->verified_only || to_fd < 0 ||
	    !mel_merge_has_mark(fd, "opaque"))
		return;
	mel_cache_prune_others(to_fd, fd, &journal->since,
			       &mel_merge_count(walk, path)->deleted);
}

/*
 * Had a process that was killed begun to fill a folder of this name? 1: it is to go on being
 * filled, 0: there is none (any more), since what took its place has got it.
 */
static int find_leftover(struct mel_merge_walk *walk, const char *name, int to_fd,
			 struct mel_err **err)
{
	MEL_AUTO_FREE char *staged = staged_name(walk, name);
	int parent = top(walk)->to_fd;
	struct stat st;

	if (fstatat(parent, staged, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (to_fd < 0 && fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 1;
	return merge_beside(walk, parent, staged, name, err);
}

/* The folder of the cache, where we may make entries even if a tool has forbidden it. */
static int open_target(int dirfd, const char *name)
{
	int fd = open_folder(dirfd, name);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & S_IRWXU) != S_IRWXU)
		(void)!fchmod(fd, (st.st_mode & 07777) | S_IRWXU);
	return fd;
}

/* The folder of the layer and that of the cache (-1) are open: both are taken. */
static int enter_both(struct mel_merge_walk *walk, const struct mel_merge_entry *entry, int fd,
		      int to_fd, struct mel_err **err)
{
	bool is_lazy = walk->merge->journal->verified_only;
	int leftover = 0;

	if (walk->merge->is_recovery && top(walk)->to_fd >= 0)
		leftover = find_leftover(walk, entry->name, to_fd, err);
	if (leftover < 0) {
		close(fd);
		if (to_fd >= 0)
			close(to_fd);
		return -1;
	}
	prune_opaque(walk, fd, to_fd, entry->path);
	if (push_level(walk, fd, to_fd, entry->name, entry->st.st_mode, err) < 0)
		return -1;
	/* A policy may want nothing of it; otherwise even an empty folder is made. */
	return is_lazy && leftover == 0 ? 0 : mel_merge_target(walk, err) < 0 ? -1 : 0;
}

static int enter(struct mel_merge_walk *walk, struct mel_merge_entry *entry,
		 struct mel_err **err)
{
	struct mel_merge_level *level = top(walk);
	int to_fd = level->to_fd < 0 ? -1 : open_target(level->to_fd, entry->name);
	int fd;

	if (to_fd < 0 && level->to_fd >= 0 && errno != ENOENT) {
		mel_merge_conflict(walk, entry->path,
				   errno == EACCES ? "cannot be opened"
						   : "the build made it a folder");
		return walk->merge->is_recovery ? find_leftover(walk, entry->name, -1, err) : 0;
	}
	fd = mel_cache_placed_open(dirfd(level->dir), entry->name, &entry->st);
	if (fd >= 0)
		return enter_both(walk, entry, fd, to_fd, err);
	mel_merge_refuse(walk, entry->path, "folder that cannot be opened");
	if (to_fd >= 0)
		close(to_fd);
	return 0;
}

void mel_merge_whiteout(struct mel_merge_walk *walk, const struct mel_merge_entry *entry)
{
	const struct mel_cache_journal *journal = walk->merge->journal;

	if (journal->apply_deletes && !journal->verified_only && top(walk)->to_fd >= 0)
		mel_cache_prune(top(walk)->to_fd, entry->name, &journal->since,
				&mel_merge_count(walk, entry->path)->deleted);
}

static bool has_control(const char *name)
{
	for (; *name; name++)
		if ((unsigned char)*name < 0x20 || *name == 0x7f)
			return true;
	return false;
}

/* Why an entry is refused whatever it is, or NULL. */
static const char *bad_name(const struct mel_merge_walk *walk, const char *name)
{
	if (has_control(name))
		return "name with control characters";
	if (walk->level.len > DEPTH_MAX)
		return "more than 64 folders deep";
	return walk->path.len > PATH_MAX_BYTES ? "path longer than 4096 bytes" : NULL;
}

static int by_type(struct mel_merge_walk *walk, struct mel_merge_entry *entry,
		   struct mel_err **err)
{
	bool is_wanted = !walk->merge->journal->verified_only ||
			 mel_cache_kind_is_addressed(entry->kind);

	switch (entry->st.st_mode & S_IFMT) {
	case S_IFDIR:
		if (!mel_cache_kind_is_addressed(entry->kind))
			return enter(walk, entry, err);
		break;
	case S_IFREG:
		if (is_wanted)
			return mel_merge_file(walk, entry, err);
		mel_merge_count(walk, entry->path)->skipped++;
		return 0;
	case S_IFLNK:
		if (!mel_cache_kind_is_addressed(entry->kind) && is_wanted)
			return mel_merge_link(walk, entry, err);
		if (is_wanted)
			break;
		mel_merge_count(walk, entry->path)->skipped++;
		return 0;
	case S_IFCHR:
		if (entry->st.st_rdev != 0)
			break;
		mel_merge_whiteout(walk, entry);
		return 0;
	}
	mel_merge_refuse(walk, entry->path,
			 S_ISDIR(entry->st.st_mode) || S_ISLNK(entry->st.st_mode)
				 ? "no regular file"
				 : "device, FIFO or socket");
	return 0;
}

static int merge_entry(struct mel_merge_walk *walk, const char *name, struct mel_err **err)
{
	struct mel_merge_entry entry = { .name = name, .path = mel_buf_text(&walk->path) };
	const char *why = bad_name(walk, name);

	if (fstatat(dirfd(top(walk)->dir), name, &entry.st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : mel_err_sys(err, "cannot read");
	if (why) {
		mel_merge_refuse(walk, entry.path, why);
		return 0;
	}
	entry.kind = mel_cache_kind_of(entry.path);
	if (entry.kind == MEL_CACHE_VOLATILE) {
		if (!S_ISCHR(entry.st.st_mode))
			mel_merge_count(walk, entry.path)->skipped++;
		return 0;
	}
	return by_type(walk, &entry, err);
}

static int run(struct mel_merge_walk *walk, struct mel_err **err)
{
	while (walk->level.len) {
		MEL_AUTO_FREE char *name = NULL;

		if (next_name(top(walk), &name) < 0)
			return mel_err_sys(err, "cannot read folder '%s'",
					   mel_buf_text(&walk->path));
		if (name && ++walk->entries > ENTRIES_MAX) {
			mel_merge_refuse(walk, mel_buf_text(&walk->path),
					 "the build made more than 1000000 entries");
			return 0; /* what is unfinished goes */
		}
		if (!name) {
			if (leave_level(walk, err) < 0)
				return mel_err_wrap(err, "cache '%s'",
						    mel_buf_text(&walk->path));
			continue;
		}
		mel_buf_truncate(&walk->path, top(walk)->path_len);
		mel_buf_printf(&walk->path, "%s%s", walk->path.len ? "/" : "", name);
		if (merge_entry(walk, name, err) < 0)
			return mel_err_wrap(err, "cache '%s'", mel_buf_text(&walk->path));
	}
	return 0;
}

/* Takes the two descriptors. */
static int merge_tree(const struct mel_merge_walk *outer, int fd, int to_fd, size_t path_len,
		      struct mel_err **err)
{
	struct mel_merge_walk walk = { .merge = outer->merge,
				       .place = outer->place,
				       .is_quiet = path_len > 0,
				       .path = MEL_BUF_INIT(MEL_BUF_NO_LIMIT) };
	int r;

	mel_buf_add(&walk.path, mel_buf_text(&outer->path), path_len);
	r = push_level(&walk, fd, to_fd, "", 0700, err);
	if (r == 0)
		r = run(&walk, err);
	abandon(&walk);
	return r;
}

int mel_cache_merge(const struct mel_cache_merge *merge, int upper_fd, struct mel_err **err)
{
	const struct mel_merge_walk outer = { .merge = merge,
					      .place = { .temp = merge->journal->temp },
					      .path = MEL_BUF_INIT(MEL_BUF_NO_LIMIT) };
	int fd = mel_openat_beneath(upper_fd, ".", O_RDONLY | O_DIRECTORY, 0);
	int to_fd = mel_openat_beneath(merge->cache_dirfd, ".", O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0 || to_fd < 0) {
		mel_err_sys(err, "cannot open the layer and the cache directory");
		if (fd >= 0)
			close(fd);
		if (to_fd >= 0)
			close(to_fd);
		return -1;
	}
	return merge_tree(&outer, fd, to_fd, 0, err);
}
