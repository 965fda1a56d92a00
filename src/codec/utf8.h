/* UTF-8, one character at a time. Source: RFC 3629. */
#pragma once

#include <stddef.h>

#include "base/slice.h"

/*
 * Bytes of the first character of s, and its code point in *code; 0 when s is empty or does not
 * begin with a valid one: overlong forms, surrogates and what lies above U+10FFFF are invalid.
 */
size_t mel_utf8_decode(struct mel_slice s, unsigned *code);
