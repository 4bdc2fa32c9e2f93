/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of the split profile: a list of examples, each decoded to a message of
 * the binding and written again; then what older clients say, and what must be
 * refused.
 */
#include "proto/lwm2m/split.h"

#include "proto/lwm2m/format.h"
#include "tests/unit/hex.h"
#include "tests/unit/unit.h"

#define NOW  INT64_C(1700000000123000000)
#define AT   "\"timestamp\":1700000000123}"

/* What is written at NOW by or to gw1, and the same message in the binding's CBOR. */
static const struct {
	const char *level;
	const char *text;
	const char *digits;
} examples[] = {
#include "tests/unit/lwm2m_split_examples.h"
};

static struct bytes memory;

static int decode(const char *level, const char *text, struct lwm2m_split *split_out)
{
	struct lwm2m_split_topic topic;
	char line[LWM2M_TOPIC_MAX];

	assert_int_equal(lwm2m_split_topic_format("t", "gw1", level, line), 0);
	assert_int_equal(lwm2m_split_topic_parse("t", line, &topic), 0);
	assert_true(lwm2m_text_is(topic.endpoint, "gw1"));
	return lwm2m_split_decode(&topic, (struct lwm2m_text){text, strlen(text)}, &memory,
				  split_out);
}

static void test_examples(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		const struct lwm2m_split_about about = {
			.endpoint = "gw1", .now = NOW, .lifetime = 3600, .operations = 3,
			.accepted = 2,
		};
		struct lwm2m_split split;
		struct bytes out = {0};
		uint8_t bytes[1024];
		char digits[2049];
		size_t size;

		assert_int_equal(decode(examples[i].level, examples[i].text, &split), 0);
		assert_true(split.has_id);
		assert_int_equal(lwm2m_message_encode(&split.message, bytes, sizeof(bytes), &size),
				 0);
		hex_digits(bytes, size, digits, sizeof(digits));
		assert_string_equal(digits, examples[i].digits);

		assert_string_equal(lwm2m_split_level(&split.message), examples[i].level);
		assert_int_equal(lwm2m_split_encode(&split.message, &about, &out), 0);
		bytes_char(&out, '\0');
		assert_string_equal(out.at, examples[i].text);
		bytes_free(&out);
	}
}

/* The records of SenML CBOR as "path=value@ms " in a line. */
static const char *records(struct lwm2m_text payload)
{
	static char line[1024];
	const struct lwm2m_source source = {.bytes = payload.at, .size = payload.size};
	struct lwm2m_decoder decoder;
	struct lwm2m_record record;
	size_t at = 0;

	line[0] = '\0';
	assert_int_equal(lwm2m_decoder_begin(&decoder, LWM2M_CONTENT_SENML_CBOR, &source), 0);
	while (lwm2m_decoder_next(&decoder, &record) > 0) {
		char path[LWM2M_PATH_MAX];

		(void)lwm2m_path_format(&record.path, path);
		if (record.value.type == LWM2M_STRING || record.value.type == LWM2M_OPAQUE) {
			at += (size_t)snprintf(line + at, sizeof(line) - at, "%s='%.*s'", path,
					       (int)record.value.v.x.size, record.value.v.x.at);
		} else {
			assert_int_equal(lwm2m_value_convert(&record.value, LWM2M_FLOAT, NULL), 0);
			at += (size_t)snprintf(line + at, sizeof(line) - at, "%s=%g", path,
					       record.value.v.f);
		}
		at += (size_t)snprintf(line + at, sizeof(line) - at, "@%lld ",
				       (long long)(record.time / 1000000));
	}
	return line;
}

static void test_older_client_registers_with_values(void **state)
{
	struct lwm2m_split split;

	(void)state;
	assert_int_equal(decode("reg", "{\"endpoint\":\"gw1\",\"lifetime\":3600,"
				"\"version\":\"1.2\",\"bindingMode\":\"UQ\","
				"\"objects\":{\"3\":{\"0\":{\"0\":\"Acme\"}},"
				"\"4\":{\"0\":{\"2\":42}},\"25\":{}}}", &split), 0);
	assert_false(split.has_id);
	assert_int_equal(split.message.token, LWM2M_SPLIT_NO_ID);
	assert_int_equal(split.message.lifetime, 3600);
	assert_true(lwm2m_text_is(split.message.binding, "UQ"));
	assert_true(lwm2m_text_is(split.message.payload, "</3/0>,</4/0>,</25>"));
	assert_string_equal(records(split.values), "/3/0/0='Acme'@0 /4/0/2=42@0 ");

	/* an update says values, not what there is */
	assert_int_equal(decode("upd", "{\"objects\":{\"4\":{\"0\":{\"2\":-71}}},"
				"\"timestamp\":1700000000500}", &split), 0);
	assert_int_equal(split.message.operation, LWM2M_OP_UPDATE);
	assert_int_equal(split.message.has & LWM2M_HAS(PAYLOAD), 0);
	assert_string_equal(records(split.values), "/4/0/2=-71@1700000000500 ");
}

