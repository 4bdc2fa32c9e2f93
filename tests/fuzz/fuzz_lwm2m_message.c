/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of the MQTT binding: what is accepted survives being written and read. */
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "proto/lwm2m/message.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lwm2m_message message, again;
	uint8_t *bytes;
	size_t written;

	if (size > 65536 || lwm2m_message_decode(data, size, &message) != 0) {
		return 0;
	}
	bytes = malloc(2 * size + 256);
	check(bytes != NULL);
	check(lwm2m_message_encode(&message, bytes, 2 * size + 256, &written) == 0);
	check(lwm2m_message_decode(bytes, written, &again) == 0);
	check((message.has & ~LWM2M_HAS(LT)) == again.has);
	check((message.unset & ~LWM2M_HAS(LT)) == again.unset);
	check(message.token == again.token && message.payload.size == again.payload.size);
	free(bytes);
	return 0;
}
