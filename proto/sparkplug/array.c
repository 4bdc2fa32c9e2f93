/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/sparkplug/array.h"

#include <errno.h>

#include "proto/sparkplug/wire.h"

static int sp_booleans_count(struct sp_bytes array, size_t *count_out)
{
	const uint8_t *at = array.at;
	const uint8_t *end = at + array.size;
	uint32_t count;

	if (!wire_get_le32(&at, end, &count) || array.size - 4 < ((size_t)count + 7) / 8) {
		return -EPROTO;
	}
	*count_out = count;
	return 0;
}

static int sp_texts_count(struct sp_bytes array, size_t *count_out)
{
	const uint8_t *at = array.at;
	size_t count = 0;

	if (array.size > 0 && at[array.size - 1] != '\0') {
		return -EPROTO;
	}
	for (size_t i = 0; i < array.size; i++) {
		count += at[i] == '\0';
	}
	*count_out = count;
	return 0;
}

int sp_array_count(struct sp_bytes array, unsigned type, size_t *count_out)
{
	size_t width = sp_type_element_size(type);

	if (type == SP_TYPE_BOOLEAN_ARRAY) {
		return sp_booleans_count(array, count_out);
	}
	if (type == SP_TYPE_STRING_ARRAY) {
		return sp_texts_count(array, count_out);
	}
	if (width == 0 || array.size % width != 0) {
		return -EPROTO;
	}
	*count_out = array.size / width;
	return 0;
}

void sp_booleans_encode(const uint8_t *values, size_t count, uint8_t *array_out)
{
	uint8_t *bits = wire_put_le32(array_out, (uint32_t)count);

	memset(bits, 0, (count + 7) / 8);
	for (size_t i = 0; i < count; i++) {
		if (values[i] != 0) {
			bits[i / 8] |= (uint8_t)(0x80u >> (i % 8));
		}
	}
}

void sp_booleans_decode(struct sp_bytes array, uint8_t *values_out)
{
	const uint8_t *bits = (const uint8_t *)array.at + 4;
	size_t count = 0;

	(void)sp_booleans_count(array, &count); /* the caller has asked before */
	for (size_t i = 0; i < count; i++) {
		values_out[i] = bits[i / 8] >> (7 - i % 8) & 1;
	}
}

uint64_t sp_array_long(struct sp_bytes array, size_t index)
{
	const uint8_t *at = (const uint8_t *)array.at + 8 * index;
	uint64_t value = 0;

	(void)wire_get_le64(&at, at + 8, &value); /* it has 8 bytes */
	return value;
}

void sp_array_long_set(uint8_t *array, size_t index, uint64_t value)
{
	(void)wire_put_le64(array + 8 * index, value);
}
