/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLV (content format 11542): what peers of version 1.0 speak. Values have no
 * type on the wire; they come out as LWM2M_RAW. See format.h.
 */
#include "proto/lwm2m/format.h"

#include <string.h>

#define TLV_HEAD_MAX  6         /* type, 2 bytes of id, 3 bytes of length */
#define TLV_SIZE_MAX  0xffffffu

enum tlv_kind {
	TLV_INSTANCE = 0,
	TLV_RESOURCE_INSTANCE = 1,
	TLV_MULTIPLE = 2,
	TLV_RESOURCE = 3
};

/* ---- reading ---- */

static int tlv_begin(struct lwm2m_decoder *decoder)
{
	decoder->path = decoder->source.base;
	return decoder->path.depth >= LWM2M_OBJECT ? 0 : -EPROTO;
}

struct tlv_entry {
	enum tlv_kind kind;
	uint16_t id;
	const uint8_t *at;
	size_t size;
};

static int tlv_entry_read(struct cbor_in *in, struct tlv_entry *entry_out)
{
	size_t left = (size_t)(in->end - in->at);
	unsigned head = *in->at;
	size_t id_bytes = head & 0x20 ? 2 : 1;
	size_t size_bytes = head >> 3 & 3;
	size_t size = size_bytes == 0 ? head & 7 : 0;
	const uint8_t *at = in->at + 1;

	if (left < 1 + id_bytes + size_bytes) {
		return -EPROTO;
	}
	entry_out->kind = (enum tlv_kind)(head >> 6);
	entry_out->id = at[0];
	if (id_bytes == 2) {
		entry_out->id = (uint16_t)(at[0] << 8 | at[1]);
	}
	at += id_bytes;
	for (size_t i = 0; i < size_bytes; i++) {
		size = size << 8 | *at++;
	}
	if (size > (size_t)(in->end - at)) {
		return -EPROTO;
	}
	entry_out->at = at;
	entry_out->size = size;
	return 0;
}

/* The level that an entry of a kind stands for, and whether it may stand here. */
static int tlv_place(struct lwm2m_decoder *decoder, const struct tlv_entry *entry)
{
	static const uint8_t levels[] = {
		[TLV_INSTANCE] = LWM2M_INSTANCE,
		[TLV_RESOURCE_INSTANCE] = LWM2M_RESOURCE_INSTANCE,
		[TLV_MULTIPLE] = LWM2M_RESOURCE, [TLV_RESOURCE] = LWM2M_RESOURCE,
	};
	const struct lwm2m_path *base = &decoder->source.base;
	unsigned level = levels[entry->kind];
	struct lwm2m_path *path = &decoder->path;

	/* an entry may repeat what the request named already */
	if (level <= base->depth) {
		path->depth = (uint8_t)level;
		return base->ids[level - 1] == entry->id ? 0 : -EPROTO;
	}
	path->depth = decoder->multiple_end != NULL ? LWM2M_RESOURCE :
		      decoder->instance_end != NULL && base->depth < LWM2M_INSTANCE ?
		      LWM2M_INSTANCE : base->depth;
	if (path->depth != level - 1) {
		return -EPROTO;
	}
	path->ids[path->depth++] = entry->id;
	return 0;
}

/* Leave what is over; an entry must lie wholly in what holds it. */
static int tlv_within(struct lwm2m_decoder *decoder, const struct tlv_entry *entry)
{
	const uint8_t *end = entry->at + entry->size;

	if (decoder->multiple_end != NULL && end > decoder->multiple_end) {
		return -EPROTO;
	}
	return decoder->instance_end != NULL && end > decoder->instance_end ? -EPROTO : 0;
}

