/* SPDX-License-Identifier: Apache-2.0 */
/* The client's machine: registration, and what comes in. See client.h. */
#include "modules/lwm2m/client.h"

#include <string.h>

#include "proto/lwm2m/split.h"

#define SECOND        INT64_C(1000000000)
#define ANSWER_TIME   (10 * SECOND)     /* for the answer to Register, Update, De-register */
#define RETRY_FIRST   (60 * SECOND)     /* doubled with each attempt: /1/x/18 */
#define RETRY_COUNT   5u                /* /1/x/17 */
#define RETRY_PAUSE   (86400 * SECOND)  /* after that many: /1/x/19 */
#define MARGIN        (5 * SECOND)      /* an Update comes at least so long before the end */

static const char *const state_names[] = {
#define CLIENT_STATE_NAME(name, word) [CLIENT_##name] = (word),
	CLIENT_STATES(CLIENT_STATE_NAME)
#undef CLIENT_STATE_NAME
};

const char *client_state_name(enum client_state state)
{
	return state_names[state];
}

static int client_bulk_send(void *arg, uint32_t token, const void *payload, size_t size)
{
	struct client *client = arg;
	const struct lwm2m_message message = {
		.has = LWM2M_HAS(OPERATION) | LWM2M_HAS(TOKEN) | LWM2M_HAS(CT) |
		       LWM2M_HAS(PAYLOAD),
		.operation = LWM2M_OP_SEND, .token = token, .ct = LWM2M_CONTENT_SENML_CBOR,
		.payload = {payload, size},
	};

	return client->ops.publish(client->ops.arg, &message, true);
}

static int client_notify(void *arg, uint64_t token, unsigned content, struct lwm2m_text payload)
{
	struct client *client = arg;
	const struct lwm2m_message message = {
		.has = LWM2M_HAS(OPERATION) | LWM2M_HAS(TOKEN) | LWM2M_HAS(CT) |
		       LWM2M_HAS(PAYLOAD),
		.operation = LWM2M_OP_NOTIFY, .token = token, .ct = content, .payload = payload,
	};

	return client->ops.publish(client->ops.arg, &message, false);
}

int client_init(struct client *client, const struct client_settings *settings,
		const struct client_ops *ops, struct tree *tree,
		const struct bulk_settings *bulk)
{
	const struct bulk_ops bulk_ops = {
		.send = client_bulk_send, .send_arg = client, .hold = ops->hold,
		.release = ops->release, .settle = ops->settle, .arg = ops->arg,
	};
	const struct observe_ops observe_ops = {
		.content = client_content, .notify = client_notify, .arg = client,
	};

	memset(client, 0, sizeof(*client));
	client->settings = *settings;
	client->ops = *ops;
	client->tree = tree;
	observe_init(&client->observe, &observe_ops, tree);
	client->lifetime = settings->lifetime;
	client->muted = settings->muted;
	/* odd, and another one after each start: what is late is not ours */
	client->token = (uint32_t)(ops->wall(ops->arg) / 1000) % (UINT32_C(1) << 29) * 2 + 1;
	return bulk_init(&client->bulk, bulk, &bulk_ops, tree,
			 client->token + (UINT32_C(1) << 30));
}

void client_fini(struct client *client)
{
	bulk_fini(&client->bulk);
	observe_fini(&client->observe);
}

/* ---- states ---- */

static void client_enter(struct client *client, enum client_state next, const char *why)
{
	if (client->state != next) {
		client->state = next;
		client->pending = 0;
		client->ops.entered(client->ops.arg, next, why);
	}
}

/* The object list as the payload of a Register or Update. */
static struct lwm2m_text client_links(struct client *client)
{
	uint8_t *begin = client->settings.payload;
	struct lwm2m_links_out links = {.out = {begin, begin + CLIENT_ROOM / 2, false}};

	tree_links(client->tree, &links);
	return (struct lwm2m_text){(const char *)begin, (size_t)(links.out.at - begin)};
}

