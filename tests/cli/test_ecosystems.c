/*
 * Package managers and the build cache: real builds with real tool chains against registries of
 * our own on loopback. A first build fills the cache; then the same build must do without the
 * network, and where the network is there must not ask for anything. See
 * ecosystems/make-registry.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "builds.h"
#include "tests/http.h"

enum { TOOLS_MAX = 4, CACHED_MAX = 6, SLOW_S = 120 };

static const struct ecosystem {
	const char *name; /* folder of ecosystems */
	const char *tool[TOOLS_MAX];
	const char *package;            /* of Debian, that has the tools */
	const char *cached[CACHED_MAX]; /* in the cache after the first build */
	const char *missing; /* what the build says without the cache and the network */
	bool asks; /* for newer versions, where the network is there and nothing forbids it */
	const char *still; /* flag for the strictest mode in which the tool finds its cache */
} ecosystems[] = {
	{ "go",
	  { "go" },
	  "golang-go",
	  { "gomodcache/cache/download/example.com/left/@v/v1.0.0.zip",
	    "gomodcache/cache/download/example.com/right/@v/v1.2.0.zip",
	    "gomodcache/example.com/right@v1.2.0/right.go" },
	  "example.com/right@v1.2.0",
	  false,
	  "--cache-mode=ro" },
	{ "npm",
	  { "npm", "node" },
	  "npm",
	  { "npm/_cacache/content-v2" },
	  "ENOTCACHED",
	  true,
	  "--cache-mode=discard" /* npm 11 writes to its index where it reads */ },
	{ "maven",
	  { "mvn", "javac" },
	  "maven, default-jdk-headless",
	  { "m2repository/example/left/1.0/left-1.0.jar",
	    "m2repository/example/right/1.2/right-1.2.pom",
	    "m2repository/example/pack-maven-plugin/1.0/pack-maven-plugin-1.0.jar" },
	  "pack-maven-plugin",
	  false,
	  "--cache-mode=ro" },
	{ "cargo",
	  { "cargo", "rustc" },
	  "cargo",
	  { "cargo/registry/cache" },
	  "offline",
	  false,
	  "--cache-mode=ro" },
	{ "python",
	  { "python3", "pip3", "pyproject-build" },
	  "python3-pip, python3-build",
	  { "wheels/left-1.0-py3-none-any.whl", "wheels/right-1.2-py3-none-any.whl" },
	  "right==1.2",
	  false,
	  "--cache-mode=ro" },
};

/* Tool chains that are not Debian's: folders of programs, and what guests must be shown. */
static const struct {
	const char *programs, *shown;
} places[] = {
	{ "/usr/bin", NULL },
	{ "/usr/local/bin", NULL },
	{ "/usr/local/go/bin", "/usr/local/go" },
};

/* A tool chain as guests use it: PATH, and --bind-ro for what is not below /usr. */
struct chain {
	char path[512], bind[256];
};

static bool has_tool(const char *folder, const char *tool)
{
	char path[1100];

	snprintf(path, sizeof(path), "%s/%s", folder, tool);
	return access(path, X_OK) == 0;
}

static void add_place(struct chain *chain, const char *programs, const char *shown)
{
	size_t len = strlen(chain->path);

	snprintf(chain->path + len, sizeof(chain->path) - len, "%s:", programs);
	if (shown)
		snprintf(chain->bind, sizeof(chain->bind), "--bind-ro=%s", shown);
}

/* Rust as its own installer leaves it: below the sysroot that rustc names. */
static bool find_sysroot(const struct run_place *place, struct chain *chain)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };
	const char *const args[] = { "-c", "rustc --print sysroot", NULL };
	const char *home = getenv("HOME"), *path = getenv("PATH");
	char home_env[512], path_env[2048], programs[1024];
	const char *const env[] = { home_env, path_env, NULL };
	struct run_place as_caller = *place;

	as_caller.uid = geteuid();
	snprintf(home_env, sizeof(home_env), "HOME=%s", home ? home : "/");
	snprintf(path_env, sizeof(path_env), "PATH=%s", path ? path : "/usr/bin");
	run_program(&result, &as_caller, &(struct run_opts){ .env = env }, "sh", args);
	if (result.code != 0)
		return false;
	result.out[strcspn(result.out, "\n")] = '\0';
	snprintf(programs, sizeof(programs), "%s/bin", result.out);
	if (!has_tool(programs, "cargo") || place->uid != geteuid())
		return false;
	add_place(chain, programs, result.out);
	return true;
}

