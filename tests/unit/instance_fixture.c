/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module and the fleet of tests/unit/instance_fixture.h.
 */
#include "tests/unit/instance_fixture.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/log.h"

struct fixture fx;

struct probe {
	struct ew_instance *inst;
	struct plan *plan;
	struct ew_timer *timer;
	struct ew_watch *watch;
	int pipe[2];
};

/* ---- the module ---- */

static void hang(const struct plan *plan, bool is_asked)
{
	while (is_asked && !atomic_load(plan->let_go)) {
		(void)sched_yield();
	}
}

static void probe_tick(void *arg)
{
	struct probe *probe = arg;

	hang(probe->plan, probe->plan->hang_timer);
	if (probe->plan->stop_later) {
		ew_stopped(probe->inst);
	}
}

static void probe_look(void *arg, int fd, unsigned events)
{
	(void)arg;
	(void)fd;
	(void)events;
}

static int probe_open(struct ew_instance *inst, const void *settings, void **self_out)
{
	struct probe *probe = calloc(1, sizeof(*probe));
	struct plan *plan = *(struct plan *const *)settings;

	assert_non_null(probe);
	probe->inst = inst;
	probe->plan = plan;
	hang(plan, plan->hang_open);
	atomic_fetch_add(&plan->opened, 1);
	assert_int_equal(pipe(probe->pipe), 0);
	assert_int_equal(ew_timer_new(inst, "tick", probe_tick, probe, &probe->timer), 0);
	assert_int_equal(ew_watch_new(inst, "pipe", probe->pipe[0], EW_FD_READ, probe_look, probe,
				      &probe->watch), 0);
	if (plan->open != 0) {
		close(probe->pipe[0]);
		close(probe->pipe[1]);
		free(probe);
		return plan->open;
	}
	*self_out = probe;
	return 0;
}

static int probe_start(void *self)
{
	struct probe *probe = self;

	hang(probe->plan, probe->plan->hang_start);
	atomic_fetch_add(&probe->plan->started, 1);
	if (probe->plan->hang_timer) {
		ew_timer_set(probe->timer, 0, 0);
	}
	return probe->plan->start;
}

static int probe_reload(void *self, const void *settings)
{
	struct probe *probe = self;
	struct plan *plan = *(struct plan *const *)settings;

	hang(plan, plan->hang_reload);
	atomic_fetch_add(&plan->reloaded, 1);
	if (plan->reload == 0) {
		probe->plan = plan;
	}
	return plan->reload;
}

void probe_posted(void *self, void *arg)
{
	struct probe *probe = self;

	assert_ptr_equal(probe->plan, arg);
	atomic_fetch_add(&probe->plan->posted, 1);
}

static void probe_stop(void *self)
{
	struct probe *probe = self;

	hang(probe->plan, probe->plan->hang_stop);
	atomic_fetch_add(&probe->plan->stopped, 1);
	if (probe->plan->post_at_stop) {
		assert_int_equal(ew_post(probe->inst, "late", probe_posted, probe->plan), 0);
	}
	if (probe->plan->stop_later) {
		ew_timer_set(probe->timer, EW_MILLISECOND, 0);
	} else if (!probe->plan->ignore_stop) {
		ew_stopped(probe->inst);
	}
}

static void probe_close(void *self)
{
	struct probe *probe = self;

	hang(probe->plan, probe->plan->hang_close);
	atomic_fetch_add(&probe->plan->closed, 1);
	if (!probe->plan->leave_handles) {
		ew_timer_free(&probe->timer);
		ew_watch_free(&probe->watch);
	}
	close(probe->pipe[0]);
	close(probe->pipe[1]);
	free(probe);
}

static const struct ew_metric probe_metrics[] = {
	{ .name = "seen_total", .kind = EW_COUNTER, .help = "what was seen" },
};

static const struct ew_module probe_module = {
	.magic = EW_MODULE_MAGIC,
	.abi_major = EW_ABI_MAJOR,
	.abi_minor = EW_ABI_MINOR,
	.size = sizeof(struct ew_module),
	.option_size = sizeof(struct ew_option),
	.metric_size = sizeof(struct ew_metric),
	.name = "probe",
	.version = "1.0",
	.summary = "does what the test tells it",
	.metrics = probe_metrics,
	.metric_count = 1,
	.open = probe_open,
	.start = probe_start,
	.reload = probe_reload,
	.stop = probe_stop,
	.close = probe_close,
};

