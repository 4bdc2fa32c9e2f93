/* SPDX-License-Identifier: Apache-2.0 */
/* The payload codec by itself, and against protobuf-c. */
#include "proto/sparkplug/message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/sparkplug/reading.h"
#include "proto/sparkplug/topic.h"
#include "tests/lib/oracle.h"
#include "tests/lib/sparkplug_copy.h"
#include "tests/unit/unit.h"

static uint8_t memory[65536];
static struct sp_writer writer;

static int setup(void **state)
{
	(void)state;
	sp_writer_init(&writer, memory, sizeof(memory));
	return 0;
}

static struct sp_bytes bytes_of(const void *at, size_t size)
{
	return (struct sp_bytes){ at, size };
}

static struct sp_value text_value(enum sp_carrier carrier, struct sp_bytes bytes)
{
	return (struct sp_value){ .carrier = carrier, .x = bytes };
}

/* Both codecs read it, ours writes it again, both readings are the same. */
static void assert_agreed(struct sp_bytes payload)
{
	size_t theirs_size, again_size;
	uint8_t *theirs = oracle_canonical(payload.at, payload.size, &theirs_size);
	struct sp_bytes copy;
	uint8_t *again;

	assert_non_null(theirs);
	assert_int_equal(sparkplug_copy(payload, &copy), 0);
	again = oracle_canonical(copy.at, copy.size, &again_size);
	assert_non_null(again);
	assert_int_equal(again_size, theirs_size);
	assert_memory_equal(again, theirs, theirs_size);
	free(theirs);
	free(again);
	free((void *)(uintptr_t)copy.at);
}

static int decode(const char *bytes, size_t size, struct sp_metric *metric)
{
	struct sp_payload payload;
	struct sp_reader metrics;
	int error = sp_payload_decode(bytes_of(bytes, size), &sparkplug_copy_limits, &payload,
				      &metrics);

	return error != 0 ? error : sp_metric_next(&metrics, metric);
}

static void test_what_is_cut_off_or_of_the_wrong_kind_is_malformed(void **state)
{
	struct sp_metric metric;

	(void)state;
#define MALFORMED(text) assert_int_equal(decode(text, sizeof(text) - 1, &metric), -EPROTO)
	MALFORMED("\x12");                      /* no length */
	MALFORMED("\x12\x02\x10");              /* length beyond the end */
	MALFORMED("\x12\x01\x10");              /* a field without its value */
	MALFORMED("\x12\x02\x08\x01");          /* the name as a number */
	MALFORMED("\x12\x03\x52\x01\x00");      /* the int as bytes */
	MALFORMED("\x12\x03\x50\x80\x80");      /* a varint without end */
	MALFORMED("\x12\x02\x65\x00");          /* half a float */
	MALFORMED("\x10\x00");                  /* the metrics as a number */
	MALFORMED("\x00\x00");                  /* no field has number 0 */
	MALFORMED("\x12\x01\x0b");              /* a group */
	MALFORMED("\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
#undef MALFORMED
}

static void test_limits_are_kept(void **state)
{
	struct sp_metric metric = { .has = SP_HAS_ALIAS };
	struct sp_limits limits = { .bytes = 20, .metrics = 3, .items = 3, .depth = 0 };
	struct sp_payload payload;
	struct sp_reader metrics;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(sp_metric_put(&writer, &metric), 0);
	}
	assert_int_equal(sp_payload_check(sp_written(&writer), &limits), 0);
	limits.items = 2;
	assert_int_equal(sp_payload_check(sp_written(&writer), &limits), -EMSGSIZE);
	limits.metrics = 2;
	assert_int_equal(sp_payload_decode(sp_written(&writer), &limits, &payload, &metrics),
			 -EMSGSIZE);
	limits.metrics = 3;
	limits.bytes = sp_written(&writer).size - 1;
	assert_int_equal(sp_payload_decode(sp_written(&writer), &limits, &payload, &metrics),
			 -EMSGSIZE);
}

static void test_templates_nested_ten_thousand_deep_are_refused(void **state)
{
	size_t room = 1u << 20;
	uint8_t *a = malloc(room), *b = malloc(room);
	struct sp_limits limits = { .bytes = room, .metrics = 10, .items = 100000, .depth = 8 };
	struct sp_bytes inner = { NULL, 0 };

	(void)state;
	assert_true(a != NULL && b != NULL);
	for (int i = 0; i < 10000; i++) {
		struct sp_metric metric = { .value = { .carrier = SP_TEMPLATE, .x = inner } };
		struct sp_writer outer;

		sp_writer_init(&outer, i % 2 == 0 ? a : b, room);
		assert_int_equal(sp_metric_put(&outer, &metric), 0);
		inner = sp_written(&outer);
		if (i == 7) {
			assert_int_equal(sp_payload_check(inner, &limits), 0);
		}
		if (i == 8) {
			assert_int_equal(sp_payload_check(inner, &limits), -EMSGSIZE);
		}
	}
	assert_int_equal(sp_payload_check(inner, &limits), -EMSGSIZE);
	free(a);
	free(b);
}

