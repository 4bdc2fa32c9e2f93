/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/sparkplug/type.h"

#include <errno.h>

struct sp_type_row {
	const char *name;
	enum sp_carrier carrier;
};

static const struct sp_type_row sp_types[SP_TYPE_LAST + 1] = {
#define SP_TYPE_ROW(code, symbol, word, carrier_) [code] = { word, SP_##carrier_ },
	SP_TYPES(SP_TYPE_ROW)
#undef SP_TYPE_ROW
};

const char *sp_type_name(unsigned type)
{
	return type <= SP_TYPE_LAST ? sp_types[type].name : NULL;
}

enum sp_carrier sp_type_carrier(unsigned type)
{
	return type <= SP_TYPE_LAST ? sp_types[type].carrier : SP_NONE;
}

bool sp_type_is_basic(unsigned type)
{
	return type >= SP_TYPE_INT8 && type <= SP_TYPE_TEXT;
}

bool sp_type_is_array(unsigned type)
{
	return type >= SP_TYPE_INT8_ARRAY && type <= SP_TYPE_DATETIME_ARRAY;
}

size_t sp_type_element_size(unsigned type)
{
	switch (type) {
	case SP_TYPE_INT8_ARRAY:
	case SP_TYPE_UINT8_ARRAY:
		return 1;
	case SP_TYPE_INT16_ARRAY:
	case SP_TYPE_UINT16_ARRAY:
		return 2;
	case SP_TYPE_INT32_ARRAY:
	case SP_TYPE_UINT32_ARRAY:
	case SP_TYPE_FLOAT_ARRAY:
		return 4;
	case SP_TYPE_INT64_ARRAY:
	case SP_TYPE_UINT64_ARRAY:
	case SP_TYPE_DOUBLE_ARRAY:
	case SP_TYPE_DATETIME_ARRAY:
		return 8;
	default:
		return 0;
	}
}

/* Both carriers are in use for every width; some write 8 bits, some 32, some 64. */
static int sp_cut_whole(struct sp_value *value, unsigned type)
{
	if (value->carrier != SP_INT && value->carrier != SP_LONG) {
		return -EPROTO;
	}
	switch (type) {
	case SP_TYPE_INT8:
		value->u = (uint64_t)(int64_t)(int8_t)value->u;
		break;
	case SP_TYPE_INT16:
		value->u = (uint64_t)(int64_t)(int16_t)value->u;
		break;
	case SP_TYPE_INT32:
		value->u = (uint64_t)(int64_t)(int32_t)value->u;
		break;
	case SP_TYPE_UINT8:
		value->u = (uint8_t)value->u;
		break;
	case SP_TYPE_UINT16:
		value->u = (uint16_t)value->u;
		break;
	case SP_TYPE_UINT32:
		value->u = (uint32_t)value->u;
		break;
	default:
		break;
	}
	value->carrier = SP_LONG;
	return 0;
}

int sp_value_cut(struct sp_value *value, unsigned type)
{
	enum sp_carrier carrier = sp_type_carrier(type);

	if (carrier == SP_NONE) {
		return -EPROTO;
	}
	if (value->carrier == SP_NONE) {
		return 0;
	}
	if (carrier == SP_INT || carrier == SP_LONG) {
		return sp_cut_whole(value, type);
	}
	if ((carrier == SP_FLOAT || carrier == SP_DOUBLE) && value->carrier == SP_FLOAT) {
		value->d = (double)value->f;
		value->carrier = SP_DOUBLE;
	}
	if (carrier == SP_FLOAT) {
		carrier = SP_DOUBLE;
	}
	return value->carrier == carrier ? 0 : -EPROTO;
}
