/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an instance leaves when a neighbour hangs that feeds it: it is closed,
 * nothing comes to it or its successor any more, and nobody blames it.
 */
#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "tests/unit/instance_fixture.h"

/* A source that hangs in its timer, and answers writes when it is told to. */
struct mouth {
	struct ew_instance *inst;
	struct ew_timer *timer;
	struct ew_write *held[64];
	size_t held_count;
	uint32_t tag;
};

/* A receiver that writes to the source every millisecond. */
struct ear {
	struct ew_instance *inst;
	struct ew_timer *timer;
	uint64_t first, next;           /* tokens: those between are its own */
};

static struct {
	atomic_bool hang, reply;
	atomic_bool is_hanging;
	atomic_uint ticks;              /* of ears */
	_Atomic(const void *) current;  /* the ear that was opened last */
	atomic_uint answers, strange;   /* to ears; of them not for one of its own writes */
	atomic_uint ears_closed;
	_Atomic uint32_t tag;
	atomic_uint_fast64_t tokens;    /* asked, by all ears */
	struct module *mouth, *ear;
} room;

/* ---- the source ---- */

static void mouth_tick(void *arg)
{
	struct mouth *mouth = arg;

	atomic_store(&room.is_hanging, atomic_load(&room.hang));
	while (atomic_load(&room.hang)) {
		(void)sched_yield();
	}
	atomic_store(&room.is_hanging, false);
	while (atomic_load(&room.reply) && mouth->held_count > 0) {
		(void)ew_write_done(mouth->inst, &mouth->held[--mouth->held_count], NULL);
	}
}

static int mouth_open(struct ew_instance *inst, const void *settings, void **self_out)
{
	struct mouth *mouth = calloc(1, sizeof(*mouth));
	const struct ew_device_spec device = { .size = sizeof(device), .path = "act" };
	const struct ew_tag_spec tag = { .size = sizeof(tag), .name = "Speed",
					 .type = EW_TYPE_F64, .high = 100,
					 .access = EW_ACCESS_READ | EW_ACCESS_WRITE };
	uint32_t id;

	(void)settings;
	assert_non_null(mouth);
	mouth->inst = inst;
	assert_int_equal(ew_device_declare(inst, &device, &id), 0);
	assert_int_equal(ew_tag_declare(inst, id, &tag, &mouth->tag), 0);
	assert_int_equal(ew_timer_new(inst, "tick", mouth_tick, mouth, &mouth->timer), 0);
	ew_timer_set(mouth->timer, 0, EW_MILLISECOND);
	atomic_store(&room.tag, mouth->tag);
	*self_out = mouth;
	return 0;
}

static void mouth_write(void *self, struct ew_write *write)
{
	struct mouth *mouth = self;

	if (mouth->held_count == array_count(mouth->held)) {
		(void)ew_write_refuse(mouth->inst, &write, -ENOSPC);
		return;
	}
	mouth->held[mouth->held_count++] = write;
}

static void mouth_close(void *self)
{
	free(self);
}

/* ---- the receiver ---- */

static void ear_tick(void *arg)
{
	struct ear *ear = arg;
	const struct ew_sample item = ew_sample_f64(atomic_load(&room.tag), 0, 1);
	const struct ew_write_request request = { .size = sizeof(request), .items = &item,
						  .count = 1, .timeout = 60 * EW_SECOND,
						  .token = ear->next };

	atomic_fetch_add(&room.ticks, 1);
	if (ear->next - ear->first < 16 && ew_write(ear->inst, &request) == 0) {
		ear->next++;
		(void)atomic_fetch_add(&room.tokens, 1);
	}
}

static int ear_open(struct ew_instance *inst, const void *settings, void **self_out)
{
	struct ear *ear = calloc(1, sizeof(*ear));

	(void)settings;
	assert_non_null(ear);
	ear->inst = inst;
	ear->first = ear->next = atomic_load(&room.tokens);
	assert_int_equal(ew_timer_new(inst, "tick", ear_tick, ear, &ear->timer), 0);
	ew_timer_set(ear->timer, 0, EW_MILLISECOND);
	atomic_store(&room.current, ear);
	*self_out = ear;
	return 0;
}

static void ear_answered(void *self, const struct ew_write_answer *answer)
{
	const struct ear *ear = self;

	atomic_fetch_add(&room.answers, 1);
	if (ear != atomic_load(&room.current) || answer->token < ear->first ||
	    answer->token >= ear->next) {
		atomic_fetch_add(&room.strange, 1);
	}
}

static void ear_batch(void *self, const struct ew_batch *batch)
{
	(void)self;
	(void)batch;
}

static void ear_close(void *self)
{
	atomic_fetch_add(&room.ears_closed, 1);
	free(self);
}

#define HEAD                                                                      \
	.magic = EW_MODULE_MAGIC, .abi_major = EW_ABI_MAJOR, .abi_minor = EW_ABI_MINOR, \
	.size = sizeof(struct ew_module), .option_size = sizeof(struct ew_option), \
	.metric_size = sizeof(struct ew_metric), .version = "1.0", .summary = "a neighbour"

static const struct ew_module mouth_module = {
	HEAD, .name = "mouth", .open = mouth_open, .write = mouth_write, .close = mouth_close,
};

static const struct ew_module ear_module = {
	HEAD, .name = "ear", .open = ear_open, .batch = ear_batch, .answered = ear_answered,
	.close = ear_close,
};

/* ---- the room ---- */

