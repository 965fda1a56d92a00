/* Build files: what is accepted and what comes of it, what is refused and in which words. */
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "config/buildfile.h"
#include "config/record.h"
#include "tests/unit/table.h"

#define BASE "package: {name: a, version: 1.2.3, epoch: 4}\n"
/* A package with more keys. */
#define WITH(more) "package: {name: a, version: 1.2.3, epoch: 4, " more "}\n"

static void keep_warnings(void *user, const struct mel_log_record *record)
{
	if (record->level == MEL_LOG_WARN)
		mel_buf_printf(user, "%s\n", record->text);
}

/* Read and check text; its record (JSON) or its problems, one per line, go to got. */
static int read_text(struct mel_buf *got, const char *text)
{
	struct mel_arena arena MEL_AUTO_ARENA = { 0 };
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_config *config = NULL;

	if (mel_buildfile_read(&config, &arena, "f", mel_slice_of(text), &err) == 0 &&
	    mel_config_validate(config, &err) == 0)
		return mel_record_json(got, config);
	cr_assert_eq(err->kind, MEL_ERR_INPUT, "%s", err->text);
	for (const struct mel_err *one = err; one; one = one->next)
		mel_buf_printf(got, "%s\n", one->text);
	return -1;
}

static const struct {
	const char *text, *holds; /* a part of the JSON record */
} accepted[] = {
	{ "package: {name: a, version: 1.10}", "\"version\":\"1.10\",\"epoch\":0" },
	{ "package: {name: a, version: 010, epoch: 1}", "\"version\":\"010\"" },
	{ "package: {name: 1a+b_c.d-e, version: 1}", "\"name\":\"1a+b_c.d-e\"" },
	{ "package: {name: a, version: 1, epoch: \"7\"}", "\"epoch\":7" },
	{ "package: {name: a, version: 1, epoch: 010}", "\"epoch\":8" },
	{ "package: {name: a, version: 1, epoch: 0x1F}", "\"epoch\":31" },
	{ "package: {name: a, version: 1, epoch: 0o17}", "\"epoch\":15" },
	{ "package: {name: a, version: 1, epoch: 0b101}", "\"epoch\":5" },
	{ "package: {name: a, version: 1, epoch: 1_000}", "\"epoch\":1000" },
	{ "package: {name: a, version: 1, epoch: 1e2}", "\"epoch\":100" },
	{ "package: {name: a, version: 1, epoch: 18446744073709551615}",
	  "\"epoch\":18446744073709551615" },
	{ "package: {name: a, version: 1, epoch: ~}", "\"epoch\":0" },
	{ "package: {name: a, version: 1, description: 2024-01-01}",
	  "\"description\":\"2024-01-01\"" },
	{ "package: {name: a, version: 1, description: yes}", "\"description\":\"yes\"" },
	{ WITH("timeout: 3600"), "\"timeout\":3600000000000" },
	{ WITH("timeout: 90m"), "\"timeout\":5400000000000" },
	{ WITH("timeout: 1.5h"), "\"timeout\":5400000000000" },
	{ BASE "update: {enabled: yes}", "\"update\":{\"enabled\":true}" },
	{ BASE "update: {enabled: \"yes\"}", "\"enabled\":true" },
	{ BASE "update: {enabled: \"true\"}", "\"enabled\":true" },
	{ BASE "update: {enabled: Off}", "\"enabled\":false" },
	{ BASE "environment: {contents: {packages: [a, ~, 1.0]}}",
	  "\"packages\":[\"a\",\"1.0\"]" },
	{ BASE "vars: {a: , 1: x, ~: y}", "\"vars\":{\"1\":\"x\",\"a\":\"\"}" },
	{ BASE "vars: &v {k: \"1\"}\nenvironment: {environment: {<<: *v, l: \"2\"}}",
	  "\"environment\":{\"k\":\"1\",\"l\":\"2\"}" },
	{ WITH("dependencies: {provider-priority: +10}"), "\"provider-priority\":\"+10\"" },
	{ WITH("setcap: [{path: /x, add: {cap_chown: +ep}, reason: r}]"),
	  "\"setcap\":[{\"path\":\"/x\",\"add\":{\"cap_chown\":\"+ep\"},\"reason\":\"r\"}]" },
	{ WITH("setcap: [{path: /x, add: {\"cap_net_raw,cap_net_admin\": ep}, reason: r}]"),
	  "cap_net_raw,cap_net_admin" },
	{ WITH("cpe: {part: o, vendor: v, product: p}"),
	  "\"cpe\":{\"part\":\"o\",\"vendor\":\"v\",\"product\":\"p\"}" },
	{ BASE "pipeline: [{with: {}, runs: x}]", "\"pipeline\":[{\"runs\":\"x\"}]" },
	{ BASE "pipeline: [{with: ~, runs: x}]", "\"pipeline\":[{\"runs\":\"x\"}]" },
	{ BASE "pipeline: [{pipeline: [{environment: {A: b}, runs: x}]}]",
	  "\"pipeline\":[{\"pipeline\":[{\"runs\":\"x\",\"environment\":{\"A\":\"b\"}}]}]" },
	{ BASE "pipeline: [{uses: x, with: {a: 1, b: true}}, ~]",
	  "\"pipeline\":[{\"uses\":\"x\",\"with\":{\"a\":\"1\",\"b\":\"true\"}}]" },
	{ BASE "pipeline: [{runs: x, needs: {packages: [p]}}]",
	  "\"needs\":{\"Packages\":[\"p\"]}" },
	{ BASE "pipeline: [{runs: x, assertions: {required-steps: 2}}]",
	  "\"assertions\":{\"required-steps\":2}" },
	{ BASE "options: {o: {vars: {v: 1}}}",
	  "\"options\":{\"o\":{\"Vars\":{\"v\":\"1\"},\"Environment\":{\"Contents\":{"
	  "\"Packages\":{\"Add\":null,\"Remove\":null}}}}}" },
	{ BASE "environment: {accounts: {users: [{username: u, uid: 5, gid: 0}]}}",
	  "\"users\":[{\"username\":\"u\",\"uid\":5,\"gid\":0}]" },
	{ WITH("scriptlets: {pre-install: \"a <b> & c\"}"),
	  "\"scriptlets\":{\"trigger\":{},\"pre-install\":\"a \\u003cb\\u003e \\u0026 c\"}" },
	{ WITH("options: {}"), "\"options\":{}" },
	{ WITH("test-resources: {cpu: 2}"),
	  "\"resources\":{},\"test-resources\":{\"cpu\":\"2\"}" },
	{ "package: {name: a, version: 1.2.3a_rc1_p2}", "\"version\":\"1.2.3a_rc1_p2\"" },
	{ BASE, "{\"package\":{\"name\":\"a\",\"version\":\"1.2.3\",\"epoch\":4,"
		"\"dependencies\":{},\"checks\":{},\"cpe\":{},\"resources\":{}},"
		"\"environment\":{\"contents\":{},\"entrypoint\":{},\"accounts\":{}},"
		"\"capabilities\":{},\"update\":{\"enabled\":false}}\n" },
	{ BASE "test: {}",
	  "\"test\":{\"environment\":{\"contents\":{},\"entrypoint\":{},\"accounts\":{}},"
	  "\"pipeline\":null}" },
};

