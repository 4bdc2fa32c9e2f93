/* SPDX-License-Identifier: Apache-2.0 */
/* See will.h. MQTT bounds the payload of a will to 65535 bytes (5, 3.1.3.4). */
#include "core/uplink/will.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/uplink/topic.h"

void will_init(struct will *will, bool clean)
{
	memset(will, 0, sizeof(*will));
	will->clean = clean;
}

void will_fini(struct will *will)
{
	free(will->topic);
	free(will->payload);
	will->topic = NULL;
	will->payload = NULL;
}

static int will_copy(struct will *will, const struct ew_uplink_will *from)
{
	will->topic = strdup(from->topic);
	will->payload = malloc(from->payload_size > 0 ? from->payload_size : 1);
	if (will->topic == NULL || will->payload == NULL) {
		will_fini(will);
		return -ENOMEM;
	}
	if (from->payload_size > 0) {
		memcpy(will->payload, from->payload, from->payload_size);
	}
	will->payload_size = from->payload_size;
	will->qos = from->qos;
	will->retain = from->retain;
	will->on_stop = from->on_stop;
	return 0;
}

int will_set(struct will *will, const struct ew_uplink_will *from)
{
	struct will copy;

	will_init(&copy, from->clean);
	if (from->topic != NULL) {
		int rc;

		if (!topic_is_valid(from->topic) || from->qos > 1 ||
		    (from->payload == NULL && from->payload_size > 0)) {
			return -EINVAL;
		}
		if (from->payload_size > UINT16_MAX) {
			return -EMSGSIZE;
		}
		rc = will_copy(&copy, from);
		if (rc < 0) {
			return rc;
		}
	}
	will_fini(will);
	*will = copy;
	return 0;
}
