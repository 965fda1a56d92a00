/* Parameters for a test per row of a const table: indexes, pointers do not survive the fork. */
#pragma once

#include <criterion/criterion.h>
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
