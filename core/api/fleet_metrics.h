/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instances and loops, as metrics of core. The fleet may be walked by the main
 * thread only, and metrics are asked for on any: so the main thread takes a
 * picture now and then, and that is what is shown. All functions are the main
 * thread's.
 */
#ifndef CORE_API_FLEET_METRICS_H
#define CORE_API_FLEET_METRICS_H

struct fleet;
struct fleet_metrics;

/* Show a picture of the fleet from now on, empty at first. -ENOMEM. */
int fleet_metrics_new(struct fleet *fleet, struct fleet_metrics **metrics_out);

/*
 * Take another picture: on the daemon's tick. Without memory the old one stays.
 * Accepts NULL.
 */
void fleet_metrics_take(struct fleet_metrics *metrics);

/* Before the fleet is freed. Accepts NULL. */
void fleet_metrics_free(struct fleet_metrics **metrics);

#endif
