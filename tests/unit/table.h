/* A test per row of a const table. Parameters are indexes: pointers do not survive the fork. */
#pragma once

#include <criterion/criterion.h>
#include <stdlib.h>
#include <criterion/parameterized.h>

#include "base/mem.h"

#define TABLE_PARAMETERS(suite, name, table)                                                   \
	ParameterizedTestParameters(suite, name)                                               \
	{                                                                                      \
		static size_t index[MEL_COUNTOF(table)];                                       \
                                                                                               \
		for (size_t i = 0; i < MEL_COUNTOF(table); i++)                                \
			index[i] = i;                                                          \
		return cr_make_param_array(size_t, index, MEL_COUNTOF(table));                 \
	}

/* With the head of the test, whose body follows; *row is the index. */
#define TABLE_TEST(suite, name, table)                                                         \
	TABLE_PARAMETERS(suite, name, table)                                                   \
	ParameterizedTest(const size_t *row, suite, name, .timeout = 60)

/* The place lacks what the test needs: skipped with the reason, and where nothing may be
 * skipped (MEL_MUST_SANDBOX=1) failed. */
#define TABLE_CANNOT(why)                                                                      \
	do {                                                                                   \
		cr_assert(!getenv("MEL_MUST_SANDBOX"), "%s", why);                             \
		cr_skip_test("%s", why);                                                       \
	} while (0)
