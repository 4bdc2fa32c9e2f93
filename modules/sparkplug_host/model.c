/* SPDX-License-Identifier: Apache-2.0 */
#include "modules/sparkplug_host/model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int model_init(struct model *model, const struct model_limits *limits, uint64_t seed)
{
	memset(model, 0, sizeof(*model));
	model->limits = *limits;
	return index_init(&model->index, seed);
}

void model_fini(struct model *model)
{
	while (model->nodes != NULL) {
		model_drop_node(model, model->nodes);
	}
	index_fini(&model->index);
}

const char *model_life_name(enum model_life life)
{
	static const char *const names[] = { "unborn", "online", "stale", "offline" };

	return names[life];
}

/* A struct whose name begins at `size`; never smaller than the struct, which pads its end. */
#define MODEL_SIZE(size, name_size)  ((size) + (name_size) + sizeof(uint64_t))

/* Zeroes, counted. */
static int model_take(struct model *model, size_t total, char **memory_out)
{
	if (total > model->limits.bytes || model->bytes > model->limits.bytes - total) {
		return -EDQUOT;
	}
	*memory_out = calloc(1, total);
	if (*memory_out == NULL) {
		return -ENOMEM;
	}
	model->bytes += total;
	return 0;
}

static int model_make(struct model *model, size_t size, struct sp_bytes name, void *thing_out)
{
	char *thing = NULL;
	int error = model_take(model, MODEL_SIZE(size, name.size), &thing);

	if (error != 0) {
		return error;
	}
	if (name.size > 0) {
		memcpy(thing + size, name.at, name.size);
	}
	memcpy(thing_out, &thing, sizeof(thing));
	return 0;
}

static void model_unmake(struct model *model, size_t size, char *name, void *thing)
{
	model->bytes -= MODEL_SIZE(size, strlen(name));
	free(thing);
}

static void model_enter(struct model *model, struct index_key *key, const char *name, void *thing)
{
	key->name = sp_text(name);
	key->thing = thing;
	index_add(&model->index, key);
}

static struct model_group *model_group(const struct model *model, struct sp_bytes name)
{
	return index_find(&model->index, model, name);
}

struct model_node *model_node(const struct model *model, struct sp_bytes group,
			      struct sp_bytes node)
{
	const struct model_group *found = model_group(model, group);

	return found != NULL ? index_find(&model->index, found, node) : NULL;
}

struct model_device *model_device(const struct model *model, const struct model_node *node,
				  struct sp_bytes device)
{
	return device.size == 0 ? node->self : index_find(&model->index, node, device);
}

struct model_metric *model_metric(const struct model *model, const struct model_device *device,
				  struct sp_bytes name)
{
	return index_find(&model->index, device, name);
}

/* An address inside the node, that owns no names, so that no device is taken for an alias. */
static const void *model_alias_owner(const struct model_node *node)
{
	return &node->bdseq;
}

struct model_metric *model_alias(const struct model *model, const struct model_node *node,
				 uint64_t alias)
{
	return index_find(&model->index, model_alias_owner(node),
			  (struct sp_bytes){ &alias, sizeof(alias) });
}

static int model_add_group(struct model *model, struct sp_bytes name,
			   struct model_group **group_out)
{
	struct model_group *group;
	int error;

	if (model->group_count >= model->limits.groups) {
		return -EDQUOT;
	}
	error = model_make(model, offsetof(struct model_group, name), name, &group);
	if (error != 0) {
		return error;
	}
	group->by_name.owner = model;
	model_enter(model, &group->by_name, group->name, group);
	group->next = model->groups;
	group->back = &model->groups;
	if (group->next != NULL) {
		group->next->back = &group->next;
	}
	model->groups = group;
	model->group_count++;
	*group_out = group;
	return 0;
}

static void model_drop_group(struct model *model, struct model_group *group)
{
	*group->back = group->next;
	if (group->next != NULL) {
		group->next->back = group->back;
	}
	index_remove(&model->index, &group->by_name);
	model->group_count--;
	model_unmake(model, offsetof(struct model_group, name), group->name, group);
}

