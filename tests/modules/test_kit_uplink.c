/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The broker that a module's test plays: an owner of the will and a guest, as
 * a third party would write them, meet a session that comes, holds and ends.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <edgeway/test_uplink.h>

#define BROKER "uplink: {servers: ['mqtt://broker.test'], plaintext: yes, clean: no}"

/* What an instance saw; one for each of the two modules. */
struct seen {
	struct ew_instance *inst;
	uint64_t epoch;                 /* 0: offline */
	bool present;
	unsigned onlines;
	unsigned rooms;
	enum ew_uplink_cause cause;
	struct ew_uplink_ack ack;
	int subscribed;
	unsigned received;
	char payload[32];
	char content_type[32];
	uint32_t subscription;
};

static struct ew_test *test;
static struct seen owner;
static struct seen guest;

static void on_online(void *self, const struct ew_uplink_session *session)
{
	struct seen *seen = self;

	seen->epoch = session->epoch;
	seen->present = session->present;
	seen->onlines++;
}

static void on_offline(void *self, uint64_t epoch, enum ew_uplink_cause cause, const char *text)
{
	struct seen *seen = self;

	(void)text;
	assert_true(epoch == seen->epoch);
	seen->epoch = 0;
	seen->cause = cause;
}

static void on_acked(void *self, const struct ew_uplink_ack *acks, size_t count)
{
	((struct seen *)self)->ack = acks[count - 1];
}

static void on_subscribed(void *self, const struct ew_uplink_ack *ack)
{
	((struct seen *)self)->subscribed = ack->status;
}

static void on_received(void *self, uint32_t subscription,
			const struct ew_uplink_received *messages, size_t count)
{
	struct seen *seen = self;
	const struct ew_uplink_received *last = &messages[count - 1];

	assert_true(subscription == seen->subscription);
	seen->received += (unsigned)count;
	assert_true(last->payload_size < sizeof(seen->payload));
	memset(seen->payload, 0, sizeof(seen->payload));
	memcpy(seen->payload, last->payload, last->payload_size);
	if (last->extra.content_type != NULL) {
		(void)snprintf(seen->content_type, sizeof(seen->content_type), "%s",
			       last->extra.content_type);
	}
}

static void on_room(void *self)
{
	((struct seen *)self)->rooms++;
}

static int on_prepare(void *self, uint64_t epoch, struct ew_uplink_will *will)
{
	(void)self;
	(void)epoch;
	will->topic = "state/gone";
	will->payload = "dead";
	will->payload_size = 4;
	return 0;
}

static const struct ew_uplink_ops guest_ops = {
	.size = sizeof(guest_ops),
	.online = on_online,
	.offline = on_offline,
	.acked = on_acked,
	.subscribed = on_subscribed,
	.received = on_received,
	.room = on_room,
};

static const struct ew_uplink_ops owner_ops = {
	.size = sizeof(owner_ops),
	.prepare = on_prepare,
	.online = on_online,
	.offline = on_offline,
};

static int open_guest(struct ew_instance *inst, const void *settings, void **self_out)
{
	const struct ew_uplink_filter filter = { .size = sizeof(filter), .filter = "cmd/+" };
	int error = ew_uplink_join(inst, &guest_ops);

	(void)settings;
	guest.inst = inst;
	*self_out = &guest;
	return error != 0 ? error : ew_uplink_subscribe(inst, &filter, &guest.subscription);
}

static int open_owner(struct ew_instance *inst, const void *settings, void **self_out)
{
	(void)settings;
	owner.inst = inst;
	*self_out = &owner;
	return ew_uplink_join(inst, &owner_ops);
}

static void close_nothing(void *self)
{
	(void)self;
}

#define MODULE(text, function)                                                  \
	{                                                                       \
		.magic = EW_MODULE_MAGIC, .abi_major = EW_ABI_MAJOR,            \
		.abi_minor = EW_ABI_MINOR, .size = sizeof(struct ew_module),    \
		.option_size = sizeof(struct ew_option),                        \
		.metric_size = sizeof(struct ew_metric), .name = (text),        \
		.version = "1.0", .summary = "joins the uplink",                \
		.open = (function), .close = close_nothing,                     \
	}

static const struct ew_module guest_module = MODULE("guest", open_guest);
static const struct ew_module owner_module = MODULE("owner", open_owner);

static int setup(void **state)
{
	(void)state;
	memset(&owner, 0, sizeof(owner));
	memset(&guest, 0, sizeof(guest));
	return ew_test_new(&test);
}

