/* SPDX-License-Identifier: Apache-2.0 */
/* Writes between two loops: every request has exactly one answer. */
#include <math.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "tests/unit/write_world.h"

static struct peer *owner, *asker;
static uint32_t tag;

static int setup(void **state)
{
	struct world *world;
	struct ew_tag_spec spec = world_spec("Speed");

	(void)world_setup(state);
	world = *state;
	owner = world_join(world, "pump", 0, 4);
	asker = world_join(world, "control", 1, 64);
	owner->replies = true;
	tag = world_declare(world, owner, &spec);
	world_allow_all(world);
	return 0;
}

static void assert_refused(int error, const char *text)
{
	assert_int_equal(asker->answers, 1);
	assert_int_equal(asker->status[0].result, EW_WRITE_REFUSED);
	assert_int_equal(asker->status[0].error, error);
	assert_non_null(strstr(asker->text, text));
	assert_int_equal(owner->writes, 0);
}

static void assert_line(const struct world *world, size_t back, const char *result)
{
	assert_true(world->line_count > back);
	assert_string_equal(world->lines[world->line_count - 1 - back].result, result);
}

static void test_a_request_that_is_none_is_refused_at_once(void **state)
{
	struct world *world = *state;
	struct ew_sample item = ew_sample_f64(tag, 0, 1), none = ew_sample_none(tag, 0);
	struct ew_write_request good = world_request(&item), request;
	struct ew_sample foreign[2] = { item, item };
	struct ew_tag_spec spec = world_spec("Own");

	foreign[1].tag = world_declare(world, asker, &spec);
	request = good;
	request.count = 0;
	assert_int_equal(endpoint_write(&asker->endpoint, &request), -EINVAL);
	request.count = EW_WRITE_ITEMS_MAX + 1;
	assert_int_equal(endpoint_write(&asker->endpoint, &request), -EINVAL);
	request = good;
	request.size = 8;
	assert_int_equal(endpoint_write(&asker->endpoint, &request), -EINVAL);
	request = good;
	request.priority = EW_PRIORITY_FAIL_SAFE;
	assert_int_equal(endpoint_write(&asker->endpoint, &request), -EINVAL);
	request = good;
	request.items = &none;
	assert_int_equal(endpoint_write(&asker->endpoint, &request), -EINVAL);
	request = good;
	request.items = foreign;
	request.count = 2;
	assert_int_equal(endpoint_write(&asker->endpoint, &request), -EINVAL);
	request = good;
	request.fail_safe = &item;
	assert_int_equal(endpoint_write(&asker->endpoint, &request), -EINVAL);
	request.lease = MS;
	request.fail_safe = &none;
	assert_int_equal(endpoint_write(&asker->endpoint, &request), -EINVAL);
	item.tag = 4711;
	assert_int_equal(endpoint_write(&asker->endpoint, &good), -ENOENT);

	world_pass(world, 10000 * MS);
	assert_int_equal(asker->answers, 0);
	assert_int_equal(world->line_count, 0);
}

static void test_a_full_queue_of_writes_refuses_at_once(void **state)
{
	struct world *world = *state;
	struct ew_sample item = ew_sample_f64(tag, 0, 1);
	struct ew_write_request request = world_request(&item);

	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(endpoint_write(&asker->endpoint, &request), 0);
	}
	assert_int_equal(endpoint_write(&asker->endpoint, &request), -ENOSPC);

	world_run(world);
	assert_int_equal(asker->answers, 4);
	assert_int_equal(owner->writes, 4);
}

static void test_an_owner_that_is_gone_is_answered_for_but_not_inside_the_call(void **state)
{
	struct world *world = *state;
	struct ew_sample item = ew_sample_f64(tag, 0, 1);
	struct ew_write_request request = world_request(&item);

	world_leave(world, owner);
	assert_int_equal(endpoint_write(&asker->endpoint, &request), 0);
	assert_int_equal(asker->answers, 0);

	world_run(world);
	assert_int_equal(asker->answers, 1);
	assert_int_equal(asker->status[0].result, EW_WRITE_REFUSED);
	assert_int_equal(asker->status[0].error, -ESHUTDOWN);
	assert_line(world, 0, "refused");
}

static void test_without_a_row_of_access_a_write_is_refused(void **state)
{
	struct world *world = *state;
	struct ew_sample item = ew_sample_f64(tag, 0, 1);
	struct ew_write_request request = world_request(&item);

	assert_int_equal(bus_set_access(&world->bus, NULL, 0, NULL), 0);
	assert_int_equal(endpoint_write(&asker->endpoint, &request), 0);
	world_run(world);
	assert_refused(-EACCES, "control");
	assert_line(world, 0, "refused");
	assert_string_equal(world->lines[0].origin, "control");
	assert_string_equal(world->lines[0].target, "pump-device:Speed");
	assert_string_equal(world->lines[0].value, "1");
}

