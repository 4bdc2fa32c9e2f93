/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Samples as bytes: what most of a log is made of. A numeric sample takes 2 to
 * 11 bytes when its neighbour was taken at the same time, and is read back to
 * the bit. Pure; any thread.
 *
 * A sample is a control byte and what that byte asks for: the tag's place in
 * the dictionary unless it is the next one, the time unless it is that of the
 * sample before, quality and flags when they changed, the value in the
 * shortest form that keeps it exact.
 */
#ifndef CORE_STORE_SAMPLES_H
#define CORE_STORE_SAMPLES_H

#include "core/store/record.h"

/* Most bytes of one sample, its text left out. */
#define SAMPLES_ONE_MAX  32u

/*
 * ids[i] is the dictionary's number for samples[i]; NULL: it is samples[i].tag.
 * Room: WIRE_VARINT_MAX, and SAMPLES_ONE_MAX and its text a sample. Returns the
 * place behind.
 */
unsigned char *samples_put(unsigned char *at, const struct ew_sample *samples,
			   const uint32_t *ids, uint32_t count, const struct record_base *base);

/* Are they one run, if the dictionary numbers their tags as they are numbered here? */
bool samples_are_run(const struct ew_sample *samples, uint32_t count);

/* samples_put() of a run, whose first tag has the dictionary's number `id`. */
unsigned char *samples_put_run(unsigned char *at, const struct ew_sample *samples, uint32_t id,
			       uint32_t count, const struct record_base *base);

/* How many samples there are; they follow. 0: damage. */
uint32_t samples_count(struct wire *wire);

/*
 * Read `count` samples; texts point into the record, tags are the dictionary's
 * numbers. False: damage.
 */
bool samples_get(struct wire *wire, const struct record_base *base, uint32_t count,
		 struct ew_sample *samples_out);

#endif
