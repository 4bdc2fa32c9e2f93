/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the messages. A loop over tags each, in which the tags that are
 * expected, number and wire type in one, are the cases. What is left over is a
 * known number of the wrong type, which is malformed, or a field of somebody
 * else, which is passed over.
 */
#include "proto/sparkplug/message.h"

#include "proto/sparkplug/read.h"

static bool sp_payload_field(struct sp_cursor *c, uint32_t tag, struct sp_payload *payload,
			     size_t *metrics)
{
	struct sp_bytes metric;

	switch (tag) {
	case WIRE_TAG(1, WIRE_VARINT):
		payload->has |= SP_HAS_TIMESTAMP;
		return sp_get_whole(c, &payload->timestamp);
	case WIRE_TAG(2, WIRE_BYTES):
		(*metrics)++;
		return sp_get_bytes(c, &metric);
	case WIRE_TAG(3, WIRE_VARINT):
		payload->has |= SP_HAS_SEQ;
		return sp_get_whole(c, &payload->seq);
	case WIRE_TAG(4, WIRE_BYTES):
		payload->has |= SP_HAS_UUID;
		return sp_get_bytes(c, &payload->uuid);
	case WIRE_TAG(5, WIRE_BYTES):
		payload->has |= SP_HAS_BODY;
		return sp_get_bytes(c, &payload->body);
	default:
		return sp_get_other(c, tag, 5);
	}
}

int sp_payload_decode(struct sp_bytes bytes, const struct sp_limits *limits,
		      struct sp_payload *payload_out, struct sp_reader *metrics_out)
{
	struct sp_cursor c = sp_cursor_of(bytes);
	struct sp_payload payload = { 0 };
	size_t metrics = 0;
	uint32_t tag;

	if (bytes.size > limits->bytes) {
		return -EMSGSIZE;
	}
	while (c.at < c.end) {
		if (!wire_get_tag(&c.at, c.end, &tag) ||
		    !sp_payload_field(&c, tag, &payload, &metrics)) {
			return -EPROTO;
		}
	}
	if (metrics > limits->metrics) {
		return -EMSGSIZE;
	}
	*payload_out = payload;
	sp_reader_open(metrics_out, bytes, 2);
	return 0;
}

static bool sp_metric_slice(struct sp_cursor *c, uint32_t tag, struct sp_metric *metric)
{
	switch (tag) {
	case WIRE_TAG(8, WIRE_BYTES):
		metric->has |= SP_HAS_METADATA;
		return sp_get_bytes(c, &metric->metadata);
	case WIRE_TAG(9, WIRE_BYTES):
		metric->has |= SP_HAS_PROPERTIES;
		return sp_get_bytes(c, &metric->properties);
	case WIRE_TAG(16, WIRE_BYTES):
		return sp_get_slice(c, SP_BYTES, &metric->value);
	case WIRE_TAG(17, WIRE_BYTES):
		return sp_get_slice(c, SP_DATASET, &metric->value);
	case WIRE_TAG(18, WIRE_BYTES):
		return sp_get_slice(c, SP_TEMPLATE, &metric->value);
	case WIRE_TAG(19, WIRE_BYTES):
		return sp_get_slice(c, SP_EXTENSION, &metric->value);
	default:
		return sp_get_other(c, tag, 19);
	}
}

static inline bool sp_metric_field(struct sp_cursor *c, uint32_t tag, struct sp_metric *metric)
{
	int plain;

	switch (tag) {
	case WIRE_TAG(1, WIRE_BYTES):
		metric->has |= SP_HAS_NAME;
		return sp_get_bytes(c, &metric->name);
	case WIRE_TAG(2, WIRE_VARINT):
		metric->has |= SP_HAS_ALIAS;
		return sp_get_whole(c, &metric->alias);
	case WIRE_TAG(3, WIRE_VARINT):
		metric->has |= SP_HAS_TIMESTAMP;
		return sp_get_whole(c, &metric->timestamp);
	case WIRE_TAG(4, WIRE_VARINT):
		metric->has |= SP_HAS_DATATYPE;
		return sp_get_unsigned(c, &metric->datatype);
	case WIRE_TAG(5, WIRE_VARINT):
		return sp_get_bool(c, &metric->is_historical);
	case WIRE_TAG(6, WIRE_VARINT):
		return sp_get_bool(c, &metric->is_transient);
	case WIRE_TAG(7, WIRE_VARINT):
		return sp_get_bool(c, &metric->is_null);
	default:
		plain = sp_get_plain(c, tag, 9, &metric->value);
		return plain != 0 ? plain > 0 : sp_metric_slice(c, tag, metric);
	}
}

