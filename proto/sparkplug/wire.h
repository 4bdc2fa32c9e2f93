/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protobuf's encoding, as much of it as Sparkplug needs. Inside this folder.
 *
 * Writing goes into the caller's memory, where the room has been seen to
 * before; reading never passes its end. Both inline: a metric is about ten of
 * these.
 */
#ifndef PROTO_SPARKPLUG_WIRE_H
#define PROTO_SPARKPLUG_WIRE_H

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "proto/sparkplug/type.h"

enum wire_type {
	WIRE_VARINT = 0,
	WIRE_64 = 1,
	WIRE_BYTES = 2,
	WIRE_32 = 5
};

#define WIRE_TAG(field, type)  ((uint32_t)(field) << 3 | (type))
#define WIRE_VARINT_MAX  10u    /* bytes of a varint */
#define WIRE_FIELD_MAX   12u    /* bytes of a field that is no bytes: tag and varint */
#define WIRE_PREFIX_MAX  12u    /* bytes before the content of a field that is bytes */

static inline uint8_t *wire_put_varint(uint8_t *at, uint64_t value)
{
	while (value >= 0x80) {
		*at++ = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	*at++ = (uint8_t)value;
	return at;
}

static inline uint8_t *wire_put_tag(uint8_t *at, unsigned field, enum wire_type type)
{
	return wire_put_varint(at, WIRE_TAG(field, type));
}

static inline uint8_t *wire_put_whole(uint8_t *at, unsigned field, uint64_t value)
{
	return wire_put_varint(wire_put_tag(at, field, WIRE_VARINT), value);
}

/* Protobuf is little endian whatever the machine is. */
static inline uint8_t *wire_put_le32(uint8_t *at, uint32_t bits)
{
	bits = htole32(bits);
	memcpy(at, &bits, sizeof(bits));
	return at + sizeof(bits);
}

static inline uint8_t *wire_put_le64(uint8_t *at, uint64_t bits)
{
	bits = htole64(bits);
	memcpy(at, &bits, sizeof(bits));
	return at + sizeof(bits);
}

static inline uint8_t *wire_put_float(uint8_t *at, unsigned field, float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return wire_put_le32(wire_put_tag(at, field, WIRE_32), bits);
}

static inline uint8_t *wire_put_double(uint8_t *at, unsigned field, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return wire_put_le64(wire_put_tag(at, field, WIRE_64), bits);
}

static inline uint8_t *wire_put_raw(uint8_t *at, struct sp_bytes bytes)
{
	if (bytes.size > 0) {
		memcpy(at, bytes.at, bytes.size);
	}
	return at + bytes.size;
}

static inline uint8_t *wire_put_bytes(uint8_t *at, unsigned field, struct sp_bytes bytes)
{
	at = wire_put_varint(wire_put_tag(at, field, WIRE_BYTES), bytes.size);
	return wire_put_raw(at, bytes);
}

/*
 * A message inside a message: its length comes before it. One byte is left for
 * that, which is enough for a number with alias and time; what is longer is
 * moved when it ends.
 */
static inline uint8_t *wire_begin(uint8_t *at, unsigned field)
{
	return wire_put_tag(at, field, WIRE_BYTES) + 1;
}

static inline uint8_t *wire_end(uint8_t *begin, uint8_t *at)
{
	size_t size = (size_t)(at - begin);
	uint8_t length[WIRE_VARINT_MAX];
	size_t extra;

	if (size < 0x80) {
		begin[-1] = (uint8_t)size;
		return at;
	}
	extra = (size_t)(wire_put_varint(length, size) - length) - 1;
	memmove(begin + extra, begin, size);
	memcpy(begin - 1, length, extra + 1);
	return at + extra;
}

static inline bool wire_get_varint(const uint8_t **at, const uint8_t *end, uint64_t *value_out)
{
	const uint8_t *p = *at;
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64 && p < end; shift += 7) {
		uint8_t byte = *p++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			*at = p;
			*value_out = value;
			return true;
		}
	}
	return false;
}

/* Field numbers have 29 bits, none is 0. */
static inline bool wire_get_tag(const uint8_t **at, const uint8_t *end, uint32_t *tag_out)
{
	uint64_t tag;

	if (*at < end && **at < 0x80) {
		tag = *(*at)++;
	} else if (!wire_get_varint(at, end, &tag) || tag > UINT32_MAX) {
		return false;
	}
	*tag_out = (uint32_t)tag;
	return tag >> 3 != 0;
}

static inline bool wire_get_bytes(const uint8_t **at, const uint8_t *end,
				  struct sp_bytes *bytes_out)
{
	uint64_t size;

	if (!wire_get_varint(at, end, &size) || size > (uint64_t)(end - *at)) {
		return false;
	}
	bytes_out->at = *at;
	bytes_out->size = (size_t)size;
	*at += size;
	return true;
}

static inline bool wire_get_le32(const uint8_t **at, const uint8_t *end, uint32_t *bits_out)
{
	uint32_t bits;

	if ((size_t)(end - *at) < sizeof(bits)) {
		return false;
	}
	memcpy(&bits, *at, sizeof(bits));
	*at += sizeof(bits);
	*bits_out = le32toh(bits);
	return true;
}

static inline bool wire_get_le64(const uint8_t **at, const uint8_t *end, uint64_t *bits_out)
{
	uint64_t bits;

	if ((size_t)(end - *at) < sizeof(bits)) {
		return false;
	}
	memcpy(&bits, *at, sizeof(bits));
	*at += sizeof(bits);
	*bits_out = le64toh(bits);
	return true;
}

static inline bool wire_get_float(const uint8_t **at, const uint8_t *end, float *value_out)
{
	uint32_t bits;

	if (!wire_get_le32(at, end, &bits)) {
		return false;
	}
	memcpy(value_out, &bits, sizeof(bits));
	return true;
}

static inline bool wire_get_double(const uint8_t **at, const uint8_t *end, double *value_out)
{
	uint64_t bits;

	if (!wire_get_le64(at, end, &bits)) {
		return false;
	}
	memcpy(value_out, &bits, sizeof(bits));
	return true;
}

/* Pass over a field of any number. Groups, long out of use, are refused. */
static inline bool wire_skip(const uint8_t **at, const uint8_t *end, uint32_t tag)
{
	struct sp_bytes bytes;
	uint64_t value;
	uint32_t half;

	switch (tag & 7) {
	case WIRE_VARINT:
		return wire_get_varint(at, end, &value);
	case WIRE_64:
		return wire_get_le64(at, end, &value);
	case WIRE_BYTES:
		return wire_get_bytes(at, end, &bytes);
	case WIRE_32:
		return wire_get_le32(at, end, &half);
	default:
		return false;
	}
}

#endif
