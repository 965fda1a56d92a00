/* The YAML record: order, what is left out, what is hidden, and that it reads back. */
#include <string.h>

#include "base/buf.h"
#include "config/buildfile.h"
#include "config/record.h"
#include "tests/unit/table.h"

static const char full[] =
	"package:\n"
	"  epoch: 4\n"
	"  name: a\n"
	"  version: \"1.10\"\n"
	"  description: 'x: y'\n"
	"  annotations: {k10: a, k9: b, K: c}\n"
	"  target-architecture: [x86_64]\n"
	"  copyright: [{license: MIT, attestation: \"a\\nb\\n\"}, {paths: [x]}]\n"
	"  dependencies: {replaces: [r], runtime: [a, \"!b\"], provider-priority: +10}\n"
	"  options: {}\n"
	"  scriptlets: {trigger: {paths: [/x]}, post-install: \"#!/bin/sh\\ntrue\\n\"}\n"
	"  timeout: 5400\n"
	"environment:\n"
	"  contents:\n"
	"    repositories: [\"https://u:secret@example.org/x\", \"@t http://e.org/a:b@c\"]\n"
	"    keyring: [\"https://u@example.org/k\"]\n"
	"    packages: [b, a]\n"
	"  entrypoint: {type: service-bundle}\n"
	"  accounts: {users: [{username: u, uid: 5}], groups: [{groupname: g, gid: 6}]}\n"
	"  paths: [{path: /p, type: directory}]\n"
	"pipeline:\n"
	"  - runs: |\n      one\n        two\n\n      three\n"
	"    if: \"'a' == 'a'\"\n"
	"    needs: {}\n"
	"  - pipeline: [{runs: 'no'}]\n"
	"subpackages:\n"
	"  - {pipeline: [{runs: x}], name: b, test: {}}\n"
	"update: {git: {}, release-monitor: {strip-prefix: v}}\n"
	"vars: {n: \"7\"}\n"
	"var-transforms: [{from: x, to: y}]\n"
	"options: {o: {environment: {contents: {packages: {add: [z]}}}}}\n";

static const char full_record[] = "package:\n"
				  "  name: a\n"
				  "  version: \"1.10\"\n"
				  "  epoch: 4\n"
				  "  description: 'x: y'\n"
				  "  annotations:\n"
				  "    K: c\n"
				  "    k9: b\n"
				  "    k10: a\n"
				  "  target-architecture:\n"
				  "    - x86_64\n"
				  "  copyright:\n"
				  "    - attestation: |\n"
				  "        a\n"
				  "        b\n"
				  "      license: MIT\n"
				  "    - paths:\n"
				  "        - x\n"
				  "      license: \"\"\n"
				  "  dependencies:\n"
				  "    runtime:\n"
				  "      - a\n"
				  "      - '!b'\n"
				  "    replaces:\n"
				  "      - r\n"
				  "    provider-priority: \"+10\"\n"
				  "  options: {}\n"
				  "  scriptlets:\n"
				  "    trigger:\n"
				  "      script: \"\"\n"
				  "      paths:\n"
				  "        - /x\n"
				  "    post-install: |\n"
				  "      #!/bin/sh\n"
				  "      true\n"
				  "  timeout: 1h30m0s\n"
				  "  resources: {}\n"
				  "environment:\n"
				  "  contents:\n"
				  "    repositories:\n"
				  "      - https://u:xxxxx@example.org/x\n"
				  "      - '@t http://e.org/a:b@c'\n"
				  "    keyring:\n"
				  "      - https://u@example.org/k\n"
				  "    packages:\n"
				  "      - b\n"
				  "      - a\n"
				  "  entrypoint:\n"
				  "    type: service-bundle\n"
				  "    command: \"\"\n"
				  "    shell-fragment: \"\"\n"
				  "    services: {}\n"
				  "  accounts:\n"
				  "    run-as: \"\"\n"
				  "    users:\n"
				  "      - username: u\n"
				  "        uid: 5\n"
				  "        shell: \"\"\n"
				  "        homedir: \"\"\n"
				  "    groups:\n"
				  "      - groupname: g\n"
				  "        gid: 6\n"
				  "        members: []\n"
				  "  paths:\n"
				  "    - path: /p\n"
				  "      type: directory\n"
				  "      permissions: 0\n"
				  "      source: \"\"\n"
				  "      recursive: false\n"
				  "pipeline:\n"
				  "  - if: '''a'' == ''a'''\n"
				  "    runs: |\n"
				  "      one\n"
				  "        two\n"
				  "\n"
				  "      three\n"
				  "    needs:\n"
				  "      packages: []\n"
				  "  - pipeline:\n"
				  "      - runs: \"no\"\n"
				  "subpackages:\n"
				  "  - name: b\n"
				  "    pipeline:\n"
				  "      - runs: x\n"
				  "    test:\n"
				  "      pipeline: []\n"
				  "update:\n"
				  "  enabled: false\n"
				  "  manual: false\n"
				  "  require-sequential: false\n"
				  "  release-monitor:\n"
				  "    identifier: 0\n"
				  "    strip-prefix: v\n"
				  "  git: {}\n"
				  "vars:\n"
				  "  \"n\": \"7\"\n"
				  "var-transforms:\n"
				  "  - from: x\n"
				  "    match: \"\"\n"
				  "    replace: \"\"\n"
				  "    to: \"y\"\n"
				  "options:\n"
				  "  o:\n"
				  "    environment:\n"
				  "      contents:\n"
				  "        packages:\n"
				  "          add:\n"
				  "            - z\n";

