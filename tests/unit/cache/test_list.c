/* What is in a cache directory, as one list. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/slice.h"
#include "cache/list.h"
#include "tests/unit/cache/dir.h"

#define HEX64  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEX128 HEX64 HEX64

TestSuite(list, .init = dir_open, .fini = dir_close, .timeout = 60);

static void put(const char *path, size_t bytes)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	char folder[512], *slash;
	static const char zero[4096];

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash) {
		*slash = '\0';
		cr_assert_eq(mel_mkdirs(dir_fd, folder, 0755, &err), 0);
	}
	cr_assert_eq(mel_file_write(dir_fd, path, zero, bytes, 0644, &err), 0);
}

/* The unit of that name; one without a name when there is none. */
static struct mel_cache_unit find(const struct mel_cache_list *list, const char *name)
{
	for (size_t i = 0; i < list->unit.len; i++)
		if (mel_text_eq(list->unit.at[i].name, name))
			return list->unit.at[i];
	return (struct mel_cache_unit){ .name = NULL };
}

Test(list, counts_units_and_areas)
{
	struct mel_cache_list list MEL_AUTO_CACHE_LIST = { 0 };
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_cache_unit go;

	put("sha256:" HEX64, 100);
	cr_assert_eq(linkat(dir_fd, "sha256:" HEX64, dir_fd, "sha512:" HEX128, 0), 0);
	put("gomodcache/cache/download/a/@v/v1.zip", 10);
	put("gomodcache/cache/download/a/@v/v1.mod", 5);
	put("gomodcache/a@v1/x/y.go", 20);
	put("gomodcache/a@v1/z.go", 1);
	put("mine/x", 7);
	cr_assert_eq(mkfifoat(dir_fd, "fifo", 0600), 0);
	cr_assert_eq(symlinkat("/", dir_fd, "npm"), 0);
	cr_assert_eq(mel_cache_list_make(&list, dir_fd, NULL, &err), 0);

	cr_assert_eq(list.total.bytes, 143);
	cr_assert_eq(list.total.files, 7);
	cr_assert_eq(list.special, 1);
	cr_assert_eq(list.total.links, 1);
	cr_assert_eq(list.total.units, 5);
	go = find(&list, "gomodcache/cache/download/a/@v/v1");
	cr_assert(go.name);
	cr_assert_eq(go.bytes, 36);
	cr_assert_eq(go.files, 4);
	cr_assert(find(&list, "sha256:" HEX64).name);
	cr_assert_null(find(&list, "sha512:" HEX128).name);
	cr_assert_eq(find(&list, "sha256:" HEX64).bytes, 100);
}

Test(list, takes_the_last_use)
{
	struct mel_cache_list list MEL_AUTO_CACHE_LIST = { 0 };
	struct mel_cache_use use MEL_AUTO_CACHE_USE = { .map = { 0 } };
	struct mel_err *err MEL_AUTO_ERR = NULL;

	put("npm/_cacache/content-v2/a", 1);
	put("npm/_cacache/content-v2/b", 1);
	mel_cache_use_parse(&use, mel_slice_of("9999999999 npm/_cacache/content-v2/a\n"
					       "7 npm/_cacache/content-v2/b\n8 npm\n"));
	cr_assert_eq(mel_cache_list_make(&list, dir_fd, &use, &err), 0);
	cr_assert_eq(find(&list, "npm/_cacache/content-v2/a").used, 9999999999);
	cr_assert(find(&list, "npm/_cacache/content-v2/b").used > 7);
	cr_assert_eq(find(&list, "npm/_cacache/content-v2/b").area_used, 8);
}

Test(list, does_not_enter_what_is_too_deep)
{
	struct mel_cache_list list MEL_AUTO_CACHE_LIST = { 0 };
	struct mel_err *err MEL_AUTO_ERR = NULL;
	int at = dup(dir_fd);

	for (int i = 0; i < 200; i++) {
		int next;

		cr_assert_eq(mkdirat(at, "d", 0755), 0);
		next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		cr_assert(next >= 0);
		close(at);
		at = next;
	}
	close(at);
	cr_assert_eq(mel_cache_list_make(&list, dir_fd, NULL, &err), 0);
	cr_assert_eq(list.odd[MEL_CACHE_TOO_DEEP], 1);
	cr_assert_eq(list.total.folders, MEL_CACHE_DEPTH_MAX + 1);
}
