/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals without a model behind them: for tags that only the YAML knows.
 * Pure; the same rules of arithmetic as in signal.h.
 */
#ifndef SIMULATOR_PLANT_WAVE_H
#define SIMULATOR_PLANT_WAVE_H

#include "modules/simulator/plant/random.h"
#include "modules/simulator/plant/signal.h"

enum wave_shape {
	WAVE_DRIFT,    /* wanders around the middle, slower than a tenth of the period */
	WAVE_TRIANGLE, /* up and down */
	WAVE_RAMP,     /* up, and back at once */
	WAVE_SQUARE,   /* low for half a period, then high */
	WAVE_RANDOM,   /* any value, every time */
	WAVE_CONSTANT, /* the middle */
	WAVE_SHAPE_COUNT
};

struct wave {
	enum wave_shape shape;
	double low, high;
	double period;  /* s */
	double at;      /* s since the period began */
	struct drift drift;
	struct random_stream random;
};

/* The stream must have been started; h: s a step. */
void wave_init(struct wave *wave, double h);

/* The value after a further step, within low and high. */
double wave_step(struct wave *wave, double h);

#endif
