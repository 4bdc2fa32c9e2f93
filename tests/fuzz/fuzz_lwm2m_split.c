/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of the split profile: a line with the level of the topic, then JSON.
 * What is accepted is a message of the binding too, and survives being written.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "proto/lwm2m/split.h"
#include "tests/fuzz/fuzz.h"

static void look(const struct lwm2m_split_topic *topic, struct lwm2m_text text)
{
	const struct lwm2m_split_about about = {.endpoint = "gw1"};
	struct bytes memory = {0}, out = {0};
	struct lwm2m_split split, again;
	uint8_t *bytes = malloc(16 * text.size + 4096);
	size_t size;
	int rc;

	check(bytes != NULL);
	if (lwm2m_split_decode(topic, text, &memory, &split) == 0) {
		check(lwm2m_message_encode(&split.message, bytes, 16 * text.size + 4096, &size) ==
		      0);
		rc = lwm2m_split_encode(&split.message, &about, &out);
		/* a list of links that came as text may be none */
		check(rc == 0 || rc == -EINVAL);
		if (rc == 0) {
			const struct lwm2m_text written = {out.at, out.size};
			struct bytes other = {0};

			check(lwm2m_split_decode(topic, written, &other, &again) == 0);
			check(again.has_id == split.has_id);
			check(again.message.token == split.message.token);
			check(again.message.result == split.message.result);
			bytes_free(&other);
		}
	}
	bytes_free(&memory);
	bytes_free(&out);
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size > 65536 ? NULL : memchr(data, '\n', size);
	size_t level = end == NULL ? 0 : (size_t)(end - data);
	struct lwm2m_split_topic topic;
	char line[128] = "lwm2m/gw1/";

	if (end == NULL || level > 100 || memchr(data, '\0', level) != NULL) {
		return 0;
	}
	memcpy(line + strlen(line), data, level);
	if (lwm2m_split_topic_parse("", line, &topic) == 0) {
		look(&topic, (struct lwm2m_text){(const char *)end + 1, size - level - 1});
	}
	return 0;
}
