/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine of the LwM2M server: messages of clients in, messages and news
 * out. It knows no uplink, no disk, no HTTP and no clock; all that it does
 * outside goes through server_ops. Runs on the instance's loop.
 *
 * A client that registers anew has forgotten its observations; the machine asks
 * for them until it confirms them. Requests that may wait go out when their client registers or
 * updates next.
 */
#ifndef MODULES_LWM2M_SERVER_SERVER_H
#define MODULES_LWM2M_SERVER_SERVER_H

#include "modules/lwm2m_server/asks.h"
#include "modules/lwm2m_server/peers.h"
#include "proto/lwm2m/format.h"

#define SERVER_PATHS_MAX  4096u         /* bytes of a composite observation's list */

/* What came to nothing, and why: names of metrics. */
enum server_count {
	SERVER_MALFORMED,       /* no message of the binding */
	SERVER_ECHOES,          /* our own requests, as a broker without No Local sends them */
	SERVER_LATE,            /* results that nobody waits for */
	SERVER_REFUSED,         /* requests that were answered with an error */
	SERVER_REPEATED,        /* requests that came twice and were answered twice */
	SERVER_UNKNOWN,         /* Notifies of no observation */
	SERVER_COUNT_COUNT
};

enum server_news {
	SERVER_REGISTERED, SERVER_UPDATED, SERVER_EXPIRED, SERVER_DEREGISTERED
};

/* The topic profile that a client speaks: see wires.h. */
enum server_profile {
	SERVER_BINDING = 0,
	SERVER_SPLIT = 1
};

/* A message for a client. */
struct server_said {
	enum server_profile profile;
	const char *endpoint;
	const struct lwm2m_message *message;    /* an answer has its operation set */
};

/* A message of a client. */
struct server_heard {
	enum server_profile profile;
	struct lwm2m_text endpoint;
	const struct lwm2m_message *message;
	struct lwm2m_text values;       /* SenML CBOR beside a Register or Update; or empty */
};

/* Records that came from a client; they have been decoded once and are well-formed. */
struct server_records {
	const char *how;                /* "send", "notify", "read", "update" */
	unsigned content;
	struct lwm2m_text payload;
	struct lwm2m_path base;
	ew_time time;                   /* of values that do not say theirs; 0: now */
};

struct server_ops {
	/* Publish. -errno: it did not leave. */
	int (*publish)(void *arg, const struct server_said *said);
	void (*records)(void *arg, struct peer *peer, const struct server_records *records);
	/* After the table has changed; before, when the peer goes. */
	void (*news)(void *arg, struct peer *peer, enum server_news news);
	void (*count)(void *arg, enum server_count count);
	void (*finished)(void *arg, struct ask *ask);
	/* The client registered or updated, and has its answer. */
	void (*spoke)(void *arg, struct peer *peer, bool is_register);
	/* Observations of the peer changed. */
	void (*watched)(void *arg, struct peer *peer);
	/* An ask may wait for its client, so that it must be kept; or it is over.
	 * -errno: it is not kept. */
	int (*queued)(void *arg, const struct ask *ask, bool is_open);
	ew_time (*wall)(void *arg);
	void *arg;
};

struct server_settings {
	size_t clients, requests, observations;         /* as many as may be */
	size_t message_max;                             /* bytes */
};

struct server {
	struct server_settings settings;
	struct server_ops ops;
	struct peers peers;
	struct asks asks;
	ew_dur looked;          /* when lifetimes were looked at */
	char *scratch;          /* message_max */
};

/* first_id as asks_init(). -ENOMEM. */
int server_init(struct server *server, const struct server_settings *settings,
		const struct server_ops *ops, uint64_t first_id);
void server_fini(struct server *server);

void server_hear(struct server *server, const struct server_heard *heard, ew_dur now);

/* Answer a request that is not looked at. */
void server_refuse(struct server *server, const struct server_heard *heard, unsigned result);

void server_count(struct server *server, enum server_count count);

/* What is asked of a client. */
struct server_order {
	const char *endpoint;
	const struct lwm2m_message *request;    /* operation, and what it needs */
	ew_dur timeout;
	ew_time until;          /* wall: the request may wait so long; 0: it goes now or never */
	uint64_t about;         /* of an observation that there is: its token; 0: of none */
	struct ask_caller *caller;      /* who waits for it; NULL: nobody */
};

/*
 * Send, or queue, a request. finished() follows, maybe before the return, unless
 * it is refused: -ENOENT no such client; -ENOSPC too many are open (half of `requests`
 * may wait), or too many observations; -EIO it may wait but cannot be kept; -EMSGSIZE
 * over the limit of a message; -ENOMEM.
 */
int server_ask(struct server *server, const struct server_order *order, ew_dur now,
	       uint64_t *id_out);

/* Take what was kept back: nothing is told of it. Errors as peers_add(), peer_set_links(). */
int server_restore(struct server *server, const struct peer *kept, struct peer **peer_out);
int server_restore_ask(struct server *server, const struct server_order *order, uint64_t id,
		       ew_dur now);

/*
 * After a start, when messages can leave: learn what is behind each gateway
 * whose devices may have changed meanwhile, and ask for observations that are
 * pending, up to half of the requests allowed; the others are asked when they
 * register or change.
 */
void server_explore_all(struct server *server, ew_dur now);

/* Time passed: expire clients and requests. */
void server_work(struct server *server, ew_dur now);

/* When server_work() has something to do; INT64_MAX: never. */
ew_dur server_due(const struct server *server);

/* ---- between the files of the machine ---- */

/* A result of a client. */
void server_on_result(struct server *server, const struct server_heard *heard, ew_dur now);

/* The client spoke: send what waits for it. */
void server_flush(struct server *server, struct peer *peer, ew_dur now);

/* A request of the server's own; one that cannot leave now is no loss: there is a next
 * Register, or a next try. */
void server_ask_own(struct server *server, struct peer *peer, uint64_t about,
		    const struct lwm2m_message *request, ew_dur now);

bool server_observes(const struct lwm2m_message *request);

/* The client has begun anew: all its observations are pending. */
void server_forget_watches(struct server *server, struct peer *peer, ew_dur now);

/* It is over: whoever waits for it is told. */
void server_finish(struct server *server, struct ask *ask, enum ask_state state, ew_dur now);

/* Ask for what is pending: when it is time, or now because the client has spoken. */
void server_observe_pending(struct server *server, struct peer *peer, bool has_spoken, ew_dur now);

/* An answer that makes or ends an observation. True: there is nothing else in it. */
bool server_watch_answered(struct server *server, struct peer *peer, const struct ask *ask);

/* It is to be cancelled: one that is pending ends at once. */
void server_watch_dismiss(struct server *server, const char *endpoint, uint64_t token);

/* Learn what is behind a gateway. */
void server_explore(struct server *server, struct peer *peer, ew_dur now);

/* Whether a payload is one of records; -EPROTO, -ENOTSUP; -ENOENT: not of the peer. */
int server_look(struct server *server, const struct peer *peer,
		const struct server_records *records);

void server_expire_asks(struct server *server, ew_dur now);

#endif
