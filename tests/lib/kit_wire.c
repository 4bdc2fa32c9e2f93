/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection without a network. libedgeway-test is linked with --wrap for the
 * functions of link.h and mosq.h that the session calls, so that these here
 * take their place; what waits to be read is a list.
 */
#include "tests/lib/kit_wire.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/uplink/message.h"
#include "core/uplink/topic.h"
#include "tests/lib/kit.h"

#define WIRE_ARENA_MAX  ((size_t)1 << 30)
#define WIRE_SENT_MAX   100000u

/* One packet on its way to the session. */
struct wire_input {
	struct list node;
	enum { INPUT_CONNACK, INPUT_SUBACK, INPUT_PUBACK, INPUT_MESSAGE } kind;
	int mid;
	int status;
	struct mosq_connack connack;
	struct mosq_received received;
	struct message *copy;           /* what `received` points to; NULL: not a message */
};

/* Of the two names that the session knows a connection by, one object. */
struct mosq {
	struct wire_broker *broker;
};

struct link {
	struct mosq mosq;
	struct link_spec spec;
	struct list inputs;
	enum ew_uplink_cause cut;       /* NONE: it stands */
	bool has_left;
};

int __wrap_link_open(const struct link_spec *spec, ew_dur now, struct link **link_out,
		     struct failure *failure);
void __wrap_link_close(struct link **link);
int __wrap_link_fd(const struct link *link);
short __wrap_link_events(const struct link *link, bool reading);
bool __wrap_link_has_input(const struct link *link);
ew_dur __wrap_link_deadline(const struct link *link);
int __wrap_link_turn(struct link *link, ew_dur now, short revents, bool reading,
		     struct failure *failure);
struct mosq *__wrap_link_mosq(struct link *link);
void __wrap_link_leave(struct link *link, bool with_will);
bool __wrap_link_is_flushed(const struct link *link);
void __wrap_link_facts(struct link *link, struct link_facts *facts_out);
bool __wrap_mosq_wants_write(const struct mosq *mosq);
int __wrap_mosq_publish(struct mosq *mosq, const struct message *message, int *mid_out);
int __wrap_mosq_subscribe(struct mosq *mosq, const struct mosq_subscription *subscription,
			  int *mid_out);
int __wrap_mosq_unsubscribe(struct mosq *mosq, const char *filter);

/* ---- the broker ---- */

struct wire_broker *wire_broker_of(const struct uplink_config *config)
{
	struct wire_broker *broker;
	struct list *node;

	list_for_each(node, &kit_running->brokers) {
		broker = list_entry(node, struct wire_broker, node);
		if (broker->config == config) {
			return broker;
		}
	}
	broker = calloc(1, sizeof(*broker));
	check(broker != NULL);
	broker->config = config;
	list_init(&broker->subscriptions);
	list_init(&broker->refused);
	arena_init(&broker->arena, WIRE_ARENA_MAX);
	arena_init(&broker->will_arena, WIRE_ARENA_MAX);
	list_push(&kit_running->brokers, &broker->node);
	return broker;
}

static void free_filters(struct list *filters)
{
	struct list *node;

	while ((node = list_pop(filters)) != NULL) {
		free(list_entry(node, struct wire_filter, node));
	}
}

void wire_broker_free(struct wire_broker **broker)
{
	list_remove(&(*broker)->node);
	free_filters(&(*broker)->subscriptions);
	free_filters(&(*broker)->refused);
	arena_fini(&(*broker)->arena);
	arena_fini(&(*broker)->will_arena);
	free((*broker)->sent);
	free(*broker);
	*broker = NULL;
}

struct wire_filter *wire_filter_find(struct list *filters, const char *text)
{
	struct list *node;

	list_for_each(node, filters) {
		struct wire_filter *filter = list_entry(node, struct wire_filter, node);

		if (strcmp(filter->text, text) == 0) {
			return filter;
		}
	}
	return NULL;
}

