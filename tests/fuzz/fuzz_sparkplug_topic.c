/* SPDX-License-Identifier: Apache-2.0 */
/* A topic of any bytes, which comes back as it was, and a STATE of any bytes. */
#include <string.h>

#include "core/base/check.h"
#include "proto/sparkplug/state.h"
#include "proto/sparkplug/topic.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_bytes bytes = { data, size };
	char text[SP_TOPIC_MAX], json[SP_STATE_TEXT];
	struct sp_topic topic;
	struct sp_state state, again;

	if (sp_topic_parse(bytes, &topic) == 0) {
		check(sp_topic_format(&topic, text, sizeof(text)) == (int)size);
		check(memcmp(text, data, size) == 0);
	}
	if (sp_state_decode(bytes, &state) == 0) {
		bytes = (struct sp_bytes){ json, sp_state_encode(&state, json) };
		check(sp_state_decode(bytes, &again) == 0);
		check(again.online == state.online && again.timestamp == state.timestamp);
	}
	return 0;
}
