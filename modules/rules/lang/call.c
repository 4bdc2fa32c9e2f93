/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions: one row each says what they take; what they do is in run.c
 * and window.c. Of `min` and `max` there are two: of several values, and of
 * one over a time.
 */
#include <stdio.h>
#include <string.h>

#include "modules/rules/lang/inside.h"

#define CALL_ARGUMENTS_MAX  16

enum call_shape {
	CALL_NUMBERS,           /* numbers of one unit; the result has it */
	CALL_PLAIN,             /* numbers without dimension */
	CALL_TRUTHS,            /* yes or no */
	CALL_COMPARES,          /* numbers of one unit; yes or no comes out */
	CALL_CHANGES,           /* anything; yes or no */
	CALL_INPUT,             /* the name of an input, and a time */
	CALL_TIMED,             /* one yes or no, and a time */
	CALL_KEEPS,             /* anything, and perhaps a time; the result is as the first */
	CALL_RAMP,              /* a number, and a rate */
	CALL_ROOT,
	CALL_POWER,
	CALL_OVER               /* `x over 10s` */
};

static const struct call {
	const char *name;
	enum lang_code code;
	enum call_shape shape;
	unsigned least, most;   /* values */
	const char *form;
} calls[] = {
	{ "abs", LANG_ABS, CALL_NUMBERS, 1, 1, "abs(x)" },
	{ "min", LANG_MIN, CALL_NUMBERS, 2, CALL_ARGUMENTS_MAX, "min(a, b)" },
	{ "max", LANG_MAX, CALL_NUMBERS, 2, CALL_ARGUMENTS_MAX, "max(a, b)" },
	{ "clamp", LANG_CLAMP, CALL_NUMBERS, 3, 3, "clamp(x, low, high)" },
	{ "floor", LANG_FLOOR, CALL_NUMBERS, 1, 1, "floor(x)" },
	{ "ceil", LANG_CEIL, CALL_NUMBERS, 1, 1, "ceil(x)" },
	{ "round", LANG_ROUND, CALL_NUMBERS, 1, 1, "round(x)" },
	{ "mod", LANG_MODULO, CALL_NUMBERS, 2, 2, "mod(x, y)" },
	{ "sqrt", LANG_SQRT, CALL_ROOT, 1, 1, "sqrt(x)" },
	{ "pow", LANG_POWER, CALL_POWER, 2, 2, "pow(x, y)" },
	{ "exp", LANG_EXP, CALL_PLAIN, 1, 1, "exp(x)" },
	{ "ln", LANG_LN, CALL_PLAIN, 1, 1, "ln(x)" },
	{ "good", LANG_GOOD, CALL_CHANGES, 1, 1, "good(x)" },
	{ "fallback", LANG_FALLBACK, CALL_KEEPS, 2, 2, "fallback(x, y)" },
	{ "rising", LANG_RISING, CALL_TRUTHS, 1, 1, "rising(x)" },
	{ "falling", LANG_FALLING, CALL_TRUTHS, 1, 1, "falling(x)" },
	{ "latch", LANG_LATCH, CALL_TRUTHS, 2, 2, "latch(set, reset)" },
	{ "changed", LANG_CHANGED, CALL_CHANGES, 1, 1, "changed(x)" },
	{ "stale", LANG_STALE, CALL_INPUT, 1, 1, "stale(input, 10s)" },
	{ "hysteresis", LANG_HYSTERESIS, CALL_COMPARES, 3, 3, "hysteresis(x, on, off)" },
	{ "debounce", LANG_DEBOUNCE, CALL_TIMED, 1, 1, "debounce(x, 2s)" },
	{ "last_good", LANG_LAST_GOOD, CALL_KEEPS, 1, 1, "last_good(x, 1min)" },
	{ "ramp", LANG_RAMP, CALL_RAMP, 2, 2, "ramp(x, rate)" },
	{ "avg", LANG_OVER_AVG, CALL_OVER, 1, 1, "avg(x over 10s)" },
	{ "min", LANG_OVER_MIN, CALL_OVER, 1, 1, "min(x over 10s)" },
	{ "max", LANG_OVER_MAX, CALL_OVER, 1, 1, "max(x over 10s)" },
	{ "sum", LANG_OVER_SUM, CALL_OVER, 1, 1, "sum(input over 10s)" },
	{ "rate", LANG_OVER_RATE, CALL_OVER, 1, 1, "rate(x over 10s)" },
	{ "delta", LANG_OVER_DELTA, CALL_OVER, 1, 1, "delta(x over 10s)" },
};