void wire_filter_add(struct list *filters, const char *text, uint32_t id, uint8_t qos)
{
	struct wire_filter *filter = wire_filter_find(filters, text);

	if (filter == NULL) {
		filter = calloc(1, sizeof(*filter) + strlen(text) + 1);
		check(filter != NULL);
		memcpy(filter->text, text, strlen(text));
		list_push(filters, &filter->node);
	}
	filter->id = id;
	filter->qos = qos;
}

static struct wire_sent *add_sent(struct wire_broker *broker)
{
	if (broker->sent_count == broker->sent_room) {
		size_t room = broker->sent_room == 0 ? 256 : broker->sent_room * 2;
		struct wire_sent *sent = NULL;

		if (room <= 2 * WIRE_SENT_MAX) {
			sent = realloc(broker->sent, room * sizeof(*sent));
		}
		if (sent == NULL) {
			kit_abort(__func__, "too much was sent: call ew_test_sent_forget()");
		}
		broker->sent = sent;
		broker->sent_room = room;
	}
	memset(&broker->sent[broker->sent_count], 0, sizeof(*broker->sent));
	return &broker->sent[broker->sent_count++];
}

static const void *keep(struct arena *arena, const void *bytes, size_t size)
{
	return bytes == NULL ? NULL : arena_text(arena, bytes, size);
}

static const char *keep_text(struct arena *arena, const char *text)
{
	return text == NULL ? NULL : arena_text(arena, text, strlen(text));
}

static struct ew_uplink_extra keep_extra(struct arena *arena, const struct ew_uplink_extra *from)
{
	struct ew_uplink_extra extra = *from;
	struct ew_uplink_property *properties = NULL;

	extra.content_type = keep_text(arena, from->content_type);
	extra.response_topic = keep_text(arena, from->response_topic);
	extra.correlation = keep(arena, from->correlation, from->correlation_size);
	if (from->property_count > 0) {
		properties = arena_array(arena, from->property_count, sizeof(*properties));
		check(properties != NULL);
	}
	for (size_t i = 0; i < from->property_count; i++) {
		properties[i].name = keep_text(arena, from->properties[i].name);
		properties[i].value = keep_text(arena, from->properties[i].value);
	}
	extra.properties = properties;
	return extra;
}

static void keep_message(struct wire_broker *broker, const struct message *message, int mid)
{
	struct wire_sent *sent = add_sent(broker);

	sent->mid = mid;
	sent->told = (struct ew_test_sent){
		.topic = keep_text(&broker->arena, message->topic),
		.payload = arena_text(&broker->arena, message->payload_size > 0 ? message->payload
										: "",
				      message->payload_size),
		.payload_size = message->payload_size,
		.qos = message->qos,
		.retain = message->retain,
		.is_open = message->qos > 0,
		.connection = broker->connections,
		.extra = keep_extra(&broker->arena, &message->extra),
	};
}

static void publish_will(struct wire_broker *broker)
{
	const struct ew_uplink_will *will = &broker->will;

	if (will->topic != NULL) {
		add_sent(broker)->told = (struct ew_test_sent){
			.topic = keep_text(&broker->arena, will->topic),
			.payload = arena_text(&broker->arena, will->payload_size > 0
								      ? will->payload
								      : "",
					      will->payload_size),
			.payload_size = will->payload_size,
			.qos = will->qos,
			.retain = will->retain,
			.is_will = true,
			.connection = broker->connections,
		};
	}
}

static void keep_will(struct wire_broker *broker, const struct will *will)
{
	arena_fini(&broker->will_arena);
	arena_init(&broker->will_arena, WIRE_ARENA_MAX);
	broker->will = (struct ew_uplink_will){
		.size = sizeof(broker->will),
		.topic = keep_text(&broker->will_arena, will->topic),
		.payload = keep(&broker->will_arena, will->payload, will->payload_size),
		.payload_size = will->payload_size,
		.qos = will->qos,
		.retain = will->retain,
		.clean = will->clean,
		.on_stop = will->on_stop,
	};
}

