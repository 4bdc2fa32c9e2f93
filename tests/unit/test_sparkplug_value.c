/* SPDX-License-Identifier: Apache-2.0 */
/* Every datatype from the bus into a metric and back; the files of the state directory. */
#include "modules/sparkplug/value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "modules/sparkplug/alias.h"
#include "modules/sparkplug/bdseq.h"
#include "proto/sparkplug/topic.h"
#include "tests/unit/unit.h"

static uint8_t there_memory[256], back_memory[256];
static const struct value_room there = { there_memory, sizeof(there_memory) };
static const struct value_room back = { back_memory, sizeof(back_memory) };
static char directory[] = "/tmp/sparkplug-XXXXXX";

static struct ew_sample through(unsigned ew_type, struct ew_sample sample)
{
	struct ew_sample again = ew_sample_none(1, 0);
	unsigned type = value_type(ew_type);
	struct sp_value value;

	assert_int_not_equal(type, SP_TYPE_UNKNOWN);
	assert_int_equal(value_encode(type, &sample, &there, &value), 0);
	assert_int_equal(value.carrier, sp_type_carrier(type));
	assert_int_equal(value_decode(type, &value, &back, &again), 0);
	assert_int_equal(again.type, sample.type);
	return again;
}

static void test_numbers_come_back_as_they_were(void **state)
{
	static const struct { unsigned type; int64_t low, high; } signed_types[] = {
		{ EW_TYPE_I8, INT8_MIN, INT8_MAX }, { EW_TYPE_I16, INT16_MIN, INT16_MAX },
		{ EW_TYPE_I32, INT32_MIN, INT32_MAX }, { EW_TYPE_I64, INT64_MIN, INT64_MAX },
	};
	static const struct { unsigned type; uint64_t high; } unsigned_types[] = {
		{ EW_TYPE_U8, UINT8_MAX }, { EW_TYPE_U16, UINT16_MAX },
		{ EW_TYPE_U32, UINT32_MAX }, { EW_TYPE_U64, UINT64_MAX },
	};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		unsigned type = signed_types[i].type;

		assert_true(through(type, ew_sample_i64(1, 0, signed_types[i].low)).v.i ==
			    signed_types[i].low);
		assert_true(through(type, ew_sample_i64(1, 0, signed_types[i].high)).v.i ==
			    signed_types[i].high);
		assert_true(through(unsigned_types[i].type,
				    ew_sample_u64(1, 0, unsigned_types[i].high)).v.u ==
			    unsigned_types[i].high);
	}
	assert_true(through(EW_TYPE_F32, ew_sample_f64(1, 0, -0.5)).v.f == -0.5);
	assert_true(through(EW_TYPE_F64, ew_sample_f64(1, 0, 1e300)).v.f == 1e300);
	assert_true(through(EW_TYPE_BOOL, ew_sample_bool(1, 0, true)).v.b);
	assert_true(through(EW_TYPE_TIME, ew_sample_i64(1, 0, 1700000000123000000)).v.i ==
		    1700000000123000000);
}

static void assert_bytes_come_back(unsigned type, const void *at, uint32_t size)
{
	bool is_text = ew_type_carrier(type) == EW_TEXT;
	struct ew_sample again = through(type, is_text ? ew_sample_text(1, 0, at, size)
						       : ew_sample_bytes(1, 0, at, size));

	assert_int_equal(again.v.x.size, size);
	assert_memory_equal(again.v.x.at, at, size);
}

static void test_texts_bytes_and_arrays_come_back_as_they_were(void **state)
{
	static const uint64_t times[] = { 1700000000123000000, 0 };

	(void)state;
	assert_bytes_come_back(EW_TYPE_TEXT, "text", 4);
	assert_bytes_come_back(EW_TYPE_UUID, "8b0e9a34-6a5c-4c1a-9c79-2b3a9f0f4b11", 36);
	assert_bytes_come_back(EW_TYPE_BYTES, "\0\xff", 2);
	assert_bytes_come_back(EW_TYPE_FILE, "\0\xff", 2);
	assert_bytes_come_back(EW_TYPE_DATASET, "\x08\x01\x12\x01" "a\x18\x03", 7);
	assert_bytes_come_back(EW_TYPE_TEMPLATE, "\x22\x01" "t\x28\x00", 5);
	for (unsigned type = EW_TYPE_I8; type <= EW_TYPE_F64; type++) {
		assert_bytes_come_back(type | EW_TYPE_ARRAY, "0123456789abcdef", 16);
	}
	assert_bytes_come_back(EW_TYPE_BOOL | EW_TYPE_ARRAY, "\1\0\1\1\0\0\0\0\1", 9);
	assert_bytes_come_back(EW_TYPE_TEXT | EW_TYPE_ARRAY, "a\0\0bc", 6);
	assert_bytes_come_back(EW_TYPE_TIME | EW_TYPE_ARRAY, times, sizeof(times));
}

