/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SenML CBOR (content format 112), and SenML-ETCH CBOR (322), which is the same
 * with names alone or with null values. See format.h.
 */
#include "proto/lwm2m/format.h"

#include <string.h>

#define HEAD_MAX  5             /* bytes of the head of the pack */
#define SECOND    INT64_C(1000000000)

/* Labels as CBOR has them (RFC 8428, table 4). */
enum senml_label {
	SENML_BASE_VERSION = -1,
	SENML_BASE_NAME = -2,
	SENML_BASE_TIME = -3,
	SENML_BASE_UNIT = -4,
	SENML_BASE_VALUE = -5,
	SENML_BASE_SUM = -6,
	SENML_NAME = 0,
	SENML_UNIT = 1,
	SENML_VALUE = 2,
	SENML_STRING = 3,
	SENML_BOOLEAN = 4,
	SENML_SUM = 5,
	SENML_TIME = 6,
	SENML_UPDATE = 7,
	SENML_DATA = 8
};

/* ---- reading ---- */

static int senml_cbor_begin(struct lwm2m_decoder *decoder)
{
	struct cbor_item item;

	if (cbor_next(&decoder->in, &item) != 0 || item.kind != CBOR_ARRAY) {
		return -EPROTO;
	}
	decoder->left = item.v.u;
	return 0;
}

static int senml_value(struct lwm2m_senml *record, int64_t label, const struct cbor_item *item)
{
	struct lwm2m_value *value = &record->value;

	if (record->has_value || lwm2m_value_of_item(item, value) != 0) {
		return -EPROTO;
	}
	record->has_value = true;
	if (value->type == LWM2M_NULL) {
		return 0;
	}
	switch (label) {
	case SENML_VALUE:
		return value->type == LWM2M_INTEGER || value->type == LWM2M_UNSIGNED ||
		       value->type == LWM2M_FLOAT ? 0 : -EPROTO;
	case SENML_STRING:
		return value->type == LWM2M_STRING ? 0 : -EPROTO;
	case SENML_BOOLEAN:
		return value->type == LWM2M_BOOLEAN ? 0 : -EPROTO;
	default:
		return value->type == LWM2M_OPAQUE ? 0 : -EPROTO;
	}
}

static int senml_number(const struct cbor_item *item, int64_t *time_out)
{
	struct lwm2m_value value;

	return lwm2m_value_of_item(item, &value) == 0 ?
	       lwm2m_senml_seconds(&value, time_out) : -EPROTO;
}

static int senml_field(struct lwm2m_decoder *decoder, struct lwm2m_senml *record, int64_t label)
{
	struct cbor_item item;

	if (label > SENML_DATA || label < SENML_BASE_SUM) {
		return cbor_skip(&decoder->in);
	}
	if (cbor_next(&decoder->in, &item) != 0) {
		return -EPROTO;
	}
	switch ((enum senml_label)label) {
	case SENML_BASE_NAME:
		record->has_base = true;
		return item.kind != CBOR_TEXT ? -EPROTO :
		       lwm2m_senml_base(decoder, (const char *)item.v.x.at, item.v.x.size);
	case SENML_BASE_TIME:
		record->has_base = true;
		decoder->has_time = true;
		return senml_number(&item, &decoder->base_time);
	case SENML_NAME:
		record->name = (const char *)item.v.x.at;
		record->name_size = item.v.x.size;
		return item.kind == CBOR_TEXT ? 0 : -EPROTO;
	case SENML_TIME:
		record->has_time = true;
		return senml_number(&item, &record->time);
	case SENML_VALUE:
	case SENML_STRING:
	case SENML_BOOLEAN:
	case SENML_DATA:
		return senml_value(record, label, &item);
	case SENML_BASE_VERSION:
		return item.kind == CBOR_UINT && item.v.u <= LWM2M_SENML_VERSION ? 0 : -EPROTO;
	case SENML_BASE_UNIT:
	case SENML_UNIT:
		return item.kind == CBOR_TEXT ? 0 : -EPROTO;
	case SENML_UPDATE:
		return item.kind == CBOR_UINT || item.kind == CBOR_NEGATIVE ||
		       item.kind == CBOR_FLOAT ? 0 : -EPROTO;
	case SENML_BASE_VALUE:
	case SENML_BASE_SUM:
	case SENML_SUM:
		break;          /* LwM2M has no use for them; to leave them out changes the value */
	}
	return -EPROTO;
}

