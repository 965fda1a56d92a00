/*
 * open_up.c - the verb `open-up`: lets the host read files of other ids (helper.h). Inside, the
 * build user may change any file's mode; outside, the caller may not even read some of them.
 * Source: chmod(2), capabilities(7), user_namespaces(7).
 */
#include "guest/helper.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "guest/tree.h"
#include "guest/util.h"

/* The bits that others need, 0 when they have them or the entry is ours. */
static mode_t missing_bits(const struct stat *st)
{
	mode_t need = S_ISDIR(st->st_mode) ? 0005 : S_ISREG(st->st_mode) ? 0004 : 0;

	return st->st_uid == geteuid() ? 0 : need & ~st->st_mode;
}

static int open_up(int root_fd, const char *dir)
{
	MEL_HELPER_LIST struct mel_helper_list names = { 0 };

	if (mel_tree_names(root_fd, dir, &names) < 0)
		return mel_helper_fail_errno("cannot list '%s'", dir);
	for (size_t i = 0; i < names.len; i++) {
		MEL_HELPER_FREE char *path = mel_helper_join(dir, names.item[i]);
		struct stat st;
		mode_t bits;

		if (mel_tree_stat(root_fd, path, &st) < 0)
			return mel_helper_fail_errno("cannot examine '%s'", path);
		bits = missing_bits(&st);
		if (bits) {
			MEL_HELPER_FREE char *parent = mel_tree_parent(path);
			MEL_HELPER_CLOSE int at = mel_tree_open(root_fd, parent);

			if (at < 0 ||
			    fchmodat(at, names.item[i], (st.st_mode & 07777) | bits, 0) < 0)
				return mel_helper_fail_errno("cannot open up '%s'", path);
			printf("%04o %s%c", (unsigned)(st.st_mode & 07777), path, 0);
		}
		if (S_ISDIR(st.st_mode) && open_up(root_fd, path) != 0)
			return 1;
	}
	return 0;
}

int mel_helper_open_up(int argc, char **argv)
{
	MEL_HELPER_CLOSE int fd =
		argc == 1 ? open(argv[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (argc != 1)
		return mel_helper_fail("open-up: one directory is needed");
	if (fd < 0)
		return mel_helper_fail_errno("cannot open '%s'", argv[0]);
	return open_up(fd, "");
}
