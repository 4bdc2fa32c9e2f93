/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An uplink driven by lines, for scenarios: guests are attached, publish and
 * subscribe as the lines say, and each callback is a line of output.
 *
 *   uplink_driver FIFO [name=value...]     options as in YAML, tls.verify too
 *
 *   attach NAME [owner]          detach NAME
 *   will NAME TOPIC PAYLOAD [on_stop]      what the owner says from now on
 *   refuse NAME                  the owner has no will from now on
 *   silent NAME                  ... does not answer
 *   subscribe NAME FILTER QOS [MAX]        unsubscribe NAME ID
 *   publish NAME CLASS QOS TOKEN EPOCH TOPIC PAYLOAD     EPOCH 0, or "now"
 *   rich NAME TOPIC PAYLOAD      with every MQTT 5 property
 *   flood NAME CLASS QOS COUNT SIZE TOPIC  until COUNT are in, waiting for room
 *   echo NAME TOPIC              answer what comes in, in class control
 *   hold NAME, read NAME         leave what comes in where it is; take it
 *   release NAME                 cycle NAME REASON
 *   start, stop SECONDS, status, quit
 *
 * Callbacks only write to a pipe; the main thread does the rest.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/base/log.h"
#include "core/uplink/cause.h"
#include "core/uplink/uplink.h"
#include "tests/lib/uplink_options.h"

#define GUESTS_MAX 4u
#define WORDS_MAX 8u

enum news_kind {
	NEWS_PREPARE,
	NEWS_READABLE,
	NEWS_ROOM,
};

struct guest {
	char name[32];
	struct uplink_guest *handle;
	uint64_t epoch;
	char will_topic[64];
	char will_payload[64];
	bool will_on_stop;
	int will_status;
	bool will_silent;
	bool hold;
	bool readable;
	uint32_t readable_id;
	char echo_topic[64];
	/* a flood that waits for room */
	enum ew_traffic flood_traffic;
	uint8_t flood_qos;
	size_t flood_left;
	size_t flood_size;
	char flood_topic[64];
};

struct news {
	enum news_kind kind;
	struct guest *guest;
	uint64_t value;
};

struct driver {
	struct uplink_config config;
	struct uplink *uplink;
	struct guest guests[GUESTS_MAX];
	int news[2];
};

static struct driver driver;

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* One write a line: several threads say something. */
static void say(const char *fmt, ...)
{
	char line[1024];
	va_list args;
	int size;

	va_start(args, fmt);
	size = vsnprintf(line, sizeof(line) - 1, fmt, args);
	va_end(args);
	size = size < (int)sizeof(line) - 1 ? size : (int)sizeof(line) - 2;
	line[size++] = '\n';
	check(write(STDOUT_FILENO, line, (size_t)size) == size);
}

static void post(enum news_kind kind, struct guest *guest, uint64_t value)
{
	struct news news = {.kind = kind, .guest = guest, .value = value};

	check(write(driver.news[1], &news, sizeof(news)) == (ssize_t)sizeof(news));
}

static void on_prepare(void *arg, uint64_t epoch)
{
	struct guest *guest = arg;

	say("%s prepare %" PRIu64, guest->name, epoch);
	post(NEWS_PREPARE, guest, epoch);
}

static void on_online(void *arg, const struct ew_uplink_session *session)
{
	struct guest *guest = arg;

	__atomic_store_n(&guest->epoch, session->epoch, __ATOMIC_RELEASE);
	say("%s online %" PRIu64 " present=%s protocol=%u", guest->name, session->epoch,
	    session->present ? "yes" : "no", session->protocol);
}

static void on_offline(void *arg, uint64_t epoch, enum ew_uplink_cause cause, const char *text)
{
	struct guest *guest = arg;

	__atomic_store_n(&guest->epoch, 0, __ATOMIC_RELEASE);
	say("%s offline %" PRIu64 " cause=%s text=%s", guest->name, epoch, cause_name(cause), text);
}

static void on_acked(void *arg, const struct ew_uplink_ack *acks, size_t count)
{
	struct guest *guest = arg;
	size_t i;

	for (i = 0; i < count; i++) {
		say("%s acked %" PRIu64 " status=%d epoch=%" PRIu64 " number=%" PRIu64, guest->name,
		    acks[i].token, -acks[i].status, acks[i].epoch, acks[i].number);
	}
}

static void on_subscribed(void *arg, const struct ew_uplink_ack *ack)
{
	struct guest *guest = arg;

	say("%s subscribed %" PRIu64 " status=%d epoch=%" PRIu64 " number=%" PRIu64, guest->name,
	    ack->token, -ack->status, ack->epoch, ack->number);
}

static void on_readable(void *arg, uint32_t subscription)
{
	post(NEWS_READABLE, arg, subscription);
}