/* False, with the reason printed: a tool is missing. */
static bool find_chain(const struct run_place *place, const struct ecosystem *ecosystem,
		       struct chain *chain)
{
	const char *must = getenv("MEL_MUST_SANDBOX");

	*chain = (struct chain){ .path = "PATH=" };
	for (size_t t = 0; t < TOOLS_MAX && ecosystem->tool[t]; t++) {
		const char *tool = ecosystem->tool[t];
		size_t i = 0;

		while (i < BUILD_COUNTOF(places) && !has_tool(places[i].programs, tool))
			i++;
		if (i < BUILD_COUNTOF(places)) {
			add_place(chain, places[i].programs, places[i].shown);
		} else if (strcmp(tool, "rustc") != 0 &&
			   (strcmp(tool, "cargo") != 0 || !find_sysroot(place, chain))) {
			fprintf(stderr, "skipped: %s: there is no %s for user %u (%s)\n",
				ecosystem->name, tool, place->uid, ecosystem->package);
			cr_assert_not(must && must[0] == '1' && place->uid == geteuid(),
				      "there is no %s (%s)", tool, ecosystem->package);
			return false;
		}
	}
	add_place(chain, "/usr/bin:/bin", NULL);
	chain->path[strlen(chain->path) - 1] = '\0';
	return true;
}

/* --- one ecosystem -------------------------------------------------------------------------
 */

static const char offline[] = "GOPROXY=off\nCARGO_NET_OFFLINE=true\nnpm_config_offline=true\n"
			      "PIP_NO_INDEX=1\n";

static void prepare(const struct run_place *place, const struct ecosystem *ecosystem,
		    const struct chain *chain, const char *url)
{
	struct run_result made RUN_AUTO_RESULT = { 0 };
	char *top = realpath(getenv("srcdir") ? getenv("srcdir") : ".", NULL);
	const char *kind = ecosystem->name;
	/* a distributed tree may be read-only */
	const char *const args[] = {
		"-c", "chmod -R u+w . && exec /usr/bin/python3 ../make-registry \"$@\"",
		"sh", kind,
		url,  NULL
	};
	char from[512], *env, *all;

	snprintf(from, sizeof(from), "%s/tests/cli/ecosystems/%s", top, kind);
	run_place_copy(place, from, "work");
	snprintf(from, sizeof(from), "%s/tests/cli/ecosystems/make-registry", top);
	run_place_copy(place, from, "make-registry");
	run_program(&made, place, &(struct run_opts){ .cwd = "work", .timeout_s = SLOW_S },
		    "sh", args);
	cr_assert_eq(made.code, 0, "make-registry %s: %s", kind, made.err);
	env = run_place_read(place, "work/env");
	cr_assert_gt(asprintf(&all, "%s\n%s", chain->path, env), 0);
	run_place_write(place, "work/env", all);
	run_place_write(place, "work/offline", offline);
	free(all);
	free(env);
	free(top);
}

/* A build with the cache, packages to the folder out; flags in addition to those of all. */
static void build(struct run_result *result, const struct run_place *place,
		  const struct chain *chain, const char *out, const char *cache,
		  const char *const flag[2])
{
	const char *args[BUILD_ARGS_MAX] = { "--cache-compiled", "--source-dir=work/source",
					     "--env-file=work/env", "--vars-file=work/vars" };
	char out_flag[64], cache_flag[64];
	size_t len = 4;

	snprintf(out_flag, sizeof(out_flag), "--out-dir=%s", out);
	snprintf(cache_flag, sizeof(cache_flag), "--cache-dir=%s", cache);
	args[len++] = out_flag;
	args[len++] = cache_flag;
	if (chain->bind[0])
		args[len++] = chain->bind;
	for (size_t i = 0; i < 2 && flag[i]; i++)
		args[len++] = flag[i];
	const char *all[BUILD_ARGS_MAX + 2] = { NULL };

	memcpy(all, args, len * sizeof(*args));
	all[len++] = "work/sample.yaml";
	build_melange(result, place, &(struct run_opts){ .timeout_s = SLOW_S }, all);
}