/* All but what `has` and the carrier vouch for. */
static inline void sp_metric_clear(struct sp_metric *metric)
{
	metric->has = 0;
	metric->datatype = SP_TYPE_UNKNOWN;
	metric->is_historical = false;
	metric->is_transient = false;
	metric->is_null = false;
	metric->value.carrier = SP_NONE;
}

int sp_metric_next(struct sp_reader *metrics, struct sp_metric *metric_out)
{
	struct sp_bytes bytes;
	int more = sp_reader_next(metrics, &bytes);
	struct sp_cursor c;
	uint32_t tag;

	if (more <= 0) {
		return more;
	}
	c = sp_cursor_of(bytes);
	sp_metric_clear(metric_out);
	while (c.at < c.end) {
		if (!wire_get_tag(&c.at, c.end, &tag) || !sp_metric_field(&c, tag, metric_out)) {
			return -EPROTO;
		}
	}
	return 1;
}

static bool sp_metadata_field(struct sp_cursor *c, uint32_t tag, struct sp_metadata *metadata)
{
	switch (tag) {
	case WIRE_TAG(1, WIRE_VARINT):
		metadata->has_multi_part = true;
		return sp_get_bool(c, &metadata->is_multi_part);
	case WIRE_TAG(2, WIRE_BYTES):
		return sp_get_bytes(c, &metadata->content_type);
	case WIRE_TAG(3, WIRE_VARINT):
		metadata->has_size = true;
		return sp_get_whole(c, &metadata->size);
	case WIRE_TAG(4, WIRE_VARINT):
		metadata->has_seq = true;
		return sp_get_whole(c, &metadata->seq);
	case WIRE_TAG(5, WIRE_BYTES):
		return sp_get_bytes(c, &metadata->file_name);
	case WIRE_TAG(6, WIRE_BYTES):
		return sp_get_bytes(c, &metadata->file_type);
	case WIRE_TAG(7, WIRE_BYTES):
		return sp_get_bytes(c, &metadata->md5);
	case WIRE_TAG(8, WIRE_BYTES):
		return sp_get_bytes(c, &metadata->description);
	default:
		return sp_get_other(c, tag, 8);
	}
}

int sp_metadata_decode(struct sp_bytes bytes, struct sp_metadata *metadata_out)
{
	struct sp_cursor c = sp_cursor_of(bytes);
	struct sp_metadata metadata = { 0 };
	uint32_t tag;

	while (c.at < c.end) {
		if (!wire_get_tag(&c.at, c.end, &tag) || !sp_metadata_field(&c, tag, &metadata)) {
			return -EPROTO;
		}
	}
	*metadata_out = metadata;
	return 0;
}

static bool sp_template_field(struct sp_cursor *c, uint32_t tag, struct sp_template *template_)
{
	struct sp_bytes nested;

	switch (tag) {
	case WIRE_TAG(1, WIRE_BYTES):
		template_->has |= SP_HAS_VERSION;
		return sp_get_bytes(c, &template_->version);
	case WIRE_TAG(2, WIRE_BYTES):
	case WIRE_TAG(3, WIRE_BYTES):
		return sp_get_bytes(c, &nested);
	case WIRE_TAG(4, WIRE_BYTES):
		template_->has |= SP_HAS_REFERENCE;
		return sp_get_bytes(c, &template_->reference);
	case WIRE_TAG(5, WIRE_VARINT):
		template_->has |= SP_HAS_DEFINITION;
		return sp_get_bool(c, &template_->is_definition);
	default:
		return sp_get_other(c, tag, 5);
	}
}