TABLE_TEST(buildfile, accept, accepted)
{
	struct mel_buf got MEL_AUTO_BUF = MEL_BUF_INIT(1 << 16);

	cr_assert_eq(read_text(&got, accepted[*row].text), 0, "%s\n%s", accepted[*row].text,
		     mel_buf_text(&got));
	cr_assert_not_null(strstr(mel_buf_text(&got), accepted[*row].holds), "%s\n%s",
			   accepted[*row].text, mel_buf_text(&got));
}

static const struct {
	const char *text, *holds; /* a part of the messages */
} refused[] = {
	{ "", "'f' holds nothing: unexpected EOF" },
	{ "# nothing\n", "EOF" },
	{ "~", "EOF" },
	{ "[a]", "f:1:1: 'the build file' wants a mapping, found a list" },
	{ "vars: {}", "f:1:1: the build file has no 'package'" },
	{ "package: {name: a, version: ~}", "f:1:10: package version must not be empty" },
	{ "package: {name: a, version: [1]}",
	  "f:1:29: 'version' wants a single value, found a list" },
	{ "package: {name: a, version: 0x10}", "f:1:29: unable to parse version '0x10'" },
	{ "package: {name: a b, version: 1}", "f:1:17: package name must match regex" },
	{ "package: {name: a, version: 1.2-r3}",
	  "f:1:29: version '1.2-r3' ends in a revision; write it as 'epoch'" },
	{ "package: {name: a, version: v1.2}", "unable to parse version 'v1.2'" },
	{ "package: {name: a, version: 1.2-beta}", "unable to parse version '1.2-beta'" },
	{ "package: {name: a, version: 1.2+git1}", "unable to parse version '1.2+git1'" },
	{ "package: {name: a, version: 1..2}", "unable to parse version '1..2'" },
	{ "package: {name: a, version: 99999999999999999999}", "unable to parse version" },
	{ "package: {name: a, version: 1, epoch: 1.7}",
	  "f:1:39: 'epoch': expected an integer that is not negative, found '1.7'" },
	{ "package: {name: a, version: 1, epoch: -1}", "found '-1'" },
	{ "package: {name: a, version: 1, epoch: true}", "found 'true'" },
	{ "package: {name: a, version: 1, epoch: 18446744073709551616}", "'epoch'" },
	{ "package: {name: a, version: 1, epoch: \"0x1\"}", "found '0x1'" },
	{ WITH("timeout: 1d"), "'1d' is not a duration such as 1h30m" },
	{ WITH("timeout: -5"), "'timeout'" },
	{ BASE "update: {enabled: 1}", "f:2:19: 'enabled': expected true or false, found '1'" },
	{ BASE "update: {enabled: \"\"}", "expected true or false" },
	{ BASE "environment: {contents: {packages: foo}}",
	  "f:2:36: 'packages' wants a list, found a single value" },
	{ BASE "vars: [a]", "'vars' wants a mapping, found a list" },
	{ BASE "vars: {a: [b]}", "'a' wants a single value, found a list" },
	{ BASE "vars: {1: x, \"1\": y}", "mapping key \"1\" already defined at line 2" },
	{ BASE "foo: 1", "f:2:1: unknown key 'foo' in the build file" },
	{ BASE "environment: {repositories: [a]}",
	  "f:2:15: unknown key 'repositories' in environment" },
	{ BASE "pipeline: [{run: x}]",
	  "f:2:13: unknown key 'run' in a pipeline step; did you mean 'runs'?" },
	{ "package: {name: a, vesion: 1}",
	  "f:1:20: unknown key 'vesion' in package; did you mean 'version'?" },
	{ BASE "x-a: &v {a: b}", "unknown key 'x-a'" },
	{ BASE "secfixes: {}", "unknown key 'secfixes'" },
	{ BASE "subpackages: [{name: b, environment: {}}]",
	  "f:2:25: unknown key 'environment' in a subpackage" },
	{ BASE "vars: {<<: x}", "f:2:12: map merge requires map" },
	{ BASE "environment: {<<: {a: b}}", "unknown key 'a' in environment" },
	{ BASE "vars: *nope", "unknown anchor 'nope'" },
	{ BASE "---\nx", "f:3:1: a second document in the file" },
	{ WITH("dependencies: {provider-priority: 1.5}"),
	  "provider-priority: priority must convert to integer, found '1.5'" },
	{ BASE "subpackages: [{name: b, dependencies: {replaces-priority: x}}]",
	  "f:2:59: replaces-priority: priority must convert to integer" },
	{ WITH("cpe: {vendor: v}"), "CPE validation: vendor and product go together" },
	{ WITH("cpe: {part: h, vendor: v, product: p}"), "CPE validation: part must be" },
	{ WITH("cpe: {vendor: '*', product: p}"), "CPE validation: vendor '*' must match" },
	{ WITH("cpe: {vendor: v, product: p, other: A}"), "CPE validation: other 'A'" },
	{ WITH("setcap: [{path: /x, add: {cap_net_raw: +ep}}]"),
	  "unjustified reason for capability" },
	{ BASE "subpackages: [{name: b, setcap: [{path: /x, add: {nonsense: x}, reason: r}]}]",
	  "invalid capability \"nonsense\" for path \"/x\"" },
	{ BASE "subpackages: [{name: a}]",
	  "f:2:22: subpackage[0] has same name as main package: \"a\"" },
	{ BASE "subpackages: [{name: b}, {name: b}]",
	  "f:2:33: saw duplicate subpackage name \"b\" (subpackages index: 0 and 1)" },
	{ BASE "subpackages: [{name: 'b c'}]",
	  "subpackage name \"b c\" (subpackages index: 0) must match regex" },
	{ BASE "pipeline: [{uses: greet, runs: x}]",
	  "f:2:19: pipeline cannot contain both uses \"greet\" and runs" },
	{ BASE "pipeline: [{with: {a: b}, runs: x}]",
	  "f:2:12: pipeline contains with but no uses" },
	{ BASE "pipeline: [{pipeline: [{with: {a: b}, runs: x}]}]",
	  "f:2:24: pipeline contains with but no uses" },
	{ BASE "test: {pipeline: [{with: {a: b}, runs: x}]}",
	  "f:2:19: pipeline contains with but no uses" },
	{ BASE "subpackages: [{name: b, test: {pipeline: [{uses: u, runs: x}]}}]",
	  "pipeline cannot contain both uses" },
	{ BASE "environment: {include: other.yaml}",
	  "f:2:15: 'include' in environment is not supported" },
	{ BASE "environment: {accounts: {users: [{username: u, uid: 0}]}}",
	  "user 'u' wants a uid above 0" },
	{ BASE "environment: {accounts: {users: [{uid: 5}]}}", "a user wants a username" },
	{ BASE "environment: {environment: {A=B: c}}", "'A=B' cannot be the name" },
	{ BASE "capabilities: {add: [CAP_NONSENSE]}",
	  "f:2:22: unknown capability 'CAP_NONSENSE'" },
	{ BASE "foo: 1\nbar: [1]\nupdate: {enabled: 2}\n",
	  "f:2:1: unknown key 'foo' in the build file\n"
	  "f:3:1: unknown key 'bar' in the build file\n"
	  "f:4:19: 'enabled': expected true or false, found '2'\n" },
	{ "package: {name: 'a b', version: x}\nsubpackages: [{name: '-'}]",
	  "f:1:17: package name must match regex ^[a-zA-Z0-9][a-zA-Z0-9+_.-]*$, found 'a b'\n"
	  "f:1:33: unable to parse version 'x'" },
};

