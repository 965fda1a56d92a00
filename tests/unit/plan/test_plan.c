/* Steps: variables, conditions, folders, environment, scripts. */
#include <string.h>

#include "tests/unit/plan/fixture.h"
#include "tests/unit/table.h"

/* What runs, or the error's words. */
static const struct {
	const char *package, *rest;
	const char *runs;  /* NULL: an error */
	const char *words; /* in the error */
} cases[] = {
	{ "", "pipeline: [{if: \"${{build.arch}} == 'x86_64'\", runs: y}]", "y", NULL },
	{ "", "pipeline: [{if: \"'${{build.arch}}' == 'x86_64'\", runs: y}]", "y", NULL },
	{ "", "pipeline: [{if: '\"${{build.arch}}\" == ''x86_64''', runs: y}]", "y", NULL },
	{ "", "pipeline: [{if: \"'${{package.name}}' == 'a'\", runs: y}]", "y", NULL },
	{ "", "pipeline: [{if: \"${{package.name}} == 'a'\", runs: y}]", "y", NULL },
	{ "", "pipeline: [{if: \"${{ package.name }} == 'a'\", runs: y}]", "y", NULL },
	{ "", "pipeline: [{if: \"'${{ package.name }}' == 'a'\", runs: y}]", "y", NULL },
	{ "", "vars: {v: foo}\npipeline: [{if: \"'${{vars.v}}' == 'foo'\", runs: y}]", "y",
	  NULL },
	{ "", "pipeline: [{if: \"${{options.x.enabled}} == 'true'\", runs: y}]", NULL,
	  "variable options.x.enabled not defined" },
	{ "", "pipeline: [{runs: 'echo ${{package.full-version}} ${{ package.epoch }}'}]",
	  "echo 1.2.3-r4 4", NULL },
	{ "", "pipeline: [{runs: 'echo ${{targets.destdir}} ${{targets.contextdir}}'}]",
	  "echo /home/build/melange-out/a /home/build/melange-out/a", NULL },
	{ "", "pipeline: [{runs: 'echo ${{nope}}'}]", NULL,
	  "build.yaml:2:19: variable nope not defined" },
	{ "", "pipeline: [{runs: '# ${{nope}}'}]", NULL, "variable nope not defined" },
	{ "", "pipeline: [{runs: 'echo ${{a b}}'}]", NULL, "unterminated variable reference" },
	{ "", "pipeline: [{runs: 'echo ${{}}'}]", NULL, "empty variable name" },
	{ "", "pipeline: [{runs: 'echo \\${{package.name}}'}]", "echo \\a", NULL },
	{ "", "pipeline: [{runs: 'echo ${x} {{y}}'}]", "echo ${x} {{y}}", NULL },
	{ "", "pipeline: [{runs: 'echo ${{subpkg.name}}'}]", NULL,
	  "variable subpkg.name not defined" },
	{ "description: dd", "pipeline: [{runs: 'echo ${{package.description}}'}]", "echo dd",
	  NULL },
	{ "description: dd", "pipeline: [{runs: 'echo ${{ package.description }}'}]", "echo dd",
	  NULL },
	{ "dependencies: {runtime: ['x-${{build.arch}}']}", "", NULL,
	  "variable build.arch not defined" },
	{ "", "vars: {u: 'x-${{package.version}}'}\npipeline: [{runs: 'echo ${{vars.u}}'}]",
	  "echo x-1.2.3", NULL },
	{ "", "pipeline: [{uses: '${{vars.u}}'}]", NULL, "is not available" },
	{ "", "pipeline: [{runs: 'echo ${{range.key}}'}]", NULL,
	  "variable range.key not defined" },
	{ "",
	  "pipeline: [{runs: 'echo ${{package.srcdir}} ${{build.goarch}} "
	  "${{context.name}}'}]",
	  "echo /home/build amd64 a", NULL },
	{ "",
	  "subpackages: [{name: b}]\npipeline: [{runs: 'echo ${{targets.package.b}} "
	  "${{targets.outdir}}'}]",
	  "echo /home/build/melange-out/b /home/build/melange-out", NULL },
	/* conditions of nested steps */
	{ "", "pipeline: [{if: \"'a' == 'b'\", runs: x, pipeline: [{runs: y}]}, {runs: z}]",
	  "z", NULL },
	{ "",
	  "pipeline: [{if: \"'a' == 'b'\", pipeline: [{if: nonsense, runs: y}]}, {runs: z}]",
	  "z", NULL },
	{ "", "pipeline: [{if: \"'a' == 'b'\", pipeline: [{if: \"'${{nope}}' == ''\"}]}]", NULL,
	  "variable nope not defined" },
	{ "", "pipeline: [{pipeline: [{if: nonsense, runs: y}]}]", NULL,
	  "unexpected character 'n' at position 0" },
	{ "", "pipeline: [{runs: one, pipeline: [{runs: two}, {runs: three}]}, {runs: four}]",
	  "one|two|three|four", NULL },
	{ "", "pipeline: [{name: n}, {runs: ''}]", "", NULL },
	{ "", "vars: {v: \"it's\"}\npipeline: [{if: \"${{vars.v}} == 'it\\\\'s'\", runs: y}]",
	  "y", NULL },
	{ "", "vars: {e: \"'a' == 'a'\"}\npipeline: [{if: '${{vars.e}}', runs: y}]", NULL,
	  "expected comparison operator" },
	/* inputs of a step of the file */
	{ "",
	  "pipeline: [{inputs: {i: {default: '${{package.name}}'}}, runs: 'echo "
	  "${{inputs.i}}'}]",
	  "echo a", NULL },
	/* assertions */
	{ "",
	  "pipeline: [{assertions: {required-steps: 1}, pipeline: [{runs: x}, {if: \"'a' == "
	  "'b'\", runs: y}]}]",
	  "x", NULL },
	{ "",
	  "pipeline: [{name: n, assertions: {required-steps: 1}, pipeline: [{runs: x}, "
	  "{runs: y}]}]",
	  NULL, "step \"n\": pipeline did not run the required 1 steps, only 2" },
	{ "", "pipeline: [{assertions: {}, pipeline: [{runs: x}]}]", "x", NULL },
	{ "", "pipeline: [{if: \"'a' == 'b'\", assertions: {required-steps: 1}}]", "", NULL },
	{ "", "pipeline: [{assertions: {required-steps: -1}}]", NULL, "negative" },
	/* wrong names of variables */
	{ "", "pipeline: [{environment: {'A=B': x}, runs: y}]", NULL,
	  "'A=B' cannot be the name" },
	{ "", "pipeline: [{environment: {'': x}, runs: y}]", NULL, "'' cannot be the name" },
};

