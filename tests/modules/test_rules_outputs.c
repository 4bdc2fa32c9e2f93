/* SPDX-License-Identifier: Apache-2.0 */
/* Outputs of rules: leases, fail-safe values, who wins, controllers by hand and by themselves. */
#include <errno.h>
#include <math.h>

#include "tests/modules/rules_plant.h"

#define LEASE  (900 * EW_MILLISECOND)

/* An owner of the outputs that remembers what it was told. */
struct owner {
	struct ew_instance *inst;
	uint32_t valve;
	double value;
	unsigned writes;
	ew_dur at;
	char origin[32];
};

static struct owner *owner;

static int owner_open(struct ew_instance *inst, const void *settings, void **self_out)
{
	const struct ew_device_spec device = { .size = sizeof(device), .path = "drive" };
	const struct ew_tag_spec valve = {
		.size = sizeof(valve), .name = "valve", .type = EW_TYPE_F64, .unit = "%",
		.access = EW_ACCESS_READ | EW_ACCESS_WRITE, .high = 100,
	};
	static struct owner one;
	uint32_t id;
	int error = ew_device_declare(inst, &device, &id);

	(void)settings;
	one = (struct owner){ .inst = inst, .value = -1 };
	owner = &one;
	*self_out = owner;
	return error == 0 ? ew_tag_declare(inst, id, &valve, &owner->valve) : error;
}

static void owner_close(void *self)
{
	(void)self;
}

static void owner_write(void *self, struct ew_write *write)
{
	(void)self;
	owner->value = write->items[0].v.f;
	owner->writes++;
	owner->at = ew_now();
	(void)snprintf(owner->origin, sizeof(owner->origin), "%s", write->origin);
	(void)ew_write_done(owner->inst, &write, NULL); /* in time */
}

static const struct ew_module owner_module = {
	.magic = EW_MODULE_MAGIC, .abi_major = EW_ABI_MAJOR, .abi_minor = EW_ABI_MINOR,
	.size = sizeof(struct ew_module), .option_size = sizeof(struct ew_option),
	.metric_size = sizeof(struct ew_metric), .name = "owner", .version = "1",
	.summary = "an actuator", .open = owner_open, .close = owner_close, .write = owner_write,
};

#define ACCESS \
	"access: {control: {write: [\"plant:**\", \"drive:**\"], max_priority: interlock}," \
	" test: {write: [\"**:**\"], max_priority: interlock}}\n"

static void begin(struct plant *plant, const char *yaml)
{
	plant_make(plant, ACCESS);
	assert_int_equal(ew_test_load(plant->test, &owner_module, "drive", NULL), 0);
	assert_int_equal(ew_test_load(plant->test, &ew_module, "control", yaml), 0);
	if (ew_test_start(plant->test) != 0) {
		fail_msg("%s", ew_test_error(plant->test));
	}
}

#define FOLLOW INPUTS \
	"rules:\n" \
	"  follow: {value: level * 10, write: {to: drive:valve, fail_safe: 7, lease: 900ms}}\n"

static void test_the_first_write_is_the_fail_safe_value(void **state)
{
	struct plant plant;

	(void)state;
	begin(&plant, FOLLOW);
	assert_int_equal(owner->writes, 1);
	assert_true(owner->value == 7);
	ew_test_advance(plant.test, 10 * EW_SECOND);
	assert_int_equal(owner->writes, 1); /* the input is not good yet */
	plant_publish(&plant, ew_sample_f64(plant.level, 0, 2));
	assert_int_equal(owner->writes, 2);
	assert_true(owner->value == 20);
	ew_test_free(&plant.test);
}

static void test_a_value_is_renewed_within_its_lease(void **state)
{
	struct plant plant;

	(void)state;
	begin(&plant, FOLLOW);
	plant_publish(&plant, ew_sample_f64(plant.level, 0, 2));
	ew_test_advance(plant.test, 10 * LEASE);
	assert_true(owner->value == 20);
	assert_true(owner->writes >= 30 && owner->writes <= 33);
	assert_string_equal(owner->origin, "control");
	ew_test_free(&plant.test);
}

/* Within the lease and 10 ms of the last renewal, by the clock of the test. */
static void expect_safe(struct plant *plant)
{
	ew_dur last = owner->at;

	ew_test_advance(plant->test, LEASE + 10 * EW_MILLISECOND);
	assert_true(owner->value == 7);
	assert_true(owner->at - last <= LEASE + 10 * EW_MILLISECOND);
	assert_string_equal(owner->origin, "fail-safe");
}

