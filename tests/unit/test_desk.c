/* SPDX-License-Identifier: Apache-2.0 */
/* The commands about the bus, over a socket, with the real bus stepped by hand. */
#include "core/ctl/desk.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/base/clock.h"
#include "tests/unit/unit.h"

static struct loop *loop;
static struct bus *bus;
static struct desk *desk;
static struct ctl *ctl;
static int client;
static size_t got_size;

/* A publisher with a pump. */
static struct post_queue control;
static struct endpoint *pump;
static uint32_t speed, name_tag, reset;
static double written;
static unsigned executed;
static bool keeps_silent;

#define GOT_ROOM  ((size_t)16 << 20)
static char got[GOT_ROOM];

static int64_t now = 1000000;

static int64_t read_now(void *arg)
{
	(void)arg;
	return now;
}

static void pump_write(void *self, struct ew_write *write)
{
	(void)self;
	if (keeps_silent) {
		return;
	}
	if (write->op == EW_WRITE_EXECUTE) {
		executed++;
	} else {
		written = write->items[0].v.f;
	}
	assert_int_equal(endpoint_write_done(pump, &write, NULL), 0);
}

static const struct ew_module pump_module = {
	.magic = EW_MODULE_MAGIC, .abi_minor = EW_ABI_MINOR, .size = sizeof(struct ew_module),
	.option_size = sizeof(struct ew_option), .metric_size = sizeof(struct ew_metric),
	.name = "pump", .version = "1", .summary = "a pump", .write = pump_write,
};

static uint32_t declare(uint32_t device, const char *name, unsigned type, unsigned access)
{
	struct ew_tag_spec spec = {
		.size = sizeof(spec), .name = name, .type = type, .access = access,
		.unit = "Hz", .write_low = 0, .write_high = 60,
	};
	uint32_t id = EW_NO_ID;

	if (type != EW_TYPE_F64) {
		spec.unit = NULL;
		spec.write_high = 0;
	}
	assert_int_equal(endpoint_tag_declare(pump, device, &spec, &id), 0);
	return id;
}

static void step(void)
{
	while (loop_step(loop)) {
	}
}

static void begin_pump(void)
{
	struct endpoint_config config = {
		.name = "line1", .module = &pump_module, .loop = loop, .control = &control,
	};
	struct ew_device_spec device = { .size = sizeof(device), .path = "pump-1",
					 .type = "pump" };
	uint32_t id;

	post_queue_init(&control, loop, 1024);
	assert_int_equal(endpoint_new(bus, &config, &pump), 0);
	endpoint_set_self(pump, &written);
	assert_int_equal(endpoint_device_declare(pump, &device, &id), 0);
	assert_int_equal(endpoint_device_state(pump, id, EW_DEVICE_UP, "running"), 0);
	speed = declare(id, "Pump/Speed", EW_TYPE_F64, EW_ACCESS_READ | EW_ACCESS_WRITE);
	name_tag = declare(id, "Name", EW_TYPE_TEXT, EW_ACCESS_READ);
	reset = declare(id, "Reset", EW_TYPE_BOOL, EW_ACCESS_EXECUTE);
	assert_int_equal(endpoint_join(pump), 0);
}

static void pump_left(void *arg, struct endpoint *endpoint)
{
	(void)arg;
	(void)endpoint;
	endpoint_free(&pump);
}

