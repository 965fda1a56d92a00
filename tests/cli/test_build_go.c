/*
 * The case that the cache was made for: a Go program with a module dependency, built without
 * network from the module cache of the machine. The module is our own, its proxy a folder.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "builds.h"

/* The module as a proxy lays it out, then the cache as the go command fills it from there. */
static const char prepare[] =
	"set -e\n"
	"mkdir -p module\n"
	"cd module\n"
	"git init -q .\n"
	"printf 'module example.com/greet\\n\\ngo 1.18\\n' >go.mod\n"
	"printf 'package greet\\n\\nfunc Text() string { return \"greetings\" }\\n' "
	">greet.go\n"
	"git add .\n"
	"git -c user.name=t -c user.email=t@example.com commit -qm module\n"
	"proxy=$HOME/proxy/example.com/greet/@v\n"
	"mkdir -p $proxy\n"
	"git archive --format=zip --prefix=example.com/greet@v1.0.0/ -o $proxy/v1.0.0.zip "
	"HEAD\n"
	"cp go.mod $proxy/v1.0.0.mod\n"
	"echo '{\"Version\":\"v1.0.0\",\"Time\":\"2020-01-01T00:00:00Z\"}' "
	">$proxy/v1.0.0.info\n"
	"echo v1.0.0 >$proxy/list\n"
	"cd ../source\n"
	"go mod tidy\n"
	"grep -q example.com/greet go.sum\n"
	"go env GOMODCACHE\n";

static const struct {
	const char *name, *environment, *export_;
} cases[] = {
	{ "in the environment of the build file",
	  "environment:\n  environment:\n    GOMODCACHE: /var/cache/melange\n", "" },
	{ "in the script", "", "      export GOMODCACHE=/var/cache/melange\n" },
};

/* Folder of the go command; "" (with the reason printed) if there is none. */
static const char *find_go(void)
{
	static const char *const folder[] = { "/usr/bin", "/usr/lib/go/bin",
					      "/usr/local/go/bin" };
	const char *must = getenv("MEL_MUST_SANDBOX");
	char path[64];

	for (size_t i = 0; i < BUILD_COUNTOF(folder); i++) {
		snprintf(path, sizeof(path), "%s/go", folder[i]);
		if (access(path, X_OK) == 0)
			return folder[i];
	}
	fprintf(stderr, "skipped: there is no go command (golang-go)\n");
	cr_assert_not(must && must[0] == '1', "there is no go command (golang-go)");
	return "";
}

static void write_source(const struct run_place *place, const char *go, size_t which)
{
	char *body;

	run_place_write(place, "source/go.mod",
			"module example.com/hello\n\ngo 1.18\n\n"
			"require example.com/greet v1.0.0\n");
	run_place_write(place, "source/main.go",
			"package main\n\nimport \"example.com/greet\"\n\n"
			"func main() { println(greet.Text()) }\n");
	cr_assert_gt(
		asprintf(&body,
			 "%spipeline:\n  - runs: |\n%s"
			 "      export PATH=$PATH:%s GOTOOLCHAIN=local\n"
			 "      [ \"$(go env GOMODCACHE)\" = /var/cache/melange ]\n"
			 "      go build -o ${{targets.destdir}}/usr/bin/hello .\n"
			 "      ${{targets.destdir}}/usr/bin/hello 2>&1 | grep greetings\n",
			 cases[which].environment, cases[which].export_, go),
		0);
	build_write(place, "hello", body);
	free(body);
}

ParameterizedTestParameters(cache, go_modules)
{
	BUILD_PARAMETERS(BUILD_COUNTOF(cases));
}

ParameterizedTest(const size_t *i, cache, go_modules, .timeout = 180)
{
	struct run_place place RUN_AUTO_PLACE;
	struct run_result made RUN_AUTO_RESULT = { 0 }, built RUN_AUTO_RESULT = { 0 };
	const char *const args[] = { "-c", prepare, NULL }, *go;
	char proxy[128], modules[128], path[128], *flag;
	const char *const env[] = {
		proxy, modules, path, "GONOSUMDB=*", "GOFLAGS=-mod=mod", "GOTOOLCHAIN=local",
		NULL
	};
	const struct run_opts opts = { .env = env, .timeout_s = 120 };
	size_t which;

	if (!build_place(&place, *i, &which) || !run_has_sandbox(&place) || !*(go = find_go()))
		return;
	write_source(&place, go, which);
	snprintf(proxy, sizeof(proxy), "GOPROXY=file://%s/proxy", place.dir);
	snprintf(modules, sizeof(modules), "GOMODCACHE=%s/modules", place.dir);
	snprintf(path, sizeof(path), "PATH=%s:/usr/bin:/bin", go);
	run_program(&made, &place, &opts, "sh", args);
	cr_assert_eq(made.code, 0, "preparing: %s", made.err);
	made.out[strcspn(made.out, "\n")] = '\0';
	cr_assert(strstr(made.out, "/modules"), "%s", made.out);

	const struct run_opts slow = { .timeout_s = 120 };

	cr_assert_gt(asprintf(&flag, "--cache-dir=%s", made.out), 0);
	if (strcmp(go, "/usr/local/go/bin") == 0)
		BUILD(&built, &place, &slow, "--bind-ro=/usr/local/go", "--source-dir=source",
		      flag, "hello.yaml");
	else
		BUILD(&built, &place, &slow, "--source-dir=source", flag, "hello.yaml");
	free(flag);
	BUILD_EXPECT(&place, &built, 0, "INFO greetings", "network none");
	build_check_clean(&place);
}
