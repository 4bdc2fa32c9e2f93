/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The 34 datatypes of Sparkplug B and how their values travel.
 *
 * A message carries a value in one of a few *carriers*, always an unsigned or
 * floating one; the datatype, which only a birth names, says what is meant. So
 * a signed value has to be cut to its width and its sign spread by whoever
 * reads it: sp_value_cut().
 *
 * Thread: any; nothing here keeps state.
 */
#ifndef PROTO_SPARKPLUG_TYPE_H
#define PROTO_SPARKPLUG_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Code, symbol, the word for people, the carrier that we write. */
#define SP_TYPES(X)                                     \
	X(1, INT8, "Int8", INT)                         \
	X(2, INT16, "Int16", INT)                       \
	X(3, INT32, "Int32", INT)                       \
	X(4, INT64, "Int64", LONG)                      \
	X(5, UINT8, "UInt8", INT)                       \
	X(6, UINT16, "UInt16", INT)                     \
	X(7, UINT32, "UInt32", INT)                     \
	X(8, UINT64, "UInt64", LONG)                    \
	X(9, FLOAT, "Float", FLOAT)                     \
	X(10, DOUBLE, "Double", DOUBLE)                 \
	X(11, BOOLEAN, "Boolean", BOOL)                 \
	X(12, STRING, "String", TEXT)                   \
	X(13, DATETIME, "DateTime", LONG)               \
	X(14, TEXT, "Text", TEXT)                       \
	X(15, UUID, "UUID", TEXT)                       \
	X(16, DATASET, "DataSet", DATASET)              \
	X(17, BYTES, "Bytes", BYTES)                    \
	X(18, FILE, "File", BYTES)                      \
	X(19, TEMPLATE, "Template", TEMPLATE)           \
	X(20, PROPERTY_SET, "PropertySet", SET)         \
	X(21, PROPERTY_SETS, "PropertySetList", SETS)   \
	X(22, INT8_ARRAY, "Int8Array", BYTES)           \
	X(23, INT16_ARRAY, "Int16Array", BYTES)         \
	X(24, INT32_ARRAY, "Int32Array", BYTES)         \
	X(25, INT64_ARRAY, "Int64Array", BYTES)         \
	X(26, UINT8_ARRAY, "UInt8Array", BYTES)         \
	X(27, UINT16_ARRAY, "UInt16Array", BYTES)       \
	X(28, UINT32_ARRAY, "UInt32Array", BYTES)       \
	X(29, UINT64_ARRAY, "UInt64Array", BYTES)       \
	X(30, FLOAT_ARRAY, "FloatArray", BYTES)         \
	X(31, DOUBLE_ARRAY, "DoubleArray", BYTES)       \
	X(32, BOOLEAN_ARRAY, "BooleanArray", BYTES)     \
	X(33, STRING_ARRAY, "StringArray", BYTES)       \
	X(34, DATETIME_ARRAY, "DateTimeArray", BYTES)

enum sp_type {
	SP_TYPE_UNKNOWN = 0,
#define SP_TYPE_ENUM(code, symbol, word, carrier) SP_TYPE_##symbol = (code),
	SP_TYPES(SP_TYPE_ENUM)
#undef SP_TYPE_ENUM
};
#define SP_TYPE_LAST  SP_TYPE_DATETIME_ARRAY

/* Which member of a value is meant. The first six have one order in all messages. */
enum sp_carrier {
	SP_NONE = 0,
	SP_INT = 1,             /* u: 32 bits */
	SP_LONG = 2,            /* u: 64 bits */
	SP_FLOAT = 3,           /* f */
	SP_DOUBLE = 4,          /* d */
	SP_BOOL = 5,            /* u: 0 or 1 */
	SP_TEXT = 6,            /* x */
	SP_BYTES = 7,           /* x; the following too: an encoded message */
	SP_DATASET = 8,
	SP_TEMPLATE = 9,
	SP_SET = 10,
	SP_SETS = 11,
	SP_EXTENSION = 12       /* a vendor's; written back as it came */
};

/* Bytes or text of somebody else's buffer; text is not terminated. */
struct sp_bytes {
	const void *at;
	size_t size;
};

struct sp_value {
	enum sp_carrier carrier;
	union {
		uint64_t u;
		float f;
		double d;
		struct sp_bytes x;
	};
};

/* The name of a datatype; NULL for a code that is none. */
const char *sp_type_name(unsigned type);

/* The carrier that its values are written with; SP_NONE for a code that is none. */
enum sp_carrier sp_type_carrier(unsigned type);

/* Whether a cell of a DataSet or a parameter of a Template may have it. */
bool sp_type_is_basic(unsigned type);

bool sp_type_is_array(unsigned type);

/* Bytes of one element of an array in its encoding; 0: not of one width. */
size_t sp_type_element_size(unsigned type);

/*
 * The value of a whole number of any integer type or DateTime: sign spread to
 * 32 bits in SP_INT, as receivers in the field expect of the short types.
 */
static inline struct sp_value sp_value_whole(unsigned type, uint64_t bits)
{
	struct sp_value value;

	if (type == SP_TYPE_INT64 || type == SP_TYPE_UINT64 || type == SP_TYPE_DATETIME) {
		value.carrier = SP_LONG;
		value.u = bits;
	} else {
		value.carrier = SP_INT;
		value.u = (uint32_t)bits;
	}
	return value;
}

/*
 * Bring a value that came in to the form of its datatype: integers, from either
 * carrier, to SP_LONG, cut to their width, the sign spread to 64 bits; Float to
 * SP_DOUBLE. The others only have to be in their carrier. SP_NONE stays.
 *
 * Errors: -EPROTO  the carrier cannot hold this type, or there is no such type
 */
int sp_value_cut(struct sp_value *value, unsigned type);

#endif