static int setup(void **state)
{
	struct ctl_config config = { .group = (gid_t)-1 };
	int pair[2];

	(void)state;
	assert_int_equal(loop_new("test", &loop), 0);
	assert_int_equal(bus_new(&bus), 0);
	bus_set_clock_valid(bus, true);
	begin_pump();
	assert_int_equal(desk_new(bus, loop, &desk), 0);
	config.loop = loop;
	config.tables[0] = desk_table(desk);
	assert_int_equal(ctl_new(&config, &ctl, NULL), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	assert_int_equal(ctl_adopt(ctl, pair[0]), 0);
	client = pair[1];
	written = -1;
	executed = 0;
	keeps_silent = false;
	step();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	desk_leave(desk);
	endpoint_leave(pump, false, pump_left, NULL);
	step();
	assert_null(pump);
	assert_true(desk_has_left(desk));
	ctl_free(&ctl);
	desk_free(&desk);
	post_queue_fini(&control);
	bus_free(&bus);
	loop_free(&loop);
	(void)close(client);
	return 0;
}

static const char *hear(void)
{
	ssize_t size;

	do {
		step();
		size = recv(client, got + got_size, GOT_ROOM - got_size - 1, 0);
		got_size += size > 0 ? (size_t)size : 0;
	} while (size > 0);
	got[got_size] = '\0';
	return got;
}

static const char *ask(const char *text)
{
	got_size = 0;
	assert_int_equal(send(client, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	return hear();
}

static void publish(double value)
{
	struct ew_sample samples[] = {
		ew_sample_f64(speed, 1500000000, value),
		ew_sample_text(name_tag, 1500000000, "pump \"A\"", 8),
	};

	assert_int_equal(endpoint_publish(pump, samples, 2, NULL), 0);
}

static void assert_has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL) {
		(void)fputs(got, stderr);
		fail_msg("not there: %s", part);
	}
}

static size_t count_of(const char *text, const char *part)
{
	size_t count = 0;

	while ((text = strstr(text, part)) != NULL) {
		count++;
		text++;
	}
	return count;
}

static void test_names_that_are_none_are_refused_in_words(void **state)
{
	(void)state;
	assert_has(ask("{\"do\":\"get\"}\n"), "no tag is named");
	assert_has(ask("{\"do\":\"get\",\"tag\":\"pump-1\"}\n"), "'pump-1' is not DEVICE:TAG");
	assert_has(ask("{\"do\":\"get\",\"tag\":\"pump-1:None\"}\n"), "no tag 'pump-1:None'");
	assert_has(ask("{\"do\":\"why\",\"tag\":\"x:y\"}\n"), "no tag 'x:y'");
	assert_has(ask("{\"do\":\"watch\"}\n"), "no pattern is given");
	assert_has(ask("{\"do\":\"watch\",\"glob\":\"**\",\"count\":\"0\"}\n"), "count: '0'");
	assert_has(ask("{\"do\":\"watch\",\"glob\":\"**\",\"for\":\"5\"}\n"), "for: '5'");
}

static void test_a_tag_is_shown_before_and_after_its_first_value(void **state)
{
	(void)state;
	assert_has(ask("{\"do\":\"get\",\"tag\":\"pump-1:Pump/Speed\"}\n"),
		   "\"value\":null,\"quality\":\"none\"");
	publish(12.5);
	assert_string_equal(ask("{\"do\":\"get\",\"tag\":\"pump-1:Pump/Speed\"}\n"),
			    "{\"tag\":\"pump-1:Pump/Speed\",\"type\":\"f64\",\"unit\":\"Hz\","
			    "\"access\":\"rw\",\"value\":12.5,\"quality\":\"good\","
			    "\"time\":\"1970-01-01T00:00:01.500Z\"}\n{\"end\":\"ok\"}\n");
	assert_has(ask("{\"do\":\"tags\",\"glob\":\"pump-1:Name\"}\n"), "\"pump \\\"A\\\"\"");
}

static void test_lists_are_filtered(void **state)
{
	(void)state;
	assert_has(ask("{\"do\":\"devices\"}\n"),
		   "{\"device\":\"pump-1\",\"state\":\"up\",\"reason\":\"running\"");
	assert_string_equal(ask("{\"do\":\"devices\",\"glob\":\"tank-*\"}\n"),
			    "{\"end\":\"ok\"}\n");
	assert_int_equal(count_of(ask("{\"do\":\"tags\"}\n"), "\"tag\":"), 3);
	assert_int_equal(count_of(ask("{\"do\":\"tags\",\"glob\":\"*:Pump/*\"}\n"), "\"tag\":"), 1);
}

static void test_ten_thousand_tags_come_in_pieces_and_all(void **state)
{
	char name[32];
	uint32_t id = bus_find_device(bus, "pump-1");

	(void)state;
	for (int i = 0; i < 10000; i++) {
		(void)snprintf(name, sizeof(name), "T%05d", i);
		(void)declare(id, name, EW_TYPE_I32, EW_ACCESS_READ);
	}
	assert_int_equal(count_of(ask("{\"do\":\"tags\"}\n"), "\"tag\":"), 10003);
	assert_has(got, "\"pump-1:T09999\"");
}

static void test_watch_shows_the_last_value_then_the_new_ones(void **state)
{
	(void)state;
	publish(1);
	assert_has(ask("{\"do\":\"watch\",\"glob\":\"*:Pump/*\"}\n"), "\"value\":1,");
	assert_int_equal(count_of(got, "\"tag\":"), 1);
	publish(2);
	assert_has(hear(), "\"value\":2,");
	assert_int_equal(count_of(got, "Name"), 0);
	assert_int_equal(count_of(got, "\"end\""), 0);
}

static void test_watch_ends_after_its_count_and_after_its_time(void **state)
{
	struct clock_source source = { read_now, read_now, NULL };

	(void)state;
	publish(1);
	assert_has(ask("{\"do\":\"watch\",\"glob\":\"**\",\"count\":\"2\"}\n"), "{\"end\":\"ok\"}");
	assert_int_equal(count_of(got, "\"tag\":"), 2);
	clock_set_source(&source);
	assert_int_equal(count_of(ask("{\"do\":\"watch\",\"glob\":\"**\",\"for\":\"1s\"}\n"),
				  "\"end\""),
			 0);
	now += 1000000001;
	assert_has(hear(), "{\"end\":\"ok\"}");
	clock_set_source(NULL);
}

static void test_a_watcher_that_leaves_takes_its_route_with_it(void **state)
{
	int pair[2];
	char line[] = "{\"do\":\"watch\",\"glob\":\"**\"}\n";

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	assert_int_equal(ctl_adopt(ctl, pair[0]), 0);
	assert_int_equal(send(pair[1], line, strlen(line), 0), strlen(line));
	step();
	assert_has(ask("{\"do\":\"routes\"}\n"), "{\"from\":\"line1\",\"to\":\"edgewayctl/1\"");
	(void)close(pair[1]);
	step();
	assert_int_equal(count_of(ask("{\"do\":\"routes\"}\n"), "watch"), 0);
	/* its name is free again */
	assert_has(ask("{\"do\":\"watch\",\"glob\":\"**\",\"count\":\"1\"}\n"), "");
	publish(3);
	assert_has(hear(), "\"end\":\"ok\"");
}

static void test_a_slow_watcher_is_told_what_it_missed(void **state)
{
	(void)state;
	assert_int_equal(send(client, "{\"do\":\"watch\",\"glob\":\"**\"}\n", 28, 0), 28);
	step();
	for (int i = 0; i < 5000; i++) {
		publish(i);
		step();
	}
	got_size = 0;
	(void)hear();
	publish(7777);
	assert_has(hear(), "samples not shown: the reader is too slow");
	assert_has(got, "\"value\":7777,");
}

static void test_writes_are_answered_by_what_became_of_them(void **state)
{
	(void)state;
	assert_has(ask("{\"do\":\"write\",\"tag\":\"pump-1:Pump/Speed\"}\n"), "no value is given");
	assert_has(ask("{\"do\":\"write\",\"tag\":\"pump-1:Pump/Speed\",\"value\":\"fast\"}\n"),
		   "'fast' is not a value of type f64");
	assert_has(ask("{\"do\":\"write\",\"tag\":\"pump-1:Pump/Speed\",\"value\":\"61\"}\n"),
		   "\"end\":\"error\"");
	assert_true(written < 0);
	assert_has(ask("{\"do\":\"write\",\"tag\":\"pump-1:Pump/Speed\",\"value\":\"42\"}\n"),
		   "\"result\":\"done\"");
	assert_true(written > 41.9 && written < 42.1);
	assert_has(ask("{\"do\":\"write\",\"tag\":\"pump-1:Name\",\"value\":\"x\"}\n"),
		   "\"end\":\"error\"");
	assert_has(ask("{\"do\":\"execute\",\"tag\":\"pump-1:Reset\"}\n"), "\"result\":\"done\"");
	assert_int_equal(executed, 1);
}

static void test_a_write_without_an_answer_is_unknown(void **state)
{
	struct clock_source source = { read_now, read_now, NULL };

	(void)state;
	clock_set_source(&source);
	keeps_silent = true;
	assert_string_equal(ask("{\"do\":\"write\",\"tag\":\"pump-1:Pump/Speed\",\"value\":\"1\","
				"\"timeout\":\"2s\"}\n"),
			    "");
	now += 2000000001;
	assert_has(hear(), "\"result\":\"unknown\"");
	assert_has(got, "\"code\":110");
	clock_set_source(NULL);
}

static void test_why_names_the_hop_that_stopped_a_value(void **state)
{
	static const char *const tags[] = { "*:Name" };
	struct route_rule rule = { .to = "edgewayctl/1", .tags = tags, .tag_count = 1 };
	int pair[2];
	char line[] = "{\"do\":\"watch\",\"glob\":\"**\"}\n";

	(void)state;
	assert_has(ask("{\"do\":\"why\",\"tag\":\"pump-1:Pump/Speed\"}\n"),
		   "its owner has published nothing yet");
	assert_int_equal(bus_set_routes(bus, &rule, 1, NULL), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	assert_int_equal(ctl_adopt(ctl, pair[0]), 0);
	assert_int_equal(send(pair[1], line, strlen(line), 0), strlen(line));
	step();
	publish(5);
	assert_has(ask("{\"do\":\"why\",\"tag\":\"pump-1:Pump/Speed\"}\n"),
		   "{\"hop\":\"image\",\"value\":5,");
	assert_has(got, "{\"hop\":\"line1 > edgewayctl/1\",\"passes\":false");
	assert_has(got, "no pattern of the route names it");
	assert_has(ask("{\"do\":\"why\",\"tag\":\"pump-1:Name\"}\n"),
		   "{\"hop\":\"line1 > edgewayctl/1\",\"passes\":true,\"pattern\":\"*:Name\"");
	(void)close(pair[1]);
	step();
}

int main(void)
{
#define desk_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		desk_test(test_names_that_are_none_are_refused_in_words),
		desk_test(test_a_tag_is_shown_before_and_after_its_first_value),
		desk_test(test_lists_are_filtered),
		desk_test(test_ten_thousand_tags_come_in_pieces_and_all),
		desk_test(test_watch_shows_the_last_value_then_the_new_ones),
		desk_test(test_watch_ends_after_its_count_and_after_its_time),
		desk_test(test_a_watcher_that_leaves_takes_its_route_with_it),
		desk_test(test_a_slow_watcher_is_told_what_it_missed),
		desk_test(test_writes_are_answered_by_what_became_of_them),
		desk_test(test_a_write_without_an_answer_is_unknown),
		desk_test(test_why_names_the_hop_that_stopped_a_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