static void test_a_local_administrator_needs_no_row_but_keeps_to_the_range(void **state)
{
	struct world *world = *state;
	struct ew_sample item = ew_sample_f64(tag, 0, 101);
	struct ew_write_request request = world_request(&item);

	assert_int_equal(bus_set_access(&world->bus, NULL, 0, NULL), 0);
	assert_int_equal(endpoint_write_as(&asker->endpoint, NULL, &request), 0);
	world_run(world);
	assert_refused(-ERANGE, "101");

	item.v.f = 99;
	assert_int_equal(endpoint_write_as(&asker->endpoint, NULL, &request), 0);
	world_run(world);
	assert_int_equal(asker->status[0].result, EW_WRITE_DONE);
	assert_string_equal(owner->origin, "local");
}

static void test_a_token_is_judged_and_audited_instead_of_the_endpoint(void **state)
{
	static const char *const everything[] = { "**" };
	struct access_rule rule = { .who = "token:ann", .write = everything, .write_count = 1,
				    .low = NAN, .high = NAN };
	struct world *world = *state;
	struct ew_sample item = ew_sample_f64(tag, 0, 1);
	struct ew_write_request request = world_request(&item);

	request.remote = "ann at 10.0.0.7";
	assert_int_equal(bus_set_access(&world->bus, &rule, 1, NULL), 0);
	assert_int_equal(endpoint_write_as(&asker->endpoint, "token:bob", &request), 0);
	world_run(world);
	assert_refused(-EACCES, "token:bob");
	assert_int_equal(endpoint_write_as(&asker->endpoint, "token:ann", &request), 0);
	world_run(world);
	assert_int_equal(asker->status[0].result, EW_WRITE_DONE);
	assert_string_equal(owner->origin, "token:ann");
	assert_string_equal(owner->remote, "ann at 10.0.0.7");
	assert_string_equal(world->lines[1].remote, "ann at 10.0.0.7");
}

static void test_one_bad_item_keeps_the_others_from_being_written(void **state)
{
	struct world *world = *state;
	struct ew_tag_spec spec = world_spec("Mode");
	struct ew_sample items[2] = { ew_sample_f64(tag, 0, 1), ew_sample_f64(tag, 0, 200) };
	struct ew_write_request request = world_request(items);

	items[1].tag = world_declare(world, owner, &spec);
	request.count = 2;
	assert_int_equal(endpoint_write(&asker->endpoint, &request), 0);
	world_run(world);
	assert_refused(-ECANCELED, "200");
	assert_int_equal(asker->status[1].result, EW_WRITE_REFUSED);
	assert_int_equal(asker->status[1].error, -ERANGE);
}

static void test_access_bits_decide_what_can_be_done_with_a_tag(void **state)
{
	struct world *world = *state;
	struct ew_tag_spec spec = world_spec("Reset");
	struct ew_sample item;
	struct ew_write_request request = world_request(&item);

	spec.access = EW_ACCESS_EXECUTE;
	item = ew_sample_f64(world_declare(world, owner, &spec), 0, 1);
	assert_int_equal(endpoint_write(&asker->endpoint, &request), 0);
	world_run(world);
	assert_refused(-EACCES, "not writable");
	request.op = EW_WRITE_REFRESH;
	assert_int_equal(endpoint_write(&asker->endpoint, &request), 0);
	world_run(world);
	assert_int_equal(asker->status[0].error, -EACCES);

	request.op = EW_WRITE_EXECUTE;
	item = ew_sample_none(item.tag, 0);
	assert_int_equal(endpoint_write(&asker->endpoint, &request), 0);
	world_run(world);
	assert_int_equal(asker->status[0].result, EW_WRITE_DONE);
	assert_int_equal(owner->op, EW_WRITE_EXECUTE);
	assert_int_equal(owner->items[0].type, EW_NONE);
}

static void test_to_refresh_needs_no_row_of_access(void **state)
{
	struct world *world = *state;
	struct ew_sample item = ew_sample_none(tag, 0);
	struct ew_write_request request = world_request(&item);

	assert_int_equal(bus_set_access(&world->bus, NULL, 0, NULL), 0);
	request.op = EW_WRITE_REFRESH;
	assert_int_equal(endpoint_write(&asker->endpoint, &request), 0);
	world_run(world);
	assert_int_equal(asker->status[0].result, EW_WRITE_DONE);
	assert_int_equal(owner->op, EW_WRITE_REFRESH);
}