static void test_a_bad_input_lets_the_output_go_safe(void **state)
{
	struct plant plant;

	(void)state;
	begin(&plant, FOLLOW);
	plant_publish(&plant, ew_sample_f64(plant.level, 0, 2));
	plant_up(&plant, EW_DEVICE_STALE);
	assert_true(owner->value == 20);
	expect_safe(&plant);
	plant_up(&plant, EW_DEVICE_UP); /* and it goes on */
	assert_true(owner->value == 20);
	ew_test_free(&plant.test);
}

static void test_what_a_device_said_before_it_went_stale_does_not_count(void **state)
{
	struct plant plant;

	(void)state;
	plant_make(&plant, ACCESS);
	plant_publish(&plant, ew_sample_f64(plant.level, 0, 2));
	plant_up(&plant, EW_DEVICE_STALE);
	assert_int_equal(ew_test_load(plant.test, &owner_module, "drive", NULL), 0);
	assert_int_equal(ew_test_load(plant.test, &ew_module, "control", FOLLOW), 0);
	assert_int_equal(ew_test_start(plant.test), 0);
	ew_test_advance(plant.test, EW_SECOND);
	assert_int_equal(owner->writes, 1); /* the fail-safe value alone */
	plant_up(&plant, EW_DEVICE_UP);
	assert_true(owner->value == 20);
	ew_test_free(&plant.test);
}

static void test_silence_of_an_input_lets_the_output_go_safe(void **state)
{
	struct plant plant;

	(void)state;
	begin(&plant,
	      "inputs: {level: {tag: \"plant:level\", stale: 5s}}\n"
	      "rules:\n"
	      "  follow: {value: level * 10,"
	      " write: {to: drive:valve, fail_safe: 7, lease: 900ms}}\n");
	plant_publish(&plant, ew_sample_f64(plant.level, 0, 2));
	ew_test_advance(plant.test, 5 * EW_SECOND - EW_MILLISECOND);
	assert_true(owner->value == 20);
	ew_test_advance(plant.test, EW_MILLISECOND + LEASE + 10 * EW_MILLISECOND);
	assert_true(owner->value == 7);
	ew_test_free(&plant.test);
}

static void test_a_stopped_instance_leaves_the_output_safe(void **state)
{
	struct plant plant;
	ew_dur last;

	(void)state;
	begin(&plant, FOLLOW);
	plant_publish(&plant, ew_sample_f64(plant.level, 0, 2));
	last = owner->at;
	assert_int_equal(ew_test_stop(plant.test, "control"), 0);
	ew_test_step(plant.test);
	assert_true(owner->value == 7);
	assert_true(owner->at - last <= LEASE + 10 * EW_MILLISECOND);
	ew_test_free(&plant.test);
}

static void test_a_hung_instance_lets_the_output_go_safe(void **state)
{
	struct plant plant;

	(void)state;
	begin(&plant, FOLLOW);
	plant_publish(&plant, ew_sample_f64(plant.level, 0, 2));
	ew_test_advance(plant.test, 3 * LEASE + LEASE / 2);
	assert_true(owner->value == 20);
	ew_test_hang(plant.test, "control");
	expect_safe(&plant);
	ew_test_hang(plant.test, NULL); /* and it goes on */
	ew_test_step(plant.test);
	assert_true(owner->value == 20);
	ew_test_free(&plant.test);
}

static void test_an_interlock_wins_and_lets_go(void **state)
{
	struct plant plant;

	(void)state;
	begin(&plant, INPUTS
	      "rules:\n"
	      "  follow: {value: temp, write: {to: drive:valve, fail_safe: 7}}\n"
	      "  full: {interlock: level > 3m,"
	      " write: {to: drive:valve, value: 0, fail_safe: 1}}\n");
	plant_publish(&plant, ew_sample_f64(plant.temp, 0, 55));
	plant_publish(&plant, ew_sample_f64(plant.level, 0, 1));
	assert_true(owner->value == 55);
	plant_publish(&plant, ew_sample_f64(plant.level, 0, 3.5));
	assert_true(owner->value == 0);
	plant_publish(&plant, ew_sample_f64(plant.temp, 0, 60));
	assert_true(owner->value == 0);
	assert_int_equal(ew_test_set(plant.test, "drive:valve", 50), -EBUSY);
	plant_publish(&plant, ew_sample_f64(plant.level, 0, 2));
	assert_true(owner->value == 60);
	plant_publish(&plant, ew_sample_none(plant.level, 0)); /* not known: it holds */
	assert_true(owner->value == 0);
	ew_test_free(&plant.test);
}

