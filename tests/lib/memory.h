/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that runs out when a test says so. For programs that are linked with
 * WRAP_MEMORY: it takes the place of the C library's allocator in all that is
 * linked in, and not in shared libraries.
 */
#ifndef TESTS_LIB_MEMORY_H
#define TESTS_LIB_MEMORY_H

#include <stdbool.h>

/* The nth allocation of this thread from now on fails, once; from 1. */
void memory_fail(unsigned nth);

/* None fails any more. True: one did. */
bool memory_relax(void);

#endif
