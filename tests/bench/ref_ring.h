/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reference of the bus bench: the least that can move batches of samples
 * from one thread to others and keep a table of last values. No ownership, no
 * filter, no checks, no sleep: who has to wait yields the processor.
 */
#ifndef TESTS_BENCH_REF_RING_H
#define TESTS_BENCH_REF_RING_H

#include <stddef.h>
#include <stdint.h>

#include "tests/bench/bench.h"

/* Move `batches` of `size` samples over `tags` tags to each of 1..4 receivers. */
struct bench_span ref_ring_run(size_t receivers, uint64_t batches, size_t size, size_t tags);

#endif
