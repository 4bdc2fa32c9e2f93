/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Crashes: whose callback it was, how often, and whether its instance may run.
 *
 * The record of what runs (core/module/running.h) tells what the last process
 * was doing when it ended; the crashes of the last while are kept in a file
 * of the state directory. An instance that crashed the daemon `limit` times in
 * `window` stays off until the window has passed at a later start, or until
 * its part of the configuration changes.
 */
#ifndef CORE_DAEMON_CRASH_H
#define CORE_DAEMON_CRASH_H

#include <stdbool.h>

#include "core/module/running.h"

#include <edgeway/base.h>

#define CRASH_KEPT_MAX  256     /* crashes in the file */

struct crashes;

struct crash_config {
	const char *state_dir;
	uint64_t limit;         /* 0: nobody is ever kept off */
	ew_dur window;
};

/* Read what was left behind, log what it says. -ENOMEM. Before running_open(). */
int crashes_read(const struct crash_config *config, struct crashes **crashes_out);
void crashes_free(struct crashes **crashes);

/* How often `module/instance` crashed in the window; 0 or below the limit: it may run. */
uint64_t crashes_count(const struct crashes *crashes, const char *who);
bool crashes_keep_off(const struct crashes *crashes, const char *who);

/* Its configuration changed: forget its crashes. */
void crashes_forgive(struct crashes *crashes, const char *who);

/* From now on a fatal signal is noted in the record before it does its work. */
void crash_catch(struct running *running, const struct running_slot *(*current)(void));

/* The record is about to be unmapped. */
void crash_release(void);

#endif
