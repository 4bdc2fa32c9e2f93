/* SPDX-License-Identifier: Apache-2.0 */
/* The server's machine: what is asked of clients, and their answers. See server.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "modules/lwm2m_server/server.h"
#include "proto/lwm2m/split.h"

#define SECOND        INT64_C(1000000000)
#define OWN_TIMEOUT   (30 * SECOND)     /* for what the server asks of itself */

void server_finish(struct server *server, struct ask *ask, enum ask_state state, ew_dur now)
{
	if (ask->until != 0) {
		(void)server->ops.queued(server->ops.arg, ask, false);
	}
	ask->seconds = ask->sent == 0 ? 0 : (double)(now - ask->sent) / (double)SECOND;
	asks_finish(&server->asks, ask, state);
	server->ops.finished(server->ops.arg, ask);
}

/* It goes out now; queued again, or over, when it cannot. */
static void server_dispatch(struct server *server, struct ask *ask, ew_dur now)
{
	const struct peer *peer = peers_find(&server->peers, (struct lwm2m_text){
		ask->endpoint, strlen(ask->endpoint)});
	struct lwm2m_message request = ask->request;
	const struct server_said said = {
		.profile = peer == NULL ? SERVER_BINDING : (enum server_profile)peer->profile,
		.endpoint = ask->endpoint, .message = &request,
	};
	int rc;

	request.token = ask_token(ask);
	rc = server->ops.publish(server->ops.arg, &said);
	if (rc != 0) {
		if (ask->until == 0) {
			server_finish(server, ask, ASK_FAILED, now);
		}
		return;
	}
	ask->sent = now;
	asks_send(&server->asks, ask, now + ask->timeout);
}

static int server_add(struct server *server, const struct server_order *order, uint64_t id,
		      struct ask **ask_out)
{
	const struct lwm2m_message *request = order->request;
	int rc;

	if (request->payload.size + request->paths.size + 1024 > server->settings.message_max ||
	    request->uri.size >= LWM2M_PATH_MAX) {
		return -EMSGSIZE;
	}
	rc = asks_add(&server->asks, order->endpoint, request, id, ask_out);
	if (rc == 0) {
		(*ask_out)->timeout = order->timeout;
		(*ask_out)->until = order->until;
		(*ask_out)->about = order->about;
		(*ask_out)->caller = order->caller;
	}
	return rc;
}

/* Queue it; it is due when it may not wait any longer. */
static void server_enqueue(struct server *server, struct ask *ask, ew_dur now)
{
	ew_dur left = ask->until - server->ops.wall(server->ops.arg);

	asks_queue(&server->asks, ask, now + (left > 0 ? left : 0));
}

int server_ask(struct server *server, const struct server_order *order, ew_dur now,
	       uint64_t *id_out)
{
	const struct peer *peer = peers_find(&server->peers, (struct lwm2m_text){
		order->endpoint, strlen(order->endpoint)});
	struct ask *ask;
	int rc;

	if (peer == NULL && order->until == 0) {
		return -ENOENT;
	}
	/* those that wait leave room for those that go now */
	if (order->until != 0 && server->asks.queued >= (server->settings.requests + 1) / 2) {
		return -ENOSPC;
	}
	if (server_observes(order->request) &&
	    (server->peers.watch_count >= server->settings.observations ||
	     order->request->paths.size > SERVER_PATHS_MAX)) {
		return -ENOSPC;
	}
	rc = server_add(server, order, 0, &ask);
	if (rc != 0) {
		return rc;
	}
	if (order->request->operation == LWM2M_OP_CANCEL_OBSERVE) {
		server_watch_dismiss(server, order->endpoint, order->about);
	}
	*id_out = ask->id;
	if (order->until != 0) {
		server_enqueue(server, ask, now);
		rc = server->ops.queued(server->ops.arg, ask, true);
		if (rc != 0) {
			asks_finish(&server->asks, ask, ASK_FAILED);
		}
	} else {
		server_dispatch(server, ask, now);
	}
	return rc;
}

int server_restore_ask(struct server *server, const struct server_order *order, uint64_t id,
		       ew_dur now)
{
	struct ask *ask;
	int rc = server_add(server, order, id, &ask);

	if (rc == 0) {
		server_enqueue(server, ask, now);
	}
	return rc;
}

