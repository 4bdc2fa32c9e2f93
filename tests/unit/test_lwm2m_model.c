/* SPDX-License-Identifier: Apache-2.0 */
/* Links, the table of objects, and attributes. */
#include "proto/lwm2m/attributes.h"

#include <stdio.h>
#include <string.h>

#include "core/base/check.h"
#include "proto/lwm2m/link.h"
#include "proto/lwm2m/object.h"
#include "tests/unit/unit.h"

#define SECOND  INT64_C(1000000000)

/* ---- links ---- */

static int count_links(const char *text)
{
	struct lwm2m_links links;
	struct lwm2m_link link;
	int count = 0;
	int rc;

	lwm2m_links_begin(&links, text, strlen(text));
	while ((rc = lwm2m_links_next(&links, &link)) > 0) {
		count++;
	}
	return rc == 0 ? count : rc;
}

static void test_wrong_links_are_refused(void **state)
{
	static const char *const wrong[] = {
		"/3/0", "<>", "</3", "</3>x", "</3>;ver=\"1", "</3>,", "</3> </4>", ",</3>",
		"</3/x>", "</1/2/3/4/5>", "</65536>", "</03>",
	};

	(void)state;
	for (size_t i = 0; i < array_count(wrong); i++) {
		if (count_links(wrong[i]) != -EPROTO) {
			fail_msg("%s is not refused", wrong[i]);
		}
	}
}

static void test_links_are_read_with_tolerance(void **state)
{
	static const char text[] =
		"</>;rt=\"oma.lwm2m\";ct=\"112 11544\", </1/0>,</25/>;ver=\"2.0\";x,</d01/3303/0>;"
		"note=\"a, \\\"b\\\"; c\";ver=1.1";
	struct lwm2m_links links;
	struct lwm2m_link link;
	struct lwm2m_text value;

	(void)state;
	lwm2m_links_begin(&links, text, sizeof(text) - 1);
	assert_int_equal(lwm2m_links_next(&links, &link), 1);
	assert_int_equal(link.path.depth, LWM2M_ROOT);
	assert_true(lwm2m_link_attribute(&link, "ct", &value));
	assert_true(lwm2m_text_is(value, "112 11544"));
	assert_false(lwm2m_link_attribute(&link, "c", &value));
	assert_int_equal(lwm2m_links_next(&links, &link), 1);
	assert_int_equal(link.path.depth, LWM2M_INSTANCE);
	assert_int_equal(lwm2m_links_next(&links, &link), 1);
	assert_true(lwm2m_link_attribute(&link, "ver", &value));
	assert_true(lwm2m_text_is(value, "2.0"));
	assert_true(lwm2m_link_attribute(&link, "x", &value));
	assert_int_equal(value.size, 0);
	assert_int_equal(lwm2m_links_next(&links, &link), 1);
	assert_int_equal(link.path.prefix_size, 3);
	assert_true(lwm2m_link_attribute(&link, "ver", &value));
	assert_true(lwm2m_text_is(value, "1.1"));
	assert_int_equal(lwm2m_links_next(&links, &link), 0);
	assert_int_equal(count_links(""), 0);
}

static void test_links_are_written(void **state)
{
	static const char expected[] = "</>;ct=\"112 11544\",</1/0>,</25>;ver=2.0";
	const uint16_t ids[] = {1, 0};
	const uint16_t gateway = 25;
	struct lwm2m_path path = {0};
	char text[64];
	struct lwm2m_links_out links = {
		.out = {(uint8_t *)text, (uint8_t *)text + sizeof(text), false},
	};

	(void)state;
	lwm2m_links_put(&links, &path, ";ct=\"112 11544\"");
	path = lwm2m_path_of(2, ids);
	lwm2m_links_put(&links, &path, "");
	path = lwm2m_path_of(1, &gateway);
	lwm2m_links_put(&links, &path, ";ver=2.0");
	assert_false(links.out.full);
	assert_int_equal((char *)links.out.at - text, sizeof(expected) - 1);
	assert_memory_equal(text, expected, sizeof(expected) - 1);
	lwm2m_links_put(&links, &path, ";ver=2.0;and=more;that=does;not=fit");
	assert_true(links.out.full);
}

/* ---- objects ---- */

