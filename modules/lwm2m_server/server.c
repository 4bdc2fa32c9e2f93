/* SPDX-License-Identifier: Apache-2.0 */
/* The server's machine: what clients say. See server.h. */
#include "modules/lwm2m_server/server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECOND        INT64_C(1000000000)
#define SEEN_TIME     (120 * SECOND)    /* how long a request is known again */
#define LIFETIME_MAX  UINT64_C(315360000)       /* seconds; ten years */

int server_init(struct server *server, const struct server_settings *settings,
		const struct server_ops *ops, uint64_t first_id)
{
	int rc;

	memset(server, 0, sizeof(*server));
	server->settings = *settings;
	server->ops = *ops;
	rc = peers_init(&server->peers, settings->clients);
	if (rc == 0) {
		rc = asks_init(&server->asks, settings->requests, first_id);
	}
	server->scratch = malloc(settings->message_max);
	if (rc == 0 && server->scratch == NULL) {
		rc = -ENOMEM;
	}
	if (rc != 0) {
		server_fini(server);
	}
	return rc;
}

void server_fini(struct server *server)
{
	if (server->peers.slots != NULL) {
		peers_fini(&server->peers);
	}
	asks_fini(&server->asks);
	free(server->scratch);
	server->scratch = NULL;
}

void server_count(struct server *server, enum server_count count)
{
	server->ops.count(server->ops.arg, count);
}

static void server_copy(struct lwm2m_text text, char *out, size_t room)
{
	size_t size = text.size < room ? text.size : room - 1;

	if (size > 0) {
		memcpy(out, text.at, size);
	}
	out[size] = '\0';
}

/* The way that a message came, another one goes back. */
static int server_reply(struct server *server, const struct server_heard *heard,
			const struct lwm2m_message *message)
{
	char name[LWM2M_ENDPOINT_MAX + 1];
	const struct server_said said = {
		.profile = heard->profile, .endpoint = name, .message = message,
	};

	server_copy(heard->endpoint, name, sizeof(name));
	return server->ops.publish(server->ops.arg, &said);
}

static void server_answer(struct server *server, const struct server_heard *heard,
			  unsigned result)
{
	const struct lwm2m_message message = {
		.has = LWM2M_HAS(TOKEN) | LWM2M_HAS(RESULT), .token = heard->message->token,
		.operation = heard->message->operation, .result = result,
	};

	if (result >= LWM2M_BAD_REQUEST) {
		server_count(server, SERVER_REFUSED);
	}
	/* a client without an answer asks again */
	(void)server_reply(server, heard, &message);
}

void server_refuse(struct server *server, const struct server_heard *heard, unsigned result)
{
	server_answer(server, heard, result);
}

/* NULL: it is not registered, or not in this profile. */
static struct peer *server_peer(const struct server *server, const struct server_heard *heard)
{
	struct peer *peer = peers_find(&server->peers, heard->endpoint);

	return peer != NULL && peer->profile == heard->profile ? peer : NULL;
}

int server_look(struct server *server, const struct peer *peer,
		const struct server_records *records)
{
	const struct lwm2m_source source = {
		.bytes = records->payload.at, .size = records->payload.size,
		.base = records->base, .now = server->ops.wall(server->ops.arg),
		.scratch = server->scratch, .scratch_size = server->settings.message_max,
	};
	struct lwm2m_decoder decoder;
	struct lwm2m_record record;
	bool is_foreign = false;
	int rc = source.size == 0 ? -EPROTO :
		 lwm2m_decoder_begin(&decoder, records->content, &source);

	while (rc >= 0 && (rc = lwm2m_decoder_next(&decoder, &record)) > 0) {
		/* devices behind a gateway are in no list */
		if (record.path.prefix_size == 0 && record.path.depth > 0 &&
		    !peer_has_object(peer, record.path.ids[0])) {
			is_foreign = true;
		}
	}
	return rc < 0 ? rc : is_foreign ? -ENOENT : 0;
}

/* ---- registration ---- */

static bool server_knows_version(struct lwm2m_text version)
{
	return lwm2m_text_is(version, "1.0") || lwm2m_text_is(version, "1.1") ||
	       lwm2m_text_is(version, "1.2");
}

