/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of births and data: each goes to the metric that a birth has named,
 * found by its alias or name. What belongs to an instance of a template has its
 * members' values in it, which may be instances again; how deep that goes was
 * checked with the payload.
 */
#include <string.h>

#include "modules/sparkplug_host/machine.h"

struct sp_bytes data_name(const struct model_metric *instance, struct sp_bytes name,
			  char text[DATA_NAME_MAX])
{
	size_t size = instance != NULL ? strlen(instance->name) + 1 : 0;

	if (instance == NULL) {
		return name;
	}
	if (size + name.size > DATA_NAME_MAX) {
		return (struct sp_bytes){ NULL, 0 };
	}
	memcpy(text, instance->name, size - 1);
	text[size - 1] = '/';
	if (name.size > 0) {
		memcpy(text + size, name.at, name.size);
	}
	return (struct sp_bytes){ text, size + name.size };
}

/* next: the metric that most likely follows, since nodes keep the order of their births. */
static struct model_metric *data_find(const struct machine *machine, const struct data_place *place,
				      const struct sp_metric *source, struct model_metric *next)
{
	struct model_metric *metric = NULL;
	char text[DATA_NAME_MAX];

	if (source->has & SP_HAS_NAME && source->name.size > 0) {
		struct sp_bytes name = data_name(place->instance, source->name, text);

		metric = name.at != NULL ? model_metric(&machine->model, place->device, name)
					 : NULL;
	} else if (source->has & SP_HAS_ALIAS && next != NULL && next->by_alias.name.at != NULL &&
		   next->alias == source->alias) {
		metric = next;
	} else if (source->has & SP_HAS_ALIAS) {
		metric = model_alias(&machine->model, place->device->node, source->alias);
	}
	return metric != NULL && metric->device == place->device &&
			       metric->instance == place->instance ? metric : NULL;
}

/* Has the bus taken it? */
static bool data_value(struct machine *machine, struct model_metric *metric,
		       const struct machine_value *value)
{
	if (metric->tag == 0 || machine->ops->value(machine->arg, metric, value) != 0) {
		machine_count(machine, MACHINE_COUNT_DROP_UNFIT, 1);
		return false;
	}
	return true;
}

static void data_members(struct machine *machine, const struct data_place *place,
			 struct model_metric *instance, const struct sp_metric *source)
{
	const struct data_place inside = {
		.device = place->device, .instance = instance,
		.ms = source->has & SP_HAS_TIMESTAMP ? source->timestamp : place->ms,
		.is_birth = place->is_birth, .is_historical = source->is_historical,
		.is_transient = source->is_transient,
	};
	struct sp_reader metrics, parameters;
	struct sp_template template_;

	if (source->value.carrier != SP_TEMPLATE ||
	    sp_template_decode(source->value.x, &template_, &metrics, &parameters) != 0 ||
	    (template_.has & SP_HAS_DEFINITION && template_.is_definition)) {
		machine_count(machine, MACHINE_COUNT_DROP_UNFIT, 1);
		return;
	}
	data_take(machine, &inside, metrics);
}

static void data_unknown(struct machine *machine, const struct data_place *place,
			 const struct sp_metric *source)
{
	if (place->is_birth) {
		return; /* was counted when it was named */
	}
	machine_count(machine, MACHINE_COUNT_DROP_UNKNOWN, 1);
	machine_ask(machine, place->device->node,
		    source->has & SP_HAS_NAME ? MACHINE_METRIC : MACHINE_ALIAS);
}

void data_take(struct machine *machine, const struct data_place *place, struct sp_reader metrics)
{
	struct model_metric *next = place->device->metrics;
	struct sp_metric source;
	uint64_t values = 0, historical = 0;

	while (sp_metric_next(&metrics, &source) > 0) {
		struct model_metric *metric = data_find(machine, place, &source, next);
		struct machine_value value = {
			.metric = &source, .is_birth = place->is_birth,
			.ms = source.has & SP_HAS_TIMESTAMP ? source.timestamp : place->ms,
		};

		next = metric != NULL ? metric->next : next;
		source.is_historical |= place->is_historical;
		source.is_transient |= place->is_transient;
		if (metric == NULL || (metric->tag == 0 && metric->definition == NULL &&
				       place->is_birth)) {
			data_unknown(machine, place, &source);
		} else if (metric->definition != NULL) {
			data_members(machine, place, metric, &source);
		} else if (data_value(machine, metric, &value)) {
			values++;
			historical += source.is_historical ? 1 : 0;
		}
	}
	machine_count(machine, MACHINE_COUNT_VALUES, values);
	machine_count(machine, MACHINE_COUNT_HISTORICAL, historical);
}