static void test_what_does_not_fit_is_refused(void **state)
{
	static const struct value_room small = { there_memory, 4 };
	struct ew_sample sample = ew_sample_bytes(1, 0, "\x08\x02", 2);
	struct sp_value value;

	(void)state;
	assert_int_equal(value_encode(SP_TYPE_DATASET, &sample, &there, &value), -EPROTO);
	assert_int_equal(value_encode(SP_TYPE_BOOLEAN_ARRAY, &sample, &small, &value), -EMSGSIZE);
	value = (struct sp_value){ .carrier = SP_LONG, .u = UINT64_MAX };
	assert_int_equal(value_decode(SP_TYPE_DATETIME, &value, &back, &sample), -EPROTO);
	assert_int_equal(value_decode(SP_TYPE_STRING, &value, &back, &sample), -EPROTO);
	value = (struct sp_value){ .carrier = SP_BYTES, .x = { "abc", 3 } };
	assert_int_equal(value_decode(SP_TYPE_INT16_ARRAY, &value, &back, &sample), -EPROTO);
	value.carrier = SP_NONE;
	assert_int_equal(value_decode(SP_TYPE_INT8, &value, &back, &sample), -EPROTO);
	assert_int_equal(value_type(EW_TYPE_BYTES | EW_TYPE_ARRAY), SP_TYPE_UNKNOWN);
	assert_int_equal(value_type(99), SP_TYPE_UNKNOWN);
}

static void test_quality_is_one_of_three(void **state)
{
	(void)state;
	assert_int_equal(value_quality(EW_GOOD), 192);
	assert_int_equal(value_quality(EW_UNCERTAIN | EW_REASON_SUBSTITUTED), 500);
	assert_int_equal(value_quality(EW_BAD | EW_REASON_STALE), 500);
	assert_int_equal(value_quality(EW_BAD | EW_REASON_SENSOR_FAILURE), 0);
	assert_true(value_ms(1999999) == 1);
	assert_true((int64_t)value_ms(-1) == -1);
}

static void test_bdseq_counts_from_zero_and_round(void **state)
{
	uint8_t number;

	(void)state;
	for (unsigned i = 0; i < 258; i++) {
		assert_int_equal(bdseq_next(directory, &number), 0);
		assert_int_equal(number, i % 256);
	}
	assert_int_not_equal(bdseq_next("/nowhere", &number), 0);
	assert_int_equal(number, 1);
}

static void test_aliases_outlive_the_process(void **state)
{
	struct alias_book *book = NULL;
	char path[64];
	uint32_t first, second, again;
	FILE *file;

	(void)state;
	assert_int_equal(alias_open(directory, &book), 0);
	assert_int_equal(alias_of(book, "a", "x", &first), 0);
	assert_int_equal(alias_of(book, "b", "x", &second), 0);
	assert_int_not_equal(first, second);
	for (int i = 0; i < 5000; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "n%d", i);
		assert_int_equal(alias_of(book, "c", name, &again), 0);
	}
	assert_int_equal(alias_sync(book), 0);
	alias_close(&book);
	(void)snprintf(path, sizeof(path), "%s/aliases", directory);
	file = fopen(path, "a"); /* a line that the power cut in two */
	assert_non_null(file);
	assert_true(fputs("99999\td\tto", file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(alias_open(directory, &book), 0);
	assert_int_equal(alias_of(book, "b", "x", &again), 0);
	assert_int_equal(again, second);
	assert_int_equal(alias_of(book, "d", "to", &again), 0);
	assert_int_equal(again, 5003);
	alias_close(&book);
	assert_null(book);
	assert_int_equal(alias_open(directory, &book), 0);
	assert_int_equal(alias_of(book, "d", "to", &again), 0);
	assert_int_equal(again, 5003);
	alias_close(&book);
	assert_int_equal(unlink(path), 0);
}

static int setup(void **state)
{
	(void)state;
	return mkdtemp(directory) != NULL ? 0 : -1;
}

static int teardown(void **state)
{
	char path[64];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/bdseq", directory);
	(void)unlink(path);
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_come_back_as_they_were),
		cmocka_unit_test(test_texts_bytes_and_arrays_come_back_as_they_were),
		cmocka_unit_test(test_what_does_not_fit_is_refused),
		cmocka_unit_test(test_quality_is_one_of_three),
		cmocka_unit_test(test_bdseq_counts_from_zero_and_round),
		cmocka_unit_test(test_aliases_outlive_the_process),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
