/* The grammar of flags: forms, types, errors. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "cmd/options.h"

enum { ARGS_MAX = 8 };

struct flags {
	const char *name, *later_text, *useless;
	bool verbose, index, later;
	struct mel_opt_list list, tags;
	int64_t time;
	uint64_t size;
};

#define AT(field) .offset = offsetof(struct flags, field)

static const struct mel_opt rows[] = {
	{ .type = MEL_OPT_HEADING, .help = "Flags" },
	{ .name = "name", .letter = 'n', .type = MEL_OPT_TEXT, AT(name), .preset = "x" },
	{ .name = "verbose", .letter = 'v', .type = MEL_OPT_BOOL, AT(verbose) },
	{ .name = "index", .letter = 'i', .type = MEL_OPT_BOOL, AT(index), .preset = "true" },
	{ .name = "list", .letter = 'l', .type = MEL_OPT_LIST, AT(list), .preset = "p,q" },
	{ .name = "tags", .type = MEL_OPT_LIST, AT(tags) },
	{ .name = "time", .type = MEL_OPT_DURATION, AT(time) },
	{ .name = "size", .letter = 's', .type = MEL_OPT_UINT, AT(size), .preset = "4096" },
	{ .name = "later", .type = MEL_OPT_BOOL, AT(later), .status = MEL_OPT_LATER },
	{ .name = "later-text", .type = MEL_OPT_TEXT, AT(later_text), .status = MEL_OPT_LATER },
	{ .name = "useless", .type = MEL_OPT_TEXT, AT(useless), .status = MEL_OPT_NO_EFFECT },
};

#define PRESET "name=x v=0 i=1 list=[p][q] tags= time=0 size=4096 args="

static const struct {
	const char *name;
	const char *args[ARGS_MAX];
	const char *want; /* all values, or the text of the error */
	bool fails;
} cases[] = {
	{ "defaults", { NULL }, PRESET, false },
	{ "long, separate",
	  { "--name", "a" },
	  "name=a v=0 i=1 list=[p][q] tags= time=0 size=4096 args=",
	  false },
	{ "long, joined",
	  { "--name=a=b" },
	  "name=a=b v=0 i=1 list=[p][q] tags= time=0 size=4096 args=",
	  false },
	{ "long, empty",
	  { "--name=" },
	  "name= v=0 i=1 list=[p][q] tags= time=0 size=4096 args=",
	  false },
	{ "a value may look like a flag",
	  { "--name", "--verbose" },
	  "name=--verbose v=0 i=1 list=[p][q] tags= time=0 size=4096 args=",
	  false },
	{ "short, separate",
	  { "-n", "a" },
	  "name=a v=0 i=1 list=[p][q] tags= time=0 size=4096 args=",
	  false },
	{ "short, joined",
	  { "-nab" },
	  "name=ab v=0 i=1 list=[p][q] tags= time=0 size=4096 args=",
	  false },
	{ "short with =",
	  { "-n=ab" },
	  "name=ab v=0 i=1 list=[p][q] tags= time=0 size=4096 args=",
	  false },
	{ "group",
	  { "-vn", "k" },
	  "name=k v=1 i=1 list=[p][q] tags= time=0 size=4096 args=",
	  false },
	{ "group with value",
	  { "-vnk" },
	  "name=k v=1 i=1 list=[p][q] tags= time=0 size=4096 args=",
	  false },
	{ "short boolean off",
	  { "-i=F" },
	  "name=x v=0 i=0 list=[p][q] tags= time=0 size=4096 args=",
	  false },
	{ "boolean takes no argument",
	  { "--index", "false" },
	  "name=x v=0 i=1 list=[p][q] tags= time=0 size=4096 args=[false]",
	  false },
	{ "boolean words",
	  { "--index=FALSE", "--verbose=t" },
	  "name=x v=1 i=0 list=[p][q] tags= time=0 size=4096 args=",
	  false },
	{ "last scalar wins",
	  { "--name=a", "-n", "b", "--verbose", "--verbose=0" },
	  "name=b v=0 i=1 list=[p][q] tags= time=0 size=4096 args=",
	  false },
	{ "first list replaces the default",
	  { "--list=a,b" },
	  "name=x v=0 i=1 list=[a][b] tags= time=0 size=4096 args=",
	  false },
	{ "lists add up",
	  { "--list=a", "-l", "b,c", "-ld" },
	  "name=x v=0 i=1 list=[a][b][c][d] tags= time=0 size=4096 args=",
	  false },
	{ "empty list",
	  { "--list=" },
	  "name=x v=0 i=1 list= tags= time=0 size=4096 args=",
	  false },
	{ "empty, then more",
	  { "--list", "", "--list=a" },
	  "name=x v=0 i=1 list=[a] tags= time=0 size=4096 args=",
	  false },
	{ "empty fields",
	  { "--tags=,a,," },
	  "name=x v=0 i=1 list=[p][q] tags=[][a][][] time=0 size=4096 args=",
	  false },
	{ "quotes",
	  { "--tags=\"a,b\",c,\"d\"\"e\",\"\"" },
	  "name=x v=0 i=1 list=[p][q] tags=[a,b][c][d\"e][] time=0 size=4096 args=",
	  false },
	{ "blanks stay",
	  { "--tags= a , b" },
	  "name=x v=0 i=1 list=[p][q] tags=[ a ][ b] time=0 size=4096 args=",
	  false },
	{ "duration",
	  { "--time", "1m30.5s" },
	  "name=x v=0 i=1 list=[p][q] tags= time=90500000000 size=4096 args=",
	  false },
	{ "duration zero",
	  { "--time=0" },
	  "name=x v=0 i=1 list=[p][q] tags= time=0 size=4096 args=",
	  false },
	{ "number",
	  { "-s2048" },
	  "name=x v=0 i=1 list=[p][q] tags= time=0 size=2048 args=",
	  false },
	{ "mixed with arguments",
	  { "a", "--verbose", "b", "-", "" },
	  "name=x v=1 i=1 list=[p][q] tags= time=0 size=4096 args=[a][b][-][]",
	  false },
	{ "end of flags",
	  { "a", "--", "--verbose", "--", "-x" },
	  "name=x v=0 i=1 list=[p][q] tags= time=0 size=4096 args=[a][--verbose][--][-x]",
	  false },
	{ "later, but off", { "--later=false" }, PRESET, false },
	{ "without effect", { "--useless=1" }, PRESET, false },

	{ "unknown", { "--frobnicate" }, "unknown flag: --frobnicate", true },
	{ "unknown with value", { "--frobnicate=1" }, "unknown flag: --frobnicate", true },
	{ "suggestion",
	  { "--verbsoe" },
	  "unknown flag: --verbsoe (did you mean --verbose?)",
	  true },
	{ "no abbreviation",
	  { "--verb" },
	  "unknown flag: --verb (did you mean --verbose?)",
	  true },
	{ "unknown short", { "-x" }, "unknown shorthand flag: 'x' in -x", true },
	{ "unknown short in a group", { "-vx" }, "unknown shorthand flag: 'x' in -vx", true },
	{ "no value", { "--name" }, "flag needs an argument: --name", true },
	{ "no value of a short", { "-vn" }, "flag needs an argument: 'n' in -vn", true },
	{ "syntax 1", { "--=x" }, "bad flag syntax: --=x", true },
	{ "syntax 2", { "---x" }, "bad flag syntax: ---x", true },
	{ "wrong boolean",
	  { "--verbose=yes" },
	  "invalid argument \"yes\" for \"-v, --verbose\" flag: parsing \"yes\": invalid "
	  "syntax, expected true or false",
	  true },
	{ "wrong number",
	  { "--size=many" },
	  "invalid argument \"many\" for \"-s, --size\" flag: parsing \"many\": invalid syntax",
	  true },
	{ "duration without unit",
	  { "--time", "5" },
	  "invalid argument \"5\" for \"--time\" flag: '5' is not a duration such as 1h30m, "
	  "90s or 1.5h",
	  true },
	{ "bare quote",
	  { "--tags=a\"b" },
	  "invalid argument \"a\\\"b\" for \"--tags\" flag: parse error on column 2: bare \" "
	  "in non-quoted field",
	  true },
	{ "open quote",
	  { "--tags=\"a" },
	  "invalid argument \"\\\"a\" for \"--tags\" flag: parse error on column 3: "
	  "extraneous or missing \" in quoted-field",
	  true },
	{ "text behind a quote",
	  { "--tags=\"a\"b" },
	  "invalid argument \"\\\"a\\\"b\" for \"--tags\" flag: parse error on column 4: "
	  "extraneous or missing \" in quoted-field",
	  true },
	{ "later", { "--later" }, "--later is not available in this version", true },
	{ "later with value",
	  { "--later-text=a" },
	  "--later-text is not available in this version",
	  true },
};

