/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What nearly all of DATA is made of, the fast way: alias, time and a number.
 * The same bytes that sp_metric_put() writes, inline and without a look at the
 * room, which the caller has seen to for the whole run.
 */
#ifndef PROTO_SPARKPLUG_READING_H
#define PROTO_SPARKPLUG_READING_H

#include "proto/sparkplug/wire.h"

struct sp_reading {
	uint64_t alias;
	uint64_t timestamp;     /* ms UTC */
	struct sp_value value;  /* SP_INT to SP_BOOL */
};

#define SP_READING_MAX  48u     /* bytes of one, with what is written beyond its end */

/* 56 bits in groups of seven, a byte each, the lowest first. */
static inline uint64_t sp_spread(uint64_t bits)
{
	bits = (bits & 0x0fffffff) | (bits & 0x00fffffff0000000) << 4;
	bits = (bits & 0x00003fff00003fff) | (bits & 0x0fffc0000fffc000) << 2;
	return (bits & 0x007f007f007f007f) | (bits & 0x3f803f803f803f80) << 1;
}

/* Times of this and the next century have six bytes, most aliases one or two. */
static inline uint8_t *sp_put_time(uint8_t *at, uint64_t timestamp)
{
	if (timestamp >> 35 == 0 || timestamp >> 42 != 0) {
		return wire_put_varint(at, timestamp);
	}
	(void)wire_put_le64(at, sp_spread(timestamp) | 0x8080808080);
	return at + 6;
}

static inline uint8_t *sp_put_alias(uint8_t *at, uint64_t alias)
{
	if (alias < 0x80) {
		*at = (uint8_t)alias;
		return at + 1;
	}
	if (alias < 0x4000) {
		at[0] = (uint8_t)(alias | 0x80);
		at[1] = (uint8_t)(alias >> 7);
		return at + 2;
	}
	return wire_put_varint(at, alias);
}

/*
 * Write one where SP_READING_MAX bytes are free; returns its end. A value of
 * another carrier is left out.
 */
static inline uint8_t *sp_reading_put(uint8_t *at, const struct sp_reading *reading)
{
	uint8_t *begin = at + 2;

	*at = WIRE_TAG(2, WIRE_BYTES);
	*begin = WIRE_TAG(2, WIRE_VARINT);
	at = sp_put_alias(begin + 1, reading->alias);
	*at = WIRE_TAG(3, WIRE_VARINT);
	at = sp_put_time(at + 1, reading->timestamp);
	switch (reading->value.carrier) {
	case SP_INT:
	case SP_LONG:
	case SP_BOOL:
		*at = (uint8_t)WIRE_TAG(9 + reading->value.carrier, WIRE_VARINT);
		at = wire_put_varint(at + 1, reading->value.u);
		break;
	case SP_FLOAT:
		at = wire_put_float(at, 9 + SP_FLOAT, reading->value.f);
		break;
	case SP_DOUBLE:
		at = wire_put_double(at, 9 + SP_DOUBLE, reading->value.d);
		break;
	default:
		break;
	}
	begin[-1] = (uint8_t)(at - begin);
	return at;
}

#endif
