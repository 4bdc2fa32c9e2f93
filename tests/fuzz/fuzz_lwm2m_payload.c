/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Payloads: the first byte chooses the format, the second the depth of the
 * request's target. What is accepted survives being written and read.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "proto/lwm2m/format.h"
#include "tests/fuzz/fuzz.h"

#define SIZE_MAX_FUZZ  16384
#define RECORDS_MAX    4096

static struct lwm2m_record records[RECORDS_MAX];

static size_t decode_all(unsigned content, const struct lwm2m_source *source)
{
	struct lwm2m_decoder decoder;
	struct lwm2m_record record;
	size_t count = 0;
	char text[LWM2M_PATH_MAX];
	int rc;

	if (lwm2m_decoder_begin(&decoder, content, source) != 0) {
		return 0;
	}
	for (;;) {
		rc = lwm2m_decoder_next(&decoder, &record);
		if (rc <= 0) {
			return rc == 0 ? count : 0;
		}
		check(lwm2m_path_format(&record.path, text) < LWM2M_PATH_MAX);
		/* a prefix of two parts lives in the decoder */
		if (record.path.prefix_size > 0 && record.path.prefix >= decoder.name &&
		    record.path.prefix < decoder.name + sizeof(decoder.name)) {
			return 0;
		}
		if (count < RECORDS_MAX) {
			records[count++] = record;
		}
	}
}

static size_t encode_all(unsigned content, const struct lwm2m_source *source, size_t count,
			 uint8_t *bytes, const uint8_t **at_out)
{
	struct lwm2m_target target = {
		.bytes = bytes, .room = 8 * SIZE_MAX_FUZZ + 200 * count + 1024,
		.base = source->base,
	};
	struct lwm2m_encoder encoder;
	size_t size;

	check(lwm2m_encoder_begin(&encoder, content, &target) == 0);
	for (size_t i = 0; i < count; i++) {
		if (lwm2m_encoder_push(&encoder, &records[i]) != 0) {
			return 0;       /* what text cannot say, or JSON cannot */
		}
	}
	return lwm2m_encoder_end(&encoder, at_out, &size) == 0 ? size : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned contents[] = {0, 42, 60, 110, 112, 320, 322, 11542, 11544};
	static const uint16_t ids[] = {3, 0, 9, 0};
	static char scratch[SIZE_MAX_FUZZ];
	static uint8_t bytes[8 * SIZE_MAX_FUZZ + 200 * RECORDS_MAX + 1024];
	struct lwm2m_source source = {.scratch = scratch, .scratch_size = sizeof(scratch)};
	struct lwm2m_value value;
	const uint8_t *at;
	unsigned content;
	size_t count, again;

	if (size < 2 || size > SIZE_MAX_FUZZ) {
		return 0;
	}
	content = contents[data[0] % (sizeof(contents) / sizeof(contents[0]))];
	source.base = lwm2m_path_of(data[1] % 5, ids);
	source.bytes = data + 2;
	source.size = size - 2;
	count = decode_all(content, &source);
	again = count == 0 ? 0 : encode_all(content, &source, count, bytes, &at);
	if (again > 0) {
		source.bytes = at;
		source.size = again;
		check(decode_all(content, &source) == count);
	}
	for (size_t i = 0; i < count; i++) {
		for (enum lwm2m_type type = LWM2M_STRING; type <= LWM2M_CORELINK; type++) {
			value = records[i].value;
			if (value.type != LWM2M_PLAIN || value.v.x.size <= sizeof(scratch)) {
				/* any end is right */
				(void)lwm2m_value_convert(&value, type, scratch);
			}
		}
	}
	return 0;
}
