/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/ref_sparkplug.h"

#include <string.h>

static uint8_t *ref_put(uint8_t *at, uint64_t value)
{
	while (value > 127) {
		*at++ = (uint8_t)(value | 128);
		value >>= 7;
	}
	*at++ = (uint8_t)value;
	return at;
}

static uint64_t ref_get(const uint8_t **at)
{
	uint64_t value = 0;
	unsigned shift = 0;

	do {
		value |= (uint64_t)(**at & 127) << shift;
		shift += 7;
	} while (*(*at)++ > 127);
	return value;
}

size_t ref_sparkplug_write(const struct ref_reading *readings, size_t count, uint8_t *out)
{
	uint8_t *at = out;

	for (size_t i = 0; i < count; i++) {
		uint8_t *begin = at + 2;

		at[0] = 0x12;
		at[2] = 0x10;
		at = ref_put(begin + 1, readings[i].alias);
		*at = 0x18;
		at = ref_put(at + 1, readings[i].timestamp);
		*at = 0x69;
		memcpy(at + 1, &readings[i].value, 8);
		at += 9;
		begin[-1] = (uint8_t)(at - begin);
	}
	return (size_t)(at - out);
}

size_t ref_sparkplug_read(const uint8_t *bytes, size_t size, struct ref_reading *readings_out)
{
	const uint8_t *at = bytes;
	size_t count = 0;

	while (at < bytes + size) {
		at += 3;
		readings_out[count].alias = ref_get(&at);
		at++;
		readings_out[count].timestamp = ref_get(&at);
		memcpy(&readings_out[count].value, at + 1, 8);
		at += 9;
		count++;
	}
	return count;
}
