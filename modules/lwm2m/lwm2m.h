/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One instance of the module, shared by its files that know the bus and the uplink.
 *
 * It has one endpoint, or one more for each device (`each_device`). An endpoint is a
 * client (client.h), the tree that it shows, and its end of the topics (profile.h).
 */
#ifndef MODULES_LWM2M_LWM2M_H
#define MODULES_LWM2M_LWM2M_H

#include <edgeway/module.h>
#include <edgeway/uplink.h>

#include "modules/lwm2m/client.h"
#include "modules/lwm2m/connectivity.h"
#include "modules/lwm2m/ledger.h"
#include "modules/lwm2m/map.h"
#include "modules/lwm2m/package.h"
#include "modules/lwm2m/profile.h"

#define ENDPOINTS_MAX  LEDGER_PARTS_MAX
#define PARKED_MAX     256u     /* ranges of positions */
#define LWM2M_ID_MAX   600u

struct lwm2m_settings {
	const char *endpoint;
	const char *prefix;
	unsigned topics;                /* place in the list of profiles */
	bool each_device;
	ew_dur lifetime;
	uint64_t server_id;
	bool muted;
	bool deregister;
	const struct ew_node *map;
	struct package_settings firmware;
	struct lwm2m_send_settings {
		ew_dur every;
		uint64_t records;
		uint64_t bytes;
		uint64_t window;
	} send;
};

enum {
	RECEIVED, IGNORED, RETAINED, SENDS, RECORDS, SKIPPED, REFUSED, PARKED, GAPS, UNMAPPED,
	REGISTERED, METRIC_COUNT
};

struct endpoint {
	struct lwm2m *module;
	size_t number;                  /* of it, in the module and in the ledger */
	uint32_t device;                /* EW_NO_ID: none of its own; or it is gone */
	char *path;                     /* of its device; NULL: the gateway */
	char name[LWM2M_ENDPOINT_MAX + 1];
	struct profile_end end;
	uint32_t subscriptions[PROFILE_FILTERS_MAX];
	struct tree tree;
	struct client client;
	struct endpoint_write {
		uint64_t token;
		bool is_open;
	} writes[CLIENT_WRITES_MAX];
	uint64_t records, skipped;      /* that metrics know of */
	bool has_part;                  /* in the batch that is looked at */
};

struct parked {
	uint32_t route;
	uint64_t from, to;
};

struct lwm2m {
	struct ew_instance *inst;
	const struct lwm2m_settings *settings;
	const struct profile *profile;
	struct names names;
	struct tree_index index;
	struct endpoint *endpoints[ENDPOINTS_MAX];      /* the gateway's first */
	size_t endpoint_count;
	struct connectivity connectivity;
	struct package *package;        /* NULL: there is no command to apply one */
	struct ledger ledger;           /* each_device: positions that several must settle */
	struct ew_timer *timer;
	uint64_t epoch;                 /* 0: offline */
	char id[LWM2M_ID_MAX];          /* GROUP/NAME */
	struct parked parked[PARKED_MAX];
	size_t parked_count;
	uint8_t *payload;               /* of all clients: CLIENT_ROOM each */
	char *scratch;
	bool is_stopping;
};

/* After everything that happened: metrics, timer, what was put off. */
void lwm2m_turned(struct lwm2m *self);

/* ---- endpoint.c ---- */

/* device EW_NO_ID and path NULL: the gateway. Logged. -ENOSPC, -EINVAL, -EEXIST, -ENOMEM. */
int endpoint_new(struct lwm2m *self, const char *name, uint32_t device, const char *path);
void endpoint_free(struct endpoint **endpoint);

/* NULL: none has this device. */
struct endpoint *endpoint_of_device(const struct lwm2m *self, uint32_t device);

/* NULL: none was made for a device of this path. */
struct endpoint *endpoint_of_path(const struct lwm2m *self, const char *path);

/* NULL: it is none of ours. */
struct endpoint *endpoint_of_subscription(const struct lwm2m *self, uint32_t subscription);

/* A write was answered, with 0 or a negative errno. */
void endpoint_written(struct lwm2m *self, uint64_t token, int error);

/* A message that came for it. */
void endpoint_on_received(struct endpoint *endpoint, const struct ew_uplink_received *message);

/* ---- batches.c ---- */

void batches_take(struct lwm2m *self, const struct ew_batch *batch);

/* All of a position has arrived at the server of an endpoint, or was refused. */
void batches_settle(struct endpoint *endpoint, uint32_t route, uint64_t position, bool refused);

/* Have delivered again what was put off, if there is room. */
void batches_unpark(struct lwm2m *self);

#endif
