/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Topic names and topic filters (MQTT 5 section 4.7): are they well formed,
 * and does one match the other. Pure functions, no allocation.
 */
#ifndef CORE_UPLINK_TOPIC_H
#define CORE_UPLINK_TOPIC_H

#include <stdbool.h>

#define TOPIC_SIZE_MAX 65535u

/* May be published to: not empty, UTF-8, no wildcard. */
bool topic_is_valid(const char *topic);

/* May be subscribed to; $share/GROUP/FILTER too. */
bool topic_filter_is_valid(const char *filter);

/* `filter` must be valid. A wildcard at the front does not match "$...". For
 * a shared subscription the part behind the group counts. */
bool topic_matches(const char *filter, const char *topic);

#endif
