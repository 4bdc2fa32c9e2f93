/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of the MQTT binding: a list of examples, each encoded, decoded and
 * compared; then what must be refused and what must be tolerated.
 */
#include "proto/lwm2m/message.h"

#include "tests/unit/unit.h"
#include "tests/unit/hex.h"

#define T(literal)  {literal, sizeof(literal) - 1}
#define H(key)      LWM2M_HAS(key)
#define REQUEST     (H(OPERATION) | H(TOKEN))
#define RESPONSE    (H(RESULT) | H(TOKEN))

static const struct {
	const char *name;
	struct lwm2m_message message;
	const char *digits;
} examples[] = {
	{"register", {.has = REQUEST | H(PAYLOAD) | H(LIFETIME) | H(VERSION) | H(BINDING),
		      .operation = 6, .token = 1, .payload = T("</1/0>,</3/0>"), .lifetime = 300,
		      .version = T("1.2"), .binding = T("M")},
	 "a601060201074d3c2f312f303e2c3c2f332f303e0819012c0963312e320a614d"},
	{"register of a gateway",
	 {.has = REQUEST | H(PAYLOAD) | H(LIFETIME) | H(VERSION) | H(BINDING),
	  .operation = 6, .token = 1, .lifetime = 300, .version = T("1.2"), .binding = T("M"),
	  .payload = T("</>;ct=\"112 11544\",</1/0>,</3/0>,</25>;ver=2.0,</25/0>,</25/1>")},
	 "a60106020107583e3c2f3e3b63743d22313132203131353434222c3c2f312f303e2c3c2f332f303e2c3c2f"
	 "32353e3b7665723d322e302c3c2f32352f303e2c3c2f32352f313e0819012c0963312e320a614d"},
	{"created", {.has = RESPONSE, .token = 1, .result = 201}, "a202011218c9"},
	{"update", {.has = REQUEST, .operation = 7, .token = 2}, "a201070202"},
	{"update of the lifetime", {.has = REQUEST | H(LIFETIME), .operation = 7, .token = 3,
				    .lifetime = 600}, "a30107020308190258"},
	{"update of the objects", {.has = REQUEST | H(PAYLOAD), .operation = 7, .token = 4,
				   .payload = T("</1/0>,</3/0>,</3303/0>")},
	 "a30107020407573c2f312f303e2c3c2f332f303e2c3c2f333330332f303e"},
	{"changed", {.has = RESPONSE, .token = 2, .result = 204}, "a202021218cc"},
	{"de-register", {.has = REQUEST, .operation = 8, .token = 5}, "a201080205"},
	{"deleted", {.has = RESPONSE, .token = 5, .result = 202}, "a202051218ca"},
	{"read", {.has = REQUEST | H(URI), .operation = 9, .token = 56, .uri = T("/3/0/0")},
	 "a3010902183805662f332f302f30"},
	{"content", {.has = RESPONSE | H(CT) | H(PAYLOAD), .token = 56, .result = 205, .ct = 0,
		     .payload = T("Open Mobile Alliance")},
	 "a402183807544f70656e204d6f62696c6520416c6c69616e63651218cd1300"},
	{"not found", {.has = RESPONSE, .token = 57, .result = 404}, "a202183912190194"},
	{"read-composite", {.has = REQUEST | H(PATHS), .operation = 10, .token = 58,
			    .paths = T("\x83\xa1\0f/3/0/0\xa1\0f/3/0/9\xa1\0f/1/0/1")},
	 "a3010a02183a06581c83a100662f332f302f30a100662f332f302f39a100662f312f302f31"},
	{"discover", {.has = REQUEST | H(URI) | H(DEPTH), .operation = 11, .token = 59,
		      .uri = T("/3"), .depth = 1}, "a4010b02183b05622f331601"},
	{"links", {.has = RESPONSE | H(CT) | H(PAYLOAD), .token = 59, .result = 205, .ct = 40,
		   .payload = T("</3>;ver=1.2,</3/0>")},
	 "a402183b07533c2f333e3b7665723d312e322c3c2f332f303e1218cd131828"},
	{"write", {.has = REQUEST | H(URI) | H(PAYLOAD) | H(CT), .operation = 12, .token = 60,
		   .uri = T("/1/0/1"), .payload = T("60"), .ct = 0},
	 "a5010c02183c05662f312f302f31074236301300"},
	{"write-attributes", {.has = REQUEST | H(URI) | H(PMIN) | H(PMAX) | H(GT) | H(ST),
			      .operation = 14, .token = 62, .uri = T("/3303/0/5700"), .pmin = 10,
			      .pmax = 60, .gt = 45.5, .st = 0.5},
	 "a7010e02183e056c2f333330332f302f353730300c0a0d183c0ef951b00ff93800"},
	{"write-attributes of an edge", {.has = REQUEST | H(URI) | H(EDGE), .operation = 14,
					 .token = 63, .uri = T("/3342/0/5500"), .edge = 1},
	 "a4010e02183f056c2f333334322f302f353530301401"},
	{"attribute taken back", {.has = REQUEST | H(URI), .unset = H(PMIN), .operation = 14,
				  .token = 1, .uri = T("/3")}, "a4010e020105622f330cf6"},
	{"execute", {.has = REQUEST | H(URI), .operation = 16, .token = 65, .uri = T("/3/0/4")},
	 "a3011002184105662f332f302f34"},
	{"execute with an argument", {.has = REQUEST | H(URI) | H(PAYLOAD), .operation = 16,
				      .token = 66, .uri = T("/1/0/8"), .payload = T("0='M'")},
	 "a4011002184205662f312f302f380745303d274d27"},
	{"delete", {.has = REQUEST | H(URI), .operation = 18, .token = 68, .uri = T("/2/5")},
	 "a3011202184405642f322f35"},
	{"observe", {.has = REQUEST | H(URI), .operation = 20, .token = 70,
		     .uri = T("/3303/0/5700")}, "a30114021846056c2f333330332f302f35373030"},
	{"first value", {.has = RESPONSE | H(CT) | H(PAYLOAD), .token = 70, .result = 205,
			 .ct = 0, .payload = T("21.5")}, "a4021846074432312e351218cd1300"},
	{"notify", {.has = REQUEST | H(CT) | H(PAYLOAD), .operation = 23, .token = 70, .ct = 0,
		    .payload = T("22.1")}, "a40117021846074432322e311300"},
	{"cancel-observe", {.has = REQUEST, .operation = 22, .token = 70}, "a20116021846"},
	{"cancelled", {.has = RESPONSE, .token = 70, .result = 205}, "a20218461218cd"},
	{"send", {.has = REQUEST | H(CT) | H(PAYLOAD), .operation = 24, .token = 78, .ct = 112,
		  .payload = T("\x82\xa3!e/3/0/\0a9\x02\x0f\xa2\0b20\x02\x04")},
	 "a401181802184e075582a321652f332f302f006139020fa2006232300204131870"},
	{"read behind a gateway", {.has = REQUEST | H(URI), .operation = 9, .token = 90,
				   .uri = T("/d01/3303/0/5700")},
	 "a3010902185a05702f6430312f333330332f302f35373030"},
	{"update in a wrapper", {.has = REQUEST, .operation = 7, .token = 2, .is_wrapped = true},
	 "a201f602a201070202"},
	{"bootstrap-request", {.has = REQUEST, .operation = 0, .token = 42}, "a2010002182a"},
	{"bootstrap-request with a format", {.has = REQUEST | H(PCT), .operation = 0, .token = 42,
					     .pct = 112}, "a3010002182a041870"},
	{"bootstrap-discover", {.has = REQUEST | H(URI), .operation = 4, .token = 8,
				.uri = T("/")}, "a30104020805612f"},
	{"bootstrap-delete", {.has = REQUEST | H(URI), .operation = 3, .token = 9,
			      .uri = T("/0")}, "a30103020905622f30"},
	{"bootstrap-finish", {.has = REQUEST, .operation = 5, .token = 10}, "a20105020a"},
	{"bootstrap-pack", {.has = REQUEST | H(PAYLOAD), .operation = 6, .token = 43,
			    .payload = T("</0/0>")}, "a3010602182b07463c2f302f303e"},
	{"encrypted", {.is_wrapped = true,
		       .cose = T("\x81\x83\x43\xa1\x01\x0a\xa2\x04\x42k1\x05M\x10\x11\x12\x13\x14"
				 "\x15\x16\x17\x18\x19\x1a\x1b\x1cM\xde\xe0w\x43\xba\x32\xc7\x1d"
				 "\xd7\xc1\xce\xbd\xd7")},
	 "a2015828818343a1010aa204426b31054d101112131415161718191a1b1c4ddee07743ba32c71dd7c1cebdd7"
	 "02a0"},
};

