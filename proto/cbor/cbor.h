/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CBOR (RFC 8949) as the formats here need it: items one after the other, from
 * and to the caller's memory. Pure functions, any thread; nothing is allocated
 * and nothing recurses with the input.
 *
 * Read: definite and indefinite arrays and maps, any width of a number, text
 * that is UTF-8. Not read: strings in chunks, integers below -2^63. Written:
 * the shortest form of each item (RFC 8949, 4.2.1).
 *
 * The short functions are inline: a record is five of them.
 */
#ifndef PROTO_CBOR_CBOR_H
#define PROTO_CBOR_CBOR_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define CBOR_DEPTH_MAX   16             /* of what cbor_skip() passes over */
#define CBOR_INDEFINITE  UINT64_MAX     /* count of an array or map that a CBOR_BREAK ends */

enum cbor_kind {
	CBOR_UINT = 0,          /* v.u */
	CBOR_NEGATIVE = 1,      /* v.i, below 0 */
	CBOR_BYTES = 2,         /* v.x */
	CBOR_TEXT = 3,          /* v.x, UTF-8 */
	CBOR_ARRAY = 4,         /* v.u items follow, or CBOR_INDEFINITE */
	CBOR_MAP = 5,           /* v.u pairs follow, or CBOR_INDEFINITE */
	CBOR_TAG = 6,           /* v.u, the tagged item follows */
	CBOR_FLOAT = 7,         /* v.f */
	CBOR_BOOL = 8,          /* v.b */
	CBOR_NULL = 9,          /* null and undefined */
	CBOR_BREAK = 10
};

/* A number, a string as a whole, or the head of an array, a map or a tag. */
struct cbor_item {
	enum cbor_kind kind;
	union {
		uint64_t u;
		int64_t i;
		double f;
		bool b;
		struct {
			const uint8_t *at;      /* borrowed from the input */
			size_t size;
		} x;
	} v;
};

struct cbor_in {
	const uint8_t *at;
	const uint8_t *end;
};

/* What does not fit is not written and sets `full`, which sticks. */
struct cbor_out {
	uint8_t *at;
	uint8_t *end;
	bool full;
};

/*
 * Read one item. -EPROTO: cut, not CBOR, or not in the part that is read;
 * in->at is anywhere then. An empty input is -EPROTO too.
 */
int cbor_next(struct cbor_in *in, struct cbor_item *item_out);

/* Pass over one item with all that is in it. -EPROTO; -EMSGSIZE too deep. */
int cbor_skip(struct cbor_in *in);

/* RFC 3629, without surrogates and overlong forms. */
bool cbor_is_utf8(const uint8_t *at, size_t size);

/* What follows the head byte of a string or number, in the width that `low` says. */
bool cbor_argument(struct cbor_in *in, unsigned low, uint64_t *value_out);

/*
 * Read a text or a small number without the detour over an item; for inner
 * loops. False: something else stands there, and nothing was read.
 */
static inline bool cbor_take_small(struct cbor_in *in, uint8_t major, uint64_t *value_out)
{
	const uint8_t *at = in->at;
	size_t left = (size_t)(in->end - at);
	unsigned low;

	if (left == 0 || at[0] >> 5 != major) {
		return false;
	}
	low = at[0] & 31;
	if (low < 24) {
		*value_out = low;
		in->at = at + 1;
		return true;
	}
	if (low == 24 && left >= 2) {
		*value_out = at[1];
		in->at = at + 2;
		return true;
	}
	if (low == 25 && left >= 3) {
		*value_out = (uint64_t)at[1] << 8 | at[2];
		in->at = at + 3;
		return true;
	}
	return false;
}

/* ---- writing ---- */

static inline bool cbor_room(struct cbor_out *out, size_t size)
{
	if (out->full || (size_t)(out->end - out->at) < size) {
		out->full = true;
		return false;
	}
	return true;
}

/* The low bytes of a number, the highest first. */
static inline void cbor_put_big(uint8_t *at, uint64_t value, unsigned bytes)
{
	for (unsigned i = bytes; i > 0; i--) {
		at[i - 1] = (uint8_t)value;
		value >>= 8;
	}
}

/* A head of up to 9 bytes; the caller has made room for 9. */
static inline uint8_t *cbor_put_head_at(uint8_t *at, unsigned major, uint64_t value)
{
	uint8_t high = (uint8_t)(major << 5);

	if (value < 24) {
		at[0] = (uint8_t)(high | value);
		return at + 1;
	}
	if (value <= UINT8_MAX) {
		at[0] = high | 24;
		at[1] = (uint8_t)value;
		return at + 2;
	}
	if (value <= UINT16_MAX) {
		at[0] = high | 25;
		at[1] = (uint8_t)(value >> 8);
		at[2] = (uint8_t)value;
		return at + 3;
	}
	if (value <= UINT32_MAX) {
		at[0] = high | 26;
		cbor_put_big(at + 1, value, 4);
		return at + 5;
	}
	at[0] = high | 27;
	cbor_put_big(at + 1, value, 8);
	return at + 9;
}

static inline size_t cbor_head_size(uint64_t value)
{
	return value < 24 ? 1 : value <= UINT8_MAX ? 2 : value <= UINT16_MAX ? 3 :
	       value <= UINT32_MAX ? 5 : 9;
}

/* major: CBOR_UINT, CBOR_ARRAY, CBOR_MAP or CBOR_TAG with their number. */
static inline void cbor_put_head(struct cbor_out *out, enum cbor_kind major, uint64_t value)
{
	if (cbor_room(out, cbor_head_size(value))) {
		out->at = cbor_put_head_at(out->at, (unsigned)major, value);
	}
}

static inline void cbor_put_uint(struct cbor_out *out, uint64_t value)
{
	cbor_put_head(out, CBOR_UINT, value);
}

static inline void cbor_put_int(struct cbor_out *out, int64_t value)
{
	if (value >= 0) {
		cbor_put_head(out, CBOR_UINT, (uint64_t)value);
	} else {
		cbor_put_head(out, CBOR_NEGATIVE, ~(uint64_t)value);
	}
}

/* kind: CBOR_TEXT or CBOR_BYTES. */
static inline void cbor_put_string(struct cbor_out *out, enum cbor_kind kind, const void *at,
				   size_t size)
{
	if (size < SIZE_MAX - 9 && cbor_room(out, cbor_head_size(size) + size)) {
		out->at = cbor_put_head_at(out->at, (unsigned)kind, size);
		if (size > 0) {
			memcpy(out->at, at, size);
			out->at += size;
		}
	} else {
		out->full = true;
	}
}

static inline void cbor_put_byte(struct cbor_out *out, uint8_t byte)
{
	if (cbor_room(out, 1)) {
		*out->at++ = byte;
	}
}

static inline void cbor_put_bool(struct cbor_out *out, bool value)
{
	cbor_put_byte(out, value ? 0xf5 : 0xf4);
}

static inline void cbor_put_null(struct cbor_out *out)
{
	cbor_put_byte(out, 0xf6);
}

/* In the narrowest of 16, 32 and 64 bits that holds the value exactly. */
void cbor_put_float(struct cbor_out *out, double value);

#endif
