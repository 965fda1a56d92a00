/*
 * strip.c - the verb `strip`: which files, and several at a time (helper.h).
 * Source: elf(5).
 */
#include "guest/strip.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <search.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/helper.h"
#include "guest/tree.h"
#include "guest/words.h"

/* Architectures as packages name them, and the machine in an ELF header. */
static const struct machine {
	const char *arch;
	uint16_t elf;
} machines[] = {
	{ "x86_64", EM_X86_64 }, { "aarch64", EM_AARCH64 }, { "x86", EM_386 },
	{ "armhf", EM_ARM },     { "armv7", EM_ARM },       { "ppc64le", EM_PPC64 },
	{ "s390x", EM_S390 },    { "riscv64", EM_RISCV },   { "loongarch64", 258 },
};

static const struct machine *find_machine(const char *arch)
{
	for (size_t i = 0; i < MEL_COUNT(machines); i++)
		if (strcmp(machines[i].arch, arch) == 0)
			return &machines[i];
	return NULL;
}

static uint16_t read_half(const unsigned char *bytes, bool big_endian)
{
	return (uint16_t)(big_endian ? bytes[0] << 8 | bytes[1] : bytes[1] << 8 | bytes[0]);
}

/* An executable or shared object for the machine; never a relocatable object or an archive. */
static bool is_wanted(int root_fd, const char *path, uint16_t machine)
{
	MEL_HELPER_CLOSE int fd =
		openat(root_fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	unsigned char head[EI_NIDENT + 4]; /* e_ident, e_type, e_machine */
	bool big_endian;
	uint16_t type;

	if (fd < 0 || read(fd, head, sizeof(head)) != sizeof(head) ||
	    memcmp(head, ELFMAG, SELFMAG) != 0 || head[EI_OSABI] == ELFOSABI_STANDALONE)
		return false;
	big_endian = head[EI_DATA] == ELFDATA2MSB;
	type = read_half(head + EI_NIDENT, big_endian);
	return (type == ET_DYN || type == ET_EXEC) &&
	       read_half(head + EI_NIDENT + 2, big_endian) == machine;
}

static bool is_regular(const char *name, const struct stat *st)
{
	(void)name;
	return S_ISREG(st->st_mode);
}

static int compare_inodes(const void *a, const void *b)
{
	const struct stat *x = a, *y = b;

	if (x->st_dev != y->st_dev)
		return x->st_dev < y->st_dev ? -1 : 1;
	return x->st_ino < y->st_ino ? -1 : x->st_ino > y->st_ino;
}

/* Is this the first path we meet of its inode? */
static bool is_first_link(void **seen, int root_fd, const char *path)
{
	struct stat *st = mel_helper_grow(NULL, sizeof(*st));
	bool known;

	if (mel_tree_stat(root_fd, path, st) < 0) {
		free(st);
		return false;
	}
	known = st->st_nlink > 1 && tfind(st, seen, compare_inodes);
	if (st->st_nlink > 1 && !known)
		tsearch(st, seen, compare_inodes);
	else
		free(st);
	return !known;
}

static int find_files(struct mel_helper_list *out, const char *folder, uint16_t machine)
{
	MEL_HELPER_LIST struct mel_helper_list all = { 0 };
	MEL_HELPER_CLOSE int root_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	void *seen = NULL;

	if (root_fd < 0 || mel_tree_find(root_fd, "", is_regular, &all) < 0)
		return -1;
	for (size_t i = 0; i < all.len; i++)
		if (is_wanted(root_fd, all.item[i], machine) &&
		    is_first_link(&seen, root_fd, all.item[i]))
			mel_helper_list_push(out,
					     mel_helper_format("%s/%s", folder, all.item[i]));
	tdestroy(seen, free);
	return 0;
}

static size_t count_processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 ? (size_t)CPU_COUNT(&set) : 1;
}

/* Every step-th file from first on. 0 or 1. */
static int strip_share(const struct mel_helper_list *files, size_t first, size_t step,
		       const struct mel_helper_list *opts)
{
	for (size_t i = first; i < files->len; i += step)
		if (mel_strip_file(files->item[i], opts) < 0)
			return 1;
	return 0;
}

/* One process for each share; 0 when all did well. */
static int strip_all(const struct mel_helper_list *files, const struct mel_helper_list *opts)
{
	size_t workers = count_processors(), started = 0;
	int failed = 0, status;

	workers = workers < files->len ? workers : files->len;
	if (workers <= 1)
		return strip_share(files, 0, 1, opts);
	for (; started < workers; started++) {
		pid_t pid = (fflush(NULL), fork());

		if (pid == 0) {
			status = strip_share(files, started, workers, opts);
			fflush(NULL);
			_exit(status);
		}
		if (pid < 0) {
			failed = mel_helper_fail_errno("strip: cannot start a process");
			break;
		}
	}
	while (started > 0) {
		if (wait(&status) < 0 && errno != EINTR)
			break;
		started--;
		failed |= !WIFEXITED(status) || WEXITSTATUS(status) != 0;
	}
	return failed;
}

int mel_helper_strip(int argc, char **argv)
{
	MEL_HELPER_LIST struct mel_helper_list opts = { 0 }, files = { 0 };
	const char *arch = "", *words = "", *why;
	const struct mel_helper_option option[] = { { "arch", &arch }, { "opts", &words } };
	int at = mel_helper_options(argc, argv, option, MEL_COUNT(option));
	const struct machine *machine = find_machine(arch);

	if (at < 0 || at + 1 != argc)
		return at < 0 ? 1 : mel_helper_fail("strip: expected one folder");
	if (!machine)
		return mel_helper_fail("strip: unsupported architecture: %s", arch);
	if (mel_helper_words(&opts, words, &why) < 0)
		return mel_helper_fail("strip: cannot split opts into words, %s: %s", why,
				       words);
	if (find_files(&files, argv[at], machine->elf) < 0)
		return mel_helper_fail_errno("strip: cannot read '%s'", argv[at]);
	if (strip_all(&files, &opts) != 0)
		return 1;
	printf("stripped %zu files\n", files.len);
	return 0;
}
