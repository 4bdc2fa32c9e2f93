/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lwm2m module's objects: what a server may not make or take away, tags that are
 * mapped or executed, Connectivity Monitoring, Firmware Update with a real command.
 */
#include "tests/modules/lwm2m_world.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define HASH  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

/* With a pump behind the gateway that has a command too. */
static void begin(const char *options)
{
	struct ew_tag_spec tag = {
		.size = sizeof(tag), .name = "Reset", .type = EW_TYPE_F64,
		.access = EW_ACCESS_EXECUTE,
	};
	struct ew_instance *inst;
	uint32_t id;

	world_begin(options);
	world_registered();
	world_declare("pump-1", NULL);
	inst = ew_test_begin(world.test);
	assert_int_equal(ew_tag_declare(inst, world.device, &tag, &id), 0);
	ew_test_end(world.test);
	ew_test_step(world.test);
	world_answer(world_heard().token, LWM2M_CHANGED);
	world_heard_nothing();
}

static void test_a_server_cannot_make_or_take_away_what_is(void **state)
{
	struct lwm2m_message create = {
		.has = H(OPERATION) | H(URI) | H(CT) | H(PAYLOAD), .ct = LWM2M_CONTENT_SENML_CBOR,
		.operation = LWM2M_OP_CREATE, .payload = {"\x80", 1},
	};
	static const struct {
		const char *uri;
		unsigned create, remove;
	} paths[] = {
		{"/3303", LWM2M_NOT_FOUND, LWM2M_BAD_REQUEST},
		{"/3", LWM2M_NOT_ALLOWED, LWM2M_BAD_REQUEST},
		{"/25", LWM2M_NOT_ALLOWED, LWM2M_BAD_REQUEST},
		{"/d0/3303", LWM2M_NOT_ALLOWED, LWM2M_BAD_REQUEST},
		{"/d0/3303/0", LWM2M_BAD_REQUEST, LWM2M_NOT_ALLOWED},
		{"/d0/3303/7", LWM2M_BAD_REQUEST, LWM2M_NOT_FOUND},
		{"/1/0", LWM2M_BAD_REQUEST, LWM2M_NOT_ALLOWED},
		{"/0", LWM2M_UNAUTHORIZED, LWM2M_BAD_REQUEST},
		{"/0/0", LWM2M_BAD_REQUEST, LWM2M_UNAUTHORIZED},
		{"x", LWM2M_BAD_REQUEST, LWM2M_BAD_REQUEST},
	};

	(void)state;
	begin("");
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		create.uri = world_text(paths[i].uri);
		create.token = 100 + 4 * i;
		world_say(create, false);
		(void)world_answered(create.token, paths[i].create);
		world_ask(LWM2M_OP_DELETE, create.token + 2, paths[i].uri);
		(void)world_answered(create.token + 2, paths[i].remove);
	}
}

static void execute(uint64_t token, const char *uri, const char *argument)
{
	world_say((struct lwm2m_message){
		.has = H(OPERATION) | H(URI) | H(PAYLOAD), .operation = LWM2M_OP_EXECUTE,
		.token = token, .uri = world_text(uri), .payload = world_text(argument),
	}, false);
}

static void test_a_tag_that_can_be_executed_is_a_command(void **state)
{
	struct lwm2m_message message;

	(void)state;
	begin("");
	world_ask(LWM2M_OP_READ, 2, "/d0/42769/0");
	message = world_answered(2, LWM2M_CONTENT);
	assert_string_equal(world_records(&message), "/d0/42769/0/5750=Reset ");
	world_ask(LWM2M_OP_DISCOVER, 4, "/d0/42769/0");
	message = world_answered(4, LWM2M_CONTENT);
	assert_true(lwm2m_text_is(message.payload,
				  "</42769/0>,</42769/0/0>,</42769/0/5750>"));
	ew_test_answer(world.test, 0);
	execute(6, "/d0/42769/0/0", "");
	(void)world_answered(6, LWM2M_CHANGED);
	execute(8, "/d0/42769/0/0", "0='12.5'");
	(void)world_answered(8, LWM2M_CHANGED);
	execute(10, "/d0/42769/0/0", "0='much'");
	(void)world_answered(10, LWM2M_BAD_REQUEST);
	ew_test_answer(world.test, -EIO);
	execute(8, "/d0/42769/0/0", "0='12.5'");        /* the same again is not done again */
	(void)world_answered(8, LWM2M_CHANGED);
	execute(12, "/d0/42769/0/0", "");
	(void)world_answered(12, LWM2M_INTERNAL);
	execute(14, "/d0/3308/0/5900", "");
	(void)world_answered(14, LWM2M_NOT_ALLOWED);
	world_write_text(16, "/d0/42769/0/0", "1");
	(void)world_answered(16, LWM2M_NOT_ALLOWED);
}

