/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Units of measure: a UCUM code to powers of the base units, so that a metre
 * is never added to a bar. Pure; any thread.
 *
 * Known are the codes that plants use, with prefixes, `.`, `/` and exponents:
 * `m3/h`, `kPa`, `kW.h`, `1/min`, `%`, `Cel`. A unit that is not known is not
 * checked.
 */
#ifndef MODULES_RULES_LANG_UNIT_H
#define MODULES_RULES_LANG_UNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	UNIT_METRE,
	UNIT_GRAM,
	UNIT_SECOND,
	UNIT_AMPERE,
	UNIT_KELVIN,
	UNIT_MOLE,
	UNIT_CANDELA,
	UNIT_BASES
};

struct unit {
	bool is_known;          /* else nothing below is meant */
	bool is_point;          /* a place on a scale with a zero of its own: Cel */
	int8_t powers[UNIT_BASES];
	double factor;          /* base units in one of this */
	double offset;          /* base value of its zero: 273.15 for Cel */
};

/* -EINVAL: not a unit that is known; *unit_out is untouched. */
int unit_parse(const char *text, size_t size, struct unit *unit_out);

/* A bare number's: no dimension, factor 1. */
struct unit unit_one(void);

/* Second; for windows and rates. */
struct unit unit_second(void);

bool unit_is_same(const struct unit *a, const struct unit *b);

/* Same powers: a number in one can be told in the other. */
bool unit_is_alike(const struct unit *a, const struct unit *b);

/* a * b^power, power 1 or -1. Unknown if either is, or when a power overflows. */
struct unit unit_multiply(const struct unit *a, const struct unit *b, int power);

/* False: a power is odd. */
bool unit_root(const struct unit *a, struct unit *unit_out);

/* The difference of two places on a scale is no place: Cel - Cel is K. */
struct unit unit_difference(const struct unit *a);

/* value, told in another unit that is alike: value * scale + shift. */
void unit_convert(const struct unit *from, const struct unit *to, double *scale_out,
		  double *shift_out);

/* For messages: "m3.s-1", with the factor when it is not 1. Returns `out`. */
const char *unit_format(const struct unit *unit, char *out, size_t size);

#endif
