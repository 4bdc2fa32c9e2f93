/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rehearsal: four storms, a birth keeper, a sender with a window and three
 * controllers, as modules from files, each on a loop that runs, with queues so
 * short that they overflow. Storms, keeper, sender and controllers are stopped
 * and started in mid-flight. In the end no module may have found a fault.
 *
 * Argument: the folder of the modules. REHEARSAL_STEPS sets the length.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/module/instance.h"
#include "core/module/loader.h"

#include "tests/contract/rehearsal/plan.h"

#define STORMS       4
#define CONTROLLERS  3
#define PATIENCE     (120 * EW_SECOND)
#define QUIET        (1500 * EW_MILLISECOND)

static struct bus *bus;
static struct loop *main_loop;
static struct loop_timer pause_timer;
static struct fleet *fleet;
static struct loader *loader;
static struct storm_settings storms[STORMS];
static const struct controller_settings controllers[CONTROLLERS] = {
	{ .target = "storm-1", .priority = 8, .ticks = 700 },
	{ .target = "storm-1", .priority = 5, .ticks = 700 },
	{ .target = "storm-2", .priority = 5, .ticks = 700, .is_alone = true },
};
static atomic_uint audited;

static void count_audit(void *arg, const struct audit_record *record)
{
	(void)arg;
	(void)record;
	atomic_fetch_add(&audited, 1);
}

static void end_serve(struct loop_timer *timer)
{
	loop_quit(timer->loop);
}

/* Run the main loop for a while. */
static void serve(int64_t span)
{
	timer_set(&pause_timer, span, 0);
	loop_run(main_loop);
}

static void wait_state(const char *name, enum instance_state state)
{
	const struct ew_instance *inst = fleet_find(fleet, name);
	int64_t end = clock_mono() + PATIENCE;

	while (instance_state(inst) != state) {
		check(clock_mono() < end);
		serve(EW_MILLISECOND);
	}
}

static void add(const char *module_name, const char *name, const char *loop,
		const void *settings)
{
	const struct instance_config config = { .name = name, .loop = loop };
	const struct instance_settings set = { .settings = settings };
	const struct module *module;
	struct ew_instance *inst;
	struct ew_error err;

	error_clear(&err);
	if (loader_find(loader, module_name, &module, &err) != 0) {
		(void)fprintf(stderr, "%s\n", err.text);
		exit(1);
	}
	check(instance_new(fleet, module, &config, &set, &inst) == 0);
	check(instance_run(inst) == 0);
	wait_state(name, INSTANCE_RUNNING);
}

static void restart(const char *name)
{
	struct ew_instance *inst = fleet_find(fleet, name);

	instance_stop(inst, false);
	wait_state(name, INSTANCE_CLOSED);
	check(instance_run(inst) == 0);
	wait_state(name, INSTANCE_RUNNING);
}

static void set_rules(void)
{
	static const char *const everything[] = { "**" };
	static const char *const planned[] = { "*/*" };        /* not the actuators */
	const struct route_rule routes[] = {
		{ .to = "keeper", .tags = planned, .tag_count = 1, .events = true,
		  .deadband = NAN, .queue_batches = 64 },
		{ .to = "sender", .deadband = NAN, .queue_batches = 32 },
	};
	struct access_rule access[CONTROLLERS];
	static const char *const names[] = { "control-1", "control-2", "control-3" };

	for (size_t i = 0; i < CONTROLLERS; i++) {
		access[i] = (struct access_rule){ .who = names[i], .write = everything,
						  .write_count = 1, .low = NAN, .high = NAN,
						  .priority_max = 8 };
	}
	check(bus_set_routes(bus, routes, 2, NULL) == 0);
	check(bus_set_access(bus, access, CONTROLLERS, NULL) == 0);
}

/* ---- the verdict ---- */

struct sum {
	const char *name;
	double value;
};

static int add_series(void *arg, const struct ew_metric_series *series)
{
	struct sum *sum = arg;
	size_t size = strlen(series->name), end = strlen(sum->name);

	if (size > end && strcmp(series->name + size - end, sum->name) == 0) {
		sum->value += series->value;
	}
	return 0;
}

static double total(const char *name)
{
	struct sum sum = { name, 0 };

	(void)ew_metrics_walk(add_series, &sum);
	return sum.value;
}

