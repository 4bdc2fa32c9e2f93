/* SPDX-License-Identifier: Apache-2.0 */
/* Leases: who holds a tag, who may override, and what makes it safe. */
#include <string.h>

#include "tests/unit/unit.h"
#include "tests/unit/write_world.h"

static struct peer *owner, *control, *rules;
static uint32_t speed, valve;

static int setup(void **state)
{
	struct world *world;
	struct ew_tag_spec spec = world_spec("Speed");

	(void)world_setup(state);
	world = *state;
	owner = world_join(world, "pump", 0, 64);
	control = world_join(world, "control", 1, 64);
	rules = world_join(world, "rules", 2, 64);
	owner->replies = true;
	speed = world_declare(world, owner, &spec);
	spec.name = "Valve";
	valve = world_declare(world, owner, &spec);
	world_allow_all(world);
	return 0;
}

/* Ask for a lease of 100 ms on both tags, with fail-safe values 1 and 2. */
static void take_both(struct world *world, struct peer *peer, unsigned priority)
{
	struct ew_sample items[2] = { ew_sample_f64(speed, 0, 50), ew_sample_f64(valve, 0, 60) };
	struct ew_sample safe[2] = { ew_sample_f64(speed, 0, 1), ew_sample_f64(valve, 0, 2) };
	struct ew_write_request request = world_request(items);

	request.count = 2;
	request.priority = priority;
	request.lease = 100 * MS;
	request.fail_safe = safe;
	assert_int_equal(endpoint_write(&peer->endpoint, &request), 0);
	world_run(world);
}

/* Write one value; the answer's status. */
static struct ew_write_status set(struct world *world, struct peer *peer, uint32_t tag,
				  unsigned priority)
{
	struct ew_sample item = ew_sample_f64(tag, 0, 70);
	struct ew_write_request request = world_request(&item);

	request.priority = priority;
	assert_int_equal(endpoint_write(&peer->endpoint, &request), 0);
	world_run(world);
	return peer->status[0];
}

static void test_another_of_equal_or_lower_priority_is_busy_and_told_the_holder(void **state)
{
	struct world *world = *state;

	take_both(world, control, 8);
	assert_int_equal(set(world, rules, speed, 5).error, -EBUSY);
	assert_non_null(strstr(rules->text, "held by control at priority 8"));
	assert_int_equal(set(world, rules, valve, 8).error, -EBUSY);
	assert_int_equal(rules->status[0].result, EW_WRITE_REFUSED);
	assert_int_equal(owner->writes, 1);
}

static void test_a_group_is_refused_as_a_whole_when_one_tag_is_held(void **state)
{
	struct world *world = *state;
	struct ew_tag_spec spec = world_spec("Free");
	struct ew_sample items[2] = { ew_sample_f64(0, 0, 1), ew_sample_f64(valve, 0, 1) };
	struct ew_write_request request = world_request(items);

	items[0].tag = world_declare(world, owner, &spec);
	take_both(world, control, 8);
	request.count = 2;
	assert_int_equal(endpoint_write(&rules->endpoint, &request), 0);
	world_run(world);
	assert_int_equal(rules->status[0].error, -ECANCELED);
	assert_int_equal(rules->status[1].error, -EBUSY);
	assert_int_equal(owner->writes, 1);
}

static void test_fail_safe_values_are_checked_like_any_write(void **state)
{
	struct world *world = *state;
	struct ew_sample item = ew_sample_f64(speed, 0, 1), safe = ew_sample_f64(speed, 0, 101);
	struct ew_write_request request = world_request(&item);

	request.lease = 100 * MS;
	request.fail_safe = &safe;
	assert_int_equal(endpoint_write(&control->endpoint, &request), 0);
	world_run(world);
	assert_int_equal(control->status[0].error, -ERANGE);
	assert_int_equal(owner->writes, 0);
	assert_true(list_is_empty(&owner->endpoint.leases));
}

static void test_the_holder_itself_writes_on(void **state)
{
	struct world *world = *state;

	take_both(world, control, 8);
	assert_int_equal(set(world, control, speed, 5).result, EW_WRITE_DONE);
}

static void test_a_lease_that_runs_out_writes_its_values_in_one_request(void **state)
{
	struct world *world = *state;

	take_both(world, control, 8);
	world_pass(world, 99 * MS);
	assert_int_equal(owner->writes, 1);

	world_pass(world, 1 * MS);
	assert_int_equal(owner->writes, 2);
	assert_int_equal(owner->item_count, 2);
	assert_int_equal(owner->priority, EW_PRIORITY_FAIL_SAFE);
	assert_string_equal(owner->origin, "fail-safe");
	assert_string_equal(owner->remote, "control");
	assert_true(owner->items[0].v.f == 1.0 && owner->items[1].v.f == 2.0);
	assert_string_equal(world->lines[world->line_count - 2].what, "fail_safe");
	assert_string_equal(world->lines[world->line_count - 2].result, "handed");
	assert_non_null(strstr(world->lines[world->line_count - 2].text, "not renewed"));
	assert_string_equal(world->lines[world->line_count - 1].result, "done");

	assert_int_equal(set(world, rules, speed, 5).result, EW_WRITE_DONE);
	world_pass(world, 10000 * MS);
	assert_int_equal(owner->writes, 3);
}

