/* SPDX-License-Identifier: Apache-2.0 */
/* The table of formats, and what they share: see format.h. */
#include "proto/lwm2m/format.h"

#include <string.h>

static const struct lwm2m_format *const formats[] = {
	&lwm2m_format_senml_cbor,
	&lwm2m_format_lwm2m_cbor,
	&lwm2m_format_text,
	&lwm2m_format_opaque,
	&lwm2m_format_cbor,
	&lwm2m_format_senml_json,
	&lwm2m_format_etch_cbor,
	&lwm2m_format_etch_json,
	&lwm2m_format_tlv,
};

const struct lwm2m_format *lwm2m_format_find(unsigned content)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (formats[i]->content == content) {
			return formats[i];
		}
	}
	return NULL;
}

int lwm2m_decoder_begin(struct lwm2m_decoder *decoder, unsigned content,
			const struct lwm2m_source *source)
{
	const struct lwm2m_format *format = lwm2m_format_find(content);

	if (format == NULL) {
		return -ENOTSUP;
	}
	memset(decoder, 0, sizeof(*decoder));
	decoder->format = format;
	decoder->source = *source;
	decoder->in.at = source->bytes;
	decoder->in.end = decoder->in.at + source->size;
	return format->decode_begin(decoder);
}

int lwm2m_decoder_next(struct lwm2m_decoder *decoder, struct lwm2m_record *record_out)
{
	return decoder->format->decode_next(decoder, record_out);
}

int lwm2m_encoder_begin(struct lwm2m_encoder *encoder, unsigned content,
			const struct lwm2m_target *target)
{
	const struct lwm2m_format *format = lwm2m_format_find(content);

	if (format == NULL) {
		return -ENOTSUP;
	}
	memset(encoder, 0, sizeof(*encoder));
	encoder->format = format;
	encoder->target = *target;
	encoder->out.at = target->bytes;
	encoder->out.end = encoder->out.at + target->room;
	encoder->begin = encoder->out.at;
	return format->encode_begin == NULL ? 0 : format->encode_begin(encoder);
}

int lwm2m_encoder_push(struct lwm2m_encoder *encoder, const struct lwm2m_record *record)
{
	size_t text = lwm2m_value_has_text(&record->value) ? record->value.v.x.size : 0;
	size_t left = (size_t)(encoder->out.end - encoder->out.at);

	/* base64 and the escapes of JSON are looked after by their formats */
	if (left < LWM2M_RECORD_ROOM || left - LWM2M_RECORD_ROOM < text) {
		return -EMSGSIZE;
	}
	return encoder->format->encode_push(encoder, record);
}

size_t lwm2m_encoder_size(const struct lwm2m_encoder *encoder)
{
	return (size_t)(encoder->out.at - encoder->begin);
}

int lwm2m_encoder_end(struct lwm2m_encoder *encoder, const uint8_t **bytes_out,
		      size_t *size_out)
{
	int rc = encoder->format->encode_end(encoder);

	if (rc == 0) {
		*bytes_out = encoder->begin;
		*size_out = lwm2m_encoder_size(encoder);
	}
	return rc;
}

void lwm2m_encoder_keep(struct lwm2m_encoder *encoder, const struct lwm2m_path *path)
{
	encoder->path = *path;
	if (path->prefix_size > 0) {
		memcpy(encoder->prefix, path->prefix, path->prefix_size);
		encoder->path.prefix = encoder->prefix;
	}
}

int lwm2m_value_of_item(const struct cbor_item *item, struct lwm2m_value *value_out)
{
	switch (item->kind) {
	case CBOR_UINT:
		if (item->v.u > INT64_MAX) {
			value_out->type = LWM2M_UNSIGNED;
			value_out->v.u = item->v.u;
			return 0;
		}
		value_out->type = LWM2M_INTEGER;
		value_out->v.i = (int64_t)item->v.u;
		return 0;
	case CBOR_NEGATIVE:
		value_out->type = LWM2M_INTEGER;
		value_out->v.i = item->v.i;
		return 0;
	case CBOR_FLOAT:
		value_out->type = LWM2M_FLOAT;
		value_out->v.f = item->v.f;
		return 0;
	case CBOR_BOOL:
		value_out->type = LWM2M_BOOLEAN;
		value_out->v.b = item->v.b;
		return 0;
	case CBOR_NULL:
		value_out->type = LWM2M_NULL;
		return 0;
	case CBOR_BYTES:
	case CBOR_TEXT:
		value_out->type = item->kind == CBOR_TEXT ? LWM2M_STRING : LWM2M_OPAQUE;
		value_out->v.x.at = (const char *)item->v.x.at;
		value_out->v.x.size = item->v.x.size;
		return 0;
	case CBOR_ARRAY:
	case CBOR_MAP:
	case CBOR_TAG:
	case CBOR_BREAK:
		break;
	}
	return -EPROTO;
}

int lwm2m_value_put(struct cbor_out *out, const struct lwm2m_value *value)
{
	char text[LWM2M_VALUE_TEXT_MAX];

	switch (value->type) {
	case LWM2M_INTEGER:
	case LWM2M_TIME:
		cbor_put_int(out, value->v.i);
		return 0;
	case LWM2M_UNSIGNED:
		cbor_put_uint(out, value->v.u);
		return 0;
	case LWM2M_FLOAT:
		cbor_put_float(out, value->v.f);
		return 0;
	case LWM2M_BOOLEAN:
		cbor_put_bool(out, value->v.b);
		return 0;
	case LWM2M_STRING:
	case LWM2M_CORELINK:
		cbor_put_string(out, CBOR_TEXT, value->v.x.at, value->v.x.size);
		return 0;
	case LWM2M_OPAQUE:
		cbor_put_string(out, CBOR_BYTES, value->v.x.at, value->v.x.size);
		return 0;
	case LWM2M_LINK:
		cbor_put_string(out, CBOR_TEXT, text, lwm2m_link_format(value->v.link, text));
		return 0;
	case LWM2M_NONE:
	case LWM2M_NULL:
		cbor_put_null(out);
		return 0;
	case LWM2M_RAW:
	case LWM2M_PLAIN:
		break;
	}
	return -EINVAL;
}