TABLE_TEST(buildfile, refuse, refused)
{
	struct mel_buf got MEL_AUTO_BUF = MEL_BUF_INIT(1 << 16);

	cr_assert_eq(read_text(&got, refused[*row].text), -1, "%s\n%s", refused[*row].text,
		     mel_buf_text(&got));
	cr_assert_not_null(strstr(mel_buf_text(&got), refused[*row].holds), "%s\n%s",
			   refused[*row].text, mel_buf_text(&got));
}

static const struct {
	const char *text, *want;
} warned[] = {
	{ BASE "environment: {contents: {repositories: [r], runtime_repositories: [s]}}",
	  "f:2:45: 'runtime_repositories' in contents has no effect\n" },
	{ BASE "environment: {cmd: x}", "f:2:15: 'cmd' in environment has no effect\n" },
	{ "package: {name: a, version: 1, epoch: 010}",
	  "f:1:39: '010' is read as an octal number\n" },
	{ BASE "pipeline: [{uses: x, pipeline: [{runs: y}]}]",
	  "f:2:12: a step with both uses and pipeline counts as compiled: 'x' is not "
	  "loaded\n" },
	{ BASE "environment: {contents: {repositories: [r]}}", "" },
};

TABLE_TEST(buildfile, warn, warned)
{
	struct mel_buf got MEL_AUTO_BUF = MEL_BUF_INIT(1 << 16);
	struct mel_buf warnings MEL_AUTO_BUF = MEL_BUF_INIT(1 << 16);

	mel_log_set_sink(keep_warnings, &warnings);
	cr_assert_eq(read_text(&got, warned[*row].text), 0, "%s", mel_buf_text(&got));
	mel_log_set_sink(NULL, NULL);
	cr_assert_str_eq(mel_buf_text(&warnings), warned[*row].want);
}

