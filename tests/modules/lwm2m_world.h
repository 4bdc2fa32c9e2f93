/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A world for tests of the lwm2m module: a device of the test's own, and the
 * server at the other end of the uplink, played message by message.
 */
#ifndef TESTS_MODULES_LWM2M_WORLD_H
#define TESTS_MODULES_LWM2M_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <edgeway/test.h>
#include <edgeway/test_uplink.h>

#include "proto/lwm2m/format.h"
#include "proto/lwm2m/message.h"

#define TOPIC   "t/lwm2m/rd/gw1"
#define H(key)  LWM2M_HAS(key)

extern const struct ew_module ew_module;

struct world {
	struct ew_test *test;
	uint32_t device;
	uint32_t temperature, speed, valve;     /* tags */
	size_t looked;          /* messages of the client that were looked at */
};

extern struct world world;

void world_declare(const char *path, const char *first);

void world_publish(double temperature);

void world_begin(const char *options);

int world_end(void **state);

/* The next message of the client, which must be there. */
struct lwm2m_message world_heard(void);

void world_heard_nothing(void);

void world_say(struct lwm2m_message message, bool retain);

void world_answer(uint64_t token, unsigned result);

struct lwm2m_text world_text(const char *words);

void world_ask(unsigned operation, uint64_t token, const char *uri);

void world_write_text(uint64_t token, const char *uri, const char *value);

/* What a request was answered with. */
struct lwm2m_message world_answered(uint64_t token, unsigned result);

void world_registered(void);

/* The records of a payload as "path=value " in a line. */
const char *world_records(const struct lwm2m_message *message);

/* Break the connection, and let time pass until the client speaks in the next. */
void world_reconnect(void);

void world_bulk_begin(const char *options);

#endif
