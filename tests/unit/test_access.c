/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of `access:`: who may write what, how much, how often. */
#include <math.h>
#include <string.h>

#include "core/base/error.h"
#include "core/bus/access.h"
#include "core/bus/inside.h"

#include "tests/unit/unit.h"

static struct bus *bus_of(void **state)
{
	static struct bus bus;

	(void)state;
	return &bus;
}

static int setup(void **state)
{
	struct bus *bus = bus_of(state);

	memset(bus, 0, sizeof(*bus));
	(void)pthread_mutex_init(&bus->access_lock, NULL);
	return 0;
}

static int teardown(void **state)
{
	access_unref(&bus_of(state)->access);
	return 0;
}

static const char *const speed[] = { "pump-*:Speed" };

static struct access_rule rule_of(const char *who)
{
	return (struct access_rule){
		.who = who,
		.write = speed,
		.write_count = 1,
		.low = NAN,
		.high = NAN,
	};
}

static int ask(void **state, const struct access_query *query)
{
	struct access *access = access_get(bus_of(state));
	struct reason reason;
	bool allowed = access_judge(access, query, &reason) != NULL;

	access_unref(&access);
	if (!allowed) {
		assert_true(strlen(reason.text) > 0);
	}
	return allowed ? 0 : reason.error;
}

static struct ew_sample ten;

static struct access_query query_of(const char *who)
{
	ten = ew_sample_f64(1, 0, 10);
	return (struct access_query){
		.who = who,
		.op = EW_WRITE_SET,
		.priority = EW_PRIORITY_RULE,
		.device = "pump-1",
		.tag = "Speed",
		.value = &ten,
	};
}

static void test_nobody_may_write_when_nothing_is_said(void **state)
{
	struct access_query query = query_of("control");

	assert_int_equal(ask(state, &query), -EACCES);
}

static void test_a_wrong_row_is_refused_and_the_old_rows_stay(void **state)
{
	static const char *const broken[] = { ":Speed" };
	struct access_rule rule = rule_of("control");
	struct access_query query = query_of("control");
	struct ew_error err;

	error_clear(&err);
	assert_int_equal(bus_set_access(bus_of(state), &rule, 1, NULL), 0);
	rule.write = broken;
	assert_int_equal(bus_set_access(bus_of(state), &rule, 1, &err), -EINVAL);
	assert_true(error_is_set(&err));
	rule = rule_of("control");
	rule.priority_max = EW_PRIORITY_FAIL_SAFE;
	assert_int_equal(bus_set_access(bus_of(state), &rule, 1, &err), -EINVAL);
	rule = rule_of("");
	assert_int_equal(bus_set_access(bus_of(state), &rule, 1, &err), -EINVAL);
	rule = rule_of("control");
	rule.rate = -1;
	assert_int_equal(bus_set_access(bus_of(state), &rule, 1, &err), -EINVAL);
	rule = rule_of("control");
	rule.low = 5;
	rule.high = 4;
	assert_int_equal(bus_set_access(bus_of(state), &rule, 1, &err), -EINVAL);

	assert_int_equal(ask(state, &query), 0);
}

static void test_a_row_allows_its_own_tags_to_its_own_name_only(void **state)
{
	struct access_rule rule = rule_of("control");
	struct access_query query = query_of("control");

	assert_int_equal(bus_set_access(bus_of(state), &rule, 1, NULL), 0);
	assert_int_equal(ask(state, &query), 0);
	query.tag = "Flow";
	assert_int_equal(ask(state, &query), -EACCES);
	query = query_of("token:control");
	assert_int_equal(ask(state, &query), -EACCES);

	assert_int_equal(bus_set_access(bus_of(state), NULL, 0, NULL), 0);
	query = query_of("control");
	assert_int_equal(ask(state, &query), -EACCES);
}

static void test_values_outside_the_range_are_refused_and_text_has_none(void **state)
{
	struct access_rule rule = rule_of("control");
	struct access_query query = query_of("control");
	struct ew_sample value = ew_sample_f64(1, 0, 50.5);

	rule.low = 10;
	rule.high = 50;
	assert_int_equal(bus_set_access(bus_of(state), &rule, 1, NULL), 0);
	assert_int_equal(ask(state, &query), 0);
	query.value = &value;
	assert_int_equal(ask(state, &query), -ERANGE);
	value = ew_sample_i64(1, 0, 9);
	assert_int_equal(ask(state, &query), -ERANGE);
	value = ew_sample_text(1, 0, "on", 2);
	assert_int_equal(ask(state, &query), 0);
}

