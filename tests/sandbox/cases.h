/*
 * A table of cases becomes one Criterion test per case and kind of user.
 */
#pragma once

#include "fixture.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

struct fx_case {
	const char *id; /* of docs/sandbox.md's catalogue, with what it is about */
	void (*run)(struct fx *fx);
};

struct fx_param {
	size_t index;
	int kind;
};

static inline void fx_judge(const char *id, int kind, const char *result)
{
	static const char *const name[] = { "root", "user", "range" };

	if (strncmp(result, "skip", 4) == 0) {
		bool must = getenv("MEL_MUST_SANDBOX") && strncmp(result, "skip: n", 7) != 0;

		cr_assert(!must, "%s as %s: %s", id, name[kind], result);
		cr_skip_test("%s as %s: %s", id, name[kind], result);
	}
	cr_assert(result[0] == '\0', "%s as %s: %s", id, name[kind], result);
}

#define FX_TESTS(suite, table)                                                                 \
	ParameterizedTestParameters(suite, cases)                                              \
	{                                                                                      \
		static struct fx_param param[COUNTOF(table) * FX_KINDS];                       \
                                                                                               \
		for (size_t i = 0; i < COUNTOF(param); i++)                                    \
			param[i] = (struct fx_param){ i / FX_KINDS, (int)(i % FX_KINDS) };     \
		return cr_make_param_array(struct fx_param, param, COUNTOF(param));            \
	}                                                                                      \
	ParameterizedTest(struct fx_param *p, suite, cases, .timeout = 60)                     \
	{                                                                                      \
		fx_judge(table[p->index].id, p->kind,                                          \
			 fx_run_case((enum fx_kind)p->kind, table[p->index].run));             \
	}
