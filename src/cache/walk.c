/* A pass over a cache directory: see walk.h. */
#include "cache/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fs.h"
#include "base/vec.h"

struct walker {
	const struct mel_cache_walk *walk;
	struct mel_buf path; /* of the folder, with '/' at the end; "" at the top */
	int depth;
};

/* The names in one folder. */
struct names {
	struct mel_arena arena;
	MEL_VEC(const char *) list;
};

static void clear_names(struct names *names)
{
	mel_vec_clear(&names->list);
	mel_arena_clear(&names->arena);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All names in fd, sorted, so that no descriptor position is needed later. */
static int read_names(int fd, struct names *names)
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	DIR *dir = own < 0 ? NULL : fdopendir(own);
	const struct dirent *entry;
	int errnum;

	if (!dir) {
		errnum = errno;
		if (own >= 0)
			close(own);
		errno = errnum;
		return -1;
	}
	rewinddir(dir); /* the position is shared with the caller's descriptor */
	errno = 0;
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			mel_vec_push(&names->list,
				     mel_arena_strdup(&names->arena, entry->d_name));
	errnum = errno;
	closedir(dir);
	if (names->list.len)
		qsort(names->list.at, names->list.len, sizeof(*names->list.at), compare);
	errno = errnum;
	return errnum ? -1 : 0;
}

static void tell(struct walker *w, enum mel_cache_odd odd)
{
	if (w->walk->odd)
		w->walk->odd(w->walk->user, mel_buf_text(&w->path), odd);
}

static int walk_folder(struct walker *w, int fd, struct mel_err **err);

/* The folder name, whose path w->path holds already. */
static int enter(struct walker *w, int dirfd, const char *name, struct mel_err **err)
{
	MEL_AUTO_CLOSE int fd = -1;
	int r;

	if (w->depth >= MEL_CACHE_DEPTH_MAX) {
		tell(w, MEL_CACHE_TOO_DEEP);
		return 0;
	}
	fd = mel_openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd < 0) {
		if (errno != ENOENT)
			tell(w, MEL_CACHE_UNREADABLE);
		return 0;
	}
	w->depth++;
	mel_buf_add_char(&w->path, '/');
	r = walk_folder(w, fd, err);
	w->depth--;
	return r;
}

static int visit(struct walker *w, int dirfd, const char *name, struct mel_err **err)
{
	struct stat st;
	const struct mel_cache_entry entry = {
		.path = mel_buf_text(&w->path),
		.dirfd = dirfd,
		.name = name,
		.st = &st,
	};
	int r;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0; /* gone meanwhile */
	r = w->walk->entry(w->walk->user, &entry, err);
	if (r != 0 || !S_ISDIR(st.st_mode))
		return r < 0 ? -1 : 0;
	return enter(w, dirfd, name, err);
}

static int walk_folder(struct walker *w, int fd, struct mel_err **err)
{
	struct names names = { 0 };
	size_t len = w->path.len;
	int r = 0;

	if (read_names(fd, &names) < 0)
		tell(w, MEL_CACHE_UNREADABLE);
	for (size_t i = 0; i < names.list.len && r == 0; i++) {
		mel_buf_truncate(&w->path, len);
		mel_buf_add_text(&w->path, names.list.at[i]);
		r = visit(w, fd, names.list.at[i], err);
	}
	mel_buf_truncate(&w->path, len);
	clear_names(&names);
	return r;
}

int mel_cache_walk(int dirfd, const struct mel_cache_walk *walk, struct mel_err **err)
{
	struct mel_buf path MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	struct walker w = { .walk = walk, .path = path };
	int r = walk_folder(&w, dirfd, err);

	path = w.path;
	return r;
}

int mel_cache_walk_open(int *dirfd, const char *path, struct mel_err **err)
{
	*dirfd = mel_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (*dirfd < 0)
		return mel_err_sys(err, "cannot open cache directory '%s'", path);
	return 0;
}
