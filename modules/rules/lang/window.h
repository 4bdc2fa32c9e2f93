/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What functions over a time remember: a ring of slots of fixed size, whatever
 * the rate of samples. A window covers its time and up to one slot more: 16
 * whole slots and the one that is being filled. Slots begin at multiples of
 * their length.
 */
#ifndef MODULES_RULES_LANG_WINDOW_H
#define MODULES_RULES_LANG_WINDOW_H

#include "modules/rules/lang/inside.h"

#define WINDOW_SLOTS  17

/* What a and b are is the function's affair; has: something is in it. */
struct window_slot {
	double a, b;
};

struct window {
	bool is_begun;
	bool was_good;                  /* value holds since `time` */
	uint16_t quality;               /* of value */
	uint32_t filled;                /* bit i: slots[i] has something */
	int64_t head;                   /* number of the slot that is being filled */
	ew_dur time;                    /* up to which all is accounted for */
	ew_dur moved;                   /* when the value changed last */
	double value;
	uint64_t count;                 /* of samples of the input: sum */
	struct window_slot slots[WINDOW_SLOTS];
};

/* One run of a function over a time. Returns when it matters next, or LANG_NEVER. */
ew_dur window_run(struct window *window, const struct lang_op *op, struct lang_value value,
		  const struct lang_source *source, ew_dur now, struct lang_value *value_out);

#endif
