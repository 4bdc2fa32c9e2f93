/* SPDX-License-Identifier: Apache-2.0 */
/* dead-letters: what far ends refused for good, and why. */
#include <stdlib.h>
#include <string.h>

#include "core/edgewayctl/command.h"
#include "core/edgewayctl/table.h"

static const struct column letters_all[] = {
	{ .key = "instance", .title = "INSTANCE" },
	{ .key = "number", .title = "NUMBER", .right = true },
	{ .key = "refused", .title = "REFUSED" },
	{ .key = "reason", .title = "REASON" },
	{ .key = "route", .title = "ROUTE" },
	{ .key = "device", .title = "DEVICE" },
	{ .key = "samples", .title = "SAMPLES", .right = true },
	{ .key = "events", .title = "EVENTS", .right = true },
	{ .key = NULL },
};

static const struct column letters_count[] = {
	{ .key = "instance", .title = "INSTANCE" },
	{ .key = "route", .title = "ROUTE" },
	{ .key = "reason", .title = "REASON" },
	{ .key = "letters", .title = "LETTERS", .right = true },
	{ .key = "samples", .title = "SAMPLES", .right = true },
	{ .key = "events", .title = "EVENTS", .right = true },
	{ .key = "first", .title = "FIRST" },
	{ .key = "last", .title = "LAST" },
	{ .key = NULL },
};

static const struct column letters_one[] = {
	{ .key = "kind", .title = "KIND" },
	{ .key = "device", .title = "DEVICE" },
	{ .key = "tag", .title = "TAG" },
	{ .key = "event", .title = "EVENT" },
	{ .key = "time", .title = "TIME" },
	{ .key = "value", .title = "VALUE" },
	{ .key = "body", .title = "BODY" },
	{ .key = NULL },
};

static int letters_run(struct client *client, struct buf *request, int argc, char **argv)
{
	bool is_counting = strstr(buf_text(request), "\"count\":true") != NULL;
	bool is_clearing = strstr(buf_text(request), "\"clear\":true") != NULL;
	const struct column *columns = is_counting ? letters_count : letters_all;

	if (argc > 0) {
		json_add_text(request, "instance", argv[0]);
	}
	if (argc > 1) {
		char *end;
		unsigned long long number = strtoull(argv[1], &end, 10);

		if (*end != '\0' || number == 0) {
			return client_fail(CTL_USAGE, "'%s' is no number of a letter", argv[1]);
		}
		json_add_uint(request, "number", number);
		columns = letters_one;
	}
	return is_clearing ? client_show_facts(client, request)
			   : client_show(client, request, columns, false);
}

const struct command commands_letters[] = {
	{ .name = "dead-letters", .arguments = "[INSTANCE [NUMBER]]",
	  .summary = "what far ends refused for good, and why; with a number, that letter whole",
	  .more = "A letter is a batch or an event as it was delivered, and some of it at least "
		  "was refused.\nEach instance keeps 16 MiB of them, then the oldest go. They are "
		  "not sent again: with\n--json a letter has all that it takes to do so.",
	  .least = 0, .most = 2,
	  .options = {
		  { .name = "count", .key = "count", .help = "a row for each route and reason" },
		  { .name = "clear", .key = "clear", .help = "forget those of the instance" },
	  },
	  .run = letters_run },
	{ .name = NULL },
};
