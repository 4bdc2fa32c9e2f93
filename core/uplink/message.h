/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One MQTT message as it waits in a queue, in either direction: a single block
 * that holds the text and bytes it points to. Belongs to the list it is in.
 */
#ifndef CORE_UPLINK_MESSAGE_H
#define CORE_UPLINK_MESSAGE_H

#include <edgeway/uplink.h>

#include "core/base/list.h"

struct outbox_lane;

struct message {
	struct list node;
	size_t cost; /* bytes it is counted with: the block and a share of the allocator */
	const char *topic;
	const void *payload;
	size_t payload_size;
	uint8_t qos;
	bool retain;
	struct ew_uplink_extra extra; /* all zero: nothing beside the payload */
	uint64_t epoch; /* outbound: the only one it may leave in, or 0; inbound: of
	                               * its connection */
	ew_dur time; /* monotonic: when it was put in, or arrived */

	/* outbound only */
	struct outbox_lane *lane; /* whose it is */
	uint64_t token;
	uint64_t handed_epoch; /* 0: not handed over */
	uint64_t number;
	int status; /* what became of it, once it is finished */
	int mid; /* of the library, while in flight */
};

struct message_source {
	const char *topic;
	const void *payload;
	size_t payload_size;
	const struct ew_uplink_extra *extra; /* may be NULL */
};

/* A copy of everything `source` points to; NULL: out of memory. */
struct message *message_new(const struct message_source *source) EW_CHECKED;

/* It must be in no list. Accepts NULL. */
void message_free(struct message **message);

/* Frees every message of a list. */
void message_free_all(struct list *list);

#endif
