/* SPDX-License-Identifier: Apache-2.0 */
/* The server's machine: what is asked of clients, and their answers. See server.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "modules/lwm2m_server/server.h"

#define SECOND        INT64_C(1000000000)
#define OWN_TIMEOUT   (30 * SECOND)     /* for what the server asks of itself */

static bool ask_observes(const struct ask *ask)
{
	return ask->request.operation == LWM2M_OP_OBSERVE ||
	       ask->request.operation == LWM2M_OP_OBSERVE_COMPOSITE;
}

static void server_finish(struct server *server, struct ask *ask, enum ask_state state,
			  ew_dur now)
{
	if (ask->until != 0) {
		server->queued -= ask->state == ASK_QUEUED ? 1 : 0;
		(void)server->ops.queued(server->ops.arg, ask, false);
	}
	ask->state = state;
	ask->seconds = ask->sent == 0 ? 0 : (double)(now - ask->sent) / (double)SECOND;
	asks_finish(&server->asks, ask);
	server->ops.finished(server->ops.arg, ask);
	ask->call = NULL;
}

/* It goes out now; queued again, or over, when it cannot. */
static void server_dispatch(struct server *server, struct ask *ask, ew_dur now)
{
	struct lwm2m_message request = ask->request;
	int rc;

	/* the observation's token is what a Cancel-Observe is about */
	if (request.operation == LWM2M_OP_CANCEL_OBSERVE) {
		request.token = ask->about;
	}
	rc = server_publish(server, ask->endpoint, &request);
	if (rc != 0) {
		if (ask->until == 0) {
			server_finish(server, ask, ASK_FAILED, now);
		}
		return;
	}
	if (ask->state == ASK_QUEUED && ask->until != 0) {
		server->queued--;
	}
	ask->state = ASK_SENT;
	ask->sent = now;
	asks_set_due(&server->asks, ask, now + ask->timeout);
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
		(*ask_out)->call = order->call;
		(*ask_out)->place = order->place;
	}
	return rc;
}

