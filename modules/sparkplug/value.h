/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values between the bus and Sparkplug: which datatype a tag has there, a
 * sample's value as a metric's, a command's value as a sample's. Pure.
 */
#ifndef MODULES_SPARKPLUG_VALUE_H
#define MODULES_SPARKPLUG_VALUE_H

#include <edgeway/module.h>

#include "proto/sparkplug/message.h"

/* Memory for values whose form differs; the caller's, big enough for any of its tags. */
struct value_room {
	uint8_t *memory;
	size_t size;
};

/* What a payload that comes in may hold. */
extern const struct sp_limits value_limits;

/* Sparkplug's datatype for one of the bus; SP_TYPE_UNKNOWN: there is none. */
unsigned value_type(unsigned ew_type);

/* Bytes of room that a value of a tag may take, in either direction. */
size_t value_room_size(unsigned sp_type, uint32_t max_bytes);

/*
 * A sample's value. EW_NULL gives SP_NONE. Text and bytes stay the sample's.
 *
 * Errors: -EPROTO    a dataset or template that is none
 *         -EMSGSIZE  no room
 */
int value_encode(unsigned sp_type, const struct ew_sample *sample, const struct value_room *room,
		 struct sp_value *value_out);

/*
 * Fill type and v of a sample from the value of a command.
 *
 * Errors: -EPROTO    not a value of this type
 *         -EMSGSIZE  no room
 */
int value_decode(unsigned sp_type, const struct sp_value *value, const struct value_room *room,
		 struct ew_sample *sample);

/* 192 good, 500 uncertain, 0 bad. */
unsigned value_quality(uint16_t quality);

/* ms UTC of a time in ns. */
static inline uint64_t value_ms(ew_time time)
{
	return (uint64_t)(time / 1000000 - (time % 1000000 < 0));
}

#endif
