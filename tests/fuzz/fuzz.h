/*
 * The interface of a fuzz target, as libFuzzer calls it; replay.c calls it for each file of a
 * corpus where there is no libFuzzer. Source: https://llvm.org/docs/LibFuzzer.html
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Try one input; 0. A problem ends the process. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
