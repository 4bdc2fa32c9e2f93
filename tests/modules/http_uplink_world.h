/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module `http_uplink` against a real server on the loopback interface. The
 * test's clock follows the real one while it waits for the server.
 */
#ifndef TESTS_MODULES_HTTP_UPLINK_WORLD_H
#define TESTS_MODULES_HTTP_UPLINK_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <edgeway/test.h>

#include "tests/lib/http_sink.h"

#define TAGS  4u

extern const struct ew_module ew_module;

extern struct ew_test *test;
extern struct http_sink *sink;
extern uint32_t tags[TAGS];
extern uint64_t numbers[TAGS];          /* the last of each tag */

/* Monotonic, whatever the test's clock says. */
int64_t real_now(void);

/* For cmocka. */
int begin(void **state);
int end(void **state);

#define with_test(name)  cmocka_unit_test_setup_teardown(name, begin, end)

typedef bool (*condition_fn)(uint64_t value);

/* Let real time and the test's time pass until it is so. */
void wait_for(condition_fn is_so, uint64_t value);

/* Of the server: numbers that came, requests. Of the instance: what its metrics say. */
bool has_numbered(uint64_t value);
bool has_requests(uint64_t value);
bool has_sent(uint64_t value);
bool has_buried(uint64_t value);
bool has_health(uint64_t value);

void serve(const struct sink_config *config);

/* The YAML of the instance, the server's port filled in; the caller's to free. */
char *yaml(const char *options);

void run(const char *options);

/* A request for each device. */
void run_per_device(const char *options);

/* Devices d0, d1, ... with a tag `n` each, u64. */
void declare(void);

/* The next number of every tag, in one batch each time. */
void publish(unsigned batches);

void plan(enum sink_mode mode, int status, unsigned requests);

/* All that was published has arrived, in order; at most so many twice. */
void assert_whole(uint64_t duplicates);

#endif
