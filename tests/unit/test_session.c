/* SPDX-License-Identifier: Apache-2.0 */
/* The session's machine: every edge walked, every deadline, every late event. */
#include "core/uplink/session.h"

#include "core/base/check.h"

#include "tests/unit/unit.h"

#define SECOND ((ew_dur)1000000000)

static const struct session_rules rules = {
	.will_wait = 10 * SECOND,
	.connect_timeout = 20 * SECOND,
	.guest_wait = 30 * SECOND,
	.drain_wait = 5 * SECOND,
	.leave_wait = 2 * SECOND,
	.backoff_min = 1 * SECOND,
	.backoff_max = 8 * SECOND,
	.server_count = 2,
	.seed = 42,
};

struct walk {
	struct session session;
	ew_dur now;
};

/* Take the machine from the start to the state. */
static void walk_to(struct walk *walk, enum session_state state)
{
	struct session *session = &walk->session;

	session_init(session, &rules, "test");
	walk->now = 100 * SECOND;
	if (state == SESSION_IDLE) {
		return;
	}
	(void)session_start(session, walk->now);
	if (state == SESSION_PREPARING) {
		return;
	}
	if (state == SESSION_WAITING) {
		(void)session_on_will(session, walk->now, false);
		return;
	}
	(void)session_on_will(session, walk->now, true);
	if (state == SESSION_CONNECTING) {
		return;
	}
	(void)session_on_connack(session, walk->now);
	if (state == SESSION_SUBSCRIBING) {
		return;
	}
	(void)session_on_subscribed(session, walk->now);
	if (state == SESSION_GATED) {
		return;
	}
	(void)session_on_release(session, walk->now);
	if (state == SESSION_OPEN) {
		return;
	}
	(void)session_cycle(session, walk->now);
	if (state == SESSION_DRAINING) {
		return;
	}
	(void)session_on_drained(session, walk->now);
	assert_int_equal(session->state, SESSION_LEAVING);
}

enum event {
	START,
	STOP,
	CYCLE,
	WILL,
	NO_WILL,
	CONNACK,
	SUBSCRIBED,
	RELEASE,
	DRAINED,
	CLOSED,
	TICK,
	EVENT_COUNT
};

static unsigned fire(struct walk *walk, enum event event)
{
	struct session *session = &walk->session;

	switch (event) {
	case START:
		return session_start(session, walk->now);
	case STOP:
		return session_stop(session, walk->now, SECOND);
	case CYCLE:
		return session_cycle(session, walk->now);
	case WILL:
		return session_on_will(session, walk->now, true);
	case NO_WILL:
		return session_on_will(session, walk->now, false);
	case CONNACK:
		return session_on_connack(session, walk->now);
	case SUBSCRIBED:
		return session_on_subscribed(session, walk->now);
	case RELEASE:
		return session_on_release(session, walk->now);
	case DRAINED:
		return session_on_drained(session, walk->now);
	case CLOSED:
		return session_on_closed(session, walk->now, EW_UPLINK_LOST);
	case TICK:
		walk->now += 60 * SECOND;
		return session_tick(session, walk->now);
	case EVENT_COUNT:
		break;
	}
	return 0;
}

/* What each event does in each state: the state after it, or STAY. */
#define STAY (-1)
static const int expected[SESSION_STATE_COUNT][EVENT_COUNT] = {
	/*                 start, stop, cycle, will, no will, connack, subscribed, release, drained,
	 *                 closed, tick */
	[SESSION_IDLE] = {SESSION_PREPARING, STAY, STAY, STAY, STAY, STAY, STAY, STAY, STAY, STAY,
			  STAY},
	[SESSION_PREPARING] = {STAY, SESSION_IDLE, STAY, SESSION_CONNECTING, SESSION_WAITING, STAY,
			       STAY, STAY, STAY, STAY, SESSION_WAITING},
	[SESSION_CONNECTING] = {STAY, SESSION_LEAVING, STAY, STAY, STAY, SESSION_SUBSCRIBING, STAY,
				STAY, STAY, SESSION_WAITING, SESSION_WAITING},
	[SESSION_SUBSCRIBING] = {STAY, SESSION_LEAVING, STAY, STAY, STAY, STAY, SESSION_GATED, STAY,
				 STAY, SESSION_WAITING, SESSION_WAITING},
	[SESSION_GATED] = {STAY, SESSION_DRAINING, SESSION_DRAINING, STAY, STAY, STAY, STAY,
			   SESSION_OPEN, STAY, SESSION_WAITING, SESSION_OPEN},
	[SESSION_OPEN] = {STAY, SESSION_DRAINING, SESSION_DRAINING, STAY, STAY, STAY, STAY, STAY,
			  STAY, SESSION_WAITING, STAY},
	[SESSION_DRAINING] = {STAY, STAY, STAY, STAY, STAY, STAY, STAY, STAY, SESSION_LEAVING,
			      SESSION_WAITING, SESSION_LEAVING},
	[SESSION_LEAVING] = {STAY, STAY, STAY, STAY, STAY, STAY, STAY, STAY, STAY, SESSION_WAITING,
			     SESSION_WAITING},
	[SESSION_WAITING] = {STAY, SESSION_IDLE, STAY, STAY, STAY, STAY, STAY, STAY, STAY, STAY,
			     SESSION_PREPARING},
};

