/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring: time that has passed is put into the slots it fell into, with the
 * value that held; then the new value begins to hold.
 */
#include "modules/rules/lang/window.h"

#include <math.h>

static struct window_slot *window_slot(struct window *window, int64_t number)
{
	return &window->slots[number % WINDOW_SLOTS];
}

static bool window_has(const struct window *window, int64_t number)
{
	return (window->filled >> (number % WINDOW_SLOTS) & 1u) != 0;
}

static void window_mark(struct window *window, int64_t number)
{
	window->filled |= 1u << (number % WINDOW_SLOTS);
}

/* Make `number` the slot being filled; what falls out is forgotten. */
static void window_turn(struct window *window, int64_t number)
{
	int64_t from = window->head + 1;

	if (number - from >= WINDOW_SLOTS) {
		window->filled = 0;
		from = number + 1;
	}
	for (int64_t i = from; i <= number; i++) {
		window->filled &= ~(1u << (i % WINDOW_SLOTS));
	}
	if (number > window->head) {
		window->head = number;
	}
}

/* `value` held from..to, which lie in one slot. */
static void window_hold(struct window *window, enum lang_code code, int64_t number, ew_dur from,
			ew_dur to)
{
	struct window_slot *slot = window_slot(window, number);
	bool has = window_has(window, number);
	double seconds = (double)(to - from) / 1e9;

	switch (code) {
	case LANG_OVER_AVG:
		slot->a = (has ? slot->a : 0.0) + window->value * seconds;
		slot->b = (has ? slot->b : 0.0) + seconds;
		break;
	case LANG_OVER_MIN:
		slot->a = has ? fmin(slot->a, window->value) : window->value;
		break;
	case LANG_OVER_MAX:
		slot->a = has ? fmax(slot->a, window->value) : window->value;
		break;
	default: /* rate, delta: what the slot begins with */
		if (!has) {
			slot->a = window->value;
			slot->b = (double)from;
		}
		break;
	}
	window_mark(window, number);
}

static void window_pass(struct window *window, const struct lang_op *op, ew_dur length, ew_dur now)
{
	int64_t last = now / length, first = window->time / length;
	bool counts = window->was_good && op->code != LANG_OVER_SUM;

	if (first < last - (WINDOW_SLOTS - 1)) {
		first = last - (WINDOW_SLOTS - 1);
		window->time = first * length;
	}
	for (int64_t number = first; number <= last; number++) {
		ew_dur end = number == last ? now : (number + 1) * length;

		window_turn(window, number);
		if (counts && end > window->time) {
			window_hold(window, (enum lang_code)op->code, number, window->time, end);
		}
		window->time = end;
	}
}

/* The new value holds from now on. */
static void window_take(struct window *window, const struct lang_op *op, struct lang_value value,
			const struct lang_source *source, ew_dur now)
{
	bool is_good = !lang_is_bad(value);
	struct window_slot *slot = window_slot(window, window->head);

	if (is_good != window->was_good || (is_good && value.x != window->value)) {
		window->moved = now;
	}
	window->was_good = is_good;
	window->quality = value.quality;
	if (!is_good) {
		window->count = source != NULL ? source->count : 0;
		return;
	}
	window->value = value.x;
	if (op->code != LANG_OVER_SUM) {
		window_hold(window, (enum lang_code)op->code, window->head, now, now);
	} else if (source->count != window->count) {
		slot->a = (window_has(window, window->head) ? slot->a : 0.0) + value.x;
		window_mark(window, window->head);
		window->count = source->count;
		window->moved = now;
	}
}

/* All slots as one number; NaN: they have nothing. */
static double window_fold(const struct window *window, enum lang_code code, ew_dur now)
{
	double a = 0.0, b = 0.0;
	bool has = false;

	for (int64_t number = window->head - (WINDOW_SLOTS - 1); number <= window->head; number++) {
		const struct window_slot *slot;

		if (number < 0 || !window_has(window, number)) {
			continue;
		}
		slot = &window->slots[number % WINDOW_SLOTS];
		switch (code) {
		case LANG_OVER_MIN:
			a = has ? fmin(a, slot->a) : slot->a;
			break;
		case LANG_OVER_MAX:
			a = has ? fmax(a, slot->a) : slot->a;
			break;
		case LANG_OVER_RATE:
		case LANG_OVER_DELTA:
			a = has ? a : slot->a;
			b = has ? b : slot->b;
			break;
		default:
			a += slot->a;
			b += slot->b;
			break;
		}
		has = true;
	}
	switch (code) {
	case LANG_OVER_AVG:
		return b > 0.0 ? a / b : window->value;
	case LANG_OVER_DELTA:
		return window->value - a;
	case LANG_OVER_RATE:
		return (double)now > b ? (window->value - a) / (((double)now - b) / 1e9) : NAN;
	default:
		return a;
	}
}

/* What the window says now. */
static struct lang_value window_value(const struct window *window, enum lang_code code, ew_dur now,
				      struct lang_value value)
{
	struct lang_value result;

	if (code == LANG_OVER_SUM && window->filled == 0 && window->was_good) {
		return (struct lang_value){ 0.0, value.quality };
	}
	if (window->filled == 0) {
		return lang_bad(EW_REASON_NO_VALUE);
	}
	if (!window->was_good && (code == LANG_OVER_RATE || code == LANG_OVER_DELTA)) {
		return value;
	}
	result = (struct lang_value){ window_fold(window, code, now), value.quality };
	if (!window->was_good) {
		result.quality = EW_UNCERTAIN | EW_REASON_SUBSTITUTED;
	}
	return isnan(result.x) ? lang_bad(EW_REASON_NO_VALUE) : result;
}

ew_dur window_run(struct window *window, const struct lang_op *op, struct lang_value value,
		  const struct lang_source *source, ew_dur now, struct lang_value *value_out)
{
	ew_dur length = op->span / (WINDOW_SLOTS - 1);

	if (!window->is_begun) {
		window->is_begun = true;
		window->time = now;
		window->head = now / length;
		window->moved = now;
	}
	window_pass(window, op, length, now);
	window_take(window, op, value, source, now);
	*value_out = window_value(window, (enum lang_code)op->code, now, value);
	return now - window->moved <= op->span + 2 * length ? (now / length + 1) * length
							    : LANG_NEVER;
}