static void server_refresh(struct server *server, struct peer *peer, ew_dur now)
{
	peer->updated = server->ops.wall(server->ops.arg);
	peer->ends = now + (ew_dur)peer->lifetime * SECOND;
}

static unsigned server_result_of(int rc)
{
	return rc == -EMSGSIZE ? LWM2M_TOO_LARGE : rc == -EPROTO ? LWM2M_BAD_REQUEST :
	       LWM2M_UNAVAILABLE;
}

static unsigned server_judge_register(const struct lwm2m_message *message)
{
	const uint32_t needed = LWM2M_HAS(LIFETIME) | LWM2M_HAS(VERSION);

	if ((message->has & needed) != needed || message->lifetime == 0 ||
	    message->lifetime > LIFETIME_MAX) {
		return LWM2M_BAD_REQUEST;
	}
	if (!server_knows_version(message->version)) {
		return LWM2M_PRECONDITION;
	}
	if ((message->has & LWM2M_HAS(BINDING)) != 0 && message->binding.size >= 8) {
		return LWM2M_BAD_REQUEST;
	}
	/* a profile id, the other way to say what it has, has no key */
	return (message->has & LWM2M_HAS(PAYLOAD)) == 0 ? LWM2M_CONFLICT : 0;
}

/* The result; the peer is there when it is LWM2M_CREATED. */
static unsigned server_register(struct server *server, const struct server_heard *heard,
				ew_dur now)
{
	const struct lwm2m_message *message = heard->message;
	struct peer *peer = peers_find(&server->peers, heard->endpoint);
	bool is_new = peer == NULL;
	unsigned result = server_judge_register(message);
	int rc = 0;

	if (result != 0) {
		return result;
	}
	if (is_new) {
		rc = peers_add(&server->peers, heard->endpoint, &peer);
	}
	if (rc == 0) {
		rc = peer_set_links(peer, message->payload);
	}
	if (rc != 0) {
		if (is_new && peer != NULL) {
			peers_remove(&server->peers, &peer);
		}
		return server_result_of(rc);
	}
	peer->lifetime = message->lifetime;
	server_copy(message->version, peer->version, sizeof(peer->version));
	server_copy(message->binding, peer->binding, sizeof(peer->binding));
	peer->profile = (uint8_t)heard->profile;
	server_refresh(server, peer, now);
	peer->registered = peer->updated;
	server_forget_watches(server, peer, now);
	return LWM2M_CREATED;
}

static unsigned server_update(struct server *server, struct peer *peer,
			      const struct lwm2m_message *message, ew_dur now)
{
	if ((message->has & LWM2M_HAS(LIFETIME)) != 0 &&
	    (message->lifetime == 0 || message->lifetime > LIFETIME_MAX)) {
		return LWM2M_BAD_REQUEST;
	}
	if ((message->has & LWM2M_HAS(PAYLOAD)) != 0) {
		int rc = peer_set_links(peer, message->payload);

		if (rc != 0) {
			return server_result_of(rc);
		}
	}
	if ((message->has & LWM2M_HAS(LIFETIME)) != 0) {
		peer->lifetime = message->lifetime;
	}
	server_refresh(server, peer, now);
	return LWM2M_CHANGED;
}

/* ---- reports ---- */

/* Values beside a Register or Update; an object may be new with its value. */
static void server_values(struct server *server, struct peer *peer, struct lwm2m_text values)
{
	const struct server_records records = {
		.how = "update", .content = LWM2M_CONTENT_SENML_CBOR, .payload = values,
	};
	int rc = values.size == 0 ? -ENODATA : server_look(server, peer, &records);

	if (rc == 0 || rc == -ENOENT) {
		server->ops.records(server->ops.arg, peer, &records);
	}
}

