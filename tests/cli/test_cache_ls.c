/* "melange cache ls" and "du" as a whole. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "run.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void fill(struct run_place *place)
{
	run_place_make(place, geteuid());
	run_place_write(place, "c/sha256:" HEX64, "source");
	run_place_write(place, "c/gomodcache/cache/download/a.org/b/@v/v1.0.0.zip", "zip");
	run_place_write(place, "c/gomodcache/a.org/b@v1.0.0/go.mod", "module");
	run_place_write(place, "c/ccache/0/1/x", "object");
	run_place_write(place, "c/mine/notes", "notes");
}

Test(cache_ls, lists_units, .timeout = 60)
{
	struct run_place place RUN_AUTO_PLACE;
	struct run_result result RUN_AUTO_RESULT;

	fill(&place);
	RUN_MELANGE(&result, &place, NULL, "cache", "ls", "--cache-dir=c");
	cr_assert_eq(result.code, 0, "%s", result.err);
	cr_assert(strstr(result.out, "A sources "), "%s", result.out);
	cr_assert(strstr(result.out, "  gomodcache/cache/download/a.org/b/@v/v1.0.0\n"), "%s",
		  result.out);
	cr_assert(strstr(result.out, "C ccache "), "%s", result.out);
	cr_assert(strstr(result.out, "  mine\n"), "%s", result.out);
	cr_assert_null(strstr(result.out, "b@v1.0.0"), "%s", result.out);
}

static const struct {
	const char *arg[3];
	int code;
	const char *out, *err; /* whole stdout, part of stderr */
} cases[] = {
	{ { "ls", "--json", "ccache" },
	  0,
	  "{\"name\":\"ccache/0/1/x\",\"class\":\"C\",\"area\":\"ccache\",\"bytes\":6,",
	  "" },
	{ { "ls", "--area=npm" }, 0, "", "" },
	{ { "ls", "--area=bogus" }, 2, "", "no area 'bogus'" },
	{ { "ls", "--sort=colour" }, 2, "", "'colour' is none of" },
	{ { "ls", "gomodcache/a.org/*", "--json" },
	  0,
	  "{\"name\":\"gomodcache/cache/download/a.org/b/@v/v1.0.0\",",
	  "" },
	{ { "sl" }, 2, "", "unknown command \"sl\" for \"melange cache\" (did you mean" },
	{ { "du", "extra" }, 2, "", "" },
};

Test(cache_ls, table, .timeout = 60)
{
	struct run_place place RUN_AUTO_PLACE;

	fill(&place);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct run_result result RUN_AUTO_RESULT;
		const char *args[8] = { "cache", "--cache-dir=c" };

		for (size_t k = 0; k < 3; k++)
			args[k + 2] = cases[i].arg[k];
		run_melange(&result, &place, NULL, args);
		cr_assert_eq(result.code, cases[i].code, "row %zu: %s", i, result.err);
		cr_assert(strstr(result.err, cases[i].err), "row %zu: %s", i, result.err);
		if (!*cases[i].out)
			cr_assert_str_empty(result.out, "row %zu: %s", i, result.out);
		else
			cr_assert_eq(strncmp(result.out, cases[i].out, strlen(cases[i].out)), 0,
				     "row %zu: %s", i, result.out);
	}
}

Test(cache_ls, du_adds_up, .timeout = 60)
{
	struct run_place place RUN_AUTO_PLACE;
	struct run_result text RUN_AUTO_RESULT, json RUN_AUTO_RESULT, none RUN_AUTO_RESULT;

	fill(&place);
	RUN_MELANGE(&text, &place, NULL, "cache", "du", "--cache-dir=c");
	cr_assert_eq(text.code, 0, "%s", text.err);
	cr_assert(strstr(text.out, "A sources "), "%s", text.out);
	cr_assert(strstr(text.out, "\n  total "), "%s", text.out);
	cr_assert(strstr(text.out, "26 B"), "%s", text.out);
	RUN_MELANGE(&json, &place, NULL, "cache", "du", "--cache-dir=c", "--json");
	cr_assert_eq(json.code, 0, "%s", json.err);
	cr_assert(strstr(json.out, "\"area\": \"gomodcache\""), "%s", json.out);
	RUN_MELANGE(&none, &place, NULL, "cache", "du", "--cache-dir=none");
	cr_assert_eq(none.code, 3, "%s", none.err);
	cr_assert(strstr(none.err, "no build cache at 'none'"), "%s", none.err);
}
