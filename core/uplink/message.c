/* SPDX-License-Identifier: Apache-2.0 */
/* See message.h: sizes first, then one allocation, then the copies. */
#include "core/uplink/message.h"

#include <stdlib.h>
#include <string.h>

/* what malloc adds to a block, and its rounding */
#define MESSAGE_OVERHEAD 32u

static size_t message_text_size(const char *text)
{
	return text != NULL ? strlen(text) + 1 : 0;
}

static size_t message_extra_size(const struct ew_uplink_extra *extra)
{
	size_t size = message_text_size(extra->content_type) +
		      message_text_size(extra->response_topic) + extra->correlation_size +
		      extra->property_count * sizeof(struct ew_uplink_property);
	size_t i;

	for (i = 0; i < extra->property_count; i++) {
		size += message_text_size(extra->properties[i].name) +
			message_text_size(extra->properties[i].value);
	}
	return size;
}

/* Copy `size` bytes to *at and move it on; NULL stays NULL. */
static void *message_copy(char **at, const void *bytes, size_t size)
{
	char *copy = *at;

	if (bytes == NULL) {
		return NULL;
	}
	memcpy(copy, bytes, size);
	*at += size;
	return copy;
}

static const char *message_copy_text(char **at, const char *text)
{
	return message_copy(at, text, message_text_size(text));
}

static void message_copy_extra(struct ew_uplink_extra *to, const struct ew_uplink_extra *from,
			       struct ew_uplink_property *pairs, char **at)
{
	size_t i;

	to->content_type = message_copy_text(at, from->content_type);
	to->response_topic = message_copy_text(at, from->response_topic);
	to->correlation = message_copy(at, from->correlation, from->correlation_size);
	to->correlation_size = from->correlation_size;
	to->expiry = from->expiry;
	to->properties = from->property_count > 0 ? pairs : NULL;
	to->property_count = from->property_count;
	for (i = 0; i < from->property_count; i++) {
		pairs[i].name = message_copy_text(at, from->properties[i].name);
		pairs[i].value = message_copy_text(at, from->properties[i].value);
	}
}

struct message *message_new(const struct message_source *source)
{
	static const struct ew_uplink_extra nothing = {0};
	const struct ew_uplink_extra *extra = source->extra != NULL ? source->extra : &nothing;
	size_t size = sizeof(struct message) + message_text_size(source->topic) +
		      source->payload_size + message_extra_size(extra);
	struct message *message = malloc(size);
	struct ew_uplink_property *pairs;
	char *at;

	if (message == NULL) {
		return NULL;
	}
	memset(message, 0, sizeof(*message));
	list_init(&message->node);
	message->cost = size + MESSAGE_OVERHEAD;
	pairs = (struct ew_uplink_property *)(void *)(message + 1);
	at = (char *)(pairs + extra->property_count);
	message_copy_extra(&message->extra, extra, pairs, &at);
	message->topic = message_copy_text(&at, source->topic);
	message->payload_size = source->payload_size;
	message->payload = source->payload_size > 0
				   ? message_copy(&at, source->payload, source->payload_size)
				   : NULL;
	return message;
}

void message_free(struct message **message)
{
	free(*message);
	*message = NULL;
}

void message_free_all(struct list *list)
{
	struct list *node;

	while ((node = list_pop(list)) != NULL) {
		struct message *message = list_entry(node, struct message, node);

		message_free(&message);
	}
}
