/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NCMD and DCMD. The controls of the node are done here; all other metrics of a
 * message become one write, all or none. Nobody is told of an answer by
 * Sparkplug: what was done comes back as data from the owner of the tag, what
 * was not is answered by the value as it still is.
 */
#include "modules/sparkplug/edge.h"

#include <errno.h>
#include <string.h>

/* What a message asks for, as far as it was read. */
struct command {
	struct edge *edge;
	struct model_device *device;
	struct ew_sample items[EW_WRITE_ITEMS_MAX];
	size_t count;
	bool is_execute;
	bool rebirth, next_server;
	bool is_malformed;
	size_t room_used;
};

static struct edge_write *command_write(struct edge *edge, uint64_t token)
{
	for (size_t i = 0; i < EDGE_WRITES_MAX; i++) {
		if (edge->writes[i].token == token) {
			return &edge->writes[i];
		}
	}
	return NULL;
}

/* Controls act on true; their names are the node's, never a tag's. */
static bool command_control(struct command *command, const struct sp_metric *metric)
{
	bool is_true = metric->value.carrier == SP_BOOL && metric->value.u != 0;

	if (!command->device->is_node || (metric->has & SP_HAS_NAME) == 0) {
		return false;
	}
	if (sp_bytes_equal(metric->name, sp_text("Node Control/Rebirth"))) {
		command->rebirth |= is_true;
		return true;
	}
	if (sp_bytes_equal(metric->name, sp_text("Node Control/Next Server"))) {
		command->next_server |= is_true;
		return true;
	}
	return false;
}

static struct model_metric *command_target(const struct command *command,
					   const struct sp_metric *metric)
{
	struct model_metric *instance = command->device->instance.metric;
	struct model_metric *target = NULL;

	if (metric->has & SP_HAS_ALIAS) {
		target = model_by_alias(&command->edge->model, metric->alias);
	}
	if (target == NULL && metric->has & SP_HAS_NAME) {
		target = model_by_name(command->device, metric->name);
	}
	if (target == NULL && metric->has & SP_HAS_NAME && instance != NULL &&
	    sp_bytes_equal(metric->name, sp_text(instance->name))) {
		target = instance;
	}
	return target != NULL && target->device == command->device ? target : NULL;
}

/* Errors: -EPROTO a value that is not of its type;  -E2BIG */
static int command_set(struct command *command, const struct model_metric *target,
		       const struct sp_metric *metric)
{
	struct edge *edge = command->edge;
	struct value_room room = { edge->memory + command->room_used,
				   edge->memory_size - command->room_used };
	struct ew_sample *item = &command->items[command->count];
	int error = 0;

	if (command->count == EW_WRITE_ITEMS_MAX) {
		return -E2BIG;
	}
	*item = ew_sample_none(target->tag, 0);
	if (!target->is_executable) {
		error = metric->is_null ? -EPROTO
					: value_decode(target->type, &metric->value, &room, item);
		item->flags = 0;
	}
	if (error == 0 && command->count > 0 && command->is_execute != target->is_executable) {
		error = -EPROTO; /* one write has one kind */
	}
	if (error == 0) {
		command->is_execute = target->is_executable;
		command->count++;
	}
	if (error == 0 && item->v.x.at == room.memory && ew_sample_has_bytes(item)) {
		command->room_used += (item->v.x.size + 7u) & ~7u;
	}
	return error;
}

/* What a host writes of an instance are the members that it says. */
static int command_members(struct command *command, const struct sp_metric *metric)
{
	struct model_device *device = command->device;
	struct sp_reader metrics, parameters;
	struct sp_template template_;
	struct sp_metric source;
	int error = -EPROTO, more = 0;

	if (metric->value.carrier == SP_TEMPLATE) {
		error = sp_template_decode(metric->value.x, &template_, &metrics, &parameters);
	}
	if (error == 0 && template_.has & SP_HAS_DEFINITION && template_.is_definition) {
		error = -EPROTO;
	}
	while (error == 0 && (more = sp_metric_next(&metrics, &source)) > 0) {
		const struct model_metric *member =
			source.has & SP_HAS_NAME ? model_by_name(device, source.name) : NULL;

		error = member != NULL && member->is_member ? command_set(command, member, &source)
							    : -ENOENT;
	}
	return error != 0 ? error : more;
}

