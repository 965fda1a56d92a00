/* Variables for a mounted cache: when steps get them, and that the record does not. */
#include "plan/cacheenv.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "base/mem.h"
#include "fixture.h"

static const struct {
	const char *name;
	const char *rest; /* of the build file */
	struct mel_cacheenv cache;
	const char *variable, *want; /* NULL: unset */
} cases[] = {
	{ "no cache", "", { 0 }, "CARGO_HOME", NULL },
	{ "cache", "", { .is_mounted = true }, "CARGO_HOME", "/var/cache/melange/cargo" },
	{ "home with .cargo",
	  "",
	  { .is_mounted = true, .has_cargo_home = true },
	  "CARGO_HOME",
	  NULL },
	{ "set by the build file",
	  "environment: {environment: {CARGO_HOME: /x}}",
	  { .is_mounted = true },
	  "CARGO_HOME",
	  "/x" },
	{ "appended to nothing", "", { .is_mounted = true }, "GOFLAGS", "-modcacherw" },
	{ "appended",
	  "environment: {environment: {GOFLAGS: -mod=mod}}",
	  { .is_mounted = true },
	  "GOFLAGS",
	  "-mod=mod -modcacherw" },
	{ "appended once",
	  "environment: {environment: {GOFLAGS: -modcacherw -x}}",
	  { .is_mounted = true },
	  "GOFLAGS",
	  "-modcacherw -x" },
	{ "copies", "", { .is_mounted = true }, "UV_LINK_MODE", "copy" },
	{ "writable", "", { .is_mounted = true }, "MAVEN_ARGS", NULL },
	{ "read-only",
	  "environment: {environment: {MAVEN_ARGS: -B}}",
	  { .is_mounted = true, .is_read_only = true },
	  "MAVEN_ARGS",
	  "-B -Dmaven.repo.local.tail=/var/cache/melange/m2repository" },
	{ "gradle",
	  "",
	  { .is_mounted = true, .has_gradle = true },
	  "GRADLE_RO_DEP_CACHE",
	  "/var/cache/melange/gradle-ro" },
	{ "no gradle", "", { .is_mounted = true }, "GRADLE_RO_DEP_CACHE", NULL },
	{ "compiled",
	  "",
	  { .is_mounted = true, .toolchain = "x86_64-12" },
	  "GOCACHE",
	  "/var/cache/melange/go-build/x86_64-12" },
	{ "not compiled", "", { .is_mounted = true }, "GOCACHE", NULL },
	{ "offline", "", { .is_mounted = true, .is_offline = true }, "GOPROXY", "off" },
	{ "not offline", "", { .is_mounted = true }, "GOPROXY", NULL },
};

ParameterizedTestParameters(cacheenv, steps)
{
	static size_t index[MEL_COUNTOF(cases)];

	for (size_t i = 0; i < MEL_COUNTOF(cases); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, MEL_COUNTOF(cases));
}

ParameterizedTest(const size_t *i, cacheenv, steps, .timeout = 10)
{
	AUTO_FIXTURE struct fixture f;
	const char *rest, *got, *recorded;

	fixture_init(&f);
	f.opts.cache = cases[*i].cache;
	rest = mel_arena_printf(&f.arena, "%s\npipeline: [{runs: 'true'}]", cases[*i].rest);
	cr_assert(fixture_plan(&f, "", rest), "%s: %s", cases[*i].name,
		  f.err ? f.err->text : "");
	got = fixture_env(&f, 0, cases[*i].variable);
	if (cases[*i].want)
		cr_assert(got && strcmp(got, cases[*i].want) == 0, "%s: got '%s'",
			  cases[*i].name, got ? got : "(unset)");
	else
		cr_assert_null(got, "%s: got '%s'", cases[*i].name, got);
	recorded = mel_text_map_get(f.plan->env, cases[*i].variable);
	if (!*cases[*i].rest)
		cr_assert_null(recorded, "%s: recorded as '%s'", cases[*i].name, recorded);
}
