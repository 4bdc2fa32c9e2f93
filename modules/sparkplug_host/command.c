/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes of the bus as NCMD and DCMD. Sparkplug has no answer to a command: it
 * is done when data shows what was written, and unknown when none does in time.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "modules/sparkplug_host/host.h"

#define COMMAND_MARGIN  (20 * EW_MILLISECOND)   /* our `unknown` before core's own */

static struct model_metric *command_find(struct host *host, uint32_t tag)
{
	const struct ew_tag_info *info = ew_tag(host->inst, tag);
	const struct ew_device_info *device = info != NULL ? ew_device(host->inst, info->device)
							   : NULL;
	const struct model *model = &host->machine.model;
	const struct model_device *found;
	struct sp_bytes ids[3] = { { "", 0 }, { "", 0 }, { "", 0 } };
	const struct model_node *node;
	const char *at;

	if (device == NULL) {
		return NULL;
	}
	at = device->spec.path;
	for (size_t i = 0; i < 3 && at != NULL; i++) { /* ids have no / */
		const char *end = strchr(at, '/');

		ids[i].at = at;
		ids[i].size = end != NULL ? (size_t)(end - at) : strlen(at);
		at = end != NULL ? end + 1 : NULL;
	}
	node = model_node(model, ids[0], ids[1]);
	found = node != NULL ? model_device(model, node, ids[2]) : NULL;
	return found != NULL ? model_metric(model, found, sp_text(info->spec.name)) : NULL;
}

static struct host_write *command_slot(struct host *host)
{
	for (size_t i = 0; i < HOST_WRITES_MAX; i++) {
		if (host->writes[i].write == NULL) {
			return &host->writes[i];
		}
	}
	return NULL;
}

static void command_finish(struct host *host, struct host_write *slot,
			   enum ew_write_result result, int error)
{
	struct ew_write_status status[EW_WRITE_ITEMS_MAX];

	for (size_t i = 0; i < slot->write->count; i++) {
		status[i].result = result;
		status[i].error = error;
	}
	host_count(host, result == EW_WRITE_DONE ? HOST_COMMANDS_DONE : HOST_COMMANDS_UNKNOWN, 1);
	(void)ew_write_done(host->inst, &slot->write, status); /* too late: core has answered */
}

static bool command_is_rebirth(const struct model_metric *metric)
{
	return metric->device->name[0] == '\0' &&
	       strcmp(metric->name, "Node Control/Rebirth") == 0;
}

/* Why an item cannot be sent; 0. */
static int command_check(const struct host *host, const struct ew_write *write,
			 const struct model_metric *metric, const struct model_device *device)
{
	if (host->settings->passive) {
		return -EROFS;
	}
	if (metric == NULL) {
		return -ENOENT;
	}
	if (metric->device != device) {
		return -EXDEV; /* one message is for one device */
	}
	if (host->epoch == 0 || device->life != MODEL_ALIVE) {
		return -EHOSTDOWN;
	}
	if (write->op == EW_WRITE_REFRESH) {
		return -EOPNOTSUPP;
	}
	return (write->op == EW_WRITE_EXECUTE ? metric->is_executable : metric->is_writable)
		       ? 0 : -EACCES;
}

/*
 * By alias where it has one; controls never have, and members are known by name.
 * A node without aliases is told datatypes too: many of them need to be.
 */
static struct sp_metric command_target(const struct host *host, const struct model_metric *metric)
{
	struct sp_metric target = { .has = SP_HAS_TIMESTAMP, .timestamp = host->machine.wall };
	const struct model_metric *top = metric;
	size_t skipped = 0;

	if (metric->instance != NULL) {
		skipped = strlen(metric->instance->name) + 1;
	}
	while (top->instance != NULL) {
		top = top->instance;
	}
	if (top == metric && top->by_alias.name.at != NULL) {
		target.has |= SP_HAS_ALIAS;
		target.alias = metric->alias;
		return target;
	}
	target.has |= SP_HAS_NAME;
	target.name = sp_text(metric->name + skipped);
	if (top->by_alias.name.at == NULL) {
		target.has |= SP_HAS_DATATYPE;
		target.datatype = metric->type;
	}
	return target;
}