static void test_a_put_without_room_leaves_what_was_there(void **state)
{
	struct sp_metric metric = { .has = SP_HAS_NAME, .name = sp_text("a name") };
	struct sp_bytes before;

	(void)state;
	sp_writer_init(&writer, memory, 2 * SP_SLACK);
	assert_int_equal(sp_metric_put(&writer, &metric), 0);
	before = sp_written(&writer);
	metric.value = text_value(SP_BYTES, bytes_of(memory, 2 * SP_SLACK));
	assert_int_equal(sp_metric_put(&writer, &metric), -EMSGSIZE);
	assert_int_equal(sp_written(&writer).size, before.size);
	metric.value = text_value(SP_SET, bytes_of(memory, 1));
	assert_int_equal(sp_metric_put(&writer, &metric), -EINVAL);
	assert_int_equal(sp_written(&writer).size, before.size);
}

static void test_unknown_fields_are_passed_over(void **state)
{
	/* field 6 of Payload, 20 and 4000 of Metric, each wire type */
	static const char bytes[] = "\x32\x02hi\x12\x1c\x10\x07\xa0\x01\x05\xa2\x01\x01x"
				    "\xa5\x01\x00\x00\x00\x00\x81\xfa\x01\x00\x00\x00\x00"
				    "\x00\x00\x00\x00\x50\x2a\x18\x03";
	struct sp_metric metric;

	(void)state;
	assert_int_equal(decode(bytes, sizeof(bytes) - 1, &metric), 1);
	assert_int_equal(metric.alias, 7);
	assert_int_equal(metric.value.carrier, SP_INT);
	assert_int_equal(metric.value.u, 42);
	assert_agreed(bytes_of(bytes, sizeof(bytes) - 1));
}

static void test_the_last_of_several_values_counts(void **state)
{
	struct sp_metric metric;

	(void)state;
	assert_int_equal(decode("\x12\x06\x50\x01\x58\x02\x70\x05", 8, &metric), 1);
	assert_int_equal(metric.value.carrier, SP_BOOL);
	assert_int_equal(metric.value.u, 1);
}

/* One metric of each carrier with all its fields. */
static void put_all_carriers(struct sp_bytes dataset, struct sp_bytes template_,
			     struct sp_bytes properties, struct sp_bytes metadata)
{
	const struct sp_value values[] = {
		{ .carrier = SP_NONE },
		{ .carrier = SP_INT, .u = 0xfffffffe },
		{ .carrier = SP_LONG, .u = UINT64_MAX },
		{ .carrier = SP_FLOAT, .f = -1.5f },
		{ .carrier = SP_DOUBLE, .d = 1e300 },
		{ .carrier = SP_BOOL, .u = 1 },
		{ .carrier = SP_TEXT, .x = sp_text("text") },
		{ .carrier = SP_BYTES, .x = bytes_of("\0\xff", 2) },
		{ .carrier = SP_DATASET, .x = dataset },
		{ .carrier = SP_TEMPLATE, .x = template_ },
	};
	struct sp_metric metric = {
		.has = SP_HAS_NAME | SP_HAS_ALIAS | SP_HAS_TIMESTAMP | SP_HAS_DATATYPE |
		       SP_HAS_METADATA | SP_HAS_PROPERTIES,
		.name = sp_text("folder/name"), .metadata = metadata, .properties = properties,
	};

	for (unsigned i = 0; i < sizeof(values) / sizeof(*values); i++) {
		metric.alias = 1ull << (7 * i);
		metric.timestamp = 1700000000000 + i;
		metric.datatype = i + 1;
		metric.is_null = i == 0;
		metric.is_historical = i % 2;
		metric.is_transient = i % 3 == 0;
		metric.value = values[i];
		assert_int_equal(sp_metric_put(&writer, &metric), 0);
	}
}

static struct sp_bytes make_properties(void *at, size_t size)
{
	struct sp_writer outer, inner, list;
	uint8_t inner_memory[512], list_memory[1024];
	struct sp_item item = { .name = sp_text("Quality"), .type = SP_TYPE_INT32,
				.value = sp_value_whole(SP_TYPE_INT32, 192) };

