/* SPDX-License-Identifier: Apache-2.0 */
#include "modules/http_uplink/array.h"

#include <math.h>
#include <string.h>

#include "proto/json/json_out.h"
#include "proto/json/number.h"

static size_t array_element_size(unsigned element)
{
	switch (element) {
	case EW_TYPE_BOOL:
	case EW_TYPE_I8:
	case EW_TYPE_U8:
		return 1;
	case EW_TYPE_I16:
	case EW_TYPE_U16:
		return 2;
	case EW_TYPE_I32:
	case EW_TYPE_U32:
	case EW_TYPE_F32:
		return 4;
	case EW_TYPE_I64:
	case EW_TYPE_U64:
	case EW_TYPE_F64:
	case EW_TYPE_TIME:
		return 8;
	default:
		return 0;
	}
}

static size_t array_float(char *to, double value, bool is_single)
{
	if (!isfinite(value)) {
		memcpy(to, "null", 4);
		return 4;
	}
	return number_f64(to, value, is_single);
}

/* One element of little-endian bytes. */
static size_t array_element(char *to, unsigned element, const unsigned char *at, size_t size)
{
	uint64_t bits = 0, sign;
	double f64;
	float f32;
	uint32_t low;

	for (size_t i = 0; i < size; i++) {
		bits |= (uint64_t)at[i] << 8 * i;
	}
	sign = (uint64_t)1 << (8 * size - 1);
	switch (element) {
	case EW_TYPE_BOOL:
		memcpy(to, bits != 0 ? "true" : "false", bits != 0 ? 4 : 5);
		return bits != 0 ? 4 : 5;
	case EW_TYPE_F32:
		low = (uint32_t)bits;
		memcpy(&f32, &low, sizeof(f32));
		return array_float(to, (double)f32, true);
	case EW_TYPE_F64:
		memcpy(&f64, &bits, sizeof(f64));
		return array_float(to, f64, false);
	case EW_TYPE_U8:
	case EW_TYPE_U16:
	case EW_TYPE_U32:
	case EW_TYPE_U64:
		return number_u64(to, bits);
	default:
		return number_i64(to, (int64_t)((bits ^ sign) - sign));
	}
}

static void array_numbers(struct bytes *to, unsigned element, const unsigned char *at, size_t size)
{
	size_t step = array_element_size(element);

	for (size_t i = 0; step > 0 && i + step <= size; i += step) {
		char *room = bytes_room(to, NUMBER_SIZE + 1);
		size_t comma = i > 0 ? 1 : 0;

		if (room == NULL) {
			return;
		}
		*room = ',';
		bytes_grow(to, comma + array_element(room + comma, element, at + i, step));
	}
}

/* Texts, each ended by a zero byte. */
static void array_texts(struct bytes *to, const char *at, size_t size)
{
	size_t i = 0;

	while (i < size) {
		size_t length = strnlen(at + i, size - i);

		bytes_text(to, i > 0 ? ",\"" : "\"");
		json_out_text(to, at + i, length);
		bytes_char(to, '"');
		i += length + 1;
	}
}

void array_json(struct bytes *to, unsigned element, const struct ew_sample *sample)
{
	bytes_char(to, '[');
	if (element == EW_TYPE_TEXT || element == EW_TYPE_UUID) {
		array_texts(to, sample->v.x.at, sample->v.x.size);
	} else {
		array_numbers(to, element, sample->v.x.at, sample->v.x.size);
	}
	bytes_char(to, ']');
}
