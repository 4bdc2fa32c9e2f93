/* SPDX-License-Identifier: Apache-2.0 */
#include "modules/sparkplug/value.h"

#include <errno.h>
#include <string.h>

#include "proto/sparkplug/array.h"

const struct sp_limits value_limits = {
	.bytes = 1u << 20, .metrics = 4096, .items = 100000, .depth = 8,
};

static const uint8_t value_types[EW_TYPE_TEMPLATE + 1] = {
	[EW_TYPE_BOOL] = SP_TYPE_BOOLEAN, [EW_TYPE_I8] = SP_TYPE_INT8,
	[EW_TYPE_I16] = SP_TYPE_INT16, [EW_TYPE_I32] = SP_TYPE_INT32,
	[EW_TYPE_I64] = SP_TYPE_INT64, [EW_TYPE_U8] = SP_TYPE_UINT8,
	[EW_TYPE_U16] = SP_TYPE_UINT16, [EW_TYPE_U32] = SP_TYPE_UINT32,
	[EW_TYPE_U64] = SP_TYPE_UINT64, [EW_TYPE_F32] = SP_TYPE_FLOAT,
	[EW_TYPE_F64] = SP_TYPE_DOUBLE, [EW_TYPE_TIME] = SP_TYPE_DATETIME,
	[EW_TYPE_TEXT] = SP_TYPE_STRING, [EW_TYPE_UUID] = SP_TYPE_UUID,
	[EW_TYPE_BYTES] = SP_TYPE_BYTES, [EW_TYPE_FILE] = SP_TYPE_FILE,
	[EW_TYPE_DATASET] = SP_TYPE_DATASET, [EW_TYPE_TEMPLATE] = SP_TYPE_TEMPLATE,
};

static const uint8_t value_arrays[EW_TYPE_TEMPLATE + 1] = {
	[EW_TYPE_BOOL] = SP_TYPE_BOOLEAN_ARRAY, [EW_TYPE_I8] = SP_TYPE_INT8_ARRAY,
	[EW_TYPE_I16] = SP_TYPE_INT16_ARRAY, [EW_TYPE_I32] = SP_TYPE_INT32_ARRAY,
	[EW_TYPE_I64] = SP_TYPE_INT64_ARRAY, [EW_TYPE_U8] = SP_TYPE_UINT8_ARRAY,
	[EW_TYPE_U16] = SP_TYPE_UINT16_ARRAY, [EW_TYPE_U32] = SP_TYPE_UINT32_ARRAY,
	[EW_TYPE_U64] = SP_TYPE_UINT64_ARRAY, [EW_TYPE_F32] = SP_TYPE_FLOAT_ARRAY,
	[EW_TYPE_F64] = SP_TYPE_DOUBLE_ARRAY, [EW_TYPE_TIME] = SP_TYPE_DATETIME_ARRAY,
	[EW_TYPE_TEXT] = SP_TYPE_STRING_ARRAY, [EW_TYPE_UUID] = SP_TYPE_STRING_ARRAY,
};

unsigned value_type(unsigned ew_type)
{
	unsigned element = ew_type & ~EW_TYPE_ARRAY;

	if (element > EW_TYPE_TEMPLATE) {
		return SP_TYPE_UNKNOWN;
	}
	return ew_type & EW_TYPE_ARRAY ? value_arrays[element] : value_types[element];
}

size_t value_room_size(unsigned sp_type, uint32_t max_bytes)
{
	return sp_type == SP_TYPE_BOOLEAN_ARRAY ? (size_t)max_bytes + 8
	       : sp_type == SP_TYPE_DATETIME_ARRAY ? max_bytes
						   : 0;
}

unsigned value_quality(uint16_t quality)
{
	switch (EW_QUALITY_CLASS(quality)) {
	case EW_GOOD:
		return 192;
	case EW_UNCERTAIN:
		return 500;
	default:
		return EW_QUALITY_REASON(quality) == EW_REASON_STALE ? 500 : 0;
	}
}

static int value_encode_booleans(const struct ew_sample *sample, const struct value_room *room,
				 struct sp_value *value)
{
	size_t size = sp_booleans_size(sample->v.x.size);

	if (size > room->size) {
		return -EMSGSIZE;
	}
	sp_booleans_encode(sample->v.x.at, sample->v.x.size, room->memory);
	value->x = (struct sp_bytes){ room->memory, size };
	return 0;
}

static int value_encode_times(const struct ew_sample *sample, const struct value_room *room,
			      struct sp_value *value)
{
	struct sp_bytes from = { sample->v.x.at, sample->v.x.size };

	if (from.size > room->size || from.size % 8 != 0) {
		return -EMSGSIZE;
	}
	for (size_t i = 0; i < from.size / 8; i++) {
		sp_array_long_set(room->memory, i, value_ms((ew_time)sp_array_long(from, i)));
	}
	value->x = (struct sp_bytes){ room->memory, from.size };
	return 0;
}

