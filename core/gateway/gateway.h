/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device `gateway`: how this gateway is, as tags like any other, so that
 * one behind NAT is seen from wherever its data goes. An endpoint of its own
 * on the main loop. Also tells the bus whether the wall clock is good.
 */
#ifndef CORE_GATEWAY_GATEWAY_H
#define CORE_GATEWAY_GATEWAY_H

#include "core/bus/bus.h"

#define GATEWAY_DEVICE  "gateway"
#define GATEWAY_EVERY   (10 * EW_SECOND)

struct gateway;

/* What only the daemon knows. Text is borrowed until the call returns. */
struct gateway_facts {
	uint64_t config_hash;
	uint32_t instances_running;
	uint32_t instances_down;        /* failed, lost, kept off, or with health down */
	const char *uplink_state;       /* of the worst session; NULL: there is none */
	uint64_t uplink_reconnects;     /* of all */
	uint64_t uplink_backlog;        /* bytes that wait */
	ew_time certificate_until;      /* the end of what ends first; 0: there is none */
};

struct gateway_config {
	struct bus *bus;
	struct loop *loop;
	const char *version;            /* borrowed */
	const char *state_dir;          /* copied; its disk is watched */
	ew_dur every;                   /* 0: GATEWAY_EVERY */
	ew_time clock_valid_after;      /* a clock that shows a later time is good; 0: ask NTP */
	void (*facts)(void *arg, struct gateway_facts *facts_out);
	void *arg;
};

/*
 * Loop's thread, like the rest. -EEXIST: an instance has the name; -ENOMEM. On
 * failure *gateway_out is set too and leaves already, unless it is NULL.
 */
int gateway_new(const struct gateway_config *config, struct gateway **gateway_out) EW_CHECKED;

/* Publish anew at once. */
void gateway_refresh(struct gateway *gateway);

/* After a reload. */
void gateway_set_clock_valid_after(struct gateway *gateway, ew_time after);

/* Is the wall clock known good now? The bus is told. */
bool gateway_look_at_clock(struct gateway *gateway);

/* Is the wall clock known good, as of the last look? */
bool gateway_clock_is_valid(const struct gateway *gateway);

/* Leave the bus; the loop must run until gateway_has_left(). */
void gateway_leave(struct gateway *gateway);
bool gateway_has_left(const struct gateway *gateway);

/* After gateway_has_left(). Accepts NULL. */
void gateway_free(struct gateway **gateway);

#endif
