/* SPDX-License-Identifier: Apache-2.0 */
/* Both topic profiles at once: see wires.h. */
#include "modules/lwm2m_server/wires.h"

#include <errno.h>
#include <string.h>

#include "proto/lwm2m/split.h"

void wires_fini(struct wires *wires)
{
	bytes_free(&wires->memory);
	bytes_free(&wires->written);
}

int wires_filter(const struct wires *wires, size_t number, char *topic_out)
{
	static const char *const levels[] = {"reg", "upd", "update", "bulk", "dereg", "resp/+"};

	if (number == 0) {
		return lwm2m_topic_format(wires->prefix, LWM2M_RD, NULL, topic_out);
	}
	return number > sizeof(levels) / sizeof(levels[0]) ? -ENOENT :
	       lwm2m_split_topic_format(wires->prefix, NULL, levels[number - 1], topic_out);
}

/* ---- what comes ---- */

static void wires_hear_binding(const struct wires *wires, struct server *server,
			       struct server_heard *heard, struct lwm2m_text bytes, ew_dur now)
{
	struct lwm2m_message message;

	if (lwm2m_message_decode(bytes.at, bytes.size, &message) != 0 || message.cose.size > 0 ||
	    (bytes.size > wires->message_max && (message.has & LWM2M_HAS(RESULT)) != 0)) {
		server_count(server, SERVER_MALFORMED);
		return;
	}
	heard->message = &message;
	if (bytes.size > wires->message_max) {
		server_refuse(server, heard, LWM2M_TOO_LARGE);
	} else {
		server_hear(server, heard, now);
	}
}

static void wires_hear_split(struct wires *wires, struct server *server,
			     const struct lwm2m_split_topic *topic, struct lwm2m_text bytes,
			     ew_dur now)
{
	const struct lwm2m_message unread = {
		.operation = topic->operation, .token = LWM2M_SPLIT_NO_ID,
	};
	const struct lwm2m_operation_row *row = lwm2m_operation_find(topic->operation, LWM2M_RD);
	struct server_heard heard = {
		.profile = SERVER_SPLIT, .endpoint = topic->endpoint, .message = &unread,
	};
	struct lwm2m_split split;

	/* both ends share the topics of answers */
	if (topic->is_answer == (row->sender == LWM2M_CLIENT)) {
		server_count(server, SERVER_ECHOES);
		return;
	}
	if (bytes.size > wires->message_max && !topic->is_answer) {
		server_refuse(server, &heard, LWM2M_TOO_LARGE);
		return;
	}
	if (bytes.size > wires->message_max ||
	    lwm2m_split_decode(topic, bytes, &wires->memory, &split) != 0) {
		server_count(server, SERVER_MALFORMED);
		return;
	}
	if (!split.has_id) {
		/* each is another one, and an answer to none carries it */
		split.message.token += wires->nameless++;
	}
	wires->operations = split.operations;
	wires->accepted = split.accepted;
	heard.message = &split.message;
	heard.values = split.values;
	server_hear(server, &heard, now);
}

int wires_hear(struct wires *wires, struct server *server, const char *topic,
	       struct lwm2m_text bytes, ew_dur now)
{
	struct server_heard heard = {.profile = SERVER_BINDING};
	struct lwm2m_split_topic split;
	enum lwm2m_level_name level;

	if (lwm2m_topic_parse(wires->prefix, topic, &level, &heard.endpoint) == 0 &&
	    level == LWM2M_RD) {
		wires_hear_binding(wires, server, &heard, bytes, now);
		return 0;
	}
	if (lwm2m_split_topic_parse(wires->prefix, topic, &split) == 0) {
		wires_hear_split(wires, server, &split, bytes, now);
		return 0;
	}
	return -ENOENT;
}

/* ---- what leaves ---- */

static int wires_say_binding(struct wires *wires, const struct server_said *said)
{
	int rc = lwm2m_topic_format(wires->prefix, LWM2M_RD, said->endpoint, wires->topic);
	char *at = bytes_room(&wires->written, wires->message_max);
	size_t size;

	if (rc != 0 || at == NULL) {
		return rc != 0 ? rc : -ENOMEM;
	}
	rc = lwm2m_message_encode(said->message, at, wires->message_max, &size);
	if (rc == 0) {
		bytes_grow(&wires->written, size);
	}
	return rc;
}

static int wires_say_split(struct wires *wires, const struct server *server,
			   const struct server_said *said)
{
	const struct peer *peer = peers_find(&server->peers, (struct lwm2m_text){
		said->endpoint, strlen(said->endpoint)});
	const struct lwm2m_split_about about = {
		.endpoint = said->endpoint, .now = server->ops.wall(server->ops.arg),
		.lifetime = peer == NULL ? 0 : peer->lifetime,
		.operations = wires->operations, .accepted = wires->accepted,
	};
	const char *level = lwm2m_split_level(said->message);
	int rc = level == NULL ? -EINVAL :
		 lwm2m_split_topic_format(wires->prefix, said->endpoint, level, wires->topic);

	if (rc == 0) {
		rc = lwm2m_split_encode(said->message, &about, &wires->written);
	}
	return rc != 0 ? rc : wires->written.size > wires->message_max ? -EMSGSIZE : 0;
}

int wires_say(struct wires *wires, const struct server *server, const struct server_said *said)
{
	bytes_cut(&wires->written, 0);
	return said->profile == SERVER_SPLIT ? wires_say_split(wires, server, said) :
	       wires_say_binding(wires, said);
}