static void expect_cached(const struct run_place *place, const struct ecosystem *ecosystem)
{
	for (size_t i = 0; i < CACHED_MAX && ecosystem->cached[i]; i++) {
		char path[256];

		snprintf(path, sizeof(path), "cache/%s", ecosystem->cached[i]);
		cr_assert_eq(access(run_place_path(place, path), F_OK), 0, "%s: no %s",
			     ecosystem->name, path);
	}
}

static void expect_same(const struct run_place *place, const char *a, const char *b)
{
	struct run_result result RUN_AUTO_RESULT = { 0 };
	const char *const args[] = { "-r", "--exclude=logs", a, b, NULL };

	run_program(&result, place, NULL, "diff", args);
	cr_assert_eq(result.code, 0, "%s", result.out);
}

static const struct {
	const char *name, *out, *cache, *flag;
	bool offline, fails;
} runs[] = {
	{ "no cache, no network", "none", "empty", "--network=none", true, true },
	{ "warm, no network", "warm", "cache", "--network=none", true, false },
	{ "warm, cache protected", "still", "cache", NULL, true, false },
	{ "warm, network there", "near", "cache", "--network=host", false, false },
};

static void check(const struct run_place *place, const struct ecosystem *ecosystem,
		  const struct chain *chain, struct http *registry)
{
	struct run_result cold RUN_AUTO_RESULT = { 0 };
	const char *const cold_flag[2] = { "--network=host" };

	prepare(place, ecosystem, chain, registry->url);
	http_serve(registry, run_place_path(place, "work/registry"), HTTP_PLAIN);
	build(&cold, place, chain, "cold", "cache", cold_flag);
	BUILD_EXPECT(place, &cold, 0, "left and right");
	unsigned asked = registry->shared->requests;

	cr_assert_gt(asked, 1, "%s: the registry was asked %u times", ecosystem->name, asked);
	expect_cached(place, ecosystem);
	for (size_t i = 0; i < BUILD_COUNTOF(runs); i++) {
		struct run_result warm RUN_AUTO_RESULT = { 0 };

		const char *const flag[2] = { runs[i].flag ? runs[i].flag : ecosystem->still,
					      runs[i].offline || ecosystem->asks
						      ? "--env-file=work/offline"
						      : NULL };

		build(&warm, place, chain, runs[i].out, runs[i].cache, flag);
		if (runs[i].fails)
			BUILD_EXPECT(place, &warm, 1, ecosystem->missing);
		else
			BUILD_EXPECT(place, &warm, 0, "left and right");
		cr_assert_eq(registry->shared->requests, asked, "%s: %s: asked for %s",
			     ecosystem->name, runs[i].name, registry->shared->last);
		if (!runs[i].fails)
			expect_same(place, "cold", runs[i].out);
	}
	fprintf(stderr, "%s: %u requests cold, none warm\n", ecosystem->name, asked);
}

ParameterizedTestParameters(ecosystems, warm_and_offline)
{
	BUILD_PARAMETERS(BUILD_COUNTOF(ecosystems));
}

ParameterizedTest(const size_t *i, ecosystems, warm_and_offline, .timeout = 300)
{
	struct run_place place RUN_AUTO_PLACE;
	struct http registry AUTO_HTTP = { 0 };
	struct chain chain;
	size_t which;

	if (!build_place(&place, *i, &which) || !run_has_sandbox(&place) ||
	    !find_chain(&place, &ecosystems[which], &chain))
		return;
	http_open(&registry);
	check(&place, &ecosystems[which], &chain, &registry);
	build_check_clean(&place);
}
