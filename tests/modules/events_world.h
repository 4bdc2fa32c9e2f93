/* SPDX-License-Identifier: Apache-2.0 */
/* An instance `ev` of the module events, a device of the test's, and questions to it. */
#ifndef TESTS_MODULES_EVENTS_WORLD_H
#define TESTS_MODULES_EVENTS_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <edgeway/test.h>
#include <edgeway/test_http.h>

extern struct ew_test *test;
extern struct ew_test_client *asked;    /* the last question */
extern uint32_t pump;                   /* a device of the test's */

int world_begin(void **state);
int world_end(void **state);

/* Start it with these options, and declare the device `pump-1`. */
void world_start(const char *yaml);

/* Ask, with this status; returns the body. Get is of /api/events and a query. */
const char *world_ask(const char *method, const char *target, int status);
const char *world_get(const char *query);

/* Acknowledge by a query; a page of the consumer `c`. */
void world_ack(const char *query, int status);
void world_ack_page(const char *page);

/* The name of the page that was got last. */
void world_page_name(char name_out[64]);

size_t world_count(const char *text, const char *what);

/* Publish an event of the device. */
void world_say_kind(const char *kind, const char *body);

/* Wait for the disk until the last events, so many, all have this, or are events. */
void world_settle_for(const char *what, size_t count);
void world_settle(size_t count);

/* Say events n from..to, `{"n":N}`; they are on disk when it returns. */
void world_say(unsigned from, unsigned to);

/* The body holds exactly the events n from..to, in order. */
void world_assert_numbers(const char *body, unsigned from, unsigned to);

#endif
