/* The command line of the whole program: help, version, errors of usage, exit statuses. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run.h"

enum { ARGS_MAX = 8 };

static const struct {
	const char *name;
	const char *args[ARGS_MAX];
	int code;
	const char *out; /* what stdout or */
	const char *err; /* stderr holds; NULL: empty */
} cases[] = {
	{ "no command", { NULL }, 0, "Commands:", NULL },
	{ "--help", { "--help" }, 0, "Commands:", NULL },
	{ "-h", { "-h" }, 0, "Commands:", NULL },
	{ "help", { "help" }, 0, "Commands:", NULL },
	{ "help of a command", { "help", "build" }, 0, "--cache-mode", NULL },
	{ "build --help", { "build", "--help" }, 0, "melange build [flags]", NULL },
	{ "help wins over arguments", { "build", "-h", "a", "b" }, 0, "Usage:", NULL },
	{ "help of nothing", { "help", "frob" }, 2, NULL, "unknown command \"frob\"" },
	{ "help twice", { "help", "build", "build" }, 2, NULL, "'build' has no commands" },
	{ "help of a group", { "help", "cache" }, 0, "\n  du ", NULL },
	{ "help of a command of a group", { "help", "cache", "ls" }, 0, "--sort", NULL },
	{ "help in a group", { "cache", "help", "ls" }, 0, "--sort", NULL },
	{ "help of three",
	  { "help", "cache", "ls", "x" },
	  2,
	  NULL,
	  "accepts at most 2 arg(s)" },
	{ "version", { "version" }, 0, "GitVersion:", NULL },
	{ "version as JSON", { "version", "--json" }, 0, "\"gitCommit\": \"", NULL },
	{ "version takes nothing",
	  { "version", "x" },
	  2,
	  NULL,
	  "accepts 0 arg(s), received 1" },
	{ "bash", { "completion", "bash" }, 0, "complete -o filenames", NULL },
	{ "zsh", { "completion", "zsh" }, 0, "bashcompinit", NULL },
	{ "fish", { "completion", "fish" }, 0, "complete -c melange", NULL },
	{ "no shell",
	  { "completion" },
	  2,
	  NULL,
	  "A shell type (bash, zsh, fish) is required." },
	{ "unknown command",
	  { "frobnicate" },
	  2,
	  NULL,
	  "unknown command \"frobnicate\" for \"melange\"" },
	{ "typo", { "biuld" }, 2, NULL, "did you mean 'build'" },
	{ "unknown flag", { "build", "--frobnicate" }, 2, NULL, "unknown flag: --frobnicate" },
	{ "unknown flag without command", { "--frob" }, 2, NULL, "unknown flag: --frob" },
	{ "flag typo", { "build", "--cahce-dir=x" }, 2, NULL, "did you mean --cache-dir?" },
	{ "too many files",
	  { "build", "a", "b" },
	  2,
	  NULL,
	  "accepts at most 1 arg(s), received 2" },
	{ "no build file", { "build" }, 2, NULL, "melange.yaml is missing" },
	{ "command of a later version",
	  { "test", "--whatever" },
	  2,
	  NULL,
	  "'test' is not available in this version" },
	{ "flag of a later version",
	  { "build", "-i", "x" },
	  2,
	  NULL,
	  "--interactive is not available in this version" },
	{ "initramfs", { "initramfs" }, 2, NULL, "no virtual machine is used" },
	{ "convert", { "convert", "gem", "x" }, 2, NULL, "'convert' does not exist" },
	{ "root apk", { "build", "--root=apk", "x" }, 2, NULL, "--root=host" },
	{ "root tar", { "build", "--root=tar:x", "x" }, 2, NULL, "--root=dir:PATH" },
	{ "unknown root",
	  { "build", "--root=x", "x" },
	  2,
	  NULL,
	  "unknown value 'x' of --root" },
	{ "network user",
	  { "build", "--network=user", "x" },
	  2,
	  NULL,
	  "--network=user is not available in this version" },
	{ "cache mode",
	  { "build", "--cache-mode=x", "x" },
	  2,
	  NULL,
	  "unknown value 'x' of --cache-mode" },
	{ "cache policy",
	  { "build", "--cache-policy=none", "x" },
	  2,
	  NULL,
	  "unknown value 'none' of --cache-policy" },
	{ "size of a layer", { "build", "--cache-upper=much", "x" }, 2, NULL, "--cache-upper" },
	{ "no size of a layer", { "build", "--cache-upper=0", "x" }, 2, NULL, "--cache-upper" },
	{ "a layer in memory cannot be merged",
	  { "build", "--cache-upper=tmpfs:1G", "--cache-mode=commit", "x" },
	  2,
	  NULL,
	  "--cache-mode=discard" },
	{ "docker", { "build", "--runner", "docker", "x" }, 2, NULL, "no container engine" },
	{ "unknown runner", { "build", "--runner=x", "x" }, 2, NULL, "unknown runner: x" },
	{ "all architectures", { "build", "--arch=all", "x" }, 2, NULL, "--arch all" },
	{ "unknown architecture",
	  { "build", "--arch=vax", "x" },
	  2,
	  NULL,
	  "unknown architecture 'vax'" },
	{ "another architecture", { "build", "--arch=s390x", "x" }, 2, NULL, "'s390x'" },
	{ "wrong date",
	  { "build", "--build-date=yesterday", "x" },
	  2,
	  NULL,
	  "--build-date: 'yesterday'" },
	{ "wrong level",
	  { "--log-level", "loud", "version" },
	  2,
	  NULL,
	  "slog: level string \"loud\": unknown name" },
	{ "wrong format", { "version", "--log-format=xml" }, 2, NULL, "log format 'xml'" },
	{ "missing build file", { "build", "none.yaml" }, 3, NULL, "none.yaml" },
};