TABLE_TEST(plan, steps, cases)
{
	AUTO_FIXTURE struct fixture f;
	bool ok;

	fixture_init(&f);
	ok = fixture_plan(&f, cases[*row].package, cases[*row].rest);
	if (cases[*row].runs) {
		cr_assert(ok, "%s: %s", cases[*row].rest, f.err ? f.err->text : "");
		cr_assert_str_eq(fixture_runs(&f), cases[*row].runs, "%s: got %s",
				 cases[*row].rest, fixture_runs(&f));
	} else {
		cr_assert_not(ok, "%s", cases[*row].rest);
		cr_assert(strstr(f.err->text, cases[*row].words), "%s", f.err->text);
	}
}

Test(plan, assertion_is_a_failed_step, .timeout = 10)
{
	AUTO_FIXTURE struct fixture f;

	fixture_init(&f);
	cr_assert_not(fixture_plan(&f, "", "pipeline: [{assertions: {required-steps: 1}}]"));
	cr_assert_eq(f.err->kind, MEL_ERR_STEP);
	mel_err_free(mel_steal_ptr(&f.err));
	f.opts.is_record_only = true;
	cr_assert_eq(mel_plan_make(&f.plan, f.config, &f.opts, &f.err), 0);
}

Test(plan, every_problem_is_told, .timeout = 10)
{
	AUTO_FIXTURE struct fixture f;

	fixture_init(&f);
	cr_assert_not(fixture_plan(&f, "",
				   "pipeline: [{runs: '${{x1}}'}, {pipeline: [{runs: "
				   "'${{x2}}'}]}]\n"
				   "subpackages: [{name: s, pipeline: [{runs: '${{x3}}'}]}]\n"
				   "test: {pipeline: [{runs: '${{x4}}'}]}"));
	cr_assert_eq(mel_err_count(f.err), 4);
	cr_assert(strstr(f.err->next->next->text, "subpackage \"s\": "));
	cr_assert(strstr(f.err->next->next->next->text, "tests of \"a\": "));
}