static bool judge(void)
{
	static const struct {
		const char *name;
		bool must_be;           /* else it must be zero */
	} rows[] = {
		{ "storm_faults_total", false }, { "keeper_faults_total", false },
		{ "sender_faults_total", false }, { "controller_faults_total", false },
		{ "keeper_checks_total", true }, { "keeper_rests_total", true },
		{ "keeper_lost_total", true }, { "sender_acked_total", true },
		{ "sender_again_total", true }, { "sender_dead_total", true },
		{ "controller_done_total", true }, { "controller_busy_total", true },
		{ "controller_unknown_total", true }, { "controller_safe_total", true },
	};
	bool is_good = atomic_load(&audited) > 0;

	for (size_t i = 0; i < array_count(rows); i++) {
		double value = total(rows[i].name);
		bool is_met = (value > 0) == rows[i].must_be;

		(void)printf("%-28s %10.0f%s\n", rows[i].name, value, is_met ? "" : "  WRONG");
		is_good = is_good && is_met;
	}
	return is_good;
}

/* Until nothing is published any more. */
static void wait_quiet(void)
{
	int64_t end = clock_mono() + PATIENCE;
	struct bus_stats before, now;

	bus_stats(bus, &now);
	do {
		check(clock_mono() < end);
		before = now;
		serve(QUIET);
		bus_stats(bus, &now);
	} while (now.samples != before.samples);
}

static int stop_one(void *arg, struct ew_instance *inst)
{
	(void)arg;
	instance_stop(inst, false);
	return 0;
}

static int free_one(void *arg, struct ew_instance *inst)
{
	int64_t end = clock_mono() + PATIENCE;

	(void)arg;
	while (instance_state(inst) != INSTANCE_CLOSED) {
		check(clock_mono() < end);
		serve(EW_MILLISECOND);
	}
	instance_free(&inst);
	return 0;
}

static void play(uint64_t steps)
{
	static const char *const names[] = { "storm-1", "storm-2", "storm-3", "storm-4" };
	static const char *const restarts[] = { "keeper", "storm-3", "sender", "storm-4",
						"control-1", "storm-1", "sender", "control-3" };

	for (size_t i = 0; i < STORMS; i++) {
		storms[i] = (struct storm_settings){ .seed = i + 1, .steps = steps };
		add("storm", names[i], i % 2 == 0 ? "odd" : "even", &storms[i]);
	}
	add("keeper", "keeper", NULL, NULL);
	add("sender", "sender", NULL, NULL);
	add("controller", "control-1", "control", &controllers[0]);
	add("controller", "control-2", "control", &controllers[1]);
	add("controller", "control-3", NULL, &controllers[2]);
	for (size_t i = 0; i < array_count(restarts); i++) {
		serve(250 * EW_MILLISECOND);
		restart(restarts[i]);
	}
	wait_quiet();
}

int main(int argc, char **argv)
{
	const char *steps = getenv("REHEARSAL_STEPS");
	const char *directory = argc > 1 ? argv[1] : ".";
	uint64_t count = 40000;
	bool is_good;

	if (steps != NULL && text_parse_uint(steps, &count) != 0) {
		return 2;
	}
	log_set_level(LOG_LEVEL_ERROR);
	check(bus_new(&bus) == 0 && loop_new("main", &main_loop) == 0);
	check(timer_init(&pause_timer, main_loop, end_serve) == 0);
	bus_set_clock_valid(bus, true);
	bus_set_audit(bus, count_audit, NULL);
	check(fleet_new(&(struct fleet_config){ .bus = bus, .main = main_loop }, &fleet) == 0);
	check(loader_new(&directory, 1, &loader) == 0);
	set_rules();
	/* a whole number of checks: storms rest on one */
	play(count / PLAN_CHECK_EVERY * PLAN_CHECK_EVERY);
	is_good = judge();
	(void)fleet_walk(fleet, stop_one, NULL);
	(void)fleet_walk(fleet, free_one, NULL);
	fleet_free(&fleet);
	loader_free(&loader);
	bus_free(&bus);
	timer_fini(&pause_timer);
	loop_free(&main_loop);
	return is_good ? 0 : 1;
}
