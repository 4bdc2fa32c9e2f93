/* SPDX-License-Identifier: Apache-2.0 */
/* What a plant may be made of, and that what comes out depends on seed and writes only. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "modules/simulator/plant/plant.h"
#include "tests/unit/unit.h"

static void refused(const struct plant_spec *specs, size_t count, const char *text)
{
	struct plant_error error;

	assert_int_equal(plant_check(specs, count, &error), -EINVAL);
	assert_string_equal(error.text, text);
}

static void test_a_description_that_makes_no_plant_is_refused_with_a_reason(void **state)
{
	const struct plant_spec unknown[] = {{"a", "boiler", {NULL}}};
	const struct plant_spec none[] = {{"a", "", {NULL}}};
	const struct plant_spec twice[] = {{"a", "pump", {NULL}}, {"a", "flow", {NULL}}};
	const struct plant_spec nowhere[] = {{"a", "pump", {[PLANT_FEEDS] = "b"}}};
	const struct plant_spec itself[] = {{"a", "level", {[PLANT_FEEDS] = "a"}}};
	const struct plant_spec wrong[] = {
		{"a", "pump", {[PLANT_DRIVES] = "b"}}, {"b", "compressor", {NULL}},
	};
	const struct plant_spec two[] = {
		{"m1", "motor", {[PLANT_DRIVES] = "p"}}, {"p", "pump", {NULL}},
		{"m2", "motor", {[PLANT_DRIVES] = "p"}},
	};

	(void)state;
	refused(NULL, 0, "a plant has at least one device");
	refused(unknown, 1, "device 'a' has the unknown kind 'boiler'");
	refused(none, 1, "device 'a' has no kind");
	refused(twice, 2, "device 'a' is there twice");
	refused(nowhere, 1, "device 'a' feeds 'b', which is not a device");
	refused(itself, 1, "device 'a' feeds itself");
	refused(wrong, 2, "device 'a' drives 'b': a pump does not do this to a compressor");
	refused(two, 3, "'p' is driven by 'm1' and by 'm2'");
}

static void test_options_out_of_range_are_refused(void **state)
{
	size_t count;
	const struct plant_spec *specs = plant_default(&count);
	struct plant_options options = {.step = 0.0, .count = 1};
	struct plant *plant = NULL;

	(void)state;
	assert_int_equal(plant_new(&options, specs, count, &plant), -EINVAL);
	options.step = PLANT_STEP_MAX * 2.0;
	assert_int_equal(plant_new(&options, specs, count, &plant), -EINVAL);
	options.step = 1.0;
	options.count = 0;
	assert_int_equal(plant_new(&options, specs, count, &plant), -EINVAL);
	options.count = PLANT_DEVICES_MAX;
	assert_int_equal(plant_new(&options, specs, count, &plant), -EINVAL);
	assert_null(plant);
	plant_free(&plant);
}

static void test_rows_of_all_kinds_are_sound(void **state)
{
	(void)state;
	for (const struct plant_kind *const *kind = plant_kinds(); *kind != NULL; kind++) {
		assert_ptr_equal(plant_kind_find((*kind)->name), *kind);
		assert_true((*kind)->alarm_count <= 32);
		for (size_t i = 0; i < (*kind)->tag_count; i++) {
			const struct plant_tag *tag = &(*kind)->tags[i];

			assert_non_null(tag->about);
			assert_true(tag->at > 0);
			assert_true(tag->low <= tag->high);
			assert_true((*kind)->tag_count <= 32);
			if (tag->flags & PLANT_WRITABLE) {
				assert_true(tag->write_low < tag->write_high);
			}
			for (size_t j = 0; j < i; j++) {
				assert_string_not_equal(tag->name, (*kind)->tags[j].name);
			}
		}
	}
}

/* A digest of every reading of so many scans, device by device. */
static uint64_t digest(struct plant *plant, const char *device, int scans)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (int scan = 0; scan < scans; scan++) {
		plant_step(plant);
		for (size_t i = 0; i < plant_device_count(plant); i++) {
			struct plant_device *it = plant_device(plant, i);

			for (size_t tag = 0; tag < it->kind->tag_count; tag++) {
				struct plant_reading reading = {.value = {.u = 0}};
				uint64_t bits;

				reading = plant_sense(it, &it->kind->tags[tag]);
				bits = it->kind->tags[tag].type == PLANT_BOOL ?
				    reading.value.b : reading.value.u;
				if (device == NULL || strcmp(device, it->name) == 0) {
					hash = (hash ^ bits) * 0x100000001b3u;
				}
			}
		}
	}
	return hash;
}

