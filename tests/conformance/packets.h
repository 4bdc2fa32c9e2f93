/* SPDX-License-Identifier: Apache-2.0 */
/* MQTT 3.1.1 and 5 as it passes by, for the judge. */
#ifndef TESTS_CONFORMANCE_PACKETS_H
#define TESTS_CONFORMANCE_PACKETS_H

#include <stddef.h>
#include <stdint.h>

#include "tests/conformance/judge.h"

#define PACKETS_ROOM  (1u << 20)

/* One direction of a connection. */
struct packets {
	struct judge *judge;
	bool from_edge;
	const unsigned *version;        /* of the connection, as its CONNECT said */
	unsigned version_said;          /* by a CONNECT of this direction */
	bool has_disconnected;
	size_t size;
	uint8_t bytes[PACKETS_ROOM];    /* what is not a whole packet yet */
};

/* More of the stream: each whole packet is shown to the judge. */
void packets_take(struct packets *packets, const void *bytes, size_t size);

#endif
