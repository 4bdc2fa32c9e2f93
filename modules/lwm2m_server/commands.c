/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes of the bus to clients: set is Write, execute is Execute, refresh is
 * Read. Core has checked who may; a write is done when the client says so,
 * refused when it says no or was not asked, and unknown when it says nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "modules/lwm2m_server/lwm2m_server.h"
#include "modules/lwm2m_server/request.h"

#define MARGIN  (20 * EW_MILLISECOND)   /* our `unknown` before core's own */

struct command {
	struct ask_caller caller;       /* first: the command is where its caller is */
	struct lwm2m_server *self;
	struct command *next;
	struct command **at;            /* what points here */
	struct ew_write *write;
	char endpoint[LWM2M_ENDPOINT_MAX + 1];
	size_t count;
	struct body_item items[EW_WRITE_ITEMS_MAX];
	struct request request;
};

static void command_free(struct command *command)
{
	*command->at = command->next;
	if (command->next != NULL) {
		command->next->at = command->at;
	}
	free(command);
}

void commands_close(struct lwm2m_server *self)
{
	while (self->commands != NULL) {
		command_free(self->commands);
	}
}

/* ---- what is asked ---- */

/* Where a tag is: whose, and under which path. */
static int command_place(struct command *command, uint32_t tag, struct body_item *item)
{
	struct ew_instance *inst = command->self->inst;
	const struct ew_tag_info *info = ew_tag(inst, tag);
	const struct ew_device_info *device = info == NULL ? NULL : ew_device(inst, info->device);
	size_t size = device == NULL ? 0 : strcspn(device->spec.path, "/");

	if (device == NULL || info->spec.property_count == 0 || size > LWM2M_ENDPOINT_MAX) {
		return -ENOENT;
	}
	if (command->count == 0) {
		memcpy(command->endpoint, device->spec.path, size);
	} else if (strlen(command->endpoint) != size ||
		   memcmp(command->endpoint, device->spec.path, size) != 0) {
		return -EXDEV;          /* all or none: one request is for one client */
	}
	item->words = info->spec.properties[0].value;
	return lwm2m_path_parse(item->words, strlen(item->words), &item->path);
}

static int command_value(const struct command *command, const struct ew_sample *sample,
			 struct body_item *item)
{
	struct lwm2m_value *value = &item->value;
	struct lwm2m_resource resource;
	bool is_known = catalog_resource(&command->self->catalog, &item->path, &resource) &&
			resource.type != LWM2M_NONE;

	switch ((enum ew_carrier)sample->type) {
	case EW_BOOL:
		value->type = LWM2M_BOOLEAN;
		value->v.b = sample->v.b;
		break;
	case EW_I64:
		value->type = LWM2M_INTEGER;
		value->v.i = is_known && resource.type == LWM2M_TIME ?
			     sample->v.i / EW_SECOND : sample->v.i;
		break;
	case EW_U64:
		value->type = LWM2M_UNSIGNED;
		value->v.u = sample->v.u;
		break;
	case EW_F64:
		value->type = LWM2M_FLOAT;
		value->v.f = sample->v.f;
		break;
	case EW_TEXT:
	case EW_BYTES:
		value->type = sample->type == EW_TEXT ? LWM2M_STRING : LWM2M_OPAQUE;
		value->v.x.at = sample->v.x.at;
		value->v.x.size = sample->v.x.size;
		break;
	case EW_NONE:
		return -EINVAL;
	}
	if (is_known && resource.type == LWM2M_FLOAT && value->type == LWM2M_FLOAT) {
		return 0;
	}
	/* text is of its type already: there is no base64 to decode */
	return is_known && resource.type != LWM2M_STRING && resource.type != LWM2M_OPAQUE &&
	       lwm2m_value_convert(value, (enum lwm2m_type)resource.type, NULL) != 0 ?
	       -EINVAL : 0;
}

static int command_collect(struct command *command)
{
	const struct ew_write *write = command->write;
	int rc = write->op == EW_WRITE_EXECUTE && write->count > 1 ? -EXDEV : 0;

	for (; command->count < write->count && rc == 0; command->count++) {
		struct body_item *item = &command->items[command->count];

		rc = command_place(command, write->items[command->count].tag, item);
		if (rc == 0 && write->op == EW_WRITE_SET) {
			rc = command_value(command, &write->items[command->count], item);
		}
	}
	return rc;
}

