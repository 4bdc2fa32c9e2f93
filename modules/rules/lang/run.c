/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interpreter. Quality: what is computed has the worst of its operands;
 * what has no finite number (division by zero, overflow, the root of a
 * negative one) is bad, out of range. `and` and `or` know their answer also
 * with a bad operand when the other one decides.
 */
#include <math.h>
#include <string.h>

#include "modules/rules/lang/inside.h"
#include "modules/rules/lang/window.h"

#define RAMP_STEP  (100 * EW_MILLISECOND)

/* What the functions of time keep; the first run finds zeros. */
struct keep_hold {              /* for */
	bool was_true;
	ew_dur since;
};

struct keep_last {              /* rising, falling, changed, latch, hysteresis */
	bool is_begun;
	double x;
};

struct keep_debounce {
	bool is_begun;
	double out, next;
	ew_dur since;
};

struct keep_good {              /* last_good, ramp */
	bool is_begun;
	double x;
	ew_dur time;
};

size_t lang_state_size(enum lang_code code)
{
	switch (code) {
	case LANG_FOR:
		return sizeof(struct keep_hold);
	case LANG_RISING:
	case LANG_FALLING:
	case LANG_CHANGED:
	case LANG_HYSTERESIS:
	case LANG_LATCH:
		return sizeof(struct keep_last);
	case LANG_STALE:
		return sizeof(double); /* nothing: but it depends on time */
	case LANG_DEBOUNCE:
		return sizeof(struct keep_debounce);
	case LANG_LAST_GOOD:
	case LANG_RAMP:
		return sizeof(struct keep_good);
	case LANG_OVER_AVG:
	case LANG_OVER_MIN:
	case LANG_OVER_MAX:
	case LANG_OVER_SUM:
	case LANG_OVER_RATE:
	case LANG_OVER_DELTA:
		return sizeof(struct window);
	default:
		return 0;
	}
}

struct lang_value lang_good(double x)
{
	return (struct lang_value){ x, EW_GOOD };
}

struct lang_value lang_bad(enum ew_reason reason)
{
	return (struct lang_value){ NAN, (uint16_t)(EW_BAD | (unsigned)reason) };
}

/* One run, for its operations. */
struct run {
	const struct lang_program *program;
	const struct lang_source *sources;
	const struct lang_value *terms;
	char *state;
	ew_dur now, due;
};

static uint16_t worst(uint16_t a, uint16_t b)
{
	return a > b ? a : b;
}

static struct lang_value with(double x, uint16_t quality)
{
	if (EW_QUALITY_CLASS(quality) == EW_BAD) {
		return (struct lang_value){ NAN, quality };
	}
	if (!isfinite(x)) {
		return lang_bad(EW_REASON_OUT_OF_RANGE);
	}
	return (struct lang_value){ x, quality };
}

static void due_at(struct run *run, ew_dur due)
{
	if (due < run->due) {
		run->due = due;
	}
}

/* One side decides: no for `and`, yes for `or`. */
static struct lang_value run_decide(struct lang_value a, struct lang_value b, double decides)
{
	if (a.x == decides || b.x == decides) {
		if (a.x == decides && b.x == decides) {
			return a.quality < b.quality ? a : b;
		}
		return a.x == decides ? a : b;
	}
	return with(1.0 - decides, worst(a.quality, b.quality));
}

static struct lang_value run_unary(const struct run *run, const struct lang_op *op,
				   struct lang_value a)
{
	const double *constants = run->program->constants;

	switch ((enum lang_code)op->code) {
	case LANG_NOT:
		return with(1.0 - a.x, a.quality);
	case LANG_NEGATE:
		return with(-a.x, a.quality);
	case LANG_ABS:
		return with(fabs(a.x), a.quality);
	case LANG_SQRT:
		return with(sqrt(a.x), a.quality);
	case LANG_EXP:
		return with(exp(a.x), a.quality);
	case LANG_LN:
		return with(log(a.x), a.quality);
	case LANG_FLOOR:
		return with(floor(a.x), a.quality);
	case LANG_CEIL:
		return with(ceil(a.x), a.quality);
	case LANG_ROUND:
		return with(round(a.x), a.quality);
	case LANG_GOOD:
		return lang_good(a.quality == EW_GOOD ? 1.0 : 0.0);
	default: /* LANG_CONVERT */
		return with(a.x * constants[op->aux] + constants[op->aux + 1], a.quality);
	}
}

static struct lang_value run_binary(const struct lang_op *op, struct lang_value a,
				    struct lang_value b)
{
	uint16_t quality = worst(a.quality, b.quality);