static unsigned server_send(struct server *server, struct peer *peer,
			    const struct lwm2m_message *message, ew_dur now)
{
	const struct server_records records = {
		.how = "send", .content = (unsigned)message->ct, .payload = message->payload,
	};
	const struct lwm2m_format *format = lwm2m_format_find(records.content);
	int rc;

	if ((message->has & LWM2M_HAS(CT)) == 0 || (message->has & LWM2M_HAS(PAYLOAD)) == 0 ||
	    format == NULL || (format->flags & LWM2M_FORMAT_NAMED) == 0) {
		return LWM2M_BAD_REQUEST;
	}
	rc = server_look(server, peer, &records);
	if (rc != 0) {
		return rc == -ENOENT ? LWM2M_NOT_FOUND : LWM2M_BAD_REQUEST;
	}
	server->ops.records(server->ops.arg, peer, &records);
	/* older clients say so that they are there; to keep it each time would be too much */
	if ((message->has & LWM2M_HAS(LIFETIME)) != 0 &&
	    peer->ends - now < (ew_dur)peer->lifetime * SECOND / 2) {
		server_refresh(server, peer, now);
		server->ops.news(server->ops.arg, peer, SERVER_UPDATED);
	}
	return LWM2M_CHANGED;
}

/* A Notify has no answer; that of no observation is told to stop. */
static void server_notify(struct server *server, const struct server_heard *heard)
{
	const struct lwm2m_message *message = heard->message;
	struct peer *peer = server_peer(server, heard);
	const struct peer_watch *watch = peer == NULL ? NULL :
					 peer_watch_find(peer, message->token);
	struct server_records records = {
		.how = "notify", .content = (unsigned)message->ct, .payload = message->payload,
	};
	int rc;

	if (watch == NULL) {
		const struct lwm2m_message cancel = {
			.has = LWM2M_HAS(TOKEN) | LWM2M_HAS(OPERATION),
			.operation = LWM2M_OP_CANCEL_OBSERVE, .token = message->token,
		};

		server_count(server, SERVER_UNKNOWN);
		(void)server_reply(server, heard, &cancel);     /* the next one is told again */
		return;
	}
	rc = watch->paths != NULL ? 0 :
	     lwm2m_path_parse(watch->uri, strlen(watch->uri), &records.base);
	if (rc == 0) {
		rc = server_look(server, peer, &records);
	}
	if (rc != 0 && rc != -ENOENT) {
		server_count(server, SERVER_MALFORMED);
		return;
	}
	server->ops.records(server->ops.arg, peer, &records);
}

/* ---- what came ---- */

static struct peer_seen *server_seen(struct peer *peer, const struct lwm2m_message *message,
				     ew_dur now)
{
	for (size_t i = 0; i < PEER_SEEN; i++) {
		struct peer_seen *seen = &peer->seen[i];

		if (seen->result != 0 && seen->token == message->token &&
		    seen->operation == message->operation && now - seen->time < SEEN_TIME) {
			return seen;
		}
	}
	return NULL;
}

static void server_remember(struct peer *peer, const struct lwm2m_message *message,
			    unsigned result, ew_dur now)
{
	peer->seen[peer->next_seen] = (struct peer_seen){
		.token = message->token, .operation = message->operation, .result = result,
		.time = now,
	};
	peer->next_seen = (peer->next_seen + 1) % PEER_SEEN;
}

/* A request of a client that has an answer. */
static void server_serve(struct server *server, const struct server_heard *heard, ew_dur now)
{
	const struct lwm2m_message *message = heard->message;
	struct peer *peer = server_peer(server, heard);
	const struct peer_seen *seen = peer == NULL ? NULL : server_seen(peer, message, now);
	bool is_register = message->operation == LWM2M_OP_REGISTER;
	unsigned result = LWM2M_NOT_FOUND;

	if (seen != NULL) {
		server_count(server, SERVER_REPEATED);
		server_answer(server, heard, seen->result);
		return;
	}
	if (is_register) {
		result = server_register(server, heard, now);
		peer = server_peer(server, heard);
	} else if (peer != NULL && message->operation == LWM2M_OP_UPDATE) {
		result = server_update(server, peer, message, now);
	} else if (peer != NULL && message->operation == LWM2M_OP_DEREGISTER) {
		result = LWM2M_DELETED;
	} else if (peer != NULL) {
		result = server_send(server, peer, message, now);
	}
	if (peer != NULL) {
		server_remember(peer, message, result, now);
	}
	if (peer == NULL || result >= LWM2M_BAD_REQUEST || message->operation == LWM2M_OP_SEND) {
		server_answer(server, heard, result);
		return;
	}
	/* kept before the client hears of it */
	server->ops.news(server->ops.arg, peer, is_register ? SERVER_REGISTERED :
			 message->operation == LWM2M_OP_UPDATE ? SERVER_UPDATED :
			 SERVER_DEREGISTERED);
	server_answer(server, heard, result);
	if (message->operation == LWM2M_OP_DEREGISTER) {
		peers_remove(&server->peers, &peer);
		return;
	}
	server_values(server, peer, heard->values);
	if ((message->has & LWM2M_HAS(PAYLOAD)) != 0) {
		server_explore(server, peer, now);
	}
	server_observe_pending(server, peer, true, now);
	server_flush(server, peer, now);
	server->ops.spoke(server->ops.arg, peer, is_register);
}

