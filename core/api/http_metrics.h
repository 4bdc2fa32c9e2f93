/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the HTTP listener counts, as metrics of core. Main thread.
 */
#ifndef CORE_API_HTTP_METRICS_H
#define CORE_API_HTTP_METRICS_H

struct http;
struct http_metrics;

/* Show http's counters from now on. -ENOMEM. */
int http_metrics_new(struct http *http, struct http_metrics **metrics_out);

/* Before http is freed. Accepts NULL. */
void http_metrics_free(struct http_metrics **metrics);

#endif
