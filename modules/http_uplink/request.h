/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a parcel to a request: the URL and the headers of now. A parcel that was
 * made before a reload leaves with the URL and the secrets of after it.
 */
#ifndef HTTP_UPLINK_REQUEST_H
#define HTTP_UPLINK_REQUEST_H

#include "modules/http_uplink/http_uplink.h"

/* -ENOMEM: nothing began. The parcel must stay until the transfer is done. */
int request_start(const struct http_uplink *uplink, const struct parcel *parcel,
		  struct transfer *transfer) EW_CHECKED;

#endif
