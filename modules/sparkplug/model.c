/* SPDX-License-Identifier: Apache-2.0 */
#include "modules/sparkplug/model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "modules/sparkplug/value.h"

/* Make an array of pointers long enough for an index; the new part is NULL. */
static int model_reach(void *array_at, size_t *room, size_t index)
{
	void ***array = array_at;
	size_t wanted = *room > 0 ? *room : 64;
	void **grown;

	if (index < *room) {
		return 0;
	}
	while (wanted <= index) {
		wanted *= 2;
	}
	grown = realloc(*array, wanted * sizeof(*grown));
	if (grown == NULL) {
		return -ENOMEM;
	}
	memset(grown + *room, 0, (wanted - *room) * sizeof(*grown));
	*array = grown;
	*room = wanted;
	return 0;
}

static struct model_device *model_new_device(const char *path)
{
	size_t size = strlen(path) + 1;
	struct model_device *device = calloc(1, sizeof(*device) + size);

	if (device != NULL) {
		memcpy(device->path, path, size);
		device->metrics_end = &device->metrics;
	}
	return device;
}

int model_init(struct model *model, const char *node_path, struct alias_book *book)
{
	*model = (struct model){ .book = book, .node_path = node_path };
	model->node = model_new_device(node_path);
	if (model->node == NULL) {
		return -ENOMEM;
	}
	model->node->is_node = true;
	model->node->is_up = true;
	return 0;
}

static void model_free_instance(struct model *model, struct model_device *device)
{
	if (device->instance.metric != NULL) {
		model->aliases[device->instance.metric->alias] = NULL;
		free(device->instance.metric);
	}
	free(device->instance.open.begin);
	device->instance = (struct model_instance){ 0 };
}

static void model_free_metrics(struct model *model, struct model_device *device)
{
	model_free_instance(model, device);
	while (device->metrics != NULL) {
		struct model_metric *metric = device->metrics;

		device->metrics = metric->next;
		model->metrics[metric->tag] = NULL;
		model->aliases[metric->alias] = NULL;
		free(metric);
	}
	device->metrics_end = &device->metrics;
	device->metric_count = 0;
}

static void model_free_device(struct model *model, struct model_device *device)
{
	model_free_metrics(model, device);
	free(device->report.begin);
	free(device);
}

void model_fini(struct model *model)
{
	for (size_t i = 0; i < model->device_room; i++) {
		if (model->devices[i] != NULL && model->devices[i] != model->node) {
			model_free_device(model, model->devices[i]);
		}
	}
	if (model->node != NULL) {
		model_free_device(model, model->node);
	}
	free(model->devices);
	free(model->metrics);
	free(model->aliases);
	*model = (struct model){ 0 };
}

struct model_device *model_device(const struct model *model, uint32_t id)
{
	return id < model->device_room ? model->devices[id] : NULL;
}

struct model_metric *model_metric(const struct model *model, uint32_t tag)
{
	return tag < model->metric_room ? model->metrics[tag] : NULL;
}

struct model_metric *model_by_alias(const struct model *model, uint64_t alias)
{
	return alias < model->alias_room ? model->aliases[alias] : NULL;
}

struct model_device *model_next(const struct model *model, const struct model_device *previous)
{
	size_t id = previous == NULL || previous->is_node ? 0 : previous->id + 1u;

	if (previous == NULL) {
		return model->node;
	}
	for (; id < model->device_room; id++) {
		if (model->devices[id] != NULL && !model->devices[id]->is_node) {
			return model->devices[id];
		}
	}
	return NULL;
}

struct model_device *model_by_topic(const struct model *model, struct sp_bytes name)
{
	for (struct model_device *device = model_next(model, model->node); device != NULL;
	     device = model_next(model, device)) {
		if (sp_bytes_equal(sp_text(device->topic_device), name)) {
			return device;
		}
	}
	return NULL;
}

struct model_metric *model_by_name(const struct model_device *device, struct sp_bytes name)
{
	struct model_metric *metric = device->metrics;

	while (metric != NULL && !sp_bytes_equal(sp_text(metric->name), name)) {
		metric = metric->next;
	}
	return metric;
}

/* A path has levels, an id has none: a colon stands for the slash. */
static int model_name(const struct model *model, struct model_device *device)
{
	struct model_device *other;

	if (strlen(device->path) > SP_ID_MAX) {
		return -EINVAL;
	}
	memcpy(device->topic_device, device->path, strlen(device->path) + 1);
	for (char *at = device->topic_device; *at != '\0'; at++) {
		*at = *at == '/' ? ':' : *at;
	}
	if (!sp_id_is_valid(sp_text(device->topic_device))) {
		return -EINVAL;
	}
	other = model_by_topic(model, sp_text(device->topic_device));
	return other != NULL ? -EEXIST : 0;
}

