/* SPDX-License-Identifier: Apache-2.0 */
/* The image: last values, never torn, whoever reads while they change. */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "core/bus/image.h"

#include "tests/unit/unit.h"

#define TAG  5000u              /* not on the first page */
#define STRESS_WRITES  200000u

static struct image image;

static int setup(void **state)
{
	(void)state;
	return image_init(&image);
}

static int teardown(void **state)
{
	(void)state;
	image_fini(&image);
	return 0;
}

static void test_a_tag_without_a_value_has_no_data(void **state)
{
	struct ew_sample sample = ew_sample_i64(1, 0, 77);

	(void)state;
	assert_int_equal(image_read(&image, TAG, &sample, NULL, 0, NULL), -ENODATA);
	assert_int_equal(image_read(&image, UINT32_MAX, &sample, NULL, 0, NULL), -ENODATA);
	assert_int_equal(image_prepare(&image, TAG, 0), 0);
	assert_int_equal(image_read(&image, TAG, &sample, NULL, 0, NULL), -ENODATA);
	assert_int_equal(sample.v.i, 77);
}

static void test_the_last_sample_is_read_back_whole(void **state)
{
	struct ew_sample in = ew_sample_f64(TAG, 123456789, -0.25), out;
	uint64_t number;

	(void)state;
	assert_int_equal(image_prepare(&image, TAG, 0), 0);
	in.quality = EW_UNCERTAIN | EW_REASON_STALE;
	in.flags = EW_TRANSIENT;
	image_write(&image, &in, 1, 41);
	in.v.f = 0.5;
	image_write(&image, &in, 1, 42);
	assert_int_equal(image_read(&image, TAG, &out, NULL, 0, &number), 0);
	assert_memory_equal(&in, &out, sizeof(in));
	assert_int_equal(number, 42);

	image_clear(&image, TAG);
	assert_int_equal(image_read(&image, TAG, &out, NULL, 0, NULL), -ENODATA);
}

static void test_a_short_buffer_gets_what_fits_and_the_full_size(void **state)
{
	struct ew_sample in = ew_sample_text(TAG, 1, "twelve bytes", 12), out;
	char buffer[16] = "................";

	(void)state;
	assert_int_equal(image_prepare(&image, TAG, 12), 0);
	image_write(&image, &in, 1, 1);
	assert_int_equal(image_read(&image, TAG, &out, buffer, 6, NULL), 0);
	assert_int_equal(out.v.x.size, 12);
	assert_memory_equal(buffer, "twelve..", 8);
	assert_int_equal(image_read(&image, TAG, &out, buffer, sizeof(buffer), NULL), 0);
	assert_ptr_equal(out.v.x.at, buffer);
	assert_memory_equal(buffer, "twelve bytes", 12);
	assert_int_equal(image_read(&image, TAG, &out, NULL, 0, NULL), 0);
	assert_int_equal(out.v.x.size, 12);
}

static void test_a_cell_grows_and_forgets_and_an_empty_text_is_a_value(void **state)
{
	struct ew_sample in = ew_sample_text(TAG, 1, "ab", 2), out;
	char buffer[40], longer[40];

	(void)state;
	memset(longer, 'x', sizeof(longer));
	assert_int_equal(image_prepare(&image, TAG, 2), 0);
	image_write(&image, &in, 1, 1);
	assert_int_equal(image_prepare(&image, TAG, 40), 0);
	assert_int_equal(image_read(&image, TAG, &out, buffer, 40, NULL), -ENODATA);
	in = ew_sample_text(TAG, 1, longer, 40);
	image_write(&image, &in, 1, 2);
	assert_int_equal(image_prepare(&image, TAG, 4), 0);
	assert_int_equal(image_read(&image, TAG, &out, buffer, 40, NULL), 0);
	assert_memory_equal(buffer, longer, 40);
	in.v.x.size = 0;
	image_write(&image, &in, 1, 3);
	assert_int_equal(image_read(&image, TAG, &out, buffer, 40, NULL), 0);
	assert_int_equal(out.v.x.size, 0);
	assert_int_equal(out.type, EW_TEXT);
}

/* ---- torn reads ---- */

static atomic_bool writer_is_done;

/* All words of one write say the same number; a text is one letter, 24 to 31 times. */
static void *write_numbers(void *arg)
{
	bool is_text = arg != NULL;
	char text[32];

	for (uint64_t i = 1; i <= STRESS_WRITES; i++) {
		struct ew_sample sample = ew_sample_u64(TAG, (ew_time)i, i);

		sample.quality = (uint16_t)i;
		if (is_text) {
			uint32_t size = 24 + (uint32_t)(i & 7);

			memset(text, 'a' + (int)(i % 26), size);
			sample = ew_sample_text(TAG, (ew_time)i, text, size);
		}
		image_write(&image, &sample, 1, i);
	}
	atomic_store(&writer_is_done, true);
	return NULL;
}

static bool is_whole(const struct ew_sample *sample, uint64_t number, const char *text)
{
	if ((uint64_t)sample->time != number) {
		return false;
	}
	if (sample->type == EW_U64) {
		return sample->v.u == number &&
		       sample->quality == (uint16_t)number;
	}
	if (sample->v.x.size != 24 + (uint32_t)(number & 7)) {
		return false;
	}
	for (uint32_t i = 0; i < sample->v.x.size; i++) {
		if (text[i] != 'a' + (char)(number % 26)) {
			return false;
		}
	}
	return true;
}

struct reading {
	uint64_t torn, back, last;
};

static void *read_numbers(void *arg)
{
	struct reading *reading = arg;
	struct ew_sample sample;
	uint64_t number;
	char text[32];

	do {
		if (image_read(&image, TAG, &sample, text, sizeof(text), &number) != 0) {
			continue;
		}
		reading->torn += is_whole(&sample, number, text) ? 0 : 1;
		reading->back += number < reading->last ? 1 : 0;
		reading->last = number;
	} while (!atomic_load(&writer_is_done) || reading->last != STRESS_WRITES);
	return NULL;
}

static void read_while_writing(void *is_text)
{
	struct reading readings[2] = { { 0, 0, 0 }, { 0, 0, 0 } };
	pthread_t readers[2], writer;

	assert_int_equal(image_prepare(&image, TAG, 31), 0);
	atomic_store(&writer_is_done, false);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(pthread_create(&readers[i], NULL, read_numbers, &readings[i]), 0);
	}
	assert_int_equal(pthread_create(&writer, NULL, write_numbers, is_text), 0);
	(void)pthread_join(writer, NULL);
	for (size_t i = 0; i < 2; i++) {
		(void)pthread_join(readers[i], NULL);
		assert_int_equal(readings[i].torn, 0);
		assert_int_equal(readings[i].back, 0);
	}
}

static void test_a_reader_never_sees_half_a_number(void **state)
{
	(void)state;
	read_while_writing(NULL);
}

static void test_a_reader_never_sees_half_a_text(void **state)
{
	(void)state;
	read_while_writing(&image);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_tag_without_a_value_has_no_data),
		TEST(test_the_last_sample_is_read_back_whole),
		TEST(test_a_short_buffer_gets_what_fits_and_the_full_size),
		TEST(test_a_cell_grows_and_forgets_and_an_empty_text_is_a_value),
		TEST(test_a_reader_never_sees_half_a_number),
		TEST(test_a_reader_never_sees_half_a_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
