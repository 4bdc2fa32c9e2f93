/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The blocks that device models are made of: lags, drift, limits, quantisation.
 *
 * Only + - * / and sqrt are used: IEEE 754 defines their last bit, so the same seed and the same
 * writes give the same numbers on every machine that computes in double without fusing
 * operations. exp() and its kin are left out on purpose. Pure, no thread, no clock.
 */
#ifndef SIMULATOR_PLANT_SIGNAL_H
#define SIMULATOR_PLANT_SIGNAL_H

#include <math.h>
#include <stdint.h>

#include "modules/simulator/plant/random.h"

/*
 * A first order lag. For a constant input it follows 1 - exp(-t/tau); the gain is the (1,1) Pade
 * approximant of 1 - exp(-h/tau), whose time constant is right to (h/tau)^2 / 12.
 */
struct lag {
	double value;
	double gain;
};

static inline void lag_prepare(struct lag *lag, double tau, double h)
{
	lag->gain = h / (tau + 0.5 * h);
}

static inline double lag_step(struct lag *lag, double input)
{
	lag->value += lag->gain * (input - lag->value);
	return lag->value;
}

/*
 * One step of dx/dt = inflow - rate * x with the trapezoidal rule; for models whose time constant
 * 1/rate moves with a valve or a flow.
 */
static inline double signal_balance(double x, double inflow, double rate, double h)
{
	double half = 0.5 * h * rate;

	return (x * (1.0 - half) + h * inflow) / (1.0 + half);
}

/* A slow disturbance: noise through a lag, scaled so that its standard deviation is deviation. */
struct drift {
	struct lag lag;
	double amplitude;
};

static inline void drift_prepare(struct drift *drift, double deviation, double tau, double h)
{
	lag_prepare(&drift->lag, tau, h);
	drift->amplitude = deviation * sqrt((2.0 - drift->lag.gain) / drift->lag.gain);
}

static inline double drift_step(struct drift *drift, struct random_stream *stream)
{
	return lag_step(&drift->lag, drift->amplitude * random_noise(stream));
}

static inline double signal_clamp(double x, double low, double high)
{
	return x < low ? low : x > high ? high : x;
}

/* The nearest multiple of step; step 0 leaves x as it is, and so does an x beyond 2^52 steps. */
static inline double signal_quantise(double x, double step)
{
	double steps = x / step;

	if (!(step > 0.0) || !(steps > -0x1p52 && steps < 0x1p52)) {
		return x;
	}
	/* a conversion cuts towards zero; floor() is a call on the oldest x86-64 */
	return (double)(int64_t)(steps + (steps < 0.0 ? -0.5 : 0.5)) * step;
}

#endif
