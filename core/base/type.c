/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One table of datatypes: the word, the carrier in a sample, the word of its
 * array. Constant.
 */
#include "core/base/type.h"

#include <errno.h>
#include <string.h>

#define TYPE_LIST(X) \
	X(EW_TYPE_BOOL, "bool", EW_BOOL) \
	X(EW_TYPE_I8, "i8", EW_I64) \
	X(EW_TYPE_I16, "i16", EW_I64) \
	X(EW_TYPE_I32, "i32", EW_I64) \
	X(EW_TYPE_I64, "i64", EW_I64) \
	X(EW_TYPE_U8, "u8", EW_U64) \
	X(EW_TYPE_U16, "u16", EW_U64) \
	X(EW_TYPE_U32, "u32", EW_U64) \
	X(EW_TYPE_U64, "u64", EW_U64) \
	X(EW_TYPE_F32, "f32", EW_F64) \
	X(EW_TYPE_F64, "f64", EW_F64) \
	X(EW_TYPE_TIME, "time", EW_I64) \
	X(EW_TYPE_TEXT, "text", EW_TEXT) \
	X(EW_TYPE_UUID, "uuid", EW_TEXT) \
	X(EW_TYPE_BYTES, "bytes", EW_BYTES) \
	X(EW_TYPE_FILE, "file", EW_BYTES) \
	X(EW_TYPE_DATASET, "dataset", EW_BYTES) \
	X(EW_TYPE_TEMPLATE, "template", EW_BYTES)

#define TYPE_ARRAY_WORD "array of "

/* Arrays of these make no sense: bytes have a size, the others are containers. */
#define TYPE_IS_ELEMENT(type) ((type) >= EW_TYPE_BOOL && (type) <= EW_TYPE_UUID)

static const struct type_row {
	const char *name;
	const char *array;
	enum ew_carrier carrier;
} type_rows[] = {
#define TYPE_ROW(type, name, carrier) [type] = {name, TYPE_ARRAY_WORD name, carrier},
	TYPE_LIST(TYPE_ROW)};

#define TYPE_COUNT (sizeof(type_rows) / sizeof(type_rows[0]))

const char *const type_names[] = {
#define TYPE_NAME(type, name, carrier) name,
	TYPE_LIST(TYPE_NAME) NULL,
};

enum ew_carrier ew_type_carrier(unsigned type)
{
	unsigned base = type & ~EW_TYPE_ARRAY;

	if (base == 0 || base >= TYPE_COUNT) {
		return EW_NONE;
	}
	if ((type & EW_TYPE_ARRAY) != 0) {
		return TYPE_IS_ELEMENT(base) ? EW_BYTES : EW_NONE;
	}
	return type_rows[base].carrier;
}

const char *ew_type_name(unsigned type)
{
	if (ew_type_carrier(type) == EW_NONE) {
		return NULL;
	}
	return (type & EW_TYPE_ARRAY) != 0 ? type_rows[type & ~EW_TYPE_ARRAY].array
					   : type_rows[type].name;
}

int type_parse(const char *name, unsigned *type_out)
{
	unsigned flag = 0, type;

	if (strncmp(name, TYPE_ARRAY_WORD, strlen(TYPE_ARRAY_WORD)) == 0) {
		name += strlen(TYPE_ARRAY_WORD);
		flag = EW_TYPE_ARRAY;
	}
	for (type = 1; type < TYPE_COUNT; type++) {
		if (strcmp(type_rows[type].name, name) == 0 &&
		    ew_type_carrier(type | flag) != EW_NONE) {
			*type_out = type | flag;
			return 0;
		}
	}
	return -EINVAL;
}
