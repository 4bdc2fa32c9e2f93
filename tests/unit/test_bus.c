/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bus from declaration to delivery.
 */
#include "tests/unit/bus_world.h"

#include <stdio.h>
#include <string.h>

/* ---- refusals ---- */

static void test_a_sample_of_an_undeclared_tag_is_refused(void **state)
{
	struct peer *source_peer = join_with(*state, "src", &source_module);

	assert_int_equal(publish(source_peer, 77, 1), -ENOENT);
	assert_int_equal(publish(source_peer, PAGE_IDS_MAX + 5, 1), -ENOENT);
}

static void test_a_sample_of_anothers_tag_is_refused(void **state)
{
	struct peer *one = join_with(*state, "one", &source_module);
	struct peer *two = join_with(*state, "two", &source_module);
	uint32_t tag = tag_of(one, device(one, "d"), "t", EW_TYPE_F64);

	assert_int_equal(publish(two, tag, 1), -EPERM);
}

static void test_a_wrong_carrier_refuses_the_whole_batch(void **state)
{
	struct peer *peer = join_with(*state, "src", &source_module);
	uint32_t tag = tag_of(peer, device(peer, "d"), "t", EW_TYPE_F64);
	struct ew_sample samples[2] = { ew_sample_f64(tag, 0, 1), ew_sample_i64(tag, 0, 1) };
	struct ew_sample sample;

	assert_int_equal(endpoint_publish(peer->endpoint, samples, 2, NULL), -EINVAL);
	assert_int_equal(endpoint_publish(peer->endpoint, samples, 0, NULL), -EINVAL);
	assert_int_equal(bus_read(((struct world *)*state)->bus, tag, &sample, NULL, 0), -ENODATA);
}

static void test_a_text_longer_than_max_bytes_is_refused(void **state)
{
	struct peer *peer = join_with(*state, "src", &source_module);
	uint32_t tag = tag_of(peer, device(peer, "d"), "t", EW_TYPE_TEXT);
	char text[300] = { 'x' };
	struct ew_sample sample = ew_sample_text(tag, 0, text, 257);

	assert_int_equal(endpoint_publish(peer->endpoint, &sample, 1, NULL), -EMSGSIZE);
}

static void test_a_device_of_another_instance_is_refused(void **state)
{
	const struct ew_device_spec spec = { .size = sizeof(spec), .path = "d" };
	struct peer *one = join_with(*state, "one", &source_module);
	struct peer *two = join_with(*state, "two", &source_module);
	uint32_t id = device(one, "d");
	uint32_t other = 0;

	assert_int_equal(endpoint_device_declare(two->endpoint, &spec, &other), -EEXIST);
	assert_int_equal(endpoint_device_state(two->endpoint, id, EW_DEVICE_UP, NULL), -EPERM);
	assert_int_equal(endpoint_device_remove(two->endpoint, id), -EPERM);
	assert_int_equal(other, 0);
}

static void test_impossible_names_are_refused(void **state)
{
	struct peer *peer = join_with(*state, "src", &source_module);
	static const char *const paths[] = { "", "a+b", "a#", "a*", "a:b", "a\nb", "\xff" };
	uint32_t id;

	for (size_t i = 0; i < array_count(paths); i++) {
		const struct ew_device_spec spec = { .size = sizeof(spec), .path = paths[i] };

		assert_int_equal(endpoint_device_declare(peer->endpoint, &spec, &id), -EINVAL);
	}
}

/* ---- order and state ---- */

static void test_a_receiver_learns_what_was_there_before_it(void **state)
{
	struct peer *src = join_with(*state, "src", &source_module);
	uint32_t dev = device(src, "pump-1");
	uint32_t tag = tag_of(src, dev, "Speed", EW_TYPE_F64);
	struct peer *sink;

	(void)tag_of(src, dev, "Silent", EW_TYPE_F64);
	assert_int_equal(endpoint_device_state(src->endpoint, dev, EW_DEVICE_UP, NULL), 0);
	assert_int_equal(publish(src, tag, 42), 0);
	sink = join_with(*state, "sink", &receiver_module);
	run(*state);

	assert_int_equal(sink->declared, 1);
	assert_int_equal(sink->state, EW_DEVICE_UP);
	assert_int_equal(sink->tags, 2);
	assert_int_equal(sink->samples, 1);
	assert_true(sink->flags == EW_BATCH_INITIAL);
	assert_true(sink->last_value == 42);
	assert_int_equal(sink->synced, 1);
	assert_int_equal(sink->gaps, 0);
}

static void test_live_samples_follow_their_declaration(void **state)
{
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	struct ew_sample view;
	uint32_t tag;

	run(*state);
	tag = tag_of(src, device(src, "d"), "t", EW_TYPE_F64);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(publish(src, tag, i), 0);
	}
	run(*state);

	assert_int_equal(sink->tags, 1);
	assert_int_equal(sink->samples, 10);
	assert_false(sink->is_disordered);
	assert_int_equal(endpoint_view(sink->endpoint, tag, &view), 0);
	assert_true(view.v.f == 9);
}

