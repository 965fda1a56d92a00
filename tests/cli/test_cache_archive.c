/* "melange cache export", "import", "verify" and "stats" as a whole. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run.h"

/* The digest of "abc". */
#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void fill(struct run_place *place, uid_t uid)
{
	run_place_make(place, uid);
	run_place_write(place, "c/sha256:" ABC, "abc");
	run_place_write(place, "c/m2repository/a/1/a.jar", "jar");
	run_place_write(place, "c/m2repository/a/1/a.jar.lastUpdated", "no");
	run_place_write(place, "c/ccache/0/1/x", "object");
	run_place_write(place, "c/mine/notes", "notes");
}

static void shell(const struct run_place *place, const char *script, const char *want)
{
	struct run_result result RUN_AUTO_RESULT;
	const char *const args[] = { "-c", script, NULL };

	run_program(&result, place, NULL, "sh", args);
	cr_assert_eq(result.code, 0, "%s: %s", script, result.err);
	cr_assert_str_eq(result.out, want, "%s: %s", script, result.out);
}

#define OK(place, ...)                                                                         \
	do {                                                                                   \
		struct run_result ok RUN_AUTO_RESULT;                                          \
                                                                                               \
		RUN_MELANGE(&ok, place, NULL, "cache", __VA_ARGS__);                           \
		cr_assert_eq(ok.code, 0, "%s", ok.err);                                        \
	} while (0)

Test(cache_archive, another_cache_gets_what_is_worth_keeping, .timeout = 120)
{
	uid_t user[RUN_USERS_MAX];
	size_t user_len = run_users(user);

	for (size_t i = 0; i < user_len; i++) {
		struct run_place place RUN_AUTO_PLACE;

		fill(&place, user[i]);
		OK(&place, "export", "--cache-dir=c", "1.tar");
		OK(&place, "export", "--cache-dir=c", "1.tgz");
		OK(&place, "import", "--cache-dir=d", "1.tgz");
		shell(&place, "cd d && find . -type f -printf '%m %P\\n' | sort",
		      "444 sha256:" ABC "\n644 ccache/0/1/x\n644 m2repository/a/1/a.jar\n");
		OK(&place, "export", "--cache-dir=d", "2.tar");
		shell(&place, "cmp 1.tar 2.tar && gunzip <1.tgz | cmp - 1.tar", "");
		OK(&place, "verify", "--cache-dir=d", "--strict");
	}
}

Test(cache_archive, only_what_changed_travels, .timeout = 120)
{
	struct run_place place RUN_AUTO_PLACE;

	fill(&place, geteuid());
	OK(&place, "export", "--cache-dir=c", "1.tar");
	run_place_write(&place, "c/ccache/0/1/x", "object two");
	run_place_write(&place, "c/npm/_cacache/index-v5/x", "index");
	OK(&place, "export", "--cache-dir=c", "--since=1.tar", "2.tar");
	shell(&place, "tar tf 2.tar",
	      ".melange-cache\nccache/0/1/x\nnpm/_cacache/index-v5/x\n");
	OK(&place, "export", "--cache-dir=c", "--since=2.tar", "3.tar.gz");
	shell(&place, "tar tzf 3.tar.gz; tar xOf 2.tar .melange-cache >list",
	      ".melange-cache\n");
	OK(&place, "export", "--cache-dir=c", "--since=list", "4.tar");
	shell(&place, "tar tf 4.tar", ".melange-cache\n");
	OK(&place, "import", "--cache-dir=d", "1.tar", "2.tar", "3.tar.gz");
	shell(&place, "cat d/ccache/0/1/x d/npm/_cacache/index-v5/x", "object twoindex");
}