/* ---- on the way to the session ---- */

static struct wire_input *add_input(struct wire_broker *broker)
{
	struct wire_input *input = calloc(1, sizeof(*input));

	check(input != NULL);
	list_push(&broker->link->inputs, &input->node);
	return input;
}

void wire_cut(struct wire_broker *broker, enum ew_uplink_cause cause)
{
	broker->link->cut = cause;
}

void wire_puback(struct wire_broker *broker, int mid, int status)
{
	struct wire_input *input = add_input(broker);

	input->kind = INPUT_PUBACK;
	input->mid = mid;
	input->status = status;
}

size_t wire_message(struct wire_broker *broker, const struct ew_uplink_message *message)
{
	const struct message_source source = {
		.topic = message->topic,
		.payload = message->payload,
		.payload_size = message->payload_size,
		.extra = message->extra,
	};
	struct mosq_received received = { .retain = message->retain };
	struct wire_input *input;
	struct list *node;
	size_t count = 0;

	list_for_each(node, &broker->subscriptions) {
		const struct wire_filter *filter = list_entry(node, struct wire_filter, node);

		if (!topic_matches(filter->text, message->topic)) {
			continue;
		}
		received.qos = filter->qos > received.qos ? filter->qos : received.qos;
		if (received.id_count < MOSQ_IDS_MAX) {
			received.ids[received.id_count++] = filter->id;
		}
		count++;
	}
	if (count == 0) {
		return 0;
	}
	received.qos = received.qos < message->qos ? received.qos : message->qos;
	input = add_input(broker);
	input->kind = INPUT_MESSAGE;
	input->copy = message_new(&source);
	check(input->copy != NULL);
	received.source = (struct message_source){
		.topic = input->copy->topic,
		.payload = input->copy->payload,
		.payload_size = input->copy->payload_size,
		.extra = &input->copy->extra,
	};
	input->received = received;
	return count;
}

static void free_input(struct wire_input *input)
{
	message_free(&input->copy);
	free(input);
}

static void tell_input(struct link *link, const struct wire_input *input)
{
	const struct mosq_ops *ops = link->spec.ops;
	void *arg = link->spec.arg;

	switch (input->kind) {
	case INPUT_CONNACK:
		ops->connack(arg, &input->connack);
		break;
	case INPUT_SUBACK:
		ops->suback(arg, input->mid, input->status);
		break;
	case INPUT_PUBACK:
		ops->puback(arg, input->mid, input->status);
		break;
	case INPUT_MESSAGE:
		ops->received(arg, &input->received);
		break;
	}
}

/* ---- link.h ---- */

int __wrap_link_open(const struct link_spec *spec, ew_dur now, struct link **link_out,
		     struct failure *failure)
{
	struct wire_broker *broker = wire_broker_of(spec->config);
	struct wire_input *input;
	struct link *link;

	(void)now;
	if (broker->how == EW_TEST_BROKER_DOWN) {
		failure_set(failure, EW_UPLINK_REFUSED, "'%s': the broker is down",
			    spec->url.host);
		return -ECONNREFUSED;
	}
	link = calloc(1, sizeof(*link));
	check(link != NULL && broker->link == NULL);
	link->mosq.broker = broker;
	link->spec = *spec;
	list_init(&link->inputs);
	broker->link = link;
	broker->connections++;
	keep_will(broker, spec->will);
	input = add_input(broker);
	input->kind = INPUT_CONNACK;
	input->connack = (struct mosq_connack){
		.text = "accepted",
		.session_present = broker->has_session && !spec->will->clean,
		.has_ids = uplink_config_protocol(spec->config) == 5,
		.receive_maximum = UINT16_MAX,
	};
	broker->has_session = !spec->will->clean;
	*link_out = link;
	return 0;
}