ParameterizedTestParameters(cli, usage)
{
	static size_t index[sizeof(cases) / sizeof(cases[0])];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, sizeof(cases) / sizeof(cases[0]));
}

static void check_stream(const char *name, const char *got, const char *want, const char *which)
{
	if (want)
		cr_assert(strstr(got, want), "%s: %s lacks '%s': %s", name, which, want, got);
	else
		cr_assert_str_empty(got, "%s: %s: %s", name, which, got);
}

ParameterizedTest(const size_t *i, cli, usage, .timeout = 30)
{
	struct run_place place RUN_AUTO_PLACE;
	struct run_result result RUN_AUTO_RESULT;

	run_place_make(&place, geteuid());
	run_melange(&result, &place, NULL, cases[*i].args);
	cr_assert_eq(result.code, cases[*i].code, "%s: exit %d: %s", cases[*i].name,
		     result.code, result.err);
	check_stream(cases[*i].name, result.out, cases[*i].out, "stdout");
	check_stream(cases[*i].name, result.err, cases[*i].err, "stderr");
}

static const struct {
	const char *name, *value;
	int code;
	const char *err;
} epochs[] = {
	{ "not a number", "SOURCE_DATE_EPOCH=soon", 2, "failed to parse SOURCE_DATE_EPOCH" },
	{ "fraction", "SOURCE_DATE_EPOCH=1.5", 2, "failed to parse SOURCE_DATE_EPOCH" },
	{ "too large", "SOURCE_DATE_EPOCH=99999999999999999999", 2,
	  "failed to parse SOURCE_DATE_EPOCH" },
	{ "empty", "SOURCE_DATE_EPOCH= ", 3, "set but empty" },
	{ "blanks", "SOURCE_DATE_EPOCH= 12 ", 3, "none.yaml" },
	{ "cache mode", "MELANGE_CACHE_MODE=frob", 2, "'frob' of MELANGE_CACHE_MODE" },
};

ParameterizedTestParameters(cli, environment)
{
	static size_t index[sizeof(epochs) / sizeof(epochs[0])];

	for (size_t i = 0; i < sizeof(epochs) / sizeof(epochs[0]); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, sizeof(epochs) / sizeof(epochs[0]));
}