static void test_a_lease_that_is_renewed_goes_on(void **state)
{
	struct world *world = *state;

	for (unsigned i = 0; i < 5; i++) {
		take_both(world, control, 8);
		world_pass(world, 90 * MS);
	}
	assert_int_equal(owner->writes, 5);
	world_pass(world, 10 * MS);
	assert_int_equal(owner->writes, 6);
}

static void test_a_lease_cannot_be_renewed_once_it_has_run_out(void **state)
{
	struct world *world = *state;

	take_both(world, control, 8);
	/* the owner's loop was held up: the request is there before the timer has run */
	world->now += 150 * MS;
	take_both(world, control, 8);
	assert_int_equal(owner->writes, 3);
	assert_string_equal(world->lines[2].what, "fail_safe");
	assert_string_equal(world->lines[2].result, "handed");
	assert_string_equal(world->lines[4].origin, "control");
	assert_int_equal(control->status[0].result, EW_WRITE_DONE);
	assert_int_equal(owner->priority, 8);

	world_pass(world, 100 * MS);
	assert_int_equal(owner->writes, 4);
}

static void test_a_lease_given_up_too_late_makes_its_tags_safe(void **state)
{
	struct world *world = *state;

	take_both(world, control, 8);
	world->now += 150 * MS;
	assert_int_equal(endpoint_lease_end(&control->endpoint, speed), 0);
	world_run(world);
	assert_int_equal(owner->writes, 2);
	assert_int_equal(owner->item_count, 2);
	assert_int_equal(owner->priority, EW_PRIORITY_FAIL_SAFE);
}

static void test_a_renewal_in_time_counts_though_the_owner_comes_to_it_late(void **state)
{
	struct world *world = *state;
	struct ew_sample item = ew_sample_f64(speed, 0, 50), safe = ew_sample_f64(speed, 0, 1);
	struct ew_write_request request = world_request(&item);

	request.lease = 100 * MS;
	request.fail_safe = &safe;
	assert_int_equal(endpoint_write(&control->endpoint, &request), 0);
	world_run(world);
	world->now += 90 * MS;
	assert_int_equal(endpoint_write(&control->endpoint, &request), 0);
	world_pass(world, 60 * MS);
	assert_int_equal(owner->writes, 2);
	world_pass(world, 100 * MS);
	assert_int_equal(owner->writes, 3);
}

static void test_a_lease_without_values_ends_without_a_write(void **state)
{
	struct world *world = *state;
	struct ew_sample item = ew_sample_f64(speed, 0, 1);
	struct ew_write_request request = world_request(&item);

	request.lease = 100 * MS;
	assert_int_equal(endpoint_write(&control->endpoint, &request), 0);
	world_run(world);
	assert_int_equal(set(world, rules, speed, 5).error, -EBUSY);
	world_pass(world, 100 * MS);
	assert_int_equal(set(world, rules, speed, 5).result, EW_WRITE_DONE);
	assert_int_equal(owner->writes, 2);
}

static void test_a_holder_that_stops_makes_its_tags_safe_at_once(void **state)
{
	struct world *world = *state;

	take_both(world, control, 8);
	world_leave(world, control);
	world_run(world);
	assert_int_equal(owner->writes, 2);
	assert_string_equal(owner->origin, "fail-safe");
	assert_true(list_is_empty(&owner->endpoint.leases));
}

static void test_a_higher_priority_passes_and_the_lease_stays(void **state)
{
	struct world *world = *state;

	take_both(world, control, 5);
	assert_int_equal(set(world, rules, speed, 8).result, EW_WRITE_DONE);
	assert_int_equal(set(world, rules, speed, 5).error, -EBUSY);
	world_pass(world, 100 * MS);
	assert_string_equal(owner->origin, "fail-safe");
	assert_int_equal(owner->item_count, 2);
}

static void test_a_higher_lease_takes_over_without_a_fail_safe_write(void **state)
{
	struct world *world = *state;
	struct ew_sample item = ew_sample_f64(speed, 0, 33);
	struct ew_write_request request = world_request(&item);

	take_both(world, control, 5);
	request.priority = 8;
	request.lease = 500 * MS;
	assert_int_equal(endpoint_write(&rules->endpoint, &request), 0);
	world_run(world);
	assert_int_equal(rules->status[0].result, EW_WRITE_DONE);
	assert_int_equal(owner->writes, 2);
	assert_int_equal(set(world, control, speed, 5).error, -EBUSY);

	/* the valve is still control's */
	world_pass(world, 100 * MS);
	assert_int_equal(owner->writes, 3);
	assert_int_equal(owner->item_count, 1);
	assert_int_equal(owner->items[0].tag, valve);
	world_leave(world, control);
	world_run(world);
	assert_int_equal(owner->writes, 3);
}