/* A member goes in an instance that has only this; that may be a member again. */
static int command_put(struct host *host, struct sp_writer *writer,
		       const struct model_metric *metric, const struct sp_metric *target)
{
	const struct model_metric *instance = metric->instance;
	size_t size = 4 * SP_SLACK + DATA_NAME_MAX + target->name.size +
		      (target->value.carrier >= SP_TEXT ? target->value.x.size : 0);
	struct sp_template head = { .has = SP_HAS_REFERENCE | SP_HAS_DEFINITION };
	struct sp_metric outer;
	struct sp_writer inner;
	uint8_t *memory;
	int error;

	if (instance == NULL) {
		return sp_metric_put(writer, target);
	}
	if (instance->definition == NULL) {
		return -EHOSTDOWN; /* its node is being born anew */
	}
	memory = malloc(size);
	if (memory == NULL) {
		return -ENOMEM;
	}
	head.reference = sp_text(instance->definition->name +
				 (instance->is_short ? strlen(MODEL_FOLDER) : 0));
	sp_writer_init(&inner, memory, size);
	error = sp_template_put(&inner, &head);
	if (error == 0) {
		error = sp_metric_put(&inner, target);
	}
	outer = command_target(host, instance);
	outer.value = (struct sp_value){ .carrier = SP_TEMPLATE, .x = sp_written(&inner) };
	if (error == 0) {
		error = command_put(host, writer, instance, &outer);
	}
	free(memory);
	return error;
}

static int command_item(struct host *host, struct sp_writer *writer,
			const struct model_metric *metric, const struct ew_sample *item)
{
	struct sp_metric target = command_target(host, metric);
	int error = 0;

	if (item->type == EW_NONE) {
		target.value.carrier = SP_BOOL; /* a button is pressed */
		target.value.u = 1;
	} else {
		error = value_encode(metric->type, item, &host->room, &target.value);
	}
	return error != 0 ? error : command_put(host, writer, metric, &target);
}

/* Looks at all, then sends one message. */
static int command_send(struct host *host, struct host_write *slot)
{
	const struct ew_write *write = slot->write;
	struct sp_writer writer;
	int error = 0;

	sp_writer_init(&writer, host->memory, host->memory_size);
	for (size_t i = 0; i < write->count && error == 0; i++) {
		struct model_metric *metric = command_find(host, write->items[i].tag);

		if (i == 0 && metric != NULL) {
			slot->device = metric->device;
		}
		slot->metrics[i] = metric;
		if (metric != NULL) {
			metric->is_awaited = true;
		}
		error = command_check(host, write, metric, slot->device);
		if (error == 0) {
			error = command_item(host, &writer, metric, &write->items[i]);
		}
	}
	return error != 0 ? error : session_command(host, slot->device, &writer);
}

static bool command_equals(const struct model_metric *metric, const struct ew_sample *wanted,
			   const struct ew_sample *seen)
{
	if (wanted->type == EW_NONE || wanted->type != seen->type) {
		return false;
	}
	switch (wanted->type) {
	case EW_BOOL:
		return wanted->v.b == seen->v.b;
	case EW_F64:
		return metric->type == SP_TYPE_FLOAT
			       ? !((float)wanted->v.f < (float)seen->v.f) &&
					 !((float)wanted->v.f > (float)seen->v.f)
			       : !(wanted->v.f < seen->v.f) && !(wanted->v.f > seen->v.f);
	case EW_TEXT:
	case EW_BYTES:
		return wanted->v.x.size == seen->v.x.size &&
		       (seen->v.x.size == 0 ||
			memcmp(wanted->v.x.at, seen->v.x.at, seen->v.x.size) == 0);
	case EW_I64:
		return metric->type == SP_TYPE_DATETIME
			       ? wanted->v.i / 1000000 == seen->v.i / 1000000
			       : wanted->v.i == seen->v.i;
	default:
		return wanted->v.u == seen->v.u;
	}
}