static void on_room(void *arg)
{
	struct guest *guest = arg;

	say("%s room", guest->name);
	post(NEWS_ROOM, guest, 0);
}

static const struct uplink_guest_ops guest_ops = {
	.prepare = on_prepare,
	.online = on_online,
	.offline = on_offline,
	.acked = on_acked,
	.subscribed = on_subscribed,
	.readable = on_readable,
	.room = on_room,
};

static uint64_t epoch_of(const struct guest *guest)
{
	return __atomic_load_n(&guest->epoch, __ATOMIC_ACQUIRE);
}

static enum ew_traffic traffic_of(const char *word)
{
	return word[0] == 'c'   ? EW_TRAFFIC_CONTROL
	       : word[0] == 't' ? EW_TRAFFIC_TELEMETRY
				: EW_TRAFFIC_BULK;
}

static struct guest *guest_of(const char *name)
{
	size_t i;

	for (i = 0; i < GUESTS_MAX; i++) {
		if (driver.guests[i].handle != NULL && strcmp(driver.guests[i].name, name) == 0) {
			return &driver.guests[i];
		}
	}
	say("error no guest %s", name);
	exit(2);
}

static void answer_prepare(struct guest *guest, uint64_t epoch)
{
	struct ew_uplink_will will = uplink_blank_will(guest->handle);

	if (guest->will_silent) {
		return;
	}
	if (guest->will_topic[0] != '\0') {
		will.topic = guest->will_topic;
		will.payload = guest->will_payload;
		will.payload_size = strlen(guest->will_payload);
		will.qos = 1;
		will.on_stop = guest->will_on_stop;
	}
	(void)uplink_will(guest->handle, epoch, guest->will_status == 0 ? &will : NULL,
			  guest->will_status);
}

static void flood(struct guest *guest)
{
	static char payload[1 << 20];

	while (guest->flood_left > 0) {
		struct ew_uplink_message message = {.size = sizeof(message),
						    .topic = guest->flood_topic,
						    .payload = payload,
						    .payload_size = guest->flood_size,
						    .qos = guest->flood_qos,
						    .traffic = guest->flood_traffic};

		if (uplink_publish(guest->handle, &message) < 0) {
			return;
		}
		guest->flood_left--;
	}
	if (guest->flood_size > 0) {
		say("%s flooded", guest->name);
		guest->flood_size = 0;
	}
}

static void show_received(struct guest *guest, const struct ew_uplink_received *received)
{
	const struct ew_uplink_extra *extra = &received->extra;
	char rich[256] = "";

	if (extra->property_count > 0) {
		(void)snprintf(rich, sizeof(rich),
			       " type=%s response=%s correlation=%.*s expiry=%d %s=%s",
			       extra->content_type, extra->response_topic,
			       (int)extra->correlation_size, (const char *)extra->correlation,
			       (int)(extra->expiry / 1000000000), extra->properties[0].name,
			       extra->properties[0].value);
	}
	say("%s got %s %.*s qos=%u retain=%d%s", guest->name, received->topic,
	    (int)(received->payload_size < 64 ? received->payload_size : 64),
	    (const char *)received->payload, received->qos, received->retain, rich);
}

static void echo(struct guest *guest, const struct ew_uplink_received *received)
{
	struct ew_uplink_message message = {.size = sizeof(message),
					    .topic = guest->echo_topic,
					    .payload = received->payload,
					    .payload_size = received->payload_size,
					    .traffic = EW_TRAFFIC_CONTROL};

	if (uplink_publish(guest->handle, &message) < 0) {
		say("%s echo failed", guest->name);
	}
}

static void take(struct guest *guest)
{
	struct uplink_batch *batch;

	if (guest->hold || !guest->readable) {
		return;
	}
	guest->readable = false;
	while (uplink_take(guest->handle, guest->readable_id, 16, &batch) == 0) {
		size_t i;

		for (i = 0; i < batch->count; i++) {
			if (guest->echo_topic[0] != '\0') {
				echo(guest, &batch->messages[i]);
			} else {
				show_received(guest, &batch->messages[i]);
			}
		}
		uplink_batch_free(&batch);
	}
}

static void serve_news(void)
{
	struct news news;

	check(read(driver.news[0], &news, sizeof(news)) == (ssize_t)sizeof(news));
	if (news.guest->handle == NULL) {
		return;
	}
	switch (news.kind) {
	case NEWS_PREPARE:
		answer_prepare(news.guest, news.value);
		break;
	case NEWS_READABLE:
		news.guest->readable = true;
		news.guest->readable_id = (uint32_t)news.value;
		take(news.guest);
		break;
	case NEWS_ROOM:
		flood(news.guest);
		break;
	}
}