static void check_objects(const struct lwm2m_object *objects, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct lwm2m_resource resource;

		assert_ptr_equal(lwm2m_object_find(objects[i].id), &objects[i]);
		assert_true(i == 0 || objects[i - 1].id < objects[i].id);
		for (size_t j = 0; j < objects[i].shared_count; j++) {
			assert_true(lwm2m_resource_find(&objects[i], objects[i].shared[j],
							&resource));
			assert_int_equal(resource.is_mandatory, j < objects[i].mandatory_count);
		}
		assert_false(lwm2m_resource_find(&objects[i], 65534, &resource));
	}
}

static void test_the_table_is_in_order_and_complete(void **state)
{
	(void)state;
	check_objects(lwm2m_objects_core, lwm2m_objects_core_count);
	check_objects(lwm2m_objects_ipso, lwm2m_objects_ipso_count);
	assert_null(lwm2m_object_find(8));
	assert_null(lwm2m_object_find(70000));
	for (size_t i = 1; i < lwm2m_resources_shared_count; i++) {
		assert_true(lwm2m_resources_shared[i - 1].id < lwm2m_resources_shared[i].id);
	}
}

static void test_definitions_are_those_of_the_registry(void **state)
{
	struct lwm2m_resource resource;

	(void)state;
	assert_true(lwm2m_resource_find(lwm2m_object_find(3), 6, &resource));
	assert_int_equal(resource.type, LWM2M_INTEGER);
	assert_true(resource.is_multiple);
	assert_true(resource.high == 7);
	assert_true(lwm2m_resource_find(lwm2m_object_find(3), 4, &resource));
	assert_int_equal(resource.operations, LWM2M_EXECUTABLE);
	assert_true(lwm2m_resource_find(lwm2m_object_find(3303), 5700, &resource));
	assert_int_equal(resource.type, LWM2M_FLOAT);
	assert_int_equal(resource.operations, LWM2M_READABLE);
	assert_true(lwm2m_resource_find(lwm2m_object_find(3306), 5850, &resource));
	assert_int_equal(resource.operations, LWM2M_READABLE | LWM2M_WRITABLE);
	assert_true(lwm2m_resource_find(lwm2m_object_find(0), 0, &resource));
	assert_int_equal(resource.operations, 0);
	assert_true(lwm2m_object_version_is_implied(lwm2m_object_find(3)));
	assert_false(lwm2m_object_version_is_implied(lwm2m_object_find(25)));
	assert_false(lwm2m_object_version_is_implied(lwm2m_object_find(3303)));
}

/* ---- attributes ---- */

static int write_number(struct lwm2m_attributes *attributes, uint32_t which, double value)
{
	struct lwm2m_message message = {
		.has = which, .gt = value, .lt = value, .st = value, .pmin = (uint64_t)value,
		.pmax = (uint64_t)value, .epmin = (uint64_t)value, .epmax = (uint64_t)value,
		.edge = (uint64_t)value,
	};

	return lwm2m_attributes_write(attributes, &message, LWM2M_RESOURCE);
}

static void test_attributes_that_contradict_are_refused(void **state)
{
	struct lwm2m_attributes attributes = {0};
	struct lwm2m_message message = {.has = LWM2M_HAS(GT), .gt = 1};

	(void)state;
	assert_int_equal(lwm2m_attributes_write(&attributes, &message, LWM2M_INSTANCE), -EINVAL);
	assert_int_equal(write_number(&attributes, LWM2M_HAS(ST), -1), -EINVAL);
	assert_int_equal(write_number(&attributes, LWM2M_HAS(EDGE), 2), -EINVAL);
	assert_int_equal(write_number(&attributes, LWM2M_HAS(LT), 20), 0);
	assert_int_equal(write_number(&attributes, LWM2M_HAS(GT), 20), -EINVAL);
	assert_int_equal(write_number(&attributes, LWM2M_HAS(ST), 10), 0);
	assert_int_equal(write_number(&attributes, LWM2M_HAS(GT), 40), -EINVAL);
	assert_int_equal(write_number(&attributes, LWM2M_HAS(GT), 41), 0);
	assert_int_equal(write_number(&attributes, LWM2M_HAS(EPMAX), 5), 0);
	assert_int_equal(write_number(&attributes, LWM2M_HAS(EPMIN), 5), -EINVAL);
	message.has = 0;
	message.unset = LWM2M_HAS(LT);
	assert_int_equal(lwm2m_attributes_write(&attributes, &message, LWM2M_RESOURCE), 0);
	assert_int_equal(attributes.has,
			 LWM2M_HAS(ST) | LWM2M_HAS(GT) | LWM2M_HAS(EPMAX));
}

