/* Deletion in a cache directory: see remove.h. */
#include "cache/remove.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/slice.h"
#include "sandbox/sbx.h"

enum { ANY_ID = 1000 }; /* the build user's id inside; the range around it is what matters */

static int open_folder(const struct mel_cache_remover *remover, const char *path)
{
	return mel_openat_beneath(remover->dirfd, path[0] ? path : ".", O_RDONLY | O_DIRECTORY,
				  0);
}

/* Remove the folder `at` and those above it as long as they are empty. */
static void prune(struct mel_cache_remover *remover)
{
	MEL_AUTO_FREE char *path = mel_strdup(mel_buf_text(&remover->at));
	char *slash;

	while ((slash = strrchr(path, '/'))) {
		*slash = '\0';

		MEL_AUTO_CLOSE int fd = open_folder(remover, path);

		if (fd < 0 || unlinkat(fd, slash + 1, AT_REMOVEDIR) < 0)
			break;
	}
}

static void leave(struct mel_cache_remover *remover)
{
	if (remover->at_fd < 0)
		return;
	close(remover->at_fd);
	remover->at_fd = -1;
	prune(remover);
}

/* Make at_fd the folder of path, whose last component begins at *name. */
static int go_to(struct mel_cache_remover *remover, const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	struct mel_slice folder = mel_slice_make(path, slash ? (size_t)(slash - path) : 0);

	*name = slash ? slash + 1 : path;
	if (remover->at_fd >= 0 && mel_slice_eq(mel_buf_slice(&remover->at), folder))
		return 0;
	leave(remover);
	mel_buf_truncate(&remover->at, 0);
	mel_buf_add_slice(&remover->at, folder);
	remover->at_fd = open_folder(remover, mel_buf_text(&remover->at));
	return remover->at_fd < 0 ? -1 : 0;
}

/* As an id that may: the caller's own and its subordinate ones in a user namespace. */
static int remove_as_many(const struct mel_cache_remover *remover, const char *path,
			  struct mel_err **err)
{
	MEL_AUTO_FREE char *full = mel_asprintf("%s/%s", remover->path, path);
	struct sbx_ids ids;
	struct sbx_err why = { 0 };

	mel_err_free(*err);
	*err = NULL;
	if (sbx_ids_choose(&ids, ANY_ID, ANY_ID, remover->dirfd, true, &why) < 0 ||
	    sbx_rmtree(&ids, full, &why) < 0)
		return mel_err_set(err, MEL_ERR_SANDBOX, "%s", why.text);
	return 0;
}

/* Each component is a name: nothing that means another folder. */
static bool is_clean(const char *path)
{
	struct mel_slice rest = mel_slice_of(path), name;

	while (mel_slice_next(&rest, '/', &name))
		if (name.len == 0 || mel_slice_eq_text(name, ".") ||
		    mel_slice_eq_text(name, ".."))
			return false;
	return true;
}

int mel_cache_remove(struct mel_cache_remover *remover, const char *path, struct mel_err **err)
{
	const char *name;
	struct stat st;

	if (!is_clean(path))
		return mel_err_set(err, MEL_ERR_INPUT, "'%s' is no path in a cache", path);
	if (go_to(remover, path, &name) < 0)
		return errno == ENOENT ? 0 : mel_err_sys(err, "cannot remove '%s'", path);
	if (mel_rmtree(remover->at_fd, name, err) == 0)
		return 0;
	if ((*err)->errnum != EACCES && (*err)->errnum != EPERM)
		return -1;
	/* a folder without permission to write, which is ours */
	mel_err_free(*err);
	*err = NULL;
	if (fstat(remover->at_fd, &st) == 0)
		fchmod(remover->at_fd, (st.st_mode & 07777) | S_IRWXU);
	if (mel_rmtree(remover->at_fd, name, err) == 0)
		return 0;
	return remover->is_alone ? remove_as_many(remover, path, err) : -1;
}

void mel_cache_remover_finish(struct mel_cache_remover *remover)
{
	leave(remover);
	mel_buf_clear(&remover->at);
}
