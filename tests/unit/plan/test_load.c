/* Loading: substitution into the file, options, vars files, env files, checks. */
#include <string.h>

#include "tests/unit/plan/fixture.h"
#include "tests/unit/table.h"

static const struct {
	const char *package, *rest;
	const char *description; /* NULL: an error */
	const char *words;
} cases[] = {
	{ "description: 'x ${{nope}} ${{ package.name }} ${{package.name}}'", "",
	  "x ${{nope}} a a", NULL },
	{ "description: 'd ${{vars.u}}'", "vars: {u: 'x-${{package.version}}'}", "d x-1.2.3",
	  NULL },
	{ "description: 'd ${{package.full-version}}'", "", "d 1.2.3-r4", NULL },
	{ "description: '${{vars.a}}'", "vars: {a: '${{vars.b}}', b: '${{vars.c}}', c: z}", "z",
	  NULL },
	{ "", "vars: {a: '${{vars.b}}', b: '${{vars.a}}'}", NULL,
	  "vars.a -> vars.b -> vars.a" },
	{ "", "vars: {a: '${{vars.a}}'}", NULL, "vars.a -> vars.a" },
	{ "", "vars: {a: '${{nope}}'}", NULL, "build.yaml:2:11: variable nope not defined" },
	{ "description: '${{vars.t}}'",
	  "var-transforms: [{from: '${{package.version}}', match: '\\.', replace: _, to: t}]",
	  "1_2_3", NULL },
	{ "description: '${{vars.t}} ${{vars.u}}'",
	  "var-transforms: [{from: '${{package.version}}', match: '\\..*', replace: '', to: "
	  "t}, "
	  "{from: 'v${{vars.t}}', match: v, replace: w, to: u}]",
	  "1 w1", NULL },
	{ "description: '${{vars.v}}'",
	  "vars: {v: a.b}\nvar-transforms: [{from: '${{vars.v}}', match: '\\.', replace: '', "
	  "to: "
	  "v}]",
	  "ab", NULL },
	{ "",
	  "var-transforms: [{from: '${{vars.u}}', match: a, replace: b, to: t}, {from: x, "
	  "match: "
	  "x, replace: x, to: u}]",
	  NULL, "variable vars.u not defined" },
	{ "", "var-transforms: [{from: '${{build.arch}}', match: a, replace: b, to: t}]", NULL,
	  "variable build.arch not defined" },
	{ "", "var-transforms: [{from: x, match: '(', replace: b, to: t}]", NULL,
	  "build.yaml:2:35: match value: ( string does not compile into a regex" },
	{ "dependencies: {provides: ['p-${{ vars.t }}'], replaces: ['p-${{ vars.t }}'], "
	  "provider-priority: '${{ vars.p }}'}, description: d",
	  "vars: {p: '7'}\nvar-transforms: [{from: x, match: x, replace: y, to: t}]", "d",
	  NULL },
	{ "dependencies: {provider-priority: '1.5'}", "", NULL, "priority must convert" },
	{ "dependencies: {runtime: ['${{nope}}', '${{build.arch}}']}", "", NULL,
	  "variable nope not defined" },
	{ "", "capabilities: {add: [CAP_NOPE]}", NULL, "CAP_NOPE" },
	{ "", "environment: {accounts: {users: [{username: u, uid: 0}]}}", NULL, "uid" },
};

TABLE_TEST(load, description, cases)
{
	AUTO_FIXTURE struct fixture f;
	bool ok;

	fixture_init(&f);
	ok = fixture_load(&f, cases[*row].package, cases[*row].rest);
	if (cases[*row].description) {
		cr_assert(ok, "%s: %s", cases[*row].rest, f.err ? f.err->text : "");
		cr_assert_str_eq(f.config->package.description, cases[*row].description);
	} else {
		cr_assert_not(ok, "%s", cases[*row].rest);
		cr_assert(strstr(f.err->text, cases[*row].words), "%s", f.err->text);
	}
}

/* Versions: what builds, and what is refused at once. */
static const struct {
	const char *version;
	bool ok;
} versions[] = {
	{ "1.2.3a_rc1_p2", true },
	{ "1.2-r3", false },
	{ "v1.2", false },
	{ "1.2-beta", false },
	{ "1.2+git1", false },
	{ "1..2", false },
	{ "20240101", true },
	{ "1.2_alpha", true },
	{ "", false },
	{ "99999999999999999999", false },
};

TABLE_TEST(load, version, versions)
{
	AUTO_FIXTURE struct fixture f;

	fixture_init(&f);
	fixture_write(&f, "v.yaml",
		      mel_arena_printf(&f.arena, "package: {name: a, version: \"%s\"}\n",
				       versions[*row].version));
	cr_assert_eq(mel_config_load(&f.config, &f.arena, fixture_path(&f, "v.yaml"), &f.load,
				     &f.err) == 0,
		     versions[*row].ok, "%s", versions[*row].version);
}

Test(load, version_from_var, .timeout = 10)
{
	AUTO_FIXTURE struct fixture f;

	fixture_init(&f);
	fixture_write(&f, "v.yaml",
		      "package: {name: a, version: '${{vars.v}}', description: 'd "
		      "${{package.version}}'}\n"
		      "vars: {v: '3.4'}\n"
		      "pipeline: [{runs: 'echo ${{package.version}}'}]\n");
	cr_assert_eq(mel_config_load(&f.config, &f.arena, fixture_path(&f, "v.yaml"), &f.load,
				     &f.err),
		     0);
	cr_assert_str_eq(f.config->package.description, "d 3.4");
	cr_assert_eq(mel_plan_make(&f.plan, f.config, &f.opts, &f.err), 0);
	cr_assert_str_eq(fixture_runs(&f), "echo 3.4");
}