/* Queue it; it is due when it may not wait any longer. */
static void server_enqueue(struct server *server, struct ask *ask, ew_dur now)
{
	ew_dur left = ask->until - server->ops.wall(server->ops.arg);

	ask->state = ASK_QUEUED;
	server->queued++;
	asks_set_due(&server->asks, ask, now + (left > 0 ? left : 0));
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
	if (order->until != 0 && server->queued >= (server->settings.requests + 1) / 2) {
		return -ENOSPC;
	}
	if ((order->request->operation == LWM2M_OP_OBSERVE ||
	     order->request->operation == LWM2M_OP_OBSERVE_COMPOSITE) &&
	    (server->peers.watch_count >= server->settings.observations ||
	     order->request->paths.size > SERVER_PATHS_MAX)) {
		return -ENOSPC;
	}
	rc = server_add(server, order, 0, &ask);
	if (rc != 0) {
		return rc;
	}
	*id_out = ask->id;
	if (order->until != 0) {
		server_enqueue(server, ask, now);
		rc = server->ops.queued(server->ops.arg, ask, true);
		if (rc != 0) {
			server->queued--;
			ask->state = ASK_FAILED;
			asks_finish(&server->asks, ask);
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

	if (server->queued == 0) {
		return;
	}
	for (struct ask *ask = server->asks.first; ask != NULL; ask = next) {
		next = ask->next;
		if (ask->state == ASK_QUEUED && strcmp(ask->endpoint, peer->endpoint) == 0) {
			server_dispatch(server, ask, now);
		}
	}
}

/* A request of the server's own; that it cannot be sent now is no loss: the next
 * Register comes. */
static void server_ask_own(struct server *server, struct peer *peer,
			   const struct lwm2m_message *request, ew_dur now)
{
	const struct server_order order = {
		.endpoint = peer->endpoint, .request = request, .timeout = OWN_TIMEOUT,
	};
	struct ask *ask;

	if (server_add(server, &order, 0, &ask) == 0) {
		server_dispatch(server, ask, now);
	}
}

void server_observe_again(struct server *server, struct peer *peer, ew_dur now)
{
	struct peer_watch *watches = peer->watches;

	peer->watches = NULL;
	while (watches != NULL) {
		struct peer_watch *watch = watches;
		struct lwm2m_message request = {
			.has = LWM2M_HAS(OPERATION) | LWM2M_HAS(URI),
			.operation = LWM2M_OP_OBSERVE, .uri = {watch->uri, strlen(watch->uri)},
		};

		if (watch->paths != NULL) {
			request.has = LWM2M_HAS(OPERATION) | LWM2M_HAS(PATHS);
			request.operation = LWM2M_OP_OBSERVE_COMPOSITE;
			request.paths = (struct lwm2m_text){
				(const char *)watch->paths, watch->paths_size,
			};
		}
		watches = watch->next;
		server->peers.watch_count--;
		server_ask_own(server, peer, &request, now);
		peer_watch_free(&watch);
	}
	server->ops.watched(server->ops.arg, peer);
}

void server_explore(struct server *server, struct peer *peer, ew_dur now)
{
	const struct lwm2m_message request = {
		.has = LWM2M_HAS(OPERATION) | LWM2M_HAS(URI), .operation = LWM2M_OP_READ,
		.uri = {"/25", 3},
	};

	if (peer_has_object(peer, 25)) {
		server_ask_own(server, peer, &request, now);
	}
}

void server_explore_all(struct server *server, ew_dur now)
{
	for (struct peer *peer = server->peers.first;
	     peer != NULL && server->asks.open < server->asks.limit / 2; peer = peer->next) {
		server_explore(server, peer, now);
	}
}

/* ---- answers ---- */

static void server_observed(struct server *server, struct peer *peer, const struct ask *ask)
{
	struct peer_watch watch = {.token = ask_token(ask)};

	memcpy(watch.uri, ask->uri, sizeof(watch.uri));
	if (ask->request.paths.size > 0) {
		watch.paths = (uint8_t *)(uintptr_t)ask->request.paths.at;      /* copied */
		watch.paths_size = ask->request.paths.size;
	}
	if (peer_watch_add(&server->peers, peer, &watch) == 0) {
		server->ops.watched(server->ops.arg, peer);
	}
}

static void server_take_answer(struct server *server, struct peer *peer, struct ask *ask,
			       const struct lwm2m_message *message)
{
	struct server_records records = {
		.how = "read", .content = (unsigned)message->ct, .payload = message->payload,
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
	if (peer == NULL || ask->result != LWM2M_CONTENT) {
		return;
	}
	if (ask_observes(ask)) {
		server_observed(server, peer, ask);
	} else if (ask->request.operation == LWM2M_OP_CANCEL_OBSERVE) {
		peer_watch_remove(&server->peers, peer, ask->about);
		server->ops.watched(server->ops.arg, peer);
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

/* The one whose answer a result is: a Cancel-Observe has the observation's token. */
static struct ask *server_waiting(struct server *server, struct lwm2m_text endpoint,
				  uint64_t token)
{
	struct ask *ask = token % 2 == 0 ? asks_find(&server->asks, token / 2) : NULL;

	if (ask != NULL && ask->state == ASK_SENT && lwm2m_text_is(endpoint, ask->endpoint)) {
		return ask;
	}
	for (ask = server->asks.first; ask != NULL; ask = ask->next) {
		if (ask->state == ASK_SENT && ask->about == token &&
		    ask->request.operation == LWM2M_OP_CANCEL_OBSERVE &&
		    lwm2m_text_is(endpoint, ask->endpoint)) {
			return ask;
		}
	}
	return NULL;
}

void server_on_result(struct server *server, struct lwm2m_text endpoint,
		      const struct lwm2m_message *message, ew_dur now)
{
	struct ask *ask = server_waiting(server, endpoint, message->token);

	if (ask == NULL) {
		server->ops.count(server->ops.arg, SERVER_LATE);
		return;
	}
	server_take_answer(server, peers_find(&server->peers, endpoint), ask, message);
	server_finish(server, ask,
		      ask->result / 100 == 2 ? ASK_DONE : ASK_FAILED, now);
}

void server_forget_call(struct server *server, const void *call)
{
	for (struct ask *ask = server->asks.first; ask != NULL; ask = ask->next) {
		if (ask->call == call) {
			ask->call = NULL;
		}
	}
}

void server_expire_asks(struct server *server, ew_dur now)
{
	ew_time wall = server->ops.wall(server->ops.arg);

	while (server->asks.first != NULL && server->asks.first->due <= now) {
		struct ask *ask = server->asks.first;

		if (ask->state == ASK_SENT && ask->until > wall) {
			server_enqueue(server, ask, now);
		} else {
			server_finish(server, ask, ASK_EXPIRED, now);
		}
	}
}
