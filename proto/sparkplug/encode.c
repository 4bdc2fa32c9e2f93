/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing the messages. Room is looked at once a message, for the most that it
 * can take, so that the fields themselves need no checks.
 */
#include "proto/sparkplug/message.h"

#include "proto/sparkplug/wire.h"

/* What the members of oneof are called from SP_BYTES on, in the order of numbers. */
struct sp_oneof {
	unsigned base;          /* number of SP_INT, less 1 */
	enum sp_carrier later[4];
};

static const struct sp_oneof sp_metric_oneof = {
	9, { SP_BYTES, SP_DATASET, SP_TEMPLATE, SP_EXTENSION }
};
static const struct sp_oneof sp_property_oneof = { 2, { SP_SET, SP_SETS, SP_EXTENSION, SP_NONE } };
static const struct sp_oneof sp_parameter_oneof = { 2, { SP_EXTENSION, SP_NONE } };
static const struct sp_oneof sp_cell_oneof = { 0, { SP_EXTENSION, SP_NONE } };

void sp_writer_init(struct sp_writer *writer, void *memory, size_t size)
{
	writer->begin = memory;
	writer->at = memory;
	writer->end = writer->begin + size;
}

struct sp_bytes sp_written(const struct sp_writer *writer)
{
	return (struct sp_bytes){ writer->begin, (size_t)(writer->at - writer->begin) };
}

/* Lengths are sums of what lies in memory at once: they do not wrap. */
static inline bool sp_has_room(const struct sp_writer *writer, size_t size)
{
	size_t room = (size_t)(writer->end - writer->at);

	return room >= SP_SLACK && room - SP_SLACK >= size;
}

static inline size_t sp_value_size(const struct sp_value *value)
{
	return value->carrier >= SP_TEXT ? value->x.size : 0;
}

/* Number of the field for a carrier; 0: this message has none. */
static unsigned sp_oneof_field(const struct sp_oneof *oneof, enum sp_carrier carrier)
{
	if (carrier <= SP_TEXT) {
		return oneof->base + carrier;
	}
	for (unsigned i = 0; i < 4; i++) {
		if (oneof->later[i] == carrier) {
			return oneof->base + SP_BYTES + i;
		}
	}
	return 0;
}

/* NULL: not a carrier of this message. */
static inline uint8_t *sp_put_value(uint8_t *at, const struct sp_oneof *oneof,
				    const struct sp_value *value)
{
	unsigned field;

	switch (value->carrier) {
	case SP_NONE:
		return at;
	case SP_INT:
	case SP_LONG:
	case SP_BOOL:
		return wire_put_whole(at, oneof->base + value->carrier, value->u);
	case SP_FLOAT:
		return wire_put_float(at, oneof->base + SP_FLOAT, value->f);
	case SP_DOUBLE:
		return wire_put_double(at, oneof->base + SP_DOUBLE, value->d);
	case SP_TEXT:
	case SP_BYTES:
	case SP_DATASET:
	case SP_TEMPLATE:
	case SP_SET:
	case SP_SETS:
	case SP_EXTENSION:
		field = sp_oneof_field(oneof, value->carrier);
		return field != 0 ? wire_put_bytes(at, field, value->x) : NULL;
	}
	return NULL;
}

int sp_payload_put(struct sp_writer *writer, const struct sp_payload *payload)
{
	uint8_t *at = writer->at;

	if (!sp_has_room(writer, payload->uuid.size + payload->body.size)) {
		return -EMSGSIZE;
	}
	if (payload->has & SP_HAS_TIMESTAMP) {
		at = wire_put_whole(at, 1, payload->timestamp);
	}
	if (payload->has & SP_HAS_SEQ) {
		at = wire_put_whole(at, 3, payload->seq);
	}
	if (payload->has & SP_HAS_UUID) {
		at = wire_put_bytes(at, 4, payload->uuid);
	}
	if (payload->has & SP_HAS_BODY) {
		at = wire_put_bytes(at, 5, payload->body);
	}
	writer->at = at;
	return 0;
}

/* The fields of which a report has none. */
static uint8_t *sp_put_rare(uint8_t *at, const struct sp_metric *metric)
{
	if (metric->has & SP_HAS_DATATYPE) {
		at = wire_put_whole(at, 4, metric->datatype);
	}
	if (metric->is_historical) {
		at = wire_put_whole(at, 5, 1);
	}
	if (metric->is_transient) {
		at = wire_put_whole(at, 6, 1);
	}
	if (metric->is_null) {
		at = wire_put_whole(at, 7, 1);
	}
	if (metric->has & SP_HAS_METADATA) {
		at = wire_put_bytes(at, 8, metric->metadata);
	}
	if (metric->has & SP_HAS_PROPERTIES) {
		at = wire_put_bytes(at, 9, metric->properties);
	}
	return at;
}

int sp_metric_put(struct sp_writer *writer, const struct sp_metric *metric)
{
	size_t size = sp_value_size(&metric->value);
	uint8_t *begin;
	uint8_t *at;

	if (metric->has & SP_HAS_NAME) {
		size += metric->name.size;
	}
	if (metric->has & SP_HAS_METADATA) {
		size += metric->metadata.size;
	}
	if (metric->has & SP_HAS_PROPERTIES) {
		size += metric->properties.size;
	}
	if (!sp_has_room(writer, size)) {
		return -EMSGSIZE;
	}
	begin = wire_begin(writer->at, 2);
	at = begin;
	if (metric->has & SP_HAS_NAME) {
		at = wire_put_bytes(at, 1, metric->name);
	}
	if (metric->has & SP_HAS_ALIAS) {
		at = wire_put_whole(at, 2, metric->alias);
	}
	if (metric->has & SP_HAS_TIMESTAMP) {
		at = wire_put_whole(at, 3, metric->timestamp);
	}
	at = sp_put_rare(at, metric);
	at = sp_put_value(at, &sp_metric_oneof, &metric->value);
	if (at == NULL) {
		return -EINVAL;
	}
	writer->at = wire_end(begin, at);
	return 0;
}