#define CALL_COUNT  (sizeof(calls) / sizeof(calls[0]))

/* What was read between the brackets. */
struct arguments {
	struct node at[CALL_ARGUMENTS_MAX];
	unsigned count;
	ew_dur span;
	bool has_span, is_over;
};

const char *lang_function(size_t index)
{
	return index < CALL_COUNT ? calls[index].form : NULL;
}

static const struct call *call_find(const char *name, size_t size, bool is_over)
{
	const struct call *found = NULL;

	for (size_t i = 0; i < CALL_COUNT; i++) {
		if (strlen(calls[i].name) == size && memcmp(calls[i].name, name, size) == 0 &&
		    (found == NULL || (calls[i].shape == CALL_OVER) == is_over)) {
			found = &calls[i];
		}
	}
	return found;
}

bool parser_is_function(const struct parser *parser, const struct token *name)
{
	return call_find(parser->text + name->at, name->size, false) != NULL;
}

/* Edits from a to b, at most 3. */
static unsigned call_distance(const char *a, size_t size, const char *b)
{
	unsigned row[24], last;
	size_t other = strlen(b);

	if (size + 1 > sizeof(row) / sizeof(row[0]) || other > size + 3 || size > other + 3) {
		return 4;
	}
	for (size_t i = 0; i <= size; i++) {
		row[i] = (unsigned)i;
	}
	for (size_t j = 0; j < other; j++) {
		last = row[0];
		row[0] = (unsigned)j + 1;
		for (size_t i = 0; i < size; i++) {
			unsigned least = last + (a[i] != b[j]);

			last = row[i + 1];
			least = least < row[i] + 1 ? least : row[i] + 1;
			row[i + 1] = least < last + 1 ? least : last + 1;
		}
	}
	return row[size];
}

static void call_unknown(struct parser *parser, const struct token *name)
{
	const char *text = parser->text + name->at;
	unsigned least = name->size > 3 ? 3 : 2;
	const char *meant = NULL;

	for (size_t i = 0; i < CALL_COUNT; i++) {
		unsigned distance = call_distance(text, name->size, calls[i].name);

		if (distance < least) {
			least = distance;
			meant = calls[i].name;
		}
	}
	parser_fail(parser, name->at, "unknown function '%.*s'%s%s%s",
		    (int)(name->size > 40 ? 40 : name->size), text,
		    meant != NULL ? ", did you mean '" : "", meant != NULL ? meant : "",
		    meant != NULL ? "'?" : "");
}

void parser_unknown(struct parser *parser, const struct token *name)
{
	int size = (int)(name->size > 40 ? 40 : name->size);
	const char *text = parser->text + name->at;

	if (parser_is_function(parser, name)) {
		parser_fail(parser, name->at, "'%.*s' is a function: its arguments are missing",
			    size, text);
	} else {
		parser_fail(parser, name->at, "'%.*s' is neither an input nor a rule", size, text);
	}
}

static bool call_has_span(const struct call *call)
{
	return call->shape == CALL_INPUT || call->shape == CALL_TIMED ||
	       call->code == LANG_LAST_GOOD;
}

