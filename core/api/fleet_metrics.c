/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two sources over one picture of the fleet. A picture is replaced as a whole
 * under a lock of its own; it holds copies of names, for instances come and go
 * between two pictures.
 */
#include "core/api/fleet_metrics.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/check.h"
#include "core/base/clock.h"
#include "core/loop/loop.h"
#include "core/module/fleet.h"
#include "core/module/instance.h"
#include "core/module/metrics.h"

#define PICTURE_NAME   64
#define PICTURE_VALUES 4

enum {
	INSTANCE_UP,
	INSTANCE_HEALTH,
	INSTANCE_RESTARTS,
	INSTANCE_CALLBACK,
	INSTANCE_ROWS
};

static const struct ew_metric instance_rows[INSTANCE_ROWS] = {
	[INSTANCE_UP] = { "up", EW_GAUGE, NULL,
			  "1 while the instance runs and does not say that it is down.", NULL, 0 },
	[INSTANCE_HEALTH] = { "health", EW_GAUGE, NULL,
			      "What the instance says: 0 up, 1 degraded, 2 down.", NULL, 0 },
	[INSTANCE_RESTARTS] = { "restarts_total", EW_COUNTER, NULL,
				"Times the instance was opened anew by a reload.", NULL, 0 },
	[INSTANCE_CALLBACK] = { "callback_seconds", EW_GAUGE, "seconds",
				"How long the callback that runs now has run.", NULL, 0 },
};

enum {
	LOOP_TURNS,
	LOOP_SLEEPS,
	LOOP_WAKES,
	LOOP_BUSY,
	LOOP_ROWS
};

static const struct ew_metric loop_rows[LOOP_ROWS] = {
	[LOOP_TURNS] = { "turns_total", EW_COUNTER, NULL, "Turns of the loop.", NULL, 0 },
	[LOOP_SLEEPS] = { "sleeps_total", EW_COUNTER, NULL,
			  "Times the loop waited for something to do.", NULL, 0 },
	[LOOP_WAKES] = { "wakes_total", EW_COUNTER, NULL,
			 "Times another thread had to wake the loop.", NULL, 0 },
	[LOOP_BUSY] = { "busy_seconds", EW_GAUGE, "seconds",
			"How long the turn that runs now has run.", NULL, 0 },
};

_Static_assert(INSTANCE_ROWS <= PICTURE_VALUES && LOOP_ROWS <= PICTURE_VALUES, "values fit");

/* One instance or loop. */
struct subject {
	char name[PICTURE_NAME];
	char module[PICTURE_NAME];
	double values[PICTURE_VALUES];
};

struct picture {
	struct subject *at;
	size_t count;
	size_t room;
	bool is_short;          /* there was no memory for all */
};

struct fleet_metrics {
	struct metric_source instances, loops;
	struct fleet *fleet;
	pthread_mutex_t lock;   /* the two pictures */
	struct picture of_instances, of_loops;
};

static double seconds(ew_dur span)
{
	return (double)span / (double)EW_SECOND;
}

static struct subject *picture_add(struct picture *picture, const char *name, const char *module)
{
	struct subject *subject;

	if (picture->count == picture->room) {
		size_t room = picture->room > 0 ? 2 * picture->room : 16;
		struct subject *at = reallocarray(picture->at, room, sizeof(*at));

		if (at == NULL) {
			picture->is_short = true;
			return NULL;
		}
		picture->at = at;
		picture->room = room;
	}
	subject = &picture->at[picture->count];
	picture->count++;
	(void)snprintf(subject->name, sizeof(subject->name), "%s", name);
	(void)snprintf(subject->module, sizeof(subject->module), "%s", module);
	return subject;
}

static int take_instance(void *arg, struct ew_instance *inst)
{
	struct instance_health health = instance_health(inst);
	struct subject *subject = picture_add(arg, instance_name(inst),
					      instance_module(inst)->what.name);
	bool runs = instance_state(inst) == INSTANCE_RUNNING ||
		    instance_state(inst) == INSTANCE_RELOADING;
	char callback[RUNNING_NAME_SIZE];
	ew_dur since = instance_running(inst, callback, sizeof(callback));

	if (subject == NULL) {
		return -ENOMEM;
	}
	subject->values[INSTANCE_UP] = runs && health.health != EW_DOWN ? 1 : 0;
	subject->values[INSTANCE_HEALTH] = (double)health.health;
	subject->values[INSTANCE_RESTARTS] = (double)instance_restarts(inst);
	subject->values[INSTANCE_CALLBACK] =
		callback[0] != '\0' ? seconds(clock_mono() - since) : 0;
	return 0;
}

