/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Formats of one value, which the request names: text/plain (0), opaque (42)
 * and CBOR (60). See format.h.
 */
#include "proto/lwm2m/format.h"

#include <stdio.h>
#include <string.h>

#include "proto/lwm2m/base64.h"

#define DECIMAL_MAX  400        /* characters of any double without an exponent */

/* ---- reading ---- */

static int plain_begin(struct lwm2m_decoder *decoder)
{
	return decoder->source.base.depth >= LWM2M_RESOURCE ? 0 : -EPROTO;
}

static int plain_next(struct lwm2m_decoder *decoder, enum lwm2m_type type,
		      struct lwm2m_record *record_out)
{
	if (decoder->done) {
		return 0;
	}
	decoder->done = true;
	record_out->path = decoder->source.base;
	record_out->time = 0;
	record_out->value.type = type;
	record_out->value.v.x.at = decoder->source.bytes;
	record_out->value.v.x.size = decoder->source.size;
	return 1;
}

static int text_next(struct lwm2m_decoder *decoder, struct lwm2m_record *record_out)
{
	return plain_next(decoder, LWM2M_PLAIN, record_out);
}

static int opaque_next(struct lwm2m_decoder *decoder, struct lwm2m_record *record_out)
{
	return plain_next(decoder, LWM2M_OPAQUE, record_out);
}

static int cbor_value_next(struct lwm2m_decoder *decoder, struct lwm2m_record *record_out)
{
	struct cbor_item item;
	int rc = plain_next(decoder, LWM2M_NONE, record_out);

	if (rc <= 0) {
		return rc;
	}
	if (cbor_next(&decoder->in, &item) != 0 ||
	    (item.kind == CBOR_TAG && item.v.u == 1 && cbor_next(&decoder->in, &item) != 0) ||
	    decoder->in.at != decoder->in.end) {
		return -EPROTO;
	}
	return lwm2m_value_of_item(&item, &record_out->value) == 0 ? 1 : -EPROTO;
}

/* ---- writing ---- */

static void plain_put(struct cbor_out *out, const void *bytes, size_t size)
{
	if (cbor_room(out, size) && size > 0) {
		memcpy(out->at, bytes, size);
		out->at += size;
	}
}

static void plain_put_float(struct cbor_out *out, double value)
{
	char text[DECIMAL_MAX];
	size_t size = lwm2m_float_format(value, text);

	/* exponents are not foreseen: say it in full, which is exact from 2^-60 on */
	if (memchr(text, 'e', size) != NULL) {
		size = (size_t)snprintf(text, sizeof(text), value > -1 && value < 1 ? "%.60f" :
					"%.0f", value);
	}
	plain_put(out, text, size);
}

static int plain_put_base64(struct cbor_out *out, const struct lwm2m_value *value)
{
	if (!cbor_room(out, value->v.x.size / 3 * 4 + 4)) {
		return -EMSGSIZE;
	}
	out->at += base64_encode_padded(value->v.x.at, value->v.x.size, (char *)out->at);
	return 0;
}

static int text_push(struct lwm2m_encoder *encoder, const struct lwm2m_record *record)
{
	const struct lwm2m_value *value = &record->value;
	struct cbor_out *out = &encoder->out;
	char text[LWM2M_VALUE_TEXT_MAX];
	int size = 0;

	if (encoder->count++ > 0) {
		return -EINVAL;
	}
	switch (value->type) {
	case LWM2M_INTEGER:
	case LWM2M_TIME:
		size = snprintf(text, sizeof(text), "%lld", (long long)value->v.i);
		break;
	case LWM2M_UNSIGNED:
		size = snprintf(text, sizeof(text), "%llu", (unsigned long long)value->v.u);
		break;
	case LWM2M_BOOLEAN:
		size = snprintf(text, sizeof(text), "%d", value->v.b ? 1 : 0);
		break;
	case LWM2M_LINK:
		size = (int)lwm2m_link_format(value->v.link, text);
		break;
	case LWM2M_FLOAT:
		plain_put_float(out, value->v.f);
		break;
	case LWM2M_STRING:
	case LWM2M_CORELINK:
		plain_put(out, value->v.x.at, value->v.x.size);
		break;
	case LWM2M_OPAQUE:
		return plain_put_base64(out, value);
	case LWM2M_NONE:
	case LWM2M_NULL:
	case LWM2M_RAW:
	case LWM2M_PLAIN:
		return -EINVAL;
	}
	plain_put(out, text, (size_t)size);
	return out->full ? -EMSGSIZE : 0;
}

static int opaque_push(struct lwm2m_encoder *encoder, const struct lwm2m_record *record)
{
	if (record->value.type != LWM2M_OPAQUE || encoder->count++ > 0) {
		return -EINVAL;
	}
	plain_put(&encoder->out, record->value.v.x.at, record->value.v.x.size);
	return 0;
}

static int cbor_value_push(struct lwm2m_encoder *encoder, const struct lwm2m_record *record)
{
	if (record->value.type == LWM2M_NONE || encoder->count++ > 0) {
		return -EINVAL;
	}
	return lwm2m_value_put(&encoder->out, &record->value);
}

static int plain_end(struct lwm2m_encoder *encoder)
{
	return encoder->count == 0 ? -ENODATA : 0;
}

const struct lwm2m_format lwm2m_format_text = {
	.content = LWM2M_CONTENT_TEXT,
	.flags = LWM2M_FORMAT_ONE,
	.media_type = "text/plain",
	.decode_begin = plain_begin,
	.decode_next = text_next,
	.encode_push = text_push,
	.encode_end = plain_end,
};

const struct lwm2m_format lwm2m_format_opaque = {
	.content = LWM2M_CONTENT_OPAQUE,
	.flags = LWM2M_FORMAT_ONE,
	.media_type = "application/octet-stream",
	.decode_begin = plain_begin,
	.decode_next = opaque_next,
	.encode_push = opaque_push,
	.encode_end = plain_end,
};

const struct lwm2m_format lwm2m_format_cbor = {
	.content = LWM2M_CONTENT_CBOR,
	.flags = LWM2M_FORMAT_ONE,
	.media_type = "application/cbor",
	.decode_begin = plain_begin,
	.decode_next = cbor_value_next,
	.encode_push = cbor_value_push,
	.encode_end = plain_end,
};
