/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a tag takes a value that somebody wants to set, and what its owner
 * sees then: number conversion, labels, ranges, inverse scaling. Pure; any
 * thread.
 */
#ifndef CORE_BUS_SETTABLE_H
#define CORE_BUS_SETTABLE_H

#include <edgeway/tag.h>

/* Why a request is refused, in words, with a negative errno. */
struct reason {
	int error;
	char text[192];
};

/* Sets both, returns error. */
int reason_give(struct reason *reason, int error, const char *format, ...) EW_PRINTF(3, 4);

/*
 * Take a value as the bus shows it and make it what the owner publishes.
 * Numbers move between carriers when nothing is lost. With scale or offset
 * the nearest value of the exact type is taken.
 *
 * -EINVAL: of another kind; -ERANGE: outside of what may be set; -EMSGSIZE:
 * longer than the tag takes.
 */
int settable_convert(const struct ew_tag_info *tag, const struct ew_sample *value,
		     struct ew_sample *raw_out, struct reason *reason);

/*
 * Put what settable_convert() gave into the carrier that the owner publishes:
 * a tag with scale shows f64 and may publish an integer; the nearest is taken.
 * -ERANGE: the carrier cannot hold it.
 */
int settable_carry(enum ew_carrier carrier, struct ew_sample *raw, struct reason *reason);

/* The value as a double, for limits; false: it has none. */
bool settable_number(const struct ew_sample *value, double *number_out);

/*
 * What a person wrote, in this carrier. Text is borrowed. -EINVAL: not of this
 * form, or bytes; -ERANGE.
 */
int settable_parse(enum ew_carrier carrier, const char *text, struct ew_sample *value_out)
	EW_CHECKED;

/* For people: "12.5", "true", a text cut to fit, "(20 bytes)". Returns out. */
const char *settable_format(const struct ew_sample *value, char *out, size_t size);

#endif
