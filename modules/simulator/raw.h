/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers in the form that the YAML gives a tag: a model computes 27.35 m3/h,
 * a real device would send the u16 2735 with a scale of 0.01. Pure.
 */
#ifndef SIMULATOR_RAW_H
#define SIMULATOR_RAW_H

#include <edgeway/module.h>

struct raw {
	unsigned type;          /* enum ew_type: a boolean, an integer, or a float */
	double scale, offset;   /* value = raw * scale + offset */
};

/* Whether this datatype can carry numbers. */
bool raw_is_number(unsigned type);

/* The form that a tag's configuration asks for; scale and offset count for integers only. */
struct raw raw_of(unsigned type, const struct ew_tag_spec *spec);

/* Put a value into a sample, rounded and within what the type can hold. */
void raw_put(const struct raw *raw, double value, struct ew_sample *sample);

/* -EINVAL: the sample has another carrier. */
int raw_get(const struct raw *raw, const struct ew_sample *sample, double *value_out);

/* Smallest and largest value of the type in engineering units; floats: 0 and 100. */
void raw_range(const struct raw *raw, double *low_out, double *high_out);

#endif
