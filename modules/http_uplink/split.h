/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request that the server finds too large (413) leaves as two. Runs on the
 * instance's loop.
 */
#ifndef HTTP_UPLINK_SPLIT_H
#define HTTP_UPLINK_SPLIT_H

#include "modules/http_uplink/parcel.h"

/*
 * Two parcels with half of the records each, in their order; each has a key of
 * its own. The parcel must have two records; it stays the caller's, but whose its
 * records are is known to the halves now: it is freed without being settled.
 * level: of gzip; 0: none.
 * -ENOMEM; -EPROTO the body is damaged
 */
int parcel_split(const struct parcel *parcel, int level, const char *sender,
		 struct parcel *halves_out[2]) EW_CHECKED;

#endif
