/* SPDX-License-Identifier: Apache-2.0 */
/* Server-sent events: see events.h. */
#include "modules/events/events.h"

#include <errno.h>

#define LIFE_EVERY    (15 * EW_SECOND)  /* a comment, so that nobody takes it for dead */
#define TURN_PAGES    8u                /* then others have their turn */

int stream_start(struct client *client)
{
	static const struct ew_http_header headers[] = {
		{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"},
	};
	const struct ew_http_response response = {
		.size = sizeof(response),
		.content_type = "text/event-stream",
		.headers = headers,
		.header_count = sizeof(headers) / sizeof(headers[0]),
	};
	int error = ew_http_stream_start(client->req, &response);

	if (error != 0) {
		return error;
	}
	client->is_stream = true;
	client->due = ew_now() + LIFE_EVERY;
	return 0;
}

/* Write what is at hand: 0, -EAGAIN, or the end of it. */
static int stream_write(struct client *client, const void *bytes, size_t size)
{
	int error = ew_http_stream_write(client->req, bytes, size);

	if (error == -EAGAIN) {
		client->is_blocked = true;
	} else if (error == 0) {
		client->due = ew_now() + LIFE_EVERY;
	}
	return error;
}

/* The page at hand leaves, or stays. */
static int stream_flush(struct client *client)
{
	int error;

	if (client->page.body.size == 0) {
		return 0;
	}
	error = stream_write(client, client->page.body.at, client->page.body.size);
	if (error == 0) {
		page_count(client->events, &client->page);
		page_free(&client->page);
		client->page = (struct page){.from = 0};
	}
	return error;
}

/* 0: there is nothing more now. */
static int stream_turn(struct client *client)
{
	struct page_plan plan;
	int ret = stream_flush(client);

	for (unsigned i = 0; ret == 0; i++) {
		if (i == TURN_PAGES) {
			client->is_looking = true;
			return 0;
		}
		ret = page_next(client, &plan, &client->page);
		if (ret <= 0) {
			return ret;
		}
		ret = stream_flush(client);
	}
	return ret == -EAGAIN ? 0 : ret;
}

bool stream_serve(struct client *client)
{
	int ret = 0;

	if (client->is_blocked) {
		client->due = ew_now() + LIFE_EVERY;
		return true;
	}
	client->is_looking = false;
	ret = stream_turn(client);
	if (ret == 0 && client->due <= ew_now()) {
		ret = stream_write(client, ":\n\n", 3);
		ret = ret == -EAGAIN ? 0 : ret;
	}
	if (ret != 0) {
		client_end(&client);
		return false;
	}
	return true;
}
