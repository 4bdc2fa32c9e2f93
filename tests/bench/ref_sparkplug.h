/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least that reports can cost: loops that know what they meet.
 */
#ifndef TESTS_BENCH_REF_SPARKPLUG_H
#define TESTS_BENCH_REF_SPARKPLUG_H

#include <stddef.h>
#include <stdint.h>

struct ref_reading {
	uint64_t alias;
	uint64_t timestamp;
	double value;
};

/* Alias, time and value of each, without a check; returns the bytes written. */
size_t ref_sparkplug_write(const struct ref_reading *readings, size_t count, uint8_t *out);

/* The opposite: fields in that order, nothing else; returns how many. */
size_t ref_sparkplug_read(const uint8_t *bytes, size_t size, struct ref_reading *readings_out);

#endif
