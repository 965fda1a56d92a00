/*
 * Run a fuzz target over files: those named, those in the folders named, or, without arguments,
 * those of $srcdir/tests/fuzz/corpus/NAME for the program fuzz-NAME. An empty corpus fails.
 */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"

enum { MAX_BYTES = 1 << 26 };

static int replay_file(const char *path)
{
	struct mel_buf buf MEL_AUTO_BUF = MEL_BUF_INIT(MAX_BYTES);
	MEL_AUTO_ERR struct mel_err *err = NULL;
	MEL_AUTO_FREE uint8_t *exact = NULL; /* so that reading behind it is noticed */

	if (mel_file_read(AT_FDCWD, path, &buf, &err) < 0) {
		fprintf(stderr, "%s\n", err->text);
		return -1;
	}
	exact = mel_alloc(buf.len ? buf.len : 1);
	if (buf.len)
		memcpy(exact, buf.ptr, buf.len);
	return LLVMFuzzerTestOneInput(exact, buf.len);
}

/* The number of files tried, or -1. */
static int replay(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int count = 0;

	if (!dir)
		return replay_file(path) < 0 ? -1 : 1;
	while (count >= 0 && (entry = readdir(dir))) {
		MEL_AUTO_FREE char *file = mel_asprintf("%s/%s", path, entry->d_name);

		if (entry->d_name[0] == '.')
			continue;
		count = replay_file(file) < 0 ? -1 : count + 1;
	}
	closedir(dir);
	return count;
}

int main(int argc, char **argv)
{
	const char *srcdir = getenv("srcdir"), *name = strstr(argv[0], "fuzz-");
	MEL_AUTO_FREE char *corpus =
		mel_asprintf("%s/tests/fuzz/corpus/%s", srcdir ? srcdir : ".",
			     name ? name + strlen("fuzz-") : "");
	int count = argc > 1 ? 0 : replay(corpus);

	for (int i = 1; i < argc && count >= 0; i++) {
		int more = replay(argv[i]);

		count = more < 0 ? -1 : count + more;
	}
	if (count <= 0)
		fprintf(stderr, "%s: no input could be tried\n", argv[0]);
	return count > 0 ? 0 : 1;
}