/* ---- the fixture ---- */

static void keep_line(void *arg, enum log_level level, const char *who, const char *text)
{
	size_t used;

	(void)arg;
	(void)level;
	pthread_mutex_lock(&fx.lock);
	used = strlen(fx.log);
	(void)snprintf(fx.log + used, sizeof(fx.log) - used, "%s: %s\n", who != NULL ? who : "",
		       text);
	pthread_mutex_unlock(&fx.lock);
}

bool was_logged(const char *text)
{
	bool found;

	pthread_mutex_lock(&fx.lock);
	found = strstr(fx.log, text) != NULL;
	pthread_mutex_unlock(&fx.lock);
	return found;
}

static void on_changed(void *arg, struct ew_instance *inst)
{
	(void)arg;
	(void)inst;
	fx.changes++;
}

int fixture_setup(void **state)
{
	(void)state;
	memset(&fx, 0, sizeof(fx));
	pthread_mutex_init(&fx.lock, NULL);
	fx.plan.let_go = &fx.let_go;
	log_set_sink(keep_line, NULL);
	log_set_level(LOG_LEVEL_DEBUG);
	instance_set_strict(false);
	if (loop_new("main", &fx.main) != 0 || bus_new(&fx.bus) != 0 ||
	    module_new(&probe_module, "(test)", NULL, &fx.module, NULL) != 0) {
		return -1;
	}
	return fleet_new(&(struct fleet_config){ .bus = fx.bus, .main = fx.main,
						 .changed = on_changed }, &fx.fleet);
}

int fixture_teardown(void **state)
{
	(void)state;
	fleet_free(&fx.fleet);
	bus_free(&fx.bus);
	module_free(&fx.module);
	loop_free(&fx.main);
	log_set_sink(NULL, NULL);
	pthread_mutex_destroy(&fx.lock);
	return 0;
}

struct dropped {
	struct plan *plan;
	unsigned *count;
};

static void drop_settings(void *arg)
{
	struct dropped *dropped = arg;

	if (dropped->count != NULL) {
		(*dropped->count)++;
	}
	free(dropped);
}

struct instance_settings settings_of(struct plan *plan, unsigned *dropped)
{
	struct dropped *arg = malloc(sizeof(*arg));

	assert_non_null(arg);
	*arg = (struct dropped){ plan, dropped };
	return (struct instance_settings){ .settings = arg, .drop = drop_settings, .arg = arg };
}

struct ew_instance *make(const char *name, const char *loop)
{
	const struct instance_config config = { .name = name, .loop = loop,
						.deadline = DEADLINE };
	struct instance_settings settings = settings_of(&fx.plan, NULL);
	struct ew_instance *inst = NULL;

	assert_int_equal(instance_new(fx.fleet, fx.module, &config, &settings, &inst), 0);
	return inst;
}

/* Step the main loop until the instance is in the state. */
void wait_state(struct ew_instance *inst, enum instance_state state)
{
	int64_t limit = clock_mono() + PATIENCE;

	while (instance_state(inst) != state && clock_mono() < limit) {
		if (!loop_step(fx.main)) {
			(void)sched_yield();
		}
	}
	assert_string_equal(instance_state_name(instance_state(inst)),
			    instance_state_name(state));
}

/* The same until it was opened anew so often. */
void wait_restarts(struct ew_instance *inst, unsigned count)
{
	int64_t limit = clock_mono() + PATIENCE;

	while (instance_restarts(inst) < count && clock_mono() < limit) {
		if (!loop_step(fx.main)) {
			(void)sched_yield();
		}
	}
	assert_int_equal(instance_restarts(inst), count);
}

void end(struct ew_instance **inst)
{
	instance_stop(*inst, false);
	if (instance_state(*inst) != INSTANCE_FAILED) {
		wait_state(*inst, INSTANCE_CLOSED);
	}
	instance_free(inst);
}
