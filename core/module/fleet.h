/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fleet: all instances of this process and what they share: the bus, the
 * loops they run on, the record of what runs, and the way back to the main
 * loop. Main thread, unless a function says otherwise.
 */
#ifndef CORE_MODULE_FLEET_H
#define CORE_MODULE_FLEET_H

#include "core/bus/bus.h"
#include "core/module/running.h"

struct ew_instance;
struct fleet;
struct http;
struct uplinks;

struct fleet_config {
	struct bus *bus;
	struct loop *main;              /* reports of instances arrive here */
	struct running *running;        /* NULL: the fleet keeps one in memory */
	struct http *http;              /* what instances may join; NULL: there is none */
	struct uplinks *uplinks;
	const char *state_dir;          /* copied; NULL: ew_state_dir() gives none */
	struct ew_gateway gateway;      /* copied */
	bool stepped;                   /* loops get no thread: the caller steps them */
	/* An instance entered another state, or its health changed. Main loop. May be NULL */
	void (*changed)(void *arg, struct ew_instance *inst);
	void *arg;
};

/* -ENOMEM, -errno. */
int fleet_new(const struct fleet_config *config, struct fleet **fleet_out);

/* All instances are freed, or lost. Accepts NULL. */
void fleet_free(struct fleet **fleet);

/* By name; NULL: none. */
struct ew_instance *fleet_find(struct fleet *fleet, const char *name);

/* In the order in which they were made, until fn returns non-zero. fn may free its instance. */
int fleet_walk(struct fleet *fleet, int (*fn)(void *arg, struct ew_instance *inst), void *arg);

/* Each loop once, until fn returns non-zero. */
int fleet_loops_walk(struct fleet *fleet, int (*fn)(void *arg, struct loop *loop), void *arg);

/* Whether a loop is left: also one that is lost. */
bool fleet_has_loops(const struct fleet *fleet);

/* Whether a thread that hangs may still use what an instance was given. */
bool fleet_is_adrift(const struct fleet *fleet);

/* Any thread. */
struct bus *fleet_bus(const struct fleet *fleet);
struct http *fleet_http(const struct fleet *fleet);
struct uplinks *fleet_uplinks(const struct fleet *fleet);
struct running *fleet_running(const struct fleet *fleet);
const struct ew_gateway *fleet_gateway(const struct fleet *fleet);
const char *fleet_state_dir(const struct fleet *fleet);

/* For uplinks that are opened after the fleet. Before an instance joins one. */
void fleet_set_uplinks(struct fleet *fleet, struct uplinks *uplinks);

#endif
