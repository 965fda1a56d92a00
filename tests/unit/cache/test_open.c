/* Which folder is the cache, and which is refused. Modes are tested by whole builds. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "cache/cache.h"
#include "tests/unit/table.h"

/* In a fresh folder D with the folders have, work/x, out/x, the link -> have and the file file.
 */
static const struct {
	const char *name, *dir;
	bool given;
	enum mel_cache_mode mode;
	int result;
	const char *path; /* below D; NULL: none */
	const char *note; /* part of the note, or of the error */
} cases[] = {
	{ "named and there", "have", true, MEL_CACHE_RW, 0, "have", NULL },
	{ "default and there", "have/", false, MEL_CACHE_RO, 0, "have", NULL },
	{ "a link", "link", true, MEL_CACHE_RW, 0, "have", NULL },
	{ "named and missing", "new/below", true, MEL_CACHE_RW, 0, "new/below", NULL },
	{ "default and missing", "./new/", false, MEL_CACHE_RW, 0, NULL,
	  "no cache found at D/new" },
	{ "off", "have", true, MEL_CACHE_OFF, 0, NULL, NULL },
	{ "no name", "", true, MEL_CACHE_RW, 0, NULL, NULL },
	{ "a file", "file", true, MEL_CACHE_RW, -1, NULL, "'file' is not a directory" },
	{ "below a file", "file/x", true, MEL_CACHE_RW, -1, NULL, "'file/x'" },
	{ "root", "/", true, MEL_CACHE_RW, -1, NULL, "'/' cannot be" },
	{ "root by dots", "/tmp/..", true, MEL_CACHE_RW, -1, NULL, "'/' cannot be" },
	{ "the workspace", "work", true, MEL_CACHE_RW, -1, NULL, "the workspace 'D/work'" },
	{ "in the workspace", "work/x", true, MEL_CACHE_RW, -1, NULL, "the workspace" },
	{ "around both", ".", true, MEL_CACHE_RW, -1, NULL, "may not hold each other" },
	{ "in the out dir", "out/x", true, MEL_CACHE_RW, -1, NULL, "the output directory" },
	{ "made in the out dir", "out/y", true, MEL_CACHE_RW, -1, NULL,
	  "the output directory" },
	{ "a name that starts alike", "workshop", true, MEL_CACHE_RW, 0, "workshop", NULL },
};

TABLE_PARAMETERS(cache, open, cases)

static const char *const folders[] = { "have", "work", "work/x", "out", "out/x" };

/* text with D replaced by the folder */
static const char *in(const char *dir, const char *text, char out[PATH_MAX])
{
	const char *hit = strstr(text, "D/");

	snprintf(out, PATH_MAX, "%.*s%s%s", hit ? (int)(hit - text) : (int)strlen(text), text,
		 hit ? dir : "", hit ? hit + 1 : "");
	return out;
}

ParameterizedTest(const size_t *i, cache, open, .timeout = 10)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	char dir[] = "/tmp/melange-test-XXXXXX", work[PATH_MAX], out[PATH_MAX], text[PATH_MAX];
	const struct mel_cache_taboo taboo[] = { { work, "the workspace", false },
						 { NULL, "nothing", false },
						 { out, "the output directory", false } };
	const struct mel_cache_opts opts = { .dir = cases[*i].dir,
					     .dir_given = cases[*i].given,
					     .mode = cases[*i].mode,
					     .taboo = taboo,
					     .taboo_len = 3 };
	struct mel_cache cache = { 0 };

	cr_assert(mkdtemp(dir) && chdir(dir) == 0);
	for (size_t f = 0; f < sizeof(folders) / sizeof(folders[0]); f++)
		cr_assert_eq(mkdir(folders[f], 0755), 0);
	cr_assert_eq(symlink("have", "link"), 0);
	fclose(fopen("file", "we"));
	snprintf(work, sizeof(work), "%s/work", dir);
	snprintf(out, sizeof(out), "%s/out", dir);

	cr_assert_eq(mel_cache_open(&cache, &opts, &err), cases[*i].result, "%s",
		     err ? err->text : "no error");
	if (cases[*i].result < 0) {
		cr_assert_eq(err->kind, MEL_ERR_INPUT);
		cr_assert(strstr(err->text, in(dir, cases[*i].note, text)), "%s", err->text);
	} else if (cases[*i].path) {
		snprintf(text, sizeof(text), "%s/%s", dir, cases[*i].path);
		cr_assert_str_eq(cache.path, text);
		cr_assert_null(cache.note);
	} else {
		cr_assert_null(cache.path);
		if (cases[*i].note)
			cr_assert_str_eq(cache.note, in(dir, cases[*i].note, text));
	}
	mel_cache_close(&cache);
	cr_assert_eq(chdir("/"), 0);
	mel_err_free(err);
	err = NULL;
	cr_assert_eq(mel_rmtree(AT_FDCWD, dir, &err), 0);
}

Test(cache, refused_folders_are_not_made, .timeout = 10)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	char dir[] = "/tmp/melange-test-XXXXXX", work[64], path[64];
	const struct mel_cache_taboo taboo = { work, "the workspace", false };
	const struct mel_cache_opts opts = {
		.dir = path, .dir_given = true, .taboo = &taboo, .taboo_len = 1
	};
	struct mel_cache cache;

	cr_assert(mkdtemp(dir));
	snprintf(work, sizeof(work), "%s/work", dir);
	snprintf(path, sizeof(path), "%s/work/cache", dir);
	cr_assert_eq(mkdir(work, 0755), 0);
	cr_assert_eq(mel_cache_open(&cache, &opts, &err), -1);
	cr_assert_eq(access(path, F_OK), -1, "%s was made", path);
	mel_cache_close(&cache);
	cr_assert_eq(rmdir(work), 0);
	cr_assert_eq(rmdir(dir), 0);
}