static int teardown(void **state)
{
	(void)state;
	ew_test_free(&test);
	return 0;
}

static void start(bool with_owner)
{
	assert_int_equal(ew_test_config(test, BROKER), 0);
	assert_int_equal(ew_test_load(test, &guest_module, "guest", NULL), 0);
	if (with_owner) {
		assert_int_equal(ew_test_load(test, &owner_module, "owner", NULL), 0);
	}
	assert_int_equal(ew_test_start(test), 0);
}

/* What an instance is to do, on its own loop. */
struct act {
	struct ew_instance *inst;
	struct ew_uplink_message message;
	uint64_t release;               /* 0: publish */
	int result;
};

static void run_act(void *self, void *arg)
{
	struct act *act = arg;

	(void)self;
	act->result = act->release != 0 ? ew_uplink_release(act->inst, act->release)
					: ew_uplink_publish(act->inst, &act->message);
}

static int do_act(struct act *act)
{
	act->result = 1;
	assert_int_equal(ew_post(act->inst, "act", run_act, act), 0);
	ew_test_step(test);
	assert_int_not_equal(act->result, 1);
	return act->result;
}

static int publish(const char *topic, uint8_t qos, uint64_t epoch)
{
	static uint64_t token;
	struct act act = {
		.inst = guest.inst,
		.message = { .size = sizeof(act.message), .topic = topic, .payload = "x",
			     .payload_size = 1, .qos = qos, .traffic = EW_TRAFFIC_TELEMETRY,
			     .epoch = epoch, .token = ++token },
	};

	return do_act(&act);
}

static size_t send(const char *topic, const char *text, const struct ew_uplink_extra *extra)
{
	const struct ew_uplink_message message = {
		.size = sizeof(message), .topic = topic, .payload = text,
		.payload_size = strlen(text), .qos = 1, .extra = extra,
	};

	return ew_test_broker_send(test, "main", &message);
}

static void test_without_an_uplink_joining_fails(void **state)
{
	(void)state;
	assert_int_equal(ew_test_load(test, &guest_module, "guest", NULL), 0);
	assert_int_equal(ew_test_start(test), -EIO);
	assert_string_equal(ew_test_state(test, "guest"), "failed");
}

static void test_a_broker_that_is_down_is_tried_again(void **state)
{
	(void)state;
	start(false);
	assert_string_equal(ew_test_uplink_state(test, "main"), "online");

	ew_test_broker_be(test, "main", EW_TEST_BROKER_DOWN);
	assert_int_equal(guest.epoch, 0);
	assert_int_equal(guest.cause, EW_UPLINK_LOST);
	ew_test_advance(test, 600 * EW_SECOND);
	assert_string_equal(ew_test_uplink_state(test, "main"), "waiting");
	assert_int_equal(ew_test_connections(test, "main"), 1);

	ew_test_broker_be(test, "main", EW_TEST_BROKER_ANSWERS);
	ew_test_advance(test, 600 * EW_SECOND);
	assert_int_equal(guest.onlines, 2);
	assert_true(guest.present);
	assert_int_equal(ew_test_connections(test, "main"), 2);
}

static void test_a_session_that_was_forgotten_is_not_present(void **state)
{
	(void)state;
	start(false);
	ew_test_broker_forget(test, "main");

	ew_test_broker_cut(test, "main", EW_UPLINK_TAKEN_OVER);
	assert_int_equal(guest.cause, EW_UPLINK_TAKEN_OVER);
	ew_test_advance(test, 600 * EW_SECOND);

	assert_int_equal(guest.onlines, 2);
	assert_false(guest.present);
}

static void test_what_leaves_is_seen_and_acknowledged(void **state)
{
	const struct ew_test_sent *sent;

	(void)state;
	start(false);

	assert_int_equal(publish("data/1", 1, 0), 0);

	sent = ew_test_sent(test, "main", 0);
	assert_non_null(sent);
	assert_string_equal(sent->topic, "data/1");
	assert_string_equal(sent->payload, "x");
	assert_false(sent->is_open);
	assert_int_equal(guest.ack.status, 0);
	assert_true(guest.ack.epoch == guest.epoch);
	assert_int_equal(ew_test_sent_count(test, "main", "data/#"), 1);
	assert_int_equal(ew_test_sent_count(test, "main", "else/#"), 0);
	ew_test_sent_forget(test, "main");
	assert_null(ew_test_sent(test, "main", 0));
}

