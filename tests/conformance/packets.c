/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/conformance/packets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is left of a packet. */
struct rest {
	const uint8_t *at, *end;
};

static void packets_fail(const char *why)
{
	(void)fprintf(stderr, "not MQTT: %s\n", why);
	exit(2);
}

static const uint8_t *take(struct rest *rest, size_t size)
{
	const uint8_t *at = rest->at;

	if ((size_t)(rest->end - at) < size) {
		packets_fail("a packet is too short");
	}
	rest->at += size;
	return at;
}

static uint32_t take_number(struct rest *rest, size_t size)
{
	const uint8_t *at = take(rest, size);
	uint32_t number = 0;

	for (size_t i = 0; i < size; i++) {
		number = number << 8 | at[i];
	}
	return number;
}

static uint32_t take_varint(struct rest *rest)
{
	uint32_t number = 0;

	for (unsigned shift = 0; shift < 28; shift += 7) {
		uint8_t byte = *take(rest, 1);

		number |= (uint32_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			return number;
		}
	}
	packets_fail("a length");
	return 0;
}

/* A copy, terminated; the caller frees it. */
static char *take_text(struct rest *rest, size_t *size_out)
{
	size_t size = take_number(rest, 2);
	const uint8_t *at = take(rest, size);
	char *text = calloc(1, size + 1);

	if (text == NULL) {
		packets_fail("no memory");
	} else {
		memcpy(text, at, size);
	}
	*size_out = size;
	return text;
}

static void skip_properties(struct rest *rest, unsigned version)
{
	if (version == 5) {
		(void)take(rest, take_varint(rest));
	}
}

/* The properties of CONNECT; session expiry is the one that matters. */
static uint32_t take_expiry(struct rest *rest)
{
	uint32_t size = take_varint(rest);
	struct rest inner = { take(rest, size), rest->at };
	uint32_t expiry = 0;

	while (inner.at < inner.end) {
		switch (*take(&inner, 1)) {
		case 0x11:
			expiry = take_number(&inner, 4);
			break;
		case 0x27:
			(void)take(&inner, 4);
			break;
		case 0x21:
		case 0x22:
			(void)take(&inner, 2);
			break;
		case 0x17:
		case 0x19:
			(void)take(&inner, 1);
			break;
		case 0x26:
			(void)take(&inner, take_number(&inner, 2));
			(void)take(&inner, take_number(&inner, 2));
			break;
		default:
			(void)take(&inner, take_number(&inner, 2));
			break;
		}
	}
	return expiry;
}

static void packets_connect(struct packets *packets, struct rest rest)
{
	struct judge_connect connect = { 0 };
	size_t size;
	char *topic = NULL, *will = NULL;
	uint8_t flags;

	free(take_text(&rest, &size));
	connect.version = *take(&rest, 1);
	packets->version_said = connect.version;
	flags = *take(&rest, 1);
	connect.is_clean = (flags & 2) != 0;
	(void)take(&rest, 2);
	connect.expiry = connect.version == 5 ? take_expiry(&rest) : 0;
	free(take_text(&rest, &size));
	if (flags & 4) {
		skip_properties(&rest, connect.version);
		connect.will_topic = topic = take_text(&rest, &size);
		connect.will = will = take_text(&rest, &connect.will_size);
		connect.will_qos = flags >> 3 & 3;
		connect.will_retain = (flags & 0x20) != 0;
	}
	judge_connect(packets->judge, &connect);
	free(topic);
	free(will);
}

static void packets_subscribe(struct packets *packets, struct rest rest)
{
	size_t size;

	(void)take(&rest, 2);
	skip_properties(&rest, *packets->version);
	while (rest.at < rest.end) {
		char *filter = take_text(&rest, &size);

		judge_subscribe(packets->judge, filter, *take(&rest, 1) & 3);
		free(filter);
	}
}

static void packets_publish(struct packets *packets, uint8_t flags, struct rest rest)
{
	struct judge_message message = { .qos = flags >> 1 & 3, .retain = flags & 1 };
	size_t size;
	char *topic = take_text(&rest, &size), *payload;

	if (message.qos > 0) {
		(void)take(&rest, 2);
	}
	skip_properties(&rest, *packets->version);
	message.topic = topic;
	message.size = (size_t)(rest.end - rest.at);
	payload = calloc(1, message.size + 1);
	if (payload == NULL) {
		packets_fail("no memory");
	} else {
		memcpy(payload, rest.at, message.size);
	}
	message.payload = payload;
	if (packets->from_edge) {
		judge_sent(packets->judge, &message);
	} else {
		judge_told(packets->judge, &message);
	}
	free(payload);
	free(topic);
}

static void packets_whole(struct packets *packets, uint8_t first, struct rest rest)
{
	switch (first >> 4) {
	case 1:
		packets_connect(packets, rest);
		break;
	case 3:
		packets_publish(packets, first & 0x0f, rest);
		break;
	case 8:
		packets_subscribe(packets, rest);
		break;
	case 14:
		if (packets->from_edge) {
			judge_disconnect(packets->judge, rest.at < rest.end ? *rest.at : 0);
			packets->has_disconnected = true;
		}
		break;
	default:
		break;
	}
}

/* The bytes of the first packet; 0: it is not whole. */
static size_t packets_first(const struct packets *packets, size_t *head_out)
{
	size_t length = 0;

	for (size_t i = 1; i < packets->size && i < 5; i++) {
		length |= (size_t)(packets->bytes[i] & 0x7f) << (7 * (i - 1));
		if (packets->bytes[i] < 0x80) {
			*head_out = i + 1;
			return i + 1 + length <= packets->size ? i + 1 + length : 0;
		}
	}
	return 0;
}

void packets_take(struct packets *packets, const void *bytes, size_t size)
{
	size_t head = 0, whole;

	if (size > PACKETS_ROOM - packets->size) {
		packets_fail("a packet is too long");
	}
	memcpy(packets->bytes + packets->size, bytes, size);
	packets->size += size;
	while ((whole = packets_first(packets, &head)) > 0) {
		struct rest rest = { packets->bytes + head, packets->bytes + whole };

		packets_whole(packets, packets->bytes[0], rest);
		packets->size -= whole;
		memmove(packets->bytes, packets->bytes + whole, packets->size);
	}
}