static void test_shadow_never_writes(void **state)
{
	struct plant plant;

	(void)state;
	begin(&plant, INPUTS
	      "rules:\n"
	      "  follow: {value: temp, shadow: yes, write: {to: drive:valve, fail_safe: 7}}\n");
	plant_publish(&plant, ew_sample_f64(plant.temp, 0, 55));
	ew_test_advance(plant.test, 10 * EW_SECOND);
	assert_int_equal(owner->writes, 0);
	assert_true(ew_test_number(plant.test, "control:follow") == 55);
	ew_test_free(&plant.test);
}

static void test_a_shadow_says_what_it_would_write_and_is_in_nobodys_way(void **state)
{
	struct plant plant;

	(void)state;
	begin(&plant, INPUTS
	      "rules:\n"
	      "  follow: {value: temp, write: {to: drive:valve, fail_safe: 7, lease: 900ms}}\n"
	      "  guard:\n"
	      "    interlock: level > 3m\n"
	      "    shadow: yes\n"
	      "    write: {to: drive:valve, value: 0, fail_safe: 0}\n");
	plant_publish(&plant, ew_sample_f64(plant.temp, 0, 55));
	assert_true(owner->value == 55); /* though an interlock knows nothing yet: it is none */
	plant_publish(&plant, ew_sample_f64(plant.level, 0, 4));
	ew_test_advance(plant.test, 10 * EW_SECOND);
	assert_true(owner->value == 55);
	assert_string_equal(owner->origin, "control");
	assert_int_equal(ew_test_count(plant.test, EW_TEST_EVENT, "rule.shadow"), 1);
	plant_publish(&plant, ew_sample_f64(plant.level, 0, 2));
	plant_publish(&plant, ew_sample_f64(plant.level, 0, 4));
	assert_int_equal(ew_test_count(plant.test, EW_TEST_EVENT, "rule.shadow"), 2);
	ew_test_free(&plant.test);
}

static void test_nothing_but_fail_safe_is_written_before_an_interlock_knows(void **state)
{
	struct plant plant;

	(void)state;
	begin(&plant, INPUTS
	      "rules:\n"
	      "  open: {value: 100, write: {to: drive:valve, fail_safe: 7}}\n"
	      "  guard:\n"
	      "    interlock: level > 3m\n"
	      "    write: {to: drive:valve, value: 0, fail_safe: 7}\n");
	ew_test_advance(plant.test, 10 * EW_SECOND);
	assert_int_equal(owner->writes, 1);
	assert_true(owner->value == 7);
	plant_publish(&plant, ew_sample_f64(plant.level, 0, 2));
	assert_true(owner->value == 100);
	ew_test_free(&plant.test);
}

static void test_deadband_and_interval_spare_the_actuator(void **state)
{
	struct plant plant;

	(void)state;
	begin(&plant, INPUTS
	      "rules:\n"
	      "  follow: {value: temp, write: {to: drive:valve, fail_safe: 7, deadband: 2,"
	      " min_interval: 5s, lease: 1h}}\n");
	plant_publish(&plant, ew_sample_f64(plant.temp, 0, 50));
	assert_int_equal(owner->writes, 2);
	ew_test_advance(plant.test, 6 * EW_SECOND);
	plant_publish(&plant, ew_sample_f64(plant.temp, 0, 51));
	assert_int_equal(owner->writes, 2);
	plant_publish(&plant, ew_sample_f64(plant.temp, 0, 53));
	assert_int_equal(owner->writes, 3);
	plant_publish(&plant, ew_sample_f64(plant.temp, 0, 60));
	assert_int_equal(owner->writes, 3); /* too soon */
	ew_test_advance(plant.test, 5 * EW_SECOND);
	assert_int_equal(owner->writes, 4);
	assert_true(owner->value == 60);
	ew_test_free(&plant.test);
}

static void test_what_has_no_number_is_never_written(void **state)
{
	struct plant plant;

	(void)state;
	begin(&plant, INPUTS
	      "rules:\n"
	      "  odd: {value: 100 / temp, write: {to: drive:valve, fail_safe: 7, lease: 900ms}}\n");
	plant_publish(&plant, ew_sample_f64(plant.temp, 0, 4));
	assert_true(owner->value == 25);
	plant_publish(&plant, ew_sample_f64(plant.temp, 0, 0));
	ew_test_advance(plant.test, LEASE + 10 * EW_MILLISECOND);
	assert_true(owner->value == 7);
	ew_test_free(&plant.test);
}

