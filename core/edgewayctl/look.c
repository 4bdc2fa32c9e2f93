/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands that look at the daemon: status, instances, routes,
 * uplinks, why, version.
 */
#include <stdio.h>

#include "core/edgewayctl/command.h"

static int look_status(struct client *client, struct buf *request, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return client_show_facts(client, request);
}

static int look_instances(struct client *client, struct buf *request, int argc, char **argv)
{
	static const struct column columns[] = {
		{ .key = "instance", .title = "INSTANCE" },
		{ .key = "module", .title = "MODULE" },
		{ .key = "state", .title = "STATE" },
		{ .key = "health", .title = "HEALTH" },
		{ .key = "devices", .title = "DEVICES", .right = true },
		{ .key = "tags", .title = "TAGS", .right = true },
		{ .key = "samples", .title = "SAMPLES", .right = true },
		{ .key = "text", .title = "SAYS" },
		{ .key = NULL },
	};

	(void)argc;
	(void)argv;
	return client_show(client, request, columns, false);
}

static int look_routes(struct client *client, struct buf *request, int argc, char **argv)
{
	static const struct column columns[] = {
		{ .key = "from", .title = "FROM" },
		{ .key = "to", .title = "TO" },
		{ .key = "origin", .title = "ORIGIN" },
		{ .key = "full", .title = "WHEN FULL" },
		{ .key = "samples", .title = "SAMPLES", .right = true },
		{ .key = "filtered", .title = "KEPT BACK", .right = true },
		{ .key = "lost_samples", .title = "LOST", .right = true },
		{ .key = "queued", .title = "WAITING", .right = true },
		{ .key = "bytes", .title = "BYTES", .right = true },
		{ .key = "open", .title = "UNANSWERED", .right = true },
		{ .key = NULL },
	};

	(void)argc;
	(void)argv;
	return client_show(client, request, columns, false);
}

static int look_uplinks(struct client *client, struct buf *request, int argc, char **argv)
{
	static const struct column columns[] = {
		{ .key = "uplink", .title = "UPLINK" },
		{ .key = "state", .title = "STATE" },
		{ .key = "server", .title = "SERVER" },
		{ .key = "connects", .title = "CONNECTS", .right = true },
		{ .key = "guests", .title = "GUESTS", .right = true },
		{ .key = "bytes_in", .title = "IN", .right = true },
		{ .key = "bytes_out", .title = "OUT", .right = true },
		{ .key = "text", .title = "SAYS" },
		{ .key = NULL },
	};

	(void)argc;
	(void)argv;
	return client_show(client, request, columns, false);
}

static int look_why(struct client *client, struct buf *request, int argc, char **argv)
{
	static const struct column columns[] = {
		{ .key = "hop", .title = "HOP" },
		{ .key = "value", .title = "VALUE" },
		{ .key = "quality", .title = "QUALITY" },
		{ .key = "time", .title = "TIME" },
		{ .key = "text", .title = "SAYS" },
		{ .key = NULL },
	};

	(void)argc;
	json_add_text(request, "tag", argv[0]);
	return client_show(client, request, columns, false);
}

static int look_version(struct client *client, struct buf *request, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return client_show_facts(client, request);
}

const struct command commands_look[] = {
	{ .name = "status", .arguments = "", .summary = "how the gateway is",
	  .run = look_status },
	{ .name = "instances", .arguments = "", .summary = "what runs, and how it is",
	  .run = look_instances },
	{ .name = "routes", .arguments = "",
	  .summary = "which instance's data goes to which, and what was kept back or lost",
	  .run = look_routes },
	{ .name = "uplinks", .arguments = "", .summary = "MQTT sessions, and what ails them",
	  .run = look_uplinks },
	{ .name = "why", .arguments = "TAG", .least = 1, .most = 1,
	  .summary = "a tag's last value at each hop, and what stopped it on the way",
	  .more = "The first line is the image: what the owner published last. Each other line "
		  "is a\nroute: what it handed to its receiver last, or the filter, the limit or "
		  "the\nloss that kept the value from going on.",
	  .run = look_why },
	{ .name = "version", .arguments = "", .summary = "the daemon's version",
	  .run = look_version },
	{ .name = NULL },
};
