/*
 * strip_file.c - runs strip(1) into a file of its own and writes the result back (strip.h):
 * strip(1) in place may replace the inode, and any write drops set-id bits and file
 * capabilities (inode(7), capabilities(7)).
 */
#include "guest/strip.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* The extended attributes of a file: names as listxattr(2) gives them, values beside. */
struct attributes {
	char *names;
	size_t names_len;
	char **value;
	size_t *value_len;
	size_t count;
};

static void attributes_clear(struct attributes *a)
{
	for (size_t i = 0; i < a->count; i++)
		free(a->value[i]);
	free(a->value);
	free(a->value_len);
	free(a->names);
}

static int save_value(struct attributes *a, int fd, const char *name)
{
	ssize_t len = fgetxattr(fd, name, NULL, 0);
	char *value = len < 0 ? NULL : mel_helper_grow(NULL, (size_t)len);

	if (value)
		len = fgetxattr(fd, name, value, (size_t)len);
	if (len < 0) {
		free(value);
		return -1;
	}
	a->value = mel_helper_grow(a->value, (a->count + 1) * sizeof(*a->value));
	a->value_len = mel_helper_grow(a->value_len, (a->count + 1) * sizeof(*a->value_len));
	a->value[a->count] = value;
	a->value_len[a->count++] = (size_t)len;
	return 0;
}

static int attributes_save(struct attributes *a, int fd)
{
	ssize_t len = flistxattr(fd, NULL, 0);

	if (len <= 0)
		return len < 0 && errno != ENOTSUP ? -1 : 0;
	a->names = mel_helper_grow(NULL, (size_t)len);
	len = flistxattr(fd, a->names, (size_t)len);
	if (len < 0)
		return -1;
	a->names_len = (size_t)len;
	for (size_t at = 0; at < a->names_len; at += strlen(a->names + at) + 1)
		if (save_value(a, fd, a->names + at) < 0)
			return -1;
	return 0;
}

/* Set those that the write took away; the others may not even be ours to set. */
static int attributes_restore(const struct attributes *a, int fd)
{
	size_t i = 0;

	for (size_t at = 0; at < a->names_len; at += strlen(a->names + at) + 1, i++) {
		const char *name = a->names + at;
		size_t room = a->value_len[i] + 1;
		MEL_HELPER_FREE char *now = mel_helper_grow(NULL, room);
		ssize_t len = fgetxattr(fd, name, now, room);

		if (len == (ssize_t)a->value_len[i] &&
		    memcmp(now, a->value[i], (size_t)len) == 0)
			continue;
		if (fsetxattr(fd, name, a->value[i], a->value_len[i], 0) < 0)
			return -1;
	}
	return 0;
}

static int copy_content(int from, int to)
{
	char bytes[16384];
	ssize_t len;

	while ((len = read(from, bytes, sizeof(bytes))) > 0)
		for (ssize_t done = 0, part; done < len; done += part)
			if ((part = write(to, bytes + done, (size_t)(len - done))) < 0)
				return -1;
	return len < 0 ? -1 : 0;
}

/* The owner may not be allowed to write to his own file (mode 0555 is common). */
static int open_for_write(const char *path, const struct stat *st)
{
	int fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == EACCES &&
	    chmod(path, (st->st_mode & 07777) | S_IRUSR | S_IWUSR) == 0)
		fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	return fd;
}

static int write_back(int stripped, const char *path, const struct stat *st)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	struct attributes saved = { 0 };
	MEL_HELPER_CLOSE int fd = open_for_write(path, st);
	int result = -1;

	if (fd >= 0 && attributes_save(&saved, fd) == 0 && ftruncate(fd, 0) == 0 &&
	    copy_content(stripped, fd) == 0 && fchmod(fd, st->st_mode & 07777) == 0 &&
	    attributes_restore(&saved, fd) == 0 && futimens(fd, times) == 0)
		result = 0;
	if (result < 0)
		mel_helper_fail_errno("strip: cannot write '%s'", path);
	attributes_clear(&saved);
	return result;
}

static int run_strip(const char *path, const char *output, const struct mel_helper_list *opts)
{
	MEL_HELPER_LIST struct mel_helper_list argv = { 0 };
	int status;

	mel_helper_list_push(&argv, mel_helper_format("strip"));
	for (size_t i = 0; i < opts->len; i++)
		mel_helper_list_push(&argv,
				     mel_helper_copy(opts->item[i], strlen(opts->item[i])));
	mel_helper_list_push(&argv, mel_helper_format("-o"));
	mel_helper_list_push(&argv, mel_helper_format("%s", output));
	mel_helper_list_push(&argv, mel_helper_format("%s", path));
	status = mel_helper_spawn(argv.item, NULL);
	if (status == 127 && errno)
		mel_helper_fail_errno("strip: cannot run the guest's strip (package "
				      "'binutils')");
	else if (status != 0)
		mel_helper_fail("strip: cannot strip '%s' (status %d)", path, status);
	return status == 0 ? 0 : -1;
}

int mel_strip_file(const char *path, const struct mel_helper_list *opts)
{
	const char *folder = getenv("TMPDIR");
	MEL_HELPER_FREE char *output = mel_helper_format("%s/melange-strip.XXXXXX",
							 folder && *folder ? folder : "/tmp");
	MEL_HELPER_CLOSE int temp_fd = mkstemp(output);
	MEL_HELPER_CLOSE int stripped = -1;
	struct stat st;
	int result = -1;

	if (temp_fd < 0 || lstat(path, &st) < 0)
		mel_helper_fail_errno("strip: cannot prepare for '%s'", path);
	else if (run_strip(path, output, opts) == 0) {
		stripped = open(output, O_RDONLY | O_CLOEXEC); /* strip may have replaced it */
		result = write_back(stripped, path, &st);
	}
	if (temp_fd >= 0)
		unlink(output);
	return result;
}
