/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the bus, its routes and its endpoints count, as metrics of core. Main
 * thread.
 */
#ifndef CORE_API_BUS_METRICS_H
#define CORE_API_BUS_METRICS_H

struct bus;
struct bus_metrics;

/* Show the bus's counters from now on. -ENOMEM. */
int bus_metrics_new(struct bus *bus, struct bus_metrics **metrics_out);

/* Before the bus is freed. Accepts NULL. */
void bus_metrics_free(struct bus_metrics **metrics);

#endif
