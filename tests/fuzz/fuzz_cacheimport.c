/* Any bytes as an exported archive: imported into a fresh directory or refused; whatever comes
 * of it, nothing appears beside the directory, and in it only files without privilege bits,
 * folders, and links that stay in their area. */
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/io.h"
#include "cache/import.h"
#include "cache/walk.h"

static int check(void *user, const struct mel_cache_entry *entry, struct mel_err **err)
{
	char target[MEL_CACHE_PATH_MAX_BYTES + 1];
	mode_t type = entry->st->st_mode & S_IFMT;
	ssize_t n;

	(void)user;
	(void)err;
	if (type == S_IFLNK) {
		n = readlinkat(entry->dirfd, entry->name, target, sizeof(target) - 1);
		if (n < 0)
			abort();
		target[n] = '\0';
		if (!mel_cache_link_stays(entry->path, target))
			abort();
	} else if ((type != S_IFREG && type != S_IFDIR) || (entry->st->st_mode & 07022)) {
		abort();
	}
	return 0;
}

static int count(void *user, const struct mel_cache_entry *entry, struct mel_err **err)
{
	(void)entry;
	(void)err;
	++*(unsigned *)user;
	return 1;
}

static void import(int home_fd, const uint8_t *data, size_t size)
{
	struct mel_cache_state state = MEL_CACHE_STATE_INIT;
	struct mel_cache_import what = { .state = &state, .max_bytes = 1 << 20 };
	struct mel_cache_imported done = { .added = 0 };
	const struct mel_cache_walk walk = { check, NULL, NULL };
	struct mel_err *err MEL_AUTO_ERR = NULL, *late MEL_AUTO_ERR = NULL;
	int fd = memfd_create("archive", MFD_CLOEXEC);

	what.dirfd = openat(home_fd, "cache", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	state.dirfd = openat(home_fd, "state", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || what.dirfd < 0 || state.dirfd < 0 || mel_write_full(fd, data, size) < 0 ||
	    lseek(fd, 0, SEEK_SET) < 0)
		abort();
	mel_cache_import(&what, fd, "fuzz", &done, &err);
	if (mel_cache_walk(what.dirfd, &walk, &late) < 0)
		abort();
	close(fd);
	close(what.dirfd);
	close(state.dirfd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char home[64];
	unsigned entries = 0;
	const struct mel_cache_walk walk = { count, NULL, &entries };
	struct mel_err *err MEL_AUTO_ERR = NULL;
	int fd;

	snprintf(home, sizeof(home), "%s/melange-fuzz-XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (!mkdtemp(home))
		abort();
	fd = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || mkdirat(fd, "cache", 0700) < 0 || mkdirat(fd, "state", 0700) < 0)
		abort();
	import(fd, data, size);
	if (mel_cache_walk(fd, &walk, &err) < 0 || entries != 2)
		abort();
	close(fd);
	if (mel_rmtree(AT_FDCWD, home, &err) < 0)
		abort();
	return 0;
}
