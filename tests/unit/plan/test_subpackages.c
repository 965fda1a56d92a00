/* Ranges, conditions of subpackages, tests. */
#include <string.h>

#include "tests/unit/plan/fixture.h"
#include "tests/unit/table.h"

static const struct {
	const char *rest;
	const char *outputs; /* names, NULL: an error */
	const char *words;
} cases[] = {
	{ "data: [{name: d, items: {b: x, '10': y, '9': z, B: w}}]\n"
	  "subpackages: [{range: d, name: 's-${{range.key}}'}]",
	  "a s-10 s-9 s-B s-b", NULL },
	{ "data: [{name: d, items: {b: x}}]\nsubpackages: [{range: d, name: 's-${{ range.key "
	  "}}'}]",
	  "a s-b", NULL },
	{ "subpackages: [{range: q, name: s}]", NULL,
	  "subpackages[0] (\"s\") specified undefined range: \"q\"" },
	{ "data: [{name: d, items: {}}]\nsubpackages: [{range: d, name: s}]", "a", NULL },
	{ "data: [{name: d, items: {x: y, z: w}}]\nsubpackages: [{range: d, name: s}]", NULL,
	  "saw duplicate subpackage name \"s\"" },
	{ "data: [{name: d, items: {a: x}}, {name: d, items: {b: x}}]", NULL,
	  "data 'd' is there twice" },
	{ "subpackages: [{name: b, if: \"${{build.arch}} == 'x86_64'\"}]", "a b", NULL },
	{ "subpackages: [{name: b, if: \"${{build.arch}} != 'x86_64'\"}]", "a", NULL },
	{ "vars: {v: foo}\nsubpackages: [{name: b, if: \"'${{vars.v}}' == 'foo'\"}]", "a b",
	  NULL },
	{ "subpackages: [{name: b, if: \"${{nope}} == ''\"}]", NULL,
	  "variable nope not defined" },
	{ "subpackages: [{name: b, if: nonsense}]", NULL, "unexpected character" },
	{ "subpackages: [{name: b, if: \"${{subpkg.name}} == 'b'\"}]", "a b", NULL },
	{ "data: [{name: d, items: {k1: x86_64, k2: other}}]\n"
	  "subpackages: [{range: d, name: 's-${{range.key}}', if: \"${{range.value}} == "
	  "${{build.arch}}\"}]",
	  "a s-k1", NULL },
	{ "data: [{name: d, items: {k1: \"it's\"}}]\n"
	  "subpackages: [{range: d, name: s, if: \"'${{range.value}}' == 'it\\\\'s'\"}]",
	  "a s", NULL },
	{ "subpackages: [{name: b, environment: {}}]", NULL, "unknown key 'environment'" },
};

static const char *outputs(struct fixture *f)
{
	struct mel_texts names = { 0 };

	for (size_t i = 0; i < f->plan->output_len; i++)
		mel_texts_add(&f->arena, &names, f->plan->output[i].name,
			      (struct mel_pos){ 0 });
	return fixture_texts(f, &names);
}

TABLE_TEST(subpackages, outputs, cases)
{
	AUTO_FIXTURE struct fixture f;
	bool ok;

	fixture_init(&f);
	ok = fixture_plan(&f, "", cases[*row].rest);
	if (cases[*row].outputs) {
		cr_assert(ok, "%s: %s", cases[*row].rest, f.err ? f.err->text : "");
		cr_assert_str_eq(outputs(&f), cases[*row].outputs, "got %s", outputs(&f));
		cr_assert(f.plan->output[0].is_main);
	} else {
		cr_assert_not(ok, "%s", cases[*row].rest);
		cr_assert(strstr(f.err->text, cases[*row].words), "%s", f.err->text);
	}
}

Test(subpackages, values_of_a_range, .timeout = 10)
{
	AUTO_FIXTURE struct fixture f;

	fixture_init(&f);
	cr_assert(fixture_plan(
		&f, "",
		"data: [{name: d, items: {k: '${{package.name}}-2'}}]\n"
		"subpackages: [{range: d, name: s, description: '${{range.value}}', "
		"dependencies: {runtime: ['${{range.value}}']}, pipeline: [{runs: 'echo "
		"${{range.key}}'}]}]"));
	cr_assert_str_eq(f.plan->output[1].description, "a-2");
	cr_assert_str_eq(fixture_texts(&f, &f.plan->output[1].dependencies->runtime), "a-2");
	cr_assert_str_eq(fixture_runs(&f), "echo k");
	cr_assert_null(f.config->subpackages[0].range);
}