/* Errors: -ENOENT no such metric;  as command_set() */
static int command_item(struct command *command, const struct sp_metric *metric)
{
	const struct model_metric *target = command_target(command, metric);

	if (target == NULL) {
		return -ENOENT;
	}
	return target == command->device->instance.metric ? command_members(command, metric)
							  : command_set(command, target, metric);
}

static int command_read(struct command *command, struct sp_bytes bytes)
{
	struct sp_payload payload;
	struct sp_reader metrics;
	struct sp_metric metric;
	int error = sp_payload_decode(bytes, &value_limits, &payload, &metrics);

	command->is_malformed = error != 0;
	while (error == 0) {
		int more = sp_metric_next(&metrics, &metric);

		if (more <= 0) {
			command->is_malformed = more < 0;
			return more;
		}
		edge_count(command->edge, EDGE_COMMANDS, 1);
		if (!command_control(command, &metric)) {
			error = command_item(command, &metric);
		}
	}
	return error;
}

static int command_hand_over(struct command *command, const char *topic)
{
	struct edge *edge = command->edge;
	struct edge_write *write = command_write(edge, 0);
	struct ew_write_request request = {
		.size = sizeof(request), .items = command->items, .count = command->count,
		.op = command->is_execute ? EW_WRITE_EXECUTE : EW_WRITE_SET,
		.priority = EW_PRIORITY_REMOTE, .remote = topic,
		.token = edge->next_token + 1,
	};
	int error;

	if (write == NULL) {
		return -EBUSY;
	}
	error = ew_write(edge->inst, &request);
	if (error == 0) {
		edge->next_token++;
		write->token = request.token;
		write->count = (uint32_t)command->count;
		for (size_t i = 0; i < command->count; i++) {
			write->tags[i] = command->items[i].tag;
		}
	}
	return error;
}

/* Nothing of a refused message is done; its values are told as they are. */
static void command_refuse(struct command *command, const char *topic, int error)
{
	uint32_t tags[EW_WRITE_ITEMS_MAX];

	edge_count(command->edge, command->is_malformed ? EDGE_MALFORMED : EDGE_REFUSED, 1);
	ew_log(command->edge->inst, EW_LOG_WARNING, "a command is refused topic=%s: %s", topic,
	       strerror(-error));
	for (size_t i = 0; i < command->count; i++) {
		tags[i] = command->items[i].tag;
	}
	edge_reflect(command->edge, tags, command->count);
}

void edge_on_command(struct edge *edge, const struct ew_uplink_received *message)
{
	struct command command = { .edge = edge };
	struct sp_topic topic;
	int error = sp_topic_parse(sp_text(message->topic), &topic);

	if (error == 0) {
		command.device = topic.verb == SP_NCMD ? edge->model.node
						       : model_by_topic(&edge->model, topic.device);
	}
	if (command.device == NULL || message->retain) {
		edge_count(edge, EDGE_REFUSED, 1);
		return;
	}
	error = command_read(&command, (struct sp_bytes){ message->payload,
							  message->payload_size });
	if (error == 0 && command.count > 0) {
		error = command_hand_over(&command, message->topic);
	}
	if (error != 0) {
		command_refuse(&command, message->topic, error);
		return;
	}
	if (command.next_server) {
		edge_step(edge, node_leave(&edge->node), "a host asked for the next server");
	} else if (command.rebirth) {
		edge_count(edge, EDGE_REBIRTHS, 1);
		edge_rebirth(edge, "a host asked for it");
	}
}

void edge_on_answer(struct edge *edge, const struct ew_write_answer *answer)
{
	struct edge_write *write = command_write(edge, answer->token);
	bool done = true;

	if (write == NULL || answer->token == 0) {
		return;
	}
	for (size_t i = 0; i < answer->count; i++) {
		done &= answer->status[i].result == EW_WRITE_DONE;
	}
	if (!done) {
		edge_count(edge, EDGE_REFUSED, answer->count);
		ew_log(edge->inst, EW_LOG_INFO, "a command was not done: %s", answer->text);
		edge_reflect(edge, write->tags, write->count);
	}
	write->token = 0;
}