static void do_attach(char **words)
{
	struct uplink_guest_spec spec = {.name = words[1], .ops = &guest_ops};
	const char *owner = "";
	struct guest *guest = NULL;
	size_t i;
	int rc;

	for (i = 0; i < GUESTS_MAX && guest == NULL; i++) {
		guest = driver.guests[i].handle == NULL ? &driver.guests[i] : NULL;
	}
	check(guest != NULL);
	memset(guest, 0, sizeof(*guest));
	(void)snprintf(guest->name, sizeof(guest->name), "%s", words[1]);
	spec.owns_will = words[2] != NULL;
	spec.arg = guest;
	rc = uplink_attach(driver.uplink, &spec, &guest->handle, &owner);
	say("%s attached status=%d owner=%s", words[1], -rc, owner);
}

static void do_publish(char **words)
{
	struct guest *guest = guest_of(words[1]);
	struct ew_uplink_message message = {.size = sizeof(message)};
	int rc;

	message.traffic = traffic_of(words[2]);
	message.qos = (uint8_t)(words[3][0] - '0');
	message.token = strtoull(words[4], NULL, 10);
	message.epoch = words[5][0] == 'n' ? epoch_of(guest) : strtoull(words[5], NULL, 10);
	message.topic = words[6];
	message.payload = words[7];
	message.payload_size = strlen(words[7]);
	rc = uplink_publish(guest->handle, &message);
	if (rc < 0) {
		say("%s refused %s status=%d", words[1], words[4], -rc);
	}
}

static void do_rich(char **words)
{
	static const struct ew_uplink_property pair = {"site", "lyon"};
	struct ew_uplink_extra extra = {.content_type = "text/plain",
					.response_topic = "answer/here",
					.correlation = "c-7",
					.correlation_size = 3,
					.expiry = (ew_dur)60 * 1000000000,
					.properties = &pair,
					.property_count = 1};
	struct ew_uplink_message message = {.size = sizeof(message),
					    .topic = words[2],
					    .payload = words[3],
					    .payload_size = strlen(words[3]),
					    .qos = 1,
					    .extra = &extra};

	say("%s rich status=%d", words[1], -uplink_publish(guest_of(words[1])->handle, &message));
}

static void do_subscribe(char **words)
{
	struct ew_uplink_filter filter = {.size = sizeof(filter), .filter = words[2]};
	uint32_t id = 0;
	int rc;

	filter.qos = (uint8_t)(words[3][0] - '0');
	filter.max_messages = words[4] != NULL ? strtoul(words[4], NULL, 10) : 0;
	rc = uplink_subscribe(guest_of(words[1])->handle, &filter, &id);
	say("%s subscribing %s id=%u status=%d", words[1], words[2], id, -rc);
}

static void do_flood(char **words)
{
	struct guest *guest = guest_of(words[1]);

	guest->flood_traffic = traffic_of(words[2]);
	guest->flood_qos = (uint8_t)(words[3][0] - '0');
	guest->flood_left = strtoul(words[4], NULL, 10);
	guest->flood_size = strtoul(words[5], NULL, 10);
	(void)snprintf(guest->flood_topic, sizeof(guest->flood_topic), "%s", words[6]);
	flood(guest);
}

static void do_will(char **words)
{
	struct guest *guest = guest_of(words[1]);

	guest->will_status = 0;
	guest->will_silent = false;
	guest->will_on_stop = words[4] != NULL;
	(void)snprintf(guest->will_topic, sizeof(guest->will_topic), "%s", words[2]);
	(void)snprintf(guest->will_payload, sizeof(guest->will_payload), "%s", words[3]);
}

static void do_status(void)
{
	struct uplink_status status;
	char ends[256] = "";
	size_t used = 0;
	int i;

	uplink_status(driver.uplink, &status);
	for (i = 0; i < EW_UPLINK_CAUSE_COUNT; i++) {
		if (status.ends[i] > 0 && used < sizeof(ends)) {
			used += (size_t)snprintf(ends + used, sizeof(ends) - used,
						 " ends.%s=%" PRIu64,
						 cause_name((enum ew_uplink_cause)i),
						 status.ends[i]);
		}
	}
	say("status state=%s cause=%s server=%s epoch=%" PRIu64 " connects=%" PRIu64
	    " bulk=%zu/%zu telemetry=%zu control=%zu in_flight=%zu received=%" PRIu64
	    " dropped=%" PRIu64 " in=%d out=%d own=%d peer=%d owner=%s%s text=%s",
	    status.state, cause_name(status.cause), status.server, status.epoch, status.connects,
	    status.classes[EW_TRAFFIC_BULK].messages, status.classes[EW_TRAFFIC_BULK].bytes,
	    status.classes[EW_TRAFFIC_TELEMETRY].messages,
	    status.classes[EW_TRAFFIC_CONTROL].messages, status.in_flight, status.received,
	    status.dropped, status.bytes_in > 0, status.bytes_out > 0, status.own_until > 0,
	    status.peer_until > 0, status.will_owner != NULL ? status.will_owner : "-", ends,
	    status.text);
}

