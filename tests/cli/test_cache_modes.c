/* The cache in modes ro, discard and commit: what reaches the folder of the host and what never
 * does. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "caches.h"

/* --- one build ------------------------------------------------------------------------------
 */

/* A build of the script with these flags ends so; the folder is as before, or has changed. */
static const struct {
	const char *name, *script;
	const char *args[BUILD_ARGS_MAX];
	int code;
	bool changes;
	const char *host, *absent;
	const char *says[BUILD_SAYS_MAX];
} cases[] = {
	{ "discard: success",
	  "grep -q old " C "/link\necho new >" C "/x\necho more >>" C "/old\nrm -r " C "/sub\n"
	  "[ \"$(cat " C "/link)\" = \"old\nmore\" ]\n[ ! -e " C "/sub ]",
	  { CACHE_ARGS("discard") },
	  0,
	  false,
	  "cache/old",
	  "cache/x",
	  { "build cache @DIR@/cache (discard)", "cache: @DIR@/cache (discard)" } },
	{ "discard: failure",
	  "echo new >" C "/x\nrm " C "/old\nmv " C "/link " C "/l2\nfalse",
	  { CACHE_ARGS("discard") },
	  1,
	  false,
	  "cache/old",
	  "cache/x",
	  { NULL } },
	{ "discard: read-only folders of tools",
	  "chmod -R u+w " C "/gomodcache && rm -r " C "/gomodcache\nmkdir -p " C "/a/b\n"
	  "touch " C "/a/b/c\nchmod 0444 " C "/a/b/c\nchmod 0555 " C "/a/b " C "/a",
	  { CACHE_ARGS("discard") },
	  0,
	  false,
	  NULL,
	  "cache/a",
	  { NULL } },
	{ "discard: in memory",
	  "echo new >" C "/x\nhead -c 3000000 /dev/zero >" C "/big || echo it is full\n"
	  "cat " C "/old",
	  { "--cache-upper=tmpfs:1MiB", CACHE_ARGS("discard") },
	  0,
	  false,
	  NULL,
	  "cache/x",
	  { "it is full", "INFO old" } },
	{ "discard: too much for memory",
	  "head -c 3000000 /dev/zero >" C "/big",
	  { "--cache-upper=tmpfs:1MiB", CACHE_ARGS("discard") },
	  1,
	  false,
	  NULL,
	  "cache/big",
	  { "is in memory, up to the size of --cache-upper" } },
	{ "ro: failure",
	  "ls " C " && touch " C "/x",
	  { CACHE_ARGS("ro") },
	  1,
	  false,
	  NULL,
	  "cache/x",
	  { "the cache is mounted read-only" } },
	{ "commit: failure",
	  "echo new >" C "/x\nrm " C "/old\nfalse",
	  { CACHE_ARGS("commit") },
	  1,
	  false,
	  "cache/old",
	  "cache/x",
	  { NULL } },
	{ "commit: nothing was written",
	  "cat " C "/old",
	  { CACHE_ARGS("commit") },
	  0,
	  false,
	  "cache/old",
	  NULL,
	  { "merged into the cache: nothing changed" } },
	{ "commit: success",
	  "mkdir " C "/d\necho new >" C "/d/x\nrm " C "/old\n[ ! -e " C "/old ]",
	  { CACHE_ARGS("commit") },
	  0,
	  true,
	  "cache/d/x",
	  NULL,
	  { "build cache @DIR@/cache (commit)", "merged into the cache: 1 file" } },
	{ "commit: by the environment's word for the mode it is the flag that wins",
	  "echo new >" C "/x",
	  { "--cache-policy=all", CACHE_ARGS("commit") },
	  0,
	  true,
	  "cache/x",
	  NULL,
	  { NULL } },
	{ "commit: only what its name proves",
	  "echo new >" C "/x\nprintf %s text >" C "/t\n"
	  "mv " C "/t " C "/sha256:$(sha256sum " C "/t | cut -c1-64)",
	  { "--cache-policy=verified", CACHE_ARGS("commit") },
	  0,
	  true,
	  "cache/sha256:982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1",
	  "cache/x",
	  { NULL } },
	{ "commit: deletes are applied when wanted",
	  "rm -r " C "/old",
	  { "--cache-apply-deletes", CACHE_ARGS("commit") },
	  0,
	  true,
	  "cache/sub/old",
	  "cache/old",
	  { NULL } },
	{ "exclusive",
	  "echo new >" C "/x",
	  { "--cache-exclusive", CACHE_ARGS("commit") },
	  0,
	  true,
	  "cache/x",
	  NULL,
	  { NULL } },
	{ "too much for the layer",
	  "head -c 20000000 /dev/zero >" C "/big\nsleep 20",
	  { "--cache-upper=8MiB", CACHE_ARGS("commit") },
	  1,
	  false,
	  NULL,
	  "cache/big",
	  { "step \"step\" of x: the build wrote", "(8.0 MiB); --cache-upper=SIZE" } },
	{ "too much at the end of a step",
	  "head -c 20000000 /dev/zero >" C "/big",
	  { "--cache-upper=8MiB", CACHE_ARGS("commit") },
	  1,
	  false,
	  NULL,
	  "cache/big",
	  { "the build wrote" } },
	{ "in the records of caches",
	  "true",
	  { "--empty-workspace", "--cache-dir=.local/state/melange/cache",
	    "--cache-mode=discard", "x.yaml" },
	  3,
	  false,
	  NULL,
	  NULL,
	  { "the state of caches", "may not hold each other" } },
	{ "in the out dir, beside the architecture",
	  "true",
	  { "--empty-workspace", "--cache-dir=packages/cache", "--cache-mode=commit",
	    "x.yaml" },
	  3,
	  false,
	  NULL,
	  "packages/cache",
	  { "the output directory", "may not hold each other" } },
	{ "in the cache of packages",
	  "true",
	  { "--empty-workspace", "--cache-dir=apk/cache", "--apk-cache-dir=apk", "x.yaml" },
	  3,
	  false,
	  NULL,
	  NULL,
	  { "the cache of packages (--apk-cache-dir)", "may not hold each other" } },
	{ "around the cache of packages, which is not there yet",
	  "true",
	  { "--empty-workspace", "--cache-dir=cache", "--apk-cache-dir=cache/apk", "x.yaml" },
	  3,
	  false,
	  NULL,
	  NULL,
	  { "the cache of packages (--apk-cache-dir)", "may not hold each other" } },
	{ "the cache of packages itself",
	  "echo new >/var/cache/melange/new",
	  { "--empty-workspace", "--cache-dir=cache", "--apk-cache-dir=./cache/", "x.yaml" },
	  0,
	  true,
	  "cache/new",
	  NULL,
	  { "WARN --apk-cache-dir and --cache-dir name the same folder" } },
	{ "around the temporary directory",
	  "true",
	  { "--empty-workspace", "--cache-dir=tmp", "--cache-mode=discard", "x.yaml" },
	  3,
	  false,
	  NULL,
	  NULL,
	  { "may not hold each other" } },
};