static int senml_text_label(struct lwm2m_decoder *decoder, struct lwm2m_senml *record,
			    const struct cbor_item *label)
{
	struct cbor_item item;

	if (label->v.x.size > 0 && label->v.x.at[label->v.x.size - 1] == '_') {
		return -EPROTO;         /* must be understood (RFC 8428, 4.4) */
	}
	if (label->v.x.size != 3 || memcmp(label->v.x.at, "vlo", 3) != 0) {
		return cbor_skip(&decoder->in);
	}
	if (cbor_next(&decoder->in, &item) != 0 || item.kind != CBOR_TEXT || record->has_value) {
		return -EPROTO;
	}
	record->has_value = true;
	record->value.type = LWM2M_LINK;
	return lwm2m_link_parse((const char *)item.v.x.at, item.v.x.size, &record->value.v.link);
}

/* Fields of a record that is a map of `left` pairs. */
static int senml_fields(struct lwm2m_decoder *decoder, struct lwm2m_senml *record, uint64_t left)
{
	struct cbor_item item;
	uint64_t small;
	uint32_t seen = 0;
	int64_t label;
	int rc;

	for (; left > 0; left -= left == CBOR_INDEFINITE ? 0 : 1) {
		if (cbor_take_small(&decoder->in, CBOR_UINT, &small)) {
			label = (int64_t)small;
		} else if (cbor_take_small(&decoder->in, CBOR_NEGATIVE, &small)) {
			label = -1 - (int64_t)small;
		} else {
			if (cbor_next(&decoder->in, &item) != 0) {
				return -EPROTO;
			}
			if (item.kind == CBOR_BREAK && left == CBOR_INDEFINITE) {
				return 0;
			}
			rc = item.kind == CBOR_TEXT ? senml_text_label(decoder, record, &item) :
			     item.kind == CBOR_UINT || item.kind == CBOR_NEGATIVE ?
			     cbor_skip(&decoder->in) : -EPROTO;
			if (rc != 0) {
				return -EPROTO;
			}
			continue;
		}
		if (label >= SENML_BASE_SUM && label <= SENML_DATA) {
			uint32_t bit = UINT32_C(1) << (label - SENML_BASE_SUM);

			if ((seen & bit) != 0) {
				return -EPROTO;
			}
			seen |= bit;
		}
		if (senml_field(decoder, record, label) != 0) {
			return -EPROTO;
		}
	}
	return 0;
}

static int senml_cbor_next(struct lwm2m_decoder *decoder, struct lwm2m_record *record_out)
{
	struct lwm2m_senml record;
	struct cbor_item item;
	int rc = 0;

	while (rc == 0) {
		if (decoder->left == 0) {
			return decoder->in.at == decoder->in.end ? 0 : -EPROTO;
		}
		if (cbor_next(&decoder->in, &item) != 0) {
			return -EPROTO;
		}
		if (decoder->left == CBOR_INDEFINITE && item.kind == CBOR_BREAK) {
			decoder->left = 0;
			continue;
		}
		if (item.kind != CBOR_MAP) {
			return -EPROTO;
		}
		decoder->left -= decoder->left == CBOR_INDEFINITE ? 0 : 1;
		memset(&record, 0, sizeof(record));
		rc = senml_fields(decoder, &record, item.v.u);
		if (rc == 0) {
			rc = lwm2m_senml_resolve(decoder, &record, record_out);
		}
	}
	return rc;
}

/* A fetch names resources, a patch gives each a value, or null. */
static int etch_cbor_next(struct lwm2m_decoder *decoder, struct lwm2m_record *record_out)
{
	int rc = senml_cbor_next(decoder, record_out);

	return rc > 0 && record_out->time != 0 ? -EPROTO : rc;
}

/* ---- writing ---- */

/* Records go behind room for the longest head, which is written last. */
static int senml_cbor_open(struct lwm2m_encoder *encoder)
{
	if (!cbor_room(&encoder->out, HEAD_MAX)) {
		return -EMSGSIZE;
	}
	encoder->out.at += HEAD_MAX;
	encoder->begin = encoder->out.at;
	return 0;
}