/* From the bracket to the bracket; *call becomes the other one if `over` says so. */
static void call_read(struct parser *parser, const struct token *name, const struct call **call,
		      struct arguments *arguments)
{
	parser_step(parser);
	while (parser->error == 0) {
		if (arguments->count == CALL_ARGUMENTS_MAX) {
			parser_fail(parser, parser->token.at, "more than %d arguments",
				    CALL_ARGUMENTS_MAX);
			return;
		}
		arguments->at[arguments->count++] = parser_expression(parser);
		if (arguments->count == 1 && parser_is_word(parser, "over")) {
			*call = call_find(parser->text + name->at, name->size, true);
			arguments->is_over = true;
			parser_step(parser);
			arguments->span = parser_duration(parser);
			arguments->has_span = true;
			break;
		}
		if (!parser_is_sign(parser, ',')) {
			break;
		}
		parser_step(parser);
		if (call_has_span(*call) && arguments->count == (*call)->most) {
			arguments->span = parser_duration(parser);
			arguments->has_span = true;
			break;
		}
	}
	parser_expect(parser, ')');
}

static void call_check(struct parser *parser, const struct token *name, const struct call *call,
		       const struct arguments *arguments)
{
	bool is_over = call->shape == CALL_OVER;
	bool wants_span = is_over || (call_has_span(call) && call->code != LANG_LAST_GOOD);

	if (arguments->count < call->least || arguments->count > call->most ||
	    arguments->is_over != is_over || (wants_span && !arguments->has_span)) {
		parser_fail(parser, name->at, "this is not the form of '%s'", call->form);
	}
}

/* An input by its name: only samples can be counted, or be late. */
static void call_want_input(struct parser *parser, const struct node *node)
{
	if (parser->error == 0 && (node->symbol == NULL || !node->symbol->is_input)) {
		parser_fail(parser, node->at, "the name of an input is wanted here");
	}
}

static void call_want_all(struct parser *parser, struct arguments *arguments, enum lang_type type)
{
	for (unsigned i = 0; i < arguments->count; i++) {
		parser_want(parser, &arguments->at[i], type);
	}
}

/* All in the unit of the first, as far as it is known. */
static struct unit call_unify(struct parser *parser, struct arguments *arguments)
{
	struct unit unit = arguments->at[0].unit;

	for (unsigned i = 1; i < arguments->count; i++) {
		unit = parser_unify(parser, &arguments->at[0], &arguments->at[i]);
		if (!arguments->at[0].unit.is_known) {
			arguments->at[0].unit = unit;
		}
	}
	return unit;
}

static void call_want_plain(struct parser *parser, struct node *node)
{
	struct node one = { .unit = unit_one(), .at = node->at };

	parser_want(parser, node, LANG_NUMBER);
	(void)parser_unify(parser, &one, node);
}

/* What comes out of a function over a time. */
static struct unit call_over_unit(struct parser *parser, const struct call *call,
				  struct arguments *arguments)
{
	struct unit unit = arguments->at[0].unit, second = unit_second();

	parser_want(parser, &arguments->at[0], LANG_NUMBER);
	if (call->code == LANG_OVER_SUM) {
		call_want_input(parser, &arguments->at[0]);
	}
	if (call->code == LANG_OVER_DELTA || call->code == LANG_OVER_RATE) {
		unit = unit_difference(&unit);
	}
	return call->code == LANG_OVER_RATE ? unit_multiply(&unit, &second, -1) : unit;
}

/* A rate is told in the unit of the value a second; a bare number is just that. */
static void call_ramp(struct parser *parser, struct arguments *arguments)
{
	struct unit second = unit_second(), unit;
	struct node wanted = { 0 };

	call_want_all(parser, arguments, LANG_NUMBER);
	unit = unit_difference(&arguments->at[0].unit);
	wanted.unit = unit_multiply(&unit, &second, -1);
	(void)parser_unify(parser, &wanted, &arguments->at[1]);
}