static void test_bulk_takes_updates_only(void **state)
{
	struct lwm2m_split split;

	(void)state;
	assert_int_equal(decode("bulk", "{\"bulk_operations\":["
				"{\"operation\":\"update\",\"endpoint\":\"gw1\",\"lifetime\":60,"
				"\"objects\":{\"4\":{\"0\":{\"2\":40,\"4\":-70}}},"
				"\"timestamp\":1700000000001.5},"
				"{\"operation\":\"write\",\"objects\":{\"1\":{\"0\":{\"1\":9}}}},"
				"{\"operation\":\"update\",\"objects\":"
				"{\"4\":{\"0\":{\"2\":41}}}}],\"device_id\":\"gw1\","
				"\"bulk_size\":3,\"timestamp\":1700000000002}",
				&split), 0);
	assert_int_equal(split.operations, 3);
	assert_int_equal(split.accepted, 2);
	assert_int_not_equal(split.message.has & LWM2M_HAS(LIFETIME), 0);
	assert_string_equal(records(split.message.payload),
			    "/4/0/2=40@1700000000001 /4/0/4=-70@1700000000001 "
			    "/4/0/2=41@1700000000002 ");
}

static void test_older_client_answers(void **state)
{
	struct lwm2m_split split;

	(void)state;
	assert_int_equal(decode("resp/read", "{\"objectId\":3,\"instanceId\":0,\"resourceId\":0,"
				"\"value\":\"Acme\",\"timestamp\":1700000000123}", &split), 0);
	assert_int_equal(split.message.result, LWM2M_CONTENT);
	assert_true(lwm2m_text_is(split.message.uri, "/3/0/0"));
	assert_string_equal(records(split.message.payload), "/3/0/0='Acme'@1700000000123 ");
	assert_int_equal(decode("resp/execute", "{\"status\":\"executed\"}", &split), 0);
	assert_int_equal(split.message.result, LWM2M_CHANGED);
	assert_int_equal(decode("resp/write", "{\"status\":\"error\"}", &split), 0);
	assert_int_equal(split.message.result, LWM2M_BAD_REQUEST);
}

/* What the definition says, a value becomes; what does not fit stays as it is. */
static void test_values_have_the_type_of_their_resource(void **state)
{
	static const struct {
		const char *text;
		enum lwm2m_type type;
	} values[] = {
		{"{\"path\":\"/5/0/0\",\"value\":\"YWJj\"}", LWM2M_OPAQUE},
		{"{\"path\":\"/3303/0/5700\",\"value\":\"21.5\"}", LWM2M_FLOAT},
		{"{\"path\":\"/3303/0/5700\",\"value\":\"warm\"}", LWM2M_STRING},
		{"{\"path\":\"/40000/0/1\",\"value\":\"21.5\"}", LWM2M_STRING},
		{"{\"path\":\"/3306/0/5850\",\"value\":true}", LWM2M_BOOLEAN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct lwm2m_source source = {0};
		struct lwm2m_decoder decoder;
		struct lwm2m_record record;
		struct lwm2m_split split;

		assert_int_equal(decode("cmd/write", values[i].text, &split), 0);
		source.bytes = split.message.payload.at;
		source.size = split.message.payload.size;
		assert_int_equal(lwm2m_decoder_begin(&decoder, LWM2M_CONTENT_SENML_CBOR, &source),
				 0);
		assert_int_equal(lwm2m_decoder_next(&decoder, &record), 1);
		assert_int_equal(record.value.type, values[i].type);
	}
}

static void test_not_of_the_profile_is_refused(void **state)
{
	static const struct {
		const char *level;
		const char *text;
	} bad[] = {
		{"reg", ""}, {"reg", "[]"}, {"reg", "{"}, {"reg", "{} {}"},
		{"reg", "{\"id\":-1}"}, {"reg", "{\"id\":1.5}"}, {"reg", "{\"id\":\"1\"}"},
		{"reg", "{\"id\":1,\"id\":1}"}, {"reg", "{\"lifetime\":null}"},
		{"reg", "{\"objects\":[]}"}, {"reg", "{\"objects\":{\"3\":1}}"},
		{"reg", "{\"objects\":{\"3/0\":{}}}"}, {"reg", "{\"objects\":{\"\":{}}}"},
		{"reg", "{\"objects\":{\"3\":{\"x\":{}}}}"},
		{"reg", "{\"objects\":{\"3\":{\"0\":{\"1\":{\"2\":{\"3\":1}}}}}}"},
		{"update", "{\"objects\":{\"3\":{\"0\":{\"0\":[1]}}}}"},
		{"bulk", "{}"}, {"bulk", "{\"bulk_operations\":{}}"},
		{"bulk", "{\"bulk_operations\":[1]}"},
		{"bulk", "{\"bulk_operations\":[{\"operation\":\"update\",\"objects\":1}]}"},
		{"cmd/write", "{\"value\":1}"}, {"cmd/write", "{\"path\":\"x\",\"value\":1}"},
		{"cmd/write", "{\"path\":\"/3\",\"value\":1}"},
		{"cmd/write", "{\"objectId\":65536,\"value\":1}"},
		{"cmd/write", "{\"path\":\"/3/0/0\",\"value\":{}}"},
		{"cmd/read-composite", "{\"paths\":[1]}"},
		{"cmd/read-composite", "{\"paths\":[\"x\"]}"},
		{"cmd/attributes", "{\"pmin\":\"1\"}"},
	};
	struct lwm2m_split split;
	char deep[64] = "{\"x\":";

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(decode(bad[i].level, bad[i].text, &split), -EPROTO);
	}
	memset(deep + 5, '[', 40);
	assert_int_equal(decode("reg", deep, &split), -EMSGSIZE);
}