static void client_ask(struct client *client, struct lwm2m_message *message, ew_dur now)
{
	message->has |= LWM2M_HAS(OPERATION) | LWM2M_HAS(TOKEN);
	message->token = client->token;
	client->pending = client->token;
	client->pending_operation = message->operation;
	client->timeout = now + ANSWER_TIME;
	client->token += 2;
	if (client->ops.publish(client->ops.arg, message, false) != 0) {
		client->timeout = now + SECOND;         /* no answer comes: try again soon */
	}
}

static void client_register(struct client *client, ew_dur now, const char *why)
{
	struct lwm2m_message message = {
		.has = LWM2M_HAS(PAYLOAD) | LWM2M_HAS(LIFETIME) | LWM2M_HAS(VERSION) |
		       LWM2M_HAS(BINDING),
		.operation = LWM2M_OP_REGISTER, .lifetime = client->lifetime,
		.version = {"1.2", 3}, .binding = {"M", 1},
	};

	client_enter(client, CLIENT_REGISTERING, why);
	client->is_known = false;
	client->links_differ = false;
	client->lifetime_differs = false;
	observe_end_all(&client->observe);
	message.payload = client_links(client);
	client_ask(client, &message, now);
}

static void client_update(struct client *client, ew_dur now)
{
	struct lwm2m_message message = {.operation = LWM2M_OP_UPDATE};

	if (client->lifetime_differs) {
		message.has |= LWM2M_HAS(LIFETIME);
		message.lifetime = client->lifetime;
	}
	if (client->links_differ || client->tree->changed) {
		message.has |= LWM2M_HAS(PAYLOAD);
		message.payload = client_links(client);
		client->links_differ = true;    /* until it is answered */
	}
	client_ask(client, &message, now);
}

/* No answer, or a refusal: wait longer each time. */
static void client_wait(struct client *client, ew_dur now, const char *why)
{
	client_enter(client, CLIENT_WAITING, why);
	client->timeout = now + (client->attempt >= RETRY_COUNT ? RETRY_PAUSE :
				 RETRY_FIRST << client->attempt);
	client->attempt = client->attempt >= RETRY_COUNT ? 0 : client->attempt + 1;
}

void client_on_online(struct client *client, ew_dur now)
{
	if (client->state != CLIENT_OFFLINE) {
		return;
	}
	client->attempt = 0;
	bulk_again(&client->bulk);
	if (client->is_known) {
		client_enter(client, CLIENT_REGISTERED, "connected again");
		client_update(client, now);
	} else {
		client_register(client, now, "connected");
	}
	client_work(client, now);
}

void client_on_offline(struct client *client)
{
	if (client->state == CLIENT_LEAVING) {
		client_enter(client, CLIENT_GONE, "the connection broke");
	} else if (client->state != CLIENT_GONE) {
		client_enter(client, CLIENT_OFFLINE, "the connection broke");
	}
}

void client_leave(struct client *client, ew_dur now)
{
	struct lwm2m_message message = {.operation = LWM2M_OP_DEREGISTER};

	if (client->state == CLIENT_LEAVING || client->state == CLIENT_GONE) {
		return;
	}
	if (client->state != CLIENT_REGISTERED) {
		client_enter(client, CLIENT_GONE, "stopped");
		return;
	}
	client_enter(client, CLIENT_LEAVING, "stopped");
	client_ask(client, &message, now);
}

void client_return(struct client *client)
{
	if (client->state == CLIENT_LEAVING || client->state == CLIENT_GONE) {
		client->is_known = false;
		client_enter(client, CLIENT_OFFLINE, "it is back");
	}
}

void client_stop(struct client *client, ew_dur now)
{
	if (client->settings.deregister || client->state == CLIENT_LEAVING) {
		client_leave(client, now);
	} else {
		client_enter(client, CLIENT_GONE, "stopped");
	}
}

/* ---- what comes in ---- */

