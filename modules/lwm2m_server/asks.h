/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to clients, open and lately finished. A request has one number, from
 * which its token comes (twice the number: even, as a server's tokens are), and
 * one state:
 *
 *	QUEUED --registered or updated--> SENT --answer--> DONE or FAILED
 *	  ^                                |
 *	  +------ no answer in time -------+--not queued--> EXPIRED
 *
 * An open one is found without a search: while it waits by its client, when it was
 * sent by the token of its answer, and in a heap by when its state ends. A finished
 * one is kept to be asked for until a new one needs its place.
 * Memory only; no I/O, no clock. Runs on the instance's loop.
 */
#ifndef MODULES_LWM2M_SERVER_ASKS_H
#define MODULES_LWM2M_SERVER_ASKS_H

#include <edgeway/base.h>

#include "proto/lwm2m/message.h"
#include "proto/lwm2m/path.h"

#define ASK_STATES(X)           \
	X(QUEUED, "queued")     \
	X(SENT, "sent")         \
	X(DONE, "done")         \
	X(FAILED, "failed")     \
	X(EXPIRED, "expired")

enum ask_state {
#define ASK_STATE_ENUM(name, word) ASK_##name,
	ASK_STATES(ASK_STATE_ENUM)
#undef ASK_STATE_ENUM
};

/* Of those that are filed under one number; a ring, its head in struct asks. */
struct ask_link {
	struct ask_link *next, *previous;
};

struct ask;

/* Who waits for a request: part of what the caller keeps for it. */
struct ask_caller {
	void (*finished)(struct ask_caller *caller, struct ask *ask);
};

struct ask {
	struct ask_link link;           /* first: the ask is where its link is */
	uint64_t file;                  /* what it is filed under */
	size_t place;                   /* in the heap, from 1; 0: finished */
	uint64_t id;
	char *endpoint;
	enum ask_state state;
	char uri[LWM2M_PATH_MAX];       /* "": none */
	struct lwm2m_message request;   /* paths and payload are the ask's own */
	uint64_t about;                 /* the token of an observation that there was before: what
					 * its client answers with; 0: none */
	ew_dur timeout;                 /* for an answer */
	ew_dur due;                     /* when the present state ends at the latest */
	ew_dur sent;
	ew_time until;                  /* wall: how long it may be queued; 0: it may not */
	unsigned result;                /* 0: no answer */
	unsigned content;               /* of the answer */
	uint8_t *answer;                /* payload; NULL: none */
	size_t answer_size;
	double seconds;                 /* from request to answer */
	struct ask_caller *caller;      /* NULL: nobody */
};

struct asks {
	struct ask **slots;             /* by id */
	size_t slot_count;
	size_t limit;                   /* of open ones */
	size_t open;
	size_t queued;                  /* of these */
	uint64_t next_id;
	struct ask_link *files;         /* slot_count heads of rings */
	struct ask **heap;              /* the open ones; the next that is due is the first */
};

static inline uint64_t ask_token(const struct ask *ask)
{
	return ask->about != 0 ? ask->about : ask->id * 2;
}

const char *ask_state_name(enum ask_state state);

/* first_id: another one after each start, so that what is late is not ours. -ENOMEM. */
int asks_init(struct asks *asks, size_t limit, uint64_t first_id);
void asks_fini(struct asks *asks);

/*
 * A new one, which is open and not filed yet; request and what it points to are
 * copied. id 0: the next. -ENOSPC as many are open as may be; -ENOMEM.
 */
int asks_add(struct asks *asks, const char *endpoint, const struct lwm2m_message *request,
	     uint64_t id, struct ask **ask_out);

/* NULL: not there, or forgotten. */
struct ask *asks_find(const struct asks *asks, uint64_t id);

/* It waits for its client, or for an answer, until then. */
void asks_queue(struct asks *asks, struct ask *ask, ew_dur due);
void asks_send(struct asks *asks, struct ask *ask, ew_dur due);

/* It is no longer open; the ask stays until its place is needed. */
void asks_finish(struct asks *asks, struct ask *ask, enum ask_state state);

/* The one whose state ends first. NULL: none is open. */
struct ask *asks_first(const struct asks *asks);

/* The one that was sent to the endpoint, and is answered with the token. */
struct ask *asks_waiting(const struct asks *asks, struct lwm2m_text endpoint, uint64_t token);

/* The same for an answer without a token: the oldest of its operation, and its path if it
 * has one. NULL: none. */
struct ask *asks_oldest(const struct asks *asks, struct lwm2m_text endpoint,
			const struct lwm2m_message *answer);

/* The next that is queued for the endpoint, oldest first; after NULL: the first. */
struct ask *asks_queued(const struct asks *asks, const char *endpoint, const struct ask *after);

#endif