	sp_writer_init(&outer, at, size);
	sp_writer_init(&inner, inner_memory, sizeof(inner_memory));
	sp_writer_init(&list, list_memory, sizeof(list_memory));
	assert_int_equal(sp_property_put(&inner, &item), 0);
	assert_int_equal(sp_property_put(&outer, &item), 0);
	item = (struct sp_item){ .name = sp_text("none"), .type = SP_TYPE_DOUBLE, .is_null = true };
	assert_int_equal(sp_property_put(&outer, &item), 0);
	item = (struct sp_item){ .name = sp_text("engUnit"), .type = SP_TYPE_STRING,
				 .value = text_value(SP_TEXT, sp_text("\xc2\xb0""C")) };
	assert_int_equal(sp_property_put(&outer, &item), 0);
	item = (struct sp_item){ .name = sp_text("set"), .type = SP_TYPE_PROPERTY_SET,
				 .value = text_value(SP_SET, sp_written(&inner)) };
	assert_int_equal(sp_property_put(&outer, &item), 0);
	assert_int_equal(sp_set_put(&list, sp_written(&inner)), 0);
	assert_int_equal(sp_set_put(&list, sp_written(&inner)), 0);
	item = (struct sp_item){ .name = sp_text("sets"), .type = SP_TYPE_PROPERTY_SETS,
				 .value = text_value(SP_SETS, sp_written(&list)) };
	assert_int_equal(sp_property_put(&outer, &item), 0);
	return sp_written(&outer);
}

static struct sp_bytes make_dataset(void *at, size_t size)
{
	struct sp_writer outer, row;
	uint8_t row_memory[512];
	struct sp_value cell = sp_value_whole(SP_TYPE_INT16, (uint64_t)(int64_t)-3);

	sp_writer_init(&outer, at, size);
	assert_int_equal(sp_column_count_put(&outer, 2), 0);
	assert_int_equal(sp_column_put(&outer, sp_text("a"), SP_TYPE_INT16), 0);
	assert_int_equal(sp_column_put(&outer, sp_text("b"), SP_TYPE_STRING), 0);
	for (int i = 0; i < 3; i++) {
		sp_writer_init(&row, row_memory, sizeof(row_memory));
		assert_int_equal(sp_cell_put(&row, &cell), 0);
		assert_int_equal(sp_cell_put(&row, &(struct sp_value){ 0 }), 0);
		assert_int_equal(sp_row_put(&outer, sp_written(&row)), 0);
	}
	return sp_written(&outer);
}

static struct sp_bytes make_template(void *at, size_t size, struct sp_bytes dataset)
{
	struct sp_writer outer;
	struct sp_metric member = { .has = SP_HAS_NAME | SP_HAS_DATATYPE, .name = sp_text("m"),
				    .datatype = SP_TYPE_DATASET,
				    .value = text_value(SP_DATASET, dataset) };
	struct sp_item parameter = { .name = sp_text("p"), .type = SP_TYPE_DOUBLE,
				     .value = { .carrier = SP_DOUBLE, .d = 2.5 } };
	struct sp_template template_ = { .has = SP_HAS_VERSION | SP_HAS_REFERENCE |
						SP_HAS_DEFINITION,
					 .version = sp_text("1"), .reference = sp_text("pump") };

	sp_writer_init(&outer, at, size);
	assert_int_equal(sp_metric_put(&outer, &member), 0);
	assert_int_equal(sp_parameter_put(&outer, &parameter), 0);
	parameter = (struct sp_item){ .name = sp_text("q"), .type = SP_TYPE_INT8 };
	assert_int_equal(sp_parameter_put(&outer, &parameter), 0);
	assert_int_equal(sp_template_put(&outer, &template_), 0);
	return sp_written(&outer);
}