static void test_a_refusal_is_told_by_health(void **state)
{
	struct plant plant;
	const char *text = NULL;

	(void)state;
	plant_make(&plant, "access: {test: {write: [\"**:**\"]}}\n");
	assert_int_equal(ew_test_load(plant.test, &owner_module, "drive", NULL), 0);
	assert_int_equal(ew_test_load(plant.test, &ew_module, "control", FOLLOW), 0);
	assert_int_equal(ew_test_start(plant.test), 0);
	plant_publish(&plant, ew_sample_f64(plant.level, 0, 2));
	plant_publish(&plant, ew_sample_f64(plant.temp, 0, 2));
	plant_publish(&plant, ew_sample_bool(plant.run, 0, true));
	ew_test_advance(plant.test, EW_SECOND);
	assert_int_equal(ew_test_health(plant.test, "control", &text), EW_DEGRADED);
	assert_non_null(strstr(text, "output 'drive:valve'"));
	assert_int_equal(owner->writes, 0);
	ew_test_free(&plant.test);
}

#define LOOP INPUTS \
	"rules:\n" \
	"  loop:\n" \
	"    pid: {input: level, setpoint: 2m, gain: 10, integral: 10s, low: 0, high: 100}\n" \
	"    write: {to: drive:valve, fail_safe: 7, heartbeat: plant:beat}\n"

static void test_a_controller_is_taken_over_without_a_bump(void **state)
{
	struct plant plant;
	double before;

	(void)state;
	begin(&plant, LOOP);
	plant_publish(&plant, ew_sample_f64(plant.level, 0, 1));
	ew_test_advance(plant.test, 20 * EW_SECOND);
	before = ew_test_number(plant.test, "control:loop");
	assert_true(before > 15 && before < 35); /* 10 a 10 s, from 0 */
	assert_int_equal(ew_test_set(plant.test, "control:loop", 50), -EBUSY);
	assert_int_equal(ew_test_set(plant.test, "control:loop/Auto", 0), 0);
	assert_true(fabs(ew_test_number(plant.test, "control:loop") - before) < 0.2);
	assert_int_equal(ew_test_set(plant.test, "control:loop", 50), 0);
	ew_test_advance(plant.test, EW_SECOND);
	assert_true(owner->value == 50);
	assert_int_equal(ew_test_set(plant.test, "control:loop/Auto", 1), 0);
	assert_true(fabs(ew_test_number(plant.test, "control:loop") - 50) < 0.2);
	assert_int_equal(ew_test_set(plant.test, "control:loop/Setpoint", 1), 0);
	ew_test_advance(plant.test, EW_SECOND);
	before = ew_test_number(plant.test, "control:loop");
	ew_test_advance(plant.test, 100 * EW_SECOND); /* no error: it stays */
	assert_true(fabs(ew_test_number(plant.test, "control:loop") - before) < 1e-9);
	ew_test_free(&plant.test);
}

static void test_a_controller_does_not_wind_up(void **state)
{
	struct plant plant;
	double started;

	(void)state;
	begin(&plant, LOOP);
	plant_publish(&plant, ew_sample_f64(plant.level, 0, 0));
	ew_test_advance(plant.test, 3600 * EW_SECOND);
	assert_true(owner->value == 100);
	plant_publish(&plant, ew_sample_f64(plant.level, 0, 2.5)); /* above: it leaves at once */
	ew_test_advance(plant.test, EW_SECOND);
	started = owner->value;
	assert_true(started < 80);
	ew_test_free(&plant.test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_first_write_is_the_fail_safe_value),
		cmocka_unit_test(test_a_value_is_renewed_within_its_lease),
		cmocka_unit_test(test_a_bad_input_lets_the_output_go_safe),
		cmocka_unit_test(test_what_a_device_said_before_it_went_stale_does_not_count),
		cmocka_unit_test(test_silence_of_an_input_lets_the_output_go_safe),
		cmocka_unit_test(test_a_stopped_instance_leaves_the_output_safe),
		cmocka_unit_test(test_a_hung_instance_lets_the_output_go_safe),
		cmocka_unit_test(test_an_interlock_wins_and_lets_go),
		cmocka_unit_test(test_shadow_never_writes),
		cmocka_unit_test(test_a_shadow_says_what_it_would_write_and_is_in_nobodys_way),
		cmocka_unit_test(test_nothing_but_fail_safe_is_written_before_an_interlock_knows),
		cmocka_unit_test(test_deadband_and_interval_spare_the_actuator),
		cmocka_unit_test(test_what_has_no_number_is_never_written),
		cmocka_unit_test(test_a_refusal_is_told_by_health),
		cmocka_unit_test(test_a_controller_is_taken_over_without_a_bump),
		cmocka_unit_test(test_a_controller_does_not_wind_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