static int senml_put_value(struct cbor_out *out, const struct lwm2m_value *value)
{
	static const int8_t labels[] = {
		[LWM2M_NULL] = SENML_VALUE, [LWM2M_STRING] = SENML_STRING,
		[LWM2M_INTEGER] = SENML_VALUE, [LWM2M_UNSIGNED] = SENML_VALUE,
		[LWM2M_FLOAT] = SENML_VALUE, [LWM2M_BOOLEAN] = SENML_BOOLEAN,
		[LWM2M_OPAQUE] = SENML_DATA, [LWM2M_TIME] = SENML_VALUE,
		[LWM2M_CORELINK] = SENML_STRING,
	};

	if (value->type == LWM2M_FLOAT) {       /* what bulk data is made of */
		*out->at++ = SENML_VALUE;
		cbor_put_float(out, value->v.f);
		return 0;
	}
	if (value->type == LWM2M_NONE) {
		return 0;
	}
	if (value->type == LWM2M_LINK) {
		cbor_put_string(out, CBOR_TEXT, "vlo", 3);
	} else {
		cbor_put_byte(out, (uint8_t)labels[value->type]);
	}
	return lwm2m_value_put(out, value);
}

static void senml_put_name(struct cbor_out *out, int label, const char *text, size_t size)
{
	cbor_put_int(out, label);
	cbor_put_string(out, CBOR_TEXT, text, size);
}

/* A record with its labels; whoever calls has looked for LWM2M_RECORD_ROOM. */
static int senml_put(struct lwm2m_encoder *encoder, const struct lwm2m_record *record,
		     const struct lwm2m_senml_labels *labels)
{
	struct cbor_out *out = &encoder->out;
	uint8_t *head = out->at++;
	int fields = (labels->base_size > 0) + (labels->name_size > 0) + labels->has_base_time +
		     labels->has_time + (record->value.type != LWM2M_NONE);
	int64_t seconds;

	*head = (uint8_t)(CBOR_MAP << 5 | fields);
	if (labels->base_size > 0) {
		senml_put_name(out, SENML_BASE_NAME, labels->base_name, labels->base_size);
	}
	if (labels->has_base_time) {
		cbor_put_int(out, SENML_BASE_TIME);
		cbor_put_int(out, labels->base_time);
	}
	if (labels->name_size > 0) {
		senml_put_name(out, SENML_NAME, labels->name, labels->name_size);
	}
	if (labels->has_time) {
		seconds = labels->time / SECOND;
		*out->at++ = SENML_TIME;
		if (seconds * SECOND == labels->time) {
			cbor_put_int(out, seconds);
		} else {
			cbor_put_float(out, (double)labels->time / 1e9);
		}
	}
	encoder->count++;
	return senml_put_value(out, &record->value);
}

static int senml_cbor_push(struct lwm2m_encoder *encoder, const struct lwm2m_record *record)
{
	struct lwm2m_senml_labels labels;

	/* without a value and a name of its own it would be a base for the next */
	if (record->value.type == LWM2M_NONE || record->value.type >= LWM2M_RAW) {
		return -EINVAL;
	}
	lwm2m_senml_label(encoder, record, &labels);
	return senml_put(encoder, record, &labels);
}

static int etch_cbor_push(struct lwm2m_encoder *encoder, const struct lwm2m_record *record)
{
	struct lwm2m_senml_labels labels;

	if (record->value.type >= LWM2M_RAW || record->time != 0) {
		return -EINVAL;
	}
	lwm2m_etch_label(record, &labels);
	return senml_put(encoder, record, &labels);
}

static int senml_cbor_end(struct lwm2m_encoder *encoder)
{
	encoder->begin -= cbor_head_size(encoder->count);
	(void)cbor_put_head_at(encoder->begin, CBOR_ARRAY, encoder->count);
	return 0;
}

const struct lwm2m_format lwm2m_format_senml_cbor = {
	.content = LWM2M_CONTENT_SENML_CBOR,
	.flags = LWM2M_FORMAT_TIMED | LWM2M_FORMAT_NAMED,
	.media_type = "application/senml+cbor",
	.decode_begin = senml_cbor_begin,
	.decode_next = senml_cbor_next,
	.encode_begin = senml_cbor_open,
	.encode_push = senml_cbor_push,
	.encode_end = senml_cbor_end,
};

const struct lwm2m_format lwm2m_format_etch_cbor = {
	.content = LWM2M_CONTENT_ETCH_CBOR,
	.flags = LWM2M_FORMAT_NAMED,
	.media_type = "application/senml-etch+cbor",
	.decode_begin = senml_cbor_begin,
	.decode_next = etch_cbor_next,
	.encode_begin = senml_cbor_open,
	.encode_push = etch_cbor_push,
	.encode_end = senml_cbor_end,
};
