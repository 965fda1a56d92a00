/* A cache directory for tests: see dir.h. */
#include "tests/unit/cache/dir.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"

enum { PATH_BYTES = 64 };

char dir_home[] = "/tmp/melange-test-XXXXXX", dir_cache[PATH_BYTES];
int dir_fd = -1;
struct mel_cache_state dir_state = MEL_CACHE_STATE_INIT;

void dir_open(void)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;

	cr_assert(mkdtemp(dir_home));
	snprintf(dir_cache, PATH_BYTES, "%s/cache", dir_home);
	cr_assert_eq(mkdir(dir_cache, 0700), 0);
	dir_fd = open(dir_cache, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert(dir_fd >= 0);
	cr_assert_eq(mel_cache_state_open(&dir_state, dir_home, dir_cache, &err), 0);
}

void dir_close(void)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;

	mel_cache_state_close(&dir_state);
	close(dir_fd);
	cr_assert_eq(mel_rmtree(AT_FDCWD, dir_home, &err), 0);
}
