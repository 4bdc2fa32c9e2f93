/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gateway with the host under test as `scada`; the test is the broker and a
 * node `plant/gw1` with the device `pump-1`, and reads what the host says.
 */
#ifndef TESTS_MODULES_SPARKPLUG_NODES_H
#define TESTS_MODULES_SPARKPLUG_NODES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <edgeway/test_uplink.h>

#include "proto/sparkplug/message.h"
#include "proto/sparkplug/state.h"
#include "proto/sparkplug/topic.h"

#define NODES_STATE  "spBv1.0/STATE/scada1"
#define NODES_NCMD   "spBv1.0/plant/NCMD/gw1"
#define NODES_DCMD   "spBv1.0/plant/DCMD/gw1/pump-1"
#define NODES_DDATA  "spBv1.0/plant/DDATA/gw1/pump-1"
#define NODES_SPEED  "plant/gw1/pump-1:Speed"

extern struct ew_test *world;

/* Called before a message of the test reaches the host; or NULL. */
extern void (*nodes_watch)(const char *topic, const void *bytes, size_t size);

int nodes_setup(void **state);
int nodes_teardown(void **state);

/* Start everything; yaml: options of the host. */
void nodes_start(const char *yaml);

/* ms UTC of the test's clock. */
uint64_t nodes_wall(void);

/* ---- what nodes say ---- */

/* A payload is opened, gets metrics, and is said; seq below 0: it has none. */
void nodes_open(void);
struct sp_metric nodes_metric(const char *name, uint64_t alias, unsigned type);
void nodes_put(const struct sp_metric *metric);
void nodes_put_bdseq(uint64_t bdseq);
void nodes_say(const char *topic, int seq);
/* with another time than now */
void nodes_say_at(const char *topic, int seq, uint64_t ms);
void nodes_send(const char *topic, const void *bytes, size_t size);

/* The same for one metric that carries a template: head, members, parameters, then the metric. */
void nodes_template(const char *reference, bool is_definition);
void nodes_member(const char *name, unsigned type, uint64_t value);
void nodes_parameter(const char *name, const char *text);
void nodes_put_template(const char *name, uint64_t alias, unsigned type);

/* NBIRTH has Setpoint, alias 5; DBIRTH has Speed, 1, and Name, 2, which is read only. */
void nodes_nbirth(uint64_t bdseq);
void nodes_dbirth(int seq);
void nodes_ddata(int seq, uint64_t alias, int64_t value);
/* Both births; bdSeq is 3, seq 1 the last. */
void nodes_born(void);
void nodes_ndeath(uint64_t bdseq);

/* ---- what the host says ---- */

/* The last of a topic; NULL: none. */
const struct ew_test_sent *nodes_heard(const char *topic);
struct sp_state nodes_state(const void *payload, size_t size);

#endif
