/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The uplinks of the daemon by name: `uplink:`, called main, and those of
 * `uplinks:`. Main thread, but for uplinks_find.
 */
#ifndef CORE_UPLINK_UPLINKS_H
#define CORE_UPLINK_UPLINKS_H

#include "core/uplink/uplink.h"

struct uplinks;

/* Open one for each configuration, which are borrowed until uplinks_close;
 * none is started. count may be 0. -ENOMEM, -errno. */
int uplinks_open(const struct uplink_config *configs, size_t count, struct uplinks **uplinks_out)
	EW_CHECKED;

/* Start all. -errno; those that did start go on. */
int uplinks_start(struct uplinks *uplinks) EW_CHECKED;

/* Stop all at once, each for at most `limit`; stopped(arg) when the last has,
 * on that uplink's thread, or here when there is none. Once. */
void uplinks_stop(struct uplinks *uplinks, ew_dur limit, void (*stopped)(void *arg), void *arg);

/* Instances have left before. Accepts NULL. */
void uplinks_close(struct uplinks **uplinks);

/* NULL: none of this name. Any thread. */
struct uplink *uplinks_find(struct uplinks *uplinks, const char *name);

size_t uplinks_count(const struct uplinks *uplinks);
struct uplink *uplinks_at(struct uplinks *uplinks, size_t index);

#endif
