/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What clients say to the event stream: a query, in lines NAME=VALUE, and an
 * acknowledgement in a query or a body. And what publishers say: whatever the
 * body of an event is, what is shown of it is one line of JSON.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "modules/events/entry.h"
#include "proto/json/json_in.h"

#include "tests/fuzz/fuzz.h"

/* The nth line of a name. */
static const char *line_get(const void *arg, const char *name, size_t nth)
{
	const char *const *lines = arg;
	size_t size = strlen(name);

	for (; *lines != NULL; lines++) {
		if (strncmp(*lines, name, size) == 0 && (*lines)[size] == '=' && nth-- == 0) {
			return *lines + size + 1;
		}
	}
	return NULL;
}

static void fuzz_query(char *text)
{
	const char *lines[33] = {NULL};
	const char *why = NULL;
	struct ask_ack ack;
	struct ask ask;
	size_t count = 0;

	while (*text != '\0' && count < 32) {
		lines[count++] = text;
		text += strcspn(text, "\n");
		if (*text != '\0') {
			*text++ = '\0';
		}
	}
	if (ask_parse(line_get, lines, line_get(lines, "accept", 0), &ask, &why) == 0) {
		check(ask.kind_count <= ASK_KINDS_MAX && ask.wait >= 0);
		check(ask.consumer[0] == '\0' || ask_is_name(ask.consumer));
		check(ask.consumer[0] == '\0' || !ask.has_since);
		(void)ask_takes(&ask, "alarm.raised", 12);
	} else {
		check(why != NULL);
	}
	if (ask_parse_ack(line_get, lines, NULL, 0, &ack, &why) == 0) {
		check(ask_is_name(ack.consumer) && (!ack.is_page || ack.page.after < ack.page.to));
	} else {
		check(why != NULL);
	}
}

static void fuzz_body(const char *body, size_t size)
{
	static const char *const none[] = {NULL};
	const char *why = NULL;
	struct ask_ack ack;

	if (size > 0 && ask_parse_ack(line_get, none, body, size, &ack, &why) == 0) {
		check(ask_is_name(ack.consumer) && (!ack.is_page || ack.page.after < ack.page.to));
	}
}

static void fuzz_event(const char *text)
{
	const struct entry_names names = {.device = text, .source = "s"};
	const struct ew_event event = {
		.size = sizeof(event), .kind = "k", .time = -1, .key = text, .body = text,
	};
	const struct entry_place place = {.form = ASK_NDJSON, .id = 7};
	struct bytes entry = {0}, line = {0};
	char *scratch;
	struct json_in in;

	entry_event(&entry, &names, &event);
	entry_show(&line, &place, entry.at, entry.size);
	check(!line.failed && memchr(line.at, '\n', line.size) == line.at + line.size - 1);
	scratch = malloc(line.size);
	check(scratch != NULL);
	json_in_begin(&in, line.at, line.size);
	json_in_scratch(&in, scratch, line.size);
	check(json_in_skip(&in) == 0);
	free(scratch);
	bytes_free(&entry);
	bytes_free(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	check(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	fuzz_body(text, size);
	fuzz_event(text);
	fuzz_query(text);
	free(text);
	return 0;
}
