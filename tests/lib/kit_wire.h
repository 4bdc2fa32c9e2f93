/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The broker's side of an uplink without a network: kit_wire.c plays the
 * connection (core/uplink/link.h) for the real session, kit_broker.c gives it
 * to the test. Test's thread only.
 */
#ifndef TESTS_LIB_KIT_WIRE_H
#define TESTS_LIB_KIT_WIRE_H

#include "core/base/arena.h"
#include "core/base/list.h"
#include "core/uplink/link.h"
#include "core/uplink/uplinks.h"

#include <edgeway/test_uplink.h>

struct wire_sent {
	struct ew_test_sent told;
	int mid;
};

struct wire_broker {
	struct list node;               /* in ew_test.brokers */
	const struct uplink_config *config;
	enum ew_test_broker how;
	struct link *link;              /* NULL: no connection */
	struct list subscriptions;      /* of the present connection */
	struct list refused;
	bool has_session;
	unsigned connections;
	struct ew_uplink_will will;     /* of the last CONNECT, in will_arena */
	struct arena will_arena;
	struct arena arena;             /* what `sent` points to */
	struct wire_sent *sent;
	size_t sent_count;
	size_t sent_room;
	int last_mid;
};

struct wire_filter {
	struct list node;
	uint32_t id;
	uint8_t qos;
	char text[];
};

/* Made on demand; aborts when there is no such uplink. */
struct wire_broker *wire_broker_of(const struct uplink_config *config);
void wire_broker_free(struct wire_broker **broker);

/* Copies the text. */
void wire_filter_add(struct list *filters, const char *text, uint32_t id, uint8_t qos);
struct wire_filter *wire_filter_find(struct list *filters, const char *text);

/* What the other side will see in its next turn; there is a connection. */
void wire_cut(struct wire_broker *broker, enum ew_uplink_cause cause);
void wire_puback(struct wire_broker *broker, int mid, int status);
size_t wire_message(struct wire_broker *broker, const struct ew_uplink_message *message);

#endif