/* Checks types and units by the shape; the type and unit of the result. */
static enum lang_type call_judge(struct parser *parser, const struct call *call,
				 struct arguments *arguments, struct unit *unit_out)
{
	struct unit unit = { 0 };
	enum lang_type type = LANG_NUMBER;

	switch (call->shape) {
	case CALL_NUMBERS:
		call_want_all(parser, arguments, LANG_NUMBER);
		unit = call_unify(parser, arguments);
		break;
	case CALL_COMPARES:
		call_want_all(parser, arguments, LANG_NUMBER);
		(void)call_unify(parser, arguments);
		type = LANG_BOOL;
		break;
	case CALL_PLAIN:
		call_want_plain(parser, &arguments->at[0]);
		break;
	case CALL_POWER:
		call_want_plain(parser, &arguments->at[0]);
		call_want_plain(parser, &arguments->at[1]);
		break;
	case CALL_ROOT:
		parser_want(parser, &arguments->at[0], LANG_NUMBER);
		if (arguments->at[0].unit.is_known && !unit_root(&arguments->at[0].unit, &unit)) {
			parser_fail(parser, arguments->at[0].at, "its unit has no root");
		}
		break;
	case CALL_TRUTHS:
	case CALL_TIMED:
		call_want_all(parser, arguments, LANG_BOOL);
		type = LANG_BOOL;
		break;
	case CALL_CHANGES:
		type = LANG_BOOL;
		break;
	case CALL_INPUT:
		call_want_input(parser, &arguments->at[0]);
		type = LANG_BOOL;
		break;
	case CALL_KEEPS:
		if (arguments->count == 2) {
			parser_want(parser, &arguments->at[0], arguments->at[1].type);
			parser_want(parser, &arguments->at[1], arguments->at[0].type);
		}
		type = arguments->at[0].type;
		unit = type == LANG_BOOL ? unit : call_unify(parser, arguments);
		break;
	case CALL_RAMP:
		call_ramp(parser, arguments);
		unit = arguments->at[0].unit;
		break;
	case CALL_OVER:
		unit = call_over_unit(parser, call, arguments);
		break;
	}
	*unit_out = unit;
	return type;
}

/* a, b, c, ... of min and max become min(min(a, b), c). */
static struct node call_emit(struct parser *parser, const struct call *call,
			     const struct arguments *arguments, size_t at, enum lang_type type)
{
	struct lang_op op = { .code = (uint8_t)call->code, .span = arguments->span };
	struct node node;

	op.a = arguments->at[0].op;
	op.b = arguments->count > 1 ? arguments->at[1].op : 0;
	op.c = arguments->count > 2 ? arguments->at[2].op : 0;
	if (call->code == LANG_MIN || call->code == LANG_MAX) {
		op.c = 0;
	}
	node = parser_emit(parser, op, at, type);
	if (call->code == LANG_MIN || call->code == LANG_MAX) {
		for (unsigned i = 2; i < arguments->count; i++) {
			op.a = node.op;
			op.b = arguments->at[i].op;
			node = parser_emit(parser, op, at, type);
		}
	}
	return node;
}

struct node parser_call(struct parser *parser, const struct token *name)
{
	const struct call *call = call_find(parser->text + name->at, name->size, false);
	struct arguments arguments = { 0 };
	struct node node = { .at = name->at };
	struct unit unit = { 0 };
	enum lang_type type;
	bool is_bare = true;

	if (call == NULL) {
		call_unknown(parser, name);
		return node;
	}
	call_read(parser, name, &call, &arguments);
	call_check(parser, name, call, &arguments);
	if (parser->error != 0) {
		return node;
	}
	for (unsigned i = 0; i < arguments.count; i++) {
		is_bare = is_bare && arguments.at[i].is_bare;
	}
	type = call_judge(parser, call, &arguments, &unit);
	node = call_emit(parser, call, &arguments, name->at, type);
	node.unit = unit;
	node.is_bare = is_bare && type == LANG_NUMBER;
	return node;
}
