/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the uplinks count, as metrics of core. Main thread.
 */
#ifndef CORE_API_UPLINK_METRICS_H
#define CORE_API_UPLINK_METRICS_H

struct uplinks;
struct uplink_metrics;

/* Show the counters of all uplinks from now on. -ENOMEM. */
int uplink_metrics_new(struct uplinks *uplinks, struct uplink_metrics **metrics_out);

/* Before the uplinks are closed. Accepts NULL. */
void uplink_metrics_free(struct uplink_metrics **metrics);

#endif
