/* SPDX-License-Identifier: Apache-2.0 */
/* Samples as bytes and back, to the bit; above all where a run begins, ends, or is none. */
#include "tests/unit/unit.h"

#include <math.h>
#include <string.h>

#include "core/store/dictionary.h"
#include "core/store/samples.h"

#define COUNT  64u
#define TIME   INT64_C(1700000000000000000)

static const struct record_base base = { .utc = TIME - 5 };
static struct ew_sample samples[COUNT];
static unsigned char bytes[WIRE_VARINT_MAX + COUNT * SAMPLES_ONE_MAX];

static void make(double step)
{
	for (uint32_t i = 0; i < COUNT; i++) {
		samples[i] = ew_sample_f64(7 + i, TIME, (double)i * step);
	}
}

static size_t there_and_back(void)
{
	const unsigned char *end = samples_put(bytes, samples, NULL, COUNT, &base);
	struct wire wire = wire_of(bytes, (size_t)(end - bytes));
	struct ew_sample back[COUNT];

	assert_int_equal(samples_count(&wire), COUNT);
	assert_true(samples_get(&wire, &base, COUNT, back));
	assert_memory_equal(back, samples, sizeof(samples));
	return (size_t)(end - bytes);
}

static void test_a_batch_of_numbers_is_a_run_of_values(void **state)
{
	unsigned char run[sizeof(bytes)];
	size_t size;

	(void)state;
	make(0.25);

	assert_true(samples_are_run(samples, COUNT));
	size = there_and_back();
	assert_true(size < COUNT * 4 + 20);
	assert_ptr_equal(samples_put_run(run, samples, 7, COUNT, &base), run + size);
	assert_memory_equal(run, bytes, size);
	make(0.1);
	assert_true(there_and_back() < COUNT * 8 + 20);
}

static void test_what_no_float_can_say_stays_as_it_is(void **state)
{
	const double odd[] = { NAN, -NAN, INFINITY, -INFINITY, -0.0, 1e300, 1e-300, 0.1 };

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		for (uint32_t at = 0; at < COUNT; at += 21) {
			make(1);
			samples[at].v.f = odd[i];
			(void)there_and_back();
		}
	}
	for (uint32_t i = 0; i < COUNT; i++) {
		samples[i].v.f = odd[i % (sizeof(odd) / sizeof(odd[0]))];
	}
	(void)there_and_back();
}

static void test_whatever_differs_ends_a_run(void **state)
{
	(void)state;
	for (uint32_t at = 0; at < COUNT; at++) {
		make(0.25);
		samples[at].time++;
		(void)there_and_back();
		samples[at].time--;
		samples[at].quality = EW_BAD;
		(void)there_and_back();
		samples[at].quality = EW_GOOD;
		samples[at].flags = EW_HISTORICAL;
		(void)there_and_back();
		samples[at].flags = 0;
		samples[at].tag += 100;
		(void)there_and_back();
		samples[at].tag -= 100;
		samples[at].type = EW_I64;
		samples[at].v.i = -3;
		assert_false(samples_are_run(samples, COUNT));
		(void)there_and_back();
	}
}

static bool is_damage(size_t size)
{
	struct wire wire = wire_of(bytes, size);
	uint32_t count = samples_count(&wire);
	struct ew_sample back[COUNT];

	return count == 0 || !samples_get(&wire, &base, count, back);
}

static void test_a_run_over_its_record_is_damage(void **state)
{
	const unsigned char *end;

	(void)state;
	make(0.25);
	end = samples_put(bytes, samples, NULL, COUNT, &base);
	for (size_t size = 1; size < (size_t)(end - bytes); size++) {
		assert_true(is_damage(size));
	}
	assert_false(is_damage((size_t)(end - bytes)));
	/* a run of 64 where 63 are left */
	bytes[0] = COUNT - 1;
	assert_true(is_damage((size_t)(end - bytes)));
}

/* The oracle: tag by tag. */
static bool find_each(const struct dictionary *dictionary, uint32_t tag, uint32_t count)
{
	uint32_t first, id;

	for (uint32_t i = 0; i < count; i++) {
		if (!dictionary_find(dictionary, tag + i, &id) ||
		    (i > 0 && id != first + i)) {
			return false;
		}
		first = i == 0 ? id : first;
	}
	return true;
}

static void check_runs(struct dictionary *dictionary)
{
	for (uint32_t tag = 0; tag < 40; tag++) {
		for (uint32_t count = 1; count < 20; count++) {
			bool is_run = find_each(dictionary, tag, count);
			uint32_t id = 0, first = 0;

			assert_int_equal(dictionary_find_run(dictionary, tag, count, &id), is_run);
			if (is_run) {
				assert_true(dictionary_find(dictionary, tag, &first));
				assert_int_equal(id, first);
			}
		}
	}
}

static void test_tags_known_one_after_the_other_are_found_at_once(void **state)
{
	struct dictionary dictionary = { 0 };
	uint32_t id;

	(void)state;
	dictionary_clear(&dictionary);
	for (uint32_t tag = 10; tag < 30; tag++) {
		assert_int_equal(dictionary_add(&dictionary, tag, &id), 0);
	}
	for (uint32_t tag = 10; tag < 30; tag += 4) {
		assert_true(dictionary_find_run(&dictionary, tag, 4, &id));
	}
	check_runs(&dictionary);

	dictionary_forget(&dictionary, 17);
	check_runs(&dictionary);
	assert_int_equal(dictionary_add(&dictionary, 17, &id), 0);
	check_runs(&dictionary);
	dictionary_clear(&dictionary);
	check_runs(&dictionary);
	dictionary_fini(&dictionary);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_batch_of_numbers_is_a_run_of_values),
		cmocka_unit_test(test_what_no_float_can_say_stays_as_it_is),
		cmocka_unit_test(test_whatever_differs_ends_a_run),
		cmocka_unit_test(test_a_run_over_its_record_is_damage),
		cmocka_unit_test(test_tags_known_one_after_the_other_are_found_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
