/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A world for tests of the lwm2m_server module: its clients, played message by
 * message, and a caller of its HTTP paths.
 */
#ifndef TESTS_MODULES_LWM2M_GATE_H
#define TESTS_MODULES_LWM2M_GATE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <edgeway/test.h>
#include <edgeway/test_http.h>
#include <edgeway/test_uplink.h>

#include "proto/lwm2m/format.h"
#include "proto/lwm2m/message.h"

#define H(key)  LWM2M_HAS(key)

extern const struct ew_module ew_module;

struct gate {
	struct ew_test *test;
	size_t looked;          /* messages of the server that were looked at */
	struct ew_test_client *caller;
};

extern struct gate gate;

int gate_begin(void **state);
int gate_end(void **state);

struct lwm2m_text gate_words(const char *text);

/* What a client publishes. */
void gate_say_bytes(const char *topic, const void *bytes, size_t size, bool retain);
void gate_say(const char *endpoint, struct lwm2m_message message);
void gate_request(const char *endpoint, unsigned operation, uint64_t token);
void gate_answer(const char *endpoint, uint64_t token, unsigned result, const char *text);
struct lwm2m_message gate_registration(uint64_t token, const char *links);
void gate_enroll(const char *endpoint);

/* The next message of the server, which must be there. */
struct lwm2m_message gate_heard(const char *endpoint);
void gate_heard_nothing(void);
void gate_answered(const char *endpoint, uint64_t token, unsigned result);

/* A GET without a body, a POST with one; and the status and words of its answer. */
void gate_call(const char *path, const char *body);
void gate_called(int status, const char *part);

double gate_metric(const char *name);

/* The body of the last event of a kind. */
const char *gate_event(const char *kind);

#endif
