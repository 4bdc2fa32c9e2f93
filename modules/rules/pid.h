/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PID controller, stepped at a fixed rhythm. Pure.
 *
 *	output = gain * (e + integral of e / Ti - Td * d(input)/dt),  e = setpoint - input
 *
 * The derivative is of the measurement, so that a new set point does not kick,
 * and filtered with Td / 8. The integral stops where the output's limits or
 * its slew stop it, so that it does not wind up. Changing between manual and
 * automatic, and coming back from a bad input, begin with the output that is.
 */
#ifndef MODULES_RULES_PID_H
#define MODULES_RULES_PID_H

#include <stdbool.h>

struct pid_tuning {
	double gain;
	double integral;        /* Ti, s; 0: none */
	double derivative;      /* Td, s; 0: none */
	double low, high;
	double slew;            /* a second; 0: any */
};

struct pid {
	struct pid_tuning tuning;
	bool is_auto;
	bool is_begun;          /* integral and last belong to the steps before */
	double output;
	double integral;        /* its part of the output */
	double slope;           /* filtered d(input)/dt */
	double last;            /* input of the step before */
	double proportional, differential;      /* parts of the last output, to be shown */
};

/* Automatic, with the output `start`. */
void pid_init(struct pid *pid, const struct pid_tuning *tuning, double start);

/* One step of `seconds`; the output, held in manual. */
double pid_step(struct pid *pid, double input, double setpoint, double seconds);

/* The input was bad, or the mode changed: the next step begins anew, without a bump. */
void pid_break(struct pid *pid);

void pid_set_auto(struct pid *pid, bool is_auto);

/* In manual; brought into its limits. */
void pid_set_output(struct pid *pid, double output);

#endif