static void test_every_event_in_every_state_has_its_one_edge(void **state)
{
	int from;
	int event;

	(void)state;
	for (from = 0; from < SESSION_STATE_COUNT; from++) {
		for (event = 0; event < EVENT_COUNT; event++) {
			int next = expected[from][event];
			struct walk walk;

			walk_to(&walk, (enum session_state)from);

			(void)fire(&walk, (enum event)event);

			assert_int_equal(walk.session.state, next == STAY ? from : next);
		}
	}
}

static void test_a_stop_while_leaving_ends_in_idle(void **state)
{
	struct walk walk;
	unsigned actions;

	(void)state;
	walk_to(&walk, SESSION_LEAVING);

	(void)fire(&walk, STOP);
	actions = fire(&walk, CLOSED);

	assert_int_equal(walk.session.state, SESSION_IDLE);
	assert_int_equal(actions, SESSION_DO_CLOSE | SESSION_DO_TELL_OFFLINE | SESSION_DO_STOPPED);
	assert_int_equal(walk.session.ends[EW_UPLINK_STOPPED], 1);
}

static void test_a_stop_while_draining_still_stops_when_the_link_breaks(void **state)
{
	struct walk walk;

	(void)state;
	walk_to(&walk, SESSION_DRAINING);

	(void)fire(&walk, STOP);
	(void)fire(&walk, CLOSED);

	assert_int_equal(walk.session.state, SESSION_IDLE);
	assert_int_equal(walk.session.ends[EW_UPLINK_LOST], 1);
}

static void test_a_stop_without_an_answer_to_connect_takes_leave_and_ends(void **state)
{
	static const enum session_state from[] = {SESSION_CONNECTING, SESSION_SUBSCRIBING};
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct walk walk;
		unsigned actions;

		walk_to(&walk, from[i]);

		assert_int_equal(fire(&walk, STOP), SESSION_DO_LEAVE);
		/* the second that it was given, less than the wait for an end in order */
		assert_int_equal(walk.session.deadline, walk.now + SECOND);
		actions = fire(&walk, TICK);

		assert_int_equal(walk.session.state, SESSION_IDLE);
		assert_true((actions & SESSION_DO_CLOSE) != 0);
		assert_true((actions & SESSION_DO_STOPPED) != 0);
		assert_int_equal(walk.session.cause, EW_UPLINK_STOPPED);
	}
}

static void test_stop_when_idle_answers_at_once(void **state)
{
	struct walk walk;

	(void)state;
	walk_to(&walk, SESSION_IDLE);

	assert_int_equal(fire(&walk, STOP), SESSION_DO_STOPPED);
}

static void test_each_connect_has_an_epoch_of_its_own(void **state)
{
	struct walk walk;
	uint64_t last = 0;
	int i;

	(void)state;
	walk_to(&walk, SESSION_PREPARING);
	for (i = 0; i < 5; i++) {
		assert_true(walk.session.epoch > last);
		last = walk.session.epoch;
		(void)fire(&walk, WILL);
		(void)fire(&walk, CLOSED);
		(void)fire(&walk, TICK);
	}
}

static void test_failures_walk_the_servers_and_wait_longer_each_round(void **state)
{
	struct walk walk;
	ew_dur waits[6];
	int i;

	(void)state;
	walk_to(&walk, SESSION_CONNECTING);
	for (i = 0; i < 6; i++) {
		assert_int_equal(walk.session.server, (size_t)(i % 2));
		(void)fire(&walk, CLOSED);
		waits[i] = walk.session.deadline - walk.now;
		(void)fire(&walk, TICK);
		(void)fire(&walk, WILL);
	}

	/* inside a round: the first wait; between rounds 1, 2, 4 s, less jitter */
	assert_in_range(waits[0], SECOND / 2, SECOND);
	assert_in_range(waits[1], SECOND / 2, SECOND);
	assert_in_range(waits[3], SECOND, 2 * SECOND);
	assert_in_range(waits[4], SECOND / 2, SECOND);
	assert_in_range(waits[5], 2 * SECOND, 4 * SECOND);
}

static void test_a_lost_session_tries_the_same_server_again(void **state)
{
	struct walk walk;

	(void)state;
	walk_to(&walk, SESSION_OPEN);

	(void)fire(&walk, CLOSED);

	assert_int_equal(walk.session.server, 0);
	assert_int_equal(walk.session.cause, EW_UPLINK_LOST);
}

