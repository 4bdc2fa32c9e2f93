/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values into the report of a device, that is the DATA message in the making.
 * Members of its instance are gathered beside it and become one metric of the
 * report, as late as order allows: when a value of another metric comes, a
 * second one of the same member, or one that is historical where the others
 * are not.
 *
 * A report grows to the size it needs and stays so.
 */
#include "modules/sparkplug/edge.h"

#include <errno.h>
#include <stdlib.h>

#include "proto/sparkplug/reading.h"

#define REPORT_FIRST  1024u     /* bytes of a report in the beginning */

static int gather_room(struct sp_writer *writer, size_t wanted)
{
	size_t used = (size_t)(writer->at - writer->begin);
	size_t size = writer->begin != NULL ? (size_t)(writer->end - writer->begin) : REPORT_FIRST;
	uint8_t *memory;

	if (writer->begin != NULL && size - used >= wanted) {
		return 0;
	}
	while (size < used + wanted) {
		size *= 2;
	}
	memory = realloc(writer->begin, size + 2 * SP_SLACK); /* for edge_send() */
	if (memory == NULL) {
		return -ENOMEM;
	}
	sp_writer_init(writer, memory, size);
	writer->at = memory + used;
	return 0;
}

size_t gather_size(const struct model_device *device)
{
	return (size_t)(device->report.at - device->report.begin) +
	       (size_t)(device->instance.open.at - device->instance.open.begin);
}

void gather_clear(struct model_device *device)
{
	device->report.at = device->report.begin;
	device->report_ms = 0;
	device->has_history = false;
	device->report_number++;
	device->instance.open.at = device->instance.open.begin;
	device->instance.is_closed = false;
}

static void gather_age(struct model_device *device, uint64_t ms, bool historical)
{
	device->has_history |= historical;
	if (!historical && ms > device->report_ms) {
		device->report_ms = ms;
	}
}

/* ---- the instance ---- */

static bool gather_is_open(const struct model_instance *instance)
{
	return instance->open.at != instance->open.begin;
}

int gather_close(struct model_device *device)
{
	struct model_instance *instance = &device->instance;
	struct sp_metric metric = {
		.has = SP_HAS_ALIAS | SP_HAS_TIMESTAMP, .timestamp = instance->open_ms,
		.is_historical = instance->is_historical,
		.value = { .carrier = SP_TEMPLATE, .x = sp_written(&instance->open) },
	};
	int error;

	if (!gather_is_open(instance)) {
		return 0;
	}
	if (!instance->is_historical && metric.timestamp < instance->ms) {
		metric.timestamp = instance->ms; /* of another member, said before */
	}
	metric.alias = instance->metric->alias;
	error = gather_room(&device->report, 2 * SP_SLACK + metric.value.x.size);
	if (error == 0) {
		error = sp_metric_put(&device->report, &metric);
	}
	instance->open.at = instance->open.begin;
	if (error == 0 && !instance->is_historical) {
		instance->ms = metric.timestamp;
		instance->is_closed = true;
	}
	gather_age(device, metric.timestamp, instance->is_historical);
	return error;
}

static int gather_open(struct model_instance *instance, bool historical)
{
	const struct sp_template head = {
		.has = SP_HAS_REFERENCE | SP_HAS_DEFINITION,
		.reference = sp_text(instance->of->name),
	};
	int error = gather_room(&instance->open, 2 * SP_SLACK + head.reference.size);

	instance->is_historical = historical;
	instance->open_ms = 0;
	instance->opening++;
	return error == 0 ? sp_template_put(&instance->open, &head) : error;
}

/* ---- values ---- */

bool gather_has_to_flush(struct model_metric *metric, uint64_t ms, bool historical)
{
	struct model_device *device = metric->device;
	struct model_instance *instance = &device->instance;

	if (gather_is_open(instance) &&
	    (!metric->is_member || instance->is_historical != historical ||
	     metric->opening == instance->opening) && gather_close(device) != 0) {
		return true;
	}
	if (gather_size(device) == 0) {
		return false;
	}
	if (!historical && metric->is_member && instance->is_closed && ms <= instance->ms) {
		return true; /* the instance would be there twice with one time */
	}
	return (!historical && ms < device->report_ms) || (!historical && device->has_history) ||
	       (device->report_ms != 0 && metric->last_report == device->report_number &&
		metric->last_ms == ms);
}

/* What is not alias, time and a good number. */
static int gather_metric(struct sp_writer *writer, const struct sp_metric *metric,
			 uint16_t quality)
{
	uint8_t memory[SP_SLACK + 64];
	const struct sp_item item = {
		.name = sp_text("Quality"), .type = SP_TYPE_INT32,
		.value = sp_value_whole(SP_TYPE_INT32, value_quality(quality)),
	};
	struct sp_metric whole = *metric;
	struct sp_writer set;

	if (quality != EW_GOOD) {
		sp_writer_init(&set, memory, sizeof(memory));
		(void)sp_property_put(&set, &item); /* it fits */
		whole.has |= SP_HAS_PROPERTIES;
		whole.properties = sp_written(&set);
	}
	return sp_metric_put(writer, &whole);
}

static int gather_member(struct model_metric *source, struct sp_metric *metric, uint16_t quality)
{
	struct model_instance *instance = &source->device->instance;
	size_t size = metric->value.carrier >= SP_TEXT ? metric->value.x.size : 0;
	int error = gather_is_open(instance) ? 0 : gather_open(instance, metric->is_historical);

	metric->has = SP_HAS_NAME | SP_HAS_TIMESTAMP;
	metric->name = sp_text(source->name);
	if (error == 0) {
		error = gather_room(&instance->open, 2 * SP_SLACK + metric->name.size + size);
	}
	if (error == 0) {
		error = gather_metric(&instance->open, metric, quality);
	}
	if (error == 0) {
		source->opening = instance->opening;
		instance->open_ms = metric->timestamp > instance->open_ms ? metric->timestamp
									  : instance->open_ms;
	}
	return error;
}

int gather_put(struct model_metric *source, const struct ew_sample *sample,
	       const struct sp_value *value, bool historical)
{
	struct model_device *device = source->device;
	struct sp_metric metric = {
		.has = SP_HAS_ALIAS | SP_HAS_TIMESTAMP, .alias = source->alias,
		.timestamp = value_ms(sample->time), .is_historical = historical,
		.is_transient = (sample->flags & EW_TRANSIENT) != 0,
		.is_null = value->carrier == SP_NONE, .value = *value,
	};
	const struct sp_reading reading = { source->alias, metric.timestamp, *value };
	size_t wanted = 2 * SP_SLACK + (value->carrier >= SP_TEXT ? value->x.size : 0);
	int error = 0;

	if (source->is_member) {
		error = gather_member(source, &metric, sample->quality);
	} else {
		error = gather_room(&device->report, wanted);
		if (error == 0 && !historical && !metric.is_transient &&
		    sample->quality == EW_GOOD && value->carrier >= SP_INT &&
		    value->carrier <= SP_BOOL) {
			device->report.at = sp_reading_put(device->report.at, &reading);
		} else if (error == 0) {
			error = gather_metric(&device->report, &metric, sample->quality);
		}
	}
	if (error == 0) {
		source->last_ms = metric.timestamp;
		source->last_report = device->report_number;
		gather_age(device, metric.timestamp, historical);
	}
	return error;
}
