/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts, for the calling thread, of what the linker routes through here
 * (-Wl,--wrap): memory from the heap, hashes of names, calls of the kernel.
 */
#ifndef TESTS_BENCH_WRAP_H
#define TESTS_BENCH_WRAP_H

#include <stdint.h>

struct wrap_counts {
	uint64_t allocations;
	uint64_t hashes;
	uint64_t calls;
};

struct wrap_counts wrap_read(void);

/* Add what happened since `begin`. */
void wrap_add(struct wrap_counts *counts, struct wrap_counts begin);

#endif
