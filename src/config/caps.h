/* Names of capabilities as build files write them. Source: capabilities(7). */
#pragma once

#include "base/slice.h"

/* The number of a capability, with or without "cap_", in any case; -1 for an unknown name. */
int mel_cap_number(struct mel_slice name);