Test(cache_archive, empty_folders_travel, .timeout = 120)
{
	struct run_place place RUN_AUTO_PLACE;

	fill(&place, geteuid());
	shell(&place,
	      "cd c && mkdir -p uv/a/empty uv/a/deep/er uv/a/locks npm mine/none uv/a-b "
	      "uv/x.tmp "
	      "uv/gone && echo >uv/a/locks/x.lock && echo >uv/gone/x && chmod 555 uv/a-b",
	      "");
	OK(&place, "export", "--cache-dir=c", "1.tar");
	shell(&place, "tar tvf 1.tar | grep ^d | tr -s ' ' | cut -d' ' -f1,2,6",
	      "drwxr-xr-x 0/0 npm\ndrwxr-xr-x 0/0 uv/a-b\ndrwxr-xr-x 0/0 uv/a/deep/er\n"
	      "drwxr-xr-x 0/0 uv/a/empty\ndrwxr-xr-x 0/0 uv/a/locks\n");
	OK(&place, "import", "--cache-dir=d", "1.tar");
	shell(&place, "find d -type d -empty -printf '%m %P\\n' | sort",
	      "755 npm\n755 uv/a-b\n755 uv/a/deep/er\n755 uv/a/empty\n755 uv/a/locks\n");
	OK(&place, "export", "--cache-dir=d", "2.tar");
	shell(&place, "cmp 1.tar 2.tar", "");

	/* One is filled, one is new, one lost its file. */
	shell(&place, "cd c && echo >uv/a/empty/file && mkdir uv/new && rm uv/gone/x", "");
	OK(&place, "export", "--cache-dir=c", "--since=1.tar", "3.tar");
	shell(&place, "tar tf 3.tar", ".melange-cache\nuv/a/empty/file\nuv/gone\nuv/new\n");
	OK(&place, "import", "--cache-dir=d", "3.tar");
	shell(&place, "cd d/uv && find . -type f -o -empty | sort",
	      "./a-b\n./a/deep/er\n./a/empty/file\n./a/locks\n./gone/x\n./new\n");
	OK(&place, "export", "--cache-dir=c", "--since=3.tar", "4.tar");
	shell(&place, "tar tf 4.tar", ".melange-cache\n");
}

static const struct {
	const char *arg[5];
	int code;
	const char *err;
} cases[] = {
	{ { "export", "x/y.tar" }, 6, "cannot open folder 'x/'" },
	{ { "export", "--class=D", "-" }, 2, "'D' is none of A, B, C" },
	{ { "export", "--area=D", "-" }, 2, "no area 'D'" },
	{ { "export", "--since=none", "-" }, 3, "cannot open 'none'" },
	{ { "export", "--since=text", "-" }, 3, "--since: 'text'" },
	{ { "export" }, 2, "accepts 1 arg" },
	{ { "import", "none" }, 3, "cannot open 'none'" },
	{ { "import", "text" }, 3, "" },
	{ { "import", "other.tar" }, 3, "is not an export of a build cache" },
	{ { "import", "damaged.tgz" }, 3, "" },
	{ { "import", "--max-size=4", "1.tar" }, 3, "more than --max-size" },
	{ { "import", "--area=sources", "1.tar" }, 0, "1 file(s) added" },
	{ { "import", "--class=A,C", "1.tar" }, 0, "2 file(s) added" },
	{ { "import", "--verified", "1.tar" }, 0, "1 file(s) added" },
	{ { "import", "--cache-dir=e/f/g", "1.tar" }, 0, "3 file(s) added" },
};

Test(cache_archive, table, .timeout = 120)
{
	struct run_place place RUN_AUTO_PLACE;

	fill(&place, geteuid());
	run_place_write(&place, "text", "some text that is no archive at all, and long enough");
	OK(&place, "export", "--cache-dir=c", "1.tar");
	OK(&place, "export", "--cache-dir=c", "1.tgz");
	shell(&place,
	      "tar cf other.tar text; cp 1.tgz damaged.tgz; printf x | dd of=damaged.tgz "
	      "bs=1 seek=100 conv=notrunc 2>/dev/null",
	      "");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct run_result result RUN_AUTO_RESULT;
		const char *args[8] = { "cache", i < 6 ? "--cache-dir=c" : "--cache-dir=d" };

		for (size_t k = 0; k < 5; k++)
			args[k + 2] = cases[i].arg[k];
		run_melange(&result, &place, NULL, args);
		cr_assert_eq(result.code, cases[i].code, "row %zu: %d %s", i, result.code,
			     result.err);
		cr_assert(strstr(result.err, cases[i].err), "row %zu: %s", i, result.err);
		shell(&place, "rm -rf d", "");
	}
}