static void test_an_acknowledgement_is_held_until_the_test_gives_it(void **state)
{
	(void)state;
	start(false);
	ew_test_broker_be(test, "main", EW_TEST_BROKER_HOLDS);

	assert_int_equal(publish("data/1", 1, 0), 0);
	assert_int_equal(publish("data/2", 1, 0), 0);
	assert_int_equal(guest.ack.token, 0);
	assert_true(ew_test_sent(test, "main", 1)->is_open);

	assert_int_equal(ew_test_broker_ack(test, "main", 1, -EACCES), 0);
	assert_int_equal(guest.ack.status, -EACCES);
	assert_int_equal(ew_test_broker_ack(test, "main", 1, 0), -ENOENT);

	/* the other one's fate is unknown when the connection breaks */
	ew_test_broker_cut(test, "main", EW_UPLINK_LOST);
	assert_int_equal(guest.ack.status, -ECONNRESET);
	assert_int_equal(ew_test_broker_ack(test, "main", 0, 0), -ENOENT);
}

static void test_a_stalled_broker_fills_the_outbox(void **state)
{
	unsigned count = 0;
	int error;

	(void)state;
	start(false);
	ew_test_broker_be(test, "main", EW_TEST_BROKER_STALLS);

	do {
		error = publish("data/1", 0, 0);
		count++;
	} while (error == 0 && count < 100000);
	assert_int_equal(error, -EAGAIN);
	assert_int_equal(guest.rooms, 0);
	assert_null(ew_test_sent(test, "main", 0));

	ew_test_broker_be(test, "main", EW_TEST_BROKER_ANSWERS);
	assert_int_equal(guest.rooms, 1);
	assert_int_equal(ew_test_sent_count(test, "main", "#"), count - 1);
}

static void test_a_message_comes_in_where_somebody_subscribed(void **state)
{
	const struct ew_uplink_extra extra = { .content_type = "text/plain" };

	(void)state;
	start(false);
	assert_true(ew_test_is_subscribed(test, "main", "cmd/+"));
	assert_false(ew_test_is_subscribed(test, "main", "#"));

	assert_int_equal(send("other/go", "1", NULL), 0);
	assert_int_equal(guest.received, 0);
	assert_int_equal(send("cmd/go", "on", &extra), 1);
	assert_int_equal(guest.received, 1);
	assert_string_equal(guest.payload, "on");
	assert_string_equal(guest.content_type, "text/plain");
}

static void test_a_subscription_is_refused(void **state)
{
	(void)state;
	start(false);
	ew_test_broker_refuse(test, "main", "cmd/+");

	ew_test_broker_cut(test, "main", EW_UPLINK_LOST);
	ew_test_advance(test, 600 * EW_SECOND);

	assert_int_equal(guest.subscribed, -EACCES);
	assert_false(ew_test_is_subscribed(test, "main", "cmd/+"));
}

static void test_the_will_is_published_when_the_connection_breaks(void **state)
{
	const struct ew_test_sent *sent;

	(void)state;
	start(true);
	assert_string_equal(ew_test_will(test, "main")->topic, "state/gone");

	ew_test_broker_cut(test, "main", EW_UPLINK_LOST);

	sent = ew_test_sent(test, "main", 0);
	assert_non_null(sent);
	assert_true(sent->is_will);
	assert_string_equal(sent->payload, "dead");
}

static void test_guests_wait_for_the_owner(void **state)
{
	struct act release = { .inst = NULL };

	(void)state;
	start(true);
	assert_string_equal(ew_test_uplink_state(test, "main"), "gated");
	assert_int_not_equal(owner.epoch, 0);
	assert_int_equal(guest.epoch, 0);

	release = (struct act){ .inst = owner.inst, .release = owner.epoch };
	assert_int_equal(do_act(&release), 0);

	assert_true(guest.epoch == owner.epoch);
	assert_int_equal(publish("data/1", 0, guest.epoch + 1), -ENOTCONN);
	assert_int_equal(publish("data/1", 0, guest.epoch), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_without_an_uplink_joining_fails),
		TEST(test_a_broker_that_is_down_is_tried_again),
		TEST(test_a_session_that_was_forgotten_is_not_present),
		TEST(test_what_leaves_is_seen_and_acknowledged),
		TEST(test_an_acknowledgement_is_held_until_the_test_gives_it),
		TEST(test_a_stalled_broker_fills_the_outbox),
		TEST(test_a_message_comes_in_where_somebody_subscribed),
		TEST(test_a_subscription_is_refused),
		TEST(test_the_will_is_published_when_the_connection_breaks),
		TEST(test_guests_wait_for_the_owner),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
