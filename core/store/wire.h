/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers and texts as bytes: fixed words are little endian; a *varint* has
 * seven bits a byte, lowest first, the top bit meaning that more follow; a
 * signed one is zigzagged first, so that small ones of either sign are short.
 *
 * Writing trusts the caller to have made room (WIRE_VARINT_MAX a number).
 * Reading trusts nobody: past the end, or with a number too long, the first
 * failure sticks and all that follows reads as 0. Pure; any thread.
 */
#ifndef CORE_STORE_WIRE_H
#define CORE_STORE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define WIRE_VARINT_MAX  10u

static inline void wire_put_u32(unsigned char *at, uint32_t value)
{
	at[0] = (unsigned char)value;
	at[1] = (unsigned char)(value >> 8);
	at[2] = (unsigned char)(value >> 16);
	at[3] = (unsigned char)(value >> 24);
}

static inline void wire_put_u64(unsigned char *at, uint64_t value)
{
	wire_put_u32(at, (uint32_t)value);
	wire_put_u32(at + 4, (uint32_t)(value >> 32));
}

static inline uint32_t wire_get_u32(const unsigned char *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	       (uint32_t)at[3] << 24;
}

static inline uint64_t wire_get_u64(const unsigned char *at)
{
	return wire_get_u32(at) | (uint64_t)wire_get_u32(at + 4) << 32;
}

static inline uint64_t wire_zigzag(int64_t value)
{
	return ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0);
}

static inline int64_t wire_unzigzag(uint64_t value)
{
	return (int64_t)((value >> 1) ^ ((value & 1) != 0 ? UINT64_MAX : 0));
}

/* Differences wrap: what adding them wraps back to is what was meant. */
static inline int64_t wire_minus(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a - (uint64_t)b);
}

static inline int64_t wire_plus(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a + (uint64_t)b);
}

/* All return the place behind what they wrote. */
static inline unsigned char *wire_put_varint(unsigned char *at, uint64_t value)
{
	while (value >= 0x80) {
		*at++ = (unsigned char)(value | 0x80);
		value >>= 7;
	}
	*at++ = (unsigned char)value;
	return at;
}

static inline unsigned char *wire_put_signed(unsigned char *at, int64_t value)
{
	return wire_put_varint(at, wire_zigzag(value));
}

static inline unsigned char *wire_put_bytes(unsigned char *at, const void *bytes, size_t size)
{
	at = wire_put_varint(at, size);
	if (size > 0) {
		memcpy(at, bytes, size);
	}
	return at + size;
}

/* NULL as "". */
static inline unsigned char *wire_put_text(unsigned char *at, const char *text)
{
	return wire_put_bytes(at, text, text == NULL ? 0 : strlen(text));
}

struct wire {
	const unsigned char *at;
	const unsigned char *end;
	bool is_bad;
};

static inline struct wire wire_of(const void *bytes, size_t size)
{
	return (struct wire){ .at = bytes, .end = (const unsigned char *)bytes + size };
}

static inline size_t wire_left(const struct wire *wire)
{
	return (size_t)(wire->end - wire->at);
}

/* No more bytes count; everything after is 0. */
static inline uint64_t wire_fail(struct wire *wire)
{
	wire->is_bad = true;
	wire->at = wire->end;
	return 0;
}

static inline unsigned wire_byte(struct wire *wire)
{
	return wire->at < wire->end ? *wire->at++ : (unsigned)wire_fail(wire);
}

static inline uint64_t wire_varint(struct wire *wire)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64 && wire->at < wire->end; shift += 7) {
		unsigned char byte = *wire->at++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if ((byte & 0x80) == 0) {
			/* the tenth byte has room for one bit */
			return shift == 63 && byte > 1 ? wire_fail(wire) : value;
		}
	}
	return wire_fail(wire);
}

static inline int64_t wire_signed(struct wire *wire)
{
	return wire_unzigzag(wire_varint(wire));
}

/* A number that may not pass `max`. */
static inline uint64_t wire_bounded(struct wire *wire, uint64_t max)
{
	uint64_t value = wire_varint(wire);

	return value <= max ? value : wire_fail(wire);
}

/* Bytes with their size before them; NULL and 0 after a failure. */
static inline const unsigned char *wire_bytes(struct wire *wire, size_t *size_out)
{
	size_t size = (size_t)wire_bounded(wire, wire_left(wire));
	const unsigned char *at = wire->at;

	if (wire->is_bad || size > wire_left(wire)) {
		(void)wire_fail(wire);
		*size_out = 0;
		return NULL;
	}
	wire->at += size;
	*size_out = size;
	return at;
}

/* Bytes of a fixed size; NULL after a failure. */
static inline const unsigned char *wire_fixed(struct wire *wire, size_t size)
{
	const unsigned char *at = wire->at;

	if (wire_left(wire) < size) {
		(void)wire_fail(wire);
		return NULL;
	}
	wire->at += size;
	return at;
}

#endif
