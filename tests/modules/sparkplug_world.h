/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gateway with one device, `pump/1`, and the module under test as `scada`;
 * the test publishes the device's values, and reads what a host would see.
 */
#ifndef TESTS_MODULES_SPARKPLUG_WORLD_H
#define TESTS_MODULES_SPARKPLUG_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <edgeway/test_uplink.h>

#include "proto/sparkplug/message.h"
#include "proto/sparkplug/topic.h"

#define SEEN_METRICS  64u
#define WORLD_IDS     "group: plant\nnode: gw1\n"

/* A message of Sparkplug that left. */
struct seen_message {
	enum sp_verb verb;
	char device[SP_ID_MAX + 1];
	uint8_t qos;
	bool retain, is_will;
	struct sp_payload payload;
	size_t metric_count;
	struct sp_metric metrics[SEEN_METRICS];
};

extern struct ew_test *world;
extern uint32_t world_device, world_speed, world_empty;

int world_setup(void **state);
int world_teardown(void **state);

/* Start everything; yaml: options of the module. */
void world_start(const char *yaml);

void world_set(uint32_t tag, int64_t value);
void world_state(enum ew_state state);

/* Messages of Sparkplug that left, wills apart; valid until the next call of the same. */
const struct seen_message *world_message(size_t index);
const struct seen_message *world_first(enum sp_verb verb);
size_t world_count(enum sp_verb verb);
void world_parse(const char *topic, const void *payload, size_t size, struct seen_message *out);

/* NULL: not there. */
const struct sp_metric *world_metric(const struct seen_message *message, const char *name);
const char *world_property(const struct sp_metric *metric, const char *key);

/* The host speaks. */
void world_send(const char *topic, const void *payload, size_t size, bool retain);
void world_say(const char *topic, const char *text);
void world_command(const char *topic, const char *metric, enum sp_carrier carrier, uint64_t value);
void world_birth_of_another(uint8_t bdseq);

#endif