static int tlv_next(struct lwm2m_decoder *decoder, struct lwm2m_record *record_out)
{
	struct cbor_in *in = &decoder->in;
	struct tlv_entry entry;

	for (;;) {
		if (decoder->multiple_end == in->at) {
			decoder->multiple_end = NULL;
		}
		if (decoder->instance_end == in->at) {
			decoder->instance_end = NULL;
		}
		if (in->at == in->end) {
			return 0;
		}
		if (tlv_entry_read(in, &entry) != 0 || tlv_within(decoder, &entry) != 0 ||
		    tlv_place(decoder, &entry) != 0) {
			return -EPROTO;
		}
		in->at = entry.at;
		if (entry.kind == TLV_INSTANCE) {
			if (decoder->instance_end != NULL || decoder->multiple_end != NULL) {
				return -EPROTO;
			}
			decoder->instance_end = entry.at + entry.size;
			continue;
		}
		if (entry.kind == TLV_MULTIPLE) {
			if (decoder->multiple_end != NULL) {
				return -EPROTO;
			}
			decoder->multiple_end = entry.at + entry.size;
			continue;
		}
		if (entry.kind == TLV_RESOURCE && decoder->multiple_end != NULL) {
			return -EPROTO;
		}
		in->at += entry.size;
		record_out->path = decoder->path;
		record_out->time = 0;
		record_out->value.type = LWM2M_RAW;
		record_out->value.v.x.at = (const char *)entry.at;
		record_out->value.v.x.size = entry.size;
		return 1;
	}
}

/* ---- writing ---- */

static size_t tlv_head_size(unsigned id, size_t size)
{
	return 1 + (id > UINT8_MAX ? 2u : 1u) +
	       (size < 8 ? 0u : size <= UINT8_MAX ? 1u : size <= UINT16_MAX ? 2u : 3u);
}

static void tlv_put_head(uint8_t *at, enum tlv_kind kind, unsigned id, size_t size)
{
	unsigned size_bytes = size < 8 ? 0 : size <= UINT8_MAX ? 1 : size <= UINT16_MAX ? 2 : 3;
	uint8_t *head = at++;

	*head = (uint8_t)((unsigned)kind << 6 | size_bytes << 3);
	if (id > UINT8_MAX) {
		*head |= 0x20;
		*at++ = (uint8_t)(id >> 8);
	}
	*at++ = (uint8_t)id;
	if (size_bytes == 0) {
		*head |= (uint8_t)size;
	} else {
		cbor_put_big(at, size, size_bytes);
	}
}

/* Put the head before a container whose content has been written. */
static int tlv_close(struct lwm2m_encoder *encoder, uint8_t **begin, enum tlv_kind kind,
		     unsigned id)
{
	size_t size, head;

	if (*begin == NULL) {
		return 0;
	}
	size = (size_t)(encoder->out.at - *begin);
	head = tlv_head_size(id, size);
	if (size > TLV_SIZE_MAX || !cbor_room(&encoder->out, head)) {
		return -EMSGSIZE;
	}
	memmove(*begin + head, *begin, size);
	tlv_put_head(*begin, kind, id, size);
	encoder->out.at += head;
	*begin = NULL;
	return 0;
}

/* In 1, 2, 4 or 8 bytes. */
static size_t tlv_integer(int64_t value, uint8_t *out)
{
	unsigned bytes = value == (int8_t)value ? 1 : value == (int16_t)value ? 2 :
			 value == (int32_t)value ? 4 : 8;

	cbor_put_big(out, (uint64_t)value, bytes);
	return bytes;
}

static size_t tlv_unsigned(uint64_t value, uint8_t *out)
{
	unsigned bytes = value <= UINT8_MAX ? 1 : value <= UINT16_MAX ? 2 :
			 value <= UINT32_MAX ? 4 : 8;

	cbor_put_big(out, value, bytes);
	return bytes;
}

static size_t tlv_float(double value, uint8_t *out)
{
	uint64_t bits;
	uint32_t word;
	float single = (float)value;

	if ((double)single == value) {
		memcpy(&word, &single, sizeof(word));
		cbor_put_big(out, word, 4);
		return 4;
	}
	memcpy(&bits, &value, sizeof(bits));
	cbor_put_big(out, bits, 8);
	return 8;
}