static void test_a_cycle_goes_to_the_next_server(void **state)
{
	struct walk walk;

	(void)state;
	walk_to(&walk, SESSION_LEAVING);

	(void)fire(&walk, CLOSED);

	assert_int_equal(walk.session.server, 1);
	assert_int_equal(walk.session.ends[EW_UPLINK_CYCLED], 1);
}

static void test_sessions_that_end_at_once_wait_longer_and_longer(void **state)
{
	struct walk walk;
	ew_dur wait = 0;
	int i;

	(void)state;
	walk_to(&walk, SESSION_OPEN);
	for (i = 0; i < 4; i++) {
		(void)fire(&walk, CLOSED);
		wait = walk.session.deadline - walk.now;
		(void)fire(&walk, TICK);
		(void)fire(&walk, WILL);
		(void)fire(&walk, CONNACK);
		(void)fire(&walk, SUBSCRIBED);
		(void)fire(&walk, RELEASE);
	}
	assert_in_range(wait, 4 * SECOND, 8 * SECOND);

	/* one that has lasted begins anew */
	walk.now += 8 * SECOND;
	(void)fire(&walk, CLOSED);
	wait = walk.session.deadline - walk.now;
	assert_in_range(wait, SECOND / 2, SECOND);
}

static void test_actions_say_what_to_do_on_the_way_up(void **state)
{
	struct walk walk;

	(void)state;
	walk_to(&walk, SESSION_IDLE);

	assert_int_equal(fire(&walk, START), SESSION_DO_PREPARE);
	assert_int_equal(fire(&walk, WILL), SESSION_DO_CONNECT);
	assert_int_equal(fire(&walk, CONNACK), SESSION_DO_SUBSCRIBE);
	assert_int_equal(fire(&walk, SUBSCRIBED), SESSION_DO_TELL_OWNER);
	assert_int_equal(fire(&walk, TICK), SESSION_DO_WARN_GATE | SESSION_DO_TELL_GUESTS);
	assert_int_equal(fire(&walk, CYCLE), SESSION_DO_DRAIN);
	assert_int_equal(fire(&walk, DRAINED), SESSION_DO_LEAVE);
	assert_int_equal(fire(&walk, CLOSED), SESSION_DO_CLOSE | SESSION_DO_TELL_OFFLINE);
}

static void test_only_told_sessions_are_told_offline(void **state)
{
	struct walk walk;

	(void)state;
	walk_to(&walk, SESSION_SUBSCRIBING);

	assert_int_equal(fire(&walk, CLOSED), SESSION_DO_CLOSE);
}

static void test_deadlines_name_their_cause(void **state)
{
	static const struct {
		enum session_state state;
		enum ew_uplink_cause cause;
	} cases[] = {
		{SESSION_PREPARING, EW_UPLINK_NO_WILL},
		{SESSION_CONNECTING, EW_UPLINK_TIMEOUT},
		{SESSION_SUBSCRIBING, EW_UPLINK_NO_SUBACK},
	};
	size_t i;

	(void)state;
	for (i = 0; i < array_count(cases); i++) {
		struct walk walk;

		walk_to(&walk, cases[i].state);
		(void)fire(&walk, TICK);
		assert_int_equal(walk.session.cause, cases[i].cause);
		assert_int_equal(walk.session.ends[cases[i].cause], 1);
	}
}

static void test_a_tick_before_its_time_does_nothing(void **state)
{
	struct walk walk;

	(void)state;
	walk_to(&walk, SESSION_CONNECTING);

	assert_int_equal(session_tick(&walk.session, walk.session.deadline - 1), 0);
	assert_int_equal(walk.session.state, SESSION_CONNECTING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_event_in_every_state_has_its_one_edge),
		cmocka_unit_test(test_a_stop_while_leaving_ends_in_idle),
		cmocka_unit_test(test_a_stop_while_draining_still_stops_when_the_link_breaks),
		cmocka_unit_test(test_a_stop_without_an_answer_to_connect_takes_leave_and_ends),
		cmocka_unit_test(test_stop_when_idle_answers_at_once),
		cmocka_unit_test(test_each_connect_has_an_epoch_of_its_own),
		cmocka_unit_test(test_failures_walk_the_servers_and_wait_longer_each_round),
		cmocka_unit_test(test_a_lost_session_tries_the_same_server_again),
		cmocka_unit_test(test_a_cycle_goes_to_the_next_server),
		cmocka_unit_test(test_sessions_that_end_at_once_wait_longer_and_longer),
		cmocka_unit_test(test_actions_say_what_to_do_on_the_way_up),
		cmocka_unit_test(test_only_told_sessions_are_told_offline),
		cmocka_unit_test(test_deadlines_name_their_cause),
		cmocka_unit_test(test_a_tick_before_its_time_does_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
