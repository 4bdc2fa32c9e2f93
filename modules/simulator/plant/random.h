/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pseudo random numbers of the simulated plant.
 *
 * SplitMix64: a counter that advances by the golden ratio, and a mixer of two multiplications.
 * 64 bits of state, period 2^64, the same numbers on every machine. Each device has a stream of
 * its own, seeded by the instance's seed and the device's name, so that adding a device changes
 * no other device's noise. Not for secrets.
 */
#ifndef SIMULATOR_PLANT_RANDOM_H
#define SIMULATOR_PLANT_RANDOM_H

#include <stdint.h>

struct random_stream {
	uint64_t state;
};

/* Start the stream that belongs to name under seed. */
void random_init(struct random_stream *stream, uint64_t seed, const char *name);

/* The next 64 bits. */
uint64_t random_next(struct random_stream *stream);

/*
 * Noise with mean 0 and standard deviation 1: the sum of four uniform numbers, near a normal
 * distribution and never beyond +-3.47. Additions only, so it is the same on every machine.
 */
double random_noise(struct random_stream *stream);

#endif
