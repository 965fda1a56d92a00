/*
 * unpack.c - the verb `unpack`: hands an archive to the guest's tar(1), which knows the
 * compressions and keeps members below the target (helper.h).
 */
#include "guest/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest/util.h"

static bool is_zip(const char *path)
{
	MEL_HELPER_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	char magic[4];

	return fd >= 0 && read(fd, magic, sizeof(magic)) == sizeof(magic) &&
	       memcmp(magic, "PK\3\4", sizeof(magic)) == 0;
}

/* Absolute, because tar takes "host:file" for a remote archive and "-x" for an option. */
static char *absolute_path(const char *path)
{
	MEL_HELPER_FREE char *cwd = path[0] == '/' ? NULL : getcwd(NULL, 0);

	return cwd ? mel_helper_format("%s/%s", cwd, path)
		   : mel_helper_copy(path, strlen(path));
}

static int run_tar(const char *file, const char *directory, const char *strip)
{
	MEL_HELPER_FREE char *path = absolute_path(file);
	MEL_HELPER_FREE char *target = absolute_path(directory);
	MEL_HELPER_FREE char *strip_option = mel_helper_format("--strip-components=%s", strip);
	MEL_HELPER_LIST struct mel_helper_list argv = { 0 };
	const char *const word[] = { "tar", "-x",   strip_option, "--no-same-owner",
				     "-C",  target, "-f",         path };
	int status;

	for (size_t i = 0; i < MEL_COUNT(word); i++)
		mel_helper_list_push(&argv, mel_helper_copy(word[i], strlen(word[i])));
	status = mel_helper_spawn(argv.item, NULL);
	if (status == 127 && errno)
		return mel_helper_fail_errno("unpack: cannot run the guest's tar");
	if (status != 0)
		return mel_helper_fail("unpack: tar could not unpack '%s' (status %d)", file,
				       status);
	return 0;
}

int mel_helper_unpack(int argc, char **argv)
{
	const char *strip = "1", *directory = ".";
	const struct mel_helper_option option[] = {
		{ "strip", &strip },
		{ "directory", &directory },
	};
	int at = mel_helper_options(argc, argv, option, MEL_COUNT(option));

	if (at < 0 || at + 1 != argc)
		return at < 0 ? 1 : mel_helper_fail("unpack: expected one archive");
	if (!mel_helper_is_number(strip))
		return mel_helper_fail("unpack: strip-components must be a number, got '%s'",
				       strip);
	if (is_zip(argv[at]))
		return mel_helper_fail("unpack: '%s' is a zip archive, which tar cannot read; "
				       "set 'extract: false' and unpack it in a step",
				       argv[at]);
	if (mel_helper_mkdirs(directory) < 0)
		return mel_helper_fail_errno("unpack: cannot make directory '%s'", directory);
	return run_tar(argv[at], directory, strip);
}