static void test_a_removed_tag_is_forgotten_and_keeps_its_id(void **state)
{
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	uint32_t dev, tag;
	struct ew_sample sample;

	run(*state);
	dev = device(src, "d");
	tag = tag_of(src, dev, "t", EW_TYPE_F64);
	assert_int_equal(publish(src, tag, 1), 0);
	assert_int_equal(endpoint_tag_remove(src->endpoint, tag), 0);
	run(*state);

	assert_int_equal(sink->tags_removed, 1);
	assert_null(endpoint_tag(sink->endpoint, tag));
	assert_int_equal(publish(src, tag, 1), -ENOENT);
	assert_int_equal(bus_read(((struct world *)*state)->bus, tag, &sample, NULL, 0), -ENOENT);
	assert_int_equal(tag_of(src, dev, "t", EW_TYPE_F64), tag);
	run(*state);
	assert_int_equal(sink->tags, 2);
	assert_int_equal(endpoint_view(sink->endpoint, tag, &sample), -ENODATA);
}

static void test_a_device_says_its_state_once(void **state)
{
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	uint32_t dev = device(src, "d");

	run(*state);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(endpoint_device_state(src->endpoint, dev, EW_DEVICE_UP, "x"), 0);
	}
	run(*state);

	assert_int_equal(sink->states, 1);
	assert_string_equal(endpoint_device(sink->endpoint, dev)->reason, "x");
}

static void test_text_reaches_image_view_and_receiver(void **state)
{
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	uint32_t tag = tag_of(src, device(src, "d"), "t", EW_TYPE_TEXT);
	struct ew_sample sample = ew_sample_text(tag, 0, "running", 7);
	char buffer[16] = "";

	assert_int_equal(endpoint_publish(src->endpoint, &sample, 1, NULL), 0);
	run(*state);

	assert_string_equal(sink->text, "running");
	assert_int_equal(bus_read(((struct world *)*state)->bus,
				       tag, &sample, buffer, sizeof(buffer)), 0);
	assert_int_equal(sample.v.x.size, 7);
	assert_memory_equal(buffer, "running", 7);
	assert_int_equal(endpoint_view(sink->endpoint, tag, &sample), 0);
	assert_memory_equal(sample.v.x.at, "running", 7);
}

static void test_historical_samples_touch_neither_image_nor_view(void **state)
{
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	uint32_t tag = tag_of(src, device(src, "d"), "t", EW_TYPE_F64);
	struct ew_sample sample = ew_sample_f64(tag, 5, 1);

	run(*state);
	sample.flags = EW_HISTORICAL;
	assert_int_equal(endpoint_publish(src->endpoint, &sample, 1, NULL), 0);
	run(*state);

	assert_int_equal(sink->samples, 1);
	assert_int_equal(bus_read(((struct world *)*state)->bus, tag, &sample, NULL, 0), -ENODATA);
	assert_int_equal(endpoint_view(sink->endpoint, tag, &sample), -ENODATA);
}

static void test_a_scaled_tag_is_f64_in_engineering_units(void **state)
{
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	const struct ew_tag_spec spec = { .size = sizeof(spec), .name = "t", .type = EW_TYPE_U16,
					  .scale = 0.1, .offset = 1, .low = 0, .high = 10,
					  .clamp = true };
	struct ew_sample sample;
	uint32_t tag;

	assert_int_equal(endpoint_tag_declare(src->endpoint, device(src, "d"), &spec, &tag), 0);
	sample = ew_sample_u64(tag, 0, 50);
	assert_int_equal(endpoint_publish(src->endpoint, &sample, 1, NULL), 0);
	run(*state);
	assert_true(sink->last_value == 6);
	assert_int_equal(endpoint_tag(sink->endpoint, tag)->carrier, EW_F64);

	sample.v.u = 5000;
	assert_int_equal(endpoint_publish(src->endpoint, &sample, 1, NULL), 0);
	run(*state);
	assert_true(sink->last_value == 10);
	assert_int_equal(sink->last.quality, EW_UNCERTAIN | EW_REASON_OUT_OF_RANGE);
}

static void test_events_move_in_order(void **state)
{
	struct peer *src = join_with(*state, "src", &source_module);
	struct peer *sink = join_with(*state, "sink", &receiver_module);
	struct ew_event event = { .size = sizeof(event), .kind = "alarm.raised", .body = "{}" };

	run(*state);
	assert_int_equal(endpoint_event(src->endpoint, &event), 0);
	event.kind = "";
	assert_int_equal(endpoint_event(src->endpoint, &event), -EINVAL);
	run(*state);

	assert_int_equal(sink->events, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_a_sample_of_an_undeclared_tag_is_refused),
		WORLD_TEST(test_a_sample_of_anothers_tag_is_refused),
		WORLD_TEST(test_a_wrong_carrier_refuses_the_whole_batch),
		WORLD_TEST(test_a_text_longer_than_max_bytes_is_refused),
		WORLD_TEST(test_a_device_of_another_instance_is_refused),
		WORLD_TEST(test_impossible_names_are_refused),
		WORLD_TEST(test_a_receiver_learns_what_was_there_before_it),
		WORLD_TEST(test_live_samples_follow_their_declaration),
		WORLD_TEST(test_a_removed_tag_is_forgotten_and_keeps_its_id),
		WORLD_TEST(test_a_device_says_its_state_once),
		WORLD_TEST(test_text_reaches_image_view_and_receiver),
		WORLD_TEST(test_historical_samples_touch_neither_image_nor_view),
		WORLD_TEST(test_a_scaled_tag_is_f64_in_engineering_units),
		WORLD_TEST(test_events_move_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