static int model_make_device(struct model *model, struct model_node *node, struct sp_bytes name,
			     struct model_device **device_out)
{
	struct model_device *device;
	int error = model_make(model, offsetof(struct model_device, name), name, &device);

	if (error == 0) {
		device->node = node;
		device->metrics_end = &device->metrics;
		*device_out = device;
	}
	return error;
}

int model_add_node(struct model *model, struct sp_bytes group_name, struct sp_bytes name,
		   struct model_node **node_out)
{
	struct model_group *group = model_group(model, group_name);
	struct model_node *node = NULL;
	int error;

	if (model->node_count >= model->limits.nodes) {
		return -EDQUOT;
	}
	error = group != NULL ? 0 : model_add_group(model, group_name, &group);
	if (error != 0) {
		return error;
	}
	error = model_make(model, offsetof(struct model_node, name), name, &node);
	if (error == 0) {
		error = model_make_device(model, node, (struct sp_bytes){ "", 0 }, &node->self);
	}
	if (error != 0) {
		if (node != NULL) {
			model_unmake(model, offsetof(struct model_node, name), node->name, node);
		}
		if (group->node_count == 0) {
			model_drop_group(model, group);
		}
		return error;
	}
	node->group = group;
	node->by_name.owner = group;
	model_enter(model, &node->by_name, node->name, node);
	node->next = model->nodes;
	node->back = &model->nodes;
	if (node->next != NULL) {
		node->next->back = &node->next;
	}
	model->nodes = node;
	model->node_count++;
	group->node_count++;
	*node_out = node;
	return 0;
}

int model_add_device(struct model *model, struct model_node *node, struct sp_bytes name,
		     struct model_device **device_out)
{
	int error;

	if (node->device_count >= model->limits.devices) {
		return -EDQUOT;
	}
	error = model_make_device(model, node, name, device_out);
	if (error == 0) {
		struct model_device *device = *device_out;

		device->by_name.owner = node;
		model_enter(model, &device->by_name, device->name, device);
		device->next = node->self->next;
		node->self->next = device;
		node->device_count++;
		model->device_count++;
	}
	return error;
}

int model_add_metric(struct model *model, struct model_device *device, struct sp_bytes name,
		     struct model_metric **metric_out)
{
	struct model_metric *metric;
	int error;

	if (name.size == 0 || name.size > model->limits.name ||
	    memchr(name.at, '\0', name.size) != NULL) {
		return -ENAMETOOLONG;
	}
	if (device->metric_count >= model->limits.metrics) {
		return -EDQUOT;
	}
	error = model_make(model, offsetof(struct model_metric, name), name, &metric);
	if (error != 0) {
		return error;
	}
	metric->device = device;
	metric->by_name.owner = device;
	model_enter(model, &metric->by_name, metric->name, metric);
	*device->metrics_end = metric;
	device->metrics_end = &metric->next;
	device->metric_count++;
	model->metric_count++;
	*metric_out = metric;
	return 0;
}

int model_set_alias(struct model *model, struct model_metric *metric, uint64_t alias)
{
	const struct model_node *node = metric->device->node;
	struct model_metric *holder = model_alias(model, node, alias);

	if (holder == metric) {
		return 0;
	}
	if (holder != NULL) {
		return -EEXIST;
	}
	model_clear_alias(model, metric);
	metric->alias = alias;
	metric->by_alias.owner = model_alias_owner(node);
	metric->by_alias.name = (struct sp_bytes){ &metric->alias, sizeof(metric->alias) };
	metric->by_alias.thing = metric;
	index_add(&model->index, &metric->by_alias);
	return 0;
}

void model_clear_alias(struct model *model, struct model_metric *metric)
{
	index_remove(&model->index, &metric->by_alias);
}

/* ---- templates ---- */

/* An address inside the node that owns no other names. */
static const void *model_definition_owner(const struct model_node *node)
{
	return &node->definitions;
}