static void test_to_execute_needs_the_word(void **state)
{
	struct access_rule rules[] = { rule_of("control"), rule_of("operator") };
	struct access_query query = query_of("control");

	rules[1].execute = true;
	assert_int_equal(bus_set_access(bus_of(state), rules, 2, NULL), 0);
	query.op = EW_WRITE_EXECUTE;
	assert_int_equal(ask(state, &query), -EACCES);
	query.who = "operator";
	assert_int_equal(ask(state, &query), 0);
}

static void test_a_row_for_execute_lets_nobody_set(void **state)
{
	struct access_rule rules[] = { rule_of("control") };
	struct access_query query = query_of("control");

	rules[0].execute = true;
	rules[0].no_set = true;
	assert_int_equal(bus_set_access(bus_of(state), rules, 1, NULL), 0);
	query.op = EW_WRITE_SET;
	assert_int_equal(ask(state, &query), -EACCES);
	query.op = EW_WRITE_EXECUTE;
	assert_int_equal(ask(state, &query), 0);
}

static void test_priority_is_limited_by_kind_of_name_or_by_word(void **state)
{
	struct access_rule rules[] = { rule_of("control"), rule_of("token:ann"), rule_of("lock") };
	struct access_query query = query_of("control");

	rules[2].priority_max = EW_PRIORITY_INTERLOCK;
	assert_int_equal(bus_set_access(bus_of(state), rules, 3, NULL), 0);
	query.priority = EW_PRIORITY_RULE + 1;
	assert_int_equal(ask(state, &query), -EACCES);
	query.who = "token:ann";
	assert_int_equal(ask(state, &query), 0);
	query.priority = EW_PRIORITY_OPERATOR + 1;
	assert_int_equal(ask(state, &query), -EACCES);
	query.who = "lock";
	assert_int_equal(ask(state, &query), 0);
}

static void test_a_second_row_may_allow_what_the_first_does_not(void **state)
{
	struct access_rule rules[] = { rule_of("control"), rule_of("control") };
	struct access_query query = query_of("control");

	rules[0].high = 5;
	assert_int_equal(bus_set_access(bus_of(state), rules, 2, NULL), 0);
	assert_int_equal(ask(state, &query), 0);
}

static void test_a_rate_lets_a_second_worth_through_and_then_its_share(void **state)
{
	struct access_rule rule = rule_of("control");
	struct access_query query = query_of("control");
	struct access_entry *entry;
	struct access *access;
	struct reason reason;
	int64_t now = 5000;
	unsigned passed = 0;

	rule.rate = 10;
	assert_int_equal(bus_set_access(bus_of(state), &rule, 1, NULL), 0);
	access = access_get(bus_of(state));
	entry = access_judge(access, &query, &reason);
	while (access_charge(entry, now) && passed < 100) {
		passed++;
	}
	assert_int_equal(passed, 10);
	assert_false(access_charge(entry, now + 99 * INT64_C(1000000)));
	assert_true(access_charge(entry, now + 100 * INT64_C(1000000)));
	assert_false(access_charge(entry, now + 100 * INT64_C(1000000)));
	access_unref(&access);
}

static void test_a_rate_below_one_a_second_allows_one_at_a_time(void **state)
{
	struct access_rule rule = rule_of("control");
	struct access_query query = query_of("control");
	struct access_entry *entry;
	struct access *access;
	struct reason reason;

	rule.rate = 0.5;
	assert_int_equal(bus_set_access(bus_of(state), &rule, 1, NULL), 0);
	access = access_get(bus_of(state));
	entry = access_judge(access, &query, &reason);
	assert_true(access_charge(entry, 0));
	assert_false(access_charge(entry, INT64_C(1999999999)));
	assert_true(access_charge(entry, INT64_C(2000000000)));
	access_unref(&access);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nobody_may_write_when_nothing_is_said),
		TEST(test_a_wrong_row_is_refused_and_the_old_rows_stay),
		TEST(test_a_row_allows_its_own_tags_to_its_own_name_only),
		TEST(test_values_outside_the_range_are_refused_and_text_has_none),
		TEST(test_to_execute_needs_the_word),
		TEST(test_a_row_for_execute_lets_nobody_set),
		TEST(test_priority_is_limited_by_kind_of_name_or_by_word),
		TEST(test_a_second_row_may_allow_what_the_first_does_not),
		TEST(test_a_rate_lets_a_second_worth_through_and_then_its_share),
		TEST(test_a_rate_below_one_a_second_allows_one_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
