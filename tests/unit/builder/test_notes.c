/* The files that make compilers stamp objects with their package. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "builder/notes.h"
#include "tests/unit/table.h"

#define JSON                                                                                   \
	"{\"type\":\"apk\",\"os\":\"wolf\",\"name\":\"x\",\"version\":\"1-r0\","               \
	"\"architecture\":\"x86_64\"}"

static const struct {
	const char *name;
	struct mel_notes notes;
	const char *json; /* NULL: no files */
} cases[] = {
	{ "plain", { "wolf", "x", "1-r0", "x86_64", NULL }, JSON },
	{ "no namespace",
	  { "", "x", "1-r0", "x86_64", NULL },
	  "{\"type\":\"apk\",\"os\":\"unknown\",\"name\":\"x\",\"version\":\"1-r0\","
	  "\"architecture\":\"x86_64\"}" },
	{ "with CPE",
	  { "wolf", "x", "1-r0", "x86_64", "cpe:2.3:a:v:p:1:*:*:*:*:*:*:*" },
	  "{\"type\":\"apk\",\"os\":\"wolf\",\"name\":\"x\",\"version\":\"1-r0\","
	  "\"architecture\":\"x86_64\",\"appCpe\":\"cpe:2.3:a:v:p:1:*:*:*:*:*:*:*\"}" },
	{ "quotes",
	  { "a\"b\\c", "x", "1-r0", "x86_64", NULL },
	  "{\"type\":\"apk\",\"os\":\"a\\\"b\\\\c\",\"name\":\"x\",\"version\":\"1-r0\","
	  "\"architecture\":\"x86_64\"}" },
	{ "a brace means something to the linker",
	  { "{os}", "x", "1-r0", "x86_64", NULL },
	  NULL },
	{ "so does a percent sign", { "a%b", "x", "1-r0", "x86_64", NULL }, NULL },
};

TABLE_PARAMETERS(notes, write, cases)

static char *text_of(int dir, const char *path)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_buf buf = MEL_BUF_INIT(1 << 20);

	if (mel_file_read(dir, path, &buf, &err) < 0)
		return NULL;
	char *text = mel_strdup(mel_buf_text(&buf));

	mel_buf_clear(&buf);
	return text;
}

ParameterizedTest(const size_t *i, notes, write, .timeout = 10)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	char dir[] = "/tmp/melange-test-XXXXXX", tree[80], folder[80];

	cr_assert(mkdtemp(dir));
	snprintf(tree, sizeof(tree), "%s/tree", dir);
	snprintf(folder, sizeof(folder), "%s/tree/etc/clang-17", dir);
	cr_assert_eq(mel_mkdirs(AT_FDCWD, folder, 0755, &err), 0);

	int work = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	cr_assert_eq(mel_notes_write(work, tree, &cases[*i].notes, &err), 0);

	char *gcc = text_of(work, ".melange.gcc.spec"),
	     *clang = text_of(work, ".melange.clang.cfg");
	char *header = text_of(work, ".melange.fdo.h");
	char *driver = text_of(work, ".config/clang-17/x86_64-unknown-linux-gnu-clang++.cfg");

	if (cases[*i].json) {
		cr_assert(strstr(gcc, cases[*i].json), "%s", gcc);
		cr_assert(strstr(clang, cases[*i].json), "%s", clang);
		cr_assert(strstr(header, ".note.package"), "%s", header);
		cr_assert(strstr(driver, "@../../.melange.clang.cfg"), "%s", driver);
	} else {
		cr_assert_null(gcc);
		cr_assert_null(clang);
	}
	free(gcc);
	free(clang);
	free(header);
	free(driver);
	close(work);
	cr_assert_eq(mel_rmtree(AT_FDCWD, dir, &err), 0);
}
