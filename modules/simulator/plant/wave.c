/* SPDX-License-Identifier: Apache-2.0 */
/* Signals without a model: see wave.h. */
#include "modules/simulator/plant/wave.h"

#define DRIFT_SHARE  6.0  /* of the range is the deviation of a drift */
#define DRIFT_PERIOD 10.0 /* of the period is its time constant */

void wave_init(struct wave *wave, double h)
{
	drift_prepare(&wave->drift, (wave->high - wave->low) / DRIFT_SHARE,
		      wave->period / DRIFT_PERIOD, h);
}

/* 0 to 1, from the part of the period that has passed. */
static double wave_share(struct wave *wave)
{
	double part = wave->at / wave->period;

	switch (wave->shape) {
	case WAVE_TRIANGLE:
		return part < 0.5 ? 2.0 * part : 2.0 - 2.0 * part;
	case WAVE_RAMP:
		return part;
	case WAVE_SQUARE:
		return part < 0.5 ? 0.0 : 1.0;
	case WAVE_RANDOM:
		return (double)(random_next(&wave->random) >> 11) * 0x1p-53;
	case WAVE_DRIFT:
	case WAVE_CONSTANT:
	case WAVE_SHAPE_COUNT:
		break;
	}
	return 0.5;
}

double wave_step(struct wave *wave, double h)
{
	double x;

	wave->at += h;
	while (wave->at >= wave->period) {
		wave->at -= wave->period;
	}
	x = wave->low + wave_share(wave) * (wave->high - wave->low);
	if (wave->shape == WAVE_DRIFT) {
		x += drift_step(&wave->drift, &wave->random);
	}
	return signal_clamp(x, wave->low, wave->high);
}