Test(buildfile, definition_passes_over_unknown_keys, .timeout = 10)
{
	static const char text[] = "name: d\ndescription: x\ninputs:\n"
				   "  a: {default: 1, required: true, extra: y}\n  b:\n"
				   "pipeline:\n  - runs: x\n    more: z\n";
	struct mel_arena arena MEL_AUTO_ARENA = { 0 };
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_pipeline step;

	cr_assert_eq(mel_definition_read(&step, &arena, "d", mel_slice_of(text), &err), 0, "%s",
		     err ? err->text : "");
	cr_assert_str_eq(step.name, "d");
	cr_assert_eq(step.inputs_len, 2);
	cr_assert_str_eq(step.inputs[0].name, "a");
	cr_assert_str_eq(step.inputs[0].default_value, "1");
	cr_assert(step.inputs[0].required);
	cr_assert_str_eq(step.inputs[1].name, "b");
	cr_assert_null(step.inputs[1].default_value);
	cr_assert_str_eq(step.pipeline[0].runs, "x");
	cr_assert_eq(step.pipeline[0].runs_pos.line, 7);
}

Test(buildfile, definition_wants_types, .timeout = 10)
{
	struct mel_arena arena MEL_AUTO_ARENA = { 0 };
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_pipeline step;

	cr_assert_eq(mel_definition_read(&step, &arena, "d", mel_slice_of("runs: [x]"), &err),
		     -1);
	cr_assert_str_eq(err->text, "d:1:7: 'runs' wants a single value, found a list");
}

