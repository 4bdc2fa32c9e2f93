/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Firmware updates of clients (object 5): the client pulls from a URI or gets the
 * package, and is followed until it runs it. One job a client, kept on disk:
 *
 *	WAITING --written--> DOWNLOADING --/5/0/3 is 2--> DOWNLOADED
 *	                                                     | /5/0/2, when it installs
 *	            DONE <--/5/0/5 is 1-- UPDATING <---------+
 *	FAILED: from each of them, with a reason
 *
 * A client that does not answer, or is not registered, is asked again at longer
 * and longer intervals until the job's time is over. On the instance's loop.
 */
#ifndef MODULES_LWM2M_SERVER_FIRMWARE_H
#define MODULES_LWM2M_SERVER_FIRMWARE_H

#include "modules/lwm2m_server/asks.h"

#define FIRMWARE_SLOTS     1024u
#define FIRMWARE_URI_MAX   255u         /* bytes, as /5/0/1 has it */

#define FIRMWARE_STATES(X)              \
	X(WAITING, "waiting")           \
	X(DOWNLOADING, "downloading")   \
	X(DOWNLOADED, "downloaded")     \
	X(UPDATING, "updating")         \
	X(DONE, "done")                 \
	X(FAILED, "failed")

enum firmware_state {
#define FIRMWARE_STATE_ENUM(name, word) FIRMWARE_##name,
	FIRMWARE_STATES(FIRMWARE_STATE_ENUM)
#undef FIRMWARE_STATE_ENUM
};

struct lwm2m_server;

/* Shared by the jobs that push it. */
struct firmware_package {
	size_t refs;
	int64_t id;                     /* in the file */
	size_t size;
	char bytes[];
};

struct firmware_job {
	struct ask_caller caller;       /* first: the job is where its caller is */
	struct lwm2m_server *self;
	struct firmware_job *next;      /* of the same slot */
	char *endpoint;
	char *uri;                      /* NULL: the package is pushed */
	struct firmware_package *package;
	bool installs;                  /* else it ends with DOWNLOADED */
	char *argument;                 /* of the execute of /5/0/2; NULL: none */
	enum firmware_state state;
	bool is_asked;                  /* a request is open */
	unsigned tries;                 /* in this state */
	ew_dur again;                   /* monotonic: when to ask next */
	int device_state, result;       /* /5/0/3 and /5/0/5; -1: not known */
	char why[96];                   /* of FAILED */
	ew_time started, changed, until;
};

struct firmware {
	struct firmware_job *slots[FIRMWARE_SLOTS];     /* by endpoint */
	size_t count;
	size_t open;                    /* not over */
};

struct firmware_order {
	const char *endpoint;
	const char *uri;                /* NULL: package */
	struct firmware_package *package;       /* held by who orders; NULL: uri */
	bool installs;
	const char *argument;           /* of the execute of /5/0/2; NULL: none */
	ew_dur within;
};

const char *firmware_state_name(enum firmware_state state);

/* NULL: -ENOMEM or -EIO in *rc_out. Holds one reference. */
struct firmware_package *firmware_package_new(struct lwm2m_server *self, const char *bytes,
					      size_t size, int *rc_out);
void firmware_package_release(struct firmware_package **package);

/* A new job, instead of one that is over. -EBUSY: one is under way; -ENOSPC; -ENOMEM; -EIO. */
int firmware_start(struct lwm2m_server *self, const struct firmware_order *order);

/* The client is told when it can be (/5/0/10); the job is over. -ENOENT: none is under way. */
int firmware_cancel(struct lwm2m_server *self, const char *endpoint);

/* NULL: none. */
const struct firmware_job *firmware_find(const struct lwm2m_server *self, const char *endpoint);

/* Take up what was kept. -EIO, -ENOMEM. */
int firmware_load(struct lwm2m_server *self);
void firmware_close(struct lwm2m_server *self);

/* Once a second, and when a client has spoken. */
void firmware_work(struct lwm2m_server *self, ew_dur now);
void firmware_on_spoke(struct lwm2m_server *self, const char *endpoint);

#endif