static void test_a_tag_is_mapped_to_another_resource(void **state)
{
	struct lwm2m_message message;

	(void)state;
	begin("map: {'pump-1:Temperature': /3346/5700, '*:Speed': /3318/5700, '*:Valve': no, "
	      "'*:Reset': /3300/5605}\n");
	world_publish(20.5);
	world_ask(LWM2M_OP_READ, 2, "/25/0/3");
	message = world_answered(2, LWM2M_CONTENT);
	assert_string_equal(world_records(&message),
			    "/25/0/3=</3300/0>,</3318/0>,</3346/0> ");
	world_ask(LWM2M_OP_READ, 8, "/d0/3346/0");
	message = world_answered(8, LWM2M_CONTENT);
	assert_string_equal(world_records(&message),
			    "/d0/3346/0/5700=20.5 /d0/3346/0/5701=Cel "
			    "/d0/3346/0/5750=Temperature ");
	world_ask(LWM2M_OP_READ, 10, "/d0/3318/0/5700");
	message = world_answered(10, LWM2M_CONTENT);
	assert_string_equal(world_records(&message), "/d0/3318/0/5700=50 ");
	/* what the definition does not let be written is not, though the tag could be */
	world_write_text(4, "/d0/3318/0/5700", "40");
	(void)world_answered(4, LWM2M_NOT_ALLOWED);
	ew_test_answer(world.test, 0);
	execute(6, "/d0/3300/0/5605", "");
	(void)world_answered(6, LWM2M_CHANGED);
}