static void test_what_is_attached_below_counts_more(void **state)
{
	struct lwm2m_attributes below = {.has = LWM2M_HAS(PMIN), .pmin = 5};
	const struct lwm2m_attributes above = {
		.has = LWM2M_HAS(PMIN) | LWM2M_HAS(PMAX), .pmin = 10, .pmax = 60,
	};
	char text[LWM2M_ATTRIBUTES_MAX];

	(void)state;
	lwm2m_attributes_inherit(&below, &above);
	lwm2m_attributes_format(&below, text);
	assert_string_equal(text, ";pmin=5;pmax=60");
}

static enum lwm2m_verdict step(const struct lwm2m_attributes *attributes, double from, double to)
{
	struct lwm2m_notified notified = {.is_number = true, .value = from, .seen = from};
	int64_t at;

	return lwm2m_attributes_judge(attributes, &notified, to, SECOND, &at);
}

static void test_thresholds_and_steps_as_in_the_example(void **state)
{
	struct lwm2m_attributes attributes = {0};

	(void)state;
	assert_int_equal(write_number(&attributes, LWM2M_HAS(GT), 45), 0);
	assert_int_equal(write_number(&attributes, LWM2M_HAS(ST), 10), 0);
	assert_int_equal(step(&attributes, 45, 50), LWM2M_SAY);
	assert_int_equal(step(&attributes, 38, 49), LWM2M_SAY);
	assert_int_equal(step(&attributes, 48, 42), LWM2M_SAY);
	assert_int_equal(step(&attributes, 48, 55), LWM2M_NOT_NOW);
	attributes.has = LWM2M_HAS(LT) | LWM2M_HAS(GT) | LWM2M_HAS(ST);
	attributes.lt = 20;
	attributes.gt = 85;
	assert_int_equal(step(&attributes, 87, 99), LWM2M_SAY);
	attributes.has = LWM2M_HAS(EDGE);
	attributes.edge = 1;
	assert_int_equal(step(&attributes, 0, 1), LWM2M_SAY);
	assert_int_equal(step(&attributes, 1, 0), LWM2M_NOT_NOW);
	attributes.edge = 0;
	assert_int_equal(step(&attributes, 1, 0), LWM2M_SAY);
}

static void test_periods_hold_back_and_hurry(void **state)
{
	struct lwm2m_attributes attributes = {
		.has = LWM2M_HAS(PMIN) | LWM2M_HAS(PMAX), .pmin = 10, .pmax = 60,
	};
	struct lwm2m_notified notified = {.time = 100 * SECOND};
	int64_t at = 0;

	(void)state;
	assert_int_equal(lwm2m_attributes_judge(&attributes, &notified, 1, 101 * SECOND, &at),
			 LWM2M_SAY_LATER);
	assert_int_equal(at, 110 * SECOND);
	assert_int_equal(lwm2m_attributes_judge(&attributes, &notified, 1, 110 * SECOND, &at),
			 LWM2M_SAY);
	assert_int_equal(lwm2m_attributes_due(&attributes, &notified), 160 * SECOND);
	attributes.pmax = 5;
	assert_int_equal(lwm2m_attributes_due(&attributes, &notified), INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_links_are_refused),
		cmocka_unit_test(test_links_are_read_with_tolerance),
		cmocka_unit_test(test_links_are_written),
		cmocka_unit_test(test_the_table_is_in_order_and_complete),
		cmocka_unit_test(test_definitions_are_those_of_the_registry),
		cmocka_unit_test(test_attributes_that_contradict_are_refused),
		cmocka_unit_test(test_what_is_attached_below_counts_more),
		cmocka_unit_test(test_thresholds_and_steps_as_in_the_example),
		cmocka_unit_test(test_periods_hold_back_and_hurry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