ParameterizedTest(const size_t *i, cli, environment, .timeout = 30)
{
	const char *const env[] = { epochs[*i].value, NULL };
	const struct run_opts opts = { .env = env };
	struct run_place place RUN_AUTO_PLACE;
	struct run_result result RUN_AUTO_RESULT;

	run_place_make(&place, geteuid());
	RUN_MELANGE(&result, &place, &opts, "build", "none.yaml");
	cr_assert_eq(result.code, epochs[*i].code, "%s: exit %d: %s", epochs[*i].name,
		     result.code, result.err);
	check_stream(epochs[*i].name, result.err, epochs[*i].err, "stderr");
}

Test(cli, output_that_cannot_be_written, .timeout = 30)
{
	struct run_place place RUN_AUTO_PLACE;
	struct run_result result RUN_AUTO_RESULT;
	const char *const args[] = { "-c", "./melange version >/dev/full", NULL };

	run_place_make(&place, geteuid());
	run_program(&result, &place, NULL, "sh", args);
	cr_assert_eq(result.code, 6, "exit %d", result.code);
	cr_assert(strstr(result.err, "No space left on device"), "%s", result.err);
}

Test(cli, bash_completes_commands_and_flags, .timeout = 30)
{
	static const struct {
		const char *words, *want;
	} rows[] = {
		{ "melange ke", "keygen\n" },
		{ "melange keygen --fo", "--force\n" },
		{ "melange --quiet build --cache-d", "--cache-dir\n" },
		{ "melange build --interac", "\n" },
		{ "melange cache d", "du\n" },
		{ "melange cache ls --so", "--sort\n" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct run_place place RUN_AUTO_PLACE;
		struct run_result result RUN_AUTO_RESULT;
		const char *const args[] = {
			"-c",
			"source <(./melange completion bash); COMP_WORDS=($1); "
			"COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _melange; echo "
			"\"${COMPREPLY[*]}\"",
			"bash", rows[i].words, NULL
		};

		run_place_make(&place, geteuid());
		run_program(&result, &place, NULL, "bash", args);
		cr_assert_eq(result.code, 0, "%s", result.err);
		cr_assert_str_eq(result.out, rows[i].want, "%s: %s", rows[i].words, result.out);
	}
}

Test(cli, warnings_for_flags_without_effect_come_once, .timeout = 30)
{
	struct run_place place RUN_AUTO_PLACE;
	struct run_result result RUN_AUTO_RESULT;
	const char *first;

	run_place_make(&place, geteuid());
	RUN_MELANGE(&result, &place, NULL, "build", "--cleanup", "--cpu=1", "--cpu=2",
		    "--fail-on-lint-warning", "none.yaml");
	cr_assert_eq(result.code, 3, "%s", result.err);
	first = strstr(result.err, "--cpu has no effect");
	cr_assert(first, "%s", result.err);
	cr_assert_null(strstr(first + 1, "--cpu has no effect"), "%s", result.err);
	cr_assert(strstr(result.err, "WARN --cleanup has no effect"), "%s", result.err);
	cr_assert(strstr(result.err, "Flag --fail-on-lint-warning has been deprecated"), "%s",
		  result.err);
}

Test(cli, quiet_and_json, .timeout = 30)
{
	struct run_place place RUN_AUTO_PLACE;
	struct run_result quiet RUN_AUTO_RESULT, json RUN_AUTO_RESULT;

	run_place_make(&place, geteuid());
	RUN_MELANGE(&quiet, &place, NULL, "--quiet", "build", "none.yaml");
	cr_assert_null(strstr(quiet.err, " INFO "), "%s", quiet.err);
	cr_assert(strstr(quiet.err, " ERRO "), "%s", quiet.err);
	RUN_MELANGE(&json, &place, NULL, "build", "--log-format=json", "none.yaml");
	cr_assert(strstr(json.err, "\"level\":\"ERROR\",\"msg\":\""), "%s", json.err);
	cr_assert_eq(json.err[0], '{', "%s", json.err);
}
