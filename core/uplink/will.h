/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The will of the coming CONNECT, as its owner gave it. A copy, good for one
 * epoch. Under the uplink's lock until the session takes it.
 */
#ifndef CORE_UPLINK_WILL_H
#define CORE_UPLINK_WILL_H

#include <edgeway/uplink.h>

struct will {
	char *topic; /* NULL: connect without one */
	void *payload;
	size_t payload_size;
	uint8_t qos;
	bool retain;
	bool clean;
	bool on_stop;
};

/* No will; clean as given. */
void will_init(struct will *will, bool clean);

/* Frees the copies; usable again after will_init. */
void will_fini(struct will *will);

/* Replace it by a copy of `from`. -EINVAL, -EMSGSIZE, -ENOMEM: unchanged. */
int will_set(struct will *will, const struct ew_uplink_will *from) EW_CHECKED;

#endif