static void check_texts(struct lwm2m_text a, struct lwm2m_text b)
{
	assert_int_equal(a.size, b.size);
	if (a.size > 0) {
		assert_memory_equal(a.at, b.at, a.size);
	}
}

static void check_same(const struct lwm2m_message *a, const struct lwm2m_message *b)
{
	assert_int_equal(a->has, b->has);
	assert_int_equal(a->unset, b->unset);
	assert_int_equal(a->operation, b->operation);
	assert_int_equal(a->token, b->token);
	assert_int_equal(a->result, b->result);
	assert_int_equal(a->ct, b->ct);
	assert_int_equal(a->pct, b->pct);
	assert_int_equal(a->lifetime, b->lifetime);
	assert_int_equal(a->pmin, b->pmin);
	assert_int_equal(a->pmax, b->pmax);
	assert_int_equal(a->epmin, b->epmin);
	assert_int_equal(a->epmax, b->epmax);
	assert_int_equal(a->edge, b->edge);
	assert_int_equal(a->hqmax, b->hqmax);
	assert_int_equal(a->depth, b->depth);
	assert_true(a->gt == b->gt && a->st == b->st && a->lt == b->lt);
	assert_int_equal(a->is_wrapped, b->is_wrapped);
	check_texts(a->ep, b->ep);
	check_texts(a->uri, b->uri);
	check_texts(a->paths, b->paths);
	check_texts(a->payload, b->payload);
	check_texts(a->version, b->version);
	check_texts(a->binding, b->binding);
	check_texts(a->sms, b->sms);
	check_texts(a->cose, b->cose);
}