static void command_arm(struct host *host)
{
	ew_dur next = INT64_MAX;

	for (size_t i = 0; i < HOST_WRITES_MAX; i++) {
		if (host->writes[i].write != NULL && host->writes[i].until < next) {
			next = host->writes[i].until;
		}
	}
	if (next == INT64_MAX) {
		ew_timer_stop(host->command_timer);
	} else {
		ew_timer_set(host->command_timer, next - ew_now(), 0);
	}
}

void command_write(struct host *host, struct ew_write *write)
{
	struct host_write *slot = command_slot(host);
	ew_dur until = ew_now() + host->settings->command_timeout;
	int error = slot != NULL ? 0 : -EBUSY;

	host_now(host);
	if (error == 0) {
		memset(slot, 0, sizeof(*slot));
		slot->write = write;
		slot->left = (uint32_t)write->count;
		slot->until = write->not_after - COMMAND_MARGIN < until
				      ? write->not_after - COMMAND_MARGIN : until;
		error = command_send(host, slot);
	}
	if (error != 0) {
		host_count(host, HOST_COMMANDS_REFUSED, 1);
		if (slot != NULL) {
			slot->write = NULL;
		}
		(void)ew_write_refuse(host->inst, &write, error); /* too late: core has answered */
		return;
	}
	host_count(host, HOST_COMMANDS, 1);
	command_arm(host);
}

static void command_seen(struct host *host, struct host_write *slot, size_t item)
{
	slot->metrics[item] = NULL;
	if (--slot->left == 0) {
		command_finish(host, slot, EW_WRITE_DONE, 0);
	}
}

void command_saw(struct host *host, struct model_metric *metric, const struct ew_sample *sample)
{
	bool is_awaited = false;

	for (size_t i = 0; metric->is_awaited && i < HOST_WRITES_MAX; i++) {
		struct host_write *slot = &host->writes[i];

		if (slot->write == NULL || slot->device != metric->device) {
			continue;
		}
		is_awaited = true;
		for (size_t k = 0; slot->write != NULL && k < slot->write->count; k++) {
			if (slot->metrics[k] == metric &&
			    command_equals(metric, &slot->write->items[k], sample)) {
				command_seen(host, slot, k);
			}
		}
	}
	metric->is_awaited = is_awaited;
}

void command_born(struct host *host, const struct model_device *device)
{
	for (size_t i = 0; i < HOST_WRITES_MAX; i++) {
		struct host_write *slot = &host->writes[i];

		if (slot->write == NULL || slot->device != device) {
			continue;
		}
		for (size_t k = 0; slot->write != NULL && k < slot->write->count; k++) {
			if (slot->metrics[k] != NULL && command_is_rebirth(slot->metrics[k])) {
				command_seen(host, slot, k);
			}
		}
	}
}

void command_lost(struct host *host, const struct model_device *device)
{
	for (size_t i = 0; i < HOST_WRITES_MAX; i++) {
		struct host_write *slot = &host->writes[i];

		if (slot->write != NULL && (device == NULL || slot->device == device)) {
			command_finish(host, slot, EW_WRITE_UNKNOWN, -ECONNRESET);
		}
	}
}

void command_forget(struct host *host, const struct model_metric *metric)
{
	for (size_t i = 0; i < HOST_WRITES_MAX; i++) {
		struct host_write *slot = &host->writes[i];

		for (size_t k = 0; slot->write != NULL && k < slot->write->count; k++) {
			if (slot->metrics[k] == metric) {
				command_finish(host, slot, EW_WRITE_UNKNOWN, -ENOENT);
			}
		}
	}
}

void command_on_timer(void *arg)
{
	struct host *host = arg;
	ew_dur now = ew_now();

	for (size_t i = 0; i < HOST_WRITES_MAX; i++) {
		struct host_write *slot = &host->writes[i];

		if (slot->write != NULL && slot->until <= now) {
			command_finish(host, slot, EW_WRITE_UNKNOWN, -ETIMEDOUT);
		}
	}
	command_arm(host);
}