Test(cache_verify, finds_and_repairs, .timeout = 120)
{
	struct run_place place RUN_AUTO_PLACE;
	struct run_result good RUN_AUTO_RESULT, bad RUN_AUTO_RESULT, repair RUN_AUTO_RESULT;
	struct run_result again RUN_AUTO_RESULT, strict RUN_AUTO_RESULT;

	fill(&place, geteuid());
	RUN_MELANGE(&good, &place, NULL, "cache", "verify", "--cache-dir=c");
	cr_assert_eq(good.code, 0, "%s", good.err);
	cr_assert_str_eq(good.out,
			 "checked 1 file(s) by name, 0 by manifest (3 B); 2 foreign, 0 "
			 "changed\n");
	shell(&place,
	      "chmod u+w c/sha256:*; echo >>c/sha256:" ABC "; mkfifo c/npm_fifo; mkdir c/npm; "
	      "mkfifo c/npm/fifo; ln -s /etc/passwd c/npm/link; touch c/npm/s; chmod 4755 "
	      "c/npm/s",
	      "");
	RUN_MELANGE(&bad, &place, NULL, "cache", "verify", "--cache-dir=c");
	cr_assert_eq(bad.code, 1, "%d %s", bad.code, bad.err);
	cr_assert(strstr(bad.out, "damaged  sha256:" ABC ": "), "%s", bad.out);
	cr_assert(strstr(bad.out, "special  npm/fifo: "), "%s", bad.out);
	cr_assert(strstr(bad.out, "escapes  npm/link: "), "%s", bad.out);
	cr_assert(strstr(bad.out, "setuid   npm/s: "), "%s", bad.out);
	RUN_MELANGE(&repair, &place, NULL, "cache", "verify", "--cache-dir=c", "--repair");
	cr_assert_eq(repair.code, 1, "%d %s", repair.code, repair.err);
	shell(&place,
	      "find c/npm ! -type d -printf '%m %P\\n'; ls c; cat "
	      ".local/state/melange/cache/*/bad/*",
	      "755 s\nccache\nm2repository\nmine\nnpm\nnpm_fifo\nabc\n");
	RUN_MELANGE(&again, &place, NULL, "cache", "verify", "--cache-dir=c");
	cr_assert_eq(again.code, 0, "%s", again.out);
	RUN_MELANGE(&strict, &place, NULL, "cache", "verify", "--cache-dir=c", "--strict");
	cr_assert_eq(strict.code, 1, "%s", strict.out);
	cr_assert(strstr(strict.out, "foreign  npm/s: "), "%s", strict.out);
}

Test(cache_verify, knows_what_was_imported, .timeout = 120)
{
	struct run_place place RUN_AUTO_PLACE;
	struct run_result result RUN_AUTO_RESULT;

	fill(&place, geteuid());
	OK(&place, "export", "--cache-dir=c", "1.tar");
	OK(&place, "import", "--cache-dir=d", "1.tar");
	run_place_write(&place, "d/m2repository/a/1/a.jar", "JAR");
	RUN_MELANGE(&result, &place, NULL, "cache", "verify", "--cache-dir=d");
	cr_assert_eq(result.code, 0, "%s", result.err);
	cr_assert(strstr(result.out, "changed  m2repository/a/1/a.jar: "), "%s", result.out);
}

Test(cache_stats, adds_up, .timeout = 120)
{
	struct run_place place RUN_AUTO_PLACE;
	struct run_result none RUN_AUTO_RESULT, text RUN_AUTO_RESULT, json RUN_AUTO_RESULT;

	fill(&place, geteuid());
	RUN_MELANGE(&none, &place, NULL, "cache", "stats", "--cache-dir=c");
	cr_assert_eq(none.code, 0, "%s", none.err);
	cr_assert(strstr(none.out, "0 build(s), 0 failed"), "%s", none.out);
	shell(&place,
	      "cat >$(echo .local/state/melange/cache/*)/builds <<'E'\n"
	      "{\"begin\":1764000000,\"package\":\"a-1-r0\",\"mode\":\"commit\",\"result\":"
	      "\"ok\","
	      "\"fetch-hits\":3,\"fetch-misses\":1,\"downloaded-bytes\":2048,\"cache\":{"
	      "\"added\""
	      ":3,\"added-bytes\":1024,\"areas\":{\"npm\":{\"added\":2}}}}\n"
	      "{\"begin\":1764000060,\"package\":\"b-1-r0\",\"mode\":\"rw\",\"result\":"
	      "\"failed\"}\n"
	      "E",
	      "");
	RUN_MELANGE(&text, &place, NULL, "cache", "stats", "--cache-dir=c");
	cr_assert_eq(text.code, 0, "%s", text.err);
	cr_assert(strstr(text.out, "  a-1-r0\n"), "%s", text.out);
	cr_assert(strstr(text.out, "npm "), "%s", text.out);
	cr_assert(strstr(text.out, "2 build(s), 1 failed; 3 of 4 fetched files came from the "
				   "cache (75 %); 2.0 KiB downloaded\n"),
		  "%s", text.out);
	RUN_MELANGE(&json, &place, NULL, "cache", "stats", "--cache-dir=c", "--json",
		    "--last=1");
	cr_assert_str_eq(json.out,
			 "{\"begin\":1764000060,\"package\":\"b-1-r0\",\"mode\":\"rw\","
			 "\"result\":\"failed\"}\n");
}
