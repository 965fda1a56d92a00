/*
 * Listing of a package directory: see tree.h. One directory is open at a time: the way down is
 * by name, the way back by "..", checked by inode, so depth costs neither descriptors nor
 * stack.
 */
#include "analyse/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "analyse/xattr.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/slice.h"
#include "base/vec.h"

enum {
	DIR_BYTES = 4096, /* what a directory counts in the installed size */
	MAX_LINKS = 40,   /* as the kernel: path_resolution(7) */
	TARGET_BYTES = 4096,
	XATTR_BYTES = 65536, /* XATTR_SIZE_MAX, XATTR_LIST_MAX */
};

/* A directory on the way from the top to the place of the walk. */
struct level {
	size_t index; /* of its entry; MEL_TREE_NONE for the top */
	dev_t dev;
	ino_t ino;
	bool is_lifted; /* mode must be put back */
	mode_t mode;
	char *name; /* owned: all names, each with its NUL */
	const char **sorted;
	size_t name_len, at;
};

struct walk {
	struct mel_tree *tree;
	const struct mel_tree_opts *opts;
	MEL_VEC(struct mel_tree_entry) entry;
	MEL_VEC(struct level) level;
	MEL_VEC(size_t) linked; /* files with more than one name */
	int fd;                 /* of the last level */
	size_t seen;            /* names read so far */
	char *scratch;          /* XATTR_BYTES twice: names, a value; also directory records */
};

/* The name by which the kernel lets us reach an open file, O_PATH ones too. */
struct fd_path {
	char text[sizeof("/proc/self/fd/") + 12 + NAME_MAX];
};

static struct fd_path fd_path(int fd, const char *name)
{
	struct fd_path path;

	snprintf(path.text, sizeof(path.text), "/proc/self/fd/%d%s%.255s", fd, name ? "/" : "",
		 name ? name : "");
	return path;
}

/* Add permission bits to a file of ours for a moment. 1: done, undo with fd_chmod(fd, *old). */
static int lift(int fd, mode_t bits, mode_t *old)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -1;
	*old = st.st_mode & 07777;
	if (st.st_uid != geteuid() || (st.st_mode & bits) == bits)
		return 0;
	return chmod(fd_path(fd, NULL).text, *old | bits) < 0 ? 0 : 1;
}

static void fd_chmod(int fd, mode_t mode)
{
	if (chmod(fd_path(fd, NULL).text, mode) < 0) {
		/* The mode that counts is in the listing. */
	}
}

static const char *level_path(const struct walk *w)
{
	size_t index = w->level.len ? w->level.at[w->level.len - 1].index : MEL_TREE_NONE;

	return index == MEL_TREE_NONE ? "" : w->entry.at[index].path;
}

