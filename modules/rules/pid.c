/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The step of the controller. The integral is moved only as far as the output
 * may follow, which is what keeps it from winding up.
 */
#include "modules/rules/pid.h"

#include <math.h>

#define FILTER  8.0     /* Td / this is the time constant of the derivative */

static double pid_limit(const struct pid *pid, double value)
{
	return fmin(fmax(value, pid->tuning.low), pid->tuning.high);
}

void pid_init(struct pid *pid, const struct pid_tuning *tuning, double start)
{
	*pid = (struct pid){ .tuning = *tuning, .is_auto = true };
	pid->output = pid_limit(pid, start);
}

void pid_break(struct pid *pid)
{
	pid->is_begun = false;
}

void pid_set_auto(struct pid *pid, bool is_auto)
{
	if (pid->is_auto != is_auto) {
		pid->is_auto = is_auto;
		pid_break(pid);
	}
}

void pid_set_output(struct pid *pid, double output)
{
	pid->output = pid_limit(pid, output);
	pid_break(pid);
}

/* Filtered slope of the input. */
static double pid_slope(const struct pid *pid, double input, double seconds)
{
	double filter = pid->tuning.derivative / FILTER;
	double slope = (input - pid->last) / seconds;

	return pid->slope + (slope - pid->slope) * seconds / (filter + seconds);
}

double pid_step(struct pid *pid, double input, double setpoint, double seconds)
{
	const struct pid_tuning *tuning = &pid->tuning;
	double error = setpoint - input, low = tuning->low, high = tuning->high;
	double parts, step = 0.0, wanted;

	pid->proportional = tuning->gain * error;
	if (!pid->is_begun) {
		pid->is_begun = true;
		pid->last = input;
		pid->slope = 0.0;
		pid->differential = 0.0;
		pid->integral = pid->output - pid->proportional;
		if (tuning->integral == 0.0) {
			pid->integral = 0.0; /* nothing to hide a bump in */
		}
	} else {
		pid->slope = tuning->derivative > 0.0 ? pid_slope(pid, input, seconds) : 0.0;
		pid->differential = -tuning->gain * tuning->derivative * pid->slope;
		pid->last = input;
		if (tuning->integral > 0.0) {
			step = tuning->gain * error * seconds / tuning->integral;
		}
	}
	if (!pid->is_auto) {
		pid->is_begun = false;
		return pid->output;
	}
	if (tuning->slew > 0.0) {
		low = fmax(low, pid->output - tuning->slew * seconds);
		high = fmin(high, pid->output + tuning->slew * seconds);
	}
	parts = pid->proportional + pid->differential;
	wanted = parts + pid->integral + step;
	if (wanted > high && step > 0.0) {
		step = fmax(0.0, high - parts - pid->integral);
	} else if (wanted < low && step < 0.0) {
		step = fmin(0.0, low - parts - pid->integral);
	}
	pid->integral += step;
	pid->output = fmin(fmax(parts + pid->integral, low), high);
	return pid->output;
}