static int command_ask(struct command *command, enum lwm2m_operation operation)
{
	struct lwm2m_server *self = command->self;
	struct request *request = &command->request;
	struct server_order order = {
		.endpoint = command->endpoint, .request = &request->message,
		.timeout = self->settings->timeout, .caller = &command->caller,
	};
	ew_dur left;
	uint64_t id;
	int rc;

	memset(&request->message, 0, sizeof(request->message));
	rc = request_make(request, operation, command->items, command->count);
	if (rc != 0) {
		return rc;
	}
	if (operation == LWM2M_OP_EXECUTE && command->write->items[0].type == EW_TEXT) {
		request->message.payload.at = command->write->items[0].v.x.at;
		request->message.payload.size = command->write->items[0].v.x.size;
		request->message.has |= LWM2M_HAS(PAYLOAD);
	}
	left = command->write->not_after - MARGIN - ew_now();
	order.timeout = left < order.timeout ? left : order.timeout;
	return order.timeout <= 0 ? -ETIMEDOUT :
	       server_ask(&self->server, &order, ew_now(), &id);
}

/* ---- what became of it ---- */

static int command_errno(unsigned result)
{
	switch (result) {
	case LWM2M_BAD_REQUEST:
		return -EINVAL;
	case LWM2M_UNAUTHORIZED:
		return -EPERM;
	case LWM2M_NOT_FOUND:
		return -ENOENT;
	case LWM2M_NOT_ALLOWED:
		return -EACCES;
	case 0:
		return -EHOSTDOWN;      /* it did not leave */
	default:
		return -EIO;
	}
}

static void command_finish(struct command *command, enum ew_write_result result, int error)
{
	struct lwm2m_server *self = command->self;
	struct ew_write_status status[EW_WRITE_ITEMS_MAX];

	for (size_t i = 0; i < command->write->count; i++) {
		status[i] = (struct ew_write_status){.result = result, .error = error};
	}
	ew_metric_add(self->inst, result == EW_WRITE_DONE ? METRIC_COMMANDS_DONE :
		      result == EW_WRITE_REFUSED ? METRIC_COMMANDS_REFUSED :
		      METRIC_COMMANDS_UNKNOWN, 1);
	(void)ew_write_done(self->inst, &command->write, status); /* too late: core has answered */
}

static void command_on_finished(struct ask_caller *caller, struct ask *ask)
{
	struct command *command = (struct command *)caller;
	enum ask_state state = ask->state;

	command_finish(command, state == ASK_DONE ? EW_WRITE_DONE :
		       state == ASK_FAILED ? EW_WRITE_REFUSED : EW_WRITE_UNKNOWN,
		       state == ASK_DONE ? 0 :
		       state == ASK_FAILED ? command_errno(ask->result) : -ETIMEDOUT);
	command_free(command);
}

void commands_write(struct lwm2m_server *self, struct ew_write *write)
{
	static const enum lwm2m_operation operations[] = {
		[EW_WRITE_SET] = LWM2M_OP_WRITE_REPLACE, [EW_WRITE_EXECUTE] = LWM2M_OP_EXECUTE,
		[EW_WRITE_REFRESH] = LWM2M_OP_READ,
	};
	struct command *command = calloc(1, sizeof(*command));
	int rc;

	if (command == NULL) {
		(void)ew_write_refuse(self->inst, &write, -ENOMEM);     /* or too late */
		return;
	}
	command->caller.finished = command_on_finished;
	command->self = self;
	command->write = write;
	command->next = self->commands;
	command->at = &self->commands;
	if (command->next != NULL) {
		command->next->at = &command->next;
	}
	self->commands = command;
	rc = command_collect(command);
	if (rc == 0) {
		rc = command_ask(command, operations[write->op]);
	}
	if (rc != 0) {
		command_finish(command, EW_WRITE_REFUSED, rc == -ENOENT ? -EHOSTDOWN : rc);
		command_free(command);
	}
}