static int decode(const char *digits, struct lwm2m_message *message_out)
{
	static uint8_t bytes[1024];

	return lwm2m_message_decode(bytes, hex_bytes(digits, bytes, sizeof(bytes)), message_out);
}

static void test_wrong_messages_are_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"80",                           /* no map */
		"a10102",                       /* no token */
		"a10201",                       /* neither operation nor result */
		"a3010902011218cd",             /* both */
		"a301090201", "a2010902",       /* cut */
		"a301090201020105",             /* token twice */
		"a40109020105622f3305622f33",   /* uri twice */
		"a201613902a0",                 /* operation is text */
		"a2010902f5",                   /* token is a boolean */
		"a201090221",                   /* token is negative */
		"a30109020105422f33",           /* uri is bytes */
		"a3010e02010cf7f6",             /* more behind the map */
		"a3010902010ef97e00",           /* a threshold that is no number */
		"a30109020112f6",               /* result cannot be taken back */
		"bf01090201",                   /* no end */
		"a3f50101090201",               /* a key that is no key */
		"a201f602a10107",               /* wrapped, without a token */
		"a201f602a201070202ff",         /* wrapped, and more */
	};
	struct lwm2m_message message;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (decode(wrong[i], &message) != -EPROTO) {
			fail_msg("%s is not refused", wrong[i]);
		}
	}
}

static void test_a_deep_value_is_refused(void **state)
{
	struct lwm2m_message message;

	(void)state;
	assert_int_equal(decode("a3010902011863818181818181818181818181818181818100", &message),
			 -EMSGSIZE);
}

static void test_examples_encode_and_decode(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		struct lwm2m_message message;
		uint8_t bytes[512];
		char digits[1025];
		size_t size;

		assert_int_equal(lwm2m_message_encode(&examples[i].message, bytes, sizeof(bytes),
						      &size), 0);
		hex_digits(bytes, size, digits, sizeof(digits));
		if (strcmp(digits, examples[i].digits) != 0) {
			fail_msg("%s: %s", examples[i].name, digits);
		}
		assert_int_equal(decode(examples[i].digits, &message), 0);
		check_same(&message, &examples[i].message);
		assert_int_equal(lwm2m_message_encode(&examples[i].message, bytes, size - 1,
						      &size), -EMSGSIZE);
	}
}