static void server_on_request(struct server *server, const struct server_heard *heard, ew_dur now)
{
	const struct lwm2m_message *message = heard->message;
	const struct lwm2m_operation_row *row = lwm2m_operation_find(message->operation,
								     LWM2M_RD);
	unsigned result = 0;

	if (row != NULL && row->sender == LWM2M_SERVER) {
		server_count(server, SERVER_ECHOES);
		return;
	}
	if (row == NULL) {
		result = lwm2m_operation_find(message->operation, LWM2M_BS) != NULL ?
			 LWM2M_BAD_REQUEST : LWM2M_NOT_IMPLEMENTED;
	} else if ((message->has & LWM2M_HAS(EP)) != 0 &&
		   (message->ep.size != heard->endpoint.size ||
		    memcmp(message->ep.at, heard->endpoint.at, heard->endpoint.size) != 0)) {
		result = LWM2M_BAD_REQUEST;
	}
	if (result != 0) {
		server_answer(server, heard, result);
	} else if (row->code == LWM2M_OP_NOTIFY) {
		server_notify(server, heard);
	} else {
		server_serve(server, heard, now);
	}
}

void server_hear(struct server *server, const struct server_heard *heard, ew_dur now)
{
	if ((heard->message->has & LWM2M_HAS(RESULT)) != 0) {
		server_on_result(server, heard, now);
	} else {
		server_on_request(server, heard, now);
	}
}

/* ---- time ---- */

void server_work(struct server *server, ew_dur now)
{
	struct peer *next;

	server_expire_asks(server, now);
	if (now - server->looked < SECOND) {
		return;
	}
	server->looked = now;
	for (struct peer *peer = server->peers.first; peer != NULL; peer = next) {
		next = peer->next;
		if (now >= peer->ends) {
			server->ops.news(server->ops.arg, peer, SERVER_EXPIRED);
			peers_remove(&server->peers, &peer);
		} else {
			server_observe_pending(server, peer, false, now);
		}
	}
}

ew_dur server_due(const struct server *server)
{
	const struct ask *first = asks_first(&server->asks);
	ew_dur due = first == NULL ? INT64_MAX : first->due;

	/* lifetimes are seconds: a look a second is enough */
	if (server->peers.count > 0 && server->looked + SECOND < due) {
		due = server->looked + SECOND;
	}
	return due;
}

int server_restore(struct server *server, const struct peer *kept, struct peer **peer_out)
{
	const struct lwm2m_text links = {kept->links, strlen(kept->links)};
	struct peer *peer = NULL;
	int rc = peers_add(&server->peers,
			   (struct lwm2m_text){kept->endpoint, strlen(kept->endpoint)}, &peer);

	if (rc == 0) {
		rc = peer_set_links(peer, links);
	}
	if (rc != 0) {
		if (peer != NULL) {
			peers_remove(&server->peers, &peer);
		}
		return rc;
	}
	peer->lifetime = kept->lifetime;
	peer->registered = kept->registered;
	peer->updated = kept->updated;
	peer->ends = kept->ends;
	memcpy(peer->version, kept->version, sizeof(peer->version));
	memcpy(peer->binding, kept->binding, sizeof(peer->binding));
	peer->profile = kept->profile;
	*peer_out = peer;
	return 0;
}