static void test_everything_is_written_and_read_as_protobuf_does(void **state)
{
	static uint8_t a[2048], b[2048], c[4096], d[1024];
	struct sp_bytes dataset = make_dataset(b, sizeof(b));
	struct sp_metadata metadata = {
		.has_multi_part = true, .has_size = true, .has_seq = true, .size = 99, .seq = 1,
		.content_type = sp_text("text/plain"), .file_name = sp_text("f.txt"),
		.file_type = sp_text("txt"), .md5 = sp_text("00"), .description = sp_text("long"),
	};
	const struct sp_payload payload = {
		.has = SP_HAS_TIMESTAMP | SP_HAS_SEQ | SP_HAS_UUID | SP_HAS_BODY,
		.timestamp = 1700000000001, .seq = 255, .uuid = sp_text("u"), .body = sp_text("b"),
	};
	struct sp_writer meta;
	struct sp_payload back;
	struct sp_reader metrics;

	(void)state;
	sp_writer_init(&meta, d, sizeof(d));
	assert_int_equal(sp_metadata_put(&meta, &metadata), 0);
	put_all_carriers(dataset, make_template(c, sizeof(c), dataset),
			 make_properties(a, sizeof(a)), sp_written(&meta));
	assert_int_equal(sp_payload_put(&writer, &payload), 0);
	assert_agreed(sp_written(&writer));
	assert_int_equal(sp_payload_decode(sp_written(&writer), &sparkplug_copy_limits, &back,
					   &metrics), 0);
	assert_int_equal(back.has, payload.has);
	assert_true(back.timestamp == payload.timestamp && back.seq == 255);
	assert_true(sp_bytes_equal(back.body, sp_text("b")));
}

static void test_a_reading_has_the_bytes_of_its_metric(void **state)
{
	static const uint64_t wholes[] = { 0, 1, 127, 128, 16383, 16384, (1ull << 35) - 1,
					   1ull << 35, 1700000000000, (1ull << 42) - 1, 1ull << 42,
					   UINT64_MAX };
	struct sp_reading reading;
	struct sp_metric metric = { .has = SP_HAS_ALIAS | SP_HAS_TIMESTAMP };
	uint8_t fast[SP_READING_MAX];
	size_t size;

	(void)state;
	for (size_t i = 0; i < 12 * 12 * 5; i++) {
		reading.alias = metric.alias = wholes[i % 12];
		reading.timestamp = metric.timestamp = wholes[i / 12 % 12];
		metric.value.carrier = (enum sp_carrier)(SP_INT + i / 144);
		metric.value.u = wholes[i % 12];
		if (metric.value.carrier == SP_INT || metric.value.carrier == SP_FLOAT) {
			metric.value.u = (uint32_t)metric.value.u;
		} else if (metric.value.carrier == SP_BOOL) {
			metric.value.u &= 1;
		}
		reading.value = metric.value;
		sp_writer_init(&writer, memory, sizeof(memory));
		assert_int_equal(sp_metric_put(&writer, &metric), 0);
		size = (size_t)(sp_reading_put(fast, &reading) - fast);
		assert_int_equal(size, sp_written(&writer).size);
		assert_memory_equal(fast, memory, size);
	}
}

static void test_a_dataset_of_uneven_columns_is_refused(void **state)
{
	struct sp_value value;
	struct sp_bytes name[2];
	unsigned type[2];

	(void)state;
	assert_int_equal(sp_column_count_put(&writer, 2), 0);
	assert_int_equal(sp_column_put(&writer, sp_text("a"), SP_TYPE_INT8), 0);
	value = text_value(SP_DATASET, sp_written(&writer));
	assert_int_equal(sp_value_check(&value, &sparkplug_copy_limits), -EPROTO);
	assert_int_equal(sp_dataset_columns(value.x, 2, name, type), -EPROTO);
	/* a second name, and both types packed */
	value.x = bytes_of("\x08\x02\x12\x01" "a\x12\x01" "b\x1a\x02\x02\x0c", 12);
	assert_int_equal(sp_value_check(&value, &sparkplug_copy_limits), 0);
	assert_int_equal(sp_dataset_columns(value.x, 2, name, type), 0);
	assert_int_equal(type[1], SP_TYPE_STRING);
	assert_true(sp_bytes_equal(name[1], sp_text("b")));
}

static void test_keys_without_values_are_refused(void **state)
{
	struct sp_value value = text_value(SP_SET, bytes_of("\x0a\x01k", 3));

	(void)state;
	assert_int_equal(sp_value_check(&value, &sparkplug_copy_limits), -EPROTO);
	value.x = bytes_of("\x12\x02\x18\x01", 4);
	assert_int_equal(sp_value_check(&value, &sparkplug_copy_limits), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, setup)
		TEST(test_what_is_cut_off_or_of_the_wrong_kind_is_malformed),
		TEST(test_limits_are_kept),
		TEST(test_templates_nested_ten_thousand_deep_are_refused),
		TEST(test_a_put_without_room_leaves_what_was_there),
		TEST(test_unknown_fields_are_passed_over),
		TEST(test_the_last_of_several_values_counts),
		TEST(test_everything_is_written_and_read_as_protobuf_does),
		TEST(test_a_reading_has_the_bytes_of_its_metric),
		TEST(test_a_dataset_of_uneven_columns_is_refused),
		TEST(test_keys_without_values_are_refused),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