static const struct {
	const char *arch, *flavor, *text, *want;
} triplets[] = {
	{ "aarch64", "musl", "${{host.triplet.gnu}} ${{cross.triplet.gnu.musl}}",
	  "aarch64-unknown-linux-musl aarch64-unknown-linux-musl" },
	{ "x86_64", NULL,
	  "${{host.triplet.gnu}} ${{host.triplet.rust}} ${{cross.triplet.gnu.glibc}} "
	  "${{cross.triplet.rust.musl}}",
	  "x86_64-pc-linux-gnu x86_64-unknown-linux-gnu x86_64-pc-linux-gnu "
	  "x86_64-unknown-linux-musl" },
	{ "armv7", NULL, "${{build.arch}} ${{build.goarch}}", "armv7 arm" },
};

TABLE_TEST(plan, triplet, triplets)
{
	AUTO_FIXTURE struct fixture f;

	fixture_init(&f);
	f.opts.arch = triplets[*row].arch;
	f.opts.libc_flavor = triplets[*row].flavor;
	cr_assert(fixture_plan(
		&f, "",
		mel_arena_printf(&f.arena, "pipeline: [{runs: '%s'}]", triplets[*row].text)));
	cr_assert_str_eq(fixture_runs(&f), triplets[*row].want);
}

static const struct {
	const char *rest, *want; /* folder of the first step */
} folders[] = {
	{ "pipeline: [{working-directory: '', runs: x}]", "/home/build" },
	{ "pipeline: [{working-directory: 'sub/./d/', runs: x}]", "/home/build/sub/d" },
	{ "pipeline: [{working-directory: '../x', runs: x}]", "/home/x" },
	{ "pipeline: [{working-directory: '../../../../x', runs: x}]", "/x" },
	{ "pipeline: [{working-directory: '/abs', runs: x}]", "/abs" },
	{ "pipeline: [{working-directory: '/', runs: x}]", "/" },
	{ "pipeline: [{working-directory: '/..', runs: x}]", "/" },
	{ "pipeline: [{working-directory: 'a b', runs: x}]", "/home/build/a b" },
	{ "pipeline: [{working-directory: \"a'b\", runs: x}]", "/home/build/a'b" },
	{ "pipeline: [{working-directory: \"a'b c\", runs: x}]", "/home/build/a'b c" },
	{ "pipeline: [{working-directory: '$(id)', runs: x}]", "/home/build/$(id)" },
	{ "pipeline: [{working-directory: /a, pipeline: [{working-directory: b, pipeline: "
	  "[{runs: x}]}]}]",
	  "/home/build/b" },
	{ "pipeline: [{working-directory: d, pipeline: [{pipeline: [{runs: x}]}]}]",
	  "/home/build/d" },
	{ "pipeline: [{working-directory: '${{targets.destdir}}', runs: x}]",
	  "/home/build/melange-out/a" },
};

TABLE_TEST(plan, folder, folders)
{
	AUTO_FIXTURE struct fixture f;

	fixture_init(&f);
	cr_assert(fixture_plan(&f, "", folders[*row].rest));
	cr_assert_eq(f.plan->step_len, 1);
	cr_assert_str_eq(f.plan->step[0].workdir, folders[*row].want);
	cr_assert_str_eq(fixture_env(&f, 0, "PWD"), folders[*row].want);
}

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/bin:/usr/sbin:/sbin:/bin"

