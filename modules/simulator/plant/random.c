/* SPDX-License-Identifier: Apache-2.0 */
/* Pseudo random numbers: see random.h. Pure, no thread, no clock. */
#include "modules/simulator/plant/random.h"

#define GOLDEN 0x9e3779b97f4a7c15u

static uint64_t random_mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

void random_init(struct random_stream *stream, uint64_t seed, const char *name)
{
	/* FNV-1a of the name, mixed, so that near names give far streams */
	uint64_t hash = 0xcbf29ce484222325u;

	for (const char *c = name; *c != '\0'; c++) {
		hash = (hash ^ (unsigned char)*c) * 0x100000001b3u;
	}
	stream->state = random_mix(seed + GOLDEN) ^ random_mix(hash);
}

uint64_t random_next(struct random_stream *stream)
{
	stream->state += GOLDEN;
	return random_mix(stream->state);
}

double random_noise(struct random_stream *stream)
{
	uint64_t bits = random_next(stream);
	int32_t sum = (int32_t)(bits & 0xffff) + (int32_t)(bits >> 16 & 0xffff) +
	    (int32_t)(bits >> 32 & 0xffff) + (int32_t)(bits >> 48);

	/* four uniform numbers on [0, 1) have mean 2 and variance 1/3; the factor is sqrt(3) */
	return (double)(sum - 131070) * (1.7320508075688772 / 65536.0);
}
