/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clients that are registered, by endpoint name, and what is observed of
 * each. Memory only; no I/O, no clock. Runs on the instance's loop.
 */
#ifndef MODULES_LWM2M_SERVER_PEERS_H
#define MODULES_LWM2M_SERVER_PEERS_H

#include <edgeway/base.h>

#include "proto/lwm2m/message.h"
#include "proto/lwm2m/path.h"

#define PEER_SEEN       8u      /* requests of a client that are remembered */
#define PEER_LINKS_MAX  65536u  /* bytes of an object list */
#define PEER_DEVICES_MAX  1024u /* behind one client */

/* A request that was answered, so that the same one is not done twice. */
struct peer_seen {
	uint64_t token;
	uint64_t operation;
	unsigned result;
	ew_dur time;
};

/*
 * An observation that the client has confirmed, once: one that has begun anew
 * since is asked for it again until it does.
 */
struct peer_watch {
	struct peer_watch *next;
	uint64_t token;
	bool is_pending;        /* the client has forgotten it, or may have */
	unsigned tries;         /* since then */
	ew_dur again;           /* monotonic: when to try next */
	char uri[LWM2M_PATH_MAX];
	uint8_t *paths;         /* SenML-ETCH CBOR; NULL: uri is observed */
	size_t paths_size;
};

/* A device behind a gateway: what object 25 says of a prefix. */
struct peer_device {
	struct peer_device *next;
	uint32_t device;                /* on the bus; 0: not declared yet */
	char prefix[LWM2M_PREFIX_MAX + 1];      /* "": the client itself */
	uint16_t instance;              /* of object 25 */
	char *name;                     /* /25/x/0; NULL: not known */
};

struct peer {
	struct peer *chain;             /* of the same hash */
	struct peer *next;              /* of all, in no order */
	struct peer *previous;
	char *endpoint;
	char *links;                    /* the object list as it came */
	uint16_t *objects;              /* in it, ascending */
	size_t object_count;
	uint64_t lifetime;              /* seconds */
	ew_time registered, updated;
	ew_dur ends;                    /* monotonic: when the lifetime has passed */
	char version[8];
	char binding[8];
	uint8_t profile;                /* enum server_profile: of its topics */
	struct peer_seen seen[PEER_SEEN];
	size_t next_seen;
	struct peer_watch *watches;
	size_t pending_count;           /* of the watches */
	struct peer_device *devices;
	size_t device_count;
	bool has_learned;               /* names that are not kept yet */
	bool is_unsettled;              /* a desired state waits for its next Update */
};

struct peers {
	struct peer **slots;
	size_t slot_count;
	size_t count;
	size_t limit;
	size_t watch_count;
	size_t pending_count;           /* of these */
	struct peer *first;
};

/* -ENOMEM. */
int peers_init(struct peers *peers, size_t limit);
void peers_fini(struct peers *peers);

/* NULL: not registered. */
struct peer *peers_find(const struct peers *peers, struct lwm2m_text endpoint);

/* -ENOSPC: as many as may be; -ENOMEM. */
int peers_add(struct peers *peers, struct lwm2m_text endpoint, struct peer **peer_out);

/* Takes *peer and clears it. */
void peers_remove(struct peers *peers, struct peer **peer);

/* -EPROTO no object list; -EMSGSIZE too long; -ENOMEM. Unchanged then. */
int peer_set_links(struct peer *peer, struct lwm2m_text links);

bool peer_has_object(const struct peer *peer, unsigned object);

/* NULL: no such observation. */
struct peer_watch *peer_watch_find(struct peer *peer, uint64_t token);

/* -ENOMEM. */
int peer_watch_add(struct peers *peers, struct peer *peer, const struct peer_watch *watch);
void peer_watch_remove(struct peers *peers, struct peer *peer, uint64_t token);
void peer_watch_set_pending(struct peers *peers, struct peer *peer, struct peer_watch *watch,
			    bool is_pending);

/* The device of a prefix, made when it is new. NULL: no memory, or too many. */
struct peer_device *peer_device_of(struct peer *peer, const char *prefix, size_t size);

#endif
