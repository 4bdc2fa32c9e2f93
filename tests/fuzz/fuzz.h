/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a fuzz program defines: it takes any bytes, and must neither crash, nor
 * leak, nor allocate without a bound. The name is libFuzzer's.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
