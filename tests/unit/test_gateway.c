/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway device, on a real bus stepped by hand. */
#include "core/gateway/gateway.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/bus/inside.h"
#include "tests/lib/disk.h"
#include "tests/unit/unit.h"

static struct loop *loop;
static struct bus *bus;
static struct gateway *gateway;
static struct gateway_facts facts;
static int64_t mono = 1000, utc = 2000000000000000000;

static int64_t read_mono(void *arg)
{
	(void)arg;
	return mono;
}

static int64_t read_utc(void *arg)
{
	(void)arg;
	return utc;
}

static void fill(void *arg, struct gateway_facts *facts_out)
{
	(void)arg;
	*facts_out = facts;
}

static void step(void)
{
	while (loop_step(loop)) {
	}
}

static int setup(void **state)
{
	static struct clock_source source = { read_mono, read_utc, NULL };
	struct gateway_config config = {
		.version = "9.9", .state_dir = ".", .every = 10 * EW_SECOND, .facts = fill,
		.clock_valid_after = 1000000000000000000,
	};

	(void)state;
	clock_set_source(&source);
	memset(&facts, 0, sizeof(facts));
	facts.config_hash = 0xabc;
	facts.instances_running = 3;
	assert_int_equal(loop_new("test", &loop), 0);
	assert_int_equal(bus_new(&bus), 0);
	config.bus = bus;
	config.loop = loop;
	assert_int_equal(gateway_new(&config, &gateway), 0);
	step();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	gateway_leave(gateway);
	step();
	assert_true(gateway_has_left(gateway));
	gateway_free(&gateway);
	bus_free(&bus);
	loop_free(&loop);
	clock_set_source(NULL);
	return 0;
}

static struct ew_sample value_of(const char *name)
{
	static char text[256];
	uint32_t device = bus_find_device(bus, "gateway");
	struct ew_sample sample;

	memset(text, 0, sizeof(text));
	assert_int_equal(bus_read(bus, bus_find_tag(bus, device, name), &sample, text,
				  sizeof(text) - 1),
			 0);
	return sample;
}

static void test_a_name_that_an_instance_has_is_refused(void **state)
{
	struct gateway_config config = { .bus = bus, .loop = loop, .version = "1",
					 .state_dir = ".", .facts = fill };
	struct gateway *other = NULL;

	(void)state;
	assert_int_equal(gateway_new(&config, &other), -EEXIST);
	assert_non_null(other);
	assert_true(gateway_has_left(other));
	gateway_free(&other);
}

static void test_it_says_at_once_how_it_is(void **state)
{
	(void)state;
	assert_memory_equal(value_of("Software/Version").v.x.at, "9.9", 3);
	assert_memory_equal(value_of("Configuration/Hash").v.x.at, "0000000000000abc", 16);
	assert_memory_equal(value_of("Uplink/State").v.x.at, "none", 4);
	assert_int_equal(value_of("Instances/Running").v.u, 3);
	assert_int_equal(value_of("Devices/Total").v.u, 1);
	assert_int_equal(value_of("Devices/Down").v.u, 0);
	assert_true(value_of("Process/Memory").v.u > 100000);
	assert_true(value_of("Disk/Free").v.u > 0);
}

static void test_what_is_not_known_has_no_value(void **state)
{
	(void)state;
	assert_true((value_of("Certificates/DaysLeft").flags & EW_NULL) != 0);
	facts.certificate_until = utc + 3 * 86400 * EW_SECOND + EW_SECOND;
	mono += 10 * EW_SECOND;
	step();
	assert_int_equal(value_of("Certificates/DaysLeft").v.i, 3);
}

static void test_it_is_brought_up_to_date_at_its_interval(void **state)
{
	(void)state;
	facts.instances_down = 2;
	mono += 9 * EW_SECOND;
	step();
	assert_int_equal(value_of("Instances/Down").v.u, 0);
	mono += EW_SECOND;
	step();
	assert_int_equal(value_of("Instances/Down").v.u, 2);
}

static void test_a_clock_that_shows_a_late_enough_time_is_good(void **state)
{
	(void)state;
	assert_true(gateway_clock_is_valid(gateway));
	assert_true(value_of("Clock/Valid").v.b);
	assert_int_equal(value_of("Clock/Valid").flags & EW_CLOCK_UNSET, 0);
}

/* ---- an alarm of the store ---- */

static char kinds[256];

static void on_event(void *self, const struct ew_event *event)
{
	size_t used = strlen(kinds);

	(void)self;
	(void)snprintf(kinds + used, sizeof(kinds) - used, "%s %s %s %d\n", event->kind, event->key,
		       event->body, (int)event->severity);
}

static const struct ew_module listener_module = { .event = on_event };
static struct endpoint *listener;
static struct post_queue control;

static void on_left(void *arg, struct endpoint *endpoint)
{
	(void)arg;
	endpoint_free(&endpoint);
}

static int on_describe(void *arg, uint32_t tag, struct store_tag *tag_out)
{
	return bus_describe_tag(arg, tag, tag_out);
}

static struct store *open_store(struct disk *disk)
{
	const struct store_config config = {
		.path = "memory", .bytes = 64 << 20, .files = disk_files(disk), .is_stepped = true
	};
	const struct store_listener says = { .describe = on_describe, .arg = bus };
	struct store *store;

	assert_int_equal(store_open(&config, &store, NULL), 0);
	store_listen(store, &says);
	bus_set_store(bus, store);
	return store;
}

static void listen_for_events(void)
{
	struct endpoint_config config = {
		.name = "listener", .module = &listener_module, .loop = loop, .control = &control
	};

	post_queue_init(&control, loop, 100);
	assert_int_equal(endpoint_new(bus, &config, &listener), 0);
	endpoint_set_self(listener, &control);
	assert_int_equal(endpoint_join(listener), 0);
	step();
}

/* One more interval, and what has been appended goes to the disk, or not. */
static void pass_interval(struct store *store)
{
	mono += 10 * EW_SECOND;
	step();
	(void)store_sync(store);
}

static void test_a_disk_that_fails_raises_an_alarm_until_it_does_not(void **state)
{
	const struct durable_receiver how = { .name = "somebody" };
	struct disk *disk = disk_new();
	struct store *store = open_store(disk);

	(void)state;
	kinds[0] = '\0';
	assert_int_equal(bus_set_durables(bus, &how, 1), 0);
	bus_ready(bus);
	listen_for_events();
	pass_interval(store);
	assert_memory_equal(value_of("Store/State").v.x.at, "good", 4);
	disk_fail(disk, DISK_SYNC, -EIO, 3);
	pass_interval(store);
	pass_interval(store);
	assert_memory_equal(value_of("Store/State").v.x.at, "failing", 7);
	pass_interval(store);
	pass_interval(store);
	pass_interval(store);

	assert_string_equal(kinds, "alarm.raised store {\"state\":\"failing\"} 3\n"
				   "alarm.cleared store {\"state\":\"good\"} 0\n");
	assert_int_equal(endpoint_leave(listener, false, on_left, NULL), 0);
	gateway_leave(gateway);
	step();
	post_queue_fini(&control);
	store_close(&store);
	disk_free(&disk);
}

int main(void)
{
#define gateway_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		gateway_test(test_a_name_that_an_instance_has_is_refused),
		gateway_test(test_it_says_at_once_how_it_is),
		gateway_test(test_what_is_not_known_has_no_value),
		gateway_test(test_it_is_brought_up_to_date_at_its_interval),
		gateway_test(test_a_clock_that_shows_a_late_enough_time_is_good),
		gateway_test(test_a_disk_that_fails_raises_an_alarm_until_it_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