static const struct {
	const char *rest, *name, *want; /* of the last step; want NULL: not there */
} variables[] = {
	{ "pipeline: [{runs: x}]", "PATH", DEFAULT_PATH },
	{ "pipeline: [{runs: x}]", "HOME", "/home/build" },
	{ "pipeline: [{runs: x}]", "SOURCE_DATE_EPOCH", "1714557600" },
	{ "pipeline: [{runs: x}]", "npm_config_cache", "/var/cache/melange/npm" },
	{ "pipeline: [{runs: x}]", "USER", NULL },
	{ "pipeline: [{runs: x}]", "MELANGE_ARCH", NULL },
	{ "environment: {environment: {HOME: ''}}\npipeline: [{runs: x}]", "HOME",
	  "/home/build" },
	{ "environment: {environment: {HOME: /h}}\npipeline: [{runs: x}]", "HOME", "/h" },
	{ "environment: {environment: {PATH: /q}}\npipeline: [{runs: x}]", "PATH", "/q" },
	{ "environment: {environment: {SOURCE_DATE_EPOCH: '7'}}\npipeline: [{runs: x}]",
	  "SOURCE_DATE_EPOCH", "7" },
	{ "pipeline: [{environment: {PATH: /p, A: '1'}, pipeline: [{environment: {A: '2'}, "
	  "runs: "
	  "x}]}]",
	  "PATH", "/p" },
	{ "pipeline: [{environment: {PATH: /p, A: '1'}, pipeline: [{environment: {A: '2'}, "
	  "runs: "
	  "x}]}]",
	  "A", "2" },
	{ "pipeline: [{pipeline: [{environment: {A: b}, runs: x}]}]", "A", "b" },
	{ "pipeline: [{environment: {P: '${{targets.destdir}} ${{package.name}}'}, runs: x}]",
	  "P", "/home/build/melange-out/a a" },
	{ "pipeline: [{environment: {P: '${{nope}}'}, runs: x}]", "P", "${{nope}}" },
};

TABLE_TEST(plan, variable, variables)
{
	AUTO_FIXTURE struct fixture f;
	const char *got;

	fixture_init(&f);
	f.opts.build_date = 1714557600;
	cr_assert(fixture_plan(&f, "", variables[*row].rest));
	got = fixture_env(&f, f.plan->step_len - 1, variables[*row].name);
	if (variables[*row].want) {
		cr_assert_not_null(got);
		cr_assert_str_eq(got, variables[*row].want);
	} else {
		cr_assert_null(got);
	}
}

Test(plan, environment_is_sorted, .timeout = 10)
{
	AUTO_FIXTURE struct fixture f;

	fixture_init(&f);
	cr_assert(fixture_plan(&f, "", "pipeline: [{environment: {Z: a, A: z}, runs: x}]"));
	for (const char *const *env = f.plan->step[0].env; env[0] && env[1]; env++)
		cr_assert_lt(strcmp(env[0], env[1]), 0);
}

Test(plan, script_and_label, .timeout = 10)
{
	AUTO_FIXTURE struct fixture f;

	fixture_init(&f);
	cr_assert(fixture_plan(&f, "timeout: 90m",
			       "environment: {contents: {packages: [x]}}\n"
			       "pipeline:\n"
			       "  - name: first\n"
			       "    runs: |\n"
			       "      echo a # c\n"
			       "      # d\n"
			       "      echo b\n"
			       "  - runs: echo \\\n"));
	cr_assert_str_eq(f.plan->step[0].script,
			 "set -eo pipefail\necho a # c\n# d\necho b\n\n\nexit 0");
	cr_assert_str_eq(f.plan->step[0].label, "first");
	cr_assert_eq(f.plan->step[0].pos.line, 4);
	cr_assert_null(f.plan->step[0].uses);
	cr_assert_null(f.plan->step[1].label);
	cr_assert_str_eq(f.plan->config->pipeline[0].runs, "echo a\necho b\n");
	cr_assert(f.plan->has_packages);
	cr_assert_eq(f.plan->timeout_ns, 5400000000000u);
}

Test(plan, debug_traces, .timeout = 10)
{
	AUTO_FIXTURE struct fixture f;

	fixture_init(&f);
	f.opts.is_debug = true;
	cr_assert(fixture_plan(&f, "", "pipeline: [{runs: x}]"));
	cr_assert_str_eq(f.plan->step[0].script, "set -exo pipefail\nx\n\nexit 0");
	cr_assert_not(f.plan->has_packages);
}
