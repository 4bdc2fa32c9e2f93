/* SPDX-License-Identifier: Apache-2.0 */
/* Owners, devices and tags by name and by id; tombstones and what becomes of them. */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>

#include "core/bus/registry.h"

#include "tests/unit/unit.h"

static struct registry registry;
static struct owner *sim, *other;

static int setup(void **state)
{
	(void)state;
	assert_int_equal(registry_init(&registry), 0);
	sim = registry_owner(&registry, "sim");
	other = registry_owner(&registry, "other");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	registry_fini(&registry);
	return 0;
}

static int declare_device(struct owner *owner, const char *path, struct registry_change *change)
{
	const struct ew_device_info info = { .reason = "", .owner = owner->name,
					     .spec = { .size = sizeof(info.spec), .path = path } };
	const char *holder;

	return registry_declare_device(&registry, owner, &info, change, &holder);
}

static struct device *device_of(struct owner *owner, const char *path)
{
	struct registry_change change;

	assert_int_equal(declare_device(owner, path, &change), 0);
	return registry_device(&registry, change.id);
}

static struct registry_change declare_tag(struct device *device, const char *name, double high)
{
	const struct ew_tag_info info = {
		.device = device->id,
		.carrier = EW_F64,
		.spec = { .size = sizeof(info.spec), .name = name, .type = EW_TYPE_F64,
			  .high = high },
	};
	struct registry_change change;

	assert_int_equal(registry_declare_tag(&registry, device, &info, &change), 0);
	return change;
}

static void test_a_path_of_another_owner_is_refused_and_named(void **state)
{
	const struct ew_device_info info = { .reason = "", .owner = "other",
					     .spec = { .size = sizeof(info.spec),
						       .path = "pump-1" } };
	struct registry_change change;
	const char *holder = NULL;

	(void)state;
	(void)device_of(sim, "pump-1");
	assert_int_equal(registry_declare_device(&registry, other, &info, &change, &holder),
			 -EEXIST);
	assert_string_equal(holder, "sim");
}

static void test_unknown_names_and_ids_are_not_found(void **state)
{
	(void)state;
	assert_int_equal(registry_find_device(&registry, "pump-1"), EW_NO_ID);
	assert_int_equal(registry_find_tag(&registry, 1, "Speed"), EW_NO_ID);
	assert_null(registry_device(&registry, 1));
	assert_null(registry_tag(&registry, UINT32_MAX));
	assert_int_equal(registry_gate(&registry, 4711), 0);
}

static void test_saying_the_same_twice_is_told_apart_from_a_change(void **state)
{
	struct device *device = device_of(sim, "pump-1");
	struct registry_change change = declare_tag(device, "Speed", 50);
	uint32_t id = change.id;

	(void)state;
	assert_int_equal(change.change, EW_DECLARED);
	assert_false(change.is_same);
	change = declare_tag(device, "Speed", 50);
	assert_true(change.is_same);
	assert_int_equal(change.id, id);
	change = declare_tag(device, "Speed", 60);
	assert_false(change.is_same);
	assert_int_equal(change.change, EW_UPDATED);
	assert_int_equal(change.id, id);
	assert_int_equal(declare_device(sim, "pump-1", &change), 0);
	assert_true(change.is_same);
	assert_int_equal(change.id, device->id);
}

static void test_the_same_name_gets_the_same_id_after_removal(void **state)
{
	struct device *device = device_of(sim, "pump-1");
	uint32_t device_id = device->id;
	uint32_t speed = declare_tag(device, "Speed", 50).id;
	uint32_t flow = declare_tag(device, "Flow", 50).id;
	struct registry_change change;

	(void)state;
	registry_bury_tag(&registry, speed);
	registry_bury_tag(&registry, flow);
	registry_bury_device(&registry, device);
	assert_null(registry_tag(&registry, speed));
	assert_int_equal(registry_find_tag(&registry, device_id, "Speed"), EW_NO_ID);
	assert_int_equal(registry_find_device(&registry, "pump-1"), EW_NO_ID);
	assert_int_equal(registry.live_tags, 0);
	assert_int_equal(registry.dead, 3);

	assert_int_equal(declare_device(sim, "pump-1", &change), 0);
	assert_int_equal(change.id, device_id);
	assert_int_equal(change.change, EW_DECLARED);
	device = registry_device(&registry, change.id);
	assert_int_equal(declare_tag(device, "Flow", 50).id, flow);
	change = declare_tag(device, "Speed", 50);
	assert_int_equal(change.id, speed);
	assert_int_equal(change.change, EW_DECLARED);
	assert_int_equal(registry.dead, 0);
}

static void test_a_dead_path_may_be_declared_by_another_owner_with_another_id(void **state)
{
	struct device *device = device_of(sim, "pump-1");
	uint32_t id = device->id;
	struct registry_change change;

	(void)state;
	registry_bury_device(&registry, device);
	assert_int_equal(declare_device(other, "pump-1", &change), 0);
	assert_int_not_equal(change.id, id);
	assert_int_equal(registry_find_device(&registry, "pump-1"), change.id);
	assert_int_equal(declare_device(sim, "pump-1", &change), -EEXIST);
}

