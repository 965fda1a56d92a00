/*
 * Typed vectors by macro. MEL_VEC(int) declares a struct {int *at; size_t len, cap;}; a zeroed
 * one is empty. Elements are owned by whoever says so; the storage by the vector.
 */
#pragma once

#include <stdlib.h>

#include "base/mem.h"

#define MEL_VEC(T)                                                                             \
	struct {                                                                               \
		T *at;                                                                         \
		size_t len, cap;                                                               \
	}

/* Append value (an expression of the element type). */
#define mel_vec_push(vec, ...)                                                                 \
	do {                                                                                   \
		if ((vec)->len == (vec)->cap) {                                                \
			(vec)->cap = (vec)->cap ? (vec)->cap * 2 : 8;                          \
			(vec)->at = mel_realloc((vec)->at, (vec)->cap, sizeof(*(vec)->at));    \
		}                                                                              \
		(vec)->at[(vec)->len++] = (__VA_ARGS__);                                       \
	} while (0)

/* Free the storage; the vector is empty again. */
#define mel_vec_clear(vec)                                                                     \
	do {                                                                                   \
		free((vec)->at);                                                               \
		(vec)->at = NULL;                                                              \
		(vec)->len = (vec)->cap = 0;                                                   \
	} while (0)
