/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands that ask a tag's owner to act: write, execute, refresh.
 */
#include <stdio.h>

#include "core/edgewayctl/command.h"

static int write_show(struct client *client, struct buf *request)
{
	static const struct column columns[] = {
		{ .key = "tag", .title = "TAG" },
		{ .key = "result", .title = "RESULT" },
		{ .key = "text", .title = "SAYS" },
		{ .key = NULL },
	};

	return client_show(client, request, columns, false);
}

static int write_run(struct client *client, struct buf *request, int argc, char **argv)
{
	json_add_text(request, "tag", argv[0]);
	if (argc > 1) {
		json_add_text(request, "value", argv[1]);
	}
	return write_show(client, request);
}

#define WRITE_OPTIONS                                                                    \
	{ "timeout", "DURATION", "timeout", "how long the owner may take (5s)" },        \
	{ "priority", "N", "priority", "0 to 14, who wins against other writers (8)" }

const struct command commands_write[] = {
	{ .name = "write", .arguments = "TAG VALUE", .least = 2, .most = 2,
	  .summary = "ask the tag's owner to set it",
	  .more = "Answers when the owner has: done, refused (nothing happened) or unknown (it "
		  "may\nhave happened). Every write is kept in the audit log. A VALUE that begins "
		  "with a\ndash follows a double dash: write -- TAG -1.",
	  .options = { WRITE_OPTIONS,
		       { "lease", "DURATION", "lease",
			 "keep writers of lower priority off the tag for this long" } },
	  .run = write_run },
	{ .name = "execute", .arguments = "TAG [ARGUMENT]", .least = 1, .most = 2,
	  .summary = "ask the tag's owner to do what the tag stands for",
	  .options = { WRITE_OPTIONS },
	  .run = write_run },
	{ .name = "refresh", .arguments = "TAG", .least = 1, .most = 1,
	  .summary = "ask the tag's owner to read the device now",
	  .options = { WRITE_OPTIONS },
	  .run = write_run },
	{ .name = NULL },
};