Test(subpackages, copies_do_not_share, .timeout = 10)
{
	AUTO_FIXTURE struct fixture f;

	fixture_init(&f);
	cr_assert(fixture_plan(
		&f, "",
		"data: [{name: d, items: {k1: v1, k2: v2}}]\n"
		"subpackages:\n"
		"  - range: d\n"
		"    name: s-${{range.key}}\n"
		"    scriptlets: {post-install: 'x ${{range.value}}'}\n"
		"    dependencies: {provides: ['p-${{range.value}}']}\n"
		"    pipeline: [{pipeline: [{runs: 'echo ${{range.value}} "
		"${{subpkg.name}}'}]}]\n"
		"    test: {pipeline: [{runs: 't ${{range.value}}', needs: {packages: "
		"['n-${{range.key}}']}}]}\n"));
	cr_assert_str_eq(fixture_runs(&f), "echo v1 s-k1|echo v2 s-k2");
	cr_assert_str_eq(f.plan->output[1].scriptlets->post_install, "x v1");
	cr_assert_str_eq(f.plan->output[2].scriptlets->post_install, "x v2");
	cr_assert_str_eq(fixture_texts(&f, &f.plan->output[2].dependencies->provides), "p-v2");
	cr_assert_str_eq(f.config->subpackages[0].test->pipeline[0].runs, "t v1");
	cr_assert_str_eq(
		fixture_texts(&f,
			      &f.config->subpackages[1].test->environment->contents.packages),
		"n-k2 s-k2");
	cr_assert_str_eq(
		fixture_texts(&f,
			      &f.config->subpackages[0].test->environment->contents.packages),
		"n-k1 s-k1");
}

Test(subpackages, variables, .timeout = 10)
{
	AUTO_FIXTURE struct fixture f;

	fixture_init(&f);
	f.load.commit = "abc";
	cr_assert(fixture_plan(
		&f, "",
		"subpackages: [{name: b, pipeline: [{runs: 'echo ${{subpkg.name}} "
		"${{targets.subpkgdir}} ${{targets.destdir}} ${{context.name}}'}]}, {name: c, "
		"commit: own}]"));
	cr_assert_str_eq(fixture_runs(&f),
			 "echo b /home/build/melange-out/b /home/build/melange-out/a b");
	cr_assert_eq(f.plan->step[0].output, 1);
	cr_assert_str_eq(f.plan->output[0].commit, "abc");
	cr_assert_str_eq(f.plan->output[1].commit, "abc");
	cr_assert_str_eq(f.plan->output[2].commit, "own");
}

/* Needs of a subpackage that is not built: in the record, but not asked for. */
Test(subpackages, needs_of_disabled, .timeout = 10)
{
	AUTO_FIXTURE struct fixture f;

	fixture_init(&f);
	cr_assert(fixture_plan(
		&f, "",
		"pipeline: [{runs: x, needs: {packages: [m, m]}}]\n"
		"subpackages: [{name: b, if: \"'a' == 'b'\", pipeline: [{runs: y, needs: "
		"{packages: [np]}}]}]"));
	cr_assert_str_eq(fixture_runs(&f), "x");
	cr_assert_str_eq(f.plan->needs[0], "m");
	cr_assert_null(f.plan->needs[1]);
	cr_assert_str_eq(fixture_texts(&f, &f.config->environment->contents.packages),
			 "m m np");
	cr_assert_not(f.plan->has_packages);
}

Test(subpackages, test_packages, .timeout = 10)
{
	AUTO_FIXTURE struct fixture f;

	fixture_init(&f);
	cr_assert(fixture_plan(
		&f, "",
		"test: {environment: {contents: {packages: [z, z]}}, pipeline: [{runs: x, "
		"needs: {packages: [m]}}, {if: \"'a' == 'b'\", needs: {packages: [no]}}]}"));
	cr_assert_str_eq(fixture_texts(&f, &f.config->test->environment->contents.packages),
			 "a m z");
	cr_assert_eq(f.plan->step_len, 0);
	cr_assert_str_eq(f.config->test->environment->accounts.user[0].username, "build");
	cr_assert_null(f.config->test->pipeline[0].needs);
}
