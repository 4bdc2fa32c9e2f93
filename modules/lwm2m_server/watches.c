/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's machine: what is observed. A client that registers has forgotten
 * its observations (Core 6.4.1): each of them is pending then, and is asked for
 * under its old token at once, with each Update, and in between at longer and
 * longer intervals, until the client confirms it. See server.h.
 */
#include <errno.h>
#include <string.h>

#include "modules/lwm2m_server/server.h"

#define SECOND     INT64_C(1000000000)
#define AGAIN_MIN  (60 * SECOND)        /* above the timeout of one try */
#define AGAIN_MAX  (3600 * SECOND)

bool server_observes(const struct lwm2m_message *request)
{
	return request->operation == LWM2M_OP_OBSERVE ||
	       request->operation == LWM2M_OP_OBSERVE_COMPOSITE;
}

static void server_watch_ask(struct server *server, struct peer *peer, struct peer_watch *watch,
			     ew_dur now)
{
	struct lwm2m_message request = {
		.has = LWM2M_HAS(OPERATION) | LWM2M_HAS(URI), .operation = LWM2M_OP_OBSERVE,
		.uri = {watch->uri, strlen(watch->uri)},
	};
	ew_dur wait = watch->tries < 6 ? AGAIN_MIN << watch->tries : AGAIN_MAX;

	if (watch->paths != NULL) {
		request.has = LWM2M_HAS(OPERATION) | LWM2M_HAS(PATHS);
		request.operation = LWM2M_OP_OBSERVE_COMPOSITE;
		request.paths = (struct lwm2m_text){
			(const char *)watch->paths, watch->paths_size,
		};
	}
	watch->tries++;
	watch->again = now + wait;
	server_ask_own(server, peer, watch->token, &request, now);
}

void server_forget_watches(struct server *server, struct peer *peer, ew_dur now)
{
	const struct lwm2m_text endpoint = {peer->endpoint, strlen(peer->endpoint)};

	for (struct peer_watch *watch = peer->watches; watch != NULL; watch = watch->next) {
		struct ask *ask = asks_waiting(&server->asks, endpoint, watch->token);

		/* whom it was sent to is no more */
		if (ask != NULL && server_observes(&ask->request)) {
			server_finish(server, ask, ASK_EXPIRED, now);
		}
		peer_watch_set_pending(&server->peers, peer, watch, true);
		watch->tries = 0;
	}
	if (peer->watches != NULL) {
		server->ops.watched(server->ops.arg, peer);
	}
}

void server_observe_pending(struct server *server, struct peer *peer, bool has_spoken, ew_dur now)
{
	const struct lwm2m_text endpoint = {peer->endpoint, strlen(peer->endpoint)};
	struct peer_watch *next;

	for (struct peer_watch *watch = peer->pending_count == 0 ? NULL : peer->watches;
	     watch != NULL; watch = next) {
		next = watch->next;
		if (watch->is_pending && (has_spoken || watch->again <= now) &&
		    asks_waiting(&server->asks, endpoint, watch->token) == NULL) {
			server_watch_ask(server, peer, watch, now);
		}
	}
}

/* The client has confirmed an observation: a new one, or one of before. */
static void server_watch_confirm(struct server *server, struct peer *peer, const struct ask *ask)
{
	struct peer_watch *known = peer_watch_find(peer, ask_token(ask));
	struct peer_watch watch = {.token = ask_token(ask)};
	int rc = 0;

	if (known != NULL) {
		peer_watch_set_pending(&server->peers, peer, known, false);
	} else if (ask->about == 0) {
		memcpy(watch.uri, ask->uri, sizeof(watch.uri));
		if (ask->request.paths.size > 0) {
			watch.paths = (uint8_t *)(uintptr_t)ask->request.paths.at; /* copied */
			watch.paths_size = ask->request.paths.size;
		}
		rc = peer_watch_add(&server->peers, peer, &watch);
	} else {
		rc = -ENOENT;   /* cancelled meanwhile: its Notifies are told to stop */
	}
	if (rc == 0) {
		server->ops.watched(server->ops.arg, peer);
	}
}

bool server_watch_answered(struct server *server, struct peer *peer, const struct ask *ask)
{
	bool is_cancel = ask->request.operation == LWM2M_OP_CANCEL_OBSERVE;

	if (ask->result == LWM2M_CONTENT && server_observes(&ask->request)) {
		server_watch_confirm(server, peer, ask);
	} else if (is_cancel &&
		   (ask->result == LWM2M_CONTENT || ask->result == LWM2M_NOT_FOUND)) {
		peer_watch_remove(&server->peers, peer, ask->about);
		server->ops.watched(server->ops.arg, peer);
	}
	return is_cancel;
}

void server_watch_dismiss(struct server *server, const char *endpoint, uint64_t token)
{
	struct peer *peer = peers_find(&server->peers, (struct lwm2m_text){
		endpoint, strlen(endpoint)});
	const struct peer_watch *watch = peer == NULL ? NULL : peer_watch_find(peer, token);

	if (watch != NULL && watch->is_pending) {
		peer_watch_remove(&server->peers, peer, token);
		server->ops.watched(server->ops.arg, peer);
	}
}