static void client_on_result(struct client *client, const struct lwm2m_message *message,
			     ew_dur now)
{
	uint64_t operation = client->pending_operation;
	uint64_t token = message->token;
	bool done = message->result < 300;

	if (token >= LWM2M_SPLIT_NO_ID) {
		token = message->operation == LWM2M_OP_SEND ? bulk_oldest(&client->bulk) :
			message->operation == operation ? client->pending : 0;
	}
	if (client->pending == 0 || token != client->pending) {
		/* else: an echo of our own answer, or too late */
		if (bulk_answered(&client->bulk, token, !done)) {
			client_work(client, now);
		}
		return;
	}
	client->pending = 0;
	if (operation == LWM2M_OP_DEREGISTER) {
		client->is_known = false;
		client_enter(client, CLIENT_GONE, "de-registered");
	} else if (done) {
		client->is_known = true;
		client->refreshed = now;
		client->attempt = 0;
		client->links_differ = false;
		client->lifetime_differs = false;
		client_enter(client, CLIENT_REGISTERED, "the server answered");
	} else if (operation == LWM2M_OP_UPDATE && message->result == LWM2M_NOT_FOUND) {
		bulk_again(&client->bulk);
		client_register(client, now, "the server does not know us");
	} else {
		client_wait(client, now, "the server refuses us");
	}
	client_work(client, now);
}

void client_on_message(struct client *client, const struct lwm2m_message *message, ew_dur now)
{
	const struct lwm2m_operation_row *row;

	if ((message->has & LWM2M_HAS(RESULT)) != 0) {
		client_on_result(client, message, now);
		return;
	}
	row = lwm2m_operation_find(message->operation, LWM2M_RD);
	if (row != NULL && row->sender == LWM2M_CLIENT) {
		return;         /* both ends share the topic: an echo of our own */
	}
	if (client->state != CLIENT_REGISTERED) {
		return;         /* a server that has not answered our Register may not ask */
	}
	client->answering = message->operation;
	client_request(client, message, now);
	client_work(client, now);
}

void client_answer(struct client *client, uint64_t token, unsigned result, unsigned content,
		   struct lwm2m_text payload)
{
	struct lwm2m_message message = {
		.has = LWM2M_HAS(TOKEN) | LWM2M_HAS(RESULT), .token = token, .result = result,
		.operation = client->answering,
	};

	if (payload.at != NULL) {
		message.has |= LWM2M_HAS(CT) | LWM2M_HAS(PAYLOAD);
		message.ct = content;
		message.payload = payload;
	}
	/* a server that gets no answer asks again */
	(void)client->ops.publish(client->ops.arg, &message, false);
}

/* ---- time ---- */

void client_on_samples(struct client *client, const struct ew_batch *batch, ew_dur now)
{
	observe_samples(&client->observe, batch, now);
}

/* When the registration must be refreshed. */
static ew_dur client_refresh(const struct client *client)
{
	ew_dur lifetime = (ew_dur)client->lifetime * SECOND;
	ew_dur after = lifetime / 3 * 2;

	if (client->lifetime == 0) {
		return INT64_MAX;       /* for ever */
	}
	if (lifetime - after < MARGIN && lifetime > 2 * MARGIN) {
		after = lifetime - MARGIN;
	}
	return client->refreshed + after;
}

void client_work(struct client *client, ew_dur now)
{
	switch (client->state) {
	case CLIENT_OFFLINE:
	case CLIENT_GONE:
		break;
	case CLIENT_REGISTERING:
		if (now >= client->timeout) {
			client_wait(client, now, "no answer");
		}
		break;
	case CLIENT_WAITING:
		if (now >= client->timeout) {
			client_register(client, now, "again");
		}
		break;
	case CLIENT_LEAVING:
		if (now >= client->timeout) {
			client_enter(client, CLIENT_GONE, "no answer");
		}
		break;
	case CLIENT_REGISTERED:
		if (client->pending != 0 && now >= client->timeout) {
			client_register(client, now, "no answer to an Update");
		} else if (client->pending == 0 &&
			   (client->tree->changed || client->lifetime_differs ||
			    now >= client_refresh(client))) {
			client_update(client, now);
		}
		break;
	}
	if (client->state == CLIENT_REGISTERED) {
		observe_work(&client->observe, now);
	}
	bulk_work(&client->bulk, now, client->state == CLIENT_REGISTERED && !client->muted);
}