Test(buildfile, vars_file, .timeout = 10)
{
	struct mel_arena arena MEL_AUTO_ARENA = { 0 };
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_text_map vars;

	cr_assert_eq(mel_vars_file_read(&vars, &arena, "v", mel_slice_of("v: 1.50\nw:\n~: x\n"),
					&err),
		     0);
	cr_assert_eq(vars.len, 2);
	cr_assert_str_eq(mel_text_map_get(&vars, "v"), "1.50");
	cr_assert_str_eq(mel_text_map_get(&vars, "w"), "");
	cr_assert_eq(mel_vars_file_read(&vars, &arena, "v", mel_slice_of("v: [a]"), &err), -1);
	cr_assert_str_eq(err->text, "v:1:4: 'v' wants a single value");
}

Test(buildfile, cpe, .timeout = 10)
{
	const struct mel_package package = { .version = "1.2.3",
					     .cpe = { .vendor = "v", .product = "p" } };
	const struct mel_package none = { .version = "1.2.3" };
	struct mel_arena arena MEL_AUTO_ARENA = { 0 };

	cr_assert_str_eq(mel_cpe_text(&package, &arena), "cpe:2.3:a:v:p:1.2.3:*:*:*:*:*:*:*");
	cr_assert_null(mel_cpe_text(&none, &arena));
}
