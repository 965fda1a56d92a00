/* Definitions: finding, inputs, what they do to the step. */
#include <string.h>
#include <unistd.h>

#include "tests/unit/plan/fixture.h"
#include "tests/unit/table.h"

#define HEX64 "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef"

static const struct {
	const char *rest;
	const char *runs; /* NULL: an error */
	const char *words;
} cases[] = {
	{ "pipeline: [{uses: greet, with: {who: bob}}]", "echo hello bob", NULL },
	{ "pipeline: [{uses: greet, with: {who: ''}}]", "echo hello world", NULL },
	{ "pipeline: [{uses: greet, with: {x: y}}]", NULL,
	  "undefined input \"x\" to pipeline \"greet\"" },
	{ "pipeline: [{uses: greet, with: {whoo: y}}]", NULL, "did you mean 'who'?" },
	{ "pipeline: [{uses: wrap}]", NULL, "required input \"who\" for pipeline is missing" },
	{ "pipeline: [{uses: wrap, with: {who: '${{package.name}}'}}]", "echo hello a|echo a",
	  NULL },
	{ "pipeline: [{uses: sum, with: {expected-sha256: abc}}]", NULL,
	  "checksum input \"expected-sha256\" for pipeline, invalid length" },
	{ "pipeline: [{uses: sum, with: {expected-commit: "
	  "gggggggggggggggggggggggggggggggggggggggg}}]",
	  NULL, "expected commit \"expected-commit\" for pipeline contains invalid" },
	{ "pipeline: [{uses: sumwrap, with: {expected-sha256: " HEX64 "}}]", "x", NULL },
	{ "pipeline: [{uses: sumwrap, with: {expected-sha256: abc}}]", NULL, "invalid length" },
	{ "pipeline: [{uses: over}, {runs: z}]", "z", NULL },
	{ "pipeline: [{uses: over, if: \"'a' == 'a'\"}, {runs: z}]", "z", NULL },
	{ "pipeline: [{uses: raw}]", "ok", NULL },
	{ "pipeline: [{uses: nope/x}]", NULL,
	  "'nope/x' is not available; searched: /tmp/mel-plan-" },
	{ "pipeline: [{uses: ../x}]", NULL, "must not contain absolute paths or '..'" },
	{ "pipeline: [{uses: a/../greet}]", NULL, "must not contain" },
	{ "pipeline: [{uses: /etc/passwd}]", NULL, "must not contain" },
	{ "pipeline: [{uses: a..b}]", NULL, "is not available" },
	{ "pipeline: [{uses: loop}]", NULL, "without end: loop <- loop2 <- loop" },
	{ "pipeline: [{uses: chain}]", "echo a", NULL },
	{ "pipeline: [{uses: chain, with: {b: x}}]", "echo x", NULL },
	{ "pipeline: [{uses: circle}]", NULL, "inputs.a -> inputs.b -> inputs.a" },
	{ "pipeline: [{uses: outer}]", "echo you", NULL },
	{ "pipeline: [{uses: outer, with: {who: me}}]", "echo me", NULL },
	{ "pipeline: [{uses: empty}]", "", NULL },
	{ "pipeline: [{uses: broken}]", NULL, "unable to parse pipeline \"broken\"" },
	{ "pipeline: [{uses: nope/x, pipeline: [{runs: y}]}]", "y", NULL },
	{ "pipeline: [{uses: greet, with: {who: '${{nope}}'}}]", NULL,
	  "variable nope not defined" },
	{ "vars: {w: eve}\npipeline: [{uses: greet, with: {who: '${{ vars.w }}'}}]",
	  "echo hello eve", NULL },
	{ "pipeline: [{uses: greet, with: {who: '${{inputs.opt}}', opt: o}}]", "echo hello oo",
	  NULL },
};

TABLE_TEST(definitions, steps, cases)
{
	AUTO_FIXTURE struct fixture f;
	bool ok;

	fixture_init(&f);
	fixture_definitions(&f);
	ok = fixture_plan(&f, "", cases[*row].rest);
	if (cases[*row].runs) {
		cr_assert(ok, "%s: %s", cases[*row].rest, f.err ? f.err->text : "");
		cr_assert_str_eq(fixture_runs(&f), cases[*row].runs, "got %s",
				 fixture_runs(&f));
	} else {
		cr_assert_not(ok, "%s", cases[*row].rest);
		cr_assert(strstr(f.err->text, cases[*row].words), "%s", f.err->text);
	}
}

Test(definitions, needs, .timeout = 10)
{
	AUTO_FIXTURE struct fixture f;

	fixture_init(&f);
	fixture_definitions(&f);
	cr_assert(fixture_plan(&f, "",
			       "environment: {contents: {packages: [z]}}\n"
			       "pipeline: [{uses: greet, with: {who: bob}}, {uses: wrap, with: "
			       "{who: al}}]"));
	cr_assert_str_eq(fixture_texts(&f, &f.config->environment->contents.packages),
			 "z dep-bob dep-al");
	cr_assert_str_eq(f.plan->needs[1], "dep-al");
	/* of top-level steps they are gone from the record, of nested ones not */
	cr_assert_null(f.config->pipeline[0].needs);
	cr_assert_not_null(f.config->pipeline[1].pipeline[0].needs);
}

Test(definitions, recorded_inputs, .timeout = 10)
{
	AUTO_FIXTURE struct fixture f;
	const struct mel_pipeline *step;

	fixture_init(&f);
	fixture_definitions(&f);
	cr_assert(
		fixture_plan(&f, "", "pipeline: [{uses: greet, with: {who: world, opt: x}}]"));
	step = &f.config->pipeline[0];
	cr_assert_eq(step->with.len, 1);
	cr_assert_str_eq(mel_text_map_get(&step->with, "opt"), "x");
	cr_assert_str_eq(step->uses, "greet");
	cr_assert_eq(step->inputs_len, 0);
}

