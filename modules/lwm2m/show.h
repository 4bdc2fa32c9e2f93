/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an operator may ask: how the registration is, and which path a tag has.
 * Runs on the instance's loop.
 */
#ifndef MODULES_LWM2M_SHOW_H
#define MODULES_LWM2M_SHOW_H

#include <edgeway/query.h>

#include "modules/lwm2m/lwm2m.h"

/* One row; the last one of all needs no ew_query_row(). */
void show_registration(const struct endpoint *endpoint, struct ew_query *query);

/* A row a tag; of the device that is the second word of the question, or of all. */
void show_map(const struct lwm2m *self, struct ew_query *query);

#endif