static int value_encode_bytes(unsigned sp_type, const struct ew_sample *sample,
			      const struct value_room *room, struct sp_value *value)
{
	value->carrier = sp_type_carrier(sp_type);
	value->x = (struct sp_bytes){ sample->v.x.at, sample->v.x.size };
	switch (sp_type) {
	case SP_TYPE_BOOLEAN_ARRAY:
		return value_encode_booleans(sample, room, value);
	case SP_TYPE_DATETIME_ARRAY:
		return value_encode_times(sample, room, value);
	case SP_TYPE_DATASET:
	case SP_TYPE_TEMPLATE:
		return sp_value_check(value, &value_limits) == 0 ? 0 : -EPROTO;
	default:
		return 0;
	}
}

int value_encode(unsigned sp_type, const struct ew_sample *sample, const struct value_room *room,
		 struct sp_value *value_out)
{
	switch (sample->flags & EW_NULL ? EW_NONE : sample->type) {
	case EW_NONE:
		value_out->carrier = SP_NONE;
		return 0;
	case EW_BOOL:
		value_out->carrier = SP_BOOL;
		value_out->u = sample->v.b;
		return 0;
	case EW_I64:
		*value_out = sp_value_whole(sp_type, sp_type == SP_TYPE_DATETIME
							     ? value_ms(sample->v.i)
							     : (uint64_t)sample->v.i);
		return 0;
	case EW_U64:
		*value_out = sp_value_whole(sp_type, sample->v.u);
		return 0;
	case EW_F64:
		if (sp_type == SP_TYPE_FLOAT) {
			value_out->carrier = SP_FLOAT;
			value_out->f = (float)sample->v.f;
		} else {
			value_out->carrier = SP_DOUBLE;
			value_out->d = sample->v.f;
		}
		return 0;
	default:
		return value_encode_bytes(sp_type, sample, room, value_out);
	}
}

static int value_decode_array(unsigned sp_type, struct sp_bytes from,
			      const struct value_room *room, struct ew_sample *sample)
{
	size_t count;

	if (sp_array_count(from, sp_type, &count) != 0) {
		return -EPROTO;
	}
	if (sp_type == SP_TYPE_BOOLEAN_ARRAY) {
		if (count > room->size) {
			return -EMSGSIZE;
		}
		sp_booleans_decode(from, room->memory);
		sample->v.x.at = room->memory;
		sample->v.x.size = (uint32_t)count;
	} else if (sp_type == SP_TYPE_DATETIME_ARRAY) {
		if (from.size > room->size) {
			return -EMSGSIZE;
		}
		for (size_t i = 0; i < count; i++) {
			uint64_t ms = sp_array_long(from, i);

			if (ms > INT64_MAX / 1000000) {
				return -EPROTO;
			}
			sp_array_long_set(room->memory, i, ms * 1000000);
		}
		sample->v.x.at = room->memory;
	}
	return 0;
}

static int value_decode_bytes(unsigned sp_type, const struct sp_value *value,
			      const struct value_room *room, struct ew_sample *sample)
{
	if (value->x.size > UINT32_MAX) {
		return -EMSGSIZE;
	}
	sample->type = value->carrier == SP_TEXT ? EW_TEXT : EW_BYTES;
	sample->v.x.at = value->x.at;
	sample->v.x.size = (uint32_t)value->x.size;
	if (sp_type_is_array(sp_type)) {
		return value_decode_array(sp_type, value->x, room, sample);
	}
	return sp_value_check(value, &value_limits) == 0 ? 0 : -EPROTO;
}

int value_decode(unsigned sp_type, const struct sp_value *value, const struct value_room *room,
		 struct ew_sample *sample)
{
	struct sp_value cut = *value;

	if (cut.carrier == SP_NONE || sp_value_cut(&cut, sp_type) != 0) {
		return -EPROTO;
	}
	switch (sp_type) {
	case SP_TYPE_UINT8:
	case SP_TYPE_UINT16:
	case SP_TYPE_UINT32:
	case SP_TYPE_UINT64:
		sample->type = EW_U64;
		sample->v.u = cut.u;
		return 0;
	case SP_TYPE_INT8:
	case SP_TYPE_INT16:
	case SP_TYPE_INT32:
	case SP_TYPE_INT64:
		sample->type = EW_I64;
		sample->v.i = (int64_t)cut.u;
		return 0;
	case SP_TYPE_DATETIME:
		if (cut.u > INT64_MAX / 1000000) {
			return -EPROTO;
		}
		sample->type = EW_I64;
		sample->v.i = (int64_t)cut.u * 1000000;
		return 0;
	case SP_TYPE_FLOAT:
	case SP_TYPE_DOUBLE:
		sample->type = EW_F64;
		sample->v.f = cut.d;
		return 0;
	case SP_TYPE_BOOLEAN:
		sample->type = EW_BOOL;
		sample->v.b = cut.u != 0;
		return 0;
	default:
		return value_decode_bytes(sp_type, &cut, room, sample);
	}
}