static void test_any_order_indefinite_maps_and_unknown_keys_are_taken(void **state)
{
	struct lwm2m_message message;

	(void)state;
	/* the published example: another order, and a payload that is a text */
	assert_int_equal(decode("a41218cd021838130007744f70656e204d6f62696c6520416c6c69616e6365",
				&message), 0);
	assert_int_equal(message.result, 205);
	assert_true(lwm2m_text_is(message.payload, "Open Mobile Alliance"));
	assert_int_equal(decode("bf0201010918638201a1024100ff", &message), 0);
	assert_int_equal(message.token, 1);
	assert_int_equal(decode("a4010e0201626c74f9450005612f", &message), 0);
	assert_int_equal(message.has & LWM2M_HAS(LT), LWM2M_HAS(LT));
	assert_true(message.lt == 5);
	assert_int_equal(decode("a4010e02010e182d05612f", &message), 0);
	assert_true(message.gt == 45);
	assert_int_equal(decode("a402a20107020201f6182a00182b01", &message), 0);
	assert_true(message.is_wrapped);
	assert_int_equal(message.operation, 7);
}

static void test_operations_are_found_on_their_level(void **state)
{
	(void)state;
	assert_string_equal(lwm2m_operation_find(6, LWM2M_RD)->text, "Register");
	assert_string_equal(lwm2m_operation_find(6, LWM2M_BS)->text, "Bootstrap-Pack-Request");
	assert_int_equal(lwm2m_operation_find(24, LWM2M_RD)->sender, LWM2M_CLIENT);
	assert_null(lwm2m_operation_find(19, LWM2M_RD));
	assert_null(lwm2m_operation_find(9, LWM2M_BS));
	assert_null(lwm2m_operation_find(UINT64_MAX, LWM2M_RD));
}

static void test_topics_name_one_endpoint(void **state)
{
	static const char *const wrong[] = {
		"lwm2m/rd/gw1", "tenant-a/lwm2m/rd", "tenant-a/lwm2m/rd/", "tenant-a/lwm2m/xy/gw1",
		"tenant-a/lwm2m/rd/gw1/x", "tenant-abc/lwm2m/rd/gw1", "tenant-a",
	};
	enum lwm2m_level_name level;
	struct lwm2m_text endpoint;
	char topic[LWM2M_TOPIC_MAX];
	char longest[LWM2M_TOPIC_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(lwm2m_topic_parse("tenant-a", wrong[i], &level, &endpoint),
				 -ENOENT);
	}
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(lwm2m_topic_format("", LWM2M_RD, longest, topic), -EMSGSIZE);
	assert_int_equal(lwm2m_topic_format("tenant-a", LWM2M_RD,
					    "b1cccdea-22ca-4448-bcf7-d07317ee0361", topic), 0);
	assert_string_equal(topic, "tenant-a/lwm2m/rd/b1cccdea-22ca-4448-bcf7-d07317ee0361");
	assert_int_equal(lwm2m_topic_parse("tenant-a", topic, &level, &endpoint), 0);
	assert_int_equal(level, LWM2M_RD);
	assert_true(lwm2m_text_is(endpoint, "b1cccdea-22ca-4448-bcf7-d07317ee0361"));
	assert_int_equal(lwm2m_topic_format("", LWM2M_BS, NULL, topic), 0);
	assert_string_equal(topic, "lwm2m/bs/#");
	assert_true(lwm2m_topic_prefix_is_valid(""));
	assert_true(lwm2m_topic_prefix_is_valid("a/b"));
	assert_false(lwm2m_topic_prefix_is_valid("a//b"));
	assert_false(lwm2m_topic_prefix_is_valid("a/"));
	assert_false(lwm2m_topic_prefix_is_valid("$share/x"));
	assert_false(lwm2m_topic_prefix_is_valid("a/+"));
	assert_false(lwm2m_endpoint_is_valid("a/b", 3));
	assert_false(lwm2m_endpoint_is_valid("a\0b", 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_messages_are_refused),
		cmocka_unit_test(test_a_deep_value_is_refused),
		cmocka_unit_test(test_examples_encode_and_decode),
		cmocka_unit_test(test_any_order_indefinite_maps_and_unknown_keys_are_taken),
		cmocka_unit_test(test_operations_are_found_on_their_level),
		cmocka_unit_test(test_topics_name_one_endpoint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
