/* SPDX-License-Identifier: Apache-2.0 */
#include "modules/sparkplug/birth.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "modules/sparkplug/template.h"

int birth_put_bdseq(struct sp_writer *writer, uint8_t bdseq, uint64_t now)
{
	const struct sp_metric metric = {
		.has = SP_HAS_NAME | SP_HAS_TIMESTAMP | SP_HAS_DATATYPE,
		.name = sp_text("bdSeq"),
		.timestamp = now,
		.datatype = SP_TYPE_INT64,
		.value = sp_value_whole(SP_TYPE_INT64, bdseq),
	};

	return sp_metric_put(writer, &metric);
}

/* Controls are addressed by their names and have no alias. */
int birth_put_controls(struct sp_writer *writer, uint8_t bdseq, uint64_t now)
{
	static const char *const names[] = { "Node Control/Rebirth", "Node Control/Next Server" };
	int error = birth_put_bdseq(writer, bdseq, now);

	for (size_t i = 0; i < sizeof(names) / sizeof(*names) && error == 0; i++) {
		const struct sp_metric metric = {
			.has = SP_HAS_NAME | SP_HAS_TIMESTAMP | SP_HAS_DATATYPE,
			.name = sp_text(names[i]),
			.timestamp = now,
			.datatype = SP_TYPE_BOOLEAN,
			.value = { .carrier = SP_BOOL },
		};

		error = sp_metric_put(writer, &metric);
	}
	return error;
}

static int birth_put_text(struct sp_writer *set, const char *key, const char *text)
{
	const struct sp_item item = { .name = sp_text(key), .type = SP_TYPE_STRING,
				      .value = { .carrier = SP_TEXT, .x = sp_text(text) } };

	return sp_property_put(set, &item);
}

static int birth_put_real(struct sp_writer *set, const char *key, double number)
{
	const struct sp_item item = { .name = sp_text(key), .type = SP_TYPE_DOUBLE,
				      .value = { .carrier = SP_DOUBLE, .d = number } };

	return sp_property_put(set, &item);
}

/* A free property of the tag must not hide one that Sparkplug programs look for. */
static bool birth_is_taken(const char *key)
{
	static const char *const taken[] = { "engUnit", "engLow", "engHigh", "readOnly",
					     "documentation", "Quality" };

	for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++) {
		if (strcmp(key, taken[i]) == 0) {
			return true;
		}
	}
	return false;
}

/* What hosts know by these names; a set that overflows keeps what it has. */
static void birth_put_properties(struct sp_writer *set, const struct ew_tag_spec *spec,
				 uint16_t quality)
{
	const struct sp_item read_only = {
		.name = sp_text("readOnly"), .type = SP_TYPE_BOOLEAN,
		.value = { .carrier = SP_BOOL,
			   .u = (spec->access & (EW_ACCESS_WRITE | EW_ACCESS_EXECUTE)) == 0 },
	};
	const struct sp_item grade = {
		.name = sp_text("Quality"), .type = SP_TYPE_INT32,
		.value = sp_value_whole(SP_TYPE_INT32, value_quality(quality)),
	};
	int error = sp_property_put(set, &grade);

	if (error == 0) {
		error = sp_property_put(set, &read_only);
	}
	if (error == 0 && spec->unit != NULL) {
		error = birth_put_text(set, "engUnit", spec->unit);
	}
	if (error == 0 && spec->low < spec->high) {
		error = birth_put_real(set, "engLow", spec->low);
	}
	if (error == 0 && spec->low < spec->high) {
		error = birth_put_real(set, "engHigh", spec->high);
	}
	if (error == 0 && spec->description != NULL) {
		error = birth_put_text(set, "documentation", spec->description);
	}
	for (size_t i = 0; i < spec->property_count && error == 0; i++) {
		if (!birth_is_taken(spec->properties[i].name)) {
			error = birth_put_text(set, spec->properties[i].name,
					       spec->properties[i].value);
		}
	}
}

static const char *birth_file_name(const struct ew_tag_spec *spec)
{
	for (size_t i = 0; i < spec->property_count; i++) {
		if (strcmp(spec->properties[i].name, "file_name") == 0) {
			return spec->properties[i].value;
		}
	}
	return spec->name;
}

static void birth_put_file(struct sp_writer *writer, const struct ew_tag_spec *spec,
			   struct sp_metric *metric)
{
	const struct sp_metadata metadata = {
		.has_multi_part = true,
		.has_size = metric->value.carrier == SP_BYTES,
		.size = metric->value.carrier == SP_BYTES ? metric->value.x.size : 0,
		.file_name = sp_text(birth_file_name(spec)),
	};

	if (sp_metadata_put(writer, &metadata) == 0) {
		metric->has |= SP_HAS_METADATA;
		metric->metadata = sp_written(writer);
	}
}

/* A metric and its time, found before they are put in order. */
struct birth_line {
	const struct model_metric *metric;
	uint64_t ms;
};

static struct birth_line birth_line(const struct birth *birth, const struct model_metric *metric)
{
	struct ew_sample sample;
	bool known = ew_view(birth->inst, metric->tag, &sample) == 0;

	return (struct birth_line){ metric, known ? value_ms(sample.time) : birth->now };
}