/* "dir/name" in the tree's arena. */
static const char *join_path(struct walk *w, const char *name, struct mel_err **err)
{
	const char *dir = level_path(w);
	size_t dir_len = strlen(dir), len = strlen(name);

	if (dir_len + 1 + len > MEL_TREE_MAX_PATH_BYTES) {
		mel_err_set(err, MEL_ERR_LIMIT, "path of more than %d bytes in the package",
			    MEL_TREE_MAX_PATH_BYTES);
		return NULL;
	}
	if (w->tree->arena.used > MEL_TREE_MAX_TEXT_BYTES) {
		mel_err_set(err, MEL_ERR_LIMIT, "names of more than %d bytes in the package",
			    MEL_TREE_MAX_TEXT_BYTES);
		return NULL;
	}

	char *path = mel_arena_alloc(&w->tree->arena, dir_len + 1 + len + 1), *p = path;

	if (dir_len) {
		memcpy(p, dir, dir_len);
		p += dir_len;
		*p++ = '/';
	}
	memcpy(p, name, len + 1);
	return path;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Read the names of the directory w->fd into level, sorted. */
static int read_names(struct walk *w, struct level *level, struct mel_err **err)
{
	struct mel_buf names MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	ssize_t got;

	while ((got = getdents64(w->fd, w->scratch, 2 * (size_t)XATTR_BYTES)) > 0) {
		for (ssize_t at = 0; at < got;) {
			const struct dirent64 *record = (const void *)(w->scratch + at);

			at += record->d_reclen;
			if (mel_text_eq(record->d_name, ".") ||
			    mel_text_eq(record->d_name, ".."))
				continue;
			if (++w->seen > MEL_TREE_MAX_ENTRIES)
				return mel_err_set(err, MEL_ERR_LIMIT,
						   "more than %d files in the package",
						   MEL_TREE_MAX_ENTRIES);
			mel_buf_add(&names, record->d_name, strlen(record->d_name) + 1);
			level->name_len++;
		}
	}
	if (got < 0)
		return mel_err_sys(err, "cannot list '%s' of the package", level_path(w));
	level->name = mel_buf_steal(&names, NULL);
	level->sorted = mel_realloc(NULL, level->name_len + 1, sizeof(*level->sorted));

	const char *name = level->name;

	for (size_t i = 0; i < level->name_len; i++, name += strlen(name) + 1)
		level->sorted[i] = name;
	qsort(level->sorted, level->name_len, sizeof(*level->sorted), compare_names);
	return 0;
}

/* Make the directory fd (taken), which is entry index, the last level. */
static int push_level(struct walk *w, int fd, size_t index, struct level *level,
		      struct mel_err **err)
{
	close(w->fd);
	w->fd = fd;
	level->index = index;
	mel_vec_push(&w->level, *level);
	return read_names(w, &w->level.at[w->level.len - 1], err);
}

/* Leave the last level for the one above it. */
static int pop_level(struct walk *w, struct mel_err **err)
{
	struct level level = w->level.at[--w->level.len];
	const struct level *up = w->level.len ? &w->level.at[w->level.len - 1] : NULL;
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
	int fd = up ? mel_openat(w->fd, "..", flags, 0) : -1, errnum = errno;
	struct stat st;

	free(level.name);
	free(level.sorted);
	if (level.is_lifted)
		fd_chmod(w->fd, level.mode);
	close(w->fd);
	w->fd = fd;
	if (!up)
		return 0;
	if (fd < 0) {
		errno = errnum;
		return mel_err_sys(err, "cannot go back to '%s' of the package", level_path(w));
	}
	if (fstat(fd, &st) < 0 || st.st_dev != up->dev || st.st_ino != up->ino)
		return mel_err_set(err, MEL_ERR_INPUT,
				   "'%s' of the package moved while it was listed",
				   level_path(w));
	return 0;
}

/* Open the directory name of the last level, lifting its permissions if needed. */
static int enter(struct walk *w, const char *name, size_t index, struct mel_err **err)
{
	const struct mel_tree_entry *entry = &w->entry.at[index];
	MEL_AUTO_CLOSE int at =
		mel_openat_beneath(w->fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	struct level level = { .dev = entry->dev, .ino = entry->ino };
	struct stat st;

	if (at < 0 || fstat(at, &st) < 0)
		return mel_err_sys(err, "cannot open directory '%s' of the package",
				   entry->path);
	if (st.st_dev != entry->dev || st.st_ino != entry->ino)
		return mel_err_set(err, MEL_ERR_INPUT,
				   "'%s' of the package changed while it was listed",
				   entry->path);
	level.is_lifted = lift(at, 0500, &level.mode) == 1;

	int fd = mel_openat(at, ".", O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0) {
		mel_err_sys(err, "cannot open directory '%s' of the package", entry->path);
		if (level.is_lifted)
			fd_chmod(at, level.mode);
		return -1;
	}
	return push_level(w, fd, index, &level, err);
}

/* One attribute of path into out; 0 if it is gone, 1 if it is there. */
static int read_xattr(struct walk *w, const char *path, const char *name,
		      const struct mel_tree_entry *entry, struct mel_tree_xattr *out,
		      struct mel_err **err)
{
	char *value = w->scratch + XATTR_BYTES;
	ssize_t len = lgetxattr(path, name, value, XATTR_BYTES);

	if (len < 0 && errno == EACCES && entry->uid == geteuid() &&
	    chmod(path, entry->mode | 0400) == 0) {
		len = lgetxattr(path, name, value, XATTR_BYTES);

		int errnum = errno;

		if (chmod(path, entry->mode) < 0) {
			/* The mode that counts is in the listing. */
		}
		errno = errnum;
	}
	if (len < 0)
		return errno == ENODATA ? 0
					: mel_err_sys(err, "cannot read attribute '%s' of '%s'",
						      name, entry->path);

	unsigned char form[MEL_CAPS_BYTES];
	struct mel_caps caps;
	bool is_caps = mel_text_eq(name, "security.capability");

	if (is_caps) {
		const struct mel_tree_opts *opts = w->opts;

		if (mel_caps_parse(&caps, value, (size_t)len, err) < 0)
			return mel_err_wrap(err, "'%s'", entry->path);
		if (opts && opts->is_guest_root
			    ? !opts->is_guest_root(opts->user, caps.root_id)
			    : caps.root_id != 0 && caps.root_id != geteuid())
			return mel_err_set(err, MEL_ERR_INPUT,
					   "file capabilities of '%s' belong to another user "
					   "namespace (root is uid %u)",
					   entry->path, caps.root_id);
		mel_caps_format(&caps, form);
		len = sizeof(form);
	}

	void *copy = mel_arena_alloc(&w->tree->arena, (size_t)len + 1);

	memcpy(copy, is_caps ? (const void *)form : value, (size_t)len);
	*out = (struct mel_tree_xattr){ mel_arena_strdup(&w->tree->arena, name), copy,
					(size_t)len };
	return 1;
}

static int compare_xattrs(const void *a, const void *b)
{
	return strcmp(((const struct mel_tree_xattr *)a)->name,
		      ((const struct mel_tree_xattr *)b)->name);
}

/* Attributes of the last level's entry name (no symbolic link). */
static int read_xattrs(struct walk *w, const char *name, struct mel_tree_entry *entry,
		       struct mel_err **err)
{
	struct fd_path path = fd_path(w->fd, name);
	ssize_t len = llistxattr(path.text, w->scratch, XATTR_BYTES);
	MEL_VEC(struct mel_tree_xattr) found = { 0 };
	int result = 0;

	if (len < 0)
		return errno == ENOTSUP ? 0
					: mel_err_sys(err, "cannot list attributes of '%s'",
						      entry->path);
	for (ssize_t at = 0; at < len && result >= 0;) {
		const char *attr = w->scratch + at;
		struct mel_tree_xattr one;

		at += (ssize_t)strlen(attr) + 1;
		if (mel_xattr_is_dropped(attr))
			continue;
		result = read_xattr(w, path.text, attr, entry, &one, err);
		if (result > 0)
			mel_vec_push(&found, one);
	}
	if (result >= 0 && found.len) {
		qsort(found.at, found.len, sizeof(*found.at), compare_xattrs);

		struct mel_tree_xattr *copy =
			mel_arena_array(&w->tree->arena, found.len, sizeof(*copy));

		memcpy(copy, found.at, found.len * sizeof(*copy));
		entry->xattr = copy;
		entry->xattr_len = found.len;
	}
	mel_vec_clear(&found);
	return result < 0 ? -1 : 0;
}

static int read_target(struct walk *w, const char *name, struct mel_tree_entry *entry,
		       struct mel_err **err)
{
	ssize_t len = readlinkat(w->fd, name, w->scratch, TARGET_BYTES);

	if (len < 0)
		return mel_err_sys(err, "cannot read link '%s'", entry->path);
	entry->target = mel_arena_strndup(&w->tree->arena, w->scratch, (size_t)len);
	entry->size_bytes = (uint64_t)len;
	return 0;
}

/* What each type of inode becomes; flag: the permission it needs, 0 for none. */
static const struct {
	mode_t format;
	enum mel_tree_type type;
	unsigned flag;
	const char *name;
} kinds[] = {
	{ S_IFDIR, MEL_TREE_DIR, 0, "directory" },
	{ S_IFREG, MEL_TREE_FILE, 0, "file" },
	{ S_IFLNK, MEL_TREE_LINK, 0, "link" },
	{ S_IFIFO, MEL_TREE_FIFO, MEL_TREE_ALLOW_FIFO, "named pipe" },
	{ S_IFCHR, MEL_TREE_CHAR, MEL_TREE_ALLOW_DEVICE, "character device" },
	{ S_IFBLK, MEL_TREE_BLOCK, MEL_TREE_ALLOW_DEVICE, "block device" },
	{ S_IFSOCK, MEL_TREE_FIFO, ~0U, "socket" },
};

static int set_type(const struct walk *w, struct mel_tree_entry *entry, mode_t mode,
		    struct mel_err **err)
{
	unsigned flags = w->opts ? w->opts->flags : 0;

	for (size_t i = 0; i < MEL_COUNTOF(kinds); i++) {
		if ((mode & S_IFMT) != kinds[i].format)
			continue;
		if ((kinds[i].flag & flags) != kinds[i].flag)
			return mel_err_set(err, MEL_ERR_INPUT,
					   "'%s' is a %s, which a package cannot hold",
					   entry->path, kinds[i].name);
		entry->type = kinds[i].type;
		return 0;
	}
	return mel_err_set(err, MEL_ERR_INPUT, "'%s' is of an unknown file type", entry->path);
}

/* The listing entry of the last level's name, all but its inside. */
static int read_entry(struct walk *w, const char *name, struct mel_tree_entry *entry,
		      struct mel_err **err)
{
	struct stat st;

	*entry = (struct mel_tree_entry){ .path = join_path(w, name, err) };
	if (!entry->path)
		return -1;
	if (fstatat(w->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return mel_err_sys(err, "cannot examine '%s' of the package", entry->path);
	if (set_type(w, entry, st.st_mode, err) < 0)
		return -1;
	entry->mode = st.st_mode & 07777;
	if (w->opts && w->opts->true_mode)
		entry->mode = w->opts->true_mode(w->opts->user, entry->path, entry->mode);
	entry->uid = st.st_uid;
	entry->gid = st.st_gid;
	entry->dev = st.st_dev;
	entry->ino = st.st_ino;
	entry->nlink = st.st_nlink;
	entry->leader = w->entry.len;
	entry->parent = w->level.at[w->level.len - 1].index;
	if (entry->type == MEL_TREE_FILE)
		entry->size_bytes = (uint64_t)st.st_size;
	if (entry->type == MEL_TREE_CHAR || entry->type == MEL_TREE_BLOCK)
		entry->rdev = st.st_rdev;
	if (entry->type == MEL_TREE_LINK) {
		entry->mode = 0777;
		return read_target(w, name, entry, err);
	}
	return read_xattrs(w, name, entry, err);
}

static int add_size(struct mel_tree *tree, const struct mel_tree_entry *entry,
		    struct mel_err **err)
{
	uint64_t bytes = entry->type == MEL_TREE_DIR ? DIR_BYTES : entry->size_bytes;

	if (__builtin_add_overflow(tree->size_bytes, bytes, &tree->size_bytes))
		return mel_err_set(err, MEL_ERR_LIMIT, "files of more than 2^64 bytes in all");
	return 0;
}

/* Take the next name of the last level. */
static int step(struct walk *w, struct mel_err **err)
{
	struct level *level = &w->level.at[w->level.len - 1];
	struct mel_tree_entry entry;

	if (level->at == level->name_len)
		return pop_level(w, err);

	const char *name = level->sorted[level->at++];

	if (read_entry(w, name, &entry, err) < 0 || add_size(w->tree, &entry, err) < 0)
		return -1;
	mel_vec_push(&w->entry, entry);
	if (entry.type == MEL_TREE_FILE && entry.nlink > 1)
		mel_vec_push(&w->linked, entry.leader);
	if (entry.type == MEL_TREE_DIR)
		return enter(w, name, entry.leader, err);
	return 0;
}

static int compare_inodes(const void *a, const void *b, void *entries)
{
	size_t ia = *(const size_t *)a, ib = *(const size_t *)b;
	const struct mel_tree_entry *ea = (struct mel_tree_entry *)entries + ia;
	const struct mel_tree_entry *eb = (struct mel_tree_entry *)entries + ib;

	if (ea->dev != eb->dev)
		return ea->dev < eb->dev ? -1 : 1;
	if (ea->ino != eb->ino)
		return ea->ino < eb->ino ? -1 : 1;
	return ia < ib ? -1 : ia > ib;
}

/* The first name of each inode leads the others. */
static void set_leaders(struct walk *w)
{
	if (!w->linked.len)
		return;
	qsort_r(w->linked.at, w->linked.len, sizeof(*w->linked.at), compare_inodes,
		w->entry.at);
	for (size_t i = 1; i < w->linked.len; i++) {
		const struct mel_tree_entry *before = &w->entry.at[w->linked.at[i - 1]];
		struct mel_tree_entry *entry = &w->entry.at[w->linked.at[i]];

		if (entry->dev == before->dev && entry->ino == before->ino)
			entry->leader = before->leader;
	}
}

/* Start at the top: its own fd is kept in the tree, the walk has another. */
static int enter_top(struct walk *w, int dirfd, struct mel_err **err)
{
	struct level level = { 0 };
	struct stat st;

	w->tree->dirfd = fcntl(dirfd, F_DUPFD_CLOEXEC, 0);
	if (w->tree->dirfd < 0 || fstat(dirfd, &st) < 0)
		return mel_err_sys(err, "cannot open the package directory");
	level.dev = st.st_dev;
	level.ino = st.st_ino;
	level.is_lifted = lift(dirfd, 0500, &level.mode) == 1;

	int fd = mel_openat(dirfd, ".", O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0) {
		mel_err_sys(err, "cannot open the package directory");
		if (level.is_lifted)
			fd_chmod(dirfd, level.mode);
		return -1;
	}
	w->tree->size_bytes = DIR_BYTES;
	return push_level(w, fd, MEL_TREE_NONE, &level, err);
}

int mel_tree_scan(struct mel_tree *out, int dirfd, const struct mel_tree_opts *opts,
		  struct mel_err **err)
{
	struct walk w = { .tree = out, .opts = opts, .fd = -1 };

	*out = (struct mel_tree)MEL_TREE_INIT;
	w.scratch = mel_alloc(2 * (size_t)XATTR_BYTES);

	int result = enter_top(&w, dirfd, err);

	while (result == 0 && w.level.len)
		result = step(&w, err);
	/* After a failure: back up, so that lifted permissions are put back. */
	while (w.level.len) {
		struct mel_err *ignored MEL_AUTO_ERR = NULL;

		if (pop_level(&w, &ignored) < 0) {
			/* the first error is the one to tell */
		}
	}
	if (w.fd >= 0)
		close(w.fd);
	set_leaders(&w);
	out->entry = w.entry.at;
	out->entry_len = w.entry.len;
	for (size_t i = 0; result == 0 && i < out->entry_len; i++)
		mel_map_set(&out->by_path, out->entry[i].path, &out->entry[i]);
	mel_vec_clear(&w.level);
	mel_vec_clear(&w.linked);
	free(w.scratch);
	if (result < 0)
		mel_tree_clear(out);
	return result;
}

/* O_PATH fd of name in the directory at, with search permission lifted if needed. */
static int open_name(int at, const char *name)
{
	int flags = O_PATH | O_NOFOLLOW;
	int fd = mel_openat(at, name, flags, 0);
	mode_t mode;

	if (fd < 0 && errno == EACCES && lift(at, 0500, &mode) == 1) {
		fd = mel_openat(at, name, flags, 0);

		int errnum = errno;

		fd_chmod(at, mode);
		errno = errnum;
	}
	return fd;
}

/* The way for files that are not simply open to us: part by part. */
static int open_hard(int dirfd, const char *path)
{
	MEL_AUTO_CLOSE int at = fcntl(dirfd, F_DUPFD_CLOEXEC, 0);
	struct mel_slice rest = mel_slice_of(path), part;
	char name[NAME_MAX + 1];
	mode_t mode;

	while (at >= 0 && mel_slice_next(&rest, '/', &part)) {
		if (part.len > NAME_MAX) {
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(name, part.ptr, part.len);
		name[part.len] = '\0';

		int next = open_name(at, name);

		close(at);
		at = next;
	}
	if (at < 0)
		return -1;

	/* The kernel refuses to open a link here, and the caller everything but files. */
	int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int fd = open(fd_path(at, NULL).text, flags);

	if (fd < 0 && errno == EACCES && lift(at, 0400, &mode) == 1) {
		fd = open(fd_path(at, NULL).text, flags);

		int errnum = errno;

		fd_chmod(at, mode);
		errno = errnum;
	}
	return fd;
}

int mel_tree_open(const struct mel_tree *tree, size_t index, struct mel_err **err)
{
	const struct mel_tree_entry *entry = &tree->entry[index];
	MEL_AUTO_CLOSE int fd = mel_openat_beneath(
		tree->dirfd, entry->path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY, 0);
	struct stat st;

	if (fd < 0 && (errno == EACCES || errno == ENAMETOOLONG))
		fd = open_hard(tree->dirfd, entry->path);
	if (fd < 0 || fstat(fd, &st) < 0)
		return mel_err_sys(err, "cannot open '%s' of the package", entry->path);
	if (!S_ISREG(st.st_mode) || st.st_dev != entry->dev || st.st_ino != entry->ino ||
	    (uint64_t)st.st_size != entry->size_bytes)
		return mel_err_set(err, MEL_ERR_INPUT,
				   "'%s' of the package changed after it was listed",
				   entry->path);
	return mel_steal_fd(&fd);
}

size_t mel_tree_find(const struct mel_tree *tree, const char *path)
{
	const struct mel_tree_entry *entry = mel_map_get(&tree->by_path, path);

	return entry ? (size_t)(entry - tree->entry) : MEL_TREE_NONE;
}

/* Cut the last part off the path in buf. */
static void drop_part(struct mel_buf *buf)
{
	const char *slash = strrchr(mel_buf_text(buf), '/');

	mel_buf_truncate(buf, slash ? (size_t)(slash - buf->ptr) : 0);
}

/* Put the link's target in front of what is left of the way; false if it leads outside. */
static bool follow(struct mel_buf *rest, size_t *at, const char *target)
{
	struct mel_buf next = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);

	if (target[0] == '/')
		return false;
	mel_buf_printf(&next, "%s/%s", target, mel_buf_text(rest) + *at);
	mel_buf_clear(rest);
	*rest = next;
	*at = 0;
	return true;
}

size_t mel_tree_resolve(const struct mel_tree *tree, const char *path)
{
	struct mel_buf done MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	struct mel_buf rest MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	size_t at = 0, index = MEL_TREE_NONE, links = 0;

	mel_buf_add_text(&rest, path);
	while (at < rest.len) {
		const char *part = rest.ptr + at;
		size_t len = strcspn(part, "/");

		at += len + (part[len] == '/');
		if (len == 0 || (len == 1 && part[0] == '.'))
			continue;
		if (index != MEL_TREE_NONE && tree->entry[index].type != MEL_TREE_DIR)
			return MEL_TREE_NONE;
		if (len == 2 && part[0] == '.' && part[1] == '.') {
			if (!done.len)
				return MEL_TREE_NONE;
			drop_part(&done);
			index = done.len ? mel_tree_find(tree, mel_buf_text(&done))
					 : MEL_TREE_NONE;
			continue;
		}
		if (done.len)
			mel_buf_add_char(&done, '/');
		mel_buf_add(&done, part, len);
		index = mel_tree_find(tree, mel_buf_text(&done));
		if (index == MEL_TREE_NONE)
			return MEL_TREE_NONE;
		if (tree->entry[index].type != MEL_TREE_LINK)
			continue;
		if (++links > MAX_LINKS || !follow(&rest, &at, tree->entry[index].target))
			return MEL_TREE_NONE;
		drop_part(&done);
		index = done.len ? mel_tree_find(tree, mel_buf_text(&done)) : MEL_TREE_NONE;
	}
	return index;
}

bool mel_tree_is_in(const struct mel_tree_entry *entry, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(entry->path, dir, len) == 0 && entry->path[len] == '/' &&
	       !strchr(entry->path + len + 1, '/');
}

void mel_tree_clear(struct mel_tree *tree)
{
	if (tree->dirfd >= 0)
		close(tree->dirfd);
	free(tree->entry);
	mel_map_clear(&tree->by_path);
	mel_arena_clear(&tree->arena);
	*tree = (struct mel_tree)MEL_TREE_INIT;
}
