/* SPDX-License-Identifier: Apache-2.0 */
/* Values and payloads as JSON. Pure. */
#ifndef MODULES_SPARKPLUG_HOST_SHOW_H
#define MODULES_SPARKPLUG_HOST_SHOW_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/json/bytes.h"
#include "proto/sparkplug/type.h"

void show_whole(struct bytes *to, uint64_t value);

/* NaN and the infinities as text. */
void show_float(struct bytes *to, double value, bool is_single);

/* A payload as an object. False, and nothing is written: it is none. */
bool show_payload(struct bytes *to, struct sp_bytes payload);

#endif