static int birth_put_metric(const struct birth *birth, struct sp_writer *writer,
			    const struct birth_line *line)
{
	const struct model_metric *source = line->metric;
	const struct ew_tag_info *info = ew_tag(birth->inst, source->tag);
	struct ew_sample sample = ew_sample_none(source->tag, 0);
	struct sp_metric metric = {
		.has = SP_HAS_NAME | SP_HAS_ALIAS | SP_HAS_TIMESTAMP | SP_HAS_DATATYPE,
		.name = sp_text(source->name),
		.alias = source->alias,
		.timestamp = line->ms,
		.datatype = source->type,
	};
	struct sp_writer set, file;
	size_t half = birth->scratch_size / 2;

	if (source->is_member) {
		metric.has &= ~SP_HAS_ALIAS;
	}
	sample.quality = EW_BAD | EW_REASON_NO_VALUE;
	if (ew_view(birth->inst, source->tag, &sample) != 0 ||
	    value_encode(source->type, &sample, birth->room, &metric.value) != 0) {
		metric.value.carrier = SP_NONE;
	}
	if (birth->long_uint32 && source->type == SP_TYPE_UINT32 &&
	    metric.value.carrier == SP_INT) {
		metric.value.carrier = SP_LONG;
	}
	metric.is_null = metric.value.carrier == SP_NONE;
	metric.is_transient = (sample.flags & EW_TRANSIENT) != 0;
	sp_writer_init(&set, birth->scratch, half);
	sp_writer_init(&file, birth->scratch + half, half);
	if (info != NULL) {
		birth_put_properties(&set, &info->spec, sample.quality);
		metric.has |= SP_HAS_PROPERTIES;
		metric.properties = sp_written(&set);
	}
	if (info != NULL && source->type == SP_TYPE_FILE) {
		birth_put_file(&file, &info->spec, &metric);
	}
	return sp_metric_put(writer, &metric);
}

static int birth_compare(const void *a, const void *b)
{
	const struct birth_line *x = a, *y = b;

	return x->ms != y->ms ? (x->ms > y->ms) - (x->ms < y->ms)
			      : (x->metric->alias > y->metric->alias) -
					(x->metric->alias < y->metric->alias);
}

/* All members with what the device says of itself, into an encoded Template. */
static int birth_put_template(const struct birth *birth, struct sp_writer *writer,
			      const struct model_device *device)
{
	const struct ew_device_info *info = ew_device(birth->inst, device->id);
	const char *version = info != NULL ? info->spec.version : NULL;
	const struct sp_template head = {
		.has = SP_HAS_REFERENCE | SP_HAS_DEFINITION |
		       (version != NULL ? SP_HAS_VERSION : 0),
		.version = sp_text(version != NULL ? version : ""),
		.reference = sp_text(device->instance.of->name),
	};
	int error = sp_template_put(writer, &head);

	for (const struct model_metric *m = device->metrics; m != NULL && error == 0; m = m->next) {
		const struct birth_line line = birth_line(birth, m);

		error = m->is_member ? birth_put_metric(birth, writer, &line) : 0;
	}
	return error == 0 ? templates_put_parameters(birth->inst, writer, device) : error;
}

static int birth_put_instance(const struct birth *birth, struct sp_writer *writer,
			      const struct model_device *device)
{
	const struct model_metric *source = device->instance.metric;
	struct sp_metric metric = {
		.has = SP_HAS_NAME | SP_HAS_ALIAS | SP_HAS_TIMESTAMP | SP_HAS_DATATYPE,
		.name = sp_text(source->name), .alias = source->alias,
		.timestamp = device->instance.ms, .datatype = source->type,
		.value = { .carrier = SP_TEMPLATE },
	};
	size_t size = (size_t)(writer->end - writer->at);
	uint8_t *memory = malloc(size);
	struct sp_writer inner;
	int error;

	if (memory == NULL) {
		return -ENOMEM;
	}
	sp_writer_init(&inner, memory, size);
	error = birth_put_template(birth, &inner, device);
	metric.value.x = sp_written(&inner);
	if (error == 0) {
		error = sp_metric_put(writer, &metric);
	}
	free(memory);
	return error;
}

/* Its time is that of the newest member that has a value. */
static void birth_age_instance(const struct birth *birth, struct model_device *device)
{
	struct ew_sample sample;
	uint64_t newest = 0;

	for (const struct model_metric *m = device->metrics; m != NULL; m = m->next) {
		if (m->is_member && ew_view(birth->inst, m->tag, &sample) == 0 &&
		    value_ms(sample.time) > newest) {
			newest = value_ms(sample.time);
		}
	}
	device->instance.ms = newest > 0 ? newest : birth->now;
}

/* Oldest first, as Sparkplug wants values that are not historical. */
int birth_put_metrics(const struct birth *birth, struct sp_writer *writer,
		      struct model_device *device)
{
	struct birth_line *lines = calloc(device->metric_count + 1u, sizeof(*lines));
	const struct model_metric *instance = NULL;
	size_t count = 0;
	int error = 0;

	if (lines == NULL) {
		return -ENOMEM;
	}
	for (const struct model_metric *m = device->metrics; m != NULL; m = m->next) {
		if (!m->is_member) {
			lines[count++] = birth_line(birth, m);
		}
	}
	if (device->instance.of != NULL) {
		birth_age_instance(birth, device);
		instance = device->instance.metric;
		lines[count++] = (struct birth_line){ instance, device->instance.ms };
	}
	qsort(lines, count, sizeof(*lines), birth_compare);
	for (size_t i = 0; i < count && error == 0; i++) {
		error = lines[i].metric == instance
				? birth_put_instance(birth, writer, device)
				: birth_put_metric(birth, writer, &lines[i]);
	}
	free(lines);
	return error;
}
