/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to clients: what is open is found by client, by token and by time. */
#include "tests/unit/unit.h"

#include <string.h>

#include "modules/lwm2m_server/asks.h"

#define COUNT  500u

static struct ask *add(struct asks *asks, const char *endpoint, uint64_t about)
{
	const struct lwm2m_message request = {
		.has = LWM2M_HAS(OPERATION), .operation = LWM2M_OP_READ,
	};
	struct ask *ask = NULL;

	assert_int_equal(asks_add(asks, endpoint, &request, 0, &ask), 0);
	ask->about = about;
	return ask;
}

static struct lwm2m_text words(const char *text)
{
	return (struct lwm2m_text){text, strlen(text)};
}

static void test_an_answer_finds_its_request(void **state)
{
	struct asks asks;
	struct ask *read, *cancel, *other;

	(void)state;
	assert_int_equal(asks_init(&asks, 8, 0), 0);
	read = add(&asks, "gw1", 0);
	assert_null(asks_waiting(&asks, words("gw1"), ask_token(read)));
	asks_send(&asks, read, 10);
	cancel = add(&asks, "gw1", 4242);
	other = add(&asks, "gw2", 4242);
	asks_send(&asks, cancel, 20);
	asks_send(&asks, other, 5);
	assert_ptr_equal(asks_waiting(&asks, words("gw1"), ask_token(read)), read);
	assert_ptr_equal(asks_waiting(&asks, words("gw1"), 4242), cancel);
	assert_ptr_equal(asks_waiting(&asks, words("gw2"), 4242), other);
	assert_null(asks_waiting(&asks, words("gw2"), ask_token(read)));
	assert_null(asks_waiting(&asks, words("gw1"), 2 * cancel->id));
	assert_ptr_equal(asks_first(&asks), other);
	asks_finish(&asks, other, ASK_DONE);
	assert_ptr_equal(asks_first(&asks), read);
	assert_null(asks_waiting(&asks, words("gw2"), 4242));
	assert_ptr_equal(asks_find(&asks, other->id), other);
	asks_fini(&asks);
}

static void test_what_waits_for_a_client_comes_in_its_order(void **state)
{
	struct asks asks;
	struct ask *list[4];

	(void)state;
	assert_int_equal(asks_init(&asks, 8, 0), 0);
	for (size_t i = 0; i < 4; i++) {
		list[i] = add(&asks, i == 1 ? "gw2" : "gw1", 0);
		asks_queue(&asks, list[i], 100 - (ew_dur)i);
	}
	assert_int_equal(asks.queued, 4);
	assert_ptr_equal(asks_queued(&asks, "gw1", NULL), list[0]);
	assert_ptr_equal(asks_queued(&asks, "gw1", list[0]), list[2]);
	assert_ptr_equal(asks_queued(&asks, "gw1", list[2]), list[3]);
	assert_null(asks_queued(&asks, "gw1", list[3]));
	assert_null(asks_queued(&asks, "gw3", NULL));
	asks_send(&asks, list[0], 50);
	assert_ptr_equal(asks_queued(&asks, "gw1", NULL), list[2]);
	assert_int_equal(asks.queued, 3);
	/* no answer: behind the others */
	asks_queue(&asks, list[0], 50);
	assert_ptr_equal(asks_queued(&asks, "gw1", list[3]), list[0]);
	asks_finish(&asks, list[2], ASK_EXPIRED);
	assert_int_equal(asks.queued, 3);
	assert_ptr_equal(asks_queued(&asks, "gw1", NULL), list[3]);
	asks_fini(&asks);
}

static void test_the_next_that_is_due_is_always_the_first(void **state)
{
	struct ask *list[COUNT];
	struct asks asks;
	uint32_t random = 1;
	ew_dur last = 0;

	(void)state;
	assert_int_equal(asks_init(&asks, COUNT, 77), 0);
	for (size_t i = 0; i < COUNT; i++) {
		list[i] = add(&asks, "gw1", 0);
		random = random * 1664525u + 1013904223u;
		asks_send(&asks, list[i], random >> 8);
	}
	assert_int_equal(asks_add(&asks, "gw1", &list[0]->request, 0, &list[0]), -ENOSPC);
	for (size_t i = 0; i < COUNT; i += 3) {
		asks_finish(&asks, list[i], ASK_DONE);
	}
	for (size_t i = 1; i < COUNT; i += 3) {
		random = random * 1664525u + 1013904223u;
		asks_queue(&asks, list[i], random >> 8);
	}
	while (asks_first(&asks) != NULL) {
		struct ask *ask = asks_first(&asks);

		assert_true(ask->due >= last);
		last = ask->due;
		asks_finish(&asks, ask, ASK_EXPIRED);
	}
	assert_int_equal(asks.open, 0);
	assert_int_equal(asks.queued, 0);
	asks_fini(&asks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_answer_finds_its_request),
		cmocka_unit_test(test_what_waits_for_a_client_comes_in_its_order),
		cmocka_unit_test(test_the_next_that_is_due_is_always_the_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