static void test_a_request_past_its_deadline_is_never_handed_over(void **state)
{
	struct world *world = *state;
	struct ew_sample item = ew_sample_f64(tag, 0, 1);
	struct ew_write_request request = world_request(&item);

	request.timeout = 10 * MS;
	assert_int_equal(endpoint_write(&asker->endpoint, &request), 0);
	world->now += 11 * MS;
	world_step(world, 1);
	assert_refused(-ETIMEDOUT, "in time");

	world_run(world);
	assert_int_equal(owner->writes, 0);
	assert_int_equal(asker->answers, 1);
	assert_int_equal(world->bus.writes_refused, 1);
}

static void test_an_owner_past_the_deadline_refuses_before_the_requester_knows(void **state)
{
	struct world *world = *state;
	struct ew_sample item = ew_sample_f64(tag, 0, 1);
	struct ew_write_request request = world_request(&item);

	request.timeout = 10 * MS;
	assert_int_equal(endpoint_write(&asker->endpoint, &request), 0);
	world->now += 11 * MS;
	world_step(world, 0);
	assert_int_equal(asker->answers, 0);
	world_step(world, 1);
	assert_refused(-ETIMEDOUT, "in time");
}

static void test_no_answer_in_time_is_unknown_and_a_late_one_is_told_so(void **state)
{
	struct world *world = *state;
	struct ew_sample item = ew_sample_f64(tag, 0, 1);
	struct ew_write_request request = world_request(&item);

	owner->replies = false;
	request.timeout = 10 * MS;
	assert_int_equal(endpoint_write(&asker->endpoint, &request), 0);
	world_run(world);
	assert_int_equal(owner->open->not_after, world->now + 10 * MS);
	world_pass(world, 10 * MS);
	assert_int_equal(asker->answers, 1);
	assert_int_equal(asker->status[0].result, EW_WRITE_UNKNOWN);
	assert_int_equal(asker->status[0].error, -ETIMEDOUT);
	assert_line(world, 0, "unknown");

	assert_int_equal(endpoint_write_done(&owner->endpoint, &owner->open, NULL), -ETIMEDOUT);
	assert_null(owner->open);
	world_run(world);
	assert_int_equal(asker->answers, 1);
	assert_int_equal(world->bus.writes_unknown, 1);
	assert_int_equal(world->bus.writes_late, 1);
	assert_line(world, 0, "late");
}

static void test_an_answer_is_delivered_once_with_its_token_and_its_text(void **state)
{
	struct world *world = *state;
	struct ew_sample item = ew_sample_f64(tag, 0, 12.5);
	struct ew_write_request request = world_request(&item);

	request.token = 99;
	assert_int_equal(endpoint_write(&asker->endpoint, &request), 0);
	assert_int_equal(asker->answers, 0);
	world_run(world);
	assert_int_equal(asker->answers, 1);
	assert_int_equal(asker->token, 99);
	assert_string_equal(asker->text, "");
	assert_true(owner->items[0].v.f == 12.5);
	assert_int_equal(owner->priority, EW_PRIORITY_RULE);
	assert_line(world, 1, "handed");
	assert_line(world, 0, "done");
	world_pass(world, 10000 * MS);
	assert_int_equal(asker->answers, 1);
}

static void test_an_owner_may_refuse_now_or_answer_later(void **state)
{
	struct world *world = *state;
	struct ew_sample item = ew_sample_f64(tag, 0, 1);
	struct ew_write_request request = world_request(&item);

	owner->replies = false;
	assert_int_equal(endpoint_write(&asker->endpoint, &request), 0);
	world_run(world);
	assert_int_equal(asker->answers, 0);
	assert_int_equal(endpoint_write_refuse(&owner->endpoint, &owner->open, -EIO), 0);
	assert_int_equal(asker->answers, 0);
	world_run(world);
	assert_int_equal(asker->status[0].result, EW_WRITE_REFUSED);
	assert_int_equal(asker->status[0].error, -EIO);
	assert_true(strlen(asker->text) > 0);
}