static void on_stopped(void *arg)
{
	(void)arg;
	say("stopped");
}

/* Lines about one guest. */
static void do_guest_line(char **words)
{
	struct guest *guest = guest_of(words[1]);
	const char *verb = words[0];

	if (strcmp(verb, "detach") == 0) {
		uplink_detach(&guest->handle);
		say("%s detached", words[1]);
	} else if (strcmp(verb, "refuse") == 0) {
		guest->will_status = -EIO;
	} else if (strcmp(verb, "silent") == 0) {
		guest->will_silent = true;
	} else if (strcmp(verb, "hold") == 0 || strcmp(verb, "read") == 0) {
		guest->hold = verb[0] == 'h';
		take(guest);
	} else if (strcmp(verb, "release") == 0) {
		say("%s released status=%d", words[1],
		    -uplink_release(guest->handle, epoch_of(guest)));
	} else if (strcmp(verb, "cycle") == 0) {
		say("%s cycled status=%d", words[1], -uplink_cycle(guest->handle, words[2]));
	} else if (strcmp(verb, "unsubscribe") == 0) {
		say("%s unsubscribed status=%d", words[1],
		    -uplink_unsubscribe(guest->handle, (uint32_t)strtoul(words[2], NULL, 10)));
	} else if (strcmp(verb, "echo") == 0) {
		(void)snprintf(guest->echo_topic, sizeof(guest->echo_topic), "%s", words[2]);
	} else {
		say("error what is %s", verb);
	}
}

static bool do_line(char *line)
{
	char *words[WORDS_MAX + 1] = {NULL};
	char *at = line;
	size_t count = 0;

	while (count < WORDS_MAX && at != NULL) {
		words[count++] = strsep(&at, " ");
	}
	if (strcmp(words[0], "quit") == 0) {
		return false;
	}
	if (strcmp(words[0], "start") == 0) {
		say("starting status=%d", -uplink_start(driver.uplink));
	} else if (strcmp(words[0], "stop") == 0) {
		uplink_stop(driver.uplink, (ew_dur)strtoll(words[1], NULL, 10) * 1000000000,
			    on_stopped, NULL);
	} else if (strcmp(words[0], "status") == 0) {
		do_status();
	} else if (strcmp(words[0], "attach") == 0) {
		do_attach(words);
	} else if (strcmp(words[0], "publish") == 0) {
		do_publish(words);
	} else if (strcmp(words[0], "rich") == 0) {
		do_rich(words);
	} else if (strcmp(words[0], "subscribe") == 0) {
		do_subscribe(words);
	} else if (strcmp(words[0], "flood") == 0) {
		do_flood(words);
	} else if (strcmp(words[0], "will") == 0) {
		do_will(words);
	} else {
		do_guest_line(words);
	}
	return true;
}

static void serve(int fifo)
{
	char lines[4096];
	size_t used = 0;
	bool going = true;

	while (going) {
		struct pollfd fds[2] = {{.fd = fifo, .events = POLLIN},
					{.fd = driver.news[0], .events = POLLIN}};
		char *end;
		ssize_t got;

		check(poll(fds, 2, -1) > 0);
		if ((fds[1].revents & POLLIN) != 0) {
			serve_news();
			continue;
		}
		got = read(fifo, lines + used, sizeof(lines) - used);
		check(got > 0);
		used += (size_t)got;
		while (going && (end = memchr(lines, '\n', used)) != NULL) {
			*end = '\0';
			going = do_line(lines);
			used -= (size_t)(end + 1 - lines);
			memmove(lines, end + 1, used);
		}
	}
}

int main(int argc, char **argv)
{
	size_t guest;
	int fifo;
	int i;

	check(argc >= 2);
	options_defaults(&driver.config);
	log_set_level(LOG_LEVEL_DEBUG);
	for (i = 2; i < argc; i++) {
		char *value = strchr(argv[i], '=');

		check(value != NULL);
		*value = '\0';
		options_set(&driver.config, argv[i], value + 1);
	}
	check(uplink_config_check(&driver.config, NULL) == 0);
	check(pipe(driver.news) == 0);
	fifo = open(argv[1], O_RDWR | O_CLOEXEC);
	check(fifo >= 0);
	check(uplink_open(&driver.config, "main", &driver.uplink) == 0);
	say("ready");
	serve(fifo);
	for (guest = 0; guest < GUESTS_MAX; guest++) {
		uplink_detach(&driver.guests[guest].handle);
	}
	uplink_close(&driver.uplink);
	say("closed");
	return EXIT_SUCCESS;
}
