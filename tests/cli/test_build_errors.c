/* Builds that cannot succeed: the right exit status, one clear message, nothing left. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builds.h"

#define STEP "pipeline:\n  - name: good\n    runs: 'true'\n"

/* A file of the cache: "hello\n". */
#define SUM    "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
#define BADSUM "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be04"
#define MISSING                                                                                \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123" \
	"4"                                                                                    \
	"56789abcdef0123456789abcdef0123456789abcdef"
#define FETCH                                                                                  \
	"pipeline:\n  - uses: fetch\n    with:\n      uri: http://127.0.0.1:1/hello.txt\n"     \
	"      extract: false\n      retry-limit: 1\n"

enum { NEEDS_SANDBOX = 1, WITH_SOURCE = 2, USER_ONLY = 4 };

static const struct {
	const char *name, *body;
	const char *args[BUILD_ARGS_MAX];
	int flags, code;
	const char *says[BUILD_SAYS_MAX];
} cases[] = {
	/* steps */
	{ "a step fails",
	  STEP "  - name: bad\n    runs: |\n      echo the reason >&2\n      exit 7\n"
	       "  - name: never\n    runs: echo never-reached\n",
	  { "x.yaml" },
	  NEEDS_SANDBOX,
	  1,
	  { "x.yaml:11:5: step \"bad\" of package x failed: exit status 7",
	    "the last line it wrote:\n    the reason", "to run it again: @DIR@/melange build ",
	    " x.yaml" } },
	{ "a step is killed",
	  "pipeline:\n  - name: bad\n    runs: kill -9 $$\n",
	  { "x.yaml" },
	  NEEDS_SANDBOX,
	  1,
	  { "step \"bad\" of package x failed: killed by SIGKILL" } },
	{ "a step of a subpackage",
	  STEP "subpackages:\n  - name: x-doc\n    pipeline:\n      - name: bad\n"
	       "        runs: 'false'\n",
	  { "x.yaml" },
	  NEEDS_SANDBOX,
	  1,
	  { "x.yaml:14:9: step \"bad\" of package x-doc failed: exit status 1" } },
	{ "the left end of a pipe",
	  "pipeline:\n  - runs: false | true\n",
	  { "x.yaml" },
	  NEEDS_SANDBOX,
	  1,
	  { "exit status 1" } },
	{ "a command in the middle",
	  "pipeline:\n  - runs: |\n      false\n      true\n",
	  { "x.yaml" },
	  NEEDS_SANDBOX,
	  1,
	  { "exit status 1" } },
	{ "an unknown command",
	  "pipeline:\n  - runs: frobnicate-it\n",
	  { "x.yaml" },
	  NEEDS_SANDBOX,
	  1,
	  { "exit status 127", "frobnicate-it: command not found" } },
	/* the build file */
	{ "an unknown key",
	  "pipelin:\n  - runs: 'true'\n",
	  { "x.yaml" },
	  0,
	  3,
	  { "x.yaml:8:1: unknown key 'pipelin'", "pipeline" } },
	{ "an unknown key of a step",
	  "pipeline:\n  - run: 'true'\n",
	  { "x.yaml" },
	  0,
	  3,
	  { "x.yaml:9:5: unknown key 'run'", "runs" } },
	{ "not YAML", "pipeline: [\n", { "x.yaml" }, 0, 3, { "x.yaml:" } },
	{ "an unknown pipeline",
	  "pipeline:\n  - uses: autoconf/confgure\n",
	  { "x.yaml" },
	  0,
	  3,
	  { "x.yaml:9:", "autoconf/confgure" } },
	{ "an unknown input",
	  FETCH "      frob: 1\n      expected-sha256: " SUM "\n",
	  { "x.yaml" },
	  0,
	  3,
	  { "x.yaml:", "frob" } },
	{ "an unknown variable",
	  "pipeline:\n  - runs: echo ${{vars.nothing}}\n",
	  { "x.yaml" },
	  0,
	  3,
	  { "x.yaml:9:", "vars.nothing" } },
	{ "no such build file", STEP, { "y.yaml" }, 0, 3, { "'y.yaml'", "No such file" } },
	{ "a folder as build file", STEP, { "tmp" }, 0, 3, { "'tmp'" } },
	/* flags that name files */
	{ "no such key",
	  STEP,
	  { "--signing-key=none.rsa", "x.yaml" },
	  0,
	  3,
	  { "--signing-key", "'none.rsa'", "No such file" } },
	{ "a key that is none",
	  STEP,
	  { "--signing-key=x.yaml", "x.yaml" },
	  0,
	  3,
	  { "--signing-key", "'x.yaml'" } },
	{ "a public key",
	  STEP,
	  { "--signing-key=test.rsa.pub", "x.yaml" },
	  0,
	  3,
	  { "--signing-key", "'test.rsa.pub'" } },
	{ "a folder as key",
	  STEP,
	  { "--signing-key=tmp", "x.yaml" },
	  0,
	  3,
	  { "--signing-key", "'tmp'" } },
	{ "no such source",
	  STEP,
	  { "--source-dir=none", "x.yaml" },
	  WITH_SOURCE,
	  3,
	  { "source directory 'none'", "No such file" } },
	{ "no such source, not needed",
	  STEP,
	  { "--source-dir=none", "x.yaml" },
	  NEEDS_SANDBOX,
	  0,
	  { "built 1 package" } },
	{ "no such environment file",
	  STEP,
	  { "--env-file=none.env", "x.yaml" },
	  0,
	  3,
	  { "none.env" } },
	{ "no such file of variables",
	  STEP,
	  { "--vars-file=none.yaml", "x.yaml" },
	  0,
	  3,
	  { "none.yaml" } },
	{ "no such folder to show",
	  STEP,
	  { "--bind-ro=/nowhere/at/all", "x.yaml" },
	  NEEDS_SANDBOX,
	  3,
	  { "--bind-ro", "'/nowhere/at/all'" } },
	{ "no such root",
	  STEP,
	  { "--root=dir:none", "x.yaml" },
	  0,
	  3,
	  { "--root", "'none'", "No such file" } },
	{ "output below a file",
	  STEP,
	  { "--out-dir=x.yaml", "x.yaml" },
	  0,
	  6,
	  { "--out-dir", "x.yaml" } },
	{ "output that may not be written",
	  STEP,
	  { "--out-dir=/proc", "x.yaml" },
	  0,
	  6,
	  { "--out-dir", "/proc" } },
	{ "no temporary folder",
	  STEP,
	  { "--workspace-dir=x.yaml", "x.yaml" },
	  0,
	  4,
	  { "--workspace-dir", "x.yaml" } },
	/* an environment of packages */
	{ "packages in the environment",
	  "environment:\n  contents:\n    packages: [busybox]\n" STEP,
	  { "x.yaml" },
	  0,
	  2,
	  { "x.yaml", "--root=host" } },
	{ "packages by the command line",
	  STEP,
	  { "--package-append=busybox", "x.yaml" },
	  0,
	  2,
	  { "--package-append is not available in this version" } },
	{ "packages, but the root of the host",
	  "environment:\n  contents:\n    packages: [busybox]\n" STEP,
	  { "--root=host", "x.yaml" },
	  NEEDS_SANDBOX,
	  0,
	  { "not installed, expected in the root: busybox" } },
	/* sources */
	{ "a source from the cache",
	  FETCH "      expected-sha256: " SUM "\n  - runs: grep hello hello.txt\n",
	  { "--cache-dir=cache", "x.yaml" },
	  NEEDS_SANDBOX,
	  0,
	  { "1 of 1 fetched files came from it" } },
	{ "a source with upper-case checksum",
	  FETCH "      expected-sha256: "
		"5891B5B522D5DF086D0FF0B110FBD9D21BB4FC7163AF34D08286A2E846F6BE03\n",
	  { "--cache-dir=cache", "x.yaml" },
	  NEEDS_SANDBOX,
	  0,
	  { "1 of 1 fetched files came from it" } },
	{ "a source of the cache with wrong bytes",
	  FETCH "      expected-sha256: " BADSUM "\n",
	  { "--cache-dir=cache", "x.yaml" },
	  NEEDS_SANDBOX,
	  4,
	  { "sha256:" BADSUM " in the cache is damaged and was moved to sha256:" BADSUM
	    ".damaged: its sha256 is ",
	    "x.yaml:9:5: cannot get 'http://127.0.0.1:1/hello.txt' (sha256:" BADSUM "): " } },
	{ "a source that is not in the cache",
	  FETCH "      expected-sha512: " MISSING "\n",
	  { "--cache-dir=cache", "x.yaml" },
	  NEEDS_SANDBOX,
	  4,
	  { "x.yaml:9:5: cannot get 'http://127.0.0.1:1/hello.txt' (sha512:" MISSING
	    "): http://127.0.0.1:1/hello.txt: Failed to connect" } },
	{ "two sources while offline",
	  FETCH "      expected-sha512: " MISSING "\n  - uses: fetch\n    with:\n"
		"      uri: http://127.0.0.1:1/other.txt\n      expected-sha256: " BADSUM "\n",
	  { "--cache-mode=off", "--offline", "x.yaml" },
	  NEEDS_SANDBOX,
	  3,
	  { "--offline: 2 files are not in the cache and cannot be downloaded:\n",
	    "x.yaml:9:5: sha512:" MISSING "  http://127.0.0.1:1/hello.txt\n",
	    "x.yaml:15:5: sha256:" BADSUM "  http://127.0.0.1:1/other.txt\n" } },
	{ "a place for sources that is none",
	  "",
	  { "--cache-source=gs://bucket", "x.yaml" },
	  NEEDS_SANDBOX,
	  3,
	  { "--cache-source: 'gs://bucket' is neither a folder nor an http://, https:// or "
	    "s3:// address" } },
	{ "a source without checksum",
	  FETCH,
	  { "--cache-dir=cache", "x.yaml" },
	  NEEDS_SANDBOX,
	  1,
	  { "One of expected-sha256 or expected-sha512 is required",
	    "x.yaml:9:5: step \"fetch\" of package x failed: exit status 1 "
	    "((built-in)/fetch" } },
	{ "a checksum of wrong length",
	  FETCH "      expected-sha256: 5891b5\n",
	  { "--cache-dir=cache", "x.yaml" },
	  0,
	  3,
	  { "x.yaml:14:24: ", "\"expected-sha256\"" } },
};

