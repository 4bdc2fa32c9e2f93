/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's machine: registration, requests of the server and their
 * answers, and when Sends may leave. Messages in, messages out, time is an
 * argument: no I/O, no clock. Runs on the instance's loop.
 *
 *	OFFLINE --online--> REGISTERING --201--> REGISTERED --stop--> LEAVING --> GONE
 *	   ^                  |     ^ ^             |   |               (de-register)  ^
 *	   +----offline-------+     | +-----404-----+   +--stop, stay registered-------+
 *	                no answer   |
 *	                or refused  +-- WAITING
 *
 * A client whose device left, and came back, begins anew: GONE --return--> OFFLINE.
 *
 * A new connection of a client that is registered begins with an Update: what
 * the server observes goes on.
 */
#ifndef MODULES_LWM2M_CLIENT_H
#define MODULES_LWM2M_CLIENT_H

#include "modules/lwm2m/bulk.h"
#include "modules/lwm2m/observe.h"
#include "modules/lwm2m/tree.h"
#include "proto/lwm2m/message.h"

#define CLIENT_ROOM         262144u     /* bytes of a payload at most */
#define CLIENT_SEEN         64u         /* requests that are remembered */
#define CLIENT_WRITES_MAX   16u         /* writes under way */
#define CLIENT_OBJECTS_MAX  4u          /* own objects, 1 and 3 not counted */

#define CLIENT_STATES(X)                        \
	X(OFFLINE, "offline")                   \
	X(REGISTERING, "registering")           \
	X(REGISTERED, "registered")             \
	X(WAITING, "waiting")                   \
	X(LEAVING, "leaving")                   \
	X(GONE, "gone")

enum client_state {
#define CLIENT_STATE_ENUM(name, word) CLIENT_##name,
	CLIENT_STATES(CLIENT_STATE_ENUM)
#undef CLIENT_STATE_ENUM
};

/*
 * An own object of the client, instance 0, beside those that it has itself (1 and 3).
 * What it cannot do is NULL.
 */
struct client_object_ops {
	/* As tree_ask.own. */
	bool (*read)(void *arg, const struct lwm2m_path *path, struct lwm2m_value *value_out);
	/* A resource that the definition calls writable, or executable. The result. */
	unsigned (*write)(void *arg, const struct lwm2m_path *path,
			  const struct lwm2m_value *value);
	unsigned (*execute)(void *arg, const struct lwm2m_path *path, struct lwm2m_text argument);
};

struct client_object {
	uint16_t number;
	const struct client_object_ops *ops;
	void *arg;
};

struct client_settings {
	const char *serial;             /* /3/0/2 */
	const char *version;            /* /3/0/3 */
	uint64_t lifetime;              /* seconds; a server may write another */
	uint16_t server_id;             /* /1/0/0 */
	bool muted;                     /* /1/0/23 until a server writes it */
	bool deregister;                /* at a stop */
	struct client_object objects[CLIENT_OBJECTS_MAX];
	size_t object_count;
	uint8_t *payload;               /* CLIENT_ROOM each: clients of one loop may share them */
	char *scratch;
};

struct client_write {
	const struct ew_sample *items;
	size_t count;
	uint64_t token;                 /* of the request */
	bool is_execute;
};

struct client_ops {
	/* Publish a message of the endpoint. -errno: it did not leave. */
	int (*publish)(void *arg, const struct lwm2m_message *message, bool is_bulk);
	/* Write to tags, or execute them; answered by client_written(). -errno: it will not be. */
	int (*write)(void *arg, const struct client_write *write);
	/* As bulk_ops. */
	int (*hold)(void *arg, const struct ew_batch *batch, const struct ew_batch **held_out);
	void (*release)(void *arg, const struct ew_batch **held);
	void (*settle)(void *arg, uint32_t route, uint64_t position, bool refused);
	/* The state changed. */
	void (*entered)(void *arg, enum client_state state, const char *why);
	ew_time (*wall)(void *arg);
	void *arg;
};

/* A request that changes something, so that the same one is not done twice. */
struct client_request {
	uint64_t token;
	uint64_t operation;
	unsigned result;        /* 0: not answered yet */
	ew_dur time;
	bool is_used;
};

struct client {
	struct client_settings settings;
	struct client_ops ops;
	struct tree *tree;
	struct bulk bulk;
	struct observe observe;
	enum client_state state;
	bool is_known;          /* the server has our registration, as far as we know */
	uint32_t token;         /* of our last request, odd */
	uint32_t pending;       /* token of the registration's request; 0: none */
	uint64_t pending_operation;
	ew_dur timeout;         /* of the request, or of the wait */
	unsigned attempt;
	ew_dur refreshed;       /* when the last answer to Register or Update came */
	bool links_differ;      /* the object list must be told */
	bool lifetime_differs;
	uint64_t lifetime;      /* seconds */
	bool muted;
	struct client_request seen[CLIENT_SEEN];
	size_t next_seen;
	uint64_t answering;     /* operation of the request that is being answered */
};

int client_init(struct client *client, const struct client_settings *settings,
		const struct client_ops *ops, struct tree *tree,
		const struct bulk_settings *bulk);
void client_fini(struct client *client);

void client_on_online(struct client *client, ew_dur now);
void client_on_offline(struct client *client);
/* An answer with a token from LWM2M_SPLIT_NO_ID on is that of the oldest such request. */
void client_on_message(struct client *client, const struct lwm2m_message *message, ew_dur now);

/* Samples came: what is observed may have changed. client_work() follows. */
void client_on_samples(struct client *client, const struct ew_batch *batch, ew_dur now);

/* Time passed, batches came, objects changed: do what is due. */
void client_work(struct client *client, ew_dur now);

/* The next time that client_work() must be called; INT64_MAX: none. */
ew_dur client_due(const struct client *client);

/* The answer to a write, 0 or a negative errno. */
void client_written(struct client *client, uint64_t token, int error, ew_dur now);

/* Wind down: CLIENT_GONE follows, here or later. */
void client_stop(struct client *client, ew_dur now);

/* The same for good: de-register. */
void client_leave(struct client *client, ew_dur now);

/* Begin anew after that, offline. */
void client_return(struct client *client);

/* Something of an own object is different: who observes it is told. client_work() follows. */
void client_touch(struct client *client, uint16_t object);

/* Text of the state. */
const char *client_state_name(enum client_state state);

/* A resource of an own object, for the tree. */
bool client_own(void *client, const struct lwm2m_path *path, struct lwm2m_value *value_out);

/* ---- between the files of the machine ---- */

/* The own object that a path is in; NULL: none, or 1 or 3. */
const struct client_object *client_object_of(const struct client *client,
					     const struct lwm2m_path *path);

/* A request of the server; answers it, or begins a write that does later. */
void client_request(struct client *client, const struct lwm2m_message *request, ew_dur now);

/*
 * The present content of a path, or with paths.at of a SenML-ETCH CBOR list, in
 * settings.payload. 0, or the result that there is instead.
 */
unsigned client_content(void *client, const struct lwm2m_path *path, struct lwm2m_text paths,
			struct lwm2m_text *payload_out, unsigned *content_out);

/* Answer a request; payload may be NULL. */
void client_answer(struct client *client, uint64_t token, unsigned result, unsigned content,
		   struct lwm2m_text payload);

#endif