static void test_tags_of_one_name_on_two_devices_are_two(void **state)
{
	struct device *one = device_of(sim, "pump-1"), *two = device_of(sim, "pump-2");
	uint32_t first = declare_tag(one, "Speed", 50).id;
	uint32_t second = declare_tag(two, "Speed", 50).id;

	(void)state;
	assert_int_not_equal(first, second);
	assert_int_equal(registry_find_tag(&registry, one->id, "Speed"), first);
	assert_int_equal(registry_find_tag(&registry, two->id, "Speed"), second);
}

/* Declare and bury tags with names that never come again. */
static void bury_many(struct device *device, unsigned from, unsigned count)
{
	char name[32];

	for (unsigned i = from; i < from + count; i++) {
		(void)snprintf(name, sizeof(name), "tag-%u", i);
		registry_bury_tag(&registry, declare_tag(device, name, 50).id);
	}
}

static void test_an_old_tombstone_is_recycled_but_not_while_it_is_known(void **state)
{
	struct device *device = device_of(sim, "pump-1");
	uint32_t id = declare_tag(device, "Known", 50).id;
	uint32_t highest;

	(void)state;
	registry_hold_tag(&registry, id);
	registry_bury_tag(&registry, id);
	bury_many(device, 0, 2 * TOMBSTONES_MAX);
	assert_int_equal(declare_tag(device, "Known", 50).id, id);

	registry_bury_tag(&registry, id);
	registry_drop_tag(&registry, id);
	highest = registry.tag_ids;
	bury_many(device, 10000, 3 * TOMBSTONES_MAX);
	assert_int_equal(registry.tag_ids, highest);
}

static void test_an_old_tombstone_is_not_recycled_while_an_older_block_is_out(void **state)
{
	struct device *device = device_of(sim, "pump-1");
	struct block *block;
	uint32_t highest;

	(void)state;
	bury_many(device, 0, TOMBSTONES_MAX + 1);
	block = block_take(sim->pool, BLOCK_SAMPLES, 10);
	bury_many(device, 10000, 2 * TOMBSTONES_MAX);
	highest = registry.tag_ids;
	assert_true(highest > 2 * TOMBSTONES_MAX);
	block_unref(&block);
	bury_many(device, 20000, TOMBSTONES_MAX);
	assert_int_equal(registry.tag_ids, highest);
}

static void test_tombstones_live_again_in_any_order(void **state)
{
	struct device *device = device_of(sim, "pump-1");
	uint32_t first = declare_tag(device, "1", 0).id;
	uint32_t middle = declare_tag(device, "2", 0).id;
	uint32_t last = declare_tag(device, "3", 0).id;

	(void)state;
	registry_bury_tag(&registry, first);
	registry_bury_tag(&registry, middle);
	registry_bury_tag(&registry, last);
	assert_int_equal(declare_tag(device, "2", 0).id, middle);
	assert_int_equal(declare_tag(device, "3", 0).id, last);
	assert_int_equal(sim->dead_tag_count, 1);
	assert_int_equal(sim->dead_tag_first, first);
	assert_int_equal(sim->dead_tag_last, first);
	assert_int_equal(declare_tag(device, "1", 0).id, first);
	assert_int_equal(sim->dead_tag_first, EW_NO_ID);
	assert_int_equal(sim->dead_tag_last, EW_NO_ID);
	assert_int_equal(registry.dead, 0);
}

static void test_a_million_names_that_come_and_go_take_no_memory(void **state)
{
	struct device *device = device_of(sim, "pump-1");
	size_t before, after;
	uint32_t highest;

	(void)state;
	bury_many(device, 0, 10000);
	before = mallinfo2().uordblks;
	highest = registry.tag_ids;
	bury_many(device, 10000, 1000000);
	after = mallinfo2().uordblks;
	assert_int_equal(registry.tag_ids, highest);
	/* names are up to three characters longer in the end: a tombstone each */
	assert_true(after <= before + (size_t)(TOMBSTONES_MAX + 8) * 32);
}

static void test_a_hundred_thousand_devices_that_come_and_go_take_no_memory(void **state)
{
	char path[32];
	size_t before = 0;
	uint32_t highest = 0;

	(void)state;
	for (unsigned i = 0; i < 110000; i++) {
		struct device *device;

		if (i == 10000) {
			before = mallinfo2().uordblks;
			highest = registry.device_ids;
		}
		(void)snprintf(path, sizeof(path), "device-%u", i);
		device = device_of(sim, path);
		registry_bury_device(&registry, device);
	}
	assert_int_equal(registry.device_ids, highest);
	assert_true(mallinfo2().uordblks <= before + (size_t)(TOMBSTONES_MAX + 8) * 32);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_path_of_another_owner_is_refused_and_named),
		TEST(test_unknown_names_and_ids_are_not_found),
		TEST(test_saying_the_same_twice_is_told_apart_from_a_change),
		TEST(test_the_same_name_gets_the_same_id_after_removal),
		TEST(test_a_dead_path_may_be_declared_by_another_owner_with_another_id),
		TEST(test_tags_of_one_name_on_two_devices_are_two),
		TEST(test_tombstones_live_again_in_any_order),
		TEST(test_an_old_tombstone_is_recycled_but_not_while_it_is_known),
		TEST(test_an_old_tombstone_is_not_recycled_while_an_older_block_is_out),
		TEST(test_a_million_names_that_come_and_go_take_no_memory),
		TEST(test_a_hundred_thousand_devices_that_come_and_go_take_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