ParameterizedTestParameters(errors, build)
{
	BUILD_PARAMETERS(BUILD_COUNTOF(cases));
}

ParameterizedTest(const size_t *i, errors, build, .timeout = 60)
{
	struct run_place place RUN_AUTO_PLACE;
	struct run_result result RUN_AUTO_RESULT = { 0 };
	const char *args[BUILD_ARGS_MAX + 2] = { NULL };
	size_t which, len = 0;

	if (!build_place(&place, *i, &which))
		return;
	if ((cases[which].flags & NEEDS_SANDBOX) && !run_has_sandbox(&place))
		return;
	if (strstr(cases[which].name, "public key"))
		build_keygen(&place);
	build_write(&place, "x", cases[which].body);
	run_place_write(&place, "cache/sha256:" SUM, "hello\n");
	run_place_write(&place, "cache/sha256:" BADSUM, "hello\n");
	if (!(cases[which].flags & WITH_SOURCE))
		args[len++] = "--empty-workspace";
	for (size_t arg = 0; cases[which].args[arg]; arg++)
		args[len++] = cases[which].args[arg];
	build_melange(&result, &place, NULL, args);
	build_expect(&place, &result, cases[which].code, cases[which].says);
	cr_assert_not(strstr(result.err, "INFO never-reached"), "%s", result.err);

	char *names = build_list(&place, "packages");

	cr_assert_eq(strstr(names, ".apk") != NULL, cases[which].code == 0,
		     "exit status %d with these packages:\n%s", result.code, names);
	free(names);
	build_check_clean(&place);
}