static int tlv_value(const struct lwm2m_value *value, uint8_t *number, const void **at_out,
		     size_t *size_out)
{
	*at_out = number;
	switch (value->type) {
	case LWM2M_INTEGER:
	case LWM2M_TIME:
		*size_out = tlv_integer(value->v.i, number);
		return 0;
	case LWM2M_UNSIGNED:
		*size_out = tlv_unsigned(value->v.u, number);
		return 0;
	case LWM2M_FLOAT:
		*size_out = tlv_float(value->v.f, number);
		return 0;
	case LWM2M_BOOLEAN:
		number[0] = value->v.b ? 1 : 0;
		*size_out = 1;
		return 0;
	case LWM2M_LINK:
		cbor_put_big(number, value->v.link.object, 2);
		cbor_put_big(number + 2, value->v.link.instance, 2);
		*size_out = 4;
		return 0;
	case LWM2M_STRING:
	case LWM2M_CORELINK:
	case LWM2M_OPAQUE:
	case LWM2M_RAW:
		*at_out = value->v.x.at;
		*size_out = value->v.x.size;
		return value->v.x.size <= TLV_SIZE_MAX ? 0 : -EMSGSIZE;
	case LWM2M_NONE:
	case LWM2M_NULL:
	case LWM2M_PLAIN:
		break;
	}
	return -EINVAL;
}

/* Close what the record is not in, open what it is in. */
static int tlv_enter(struct lwm2m_encoder *encoder, const struct lwm2m_path *path)
{
	const struct lwm2m_path *last = &encoder->path;
	unsigned base = encoder->target.base.depth;
	bool other_instance = path->ids[1] != last->ids[1];
	int rc = 0;

	if (encoder->multiple != NULL && (other_instance || path->ids[2] != last->ids[2] ||
					  path->depth != LWM2M_RESOURCE_INSTANCE)) {
		rc = tlv_close(encoder, &encoder->multiple, TLV_MULTIPLE, last->ids[2]);
	}
	if (rc == 0 && encoder->instance != NULL && other_instance) {
		rc = tlv_close(encoder, &encoder->instance, TLV_INSTANCE, last->ids[1]);
	}
	if (rc == 0 && base < LWM2M_INSTANCE && encoder->instance == NULL) {
		encoder->instance = encoder->out.at;
	}
	if (rc == 0 && base < LWM2M_RESOURCE_INSTANCE &&
	    path->depth == LWM2M_RESOURCE_INSTANCE && encoder->multiple == NULL) {
		encoder->multiple = encoder->out.at;
	}
	return rc;
}

static int tlv_push(struct lwm2m_encoder *encoder, const struct lwm2m_record *record)
{
	const struct lwm2m_path *path = &record->path;
	struct cbor_out *out = &encoder->out;
	uint8_t number[8];
	const void *at;
	size_t size;
	bool single = path->depth == LWM2M_RESOURCE;
	int rc;

	if (path->depth < LWM2M_RESOURCE || encoder->target.base.depth < LWM2M_OBJECT ||
	    !lwm2m_path_is_below(path, &encoder->target.base)) {
		return -EINVAL;
	}
	rc = tlv_value(&record->value, number, &at, &size);
	if (rc != 0) {
		return rc;
	}
	rc = tlv_enter(encoder, path);
	if (rc != 0) {
		return rc;
	}
	tlv_put_head(out->at, single ? TLV_RESOURCE : TLV_RESOURCE_INSTANCE,
		     path->ids[path->depth - 1], size);
	out->at += tlv_head_size(path->ids[path->depth - 1], size);
	if (size > 0) {
		memcpy(out->at, at, size);
		out->at += size;
	}
	encoder->path = *path;
	return 0;
}

static int tlv_end(struct lwm2m_encoder *encoder)
{
	int rc = tlv_close(encoder, &encoder->multiple, TLV_MULTIPLE, encoder->path.ids[2]);

	if (rc == 0) {
		rc = tlv_close(encoder, &encoder->instance, TLV_INSTANCE, encoder->path.ids[1]);
	}
	return rc;
}

const struct lwm2m_format lwm2m_format_tlv = {
	.content = LWM2M_CONTENT_TLV,
	.media_type = "application/vnd.oma.lwm2m+tlv",
	.decode_begin = tlv_begin,
	.decode_next = tlv_next,
	.encode_push = tlv_push,
	.encode_end = tlv_end,
};