static void test_an_owner_gets_text_of_its_own_and_not_after_its_tag_is_gone(void **state)
{
	struct world *world = *state;
	struct ew_tag_spec spec = world_spec("Name");
	char name[] = "alpha";
	struct ew_sample item;
	struct ew_write_request request = world_request(&item);

	spec.type = EW_TYPE_TEXT;
	item = ew_sample_text(world_declare(world, owner, &spec), 0, name, 5);
	assert_int_equal(endpoint_write(&asker->endpoint, &request), 0);
	name[0] = 'X';
	world_run(world);
	assert_string_equal(owner->item_text, "alpha");

	assert_int_equal(endpoint_write(&asker->endpoint, &request), 0);
	registry_bury_tag(&world->bus.registry, item.tag);
	world_run(world);
	assert_int_equal(owner->writes, 1);
	assert_int_equal(asker->status[0].error, -ENOENT);
}

static void test_an_owner_that_stops_answers_unknown_for_what_it_has(void **state)
{
	struct world *world = *state;
	struct ew_sample item = ew_sample_f64(tag, 0, 1);
	struct ew_write_request request = world_request(&item);

	owner->replies = false;
	assert_int_equal(endpoint_write(&asker->endpoint, &request), 0);
	world_run(world);
	assert_int_equal(endpoint_write(&asker->endpoint, &request), 0);
	world_leave(world, owner);
	world_step(world, 1);
	assert_int_equal(asker->answers, 2);
	assert_int_equal(world->bus.writes_unknown, 1);
	assert_int_equal(world->bus.writes_refused, 1);
}

static void test_a_requester_that_stops_is_answered_no_more(void **state)
{
	struct world *world = *state;
	struct ew_sample item = ew_sample_f64(tag, 0, 1);
	struct ew_write_request request = world_request(&item);

	owner->replies = false;
	assert_int_equal(endpoint_write(&asker->endpoint, &request), 0);
	world_run(world);
	assert_int_equal(endpoint_write(&asker->endpoint, &request), 0);
	world_leave(world, asker);
	asker = world_join(world, "control", 2, 64);
	assert_int_equal(endpoint_write_done(&owner->endpoint, &owner->open, NULL), 0);
	world_run(world);
	assert_int_equal(owner->writes, 1);
	assert_int_equal(asker->answers, 0);
}

static void test_an_instance_may_write_to_itself(void **state)
{
	struct world *world = *state;
	struct ew_sample item = ew_sample_f64(tag, 0, 1);
	struct ew_write_request request = world_request(&item);

	assert_int_equal(endpoint_write(&owner->endpoint, &request), 0);
	assert_int_equal(owner->writes, 0);
	world_run(world);
	assert_int_equal(owner->writes, 1);
	assert_int_equal(owner->answers, 1);
}

static void test_unanswered_writes_are_bounded(void **state)
{
	struct world *world = *state;
	struct ew_sample item = ew_sample_f64(tag, 0, 1);
	struct ew_write_request request = world_request(&item);

	owner->replies = false;
	for (unsigned i = 0; i < 1024; i++) {
		assert_int_equal(endpoint_write(&asker->endpoint, &request), 0);
		world_run(world);
	}
	assert_int_equal(asker->answers, 0);
	assert_int_equal(endpoint_write(&asker->endpoint, &request), 0);
	world_run(world);
	assert_int_equal(asker->answers, 1);
	assert_int_equal(asker->status[0].error, -ENOSPC);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_request_that_is_none_is_refused_at_once),
		TEST(test_a_full_queue_of_writes_refuses_at_once),
		TEST(test_an_owner_that_is_gone_is_answered_for_but_not_inside_the_call),
		TEST(test_without_a_row_of_access_a_write_is_refused),
		TEST(test_a_local_administrator_needs_no_row_but_keeps_to_the_range),
		TEST(test_a_token_is_judged_and_audited_instead_of_the_endpoint),
		TEST(test_one_bad_item_keeps_the_others_from_being_written),
		TEST(test_access_bits_decide_what_can_be_done_with_a_tag),
		TEST(test_to_refresh_needs_no_row_of_access),
		TEST(test_a_request_past_its_deadline_is_never_handed_over),
		TEST(test_an_owner_past_the_deadline_refuses_before_the_requester_knows),
		TEST(test_no_answer_in_time_is_unknown_and_a_late_one_is_told_so),
		TEST(test_an_answer_is_delivered_once_with_its_token_and_its_text),
		TEST(test_an_owner_may_refuse_now_or_answer_later),
		TEST(test_an_owner_gets_text_of_its_own_and_not_after_its_tag_is_gone),
		TEST(test_an_owner_that_stops_answers_unknown_for_what_it_has),
		TEST(test_a_requester_that_stops_is_answered_no_more),
		TEST(test_an_instance_may_write_to_itself),
		TEST(test_unanswered_writes_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