int sp_template_decode(struct sp_bytes bytes, struct sp_template *template_out,
		       struct sp_reader *metrics_out, struct sp_reader *parameters_out)
{
	struct sp_cursor c = sp_cursor_of(bytes);
	struct sp_template template_ = { 0 };
	uint32_t tag;

	while (c.at < c.end) {
		if (!wire_get_tag(&c.at, c.end, &tag) || !sp_template_field(&c, tag, &template_)) {
			return -EPROTO;
		}
	}
	*template_out = template_;
	sp_reader_open(metrics_out, bytes, 2);
	sp_reader_open(parameters_out, bytes, 3);
	return 0;
}

void sp_properties_open(struct sp_bytes bytes, struct sp_properties *properties_out)
{
	sp_reader_open(&properties_out->keys, bytes, 1);
	sp_reader_open(&properties_out->values, bytes, 2);
}

static bool sp_property_field(struct sp_cursor *c, uint32_t tag, struct sp_item *property)
{
	int plain;

	switch (tag) {
	case WIRE_TAG(1, WIRE_VARINT):
		return sp_get_unsigned(c, &property->type);
	case WIRE_TAG(2, WIRE_VARINT):
		return sp_get_bool(c, &property->is_null);
	case WIRE_TAG(9, WIRE_BYTES):
		return sp_get_slice(c, SP_SET, &property->value);
	case WIRE_TAG(10, WIRE_BYTES):
		return sp_get_slice(c, SP_SETS, &property->value);
	case WIRE_TAG(11, WIRE_BYTES):
		return sp_get_slice(c, SP_EXTENSION, &property->value);
	default:
		plain = sp_get_plain(c, tag, 2, &property->value);
		return plain != 0 ? plain > 0 : sp_get_other(c, tag, 11);
	}
}

int sp_property_next(struct sp_properties *properties, struct sp_item *property_out)
{
	struct sp_item property = { 0 };
	struct sp_bytes value;
	int key = sp_reader_next(&properties->keys, &property.name);
	int more = sp_reader_next(&properties->values, &value);
	struct sp_cursor c;
	uint32_t tag;

	if (key != more || key < 0) {
		return -EPROTO;
	}
	if (more == 0) {
		return 0;
	}
	c = sp_cursor_of(value);
	while (c.at < c.end) {
		if (!wire_get_tag(&c.at, c.end, &tag) || !sp_property_field(&c, tag, &property)) {
			return -EPROTO;
		}
	}
	*property_out = property;
	return 1;
}

void sp_sets_open(struct sp_bytes bytes, struct sp_reader *sets_out)
{
	sp_reader_open(sets_out, bytes, 1);
}

int sp_set_next(struct sp_reader *sets, struct sp_bytes *set_out)
{
	return sp_reader_next(sets, set_out);
}

static bool sp_parameter_field(struct sp_cursor *c, uint32_t tag, struct sp_item *parameter)
{
	int plain;

	switch (tag) {
	case WIRE_TAG(1, WIRE_BYTES):
		return sp_get_bytes(c, &parameter->name);
	case WIRE_TAG(2, WIRE_VARINT):
		return sp_get_unsigned(c, &parameter->type);
	case WIRE_TAG(9, WIRE_BYTES):
		return sp_get_slice(c, SP_EXTENSION, &parameter->value);
	default:
		plain = sp_get_plain(c, tag, 2, &parameter->value);
		return plain != 0 ? plain > 0 : sp_get_other(c, tag, 9);
	}
}

int sp_parameter_next(struct sp_reader *parameters, struct sp_item *parameter_out)
{
	struct sp_item parameter = { 0 };
	struct sp_bytes bytes;
	int more = sp_reader_next(parameters, &bytes);
	struct sp_cursor c;
	uint32_t tag;

	if (more <= 0) {
		return more;
	}
	c = sp_cursor_of(bytes);
	while (c.at < c.end) {
		if (!wire_get_tag(&c.at, c.end, &tag) || !sp_parameter_field(&c, tag, &parameter)) {
			return -EPROTO;
		}
	}
	*parameter_out = parameter;
	return 1;
}
