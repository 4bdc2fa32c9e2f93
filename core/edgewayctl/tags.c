/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands about devices and tags: devices, tags, get, watch.
 */
#include <stdio.h>
#include <string.h>

#include "core/edgewayctl/command.h"

static int tags_devices(struct client *client, struct buf *request, int argc, char **argv)
{
	static const struct column columns[] = {
		{ .key = "device", .title = "DEVICE" },
		{ .key = "state", .title = "STATE" },
		{ .key = "owner", .title = "OWNER" },
		{ .key = "type", .title = "TYPE" },
		{ .key = "since", .title = "SINCE" },
		{ .key = "reason", .title = "REASON" },
		{ .key = NULL },
	};

	if (argc > 0) {
		json_add_text(request, "glob", argv[0]);
	}
	return client_show(client, request, columns, false);
}

static const struct column tags_columns[] = {
	{ .key = "tag", .title = "TAG" },
	{ .key = "value", .title = "VALUE", .right = true },
	{ .key = "unit", .title = "UNIT" },
	{ .key = "type", .title = "TYPE" },
	{ .key = "access", .title = "ACCESS" },
	{ .key = "quality", .title = "QUALITY" },
	{ .key = "time", .title = "TIME" },
	{ .key = NULL },
};

/* Where tags go: each instance that sends them away says how it calls them. */
static int tags_map(struct client *client, struct buf *request, int argc, char **argv)
{
	static const struct column columns[] = {
		{ .key = "tag", .title = "TAG" },
		{ .key = "type", .title = "TYPE" },
		{ .key = "unit", .title = "UNIT" },
		{ .key = "instance", .title = "INSTANCE" },
		{ .key = "topic", .title = "TOPIC" },
		{ .key = "metric", .title = "METRIC" },
		{ .key = "alias", .title = "ALIAS", .right = true },
		{ .key = "path", .title = "PATH" },
		{ .key = NULL },
	};

	buf_fini(request);
	client_begin(request, "map");
	if (argc > 0) {
		json_add_text(request, "glob", argv[0]);
	}
	return client_show(client, request, columns, false);
}

static int tags_tags(struct client *client, struct buf *request, int argc, char **argv)
{
	/* options come before the arguments, so nobody else's text can say this */
	if (strstr(buf_text(request), "\"map\":true") != NULL) {
		return tags_map(client, request, argc, argv);
	}
	if (argc > 0) {
		json_add_text(request, "glob", argv[0]);
	}
	return client_show(client, request, tags_columns, false);
}

static int tags_get(struct client *client, struct buf *request, int argc, char **argv)
{
	(void)argc;
	json_add_text(request, "tag", argv[0]);
	return client_show(client, request, tags_columns, false);
}

static int tags_watch(struct client *client, struct buf *request, int argc, char **argv)
{
	static const struct column columns[] = {
		{ .key = "time", .title = "TIME", .min = 24 },
		{ .key = "tag", .title = "TAG", .min = 28 },
		{ .key = "value", .title = "VALUE", .min = 12, .right = true },
		{ .key = "unit", .title = "UNIT", .min = 6 },
		{ .key = "quality", .title = "QUALITY", .min = 9 },
		{ .key = "text", .title = "SAYS" },
		{ .key = NULL },
	};

	(void)argc;
	json_add_text(request, "glob", argv[0]);
	return client_show(client, request, columns, true);
}

const struct command commands_tags[] = {
	{ .name = "devices", .arguments = "[GLOB]", .most = 1,
	  .summary = "devices, their state and since when",
	  .run = tags_devices },
	{ .name = "tags", .arguments = "[GLOB]", .most = 1,
	  .summary = "tags and their last values",
	  .more = "GLOB is DEVICE:TAG; * stands for any characters but /, ** for any. "
		  "Without a\ncolon it is a device.",
	  .options = { { "map", NULL, "map", "where they go: topic and alias, or path" } },
	  .run = tags_tags },
	{ .name = "get", .arguments = "TAG", .least = 1, .most = 1,
	  .summary = "one tag and its last value",
	  .run = tags_get },
	{ .name = "watch", .arguments = "GLOB", .least = 1, .most = 1,
	  .summary = "values as they are published, until interrupted",
	  .more = "The last values come first. A terminal that is too slow loses samples, and "
		  "is told\nhow many; nobody else does.",
	  .options = { { "count", "N", "count", "end after N samples" },
		       { "for", "DURATION", "for", "end after this time: 500ms, 10s, 1h" } },
	  .run = tags_watch },
	{ .name = NULL },
};