ParameterizedTestParameters(cache_modes, one)
{
	BUILD_PARAMETERS(BUILD_COUNTOF(cases));
}

ParameterizedTest(const size_t *i, cache_modes, one, .timeout = 60)
{
	struct run_place place RUN_AUTO_PLACE;
	struct run_result result RUN_AUTO_RESULT = { 0 };
	char *before, *after;
	size_t which;

	if (!build_place(&place, *i, &which) || !run_has_sandbox(&place))
		return;
	build_write_step(&place, "x", cases[which].script);
	cache_fill(&place);
	before = cache_snapshot(&place, "cache");
	build_melange(&result, &place, NULL, cases[which].args);
	build_expect(&place, &result, cases[which].code, cases[which].says);
	after = cache_snapshot(&place, "cache");
	if (!cases[which].changes)
		cr_assert_str_eq(before, after, "%s", cases[which].name);
	if (cases[which].host)
		cache_check_owner(&place, cases[which].host);
	if (cases[which].absent)
		cr_assert_eq(access(run_place_path(&place, cases[which].absent), F_OK), -1,
			     "%s: %s is there", cases[which].name, cases[which].absent);
	cache_check_no_layers(&place);
	build_check_clean(&place);
	free(before);
	free(after);
}

/* --- hostile builds -------------------------------------------------------------------------
 */

/* Content-addressed files are not replaced, nothing is planted, the rest is merged. */
static void hostile(struct run_place *place)
{
	static const char object[] =
		"sha256:982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1";
	struct run_result result RUN_AUTO_RESULT = { 0 };
	char path[128], *text, *list;

	cache_fill(place);
	snprintf(path, sizeof(path), "cache/%s", object);
	run_place_write(place, path, "text");
	run_place_write(place, "secret", "canary\n");
	build_write(place, "x",
		    "pipeline:\n  - name: step\n    runs: |\n"
		    "      cd " C "\n"
		    "      rm sha256:*\n"
		    "      echo evil >sha256:"
		    "982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1\n"
		    "      rm old\n"
		    "      ln -s @DIR@/secret out\n"
		    "      ln -s ../../../../../../../../../etc/passwd up\n"
		    "      cp /bin/true suid\n      chmod 6755 suid\n"
		    "      mkfifo fifo 2>/dev/null || :\n"
		    "      mknod null c 1 3 2>/dev/null || :\n"
		    "      mkdir -m 0777 open\n      echo new >open/new\n      chmod 0666 "
		    "open/new\n"
		    "      ln -s new open/link\n");
	run_result_clear(&result);
	BUILD(&result, place, NULL, CACHE_ARGS("commit"));
	BUILD_EXPECT(place, &result, 0, "WARN", "merged into the cache: ");
	text = run_place_read(place, path);
	cr_assert_str_eq(text, "text");
	free(text);
	run_result_clear(&result);
	run_program(&result, place, NULL, "sh",
		    (const char *const[]){ "-c",
					   "find cache -printf '%P %y %m\\n' | grep -Ev "
					   "'^(gomod|sub|sha256)' | sort",
					   NULL });
	list = result.out;
	cr_assert(strstr(list, "old f "), "%s", list);
	cr_assert(strstr(list, "open d 755\n") && strstr(list, "open/new f 644\n") &&
			  strstr(list, "open/link l "),
		  "%s", list);
	cr_assert(strstr(list, "suid f 755\n"), "%s", list);
	cr_assert(!strstr(list, "out") && !strstr(list, "up ") && !strstr(list, "fifo") &&
			  !strstr(list, "null"),
		  "%s", list);
	cache_check_owner(place, "cache/open/new");
	cache_check_owner(place, "cache/suid");
	cache_check_no_layers(place);
	build_check_clean(place);
}

Test(cache_modes, hostile, .timeout = 60)
{
	cache_with_users(hostile);
}