	switch ((enum lang_code)op->code) {
	case LANG_ADD:
		return with(a.x + b.x, quality);
	case LANG_SUBTRACT:
		return with(a.x - b.x, quality);
	case LANG_MULTIPLY:
		return with(a.x * b.x, quality);
	case LANG_DIVIDE:
		return with(a.x / b.x, quality);
	case LANG_MODULO:
		return with(fmod(a.x, b.x), quality);
	case LANG_POWER:
		return with(pow(a.x, b.x), quality);
	case LANG_MIN:
		return with(a.x < b.x ? a.x : b.x, quality);
	case LANG_MAX:
		return with(a.x > b.x ? a.x : b.x, quality);
	case LANG_LESS:
		return with(a.x < b.x ? 1.0 : 0.0, quality);
	case LANG_LESS_EQUAL:
		return with(a.x <= b.x ? 1.0 : 0.0, quality);
	case LANG_EQUAL:
		return with(a.x == b.x ? 1.0 : 0.0, quality);
	case LANG_NOT_EQUAL:
		return with(a.x != b.x ? 1.0 : 0.0, quality);
	case LANG_AND:
		return run_decide(a, b, 0.0);
	case LANG_OR:
		return run_decide(a, b, 1.0);
	default: /* LANG_FALLBACK */
		return lang_is_bad(a) ? b : a;
	}
}

static struct lang_value run_ternary(const struct lang_op *op, const struct lang_value *terms)
{
	struct lang_value a = terms[op->a], b = terms[op->b], c = terms[op->c];
	uint16_t quality = worst(a.quality, worst(b.quality, c.quality));

	if (op->code == LANG_IF) {
		struct lang_value chosen = a.x != 0.0 ? b : c;

		return lang_is_bad(a) ? with(NAN, a.quality)
				      : with(chosen.x, worst(a.quality, chosen.quality));
	}
	if (b.x > c.x) {
		return lang_bad(EW_REASON_NOT_CONFIGURED); /* clamp between nothing */
	}
	return with(a.x < b.x ? b.x : a.x > c.x ? c.x : a.x, quality);
}

/* ---- functions of time ---- */

static struct lang_value run_for(struct run *run, const struct lang_op *op, struct lang_value a)
{
	struct keep_hold *keep = (struct keep_hold *)(run->state + op->aux);

	if (lang_is_bad(a) || a.x == 0.0) {
		keep->was_true = false;
		return a;
	}
	if (!keep->was_true) {
		keep->was_true = true;
		keep->since = run->now;
	}
	if (run->now - keep->since >= op->span) {
		return a;
	}
	due_at(run, keep->since + op->span);
	return (struct lang_value){ 0.0, a.quality };
}

/* rising, falling, changed: yes in one run, the one in which it happened. */
static struct lang_value run_edge(struct run *run, const struct lang_op *op, struct lang_value a)
{
	struct keep_last *keep = (struct keep_last *)(run->state + op->aux);
	bool is_edge;

	if (lang_is_bad(a)) {
		return a;
	}
	is_edge = keep->is_begun && a.x != keep->x;
	if (op->code != LANG_CHANGED) {
		is_edge = is_edge && (a.x != 0.0) == (op->code == LANG_RISING);
	}
	keep->is_begun = true;
	keep->x = a.x;
	if (is_edge) {
		due_at(run, run->now);
	}
	return (struct lang_value){ is_edge ? 1.0 : 0.0, a.quality };
}

static struct lang_value run_stale(struct run *run, const struct lang_op *op)
{
	const struct lang_source *source = &run->sources[run->program->ops[op->a].aux];

	if (source->count == 0 || run->now - source->time >= op->span) {
		return lang_good(1.0);
	}
	due_at(run, source->time + op->span);
	return lang_good(0.0);
}

static struct lang_value run_hysteresis(struct run *run, const struct lang_op *op)
{
	struct keep_last *keep = (struct keep_last *)(run->state + op->aux);
	struct lang_value x = run->terms[op->a], on = run->terms[op->b], off = run->terms[op->c];
	uint16_t quality = worst(x.quality, worst(on.quality, off.quality));

	if (EW_QUALITY_CLASS(quality) == EW_BAD) {
		return with(NAN, quality);
	}
	if (on.x >= off.x) {
		keep->x = x.x >= on.x ? 1.0 : x.x <= off.x ? 0.0 : keep->x;
	} else {
		keep->x = x.x <= on.x ? 1.0 : x.x >= off.x ? 0.0 : keep->x;
	}
	return with(keep->x, quality);
}

static struct lang_value run_latch(struct run *run, const struct lang_op *op)
{
	struct keep_last *keep = (struct keep_last *)(run->state + op->aux);
	struct lang_value set = run->terms[op->a], reset = run->terms[op->b];
	uint16_t quality = worst(set.quality, reset.quality);

	if (EW_QUALITY_CLASS(quality) == EW_BAD) {
		return with(NAN, quality);
	}
	keep->x = reset.x != 0.0 ? 0.0 : set.x != 0.0 ? 1.0 : keep->x;
	return with(keep->x, quality);
}

static struct lang_value run_debounce(struct run *run, const struct lang_op *op,
				      struct lang_value a)
{
	struct keep_debounce *keep = (struct keep_debounce *)(run->state + op->aux);

	if (lang_is_bad(a)) {
		return a;
	}
	if (!keep->is_begun) {
		*keep = (struct keep_debounce){ true, a.x, a.x, run->now };
	}
	if (a.x != keep->next) {
		keep->next = a.x;
		keep->since = run->now;
	}
	if (keep->next != keep->out) {
		if (run->now - keep->since >= op->span) {
			keep->out = keep->next;
		} else {
			due_at(run, keep->since + op->span);
		}
	}
	return (struct lang_value){ keep->out, a.quality };
}

