/* SPDX-License-Identifier: Apache-2.0 */
/* What the scenarios of the edge node are written in: the world, with a judge. */
#ifndef TESTS_CONFORMANCE_EDGE_H
#define TESTS_CONFORMANCE_EDGE_H

#include "tests/conformance/judge.h"
#include "tests/modules/sparkplug_world.h"

extern struct judge scene;
extern uint32_t scene_load;     /* a tag of the node itself */

/* What the scenario itself sees of one or more requirements. */
#define CLAIM(holds, ids)  ledger_check(scene.ledger, (holds), ids, #holds)

int scene_setup(void **state);
int scene_teardown(void **state);

/* As world_start(), with one tag of the node. */
void scene_start(const char *yaml);

/* A module with these options does not start. */
void scene_refused(const char *yaml, const char *ids);

/* Show the judge what has happened since. The following do so themselves. */
void scene_look(void);
void scene_set(uint32_t tag, int64_t value);
void scene_set_at(uint32_t tag, int64_t value, ew_dur age);
void scene_set_quality(uint32_t tag, int64_t value, uint16_t quality);
void scene_device_state(enum ew_state state);
void scene_say(const char *topic, const char *text);
void scene_advance(ew_dur by);
void scene_cut(void);
/* The module ends; what the uplink does without it is not looked at. */
void scene_stop(void);

/* Messages that left, in their order. */
size_t scene_count(void);
enum sp_verb scene_verb(size_t index);

/* A birth has this metric; device: index, -1 the node. */
bool scene_has(const char *name, int device);
/* Its value in the last such birth. */
int64_t scene_born(enum sp_verb verb, const char *name);

uint32_t scene_declare_tag(struct ew_instance *inst, uint32_t device, const char *name,
			   uint8_t type);
/* A device with a tag of every datatype, and values of them. */
void scene_declare_types(void);
void scene_publish_types(void);

/* ---- edge_template.c ---- */

void test_devices_of_a_type_are_instances(void **state);
void test_members_are_said_together(void **state);
void test_members_keep_their_order(void **state);
void test_a_definition_changes_in_a_round_of_births(void **state);
void test_a_host_writes_members(void **state);

/* Writes the ledger. -EPROTO: something was broken, it is printed. */
int scene_report(void);

#endif