static void test_a_lease_given_up_ends_without_a_fail_safe_write(void **state)
{
	struct world *world = *state;

	assert_int_equal(endpoint_lease_end(&control->endpoint, 4711), -ENOENT);
	assert_int_equal(endpoint_lease_end(&control->endpoint, speed), 0);
	take_both(world, control, 8);
	assert_int_equal(endpoint_lease_end(&rules->endpoint, speed), 0);
	world_run(world);
	assert_int_equal(set(world, rules, speed, 5).error, -EBUSY);
	assert_int_equal(endpoint_lease_end(&control->endpoint, speed), 0);
	world_run(world);
	assert_int_equal(set(world, rules, speed, 5).result, EW_WRITE_DONE);
	assert_int_equal(set(world, rules, valve, 5).error, -EBUSY);
	assert_int_equal(endpoint_lease_end(&control->endpoint, valve), 0);
	world_pass(world, 10000 * MS);
	assert_int_equal(owner->writes, 2);
}

static void test_a_write_that_was_never_handed_over_takes_no_lease(void **state)
{
	struct world *world = *state;
	struct ew_sample item = ew_sample_f64(speed, 0, 1);
	struct ew_write_request request = world_request(&item);

	request.lease = 100 * MS;
	request.fail_safe = &item;
	request.timeout = 10 * MS;
	assert_int_equal(endpoint_write(&control->endpoint, &request), 0);
	world->now += 20 * MS;
	world_step(world, 1);
	world_run(world);
	assert_int_equal(control->status[0].error, -ETIMEDOUT);
	assert_true(list_is_empty(&owner->endpoint.leases));
	world_pass(world, 1000 * MS);
	assert_int_equal(owner->writes, 0);
}

static void test_a_tag_that_is_gone_is_left_out_of_the_fail_safe_write(void **state)
{
	struct world *world = *state;

	take_both(world, control, 8);
	registry_bury_tag(&world->bus.registry, speed);
	world_pass(world, 100 * MS);
	assert_int_equal(owner->writes, 2);
	assert_int_equal(owner->item_count, 1);
	assert_int_equal(owner->items[0].tag, valve);
}

static void test_a_fail_safe_write_without_an_answer_is_audited_as_unknown(void **state)
{
	struct world *world = *state;

	take_both(world, control, 8);
	owner->replies = false;
	world_pass(world, 100 * MS);
	assert_int_equal(owner->writes, 2);
	world_pass(world, 5000 * MS);
	assert_string_equal(world->lines[world->line_count - 1].what, "fail_safe");
	assert_string_equal(world->lines[world->line_count - 1].result, "unknown");
	assert_int_equal(endpoint_write_done(&owner->endpoint, &owner->open, NULL), -ETIMEDOUT);
	assert_true(list_is_empty(&owner->endpoint.open_writes));
}

static void test_an_owner_that_stops_ends_the_leases_on_its_tags(void **state)
{
	struct world *world = *state;

	take_both(world, control, 8);
	world_leave(world, owner);
	world_pass(world, 10000 * MS);
	owner = world_join(world, "pump", 0, 64);
	owner->replies = true;
	assert_int_equal(set(world, rules, speed, 5).result, EW_WRITE_DONE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_another_of_equal_or_lower_priority_is_busy_and_told_the_holder),
		TEST(test_a_group_is_refused_as_a_whole_when_one_tag_is_held),
		TEST(test_fail_safe_values_are_checked_like_any_write),
		TEST(test_the_holder_itself_writes_on),
		TEST(test_a_lease_that_runs_out_writes_its_values_in_one_request),
		TEST(test_a_lease_that_is_renewed_goes_on),
		TEST(test_a_lease_cannot_be_renewed_once_it_has_run_out),
		TEST(test_a_lease_given_up_too_late_makes_its_tags_safe),
		TEST(test_a_renewal_in_time_counts_though_the_owner_comes_to_it_late),
		TEST(test_a_lease_without_values_ends_without_a_write),
		TEST(test_a_holder_that_stops_makes_its_tags_safe_at_once),
		TEST(test_a_higher_priority_passes_and_the_lease_stays),
		TEST(test_a_higher_lease_takes_over_without_a_fail_safe_write),
		TEST(test_a_lease_given_up_ends_without_a_fail_safe_write),
		TEST(test_a_write_that_was_never_handed_over_takes_no_lease),
		TEST(test_a_tag_that_is_gone_is_left_out_of_the_fail_safe_write),
		TEST(test_a_fail_safe_write_without_an_answer_is_audited_as_unknown),
		TEST(test_an_owner_that_stops_ends_the_leases_on_its_tags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