static struct lang_value run_last_good(struct run *run, const struct lang_op *op,
				       struct lang_value a)
{
	struct keep_good *keep = (struct keep_good *)(run->state + op->aux);

	if (!lang_is_bad(a)) {
		*keep = (struct keep_good){ true, a.x, run->now };
		return a;
	}
	if (!keep->is_begun || (op->span > 0 && run->now - keep->time >= op->span)) {
		return a;
	}
	if (op->span > 0) {
		due_at(run, keep->time + op->span);
	}
	return (struct lang_value){ keep->x, EW_UNCERTAIN | EW_REASON_SUBSTITUTED };
}

static struct lang_value run_ramp(struct run *run, const struct lang_op *op)
{
	struct keep_good *keep = (struct keep_good *)(run->state + op->aux);
	struct lang_value x = run->terms[op->a], rate = run->terms[op->b];
	uint16_t quality = worst(x.quality, rate.quality);
	double most;

	if (EW_QUALITY_CLASS(quality) == EW_BAD) {
		keep->time = run->now;
		return with(NAN, quality);
	}
	if (!keep->is_begun) {
		*keep = (struct keep_good){ true, x.x, run->now };
	}
	most = fabs(rate.x) * (double)(run->now - keep->time) / 1e9;
	if (fabs(x.x - keep->x) <= most) {
		keep->x = x.x;
	} else {
		keep->x += x.x > keep->x ? most : -most;
		due_at(run, run->now + RAMP_STEP);
	}
	keep->time = run->now;
	return with(keep->x, quality);
}

static struct lang_value run_over(struct run *run, const struct lang_op *op)
{
	const struct lang_op *from = &run->program->ops[op->a];
	const struct lang_source *source = from->code == LANG_SOURCE ? &run->sources[from->aux]
								     : NULL;
	struct lang_value value;

	due_at(run, window_run((struct window *)(run->state + op->aux), op, run->terms[op->a],
			       source, run->now, &value));
	return lang_is_bad(value) ? value : with(value.x, value.quality);
}

static struct lang_value run_timed(struct run *run, const struct lang_op *op)
{
	struct lang_value a = run->terms[op->a];

	switch ((enum lang_code)op->code) {
	case LANG_FOR:
		return run_for(run, op, a);
	case LANG_RISING:
	case LANG_FALLING:
	case LANG_CHANGED:
		return run_edge(run, op, a);
	case LANG_STALE:
		return run_stale(run, op);
	case LANG_HYSTERESIS:
		return run_hysteresis(run, op);
	case LANG_DEBOUNCE:
		return run_debounce(run, op, a);
	case LANG_LAST_GOOD:
		return run_last_good(run, op, a);
	case LANG_RAMP:
		return run_ramp(run, op);
	case LANG_LATCH:
		return run_latch(run, op);
	default:
		return run_over(run, op);
	}
}

ew_dur lang_run(const struct lang_program *program, const struct lang_source *sources, ew_dur now,
		struct lang_value *terms, void *state)
{
	struct run run = { program, sources, terms, state, now, LANG_NEVER };

	for (uint32_t i = 0; i < program->count; i++) {
		const struct lang_op *op = &program->ops[i];

		if (op->code == LANG_SOURCE) {
			terms[i] = sources[op->aux].value;
		} else if (op->code == LANG_CONSTANT) {
			terms[i] = lang_good(program->constants[op->aux]);
		} else if (op->code <= LANG_CONVERT) {
			terms[i] = run_unary(&run, op, terms[op->a]);
		} else if (op->code <= LANG_FALLBACK) {
			terms[i] = run_binary(op, terms[op->a], terms[op->b]);
		} else if (op->code <= LANG_CLAMP) {
			terms[i] = run_ternary(op, terms);
		} else {
			terms[i] = run_timed(&run, op);
		}
	}
	return run.due;
}

struct lang_value lang_constant(const struct lang_program *program)
{
	struct lang_value terms[LANG_OPS_MAX];

	(void)lang_run(program, NULL, 0, terms, NULL); /* names no time either */
	return terms[program->count - 1];
}

enum lang_type lang_term_type(const struct lang_program *program, uint32_t term)
{
	const struct lang_op *op = &program->ops[term];

	switch ((enum lang_code)op->code) {
	case LANG_NOT:
	case LANG_GOOD:
	case LANG_LESS:
	case LANG_LESS_EQUAL:
	case LANG_EQUAL:
	case LANG_NOT_EQUAL:
	case LANG_AND:
	case LANG_OR:
	case LANG_FOR:
	case LANG_RISING:
	case LANG_FALLING:
	case LANG_CHANGED:
	case LANG_STALE:
	case LANG_HYSTERESIS:
	case LANG_DEBOUNCE:
	case LANG_LATCH:
		return LANG_BOOL;
	default:
		return term + 1 == program->count ? program->type : LANG_NUMBER;
	}
}

bool lang_is_literal(const struct lang_program *program, uint32_t term)
{
	return program->ops[term].code == LANG_CONSTANT;
}