int model_define(struct model *model, struct model_node *node, struct sp_bytes name,
		 struct sp_bytes value)
{
	size_t head = offsetof(struct model_definition, name) + name.size + 1;
	size_t total = MODEL_SIZE(head, value.size);
	struct model_definition *definition;
	char *memory = NULL;
	int error;

	if (name.size == 0 || name.size > model->limits.name) {
		return -ENAMETOOLONG;
	}
	if (node->definition_count >= model->limits.metrics) {
		return -EDQUOT;
	}
	if (index_find(&model->index, model_definition_owner(node), name) != NULL) {
		return -EEXIST;
	}
	error = model_take(model, total, &memory);
	if (error != 0) {
		return error;
	}
	definition = (struct model_definition *)(void *)memory;
	definition->size = total;
	memcpy(definition->name, name.at, name.size);
	memcpy(memory + head, value.at, value.size);
	definition->value = (struct sp_bytes){ memory + head, value.size };
	definition->by_name = (struct index_key){
		.owner = model_definition_owner(node), .name = { definition->name, name.size },
		.thing = definition,
	};
	index_add(&model->index, &definition->by_name);
	definition->next = node->definitions;
	node->definitions = definition;
	node->definition_count++;
	return 0;
}

void model_undefine(struct model *model, struct model_node *node)
{
	if (node->definitions == NULL) {
		return;
	}
	for (struct model_device *d = node->self; d != NULL; d = d->next) {
		for (struct model_metric *m = d->metrics; m != NULL; m = m->next) {
			m->definition = NULL;
		}
	}
	while (node->definitions != NULL) {
		struct model_definition *definition = node->definitions;

		node->definitions = definition->next;
		index_remove(&model->index, &definition->by_name);
		model->bytes -= definition->size;
		free(definition);
	}
	node->definition_count = 0;
}

const struct model_definition *model_definition(const struct model *model,
						const struct model_node *node,
						struct sp_bytes reference, bool *is_short_out)
{
	const void *owner = model_definition_owner(node);
	const struct model_definition *found = index_find(&model->index, owner, reference);
	size_t folder = strlen(MODEL_FOLDER);
	char name[2 * SP_ID_MAX + 16];

	*is_short_out = false;
	if (found != NULL || reference.size == 0 || reference.size > sizeof(name) - folder) {
		return found;
	}
	memcpy(name, MODEL_FOLDER, folder);
	memcpy(name + folder, reference.at, reference.size);
	*is_short_out = true;
	return index_find(&model->index, owner, (struct sp_bytes){ name, folder + reference.size });
}

void model_drop_metric(struct model *model, struct model_metric **at)
{
	struct model_metric *metric = *at;
	struct model_device *device = metric->device;

	*at = metric->next;
	if (device->metrics_end == &metric->next) {
		device->metrics_end = at;
	}
	index_remove(&model->index, &metric->by_alias);
	index_remove(&model->index, &metric->by_name);
	device->metric_count--;
	model->metric_count--;
	model_unmake(model, offsetof(struct model_metric, name), metric->name, metric);
}

static void model_free_device(struct model *model, struct model_device *device)
{
	while (device->metrics != NULL) {
		model_drop_metric(model, &device->metrics);
	}
	index_remove(&model->index, &device->by_name);
	model_unmake(model, offsetof(struct model_device, name), device->name, device);
}

void model_drop_device(struct model *model, struct model_device **at)
{
	struct model_device *device = *at;

	*at = device->next;
	device->node->device_count--;
	model->device_count--;
	model_free_device(model, device);
}

void model_drop_node(struct model *model, struct model_node *node)
{
	struct model_group *group = node->group;

	while (node->self->next != NULL) {
		model_drop_device(model, &node->self->next);
	}
	model_undefine(model, node);
	model_free_device(model, node->self);
	*node->back = node->next;
	if (node->next != NULL) {
		node->next->back = node->back;
	}
	index_remove(&model->index, &node->by_name);
	model->node_count--;
	model_unmake(model, offsetof(struct model_node, name), node->name, node);
	if (--group->node_count == 0) {
		model_drop_group(model, group);
	}
}
