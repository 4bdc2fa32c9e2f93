/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The array datatypes: elements in one byte string, little endian. Booleans are
 * a count of four bytes, then bits from the most significant one down; texts
 * end with a zero byte each; the others lie back to back.
 */
#ifndef PROTO_SPARKPLUG_ARRAY_H
#define PROTO_SPARKPLUG_ARRAY_H

#include "proto/sparkplug/type.h"

/*
 * How many elements an array has.
 *
 * Errors: -EPROTO  not an array of this type: half an element, a text without
 *         its end, fewer bits than it counts
 */
int sp_array_count(struct sp_bytes array, unsigned type, size_t *count_out);

/* Bytes that so many booleans take. */
static inline size_t sp_booleans_size(size_t count)
{
	return 4 + (count + 7) / 8;
}

/* Booleans of a byte each into their encoding, sp_booleans_size(count) long. */
void sp_booleans_encode(const uint8_t *values, size_t count, uint8_t *array_out);

/* The opposite; array has passed sp_array_count(), values_out has room for its count. */
void sp_booleans_decode(struct sp_bytes array, uint8_t *values_out);

/* An element of 8 bytes: a whole number or a time. */
uint64_t sp_array_long(struct sp_bytes array, size_t index);
void sp_array_long_set(uint8_t *array, size_t index, uint64_t value);

#endif
