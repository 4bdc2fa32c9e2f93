/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What reading any of the messages takes: a place in it, the members that every
 * oneof has, the walk over one field. Inside this folder.
 */
#ifndef PROTO_SPARKPLUG_READ_H
#define PROTO_SPARKPLUG_READ_H

#include "proto/sparkplug/message.h"
#include "proto/sparkplug/wire.h"

struct sp_cursor {
	const uint8_t *at;
	const uint8_t *end;
};

static inline struct sp_cursor sp_cursor_of(struct sp_bytes bytes)
{
	struct sp_cursor cursor;

	cursor.at = bytes.at;
	cursor.end = cursor.at + bytes.size;
	return cursor;
}

static inline bool sp_get_whole(struct sp_cursor *c, uint64_t *value_out)
{
	return wire_get_varint(&c->at, c->end, value_out);
}

static inline bool sp_get_bytes(struct sp_cursor *c, struct sp_bytes *bytes_out)
{
	return wire_get_bytes(&c->at, c->end, bytes_out);
}

static inline bool sp_get_bool(struct sp_cursor *c, bool *value_out)
{
	uint64_t value;

	if (!sp_get_whole(c, &value)) {
		return false;
	}
	*value_out = value != 0;
	return true;
}

static inline bool sp_get_unsigned(struct sp_cursor *c, unsigned *value_out)
{
	uint64_t value;

	if (!sp_get_whole(c, &value)) {
		return false;
	}
	*value_out = (uint32_t)value;
	return true;
}

/* A tag that is none of the cases. `last` is the highest number that is known. */
static inline bool sp_get_other(struct sp_cursor *c, uint32_t tag, unsigned last)
{
	return tag >> 3 > last && wire_skip(&c->at, c->end, tag);
}

/* The members that every oneof has, `base` + SP_INT and on. 1, 0 none of them, -1 bad. */
static inline int sp_get_plain(struct sp_cursor *c, uint32_t tag, unsigned base,
			       struct sp_value *value)
{
	unsigned carrier = (tag >> 3) - base;
	bool ok;

	switch (WIRE_TAG(carrier, tag & 7)) {
	case WIRE_TAG(SP_INT, WIRE_VARINT):
		ok = sp_get_whole(c, &value->u);
		value->u = (uint32_t)value->u;
		break;
	case WIRE_TAG(SP_LONG, WIRE_VARINT):
		ok = sp_get_whole(c, &value->u);
		break;
	case WIRE_TAG(SP_FLOAT, WIRE_32):
		ok = wire_get_float(&c->at, c->end, &value->f);
		break;
	case WIRE_TAG(SP_DOUBLE, WIRE_64):
		ok = wire_get_double(&c->at, c->end, &value->d);
		break;
	case WIRE_TAG(SP_BOOL, WIRE_VARINT):
		ok = sp_get_whole(c, &value->u);
		value->u = value->u != 0;
		break;
	case WIRE_TAG(SP_TEXT, WIRE_BYTES):
		ok = sp_get_bytes(c, &value->x);
		break;
	default:
		return 0;
	}
	value->carrier = (enum sp_carrier)carrier;
	return ok ? 1 : -1;
}

static inline bool sp_get_slice(struct sp_cursor *c, enum sp_carrier carrier,
				struct sp_value *value)
{
	value->carrier = carrier;
	return sp_get_bytes(c, &value->x);
}

static inline void sp_reader_open(struct sp_reader *reader, struct sp_bytes bytes, unsigned field)
{
	reader->at = bytes.at;
	reader->end = reader->at + bytes.size;
	reader->field = field;
}

/* The next occurrence of the reader's field. 1, 0 at the end, -EPROTO. */
static inline int sp_reader_next(struct sp_reader *reader, struct sp_bytes *bytes_out)
{
	while (reader->at < reader->end) {
		uint32_t tag;

		if (!wire_get_tag(&reader->at, reader->end, &tag)) {
			return -EPROTO;
		}
		if (tag == WIRE_TAG(reader->field, WIRE_BYTES)) {
			return wire_get_bytes(&reader->at, reader->end, bytes_out) ? 1 : -EPROTO;
		}
		if (tag >> 3 == reader->field || !wire_skip(&reader->at, reader->end, tag)) {
			return -EPROTO;
		}
	}
	return 0;
}

#endif
