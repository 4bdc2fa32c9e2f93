/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the bytes as one object; what is taken must be inside the line, and
 * its texts must survive being written and read again.
 */
#include "core/base/json.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "tests/fuzz/fuzz.h"

static void write_again(const struct json_object *object)
{
	static struct json_object again;
	struct buf buf;

	buf_init(&buf, (size_t)1 << 20);
	json_begin(&buf);
	for (size_t i = 0; i < object->count; i++) {
		json_add_text(&buf, object->fields[i].key, object->fields[i].text);
	}
	json_end(&buf);
	check(buf.fault == 0);
	check(json_read(buf.at, buf.size, &again) == 0);
	check(again.count == object->count);
	for (size_t i = 0; i < object->count; i++) {
		check(strcmp(again.fields[i].key, object->fields[i].key) == 0);
		if (object->fields[i].kind == JSON_TEXT) {
			check(strcmp(again.fields[i].text, object->fields[i].text) == 0);
		}
	}
	buf_fini(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct json_object object;
	char *line = malloc(size + 1);

	if (line == NULL || size > 65536) {
		free(line);
		return 0;
	}
	if (size > 0) {
		memcpy(line, data, size);
	}
	line[size] = '\0';
	if (json_read(line, size, &object) == 0) {
		for (size_t i = 0; i < object.count; i++) {
			const struct json_field *field = &object.fields[i];

			check(field->key >= line && field->key + strlen(field->key) < line + size);
			check(field->text >= line &&
			      field->text + strlen(field->text) < line + size);
		}
		write_again(&object);
	}
	free(line);
	return 0;
}
