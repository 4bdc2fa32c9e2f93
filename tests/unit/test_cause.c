/* SPDX-License-Identifier: Apache-2.0 */
/* From the wire's codes to names. */
#include "core/uplink/cause.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/unit.h"

static void test_every_cause_has_a_word_and_a_text_of_its_own(void **state)
{
	int a;
	int b;

	(void)state;
	for (a = 0; a < EW_UPLINK_CAUSE_COUNT; a++) {
		assert_true(strlen(cause_text((enum ew_uplink_cause)a)) > 0);
		for (b = 0; b < a; b++) {
			assert_string_not_equal(cause_name((enum ew_uplink_cause)a),
						cause_name((enum ew_uplink_cause)b));
		}
	}
}

static void test_refusals_of_both_versions(void **state)
{
	(void)state;
	assert_int_equal(cause_of_connack(4, 1), EW_UPLINK_PROTOCOL);
	assert_int_equal(cause_of_connack(4, 2), EW_UPLINK_CLIENT_ID);
	assert_int_equal(cause_of_connack(4, 3), EW_UPLINK_UNAVAILABLE);
	assert_int_equal(cause_of_connack(4, 4), EW_UPLINK_CREDENTIALS);
	assert_int_equal(cause_of_connack(4, 5), EW_UPLINK_DENIED);
	assert_int_equal(cause_of_connack(4, 77), EW_UPLINK_BAD_PACKET);
	assert_int_equal(cause_of_connack(5, 1), EW_UPLINK_PROTOCOL); /* of an old broker */
	assert_int_equal(cause_of_connack(5, 0x84), EW_UPLINK_PROTOCOL);
	assert_int_equal(cause_of_connack(5, 0x85), EW_UPLINK_CLIENT_ID);
	assert_int_equal(cause_of_connack(5, 0x86), EW_UPLINK_CREDENTIALS);
	assert_int_equal(cause_of_connack(5, 0x87), EW_UPLINK_DENIED);
	assert_int_equal(cause_of_connack(5, 0x8a), EW_UPLINK_DENIED);
	assert_int_equal(cause_of_connack(5, 0x89), EW_UPLINK_UNAVAILABLE);
	assert_int_equal(cause_of_connack(5, 0x90), EW_UPLINK_DISCONNECTED);
}

static void test_disconnects_of_the_server(void **state)
{
	(void)state;
	assert_int_equal(cause_of_disconnect(0x8e), EW_UPLINK_TAKEN_OVER);
	assert_int_equal(cause_of_disconnect(0x8d), EW_UPLINK_KEEP_ALIVE);
	assert_int_equal(cause_of_disconnect(0x8b), EW_UPLINK_UNAVAILABLE);
	assert_int_equal(cause_of_disconnect(0x87), EW_UPLINK_DENIED);
	assert_int_equal(cause_of_disconnect(0x82), EW_UPLINK_BAD_PACKET);
	assert_int_equal(cause_of_disconnect(0x98), EW_UPLINK_DISCONNECTED);
}

static void test_errors_of_sockets_and_acks(void **state)
{
	(void)state;
	assert_int_equal(cause_of_errno(ECONNREFUSED), EW_UPLINK_REFUSED);
	assert_int_equal(cause_of_errno(ENETUNREACH), EW_UPLINK_UNREACHABLE);
	assert_int_equal(cause_of_errno(ETIMEDOUT), EW_UPLINK_TIMEOUT);
	assert_int_equal(cause_of_errno(EMFILE), EW_UPLINK_INTERNAL);
	assert_int_equal(cause_of_errno(ECONNRESET), EW_UPLINK_LOST);
	assert_int_equal(cause_errno_of_reason(0), 0);
	assert_int_equal(cause_errno_of_reason(0x10), 0); /* no matching subscribers */
	assert_int_equal(cause_errno_of_reason(0x80), -EACCES);
	assert_int_equal(cause_errno_of_reason(0x87), -EACCES);
	assert_int_equal(cause_errno_of_reason(0x95), -EMSGSIZE);
	assert_int_equal(cause_errno_of_reason(0x9b), -ENOTSUP);
	assert_int_equal(cause_errno_of_reason(0x97), -EDQUOT);
	assert_int_equal(cause_errno_of_reason(0x83), -EPROTO);
}

static void test_the_first_failure_stays(void **state)
{
	struct failure failure;

	(void)state;
	memset(&failure, 0, sizeof(failure));

	failure_set(&failure, EW_UPLINK_TLS_HOST, "name of '%s'", "b1");
	failure_set(&failure, EW_UPLINK_LOST, "closed");

	assert_int_equal(failure.cause, EW_UPLINK_TLS_HOST);
	assert_string_equal(failure.text, "name of 'b1'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_cause_has_a_word_and_a_text_of_its_own),
		cmocka_unit_test(test_refusals_of_both_versions),
		cmocka_unit_test(test_disconnects_of_the_server),
		cmocka_unit_test(test_errors_of_sockets_and_acks),
		cmocka_unit_test(test_the_first_failure_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
