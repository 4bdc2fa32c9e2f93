/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/net/dev. The name ends at a colon, which old kernels glue to the first number. */
#include <string.h>

#include "modules/host/proc/proc.h"

enum {
	RX_BYTES, RX_PACKETS, RX_ERRORS, RX_DROPPED, RX_FIFO, RX_FRAME, RX_COMPRESSED, RX_MULTICAST,
	TX_BYTES, TX_PACKETS, TX_ERRORS, TX_DROPPED,
	FIELD_COUNT
};

/* A name may have a colon itself (an alias): the last one before the numbers counts. */
static const char *interface_colon(const struct scan *line)
{
	const char *colon = NULL;

	for (const char *c = line->at; c < line->end; c++) {
		if (*c == ':') {
			colon = c;
		}
	}
	return colon;
}

bool proc_interface_next(struct scan *text, struct proc_interface *interface_out)
{
	struct scan line;

	while (scan_line(text, &line)) {
		const char *colon = interface_colon(&line);
		uint64_t n[FIELD_COUNT];
		struct scan head, word;

		if (colon == NULL) {
			continue;
		}
		head = (struct scan){line.at, colon};
		line.at = colon + 1;
		if (!scan_word(&head, &word) || !scan_numbers(&line, n, FIELD_COUNT) ||
		    !scan_copy(&word, interface_out->name, sizeof(interface_out->name))) {
			continue;
		}
		interface_out->received_bytes = n[RX_BYTES];
		interface_out->received_packets = n[RX_PACKETS];
		interface_out->received_errors = n[RX_ERRORS];
		interface_out->received_dropped = n[RX_DROPPED];
		interface_out->sent_bytes = n[TX_BYTES];
		interface_out->sent_packets = n[TX_PACKETS];
		interface_out->sent_errors = n[TX_ERRORS];
		interface_out->sent_dropped = n[TX_DROPPED];
		return true;
	}
	return false;
}