static void test_topics(void **state)
{
	static const char *const wrong[] = {
		"lwm2m/gw1/reg", "t/lwm2m/reg", "t/lwm2m//reg", "t/lwm2m/gw1", "t/lwm2m/gw1/",
		"t/lwm2m/gw1/reg/x", "t/lwm2m/gw1/cmd/fly", "t/lwm2m/rd/reg", "t/lwm2m/bs/reg",
		"t/lwm2m/gw1/event", "u/lwm2m/gw1/reg",
	};
	struct lwm2m_split_topic topic;
	char line[LWM2M_TOPIC_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(lwm2m_split_topic_parse("t", wrong[i], &topic), -ENOENT);
	}
	assert_int_equal(lwm2m_split_topic_format("", NULL, "resp/+", line), 0);
	assert_string_equal(line, "lwm2m/+/resp/+");
	assert_int_equal(lwm2m_split_topic_parse("", "lwm2m/gw1/resp/observe", &topic), 0);
	assert_int_equal(topic.operation, LWM2M_OP_OBSERVE);
	assert_true(topic.is_answer);
	/* a Notify is not answered, and bootstrap has no topic */
	assert_null(lwm2m_split_level(&(struct lwm2m_message){
		.has = LWM2M_HAS(RESULT), .operation = LWM2M_OP_NOTIFY}));
	assert_null(lwm2m_split_level(&(struct lwm2m_message){.operation = 4}));
}

static void test_what_json_cannot_say(void **state)
{
	const struct lwm2m_split_about about = {.endpoint = "gw1"};
	struct lwm2m_message message = {
		.has = LWM2M_HAS(CT) | LWM2M_HAS(PAYLOAD), .operation = LWM2M_OP_NOTIFY,
		.ct = LWM2M_CONTENT_LWM2M_CBOR, .payload = {"\xa1\x18\x01\xf9\x7e\x00", 6},
	};
	struct bytes out = {0};

	(void)state;
	/* not a number; a format that is none; a path that is none */
	assert_int_equal(lwm2m_split_encode(&message, &about, &out), -EINVAL);
	message.ct = 9999;
	assert_int_equal(lwm2m_split_encode(&message, &about, &out), -EINVAL);
	message.has = LWM2M_HAS(URI);
	message.uri = (struct lwm2m_text){"3/0", 3};
	assert_int_equal(lwm2m_split_encode(&message, &about, &out), -EINVAL);
	bytes_free(&out);
}

static int end(void **state)
{
	(void)state;
	bytes_free(&memory);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_not_of_the_profile_is_refused),
		cmocka_unit_test(test_topics),
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_older_client_registers_with_values),
		cmocka_unit_test(test_bulk_takes_updates_only),
		cmocka_unit_test(test_older_client_answers),
		cmocka_unit_test(test_values_have_the_type_of_their_resource),
		cmocka_unit_test(test_what_json_cannot_say),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
