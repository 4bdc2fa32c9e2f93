/* SPDX-License-Identifier: Apache-2.0 */
/* An array of the bus as JSON: what is not finite is null. Pure, any thread. */
#ifndef HTTP_UPLINK_ARRAY_H
#define HTTP_UPLINK_ARRAY_H

#include <edgeway/module.h>

#include "proto/json/bytes.h"

/* element: the datatype without EW_TYPE_ARRAY. */
void array_json(struct bytes *to, unsigned element, const struct ew_sample *sample);

#endif