void server_flush(struct server *server, struct peer *peer, ew_dur now)
{
	struct ask *next;

	for (struct ask *ask = asks_queued(&server->asks, peer->endpoint, NULL); ask != NULL;
	     ask = next) {
		next = asks_queued(&server->asks, peer->endpoint, ask);
		server_dispatch(server, ask, now);
	}
}

void server_ask_own(struct server *server, struct peer *peer, uint64_t about,
		    const struct lwm2m_message *request, ew_dur now)
{
	const struct server_order order = {
		.endpoint = peer->endpoint, .request = request, .timeout = OWN_TIMEOUT,
		.about = about,
	};
	struct ask *ask;

	if (server_add(server, &order, 0, &ask) == 0) {
		server_dispatch(server, ask, now);
	}
}

void server_explore(struct server *server, struct peer *peer, ew_dur now)
{
	const struct lwm2m_message request = {
		.has = LWM2M_HAS(OPERATION) | LWM2M_HAS(URI), .operation = LWM2M_OP_READ,
		.uri = {"/25", 3},
	};

	if (peer_has_object(peer, 25)) {
		server_ask_own(server, peer, 0, &request, now);
	}
}

void server_explore_all(struct server *server, ew_dur now)
{
	for (struct peer *peer = server->peers.first;
	     peer != NULL && server->asks.open < server->asks.limit / 2; peer = peer->next) {
		server_explore(server, peer, now);
		server_observe_pending(server, peer, true, now);
	}
}

/* ---- answers ---- */

static void server_take_answer(struct server *server, struct peer *peer, struct ask *ask,
			       const struct lwm2m_message *message, ew_dur now)
{
	struct server_records records = {
		.how = "read", .content = (unsigned)message->ct, .payload = message->payload,
		/* what changed since the request is newer than its answer */
		.time = server->ops.wall(server->ops.arg) - (now - ask->sent),
	};

	ask->result = (unsigned)message->result;
	ask->content = records.content;
	if ((message->has & LWM2M_HAS(PAYLOAD)) != 0 && message->payload.size > 0) {
		ask->answer = malloc(message->payload.size);
		if (ask->answer != NULL) {
			memcpy(ask->answer, message->payload.at, message->payload.size);
			ask->answer_size = message->payload.size;
		}
	}
	if (peer == NULL || server_watch_answered(server, peer, ask) ||
	    ask->result != LWM2M_CONTENT) {
		return;
	}
	if (ask->request.operation == LWM2M_OP_DISCOVER ||
	    (ask->uri[0] != '\0' &&
	     lwm2m_path_parse(ask->uri, strlen(ask->uri), &records.base) != 0)) {
		return;
	}
	if (records.payload.size > 0 && lwm2m_format_find(records.content) != NULL) {
		int rc = server_look(server, peer, &records);

		if (rc == 0 || rc == -ENOENT) {
			server->ops.records(server->ops.arg, peer, &records);
		} else {
			server->ops.count(server->ops.arg, SERVER_MALFORMED);
		}
	}
}

void server_on_result(struct server *server, const struct server_heard *heard, ew_dur now)
{
	const struct lwm2m_message *message = heard->message;
	struct ask *ask = message->token >= LWM2M_SPLIT_NO_ID ?
			  asks_oldest(&server->asks, heard->endpoint, message) :
			  asks_waiting(&server->asks, heard->endpoint, message->token);

	if (ask == NULL) {
		server->ops.count(server->ops.arg, SERVER_LATE);
		return;
	}
	server_take_answer(server, peers_find(&server->peers, heard->endpoint), ask, message,
			   now);
	server_finish(server, ask,
		      ask->result / 100 == 2 ? ASK_DONE : ASK_FAILED, now);
}

void server_expire_asks(struct server *server, ew_dur now)
{
	ew_time wall = server->ops.wall(server->ops.arg);

	struct ask *ask;

	while ((ask = asks_first(&server->asks)) != NULL && ask->due <= now) {
		if (ask->state == ASK_SENT && ask->until > wall) {
			server_enqueue(server, ask, now);
		} else {
			server_finish(server, ask, ASK_EXPIRED, now);
		}
	}
}