ew_dur client_due(const struct client *client)
{
	ew_dur due = INT64_MAX;
	ew_dur bulk = bulk_due(&client->bulk);
	ew_dur observed;

	switch (client->state) {
	case CLIENT_OFFLINE:
	case CLIENT_GONE:
		break;
	case CLIENT_REGISTERING:
	case CLIENT_WAITING:
	case CLIENT_LEAVING:
		due = client->timeout;
		break;
	case CLIENT_REGISTERED:
		due = client->pending != 0 ? client->timeout : client_refresh(client);
		observed = observe_due(&client->observe);
		due = observed < due ? observed : due;
		break;
	}
	return bulk < due ? bulk : due;
}

/* ---- own objects ---- */

static bool client_say(const char *text, struct lwm2m_value *value_out)
{
	value_out->type = LWM2M_STRING;
	value_out->v.x.at = text;
	value_out->v.x.size = strlen(text);
	return true;
}

static bool client_count(uint64_t number, struct lwm2m_value *value_out)
{
	value_out->type = LWM2M_INTEGER;
	value_out->v.i = (int64_t)number;
	return true;
}

static bool client_flag(bool flag, struct lwm2m_value *value_out)
{
	value_out->type = LWM2M_BOOLEAN;
	value_out->v.b = flag;
	return true;
}

static bool client_own_server(struct client *client, unsigned resource,
			      struct lwm2m_value *value_out)
{
	switch (resource) {
	case 0:
		return client_count(client->settings.server_id, value_out);
	case 1:
		return client_count(client->lifetime, value_out);
	case 6:
		return client_flag(false, value_out);   /* history goes by Send */
	case 7:
	case 22:
		return client_say("M", value_out);
	case 23:
		return client_flag(client->muted, value_out);
	default:
		return false;
	}
}

static bool client_own_device(struct client *client, const struct lwm2m_path *path,
			      struct lwm2m_value *value_out)
{
	switch (path->ids[2]) {
	case 0:
		return client_say("edgeway", value_out);
	case 1:
	case 17:
		return client_say("gateway", value_out);
	case 2:
		return client_say(client->settings.serial, value_out);
	case 3:
		return client_say(client->settings.version, value_out);
	case 11:
		/* one instance: no error */
		return path->ids[3] == 0 && client_count(0, value_out);
	case 13:
		value_out->type = LWM2M_TIME;
		value_out->v.i = client->ops.wall(client->ops.arg) / SECOND;
		return true;
	case 16:
		return client_say("M", value_out);
	default:
		return false;
	}
}

const struct client_object *client_object_of(const struct client *client,
					     const struct lwm2m_path *path)
{
	for (size_t i = 0; path->prefix_size == 0 && path->depth > 0 &&
	     i < client->settings.object_count; i++) {
		if (client->settings.objects[i].number == path->ids[0]) {
			return &client->settings.objects[i];
		}
	}
	return NULL;
}

void client_touch(struct client *client, uint16_t object)
{
	const struct lwm2m_path path = {.depth = LWM2M_OBJECT, .ids = {object}};

	observe_touch(&client->observe, &path);
}

bool client_own(void *arg, const struct lwm2m_path *path, struct lwm2m_value *value_out)
{
	struct client *client = arg;
	const struct client_object *object = client_object_of(client, path);

	if (object != NULL) {
		return object->ops->read != NULL && object->ops->read(object->arg, path, value_out);
	}
	return path->ids[0] == 1 ? client_own_server(client, path->ids[2], value_out) :
	       client_own_device(client, path, value_out);
}
