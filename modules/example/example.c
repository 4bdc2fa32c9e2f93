/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The template of a module: copy it, rename it, change what it does.
 *
 * It is a source, a receiver and writable, in the least code that is right: a
 * room whose `Temperature` moves to the `Setpoint` that others may write, and
 * which counts the samples that other instances publish.
 *
 * All functions run on the instance's loop, one at a time: no locks, and no
 * static variables, because several instances of a module may run.
 */
#include <edgeway/module.h>

#include <errno.h>
#include <stdlib.h>

/* What YAML says. Core fills it from the table below and frees it. */
struct example_settings {
	const char *device;
	ew_dur every;
	double setpoint;
	double low;
	double high;
};

struct example {
	struct ew_instance *inst;
	const struct example_settings *settings;
	struct ew_timer *timer;
	uint32_t device, temperature, setpoint; /* ids */
	double value;
	double target;
};

static const struct ew_option example_options[] = {
	EW_OPTION(struct example_settings, device, .fallback = "room",
		  .help = "path of the device"),
	EW_DURATION_OPTION(struct example_settings, every, .fallback = "1s", .min = "1ms",
			   .help = "time between two samples"),
	EW_OPTION(struct example_settings, setpoint, .fallback = "20", .unit = "Cel",
		  .help = "setpoint at the start"),
	EW_OPTION(struct example_settings, low, .fallback = "5", .unit = "Cel",
		  .help = "lowest setpoint that may be written"),
	EW_OPTION(struct example_settings, high, .fallback = "30", .unit = "Cel",
		  .help = "highest setpoint that may be written"),
	EW_OPTION_END
};

enum { METRIC_RECEIVED, METRIC_REFUSED, METRIC_COUNT };

static const struct ew_metric example_metrics[METRIC_COUNT] = {
	[METRIC_RECEIVED] = { .name = "received_total", .kind = EW_COUNTER,
			      .help = "samples received from other instances" },
	[METRIC_REFUSED] = { .name = "refused_total", .kind = EW_COUNTER,
			     .help = "samples that could not be published" },
};

/* Rules that one row cannot say. Pure: it also runs in `edgewayd --check`. */
static int example_check(const void *arg, struct ew_error *err)
{
	const struct example_settings *settings = arg;

	if (settings->low >= settings->high) {
		return ew_fail(err, "'low' %g is not below 'high' %g", settings->low,
			       settings->high);
	}
	if (settings->setpoint < settings->low || settings->setpoint > settings->high) {
		return ew_fail(err, "'setpoint' %g is not between 'low' and 'high'",
			       settings->setpoint);
	}
	return 0;
}

static void example_publish(struct example *ex)
{
	ew_time now = ew_wall();
	struct ew_sample samples[] = {
		ew_sample_f64(ex->temperature, now, ex->value),
		ew_sample_f64(ex->setpoint, now, ex->target),
	};

	/* the next tick brings newer values: nothing to repeat */
	if (ew_publish(ex->inst, samples, 2, NULL) != 0) {
		ew_metric_add(ex->inst, METRIC_REFUSED, 2);
	}
}

static void example_tick(void *arg)
{
	struct example *ex = arg;

	ex->value += (ex->target - ex->value) / 10;
	example_publish(ex);
}

static int example_declare(struct example *ex)
{
	const struct example_settings *settings = ex->settings;
	const struct ew_device_spec device = {
		.size = sizeof(device), .path = settings->device, .type = "room",
	};
	const struct ew_tag_spec temperature = {
		.size = sizeof(temperature), .name = "Temperature", .type = EW_TYPE_F64,
		.unit = "Cel", .description = "air temperature", .deadband = 0.01,
	};
	const struct ew_tag_spec setpoint = {
		.size = sizeof(setpoint), .name = "Setpoint", .type = EW_TYPE_F64,
		.access = EW_ACCESS_READ | EW_ACCESS_WRITE, .unit = "Cel",
		.write_low = settings->low, .write_high = settings->high,
	};
	int error = ew_device_declare(ex->inst, &device, &ex->device);

	if (error == 0) {
		error = ew_tag_declare(ex->inst, ex->device, &temperature, &ex->temperature);
	}
	if (error == 0) {
		error = ew_tag_declare(ex->inst, ex->device, &setpoint, &ex->setpoint);
	}
	return error;
}

/* Allocate, declare, make timers; no input or output, no waiting. */
static int example_open(struct ew_instance *inst, const void *settings, void **self_out)
{
	struct example *ex = calloc(1, sizeof(*ex));
	int error;

	if (ex == NULL) {
		return -ENOMEM;
	}
	ex->inst = inst;
	ex->settings = settings;
	ex->target = ex->settings->setpoint;
	ex->value = ex->target;
	error = example_declare(ex);
	if (error == 0) {
		error = ew_timer_new(inst, "tick", example_tick, ex, &ex->timer);
	}
	if (error != 0) {
		free(ex); /* core removes what was declared */
		return error;
	}
	*self_out = ex;
	return 0;
}

static int example_start(void *self)
{
	struct example *ex = self;
	int error = ew_device_state(ex->inst, ex->device, EW_DEVICE_UP, NULL);

	if (error == 0) {
		ew_timer_set(ex->timer, 0, ex->settings->every);
	}
	return error;
}

/* Nothing is under way that would have to end first. */
static void example_stop(void *self)
{
	struct example *ex = self;

	ew_timer_stop(ex->timer);
	ew_stopped(ex->inst);
}

static void example_close(void *self)
{
	struct example *ex = self;

	ew_timer_free(&ex->timer);
	free(ex);
}

/* Samples of other instances; their text is gone when this returns. */
static void example_batch(void *self, const struct ew_batch *batch)
{
	struct example *ex = self;

	ew_metric_add(ex->inst, METRIC_RECEIVED, batch->count);
}

/* Core has checked access, range and priority, and asks for all items or none. */
static void example_write(void *self, struct ew_write *write)
{
	struct example *ex = self;

	if (write->op == EW_WRITE_EXECUTE) {
		(void)ew_write_refuse(ex->inst, &write, -ENOTSUP); /* too late is told by core */
		return;
	}
	for (size_t i = 0; i < write->count && write->op == EW_WRITE_SET; i++) {
		ex->target = write->items[i].v.f; /* the one tag that can be written */
	}
	(void)ew_write_done(ex->inst, &write, NULL); /* as above */
	example_publish(ex);
}

EW_MODULE(
	.name = "example", .version = "1.0", .summary = "a room with a setpoint, to be copied",
	.options = example_options, .settings_size = sizeof(struct example_settings),
	.metrics = example_metrics, .metric_count = METRIC_COUNT,
	.check = example_check,
	.open = example_open, .start = example_start,
	.stop = example_stop, .close = example_close,
	.batch = example_batch, .write = example_write);