static struct plant *make(const struct plant_spec *specs, size_t count, uint64_t seed,
			  unsigned copies)
{
	struct plant_options options = {
		.seed = seed, .step = 0.5, .heartbeat = 5.0, .noise = 1.0, .count = copies,
	};
	struct plant *plant;

	assert_int_equal(plant_new(&options, specs, count, &plant), 0);
	return plant;
}

static void test_the_same_seed_gives_the_same_numbers_and_another_does_not(void **state)
{
	size_t count;
	const struct plant_spec *specs = plant_default(&count);
	struct plant *a = make(specs, count, 11, 1);
	struct plant *b = make(specs, count, 11, 1);
	struct plant *c = make(specs, count, 12, 1);
	uint64_t first = digest(a, NULL, 500);

	(void)state;
	assert_true(digest(b, NULL, 500) == first);
	assert_true(digest(c, NULL, 500) != first);
	plant_free(&a);
	plant_free(&b);
	plant_free(&c);
}

static void test_seed_1_gives_these_numbers_on_every_machine(void **state)
{
	size_t count;
	const struct plant_spec *specs = plant_default(&count);
	struct plant *plant = make(specs, count, 1, 1);

	(void)state;
	assert_int_equal(digest(plant, NULL, 1000), 0xf83771b6eb6268e1u);
	plant_free(&plant);
}

static void test_a_device_does_not_depend_on_its_place_or_on_strangers(void **state)
{
	const struct plant_spec one[] = {
		{"p", "pump", {[PLANT_FEEDS] = "t"}}, {"t", "level", {NULL}},
	};
	const struct plant_spec other[] = {
		{"x", "motor", {NULL}}, {"t", "level", {NULL}},
		{"p", "pump", {[PLANT_FEEDS] = "t"}},
	};
	struct plant *a = make(one, 2, 5, 1);
	struct plant *b = make(other, 3, 5, 1);

	(void)state;
	assert_true(digest(a, "t", 300) == digest(b, "t", 300));
	plant_free(&a);
	plant_free(&b);
}

static void test_copies_have_names_and_noise_of_their_own(void **state)
{
	size_t count;
	const struct plant_spec *specs = plant_default(&count);
	struct plant *plant = make(specs, count, 5, 300);

	(void)state;
	assert_int_equal(plant_device_count(plant), 300 * count);
	assert_string_equal(plant_device(plant, 0)->name, "pump-1.1");
	assert_string_equal(plant_device(plant, 300 * count - 1)->name, "temp-1.300");
	assert_int_equal(plant_device(plant, count)->first_tag * 300, plant_tag_count(plant));
	assert_true(plant_device(plant, 0)->random.state !=
		    plant_device(plant, count)->random.state);
	plant_free(&plant);
	assert_null(plant);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_description_that_makes_no_plant_is_refused_with_a_reason),
		cmocka_unit_test(test_options_out_of_range_are_refused),
		cmocka_unit_test(test_rows_of_all_kinds_are_sound),
		cmocka_unit_test(test_the_same_seed_gives_the_same_numbers_and_another_does_not),
		cmocka_unit_test(test_seed_1_gives_these_numbers_on_every_machine),
		cmocka_unit_test(test_a_device_does_not_depend_on_its_place_or_on_strangers),
		cmocka_unit_test(test_copies_have_names_and_noise_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
