/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instances of a module that does in each callback what the test tells it:
 * fail, hang, ignore stop. Loops run in threads; the main loop is the test's.
 */
#ifndef TESTS_UNIT_INSTANCE_FIXTURE_H
#define TESTS_UNIT_INSTANCE_FIXTURE_H

#include <pthread.h>

#include "core/module/instance.h"
#include "tests/unit/unit.h"

#define DEADLINE  (200 * EW_MILLISECOND)
#define PATIENCE  (20 * EW_SECOND)

/* What the module does; its settings. */
struct plan {
	int open, start, reload;        /* what they return */
	bool hang_open, hang_start, hang_reload, hang_stop, hang_close, hang_timer;
	bool ignore_stop;
	bool stop_later;                /* ew_stopped() from a timer */
	bool leave_handles;             /* timers and watches are not freed */
	bool post_at_stop;              /* a thread's post is under way when it stops */
	atomic_bool *let_go;            /* hanging ends when it is true */
	atomic_uint opened, started, stopped, closed, posted, reloaded;
};

struct fixture {
	struct loop *main;
	struct bus *bus;
	struct fleet *fleet;
	struct module *module;
	struct plan plan;
	atomic_bool let_go;
	unsigned changes;
	pthread_mutex_t lock;
	char log[16384];
};

extern struct fixture fx;

int fixture_setup(void **state);
int fixture_teardown(void **state);

bool was_logged(const char *text);

/* Settings of the probe; *dropped (may be NULL) counts when they are freed. */
struct instance_settings settings_of(struct plan *plan, unsigned *dropped);

/* An instance that follows fx.plan. */
struct ew_instance *make(const char *name, const char *loop);

/* Step the main loop until the instance is in the state; or was opened anew so often. */
void wait_state(struct ew_instance *inst, enum instance_state state);
void wait_restarts(struct ew_instance *inst, unsigned count);

/* Stop, wait, free. */
void end(struct ew_instance **inst);

/* What a module posts. */
void probe_posted(void *self, void *arg);

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

#endif