static int setup(void **state)
{
	static const char *const everything[] = { "**" };
	const struct access_rule rule = { .who = "ear", .write = everything, .write_count = 1,
					  .low = NAN, .high = NAN };

	memset(&room, 0, sizeof(room));
	if (fixture_setup(state) != 0) {
		return -1;
	}
	assert_int_equal(bus_set_access(fx.bus, &rule, 1, NULL), 0);
	assert_int_equal(module_new(&mouth_module, "(test)", NULL, &room.mouth, NULL), 0);
	return module_new(&ear_module, "(test)", NULL, &room.ear, NULL);
}

static int teardown(void **state)
{
	module_free(&room.ear);
	module_free(&room.mouth);
	return fixture_teardown(state);
}

static struct ew_instance *enter(const struct module *module, const char *name)
{
	const struct instance_config config = { .name = name, .deadline = DEADLINE };
	struct instance_settings settings = settings_of(&fx.plan, NULL);
	struct ew_instance *inst = NULL;

	assert_int_equal(instance_new(fx.fleet, module, &config, &settings, &inst), 0);
	return inst;
}

static void run(struct ew_instance *inst)
{
	assert_int_equal(instance_run(inst), 0);
	wait_state(inst, INSTANCE_RUNNING);
}

/* Step the main loop until a count has come that far. */
static void wait_count(const atomic_uint *count, unsigned least)
{
	int64_t limit = clock_mono() + PATIENCE;

	while (atomic_load(count) < least && clock_mono() < limit) {
		(void)loop_step(fx.main);
		(void)sched_yield();
	}
	assert_true(atomic_load(count) >= least);
}

static void hang_mouth(void)
{
	atomic_store(&room.hang, true);
	while (!atomic_load(&room.is_hanging)) {
		(void)sched_yield();
	}
}

static void wait_loops_gone(void)
{
	int64_t limit = clock_mono() + PATIENCE;

	while (fleet_has_loops(fx.fleet) && clock_mono() < limit) {
		(void)loop_step(fx.main);
	}
	assert_false(fleet_has_loops(fx.fleet));
}

/* ---- tests ---- */

static void test_one_fed_by_one_that_hangs_is_closed_and_not_lost(void **state)
{
	struct ew_instance *mouth, *ear;

	(void)state;
	mouth = enter(room.mouth, "mouth");
	ear = enter(room.ear, "ear");
	run(mouth);
	run(ear);
	hang_mouth();
	instance_stop(ear, false);
	wait_count(&room.ears_closed, 1);
	assert_int_equal(instance_state(ear), INSTANCE_LEAVING);
	wait_state(ear, INSTANCE_CLOSED);
	assert_true(was_logged("closed, though mouth has not let go of it"));
	assert_true(fleet_is_adrift(fx.fleet));
	assert_int_equal(instance_run(ear), -EBUSY);
	instance_free(&ear);

	/* its name is free, and a new one runs meanwhile */
	ear = enter(room.ear, "ear");
	run(ear);
	atomic_store(&room.hang, false);
	end(&ear);
	end(&mouth);
	wait_loops_gone();
	assert_false(fleet_is_adrift(fx.fleet));
}

static void test_one_that_is_closed_meanwhile_opens_again(void **state)
{
	struct ew_instance *mouth, *ear;
	struct instance_settings settings = settings_of(&fx.plan, NULL);
	int64_t limit = clock_mono() + PATIENCE;

	(void)state;
	mouth = enter(room.mouth, "mouth");
	ear = enter(room.ear, "ear");
	run(mouth);
	run(ear);
	hang_mouth();
	assert_int_equal(instance_reload(ear, &settings), 0);
	wait_state(ear, INSTANCE_FAILED);
	assert_true(was_logged("cannot be opened anew: mouth, which feeds it, hangs"));
	atomic_store(&room.hang, false);
	while (fleet_is_adrift(fx.fleet) && clock_mono() < limit) {
		(void)loop_step(fx.main);
	}
	run(ear);
	end(&ear);
	end(&mouth);
}

static void test_no_answer_reaches_the_successor_of_who_asked(void **state)
{
	struct ew_instance *mouth, *ear;
	struct instance_settings settings = settings_of(&fx.plan, NULL);

	(void)state;
	mouth = enter(room.mouth, "mouth");
	ear = enter(room.ear, "ear");
	run(mouth);
	run(ear);
	hang_mouth();
	assert_int_equal(instance_reload(ear, &settings), 0);
	wait_count(&room.ears_closed, 1);
	atomic_store(&room.hang, false);
	wait_restarts(ear, 1);
	wait_state(ear, INSTANCE_RUNNING);
	atomic_store(&room.reply, true);
	wait_count(&room.answers, 16);  /* its own, behind what was under way */
	assert_int_equal(atomic_load(&room.strange), 0);
	end(&ear);
	end(&mouth);
}

static void test_the_name_of_one_that_hangs_stays_taken(void **state)
{
	struct ew_instance *mouth, *next;

	(void)state;
	mouth = enter(room.mouth, "mouth");
	run(mouth);
	hang_mouth();
	instance_stop(mouth, true);
	wait_state(mouth, INSTANCE_LOST);
	instance_free(&mouth);
	next = enter(room.mouth, "mouth");
	assert_int_equal(instance_run(next), -EEXIST);
	assert_int_equal(instance_state(next), INSTANCE_FAILED);
	assert_true(was_logged("the last instance of this name hangs still"));
	atomic_store(&room.hang, false);
	instance_free(&next);
	wait_loops_gone();

	next = enter(room.mouth, "mouth");
	run(next);
	end(&next);
}

#define LEAVE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEAVE_TEST(test_one_fed_by_one_that_hangs_is_closed_and_not_lost),
		LEAVE_TEST(test_one_that_is_closed_meanwhile_opens_again),
		LEAVE_TEST(test_no_answer_reaches_the_successor_of_who_asked),
		LEAVE_TEST(test_the_name_of_one_that_hangs_stays_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