ParameterizedTestParameters(options, parse)
{
	static size_t index[MEL_COUNTOF(cases)];

	for (size_t i = 0; i < MEL_COUNTOF(cases); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, MEL_COUNTOF(cases));
}

static void print_list(struct mel_buf *out, const struct mel_opt_list *list)
{
	for (size_t i = 0; i < list->len; i++)
		mel_buf_printf(out, "[%s]", list->at[i]);
}

static void print(struct mel_buf *out, const struct flags *flags,
		  const struct mel_opt_result *result)
{
	mel_buf_printf(out, "name=%s v=%d i=%d list=", flags->name, flags->verbose,
		       flags->index);
	print_list(out, &flags->list);
	mel_buf_add_text(out, " tags=");
	print_list(out, &flags->tags);
	mel_buf_printf(out, " time=%lld size=%llu args=", (long long)flags->time,
		       (unsigned long long)flags->size);
	print_list(out, &result->arg);
}

ParameterizedTest(const size_t *i, options, parse, .timeout = 10)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_arena arena MEL_AUTO_ARENA = { NULL, 0 };
	struct mel_buf got MEL_AUTO_BUF = MEL_BUF_INIT(MEL_BUF_NO_LIMIT);
	struct flags flags = { .name = NULL };
	const struct mel_opt_table table = { rows, MEL_COUNTOF(rows), &flags };
	struct mel_opt_result result = { .arg = { NULL, 0, 0 } };
	size_t len = 0;

	while (len < ARGS_MAX && cases[*i].args[len])
		len++;
	int rc = mel_opt_parse(&result, &table, 1, cases[*i].args, len, &arena, &err);
	cr_assert_eq(rc, cases[*i].fails ? -1 : 0, "%s: %s", cases[*i].name,
		     err ? err->text : "no error");
	if (cases[*i].fails) {
		cr_assert_eq(err->kind, MEL_ERR_USAGE, "%s", cases[*i].name);
		mel_buf_add_text(&got, err->text);
	} else {
		print(&got, &flags, &result);
	}
	cr_assert_str_eq(mel_buf_text(&got), cases[*i].want, "%s: %s", cases[*i].name,
			 mel_buf_text(&got));
	mel_opt_table_clear(&table);
	mel_opt_result_clear(&result);
}

Test(options, remembers_what_was_given, .timeout = 10)
{
	struct mel_err *err MEL_AUTO_ERR = NULL;
	struct mel_arena arena MEL_AUTO_ARENA = { NULL, 0 };
	struct flags flags = { .name = NULL };
	const struct mel_opt_table table = { rows, MEL_COUNTOF(rows), &flags };
	struct mel_opt_result result = { .arg = { NULL, 0, 0 } };
	const char *const args[] = { "--name=a", "-n", "b", "--useless", "c" };

	cr_assert_eq(mel_opt_parse(&result, &table, 1, args, 5, &arena, &err), 0);
	cr_assert_eq(result.used.len, 2);
	cr_assert(mel_opt_is_given(&result, "name"));
	cr_assert(mel_opt_is_given(&result, "useless"));
	cr_assert_not(mel_opt_is_given(&result, "verbose"));
	mel_opt_table_clear(&table);
	mel_opt_result_clear(&result);
}