static struct mel_config *read_config(struct mel_arena *arena, struct mel_slice text)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_config *config = NULL;

	cr_assert_eq(mel_buildfile_read(&config, arena, "f", text, &err), 0, "%s\n%s",
		     err->text, text.ptr);
	return config;
}

Test(record, yaml, .timeout = 10)
{
	struct mel_arena arena MEL_AUTO_ARENA = { 0 };
	struct mel_buf got MEL_AUTO_BUF = MEL_BUF_INIT(1 << 16);

	cr_assert_eq(mel_record_yaml(&got, read_config(&arena, mel_slice_of(full))), 0);
	cr_assert_str_eq(mel_buf_text(&got), full_record);
}

Test(record, yaml_reads_back, .timeout = 10)
{
	struct mel_arena arena MEL_AUTO_ARENA = { 0 };
	struct mel_buf first MEL_AUTO_BUF = MEL_BUF_INIT(1 << 16);
	struct mel_buf again MEL_AUTO_BUF = MEL_BUF_INIT(1 << 16);

	mel_record_yaml(&first, read_config(&arena, mel_slice_of(full)));
	mel_record_yaml(&again, read_config(&arena, mel_buf_slice(&first)));
	cr_assert_str_eq(mel_buf_text(&again), mel_buf_text(&first));
}

Test(record, smallest, .timeout = 10)
{
	struct mel_arena arena MEL_AUTO_ARENA = { 0 };
	struct mel_buf got MEL_AUTO_BUF = MEL_BUF_INIT(1 << 16);

	mel_record_yaml(&got,
			read_config(&arena, mel_slice_of("package: {name: a, version: 1}")));
	cr_assert_str_eq(mel_buf_text(&got),
			 "package:\n  name: a\n  version: \"1\"\n  epoch: 0\n"
			 "  resources: {}\n");
}

/* What came from an env file stays out of the package, not out of what `compile` prints. */
Test(record, private_variables, .timeout = 10)
{
	struct mel_arena arena MEL_AUTO_ARENA = { 0 };
	struct mel_buf yaml MEL_AUTO_BUF = MEL_BUF_INIT(1 << 16);
	struct mel_buf json MEL_AUTO_BUF = MEL_BUF_INIT(1 << 16);
	struct mel_config *config =
		read_config(&arena, mel_slice_of("package: {name: a, version: 1}"));
	struct mel_text_map *map = &config->environment->environment;

	mel_text_map_add(&arena, map, "TOKEN", "t0p", (struct mel_pos){ 0 });
	map->at[0].is_private = true;
	mel_record_yaml(&yaml, config);
	mel_record_json(&json, config);
	cr_assert_null(strstr(mel_buf_text(&yaml), "TOKEN"), "%s", mel_buf_text(&yaml));
	cr_assert_not_null(strstr(mel_buf_text(&json), "\"TOKEN\":\"t0p\""));
}

Test(record, over_the_maximum, .timeout = 10)
{
	struct mel_arena arena MEL_AUTO_ARENA = { 0 };
	struct mel_buf got MEL_AUTO_BUF = MEL_BUF_INIT(16);

	cr_assert_eq(mel_record_yaml(&got, read_config(&arena, mel_slice_of(full))), -1);
}