#define OPTION                                                                                 \
	"vars: {a: '1'}\n"                                                                     \
	"options: {o: {vars: {a: '2', n: new}, environment: {contents: {packages: {add: "      \
	"['add-${{vars.n}}'], remove: [gone, missing]}}}}}\n"                                  \
	"environment: {contents: {packages: [x, 'gone=1.2', gone]}}\n"                         \
	"pipeline: [{runs: 'echo ${{vars.a}} ${{ vars.a }} ${{vars.n}} "                       \
	"${{options.o.enabled}}'}]"

Test(load, build_option, .timeout = 10)
{
	AUTO_FIXTURE struct fixture f;
	const char *const option = "o";

	fixture_init(&f);
	f.load.build_option = &option;
	f.load.build_option_len = 1;
	cr_assert(fixture_plan(&f, "", OPTION), "%s", f.err ? f.err->text : "");
	cr_assert_str_eq(fixture_runs(&f), "echo 2 2 new true");
	cr_assert_str_eq(fixture_texts(&f, &f.config->environment->contents.packages),
			 "x add-new");
}

Test(load, build_option_off, .timeout = 10)
{
	AUTO_FIXTURE struct fixture f;

	fixture_init(&f);
	cr_assert(fixture_plan(&f, "",
			       "options: {o: {}}\npipeline: [{runs: 'echo "
			       "${{options.o.enabled}}'}]"));
	cr_assert_str_eq(fixture_runs(&f), "echo false");
}

Test(load, build_option_unknown, .timeout = 10)
{
	AUTO_FIXTURE struct fixture f;
	const char *const option = "z";

	fixture_init(&f);
	f.load.build_option = &option;
	f.load.build_option_len = 1;
	cr_assert_not(fixture_load(&f, "", "options: {o: {}}"));
	cr_assert(strstr(f.err->text, "build option 'z' is not declared (declared: o)"));
}

static const char *const vars_cases[] = { "vars: {v: '1'}\n", "" };

TABLE_TEST(load, vars_file, vars_cases)
{
	AUTO_FIXTURE struct fixture f;
	const char *path;

	fixture_init(&f);
	fixture_write(&f, "vars", "v: 1.50\n");
	path = fixture_path(&f, "vars");
	f.load.vars_file = &path;
	f.load.vars_file_len = 1;
	cr_assert(fixture_plan(&f, "",
			       mel_arena_printf(&f.arena,
						"%spipeline: [{runs: 'echo ${{vars.v}}'}]",
						vars_cases[*row])));
	cr_assert_str_eq(fixture_runs(&f), "echo 1.50");
}

Test(load, vars_file_missing, .timeout = 10)
{
	AUTO_FIXTURE struct fixture f;
	const char *path = "/nonexistent/vars";

	fixture_init(&f);
	f.load.vars_file = &path;
	f.load.vars_file_len = 1;
	cr_assert_not(fixture_load(&f, "", ""));
	cr_assert(strstr(f.err->text, "loading variables file: "));
}

Test(load, env_files, .timeout = 10)
{
	AUTO_FIXTURE struct fixture f;
	const char *paths[2];

	fixture_init(&f);
	fixture_write(&f, "env1", "A=1\nB=1\n");
	fixture_write(&f, "env2", "A=2\nC=2\n");
	paths[0] = fixture_path(&f, "env1");
	paths[1] = fixture_path(&f, "env2");
	f.load.env_file = paths;
	f.load.env_file_len = 2;
	cr_assert(fixture_plan(&f, "",
			       "environment: {environment: {B: yaml, HOME: ''}}\n"
			       "pipeline: [{runs: x}]"));
	cr_assert_str_eq(fixture_env(&f, 0, "A"), "1");
	cr_assert_str_eq(fixture_env(&f, 0, "B"), "yaml");
	cr_assert_str_eq(fixture_env(&f, 0, "C"), "2");
	cr_assert_str_eq(fixture_env(&f, 0, "HOME"), "/home/build");
	cr_assert_str_eq(mel_text_map_get(f.plan->env, "A"), "1");
}

Test(load, flags_replace, .timeout = 10)
{
	AUTO_FIXTURE struct fixture f;
	const char *const package = "more";

	fixture_init(&f);
	f.load.timeout_ns = 600000000000;
	f.load.cpu = "8";
	f.load.package_append = &package;
	f.load.package_append_len = 1;
	cr_assert(fixture_plan(&f, "timeout: 1h, resources: {cpu: '2', memory: 4Gi}", ""));
	cr_assert_eq(f.plan->timeout_ns, 600000000000);
	cr_assert_str_eq(f.config->package.resources->cpu, "8");
	cr_assert_str_eq(f.config->package.resources->memory, "4Gi");
	cr_assert(f.plan->has_packages);
}

Test(load, accounts, .timeout = 10)
{
	AUTO_FIXTURE struct fixture f;
	const struct mel_accounts *accounts;

	fixture_init(&f);
	cr_assert(fixture_load(
		&f, "", "environment: {accounts: {users: [{username: build, uid: 7}]}}"));
	accounts = &f.config->environment->accounts;
	cr_assert_eq(accounts->user_len, 1);
	cr_assert_eq(accounts->user[0].uid, 7);
	cr_assert_str_eq(accounts->group[0].groupname, "build");
	cr_assert_str_eq(accounts->group[0].members.at[0], "build");
}
