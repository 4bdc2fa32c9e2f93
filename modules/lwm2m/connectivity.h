/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connectivity Monitoring, object 4: how the gateway is connected, as the kernel says
 * when a server reads it. Reads files of the system; runs on the instance's loop.
 */
#ifndef MODULES_LWM2M_CONNECTIVITY_H
#define MODULES_LWM2M_CONNECTIVITY_H

#include <netinet/in.h>

#include "modules/lwm2m/client.h"

#define CONNECTIVITY                4           /* the object */
#define CONNECTIVITY_ADDRESSES_MAX  16u

struct connectivity {
	ew_dur looked;          /* when it was looked, monotonic; 0: never */
	int64_t bearer;         /* of the interface with the default route, or the first one */
	int64_t signal;         /* dBm; 0: there is no radio */
	char addresses[CONNECTIVITY_ADDRESSES_MAX][INET6_ADDRSTRLEN];
	size_t address_count;
	char router[INET_ADDRSTRLEN];           /* "": none */
};

/* What the client asks, with a struct connectivity: see client_object_ops. */
extern const struct client_object_ops connectivity_object;

#endif
