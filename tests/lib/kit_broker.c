/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libedgeway-test: the uplinks of the test, and its word to their brokers.
 */
#include <errno.h>
#include <string.h>

#include "core/uplink/topic.h"
#include "tests/lib/kit.h"
#include "tests/lib/kit_wire.h"

/* ---- uplinks ---- */

int kit_open_uplinks(struct ew_test *test, struct config **config)
{
	int error;

	if (test->uplinks != NULL || (*config)->uplink_count == 0) {
		return 0;
	}
	error = uplinks_open((*config)->uplinks, (*config)->uplink_count, &test->uplinks);
	if (error == 0) {
		/* uplinks borrow from it to the end */
		test->uplink_config = *config;
		*config = NULL;
		fleet_set_uplinks(test->stepped.fleet, test->uplinks);
	}
	return error;
}

void kit_start_uplinks(struct ew_test *test)
{
	if (test->uplinks == NULL || test->uplinks_run) {
		return;
	}
	test->uplinks_run = true;
	for (size_t i = 0; i < uplinks_count(test->uplinks); i++) {
		uplink_start_stepped(uplinks_at(test->uplinks, i));
	}
	kit_settle(test);
}

ew_dur kit_step_uplinks(struct ew_test *test)
{
	ew_dur due = INT64_MAX;

	for (size_t i = 0; test->uplinks_run && i < uplinks_count(test->uplinks); i++) {
		ew_dur next = uplink_step(uplinks_at(test->uplinks, i));

		due = next < due ? next : due;
	}
	return due;
}

void kit_close_uplinks(struct ew_test *test)
{
	uplinks_close(&test->uplinks);
	while (!list_is_empty(&test->brokers)) {
		struct wire_broker *broker =
			list_entry(test->brokers.next, struct wire_broker, node);

		wire_broker_free(&broker);
	}
	config_free(&test->uplink_config);
}

static struct wire_broker *find_broker(struct ew_test *test, const char *uplink,
				       const char *function)
{
	const struct uplink_config *config = NULL;

	if (test->uplink_config != NULL) {
		config = config_find_uplink(test->uplink_config, uplink);
	}
	if (config == NULL) {
		kit_abort(function, "there is no uplink '%s'", uplink);
	}
	return wire_broker_of(config);
}

const char *ew_test_uplink_state(struct ew_test *test, const char *uplink)
{
	struct uplink_status status;

	(void)find_broker(test, uplink, __func__);
	uplink_status(uplinks_find(test->uplinks, uplink), &status);
	return status.state;
}

/* ---- the broker ---- */

void ew_test_broker_be(struct ew_test *test, const char *uplink, enum ew_test_broker how)
{
	struct wire_broker *broker = find_broker(test, uplink, __func__);

	broker->how = how;
	if (how == EW_TEST_BROKER_DOWN && broker->link != NULL) {
		wire_cut(broker, EW_UPLINK_LOST);
	}
	kit_settle(test);
}

void ew_test_broker_cut(struct ew_test *test, const char *uplink, enum ew_uplink_cause cause)
{
	struct wire_broker *broker = find_broker(test, uplink, __func__);

	if (broker->link != NULL) {
		wire_cut(broker, cause);
	}
	kit_settle(test);
}

void ew_test_broker_forget(struct ew_test *test, const char *uplink)
{
	find_broker(test, uplink, __func__)->has_session = false;
}

void ew_test_broker_refuse(struct ew_test *test, const char *uplink, const char *filter)
{
	wire_filter_add(&find_broker(test, uplink, __func__)->refused, filter, 0, 0);
}

size_t ew_test_broker_send(struct ew_test *test, const char *uplink,
			   const struct ew_uplink_message *message)
{
	struct wire_broker *broker = find_broker(test, uplink, __func__);
	size_t count;

	if (message->size != sizeof(*message) || !topic_is_valid(message->topic)) {
		kit_abort(__func__, "this is not a message");
	}
	count = broker->link != NULL ? wire_message(broker, message) : 0;
	kit_settle(test);
	return count;
}

const struct ew_test_sent *ew_test_sent(struct ew_test *test, const char *uplink, size_t index)
{
	const struct wire_broker *broker = find_broker(test, uplink, __func__);

	return index < broker->sent_count ? &broker->sent[index].told : NULL;
}

size_t ew_test_sent_count(struct ew_test *test, const char *uplink, const char *filter)
{
	const struct wire_broker *broker = find_broker(test, uplink, __func__);
	size_t count = 0;

	for (size_t i = 0; i < broker->sent_count; i++) {
		count += topic_matches(filter, broker->sent[i].told.topic) ? 1 : 0;
	}
	return count;
}

void ew_test_sent_forget(struct ew_test *test, const char *uplink)
{
	struct wire_broker *broker = find_broker(test, uplink, __func__);

	broker->sent_count = 0;
	arena_fini(&broker->arena);
	arena_init(&broker->arena, KIT_ARENA_MAX);
}

int ew_test_broker_ack(struct ew_test *test, const char *uplink, size_t index, int status)
{
	struct wire_broker *broker = find_broker(test, uplink, __func__);
	struct wire_sent *sent = index < broker->sent_count ? &broker->sent[index] : NULL;

	if (broker->link == NULL || sent == NULL || !sent->told.is_open ||
	    sent->told.connection != broker->connections) {
		return -ENOENT;
	}
	sent->told.is_open = false;
	wire_puback(broker, sent->mid, status);
	kit_settle(test);
	return 0;
}

unsigned ew_test_connections(struct ew_test *test, const char *uplink)
{
	return find_broker(test, uplink, __func__)->connections;
}

const struct ew_uplink_will *ew_test_will(struct ew_test *test, const char *uplink)
{
	const struct wire_broker *broker = find_broker(test, uplink, __func__);

	return broker->connections > 0 ? &broker->will : NULL;
}

int ew_test_subscribed_qos(struct ew_test *test, const char *uplink, const char *filter)
{
	struct wire_broker *broker = find_broker(test, uplink, __func__);
	const struct wire_filter *found = wire_filter_find(&broker->subscriptions, filter);

	return found != NULL ? found->qos : -ENOENT;
}

bool ew_test_is_subscribed(struct ew_test *test, const char *uplink, const char *filter)
{
	struct wire_broker *broker = find_broker(test, uplink, __func__);

	return wire_filter_find(&broker->subscriptions, filter) != NULL;
}
