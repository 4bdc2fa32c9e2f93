/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/sparkplug/topic.h"

#include <errno.h>
#include <string.h>

#include "proto/sparkplug/state.h"
#include "tests/unit/unit.h"

static int parse(const char *text, struct sp_topic *topic)
{
	return sp_topic_parse(sp_text(text), topic);
}

static void test_what_is_no_topic_of_sparkplug_is_refused(void **state)
{
	static const char *const wrong[] = {
		"", "/", "spBv1.0", "spBv1.0/", "spBv1.0/g", "spBv1.0/g/NBIRTH",
		"spAv1.0/g/NBIRTH/n", "spBv1.0/g/NBIRTH/", "spBv1.0//NBIRTH/n",
		"spBv1.0/g/nbirth/n", "spBv1.0/g/NBIRTH/n/d", "spBv1.0/g/NBIRTH/n/",
		"spBv1.0/g/DBIRTH/n", "spBv1.0/g/DBIRTH/n/", "spBv1.0/g/DBIRTH/n/d/e",
		"spBv1.0/g/STATE/n", "spBv1.0/STATE", "spBv1.0/STATE/",
		"spBv1.0/STATE/h/x", "spBv1.0/STATE/NBIRTH/n", "spBv1.0/g+/NDATA/n",
		"spBv1.0/g/NDATA/n#", "spBv1.0/g/NDATA/n\x01", "spBv1.0/g/NDATA/\xff",
		"spBv1.0/g/NDATA/\xc0\x80", "spBv1.0/g/NDATA/\xed\xa0\x80",
		"spBv1.0/g/NDATA/\xc2\x85", "spBv1.0/g/XDATA/n",
	};
	struct sp_topic topic;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		assert_int_equal(parse(wrong[i], &topic), -EPROTO);
	}
}

static void test_an_id_ends_at_its_limit(void **state)
{
	char text[SP_TOPIC_MAX + 2];
	struct sp_topic topic;

	(void)state;
	memcpy(text, "spBv1.0/g/NDATA/", 16);
	memset(text + 16, 'n', SP_ID_MAX + 1);
	text[16 + SP_ID_MAX] = '\0';
	assert_int_equal(parse(text, &topic), 0);
	assert_int_equal(topic.node.size, SP_ID_MAX);
	text[16 + SP_ID_MAX] = 'n';
	text[17 + SP_ID_MAX] = '\0';
	assert_int_equal(parse(text, &topic), -EPROTO);
}

static void test_every_verb_comes_back_as_it_was_written(void **state)
{
	static const char *const right[] = {
		"spBv1.0/Lyon \xc3\xa9/NBIRTH/n 1", "spBv1.0/g/NDEATH/n", "spBv1.0/g/NDATA/n",
		"spBv1.0/g/NCMD/n", "spBv1.0/g/DBIRTH/n/d", "spBv1.0/g/DDEATH/n/d",
		"spBv1.0/g/DDATA/n/\xf0\x9f\x94\xa7", "spBv1.0/g/DCMD/n/d", "spBv1.0/STATE/host",
	};
	char text[SP_TOPIC_MAX];
	struct sp_topic topic;

	(void)state;
	for (size_t i = 0; i < sizeof(right) / sizeof(*right); i++) {
		assert_int_equal(parse(right[i], &topic), 0);
		assert_int_equal(topic.verb, i);
		assert_int_equal(sp_topic_format(&topic, text, sizeof(text)), strlen(right[i]));
		assert_string_equal(text, right[i]);
		assert_int_equal(sp_topic_format(&topic, text, strlen(right[i])), -EMSGSIZE);
	}
}

static void test_no_topic_is_made_of_wrong_ids(void **state)
{
	struct sp_topic topic = { SP_NDATA, sp_text("STATE"), sp_text("n"), { NULL, 0 } };
	char text[SP_TOPIC_MAX];

	(void)state;
	assert_int_equal(sp_topic_format(&topic, text, sizeof(text)), -EINVAL);
	topic.group = sp_text("g");
	topic.device = sp_text("d");
	assert_int_equal(sp_topic_format(&topic, text, sizeof(text)), -EINVAL);
	topic.verb = SP_DDATA;
	assert_true(sp_topic_format(&topic, text, sizeof(text)) > 0);
	topic.device = sp_text("d/e");
	assert_int_equal(sp_topic_format(&topic, text, sizeof(text)), -EINVAL);
}

static void test_what_is_no_state_is_refused(void **state)
{
	static const char *const wrong[] = {
		"", "ONLINE", "{}", "[]", "{\"online\":true}", "{\"timestamp\":1}",
		"{\"online\":1,\"timestamp\":1}", "{\"online\":\"true\",\"timestamp\":1}",
		"{\"online\":true,\"timestamp\":\"1\"}",
		"{\"online\":true,\"timestamp\":-1}",
		"{\"online\":true,\"timestamp\":1.5}",
		"{\"online\":true,\"timestamp\":1}x",
		"{\"online\":true,\"timestamp\":9223372036854775808}",
		"{\"online\":true,\"timestamp\":1", "{\"online\":true,\"timestamp\":1,}",
		"{\"online\":true \"timestamp\":1}",
		"{\"a\":[{,\"online\":true,\"timestamp\":1}",
		"{\"online\":trueish,\"timestamp\":1}",
	};
	struct sp_state found;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		assert_int_equal(sp_state_decode(sp_text(wrong[i]), &found), -EPROTO);
	}
}

static void test_a_state_is_found_among_other_members(void **state)
{
	struct sp_state found;
	char text[SP_STATE_TEXT];
	size_t size;

	(void)state;
	assert_int_equal(sp_state_decode(sp_text(
		" {\"a\\\"b\" : [1,{\"x\":\"}]\"}], \"timestamp\" : 1700000000000 ,\n"
		"\"n\":null, \"online\":false } "), &found), 0);
	assert_false(found.online);
	assert_int_equal(found.timestamp, 1700000000000);
	found.online = true;
	size = sp_state_encode(&found, text);
	assert_int_equal(size, strlen(text));
	assert_string_equal(text, "{\"online\":true,\"timestamp\":1700000000000}");
	assert_int_equal(sp_state_decode(sp_text(text), &found), 0);
	assert_true(found.online);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_no_topic_of_sparkplug_is_refused),
		cmocka_unit_test(test_an_id_ends_at_its_limit),
		cmocka_unit_test(test_every_verb_comes_back_as_it_was_written),
		cmocka_unit_test(test_no_topic_is_made_of_wrong_ids),
		cmocka_unit_test(test_what_is_no_state_is_refused),
		cmocka_unit_test(test_a_state_is_found_among_other_members),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