Test(definitions, what_the_step_keeps, .timeout = 10)
{
	AUTO_FIXTURE struct fixture f;

	fixture_init(&f);
	fixture_definitions(&f);
	cr_assert(fixture_plan(&f, "",
			       "pipeline:\n"
			       "  - {uses: over2, name: n, working-directory: /s, environment: "
			       "{A: step, B: step}}\n"
			       "  - {uses: over2}\n"));
	cr_assert_str_eq(f.plan->step[0].workdir, "/s");
	cr_assert_str_eq(f.plan->step[0].label, "n");
	cr_assert_str_eq(f.plan->step[0].uses, "over2");
	cr_assert_str_eq(fixture_env(&f, 0, "A"), "step");
	cr_assert_str_eq(fixture_env(&f, 0, "B"), "step");
	cr_assert_str_eq(fixture_env(&f, 0, "P"), "/home/build/melange-out/a");
	cr_assert_str_eq(f.plan->step[1].workdir, "/def");
	cr_assert_str_eq(f.plan->step[1].label, "over2");
	cr_assert_str_eq(fixture_env(&f, 1, "A"), "def");
}

Test(definitions, labels_continue, .timeout = 10)
{
	AUTO_FIXTURE struct fixture f;

	fixture_init(&f);
	fixture_write(&f, "pipelines/two.yaml",
		      "pipeline: [{runs: x}, {runs: y}, {name: z, runs: z}]");
	cr_assert(fixture_plan(&f, "", "pipeline: [{uses: two}, {uses: two}]"));
	cr_assert_eq(f.plan->step_len, 6);
	cr_assert_not(f.plan->step[0].is_continued);
	cr_assert(f.plan->step[1].is_continued);
	cr_assert_str_eq(f.plan->step[2].label, "z");
	cr_assert_not(f.plan->step[3].is_continued);
}

/* Our own definitions get their values by variables, others do not. */
Test(definitions, builtin, .timeout = 10)
{
	AUTO_FIXTURE struct fixture f;

	fixture_init(&f);
	fixture_definitions(&f);
	f.opts.network = "host";
	cr_assert(fixture_plan(&f, "",
			       "pipeline: [{uses: fetch, with: {uri: 'https://e/x', "
			       "expected-sha256: " HEX64 "}}, {uses: greet}]"));
	cr_assert_str_eq(f.plan->step[0].uses, "fetch");
	cr_assert_str_eq(fixture_env(&f, 0, "MELANGE_INPUT_URI"), "https://e/x");
	cr_assert_str_eq(fixture_env(&f, 0, "MELANGE_INPUT_EXPECTED_SHA256"), HEX64);
	cr_assert_str_eq(fixture_env(&f, 0, "MELANGE_INPUT_PURL_NAME"), "a");
	cr_assert_str_eq(fixture_env(&f, 0, "MELANGE_CONTEXTDIR"), "/home/build/melange-out/a");
	cr_assert_str_eq(fixture_env(&f, 0, "MELANGE_NETWORK"), "host");
	cr_assert_str_eq(fixture_env(&f, 0, "MELANGE_ARCH"), "x86_64");
	cr_assert_null(fixture_env(&f, 1, "MELANGE_INPUT_WHO"));
	cr_assert_null(fixture_env(&f, 1, "MELANGE_ARCH"));
	cr_assert_str_eq(f.plan->needs[0], "wget");
}

Test(definitions, folder_wins_over_builtin, .timeout = 10)
{
	AUTO_FIXTURE struct fixture f;

	fixture_init(&f);
	fixture_write(&f, "pipelines/strip.yaml", "runs: mine");
	cr_assert(fixture_plan(&f, "", "pipeline: [{uses: strip}]"));
	cr_assert_str_eq(fixture_runs(&f), "mine");
	cr_assert_null(fixture_env(&f, 0, "MELANGE_ARCH"));
}

Test(definitions, links_stay_inside, .timeout = 10)
{
	AUTO_FIXTURE struct fixture f;

	fixture_init(&f);
	fixture_write(&f, "outside.yaml", "runs: outside");
	fixture_write(&f, "pipelines/real.yaml", "runs: inside");
	cr_assert_eq(symlink("real.yaml", fixture_path(&f, "pipelines/near.yaml")), 0);
	cr_assert_eq(symlink("../outside.yaml", fixture_path(&f, "pipelines/far.yaml")), 0);
	cr_assert_not(fixture_plan(&f, "", "pipeline: [{uses: near}, {uses: far}]"));
	cr_assert(strstr(f.err->text, "'far' is not available"), "%s", f.err->text);
	cr_assert_null(f.err->next);
}

Test(definitions, errors_say_where_from, .timeout = 10)
{
	AUTO_FIXTURE struct fixture f;

	fixture_init(&f);
	fixture_write(&f, "pipelines/bad.yaml", "pipeline:\n  - runs: ${{nope}}\n");
	cr_assert_not(fixture_plan(&f, "", "pipeline:\n  - uses: bad\n"));
	cr_assert(strstr(f.err->text, "build.yaml:3:11: in pipeline \"bad\": "), "%s",
		  f.err->text);
	cr_assert(strstr(f.err->text, "pipelines/bad.yaml:2:11: variable nope not defined"),
		  "%s", f.err->text);
}