static int take_loop(void *arg, struct loop *loop)
{
	struct loop_stats stats = loop_stats(loop);
	int64_t since = loop_busy_since(loop);
	struct subject *subject = picture_add(arg, loop_name(loop), "");

	if (subject == NULL) {
		return -ENOMEM;
	}
	subject->values[LOOP_TURNS] = (double)stats.turns;
	subject->values[LOOP_SLEEPS] = (double)stats.sleeps;
	subject->values[LOOP_WAKES] = (double)stats.wakes;
	subject->values[LOOP_BUSY] = since > 0 ? seconds(clock_mono() - since) : 0;
	return 0;
}

/* Put a new picture in the place of an old one, unless it is short. */
static void picture_replace(struct fleet_metrics *metrics, struct picture *old,
			    struct picture *picture)
{
	struct picture unused = *picture;

	if (!picture->is_short) {
		check(pthread_mutex_lock(&metrics->lock) == 0);
		unused = *old;
		*old = *picture;
		check(pthread_mutex_unlock(&metrics->lock) == 0);
	}
	free(unused.at);
}

void fleet_metrics_take(struct fleet_metrics *metrics)
{
	struct picture instances = { 0 };
	struct picture loops = { 0 };

	if (metrics == NULL) {
		return;
	}
	/* what stopped a walk stands in the picture */
	(void)fleet_walk(metrics->fleet, take_instance, &instances);
	(void)fleet_loops_walk(metrics->fleet, take_loop, &loops);
	picture_replace(metrics, &metrics->of_instances, &instances);
	picture_replace(metrics, &metrics->of_loops, &loops);
}

static int instances_walk(void *arg, unsigned row, metric_show_fn show, void *show_arg)
{
	struct fleet_metrics *metrics = arg;
	int ret = 0;

	check(pthread_mutex_lock(&metrics->lock) == 0);
	for (size_t i = 0; i < metrics->of_instances.count && ret == 0; i++) {
		const struct subject *subject = &metrics->of_instances.at[i];
		const struct ew_label_pair labels[] = {
			{ "instance", subject->name }, { "module", subject->module },
		};

		ret = show(show_arg, labels, array_count(labels), subject->values[row]);
	}
	check(pthread_mutex_unlock(&metrics->lock) == 0);
	return ret;
}

static int loops_walk(void *arg, unsigned row, metric_show_fn show, void *show_arg)
{
	struct fleet_metrics *metrics = arg;
	int ret = 0;

	check(pthread_mutex_lock(&metrics->lock) == 0);
	for (size_t i = 0; i < metrics->of_loops.count && ret == 0; i++) {
		const struct subject *subject = &metrics->of_loops.at[i];
		const struct ew_label_pair label = { "loop", subject->name };

		ret = show(show_arg, &label, 1, subject->values[row]);
	}
	check(pthread_mutex_unlock(&metrics->lock) == 0);
	return ret;
}

int fleet_metrics_new(struct fleet *fleet, struct fleet_metrics **metrics_out)
{
	struct fleet_metrics *metrics = calloc(1, sizeof(*metrics));

	if (metrics == NULL || pthread_mutex_init(&metrics->lock, NULL) != 0) {
		free(metrics);
		return -ENOMEM;
	}
	metrics->fleet = fleet;
	metrics->instances = (struct metric_source){
		.prefix = "edgeway_instance", .rows = instance_rows, .count = INSTANCE_ROWS,
		.walk = instances_walk, .arg = metrics,
	};
	metrics->loops = (struct metric_source){
		.prefix = "edgeway_loop", .rows = loop_rows, .count = LOOP_ROWS,
		.walk = loops_walk, .arg = metrics,
	};
	metric_source_add(&metrics->instances);
	metric_source_add(&metrics->loops);
	*metrics_out = metrics;
	return 0;
}

void fleet_metrics_free(struct fleet_metrics **metrics)
{
	struct fleet_metrics *gone = *metrics;

	*metrics = NULL;
	if (gone != NULL) {
		metric_source_remove(&gone->instances);
		metric_source_remove(&gone->loops);
		check(pthread_mutex_destroy(&gone->lock) == 0);
		free(gone->of_instances.at);
		free(gone->of_loops.at);
		free(gone);
	}
}