void __wrap_link_close(struct link **link_at)
{
	struct link *link = *link_at;
	struct wire_broker *broker;
	struct list *node;

	if (link == NULL) {
		return;
	}
	broker = link->mosq.broker;
	if (!link->has_left) {
		publish_will(broker);
	}
	while ((node = list_pop(&link->inputs)) != NULL) {
		free_input(list_entry(node, struct wire_input, node));
	}
	free_filters(&broker->subscriptions);
	broker->link = NULL;
	free(link);
	*link_at = NULL;
}

/* Nobody polls it. */
int __wrap_link_fd(const struct link *link)
{
	(void)link;
	return 0;
}

short __wrap_link_events(const struct link *link, bool reading)
{
	(void)link;
	return reading ? POLLIN : 0;
}

bool __wrap_link_has_input(const struct link *link)
{
	return !list_is_empty(&link->inputs);
}

ew_dur __wrap_link_deadline(const struct link *link)
{
	return link->cut != EW_UPLINK_NONE || link->has_left ? 0 : INT64_MAX;
}

int __wrap_link_turn(struct link *link, ew_dur now, short revents, bool reading,
		     struct failure *failure)
{
	struct list *node;

	(void)now;
	(void)revents;
	while (reading && (node = list_pop(&link->inputs)) != NULL) {
		struct wire_input *input = list_entry(node, struct wire_input, node);

		tell_input(link, input);
		free_input(input);
	}
	if (link->cut != EW_UPLINK_NONE || link->has_left) {
		failure_set(failure, link->has_left ? EW_UPLINK_LOST : link->cut,
			    "'%s': the connection was ended", link->spec.url.host);
		return -ECONNRESET;
	}
	return 0;
}

struct mosq *__wrap_link_mosq(struct link *link)
{
	return &link->mosq;
}

void __wrap_link_leave(struct link *link, bool with_will)
{
	link->has_left = true;
	if (with_will) {
		publish_will(link->mosq.broker);
	}
}

bool __wrap_link_is_flushed(const struct link *link)
{
	return !__wrap_mosq_wants_write(&link->mosq);
}

void __wrap_link_facts(struct link *link, struct link_facts *facts_out)
{
	(void)link;
	memset(facts_out, 0, sizeof(*facts_out));
}

/* ---- mosq.h ---- */

bool __wrap_mosq_wants_write(const struct mosq *mosq)
{
	return mosq->broker->how == EW_TEST_BROKER_STALLS;
}

int __wrap_mosq_publish(struct mosq *mosq, const struct message *message, int *mid_out)
{
	struct wire_broker *broker = mosq->broker;

	*mid_out = ++broker->last_mid;
	keep_message(broker, message, *mid_out);
	if (message->qos > 0 && broker->how == EW_TEST_BROKER_ANSWERS) {
		broker->sent[broker->sent_count - 1].told.is_open = false;
		wire_puback(broker, *mid_out, 0);
	}
	return 0;
}

int __wrap_mosq_subscribe(struct mosq *mosq, const struct mosq_subscription *subscription,
			  int *mid_out)
{
	struct wire_broker *broker = mosq->broker;
	bool is_refused = wire_filter_find(&broker->refused, subscription->filter) != NULL;
	struct wire_input *input = add_input(broker);

	input->kind = INPUT_SUBACK;
	input->mid = *mid_out = ++broker->last_mid;
	input->status = is_refused ? -EACCES : 0;
	if (!is_refused) {
		wire_filter_add(&broker->subscriptions, subscription->filter, subscription->id,
				subscription->qos);
	}
	return 0;
}

int __wrap_mosq_unsubscribe(struct mosq *mosq, const char *text)
{
	struct wire_filter *filter = wire_filter_find(&mosq->broker->subscriptions, text);

	if (filter != NULL) {
		list_remove(&filter->node);
		free(filter);
	}
	return 0;
}