static void test_a_map_is_checked(void **state)
{
	static const struct {
		const char *map;
		const char *why;
	} bad[] = {
		{"[]", "must be a map"},
		{"{Speed: /3318/5700}", "is not DEVICE:TAG"},
		{"{'a:b': 3318}", "is not /OBJECT/RESOURCE"},
		{"{'a:b': /3318/0/5700}", "is not /OBJECT/RESOURCE"},
		{"{'a:b': /4242/5700}", "an object that is not built in"},
		{"{'a:b': /3318/1}", "a resource that its object has not"},
		{"{'a:b': /3/13}", "there is only one"},
		{"{'a:b': /3318/5750}", "neither a number"},
		{"{'a:b': [1]}", "is not text"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char yaml[256];

		assert_int_equal(ew_test_new(&world.test), 0);
		assert_int_equal(ew_test_config(world.test, "uplink: {servers: "
							    "['mqtts://broker']}\n"), 0);
		(void)snprintf(yaml, sizeof(yaml), "endpoint: gw1\nmap: %s\n", bad[i].map);
		if (ew_test_load(world.test, &ew_module, "cloud", yaml) == 0) {
			assert_int_not_equal(ew_test_start(world.test), 0);
		}
		if (strstr(ew_test_error(world.test), bad[i].why) == NULL ||
		    strstr(ew_test_error(world.test), "test.yaml:16:") == NULL) {
			fail_msg("%s: %s", bad[i].map, ew_test_error(world.test));
		}
		ew_test_free(&world.test);
	}
}

static void test_the_connection_is_told(void **state)
{
	struct lwm2m_message message;

	(void)state;
	begin("");
	world_ask(LWM2M_OP_READ, 2, "/4/0/0");
	message = world_answered(2, LWM2M_CONTENT);
	assert_int_equal(strncmp(world_records(&message), "/4/0/0=", 7), 0);
	world_ask(LWM2M_OP_READ, 4, "/4/0/1");
	message = world_answered(4, LWM2M_CONTENT);
	assert_int_equal(strncmp(world_records(&message), "/4/0/1/0=", 9), 0);
	world_write_text(6, "/4/0/0", "1");
	(void)world_answered(6, LWM2M_NOT_ALLOWED);
	world_ask(LWM2M_OP_READ, 8, "/5");
	(void)world_answered(8, LWM2M_NOT_FOUND);
}

static void push(uint64_t token, const char *package)
{
	world_say((struct lwm2m_message){
		.has = H(OPERATION) | H(URI) | H(CT) | H(PAYLOAD), .token = token,
		.operation = LWM2M_OP_WRITE_REPLACE, .uri = world_text("/5/0/0"),
		.ct = LWM2M_CONTENT_OPAQUE, .payload = world_text(package),
	}, false);
}

/* Step until the client says the next thing: a command is another process. */
static struct lwm2m_message heard_later(void)
{
	for (int i = 0; i < 30000 && ew_test_sent(world.test, "main", world.looked) == NULL; i++) {
		ew_test_step(world.test);
	}
	return world_heard();
}

static void test_a_package_is_pushed_and_applied_by_the_command(void **state)
{
	struct lwm2m_message message;

	(void)state;
	begin("firmware: {command: [/bin/sh, -c, "
	      "'test \"$(cat \"$EDGEWAY_PACKAGE\")\" = abc && test \"$EDGEWAY_SHA256\" = " HASH
	      " && ! test -e \"$EDGEWAY_OUTCOME\"']}\n");
	world_ask(LWM2M_OP_OBSERVE, 2, "/5/0/3");
	message = world_answered(2, LWM2M_CONTENT);
	assert_string_equal(world_records(&message), "/5/0/3=0 ");
	push(4, "abc");
	(void)world_answered(4, LWM2M_CHANGED);
	message = heard_later();
	assert_int_equal(message.operation, LWM2M_OP_NOTIFY);
	assert_string_equal(world_records(&message), "/5/0/3=2 ");
	world_ask(LWM2M_OP_READ, 6, "/5/0/0");
	(void)world_answered(6, LWM2M_NOT_ALLOWED);
	execute(8, "/5/0/2", "0='" HASH "'");
	(void)world_answered(8, LWM2M_CHANGED);
	message = heard_later();
	assert_string_equal(world_records(&message), "/5/0/3=3 ");
	message = heard_later();
	assert_string_equal(world_records(&message), "/5/0/3=0 ");
	world_ask(LWM2M_OP_READ, 10, "/5/0/5");
	message = world_answered(10, LWM2M_CONTENT);
	assert_string_equal(world_records(&message), "/5/0/5=1 ");
}

static void test_a_command_that_fails_is_told(void **state)
{
	struct lwm2m_message message;

	(void)state;
	begin("firmware: {command: [/bin/false]}\n");
	push(2, "abc");
	(void)world_answered(2, LWM2M_CHANGED);
	world_ask(LWM2M_OP_OBSERVE, 4, "/5/0/5");
	(void)world_answered(4, LWM2M_CONTENT);
	execute(6, "/5/0/2", "");
	(void)world_answered(6, LWM2M_CHANGED);
	message = heard_later();
	assert_string_equal(world_records(&message), "/5/0/5=8 ");
	/* a resource of /5 is written alone */
	world_say((struct lwm2m_message){
		.has = H(OPERATION) | H(CT) | H(PAYLOAD), .operation = LWM2M_OP_WRITE_COMPOSITE,
		.token = 8, .ct = LWM2M_CONTENT_SENML_JSON,
		.payload = world_text("[{\"n\":\"/5/0/1\",\"vs\":\"\"},"
				      "{\"n\":\"/1/0/1\",\"v\":60}]"),
	}, false);
	(void)world_answered(8, LWM2M_NOT_ALLOWED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_map_is_checked),
		cmocka_unit_test_teardown(
			test_a_server_cannot_make_or_take_away_what_is, world_end),
		cmocka_unit_test_teardown(
			test_a_tag_that_can_be_executed_is_a_command, world_end),
		cmocka_unit_test_teardown(test_a_tag_is_mapped_to_another_resource, world_end),
		cmocka_unit_test_teardown(test_the_connection_is_told, world_end),
		cmocka_unit_test_teardown(
			test_a_package_is_pushed_and_applied_by_the_command, world_end),
		cmocka_unit_test_teardown(test_a_command_that_fails_is_told, world_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
