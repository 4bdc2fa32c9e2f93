/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages themselves: the last one of each topic, and all of them as they
 * come, for whoever asks over HTTP. A message of Sparkplug is shown decoded,
 * any other as text, or as base64. Bounded: so many topics, of each payload so
 * many bytes; the topic that was silent longest makes room.
 */
#ifndef MODULES_SPARKPLUG_HOST_MONITOR_H
#define MODULES_SPARKPLUG_HOST_MONITOR_H

#include <edgeway/http.h>
#include <edgeway/uplink.h>

#include "modules/sparkplug_host/index.h"
#include "proto/json/bytes.h"

#define MONITOR_CLIENTS  8u

struct monitored;

/* All zeros: not there yet, and fine for monitor_fini(). */
struct monitor {
	struct index by_topic;
	struct monitored *newest, *oldest;
	size_t count;
	size_t topics_max, payload_max;
	struct ew_http_request *clients[MONITOR_CLIENTS];
	char *filters[MONITOR_CLIENTS];
	uint64_t missed[MONITOR_CLIENTS];       /* since the client took the last one */
	struct bytes line;              /* of the message under way */
};

/* An empty one; limits are at least 1. -ENOMEM. */
int monitor_init(struct monitor *monitor, size_t topics_max, size_t payload_max, uint64_t seed);

/* The HTTP handlers. -errno of ew_http_handle(). */
int monitor_open(struct monitor *monitor, struct ew_instance *inst);

void monitor_take(struct monitor *monitor, const struct ew_uplink_received *message);

/* End the streams of all clients. */
void monitor_stop(struct monitor *monitor);
void monitor_fini(struct monitor *monitor);

/* Does an MQTT topic match a filter with + and #? */
bool monitor_matches(const char *filter, const char *topic);

#endif