int model_add_device(struct model *model, const struct ew_device_info *info,
		     struct model_device **device_out)
{
	struct model_device *device = model_device(model, info->id);
	int error;

	if (device != NULL) {
		device->is_removed = false;
		*device_out = device;
		return 0;
	}
	error = model_reach(&model->devices, &model->device_room, info->id);
	if (error != 0) {
		return error;
	}
	if (strcmp(info->spec.path, model->node_path) == 0) {
		device = model->node;
	} else {
		device = model_new_device(info->spec.path);
		error = device != NULL ? model_name(model, device) : -ENOMEM;
		if (error != 0) {
			free(device);
			return error;
		}
	}
	device->id = info->id;
	model->devices[info->id] = device;
	*device_out = device;
	return 0;
}

/* Names that the node gives itself. */
static bool model_is_own_name(const struct model_device *device, const char *name)
{
	return device->is_node && (strcmp(name, "bdSeq") == 0 ||
				   strncmp(name, "Node Control/", 13) == 0);
}

/* A metric with its alias, not yet in any list. */
static int model_new_metric(struct model *model, struct model_device *device, const char *name,
			    struct model_metric **metric_out)
{
	size_t size = strlen(name) + 1;
	struct model_metric *metric;
	uint32_t alias;
	int error = alias_of(model->book, device->path, name, &alias);

	if (error == 0) {
		error = model_reach(&model->aliases, &model->alias_room, alias);
	}
	if (error != 0) {
		return error;
	}
	if (model->aliases[alias] != NULL) {
		return -EEXIST; /* an edited file gives a number twice */
	}
	metric = calloc(1, sizeof(*metric) + size);
	if (metric == NULL) {
		return -ENOMEM;
	}
	memcpy(metric->name, name, size);
	metric->alias = alias;
	metric->device = device;
	model->aliases[alias] = metric;
	*metric_out = metric;
	return 0;
}

static int model_new_tag(struct model *model, struct model_device *device, uint32_t tag,
			 const char *name)
{
	struct model_metric *metric;
	int error = model_reach(&model->metrics, &model->metric_room, tag);

	if (error == 0) {
		error = model_new_metric(model, device, name, &metric);
	}
	if (error != 0) {
		return error;
	}
	metric->tag = tag;
	model->metrics[tag] = metric;
	*device->metrics_end = metric;
	device->metrics_end = &metric->next;
	device->metric_count++;
	return 0;
}

int model_add_tag(struct model *model, const struct ew_tag_info *info)
{
	struct model_device *device = model_device(model, info->device);
	struct model_metric *metric = model_metric(model, info->id);
	unsigned type = value_type(info->spec.type);
	size_t room = value_room_size(type, info->spec.max_bytes);
	int error;

	if (device == NULL) {
		return -ENOENT;
	}
	if (type == SP_TYPE_UNKNOWN) {
		return -ENOTSUP;
	}
	if (model_is_own_name(device, info->spec.name)) {
		return -EEXIST;
	}
	if (metric == NULL) {
		error = model_new_tag(model, device, info->id, info->spec.name);
		if (error != 0) {
			return error;
		}
		metric = model->metrics[info->id];
	}
	metric->type = type;
	metric->is_born = false;
	metric->is_executable = (info->spec.access & EW_ACCESS_EXECUTE) != 0 &&
				(info->spec.access & EW_ACCESS_WRITE) == 0;
	model->room_size = room > model->room_size ? room : model->room_size;
	device->is_stale = true;
	return 0;
}

void model_remove_tag(struct model *model, uint32_t tag)
{
	struct model_metric *metric = model_metric(model, tag);
	struct model_metric **at;

	if (metric == NULL) {
		return;
	}
	at = &metric->device->metrics;
	while (*at != metric) {
		at = &(*at)->next;
	}
	*at = metric->next;
	if (metric->device->metrics_end == &metric->next) {
		metric->device->metrics_end = at;
	}
	metric->device->metric_count--;
	metric->device->is_stale = true;
	model->metrics[tag] = NULL;
	model->aliases[metric->alias] = NULL;
	free(metric);
}

int model_name_instance(struct model *model, struct model_device *device, const char *name)
{
	struct model_metric *metric = device->instance.metric;
	int error;

	if (metric != NULL && strcmp(metric->name, name) == 0) {
		return 0;
	}
	if (model_by_name(device, sp_text(name)) != NULL) {
		return -EEXIST;
	}
	model_free_instance(model, device);
	error = model_new_metric(model, device, name, &metric);
	if (error == 0) {
		metric->type = SP_TYPE_TEMPLATE;
		device->instance.metric = metric;
	}
	return error;
}

void model_remove_device(struct model *model, struct model_device *device)
{
	model->devices[device->id] = NULL;
	if (device->is_node) {
		model_free_metrics(model, device);
		device->id = EW_NO_ID;
		device->is_removed = false;
		device->is_stale = true;
	} else {
		model_free_device(model, device);
	}
}
