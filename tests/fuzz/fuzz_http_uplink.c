/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the HTTP uplink reads from others: Retry-After and dates of a server,
 * templates of the YAML, a packed body, text of a sample. What it makes of text
 * is JSON to another reader.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/json.h"
#include "modules/http_uplink/encode.h"
#include "modules/http_uplink/pack.h"
#include "modules/http_uplink/retry.h"
#include "modules/http_uplink/template.h"

#include "tests/fuzz/fuzz.h"

static void fuzz_retry(const char *text, size_t size)
{
	ew_time time;
	ew_dur wait;

	if (retry_after_parse(text, size, 0, &wait) == 0) {
		check(wait >= 0);
	}
	if (retry_date_parse(text, size, &time) == 0) {
		check(time >= 0);
	}
}

static void fuzz_template(const char *text)
{
	static const struct template_values values = {
		.gateway = "g", .device = "a/b", .type = "\n",
	};
	struct bytes filled = {0};

	if (template_fault(text) == NULL) {
		template_fill(&filled, text, &values, TEMPLATE_PLAIN);
		check(filled.size == 0 || memchr(filled.at, '\0', filled.size) == NULL);
	}
	(void)template_is_per_device(text);
	bytes_free(&filled);
}

static void fuzz_packed(char *text, size_t size)
{
	const struct bytes packed = {.at = text, .size = size};
	struct bytes body;

	if (pack_gunzip(&packed, 100000, &body) == 0) {
		check(body.size <= 100000);
		bytes_free(&body);
	}
}

static void fuzz_sample(char *text, size_t size)
{
	static const struct shape_names names = {.device = "d", .measurement = "m"};
	const struct ew_tag_spec tag = {.size = sizeof(tag), .name = text, .type = EW_TYPE_TEXT};
	const struct ew_sample sample = ew_sample_text(1, 5, text, (uint32_t)size);
	struct json_object object;
	struct bytes body = {0};
	struct shape shape;

	for (int format = FORMAT_NDJSON; format <= FORMAT_INFLUX; format++) {
		check(shape_make((enum encode_format)format, &names, &tag, &shape) == 0);
		bytes_cut(&body, 0);
		check(encode_sample((enum encode_format)format, &body, &shape, &sample) == 0);
		shape_free(&shape);
		check(body.at[body.size - 1] == '\n' || format == FORMAT_JSON);
		if (format == FORMAT_INFLUX) {
			check(memchr(body.at, '\n', body.size) == body.at + body.size - 1);
		} else if (format == FORMAT_NDJSON && memchr(text, '\0', size) == NULL) {
			check(json_read(body.at, body.size - 1, &object) == 0);
		}
	}
	bytes_free(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (text == NULL) {
		return 0;
	}
	memcpy(text, data, size);
	text[size] = '\0';
	fuzz_retry(text, size);
	fuzz_template(text);
	fuzz_packed(text, size);
	fuzz_sample(text, size);
	free(text);
	return 0;
}
