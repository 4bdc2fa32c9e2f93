/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands of an administrator: reload, audit.
 */
#include <stdio.h>

#include "core/edgewayctl/command.h"

static int admin_reload(struct client *client, struct buf *request, int argc, char **argv)
{
	static const struct column columns[] = {
		{ .key = "level", .title = "" },
		{ .key = "text", .title = "WHAT" },
		{ .key = NULL },
	};

	(void)argc;
	(void)argv;
	return client_show(client, request, columns, false);
}

static int admin_audit(struct client *client, struct buf *request, int argc, char **argv)
{
	static const struct column columns[] = {
		{ .key = "n", .title = "N", .right = true },
		{ .key = "time", .title = "TIME" },
		{ .key = "origin", .title = "WHO" },
		{ .key = "what", .title = "WHAT" },
		{ .key = "target", .title = "TARGET" },
		{ .key = "value", .title = "VALUE" },
		{ .key = "result", .title = "RESULT" },
		{ .key = "text", .title = "SAYS" },
		{ .key = NULL },
	};

	(void)argc;
	(void)argv;
	return client_show(client, request, columns, false);
}

const struct command commands_admin[] = {
	{ .name = "reload", .arguments = "",
	  .summary = "read the configuration again and apply what changed",
	  .more = "A configuration with an error changes nothing; its errors are shown.",
	  .run = admin_reload },
	{ .name = "audit", .arguments = "",
	  .summary = "who wrote what, and what became of it",
	  .options = { { "last", "N", "last", "so many records (100)" } },
	  .run = admin_audit },
	{ .name = NULL },
};
