/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Births: what they name is what there is. Metrics that the new birth does not
 * name go, aliases are those of the new birth, values are published after all
 * of the device is known.
 */
#include <errno.h>
#include <string.h>

#include "modules/sparkplug_host/machine.h"

/* A template's definition says what instances look like; it is no value. */
static bool birth_is_definition(const struct sp_metric *metric)
{
	struct sp_template template_;
	struct sp_reader metrics, parameters;

	return metric->value.carrier == SP_TEMPLATE &&
	       sp_template_decode(metric->value.x, &template_, &metrics, &parameters) == 0 &&
	       template_.has & SP_HAS_DEFINITION && template_.is_definition;
}

static bool birth_is_metric(const struct sp_metric *metric)
{
	return sp_type_carrier(metric->datatype) != SP_NONE &&
	       metric->datatype != SP_TYPE_PROPERTY_SET &&
	       metric->datatype != SP_TYPE_PROPERTY_SETS;
}

static void birth_refuse(struct machine *machine, int error)
{
	machine_count(machine, error == -EDQUOT || error == -ENOMEM ? MACHINE_COUNT_DROP_LIMIT
			       : error == -ENAMETOOLONG		    ? MACHINE_COUNT_DROP_NAME
								    : MACHINE_COUNT_DROP_UNFIT, 1);
}

/* Name, type and alias of one metric. */
static void birth_metric(struct machine *machine, struct model_device *device,
			 const struct sp_metric *source)
{
	struct model_metric *metric = model_metric(&machine->model, device, source->name);
	int error = 0;

	if (!birth_is_metric(source)) {
		birth_refuse(machine, -EINVAL);
		return;
	}
	if (metric == NULL) {
		error = model_add_metric(&machine->model, device, source->name, &metric);
	}
	if (error != 0) {
		birth_refuse(machine, error);
		return;
	}
	metric->type = source->datatype;
	metric->round = device->round;
	if (source->has & SP_HAS_ALIAS &&
	    model_set_alias(&machine->model, metric, source->alias) != 0) {
		machine_count(machine, MACHINE_COUNT_CLASHES, 1);
	}
	if (machine->ops->metric(machine->arg, metric, source) != 0) {
		birth_refuse(machine, -EINVAL);
	}
}

static void birth_drop_old(struct machine *machine, struct model_device *device)
{
	struct model_metric **at = &device->metrics;

	while (*at != NULL) {
		if ((*at)->round == device->round) {
			at = &(*at)->next;
		} else {
			machine->ops->drop_metric(machine->arg, *at);
			model_drop_metric(&machine->model, at);
		}
	}
}

static bool birth_has_name(const struct sp_metric *metric)
{
	return metric->has & SP_HAS_NAME && metric->name.size > 0;
}

static void birth_values(struct machine *machine, struct model_device *device,
			 const struct sp_payload *payload, struct sp_reader metrics)
{
	struct sp_metric source;

	while (sp_metric_next(&metrics, &source) > 0) {
		struct model_metric *metric =
			birth_has_name(&source) && !birth_is_definition(&source)
				? model_metric(&machine->model, device, source.name) : NULL;
		const struct machine_value value = {
			.metric = &source,
			.ms = source.has & SP_HAS_TIMESTAMP ? source.timestamp
							    : payload->timestamp,
			.is_birth = true,
		};

		if (metric == NULL || metric->tag == 0) {
			continue; /* was counted when it was named */
		}
		if (machine->ops->value(machine->arg, metric, &value) == 0) {
			machine_count(machine, MACHINE_COUNT_VALUES, 1);
		} else {
			machine_count(machine, MACHINE_COUNT_DROP_UNFIT, 1);
		}
	}
}

/* All that a birth says of one device; the bus knows it afterwards, or error. */
static int birth_device(struct machine *machine, struct model_device *device,
			struct sp_bytes bytes)
{
	struct sp_payload payload = { 0 };
	struct sp_reader metrics;
	struct sp_metric source;
	int error = sp_payload_decode(bytes, &machine->settings.payload, &payload, &metrics);
	struct sp_reader again = metrics;

	if (error == 0) {
		error = machine->ops->device(machine->arg, device);
	}
	if (error != 0) {
		return error;
	}
	device->round++;
	for (struct model_metric *m = device->metrics; m != NULL; m = m->next) {
		model_clear_alias(&machine->model, m);
	}
	while (sp_metric_next(&metrics, &source) > 0) {
		if (!birth_has_name(&source)) {
			birth_refuse(machine, -ENAMETOOLONG);
		} else if (!birth_is_definition(&source)) {
			birth_metric(machine, device, &source);
		}
	}
	birth_drop_old(machine, device);
	machine_life(machine, device, MODEL_ALIVE, "");
	birth_values(machine, device, &payload, again);
	machine->ops->flush(machine->arg);
	return 0;
}

/* Whole numbers of any type will do. */
static bool birth_bdseq(const struct machine *machine, struct sp_bytes bytes, uint64_t *bdseq_out)
{
	struct sp_payload payload;
	struct sp_reader metrics;
	struct sp_metric metric;

	if (sp_payload_decode(bytes, &machine->settings.payload, &payload, &metrics) != 0) {
		return false;
	}
	while (sp_metric_next(&metrics, &metric) > 0) {
		if (metric.has & SP_HAS_NAME && sp_bytes_equal(metric.name, sp_text("bdSeq")) &&
		    (metric.value.carrier == SP_INT || metric.value.carrier == SP_LONG)) {
			*bdseq_out = metric.value.u;
			return true;
		}
	}
	return false;
}

void machine_nbirth(struct machine *machine, struct model_node *node, struct sp_bytes bytes)
{
	struct sp_payload payload = { 0 };
	struct sp_reader metrics;

	(void)sp_payload_decode(bytes, &machine->settings.payload, &payload, &metrics);
	order_begin(machine, node, payload.has & SP_HAS_SEQ ? (uint8_t)payload.seq : 0);
	node->has_bdseq = birth_bdseq(machine, bytes, &node->bdseq);
	node->is_asking = false;
	node->ask_pause = 0;
	for (struct model_device *d = node->self->next; d != NULL; d = d->next) {
		for (struct model_metric *m = d->metrics; m != NULL; m = m->next) {
			model_clear_alias(&machine->model, m);
		}
		if (d->life == MODEL_ALIVE) {
			machine_life(machine, d, MODEL_STALE, "its node was born anew");
		}
	}
	if (birth_device(machine, node->self, bytes) != 0) {
		machine_count(machine, MACHINE_COUNT_DROP_LIMIT, 1);
		return;
	}
	node->births++;
	machine_count(machine, MACHINE_COUNT_NBIRTHS, 1);
}

void machine_dbirth(struct machine *machine, struct model_node *node,
		    const struct machine_turn *turn)
{
	struct model_device *device = model_device(&machine->model, node, turn->device);
	int error = 0;

	if (device == NULL) {
		error = model_add_device(&machine->model, node, turn->device, &device);
	}
	if (error == 0) {
		error = birth_device(machine, device, turn->payload);
	}
	machine_count(machine,
		      error == 0 ? MACHINE_COUNT_DBIRTHS : MACHINE_COUNT_DROP_LIMIT, 1);
}

void machine_drop_node(struct machine *machine, struct model_node *node)
{
	order_begin(machine, node, 0);
	while (node->self->next != NULL) {
		machine->ops->drop_device(machine->arg, node->self->next);
		model_drop_device(&machine->model, &node->self->next);
	}
	machine->ops->drop_device(machine->arg, node->self);
	model_drop_node(&machine->model, node);
}