static uint8_t *sp_put_given(uint8_t *at, unsigned field, struct sp_bytes text)
{
	return text.at != NULL ? wire_put_bytes(at, field, text) : at;
}

int sp_metadata_put(struct sp_writer *writer, const struct sp_metadata *metadata)
{
	uint8_t *at = writer->at;

	if (!sp_has_room(writer, metadata->content_type.size + metadata->file_name.size +
			 metadata->file_type.size + metadata->md5.size +
			 metadata->description.size)) {
		return -EMSGSIZE;
	}
	if (metadata->has_multi_part) {
		at = wire_put_whole(at, 1, metadata->is_multi_part);
	}
	at = sp_put_given(at, 2, metadata->content_type);
	if (metadata->has_size) {
		at = wire_put_whole(at, 3, metadata->size);
	}
	if (metadata->has_seq) {
		at = wire_put_whole(at, 4, metadata->seq);
	}
	at = sp_put_given(at, 5, metadata->file_name);
	at = sp_put_given(at, 6, metadata->file_type);
	at = sp_put_given(at, 7, metadata->md5);
	writer->at = sp_put_given(at, 8, metadata->description);
	return 0;
}

/* A key and, in a field of its own, its value: nothing of one without the other. */
int sp_property_put(struct sp_writer *writer, const struct sp_item *property)
{
	uint8_t *at = writer->at;
	uint8_t *begin;

	if (!sp_has_room(writer, property->name.size + sp_value_size(&property->value))) {
		return -EMSGSIZE;
	}
	begin = wire_begin(wire_put_bytes(at, 1, property->name), 2);
	at = begin;
	if (property->type != SP_TYPE_UNKNOWN) {
		at = wire_put_whole(at, 1, property->type);
	}
	if (property->is_null) {
		at = wire_put_whole(at, 2, 1);
	}
	at = sp_put_value(at, &sp_property_oneof, &property->value);
	if (at == NULL) {
		return -EINVAL;
	}
	writer->at = wire_end(begin, at);
	return 0;
}

static int sp_slice_put(struct sp_writer *writer, unsigned field, struct sp_bytes slice)
{
	if (!sp_has_room(writer, slice.size)) {
		return -EMSGSIZE;
	}
	writer->at = wire_put_bytes(writer->at, field, slice);
	return 0;
}

int sp_set_put(struct sp_writer *writer, struct sp_bytes set)
{
	return sp_slice_put(writer, 1, set);
}

int sp_parameter_put(struct sp_writer *writer, const struct sp_item *parameter)
{
	uint8_t *begin;
	uint8_t *at;

	if (!sp_has_room(writer, parameter->name.size + sp_value_size(&parameter->value))) {
		return -EMSGSIZE;
	}
	begin = wire_begin(writer->at, 3);
	at = sp_put_given(begin, 1, parameter->name);
	if (parameter->type != SP_TYPE_UNKNOWN) {
		at = wire_put_whole(at, 2, parameter->type);
	}
	at = sp_put_value(at, &sp_parameter_oneof, &parameter->value);
	if (at == NULL) {
		return -EINVAL;
	}
	writer->at = wire_end(begin, at);
	return 0;
}

int sp_template_put(struct sp_writer *writer, const struct sp_template *template_)
{
	uint8_t *at = writer->at;

	if (!sp_has_room(writer, template_->version.size + template_->reference.size)) {
		return -EMSGSIZE;
	}
	if (template_->has & SP_HAS_VERSION) {
		at = wire_put_bytes(at, 1, template_->version);
	}
	if (template_->has & SP_HAS_REFERENCE) {
		at = wire_put_bytes(at, 4, template_->reference);
	}
	if (template_->has & SP_HAS_DEFINITION) {
		at = wire_put_whole(at, 5, template_->is_definition);
	}
	writer->at = at;
	return 0;
}

int sp_column_count_put(struct sp_writer *writer, uint64_t count)
{
	if (!sp_has_room(writer, 0)) {
		return -EMSGSIZE;
	}
	writer->at = wire_put_whole(writer->at, 1, count);
	return 0;
}

int sp_column_put(struct sp_writer *writer, struct sp_bytes name, unsigned type)
{
	if (!sp_has_room(writer, name.size)) {
		return -EMSGSIZE;
	}
	writer->at = wire_put_whole(wire_put_bytes(writer->at, 2, name), 3, type);
	return 0;
}

int sp_cell_put(struct sp_writer *writer, const struct sp_value *value)
{
	uint8_t *begin;
	uint8_t *at;

	if (!sp_has_room(writer, sp_value_size(value))) {
		return -EMSGSIZE;
	}
	begin = wire_begin(writer->at, 1);
	at = sp_put_value(begin, &sp_cell_oneof, value);
	if (at == NULL) {
		return -EINVAL;
	}
	writer->at = wire_end(begin, at);
	return 0;
}

int sp_row_put(struct sp_writer *writer, struct sp_bytes row)
{
	return sp_slice_put(writer, 4, row);
}
