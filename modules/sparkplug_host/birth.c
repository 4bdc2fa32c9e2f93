/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Births: what they name is what there is. Metrics that the new birth does not
 * name go, aliases are those of the new birth, values are published after all
 * of the device is known.
 */
#include <errno.h>
#include <string.h>

#include "modules/sparkplug_host/machine.h"

/* What a metric says of a template. */
struct birth_template {
	struct sp_template head;
	struct sp_reader members;
	bool is_there;
};

static struct birth_template birth_template(const struct sp_metric *metric)
{
	struct birth_template template_ = { .is_there = false };
	struct sp_reader parameters;

	template_.is_there = metric->value.carrier == SP_TEMPLATE &&
			     sp_template_decode(metric->value.x, &template_.head,
						&template_.members, &parameters) == 0;
	return template_;
}

/* It says what instances look like and is no value. */
static bool birth_is_definition(const struct sp_metric *metric)
{
	const struct birth_template template_ = birth_template(metric);

	return template_.is_there && template_.head.has & SP_HAS_DEFINITION &&
	       template_.head.is_definition;
}

/* The definition of an instance. NULL: it is none, or it is not defined. */
static const struct model_definition *birth_definition(const struct machine *machine,
						       const struct model_node *node,
						       const struct sp_metric *metric,
						       bool *is_short_out)
{
	const struct birth_template template_ = birth_template(metric);

	*is_short_out = false;
	return template_.is_there && template_.head.has & SP_HAS_REFERENCE &&
			       !birth_is_definition(metric)
		       ? model_definition(&machine->model, node, template_.head.reference,
					  is_short_out)
		       : NULL;
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

static bool birth_has_name(const struct sp_metric *metric)
{
	return metric->has & SP_HAS_NAME && metric->name.size > 0;
}

/* A birth of one device that is being read. */
struct birth {
	struct machine *machine;
	struct model_device *device;
	uint64_t steps;         /* members of definitions that are still looked at */
};

/* Name, type and alias of one metric; NULL: it is refused, and counted. */
static struct model_metric *birth_name(const struct birth *birth, struct model_metric *instance,
				       const struct sp_metric *source)
{
	struct machine *machine = birth->machine;
	struct model_device *device = birth->device;
	char text[DATA_NAME_MAX];
	struct sp_bytes name = data_name(instance, source->name, text);
	struct model_metric *metric = NULL;
	int error = birth_is_metric(source) ? 0 : -EINVAL;

	if (!birth_has_name(source) || name.at == NULL) {
		error = -ENAMETOOLONG;
	}
	if (error == 0) {
		metric = model_metric(&machine->model, device, name);
	}
	if (error == 0 && metric == NULL) {
		error = model_add_metric(&machine->model, device, name, &metric);
	}
	if (error != 0) {
		birth_refuse(machine, error);
		return NULL;
	}
	metric->type = source->datatype;
	metric->round = device->round;
	metric->instance = instance;
	metric->definition = NULL;
	if (source->has & SP_HAS_ALIAS &&
	    model_set_alias(&machine->model, metric, source->alias) != 0) {
		machine_count(machine, MACHINE_COUNT_CLASHES, 1);
	}
	return metric;
}

static void birth_metric(struct birth *birth, struct model_metric *instance,
			 const struct sp_metric *source);

/* What the instance says of its members; then those of the definition that it does not say. */
static void birth_members(struct birth *birth, struct model_metric *instance,
			  const struct sp_metric *source)
{
	const struct model_device *device = birth->device;
	struct birth_template template_ = birth_template(source);
	struct sp_reader members, parameters;
	struct sp_metric member;
	struct sp_template head;
	char text[DATA_NAME_MAX];

	while (sp_metric_next(&template_.members, &member) > 0) {
		birth_metric(birth, instance, &member);
	}
	if (sp_template_decode(instance->definition->value, &head, &members, &parameters) != 0) {
		return; /* it was checked */
	}
	while (birth->steps > 0 && sp_metric_next(&members, &member) > 0) {
		struct sp_bytes name = data_name(instance, member.name, text);
		const struct model_metric *known =
			name.at != NULL ? model_metric(&birth->machine->model, device, name) : NULL;

		birth->steps--;
		/* one that holds others can only be said */
		if (member.datatype != SP_TYPE_TEMPLATE &&
		    (known == NULL || known->round != device->round)) {
			birth_metric(birth, instance, &member);
		}
	}
}

static void birth_metric(struct birth *birth, struct model_metric *instance,
			 const struct sp_metric *source)
{
	struct model_metric *metric = birth_name(birth, instance, source);
	struct machine *machine = birth->machine;
	const struct model_definition *definition;
	bool is_short;

	if (metric == NULL) {
		return;
	}
	definition = birth_definition(machine, birth->device->node, source, &is_short);
	if (definition == NULL) {
		machine_count(machine, MACHINE_COUNT_UNDEFINED,
			      source->value.carrier == SP_TEMPLATE);
		if (machine->ops->metric(machine->arg, metric, source) != 0) {
			birth_refuse(machine, -EINVAL);
		}
		return;
	}
	if (metric->tag != 0) {
		machine->ops->drop_metric(machine->arg, metric); /* it was a value */
		metric->tag = 0;
	}
	metric->definition = definition;
	metric->is_short = is_short;
	birth_members(birth, metric, source);
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

/* The only instance at the top of a birth, which then says what the device is. */
static const struct model_definition *birth_only(const struct machine *machine,
						 const struct model_node *node,
						 struct sp_reader metrics,
						 struct sp_metric *instance_out)
{
	const struct model_definition *only = NULL, *definition;
	struct sp_metric source;
	bool is_short;

	while (sp_metric_next(&metrics, &source) > 0) {
		definition = birth_definition(machine, node, &source, &is_short);
		if (definition != NULL && only != NULL) {
			return NULL;
		}
		if (definition != NULL) {
			only = definition;
			*instance_out = source;
		}
	}
	return only;
}

/* All that a birth says of one device; the bus knows it afterwards, or error. */
static int birth_device(struct machine *machine, struct model_device *device,
			struct sp_bytes bytes)
{
	struct sp_payload payload = { 0 };
	struct sp_reader metrics;
	struct sp_metric source;
	int error = sp_payload_decode(bytes, &machine->settings.payload, &payload, &metrics);
	struct birth birth = { machine, device, machine->model.limits.metrics };
	struct data_place place = { .device = device, .is_birth = true };
	struct sp_reader again = metrics;

	if (error == 0) {
		const struct model_definition *only =
			birth_only(machine, device->node, metrics, &source);

		error = machine->ops->device(machine->arg, device, only != NULL ? &source : NULL,
					     only);
	}
	if (error != 0) {
		return error;
	}
	device->round++;
	for (struct model_metric *m = device->metrics; m != NULL; m = m->next) {
		model_clear_alias(&machine->model, m);
	}
	while (sp_metric_next(&metrics, &source) > 0) {
		if (!birth_is_definition(&source)) {
			birth_metric(&birth, NULL, &source);
		}
	}
	if (birth.steps == 0) {
		machine_count(machine, MACHINE_COUNT_DROP_LIMIT, 1);
	}
	birth_drop_old(machine, device);
	machine_life(machine, device, MODEL_ALIVE, "");
	place.ms = payload.timestamp;
	data_take(machine, &place, again);
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

/* What NBIRTH defines holds for the node and its devices. */
static void birth_define(struct machine *machine, struct model_node *node,
			 struct sp_reader metrics)
{
	struct sp_metric source;

	model_undefine(&machine->model, node);
	while (sp_metric_next(&metrics, &source) > 0) {
		int error = 0;

		if (birth_is_definition(&source)) {
			error = birth_has_name(&source)
					? model_define(&machine->model, node, source.name,
						       source.value.x)
					: -ENAMETOOLONG;
		}
		if (error != 0) {
			birth_refuse(machine, error);
		}
	}
}

void machine_nbirth(struct machine *machine, struct model_node *node, struct sp_bytes bytes)
{
	struct sp_payload payload = { 0 };
	struct sp_reader metrics = { 0 };

	(void)sp_payload_decode(bytes, &machine->settings.payload, &payload, &metrics);
	birth_define(machine, node, metrics);
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
